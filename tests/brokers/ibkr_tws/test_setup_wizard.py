"""The way to TWS walked by the wizard itself, in its own thread, against the peer. No window."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from app.brokers.ibkr_tws import INFO, ports
from app.brokers.setup import CheckState
from app.commands.wizard import Wizard
from app.commands.wizard_brokers import FAMILY, BrokerChoice
from app.commands.wizard_ending import Ending
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwsPeer]:
    """A TWS on what counts as the only usual port."""
    with TwsPeer() as peer:
        for port in tuple(ports.DEFAULT_PORTS):
            monkeypatch.delitem(ports.DEFAULT_PORTS, port)
        monkeypatch.setitem(ports.DEFAULT_PORTS, peer.port, ports.PortMeaning("TWS", "paper"))
        yield peer


@asynccontextmanager
async def opened(editing: ConnectionConfig | None = None) -> AsyncIterator[Wizard]:
    """A wizard on its first page."""
    ending = Ending(set(), editing=editing)
    wizard = Wizard([INFO], ending, editing, choice=BrokerChoice([INFO], lambda _info: ""))
    wizard.start()
    try:
        await idle(wizard)
        yield wizard
    finally:
        await wizard.close()


async def idle(wizard: Wizard) -> None:
    """Until the work of the page is done."""
    await until(lambda: not wizard.view().is_working)


async def on(wizard: Wizard, *page_ids: str) -> None:
    """Next, and next, each time to the page that is named."""
    for page_id in page_ids:
        assert wizard.next(), wizard.problem()
        assert wizard.current == page_id
        await idle(wizard)


def log_ons(peer: TwsPeer) -> int:
    return peer.call(
        lambda: sum(int(one.fields[0]) == Ask.START_API for one in peer.world.received)
    )


def test_from_the_first_page_to_the_summary(run: LoopRunner, peer: TwsPeer) -> None:
    async def scene() -> ConnectionConfig:
        async with opened() as wizard:
            assert wizard.current == FAMILY
            await on(wizard, "way", "find", "settings", "account", "permissions")
            assert wizard.view().trouble is None
            await on(wizard, "wizard-limits", "wizard-name", "wizard-finish")
            return wizard.ending.plan().config

    config = run(scene())
    assert (config.id, config.broker, config.environment) == ("ib-paper", "ibkr-tws", "paper")
    assert (config.settings["port"], config.settings["client_id"]) == (peer.port, 17)
    assert tuple(config.settings["accounts"]) == ("DU1000001",)
    assert not config.read_only


def test_back_and_on_again_asks_nothing_twice(run: LoopRunner, peer: TwsPeer) -> None:
    async def scene() -> None:
        async with opened() as wizard:
            await on(wizard, "way", "find", "settings", "account", "permissions")
            before = log_ons(peer)
            for _ in range(4):
                wizard.back()
            assert wizard.current == "way"
            await on(wizard, "find", "settings", "account", "permissions")
            assert log_ons(peer) == before

    run(scene())


def test_a_port_entered_by_hand(run: LoopRunner, peer: TwsPeer) -> None:
    with TwsPeer(version=176) as other:

        async def scene() -> dict[str, object]:
            async with opened() as wizard:
                await on(wizard, "way", "find")
                wizard.choose("")
                assert wizard.problem() == "Choose a TWS that was found, or enter the port it uses"
                wizard.enter("port", str(other.port))
                await on(wizard, "settings")
                return wizard.answers()

        answers = run(scene())
    assert answers["server_version"] == 176


def test_a_read_only_api_needs_a_tick(run: LoopRunner, peer: TwsPeer) -> None:
    peer.faults.read_only = True

    async def scene() -> bool:
        async with opened() as wizard:
            await on(wizard, "way", "find", "settings")
            trouble = wizard.view().trouble
            assert trouble is not None
            assert trouble.id == "read-only"
            assert not wizard.next()
            wizard.tick("data_only", True)
            await on(wizard, "account", "permissions", "wizard-limits", "wizard-name")
            await on(wizard, "wizard-finish")
            return wizard.ending.plan().config.read_only

    assert run(scene())


def test_unticked_in_tws_and_tried_again(run: LoopRunner, peer: TwsPeer) -> None:
    peer.faults.read_only = True

    async def scene() -> None:
        async with opened() as wizard:
            await on(wizard, "way", "find", "settings")
            peer.faults.read_only = False
            wizard.retry()
            await idle(wizard)
            assert wizard.view().trouble is None
            found = {check.id: check.state for check in wizard.view().checks}
            assert found["read_only"] is CheckState.PASSED
            await on(wizard, "account")

    run(scene())


def test_the_question_in_tws_can_be_given_up(run: LoopRunner, peer: TwsPeer) -> None:
    async def scene() -> None:
        async with opened() as wizard:
            await on(wizard, "way", "find")
            peer.faults.accept_dialog = True
            assert wizard.next()
            await asyncio.sleep(0.05)
            assert wizard.view().is_working
            wizard.stop_work()
            peer.until(lambda: not peer.world.connections)
            assert not wizard.view().is_working

    run(scene())


def test_closing_the_wizard_leaves_nothing_behind(run: LoopRunner, peer: TwsPeer) -> None:
    async def scene() -> None:
        async with opened() as wizard:
            await on(wizard, "way", "find")
            peer.faults.slow_answers_s = 0.05
            wizard.next()
            await asyncio.sleep(0.1)

    run(scene())
    peer.until(lambda: not peer.world.connections)


def test_a_connection_is_changed_and_stays_itself(run: LoopRunner, peer: TwsPeer) -> None:
    settings = {
        "host": "127.0.0.1",
        "port": peer.port,
        "client_id": 23,
        "accounts": [],
        "market_data": "frozen",
        "connect_timeout_s": 7.0,
    }
    config = ConnectionConfig(ConnectionId("mine"), "ibkr-tws", "paper", settings)

    async def scene() -> ConnectionConfig:
        async with opened(config) as wizard:
            assert wizard.current == "way"
            await on(wizard, "find", "settings", "account", "permissions")
            await on(wizard, "wizard-limits", "wizard-name", "wizard-finish")
            return wizard.ending.plan().config

    plan = run(scene())
    assert plan.id == "mine"
    assert plan.settings["client_id"] == 23
    assert plan.settings["market_data"] == "frozen"
    assert plan.settings["connect_timeout_s"] == 7.0

"""Saving and removing on real settings, a real vault and a real engine; no window."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from app.base import log as base_log
from app.base.errors import SettingsError, StoreError, UserError
from app.base.paths import Paths
from app.bootstrap import build
from app.commands.context import CommandContext
from app.commands.wizard_ending import Plan
from app.commands.wizard_save import Clerk, new_wizard, open_there, remove, save
from app.domain.connection_config import ConnectionConfig
from app.domain.events import ConnectionChanged
from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.domain.risk_limits import RiskLimits
from app.engine.health import ConnectionState
from app.store.settings import Settings
from tests.doubles.keyrings import MemoryKeyring, use
from tests.doubles.loop import PATIENCE_S, LoopRunner

PAPER, SECOND = ConnectionId("paper"), ConnectionId("second")


def by_hand(settings: Settings) -> Settings:
    offline = tuple(replace(one, autoconnect=False) for one in settings.connections)
    return replace(settings, connections=offline)


class Window:
    """Fits the parts of `commands.context.Shell` that are used here."""

    def __init__(self) -> None:
        self.says_yes = True
        self.asked: list[tuple[str, list[str]]] = []

    async def confirm(
        self,
        title: str,
        question: str,
        lines: Sequence[str],
        accept: str,
        *,
        where: Sequence[ConnectionId] = (),
    ) -> bool:
        self.asked.append((f"{title}: {question}", list(lines)))
        return self.says_yes

    async def in_vault(self, work: Callable[[], Any]) -> Any:
        return await asyncio.to_thread(work)


class Office:
    """Fits `commands.context.CommandContext` as far as saving goes."""

    def __init__(self, home: Paths) -> None:
        self.services = build(home, by_hand)
        self.engine, self.vault = self.services.engine, self.services.vault
        self.settings_store = self.services.settings_store
        self.shell = Window()
        self.said: list[tuple[Severity, str]] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        self.clerk = Clerk(self.shell.confirm, self.shell.in_vault)

    @property
    def context(self) -> CommandContext:
        return cast(CommandContext, self)

    def notify(self, severity: Severity, text: str) -> None:
        self.said.append((severity, text))

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> object:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def save(self, plan: Plan, *, connect: bool = False) -> bool:
        return await save(self.context, plan, connect, self.clerk)

    async def settled(self) -> None:
        """Until what goes on behind saving has come to its end."""
        async with asyncio.timeout(PATIENCE_S):
            while self.tasks:
                await asyncio.wait(set(self.tasks))

    def stored(self, connection_id: ConnectionId) -> ConnectionConfig | None:
        connections = self.settings_store.load().connections
        return next((one for one in connections if one.id == connection_id), None)


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    memory = MemoryKeyring()
    use(monkeypatch, memory)
    return memory


@pytest.fixture
def office(home: Paths, keyring: MemoryKeyring, run: LoopRunner) -> Iterator[Office]:
    made = Office(home)
    yield made
    run(made.engine.stop())
    made.services.close()
    base_log.shut_down()


def plan(connection_id: ConnectionId = SECOND, *, is_new: bool = True, **more: Any) -> Plan:
    secrets = more.pop("secrets", {})
    settings = more.pop("settings", {"speed": 2.0})
    config = ConnectionConfig(connection_id, "paper", "paper", settings, **more)
    return Plan(config, RiskLimits(max_open_orders=5), is_new, secrets)


def test_a_new_connection_is_stored_known_and_connected(office: Office, run: LoopRunner) -> None:
    async def scenario() -> None:
        assert await office.save(plan(secrets={"token": "s3cret"}), connect=True)
        await office.settled()

    run(scenario())
    stored = office.stored(SECOND)
    assert stored is not None
    assert stored.settings["speed"] == 2.0
    assert stored.settings["fee_model"] == "per_share", "defaults are filled in"
    assert office.engine.connections.config(SECOND) == stored
    assert office.engine.connections.state(SECOND) is ConnectionState.READY
    assert office.engine.risk.limits(SECOND).max_open_orders == 5
    assert office.vault.read(SECOND, "token") == "s3cret"
    assert "s3cret" not in office.settings_store.path.read_text()
    assert office.said == [(Severity.INFO, "Connection second is saved")]


def test_what_cannot_be_stored_leaves_nothing(
    office: Office, run: LoopRunner, keyring: MemoryKeyring
) -> None:
    before = office.settings_store.path.read_text()
    with pytest.raises(SettingsError, match="speed"):
        run(office.save(plan(settings={"speed": -1.0}, secrets={"token": "s3cret"})))
    assert office.settings_store.path.read_text() == before
    assert office.engine.connections.ids() == [PAPER]
    assert keyring.users() == set()


def test_a_vault_that_refuses_half_way_leaves_nothing(
    office: Office, run: LoopRunner, keyring: MemoryKeyring
) -> None:
    with pytest.raises(UserError, match="empty"):
        run(office.save(plan(secrets={"token": "s3cret", "other": ""})))
    assert keyring.users() == set()
    assert office.stored(SECOND) is None


def test_an_older_secret_is_put_back_where_the_change_fails(
    office: Office, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.vault.write(PAPER, "token", "before")

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(office.settings_store, "save_connection", full)
    with pytest.raises(StoreError):
        run(office.save(plan(PAPER, is_new=False, secrets={"token": "after", "new": "x"})))
    assert office.vault.read(PAPER, "token") == "before"
    with pytest.raises(UserError):
        office.vault.read(PAPER, "new")


def test_a_change_of_an_offline_connection_asks_nothing(office: Office, run: LoopRunner) -> None:
    async def scenario() -> None:
        assert await office.save(plan(PAPER, is_new=False))
        await office.settled()

    run(scenario())
    assert office.shell.asked == []
    assert office.engine.connections.config(PAPER).settings["speed"] == 2.0
    assert office.engine.connections.state(PAPER) is ConnectionState.OFFLINE
    assert office.said == [(Severity.INFO, "Connection paper is changed")]


def test_a_connected_one_is_asked_about_and_may_stay_as_it_is(
    office: Office, run: LoopRunner
) -> None:
    async def scenario() -> None:
        await office.engine.connections.connect(PAPER)
        office.shell.says_yes = False
        assert not await office.save(plan(PAPER, is_new=False))
        assert office.stored(PAPER) is not None
        assert office.engine.connections.config(PAPER).settings["speed"] == 1.0
        office.shell.says_yes = True
        assert await office.save(plan(PAPER, is_new=False), connect=False)
        await office.settled()
        assert office.engine.connections.state(PAPER) is ConnectionState.OFFLINE

    run(scenario())
    assert "is ready. It is disconnected to change it." in office.shell.asked[0][0]


def test_the_same_settings_keep_the_line(office: Office, run: LoopRunner) -> None:
    async def scenario() -> None:
        await office.engine.connections.connect(PAPER)
        known = office.engine.connections.config(PAPER)
        settings = {**known.settings, "fee_overrides": list(known.settings["fee_overrides"])}
        same = plan(PAPER, is_new=False, settings=settings, autoconnect=True)
        states: list[str] = []
        office.engine.bus.subscribe(ConnectionChanged, lambda event: states.append(event.state))
        assert await office.save(same, connect=True)
        await office.settled()
        assert office.shell.asked == []
        assert office.engine.connections.state(PAPER) is ConnectionState.READY
        assert set(states) <= {"ready"}

    run(scenario())
    stored = office.stored(PAPER)
    assert stored is not None
    assert stored.autoconnect


def test_another_secret_needs_another_line(office: Office, run: LoopRunner) -> None:
    async def scenario() -> None:
        await office.engine.connections.connect(PAPER)
        known = dict(office.engine.connections.config(PAPER).settings)
        await office.save(plan(PAPER, is_new=False, settings=known, secrets={"token": "x"}))
        await office.settled()

    run(scenario())
    assert len(office.shell.asked) == 1


def test_removing_takes_everything_but_the_history(
    office: Office, run: LoopRunner, keyring: MemoryKeyring
) -> None:
    async def scenario() -> None:
        await office.save(plan(secrets={"token": "s3cret"}))
        office.shell.says_yes = False
        await remove(office.context, SECOND)
        assert office.stored(SECOND) is not None
        office.shell.says_yes = True
        await remove(office.context, SECOND)

    run(scenario())
    assert office.stored(SECOND) is None
    assert office.engine.connections.ids() == [PAPER]
    assert SECOND not in office.engine.settings.connection_risk
    assert keyring.users() == set()
    assert office.said[-1] == (Severity.INFO, "Connection second is removed")


def test_what_was_taken_out_of_the_file_by_hand_can_still_be_removed(
    office: Office, run: LoopRunner
) -> None:
    async def scenario() -> None:
        await office.save(plan())
        office.settings_store.remove_connection(SECOND)
        await remove(office.context, SECOND)

    run(scenario())
    assert office.engine.connections.ids() == [PAPER]


def test_secrets_that_cannot_be_deleted_are_told(
    office: Office, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise StoreError("the keyring is locked")

    monkeypatch.setattr(office.vault, "delete_all", locked)
    run(remove(office.context, PAPER))
    assert office.said[-1] == (
        Severity.WARNING,
        "The secrets of paper could not be deleted: the keyring is locked",
    )
    assert office.engine.connections.ids() == []


def test_a_wizard_knows_what_is_taken_and_what_it_edits(office: Office, run: LoopRunner) -> None:
    async def scenario() -> None:
        wizard = new_wizard(office.context)
        assert wizard.editing is None
        wizard.ending.enter_name(id="paper")
        assert "already a connection" in (wizard.ending.problem("wizard-name") or "")
        editing = new_wizard(office.context, PAPER)
        assert editing.editing == office.engine.connections.config(PAPER)
        with pytest.raises(UserError, match="no connection 'gone'"):
            new_wizard(office.context, ConnectionId("gone"))
        assert open_there(office.context, PAPER) == []
        await wizard.close()
        await editing.close()

    run(scenario())

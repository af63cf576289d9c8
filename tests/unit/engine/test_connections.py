"""The life of connections: trading opens late, commands come in any order."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from app.base.backoff import Backoff
from app.base.errors import BrokerError, Outcome, UserError
from app.domain.events import ConnectionAdded, ConnectionRemoved
from app.domain.ids import ConnectionId
from app.domain.reports import (
    Health,
    Light,
)
from tests.doubles.loop import LoopRunner
from tests.doubles.scripted_desk import (
    PAPER,
    Desk,
    S,
    config,
)


def test_a_connection_opens_after_reconciling_and_closes_in_order(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        connections = desk.connections
        assert connections.is_trading_open(PAPER) == "desk-paper is offline"
        assert connections.is_paper(PAPER) is None
        assert await connections.connect(PAPER) is S.READY
        assert connections.is_trading_open(PAPER) is None
        assert connections.is_paper(PAPER) is True
        assert [a.account_id for a in connections.accounts(PAPER)] == ["A0"]
        assert connections.capabilities(PAPER).search
        assert connections.health(PAPER).transport is Light.OK
        await desk.until(lambda: desk.resubscribed == [PAPER])
        await connections.disconnect(PAPER)
        assert desk.states() == ["connecting", "reconciling", "ready", "offline"]
        assert [c.trading_open for c in desk.changes if c.state != "ready"] == [False] * 3
        assert [kind for kind, _, name in desk.audit if name == PAPER] == [
            "connection.connecting",
            "connection.reconciling",
            "connection.ready",
            "connection.offline",
        ]
        assert connections.health(PAPER) == Health()
        assert desk.script().disconnects == 1
        assert (tmp_path / "brokers" / PAPER).is_dir()

    run(scenario())


def test_trading_stays_closed_until_every_part_was_read(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        desk.script().missing = {"positions": "timed out", "accounts": "HTTP 502"}
        assert await desk.connections.connect(PAPER) is S.RECONCILING
        reason = desk.connections.is_trading_open(PAPER) or ""
        assert "positions could not be read: timed out" in reason
        assert "accounts could not be read: HTTP 502" in reason
        assert "trading stays closed" in reason
        await desk.until(lambda: desk.script().snapshots >= 3)
        assert desk.connections.state(PAPER) is S.RECONCILING
        desk.script().missing = {}
        await desk.until(lambda: desk.connections.is_trading_open(PAPER) is None)
        assert desk.connections.text(PAPER) == ""
        assert len(desk.script().made) == 1, "the same line all the time"
        await desk.connections.stop()

    run(scenario())


def test_only_what_wants_it_connects_at_start(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path, config("asleep", autoconnect=False), config("awake"))
        desk.connections.connect_automatically()
        await desk.until(lambda: desk.connections.state(ConnectionId("awake")) is S.READY)
        assert desk.connections.state(ConnectionId("asleep")) is S.OFFLINE
        await desk.connections.stop()

    run(scenario())


def test_connecting_twice_is_one_connection(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        states = await asyncio.gather(*(desk.connections.connect(PAPER) for _ in range(3)))
        assert states == [S.READY] * 3
        assert await desk.connections.connect(PAPER) is S.READY
        assert len(desk.script().made) == 1
        await desk.connections.stop()

    run(scenario())


def test_connect_by_hand_does_not_wait_for_the_next_attempt(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path, make_backoff=lambda: Backoff(60.0, 60.0))
        desk.script().connect = [BrokerError("not yet")]
        assert await desk.connections.connect(PAPER) is S.RECONNECTING
        assert await desk.connections.connect(PAPER) is S.READY
        await desk.connections.stop()

    run(scenario())


def test_disconnecting_while_connecting(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        begun = threading.Event()

        async def hang() -> None:
            begun.set()
            await asyncio.sleep(60)

        desk.script().connect = [hang]
        connecting = asyncio.create_task(desk.connections.connect(PAPER))
        await desk.until(begun.is_set)
        await desk.connections.disconnect(PAPER)
        assert await connecting is S.OFFLINE
        assert desk.connections.state(PAPER) is S.OFFLINE
        await desk.connections.disconnect(PAPER)
        assert await desk.connections.connect(PAPER) is S.READY
        await desk.connections.stop()

    run(scenario())


def test_on_and_off_in_any_order_ends_as_asked(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        c = desk.connections
        await asyncio.gather(
            c.connect(PAPER), c.disconnect(PAPER), c.connect(PAPER), c.disconnect(PAPER)
        )
        assert c.state(PAPER) is S.OFFLINE
        await asyncio.gather(c.disconnect(PAPER), c.connect(PAPER))
        assert c.state(PAPER) is S.READY
        assert len(desk.script().made) == desk.script().disconnects + 1
        await c.stop()

    run(scenario())


def test_removing_while_connected_and_adding_again(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        await desk.connections.remove(PAPER)
        assert desk.connections.ids() == []
        assert desk.script().disconnects == 1
        assert desk.connections.is_trading_open(PAPER) == "there is no connection 'desk-paper'"
        assert desk.connections.drain_market(PAPER) == ({}, [])
        assert desk.connections.drain_depths(PAPER) == {}
        assert desk.connections.accounts(PAPER) == []
        with pytest.raises(BrokerError) as gone:
            await desk.connections.call(PAPER, lambda b: b.snapshot())
        assert gone.value.outcome is Outcome.NOT_SENT
        with pytest.raises(UserError, match="known are: none"):
            desk.connections.config(PAPER)
        desk.connections.add(config())
        with pytest.raises(UserError, match="already a connection"):
            desk.connections.add(config())
        assert await desk.connections.connect(PAPER) is S.READY
        await desk.connections.stop()

    run(scenario())


def test_new_settings_reconnect_what_was_on(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.update(config(read_only=True))
        assert desk.connections.state(PAPER) is S.OFFLINE
        await desk.connections.connect(PAPER)
        assert "read-only" in (desk.connections.is_trading_open(PAPER) or "")
        await desk.connections.update(config())
        assert desk.connections.is_trading_open(PAPER) is None
        assert len(desk.script().made) == 2
        await desk.connections.stop()

    run(scenario())


def test_the_list_tells_what_was_added_changed_and_removed(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        told: list[object] = []
        desk.bus.subscribe(ConnectionAdded, told.append)
        desk.bus.subscribe(ConnectionRemoved, told.append)
        other = ConnectionId("other")
        desk.connections.add(config("other"))
        await desk.connections.update(config("other", read_only=True))
        assert desk.connections.ids() == [PAPER, other], "in its old place"
        await desk.connections.remove(other)
        assert told == [ConnectionAdded(other), ConnectionAdded(other), ConnectionRemoved(other)]
        kinds = [kind for kind, _, name in desk.audit if name == other]
        assert kinds == ["connection.added", "connection.changed", "connection.removed"]
        with pytest.raises(UserError, match="no connection 'other'"):
            await desk.connections.update(config("other"))
        await desk.connections.stop()

    run(scenario())


def test_whether_a_change_connects_may_be_said(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.update(config(), connect=True)
        assert desk.connections.state(PAPER) is S.READY
        await desk.connections.update(config(read_only=True), connect=False)
        assert desk.connections.state(PAPER) is S.OFFLINE
        await desk.connections.stop()

    run(scenario())


@pytest.mark.parametrize("deed", ["remove", "update"])
def test_nothing_of_a_connection_lives_on_that_was_still_connecting(
    tmp_path: Path, run: LoopRunner, deed: str
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        begun = threading.Event()

        async def hang() -> None:
            begun.set()
            await asyncio.sleep(60)

        desk.script().connect = [hang]
        connecting = asyncio.create_task(desk.connections.connect(PAPER))
        await desk.until(begun.is_set)
        if deed == "remove":
            change = asyncio.create_task(desk.connections.remove(PAPER))
        else:
            change = asyncio.create_task(desk.connections.update(config(), connect=False))
        await asyncio.sleep(0)
        late = asyncio.create_task(desk.connections.connect(PAPER))  # in the middle of it
        await change
        assert await connecting is S.OFFLINE
        assert await late is S.OFFLINE
        assert len(desk.script().made) == 1, "nobody connected behind its back"
        assert desk.connections.ids() == ([] if deed == "remove" else [PAPER])
        await desk.connections.stop()

    run(scenario())


def test_removing_twice_at_once_is_refused_once(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        both = await asyncio.gather(
            desk.connections.remove(PAPER), desk.connections.remove(PAPER), return_exceptions=True
        )
        assert [type(one) for one in both] == [type(None), UserError]
        await desk.connections.stop()

    run(scenario())


def test_a_change_that_was_called_off_leaves_the_connection_usable(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        change = asyncio.create_task(desk.connections.remove(PAPER))
        await asyncio.sleep(0)
        change.cancel()
        await asyncio.gather(change, return_exceptions=True)
        assert desk.connections.ids() == [PAPER]
        await desk.connections.disconnect(PAPER)
        assert await desk.connections.connect(PAPER) is S.READY
        await desk.connections.stop()

    run(scenario())


def test_nothing_connects_after_the_end(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        change = asyncio.create_task(desk.connections.update(config()))
        await asyncio.sleep(0)
        await desk.connections.stop()
        await change
        assert desk.connections.state(PAPER) is S.OFFLINE
        assert len(desk.script().made) == 1

    run(scenario())


def test_secrets_are_asked_for_under_the_connections_name(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        assert desk.script().made[0].context.secret("token") == "desk-paper/token"
        await desk.connections.stop()

    run(scenario())

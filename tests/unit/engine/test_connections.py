"""The life of connections: trading opens late, closes at once, and one never hinders another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.base.backoff import Backoff
from app.base.bus import EventBus
from app.base.errors import BrokerError, Outcome, StoreError, UserError
from app.brokers.base import Broker, BrokerContext, ConnectionConfig
from app.domain.capabilities import Capabilities
from app.domain.events import ConnectionChanged, NoticeRaised
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import DataKind, Quote, TradePrint
from app.domain.order_book import OrderBook
from app.domain.reconcile import Reconciliation, reconcile
from app.domain.reports import (
    AccountReport,
    BrokerReport,
    Health,
    HealthReport,
    Known,
    Light,
    Notice,
    Severity,
    Snapshot,
    Unavailable,
)
from app.engine.connections import Connections, ConnectionState, Partners
from app.engine.health import line_trouble
from tests.doubles.clock import FakeClock
from tests.doubles.loop import LoopRunner
from tests.surprises import LogWatch

S = ConnectionState
PAPER = ConnectionId("desk-paper")
AT = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
SHARE = Instrument("SPY", AssetClass.ETF, "USD", session="us-equity")
QUOTE = Quote(SHARE.key, 1.0, 1.1, 5.0, 5.0, 1.05, AT, 0.0)
UP = Health(Light.OK, Light.OK, Light.OK, Light.OK)


def config(name: str = PAPER, **changes: Any) -> ConnectionConfig:
    return replace(ConnectionConfig(ConnectionId(name), "any", "paper", {}), **changes)


@dataclass
class Script:
    """What the adapters of one connection do; tests change it at any time."""

    connect: list[Exception | Callable[[], Awaitable[None]]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)  # part of the snapshot -> reason
    accounts_are_paper: tuple[bool, ...] = (True,)
    snapshot_gate: threading.Event | None = None
    in_snapshot: threading.Event = field(default_factory=threading.Event)
    make_error: Exception | None = None
    made: list[Scripted] = field(default_factory=list)
    disconnects: int = 0
    snapshots: int = 0
    block_disconnect: threading.Event | None = None


class Scripted(Broker):
    """An adapter that does what its script says."""

    def __init__(self, context: BrokerContext, script: Script) -> None:
        super().__init__(context)
        self.script = script

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(search=True)

    async def connect(self) -> None:
        if self.script.connect:
            step = self.script.connect.pop(0)
            if isinstance(step, Exception):
                raise step
            await step()

    async def disconnect(self) -> None:
        self.script.disconnects += 1
        self.context.sink.report(HealthReport(self.context.config.id, Health(), AT))
        if self.script.block_disconnect is not None:
            self.script.block_disconnect.wait(10)

    async def snapshot(self) -> Snapshot:
        self.script.snapshots += 1
        self.script.in_snapshot.set()
        if self.script.snapshot_gate is not None:
            await asyncio.to_thread(self.script.snapshot_gate.wait, 10)
        parts: dict[str, Any] = {"orders": (), "executions": (), "positions": ()}
        parts["accounts"] = tuple(
            AccountReport(
                self.context.config.id, AccountId(f"A{n}"), "account", is_paper, "USD", (), AT
            )
            for n, is_paper in enumerate(self.script.accounts_are_paper)
        )
        for name, reason in self.script.missing.items():
            parts[name] = Unavailable(reason, AT)
        known = {n: v if isinstance(v, Unavailable) else Known(v, AT) for n, v in parts.items()}
        return Snapshot(known["accounts"], known["orders"], known["executions"], known["positions"])

    async def submit(self, orders: object) -> None: ...

    async def cancel(self, order: object) -> None: ...

    async def subscribe(self, instrument: object) -> None: ...

    async def unsubscribe(self, instrument: object) -> None: ...

    def say(self, *reports: BrokerReport) -> Callable[[Broker], Awaitable[None]]:
        async def publish(_: Broker) -> None:
            for report in reports:
                self.context.sink.report(report)

        return publish


class Desk:
    """Connections with a bus, and everything that was said."""

    def __init__(self, tmp_path: Path, *configs: ConnectionConfig, **settings: Any) -> None:
        self.clock = FakeClock()
        self.bus = EventBus()
        self.scripts: dict[str, Script] = {}
        self.changes: list[ConnectionChanged] = []
        self.notices: list[NoticeRaised] = []
        self.audit: list[tuple[str, str, ConnectionId]] = []
        self.reports: list[BrokerReport] = []
        self.resubscribed: list[ConnectionId] = []
        self.subscribed: list[Instrument] = []
        self.refuse: BrokerReport | None = None
        self.reconcile_error: Exception | None = None
        self.resubscribe_error: Exception | None = None
        self.bus.subscribe(ConnectionChanged, self.changes.append)
        self.bus.subscribe(NoticeRaised, self.notices.append)
        settings.setdefault("make_backoff", lambda: Backoff(0.01, 0.02, seed=1))
        settings.setdefault("stop_timeout_s", 2.0)
        self.connections = Connections(
            configs or (config(),),
            bus=self.bus,
            clock=self.clock,
            data_dir=lambda name: tmp_path / "brokers" / name,
            resources=tmp_path,
            secret=lambda name, field_name: f"{name}/{field_name}",
            audit=lambda *entry: self.audit.append(entry),
            make_broker=self._make,
            **settings,
        )
        self.connections.attach(
            Partners(self._take, self._reconcile, self._resubscribe, lambda _: self.subscribed)
        )

    def script(self, name: str = PAPER) -> Script:
        return self.scripts.setdefault(name, Script())

    def states(self, name: str = PAPER) -> list[str]:
        """The states it went through, without repetitions."""
        states = [c.state for c in self.changes if c.connection_id == name]
        return [s for s, before in zip(states, ["", *states], strict=False) if s != before]

    async def say(self, *reports: BrokerReport, name: str = PAPER) -> None:
        """Let the newest adapter publish, and wait until the engine has heard it."""
        adapter = self.script(name).made[-1]
        await self.connections.call(ConnectionId(name), adapter.say(*reports))

    async def until(self, check: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not check():  # noqa: ASYNC110 - the condition is plain state
                await asyncio.sleep(0.002)

    def _make(self, context: BrokerContext) -> Broker:
        script = self.script(context.config.id)
        if script.make_error is not None:
            raise script.make_error
        script.made.append(Scripted(context, script))
        return script.made[-1]

    def _take(self, connection_id: ConnectionId, reports: list[BrokerReport]) -> None:
        if self.refuse in reports:
            raise ValueError("cannot take this one")
        self.reports += reports

    async def _reconcile(self, connection_id: ConnectionId) -> Reconciliation:
        if self.reconcile_error is not None:
            raise self.reconcile_error
        missing = Unavailable("no answer", AT)
        try:
            snapshot = await self.connections.call(connection_id, lambda b: b.snapshot())
        except BrokerError:
            snapshot = Snapshot(missing, missing, missing, missing)
        return reconcile(OrderBook(), connection_id, snapshot, frozenset(), self.clock.now())

    async def _resubscribe(self, connection_id: ConnectionId) -> None:
        self.resubscribed.append(connection_id)
        if self.resubscribe_error is not None:
            raise self.resubscribe_error


def health(**lights: Any) -> HealthReport:
    return HealthReport(PAPER, replace(UP, **lights), AT)


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


def test_a_lost_line_closes_trading_at_once_and_a_new_adapter_comes(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        first = desk.script().made[0]
        await desk.say(health(transport=Light.FAILED, text="socket closed"))
        lost = next(c for c in desk.changes if c.state == "reconnecting")
        assert (lost.trading_open, lost.text) == (False, "socket closed")
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        assert desk.script().made[-1] is not first
        assert desk.script().disconnects == 1
        assert desk.states()[3:] == ["reconnecting", "connecting", "reconciling", "ready"]
        await desk.until(lambda: len(desk.resubscribed) == 2)
        await desk.connections.stop()

    run(scenario())


def test_an_ended_session_counts_as_a_lost_line(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        desk.script().connect = [BrokerError("password changed", Outcome.REJECTED)]
        await desk.say(health(authentication=Light.FAILED))
        await desk.until(lambda: desk.connections.state(PAPER) is S.FAILED)
        lights = desk.connections.health(PAPER)
        assert (lights.transport, lights.authentication) == (Light.OK, Light.FAILED)
        assert lights.text == "password changed"
        await desk.connections.stop()

    run(scenario())


def test_a_line_that_the_adapter_brings_back_is_reconciled_again(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        await desk.say(health(transport=Light.PENDING, text="1100 connectivity lost"))
        assert desk.connections.state(PAPER) is S.RECONNECTING
        assert "1100" in (desk.connections.is_trading_open(PAPER) or "")
        assert desk.connections.health(PAPER).transport is Light.PENDING
        assert desk.script().snapshots == 1
        await desk.say(health())
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        assert desk.script().snapshots == 2
        assert len(desk.script().made) == 1
        await desk.connections.stop()

    run(scenario())


def test_patience_with_such_a_line_ends(
    tmp_path: Path, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.link.LINE_PATIENCE_S", 0.02)

    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        await desk.say(health(transport=Light.PENDING))
        await desk.until(lambda: len(desk.script().made) == 2)
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        await desk.connections.stop()

    run(scenario())


def test_losing_the_line_while_reconciling_never_opens_trading(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        gate = desk.script().snapshot_gate = threading.Event()
        connecting = asyncio.create_task(desk.connections.connect(PAPER))
        await desk.until(desk.script().in_snapshot.is_set)
        desk.script().connect = [BrokerError("still down")] * 100
        await desk.say(health(transport=Light.FAILED))
        gate.set()
        await connecting
        await asyncio.sleep(0.05)
        assert "ready" not in desk.states()
        assert not any(change.trading_open for change in desk.changes)
        await desk.connections.stop()

    run(scenario())


def test_a_line_lost_while_connecting_is_noticed(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        script = desk.script()

        async def up_and_down() -> None:
            script.made[-1].context.sink.report(health(transport=Light.FAILED, text="gone again"))

        script.connect = [up_and_down]
        await desk.connections.connect(PAPER)
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        assert len(script.made) == 2
        assert any("gone again" in change.text for change in desk.changes)
        await desk.connections.stop()

    run(scenario())


def test_what_may_pass_is_tried_again_and_what_cannot_is_not(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        desk.script().connect = [BrokerError("refused", Outcome.NOT_SENT), OSError("no route")]
        with_foreign_error = desk.connections.connect(PAPER)
        assert await with_foreign_error is S.RECONNECTING
        assert "refused; next attempt in" in desk.connections.text(PAPER)
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        assert len(desk.script().made) == 3
        await desk.connections.stop()

    with pytest.MonkeyPatch.context() as patch:
        # The adapter's foreign error is logged by the runner, which has its own test.
        patch.setattr("app.brokers.runner.log.exception", lambda *_: None)
        run(scenario())


@pytest.mark.parametrize(
    "error", [UserError("no token in the vault"), BrokerError("wrong password", Outcome.REJECTED)]
)
def test_hopeless_attempts_end_in_failed(tmp_path: Path, run: LoopRunner, error: Exception) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        desk.script().connect = [error]
        assert await desk.connections.connect(PAPER) is S.FAILED
        assert desk.connections.text(PAPER) == str(error)
        assert str(error) in (desk.connections.is_trading_open(PAPER) or "")
        await asyncio.sleep(0.05)
        assert len(desk.script().made) == 1
        assert await desk.connections.connect(PAPER) is S.READY, "by hand, after mending it"
        await desk.connections.stop()

    run(scenario())


def test_wrong_settings_of_one_never_hinder_the_others(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path, config("broken"), config("hangs"), config("good"))
        desk.script("broken").make_error = UserError("unknown broker 'ibrk'")

        async def hang() -> None:
            await asyncio.sleep(60)

        desk.script("hangs").connect = [hang]
        desk.connections.connect_automatically()
        good, hangs = ConnectionId("good"), ConnectionId("hangs")
        await desk.until(lambda: desk.connections.state(good) is S.READY)
        assert desk.connections.state(hangs) is S.CONNECTING
        await desk.until(lambda: desk.connections.state(ConnectionId("broken")) is S.FAILED)
        assert desk.connections.capabilities(ConnectionId("broken")) == Capabilities()
        assert await desk.connections.stop() == []

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


@pytest.mark.parametrize(
    ("environment", "accounts", "words"),
    [
        ("paper", (False,), "is a live account"),
        ("paper", (True, False), "account A1 is a live account"),
        ("live", (True,), "is a paper account"),
        ("paper", (), "named no account"),
    ],
)
def test_an_account_that_contradicts_the_settings_closes_trading_loudly(
    tmp_path: Path, run: LoopRunner, environment: str, accounts: tuple[bool, ...], words: str
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path, config(environment=environment))
        desk.script().accounts_are_paper = accounts
        assert await desk.connections.connect(PAPER) is S.READY
        assert words in (desk.connections.is_trading_open(PAPER) or "")
        assert not any(change.trading_open for change in desk.changes)
        alarms = [n for n in desk.notices if n.severity is Severity.ERROR]
        assert [words in alarm.text for alarm in alarms] == [True]
        assert [kind for kind, _, _ in desk.audit].count("connection.mismatch") == 1
        await desk.connections.stop()

    run(scenario())


def test_an_account_that_turns_live_in_the_stream_closes_trading(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        [account] = desk.connections.accounts(PAPER)
        await desk.say(replace(account, is_paper=False))
        assert desk.connections.is_paper(PAPER) is False
        assert "live account" in (desk.connections.is_trading_open(PAPER) or "")
        assert desk.changes[-1].is_paper is False
        assert desk.reports == [replace(account, is_paper=False)], "handed on as well"
        await desk.connections.stop()

    run(scenario())


def test_a_thread_that_ends_by_itself_is_replaced(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)

        async def end(_: Broker) -> None:
            asyncio.get_running_loop().stop()

        with pytest.raises(BrokerError):
            await desk.connections.call(PAPER, _and_wait(end))
        await desk.until(lambda: len(desk.script().made) == 2)
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        assert desk.states()[3:] == ["reconnecting", "connecting", "reconciling", "ready"]
        await desk.connections.stop()

    run(scenario())


def _and_wait(action: Callable[[Broker], Awaitable[None]]) -> Callable[[Broker], Awaitable[None]]:
    async def both(broker: Broker) -> None:
        await action(broker)
        await asyncio.sleep(60)

    return both


def test_a_thread_that_will_not_end_is_told_and_named_at_the_end(
    tmp_path: Path, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path, stop_timeout_s=0.1)
        release = desk.script().block_disconnect = threading.Event()
        await desk.connections.connect(PAPER)
        assert await desk.connections.stop() == [PAPER]
        assert desk.connections.state(PAPER) is S.OFFLINE
        assert any("Restart Moorgate" in notice.text for notice in desk.notices)
        release.set()

    with expected_logs("does not end", count=1):
        run(scenario())


def test_threads_left_behind_are_not_piled_up(
    tmp_path: Path, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path, stop_timeout_s=0.05)
        release = desk.script().block_disconnect = threading.Event()
        desk.script().connect = [BrokerError("down")] * 10
        await desk.connections.connect(PAPER)
        await desk.until(lambda: desk.connections.state(PAPER) is S.FAILED)
        assert len(desk.script().made) == 3
        release.set()
        await desk.connections.stop()

    with expected_logs("does not end", count=3):
        run(scenario())


def test_a_report_that_breaks_the_engine_makes_it_read_everything_again(
    tmp_path: Path, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        [account] = desk.connections.accounts(PAPER)
        desk.refuse = replace(account, title="poison")
        good = replace(account, title="fine")
        await desk.say(
            good, desk.refuse, Notice(PAPER, Severity.WARNING, "margin call", AT), health()
        )
        await desk.until(lambda: desk.script().snapshots == 2)
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        assert desk.reports == [good]
        assert [n.text for n in desk.notices if n.severity is Severity.WARNING] == ["margin call"]
        assert any("internal error" in change.text for change in desk.changes)
        await desk.connections.stop()

    with expected_logs("cannot take this one", level="ERROR"):
        run(scenario())


def test_reconciling_that_fails_by_our_own_store_stays_closed_and_goes_on(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        desk.reconcile_error = StoreError("disk full")
        assert await desk.connections.connect(PAPER) is S.RECONCILING
        assert "disk full" in desk.connections.text(PAPER)
        desk.reconcile_error = None
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        await desk.connections.stop()

    run(scenario())


def test_a_mistake_of_ours_fails_one_connection_and_is_said(
    tmp_path: Path, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        desk.reconcile_error = ZeroDivisionError("ours")
        assert await desk.connections.connect(PAPER) is S.FAILED
        assert "internal error" in desk.connections.text(PAPER)
        assert desk.script().disconnects == 1
        await desk.connections.stop()

    with expected_logs("supervisor of desk-paper failed", level="ERROR"):
        run(scenario())


def test_market_data_that_cannot_be_renewed_does_not_close_trading(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        desk.resubscribe_error = BrokerError("no market data rights")
        assert await desk.connections.connect(PAPER) is S.READY
        await desk.until(lambda: bool(desk.notices))
        assert "no market data rights" in desk.notices[0].text
        assert desk.connections.is_trading_open(PAPER) is None
        await desk.connections.stop()

    run(scenario())


def test_the_fourth_light_watches_the_age_of_subscribed_data(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        connections = desk.connections

        def light() -> Light:
            connections.check_data_age()
            return connections.health(PAPER).data_age

        async def tick(quote: Quote) -> None:
            async def publish(broker: Broker) -> None:
                broker.context.sink.quote(quote)
                broker.context.sink.trade(TradePrint(quote.instrument, 1.0, 1.0, AT))

            await connections.call(PAPER, publish)
            quotes, prints = connections.drain_market(PAPER)
            assert (list(quotes.values()), len(prints)) == ([quote], 1)

        await connections.connect(PAPER)
        assert light() is Light.OFF, "nothing is subscribed"
        desk.subscribed = [SHARE]
        assert light() is Light.PENDING
        await tick(QUOTE)
        assert light() is Light.OK
        desk.clock.advance(14)
        assert light() is Light.OK
        desk.clock.advance(2)
        assert light() is Light.WARNING
        assert desk.changes[-1].health.data_age is Light.WARNING
        assert connections.is_trading_open(PAPER) is None, "age warns, it does not close"
        await tick(QUOTE)
        assert light() is Light.OK
        desk.clock.set_now(AT + timedelta(hours=14))  # the night
        desk.clock.advance(3600)
        assert light() is Light.OK, "a closed market owes no data"
        await tick(replace(QUOTE, kind=DataKind.REPLAY))
        desk.clock.advance(20)
        assert light() is Light.WARNING, "a replay has no night"
        await desk.say(health(data_age=Light.PENDING, text="paused"))
        assert light() is Light.PENDING, "the adapter knows why"
        await connections.stop()
        assert light() is Light.OFF

    run(scenario())


def test_an_unknown_calendar_is_taken_for_open(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        desk.subscribed = [replace(SHARE, session="moonbase")]
        desk.connections.check_data_age()
        desk.clock.advance(16)
        desk.connections.check_data_age()
        assert desk.connections.health(PAPER).data_age is Light.WARNING
        await desk.connections.stop()

    run(scenario())


def test_only_a_line_that_held_resets_the_delays(tmp_path: Path, run: LoopRunner) -> None:
    class Counting(Backoff):
        def __init__(self, made: list[Counting]) -> None:
            super().__init__(0.01, 0.02, seed=1)
            self.resets = 0
            made.append(self)

        def reset(self) -> None:
            super().reset()
            self.resets += 1

    async def scenario() -> None:
        made: list[Counting] = []
        desk = Desk(tmp_path, make_backoff=lambda: Counting(made))
        await desk.connections.connect(PAPER)
        await desk.say(health(transport=Light.OFF))
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        assert made[0].resets == 0
        desk.clock.advance(31)
        await desk.say(health(transport=Light.OFF))
        await desk.until(lambda: len(desk.script().made) == 3)
        assert made[0].resets == 1
        await desk.connections.stop()

    run(scenario())


def test_secrets_are_asked_for_under_the_connections_name(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        assert desk.script().made[0].context.secret("token") == "desk-paper/token"
        await desk.connections.stop()

    run(scenario())


def test_what_is_known_of_a_line_in_trouble() -> None:
    assert line_trouble(UP) is None
    assert line_trouble(replace(UP, transport=Light.OFF)) == "the line is down"
    assert line_trouble(replace(UP, authentication=Light.FAILED)) == "the broker ended the session"
    assert line_trouble(replace(UP, subscriptions=Light.FAILED)) is None

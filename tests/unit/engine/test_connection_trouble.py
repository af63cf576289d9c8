"""Lines that are lost, adapters that fail, accounts that contradict: trading closes at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.base.backoff import Backoff
from app.base.errors import BrokerError, Outcome, StoreError, UserError
from app.brokers.base import Broker
from app.domain.capabilities import Capabilities
from app.domain.ids import ConnectionId
from app.domain.reports import (
    Light,
    Notice,
    Severity,
)
from tests.doubles.loop import LoopRunner
from tests.doubles.scripted_desk import (
    AT,
    PAPER,
    Desk,
    S,
    config,
    health,
)
from tests.surprises import LogWatch


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


def test_an_adapter_may_ask_for_more_patience(
    tmp_path: Path, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.link.LINE_PATIENCE_S", 0.02)

    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        waiting = health(transport=Light.PENDING)
        await desk.say(replace(waiting, health=replace(waiting.health, patience_s=60.0)))
        await asyncio.sleep(0.1)
        assert len(desk.script().made) == 1
        await desk.say(health())
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        await desk.connections.stop()

    run(scenario())


def test_a_connection_that_never_sends_orders_serves_without_them(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path, config(read_only=True))
        desk.script().missing["orders"] = "kept from other programs"
        assert await desk.connections.connect(PAPER) is S.READY
        assert "kept from other programs" in desk.connections.text(PAPER)
        assert "read-only" in (desk.connections.is_trading_open(PAPER) or "")
        await desk.connections.stop()

    run(scenario())


@pytest.mark.parametrize(
    ("is_read_only", "part"), [(True, "positions"), (False, "orders"), (True, "accounts")]
)
def test_nothing_else_may_be_missing(
    tmp_path: Path, run: LoopRunner, is_read_only: bool, part: str
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path, config(read_only=is_read_only))
        desk.script().missing[part] = "no answer"
        assert await desk.connections.connect(PAPER) is S.RECONCILING
        del desk.script().missing[part]
        await desk.until(lambda: desk.connections.state(PAPER) is S.READY)
        await desk.connections.stop()

    run(scenario())

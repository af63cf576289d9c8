"""One snapshot at a time, asked for after the question, and positions that are not torn."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from app.base.errors import BrokerError, Outcome
from app.domain.order_types import OrderStatus
from app.domain.reports import Known, Unavailable
from tests.doubles.desk import Desk
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import CONNECTION, OWN, SPY, accepted, born, request, submitted
from tests.surprises import LogWatch

S = OrderStatus


async def sent(desk: Desk) -> None:
    """One order, Working at the venue, of which no answer has arrived."""
    await desk.orders.submit([request()])
    desk.venue.outbox.clear()
    desk.clock.advance(4)  # what was sent has settled


def test_book_positions_and_listeners_learn_what_the_broker_holds(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await sent(desk)
        desk.venue.fill(desk.venue.number_of(OWN), 40)
        result = await desk.reconciler.reconcile(CONNECTION)
        assert result.is_complete
        assert desk.status(OWN) is S.PARTIALLY_FILLED
        assert [e.exec_id for e in desk.booked] == ["x2"]
        assert desk.positions.held[request().account_id, SPY.key] == 40
        assert [type(part) for part in desk.positions.read] == [Known, Known]
        assert [told.result for told in desk.reconciled] == [result]
        assert any("recovered a fill" in text for text in result.findings)
        await desk.stop()

    run(scenario())


def test_fills_that_read_alike_are_all_told(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await sent(desk)
        for _ in range(2):
            desk.venue.fill(desk.venue.number_of(OWN), 10)
        result = await desk.reconciler.reconcile(CONNECTION)
        assert [text for text in result.findings if "fill" in text] == [
            "recovered a fill: buy 10 SPY at 10.00"
        ] * 2
        await desk.stop()

    run(scenario())


def test_a_position_that_no_fill_explains_is_told_after_an_interruption(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk, place = Desk(), (request().account_id, SPY.key)
        await sent(desk)
        desk.venue.fill(desk.venue.number_of(OWN), 40)
        await desk.reconciler.reconcile(CONNECTION)
        told = ("position SPY in A1: 60 here, 40 at the broker",)
        for believed, is_verified, since, findings in (
            (60, False, desk.clock.now(), told),
            (40, False, desk.clock.now(), ()),
            (60, True, desk.clock.now(), ()),  # the stream tells of it, and is not behind
            (60, False, None, ()),  # nobody ever told of it: it is what our fills make
        ):
            desk.positions.held[place] = Decimal(believed)
            desk.positions.is_verified, desk.positions.verified_at = is_verified, since
            assert (await desk.reconciler.reconcile(CONNECTION)).findings == findings
        await desk.stop()

    run(scenario())


def test_a_broker_that_cannot_be_asked_changes_nothing(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await sent(desk)
        desk.venue.is_connected = False
        result = await desk.reconciler.reconcile(CONNECTION)
        assert not result.is_complete
        assert len(result.unavailable) == 4
        assert "connection is down" in result.unavailable[0]
        assert desk.status(OWN) is S.PENDING_NEW
        assert [type(part) for part in desk.positions.read] == [Unavailable, Unavailable]
        await desk.stop()

    run(scenario())


def test_an_adapter_that_falls_over_is_a_broker_that_cannot_be_asked(
    run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.connection.call_error = RuntimeError("no such field")
        result = await desk.reconciler.reconcile(CONNECTION)
        assert "RuntimeError: no such field" in result.unavailable[0]

    with expected_logs("could not be read", level="ERROR", count=1):
        run(scenario())


def test_whoever_waits_shares_a_snapshot_asked_for_later(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk, count = Desk(), 0

        def answered() -> None:
            nonlocal count
            count += 1

        desk.venue.before_answer = answered
        first = asyncio.create_task(desk.reconciler.reconcile(CONNECTION))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        others = [asyncio.create_task(desk.reconciler.reconcile(CONNECTION)) for _ in range(3)]
        results = await asyncio.gather(first, *others)
        assert count == 2
        assert results[0] is not results[1]
        assert results[1] is results[2] is results[3]

    run(scenario())


def test_going_away_does_not_break_it_off(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        asked = asyncio.create_task(desk.reconciler.reconcile(CONNECTION))
        await asyncio.sleep(0)
        asked.cancel()
        await desk.settle()
        assert len(desk.reconciled) == 1

    run(scenario())


def test_stop_gives_up_what_runs_and_what_waits(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.is_held = True
        desk.recorder.record([born()])
        tasks = [asyncio.create_task(desk.reconciler.reconcile(CONNECTION)) for _ in range(2)]
        await desk.settle()
        tasks.append(asyncio.create_task(desk.reconciler.reconcile(CONNECTION)))
        await desk.settle()
        await desk.reconciler.stop()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in done] == [asyncio.CancelledError] * 3
        assert desk.reconciled == []

    run(scenario())


def test_an_order_that_moved_meanwhile_is_left_to_the_stream(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.recorder.record([born(), submitted(), accepted()])
        desk.venue.before_answer = lambda: void(desk.recorder.record([accepted("8")]))
        result = await desk.reconciler.reconcile(CONNECTION)
        assert result.events == ()
        assert desk.status(OWN) is S.WORKING
        desk.venue.before_answer = lambda: None
        await desk.reconciler.reconcile(CONNECTION)
        assert desk.status(OWN) is S.UNKNOWN
        await desk.stop()

    run(scenario())


def test_a_list_proves_nothing_about_a_request_on_its_way(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.recorder.record([born(), submitted()])
        with desk.calls.of([OWN]):
            assert desk.calls.is_open(OWN)
            assert (await desk.reconciler.reconcile(CONNECTION)).events == ()
        assert not desk.calls.is_open(OWN)
        assert (await desk.reconciler.reconcile(CONNECTION)).events == ()
        desk.clock.advance(3)
        await desk.reconciler.reconcile(CONNECTION)
        assert desk.status(OWN) is S.REJECTED

    run(scenario())


def void(_: object) -> None:
    return


def torn(desk: Desk, times: int) -> list[int]:
    """Let a fill arrive by the stream behind each of the next snapshots' backs."""
    snapshots: list[int] = []

    def answered() -> None:
        snapshots.append(1)
        if len(snapshots) <= times:
            desk.venue.fill(desk.venue.number_of(OWN), 10)
            desk.hear()

    desk.venue.before_answer = answered
    return snapshots


def test_positions_are_read_again_when_a_fill_came_between(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await sent(desk)
        snapshots = torn(desk, 1)
        result = await desk.reconciler.reconcile(CONNECTION)
        assert len(snapshots) == 2
        assert result.is_complete
        assert desk.positions.held[request().account_id, SPY.key] == Decimal(10)
        assert len(desk.positions.read) == 3
        await desk.stop()

    run(scenario())


def test_positions_that_are_always_torn_are_left_as_computed(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await sent(desk)
        snapshots = torn(desk, 9)
        await desk.reconciler.reconcile(CONNECTION)
        assert len(snapshots) == 3
        assert desk.positions.held[request().account_id, SPY.key] == Decimal(30)
        assert "fills kept arriving" in desk.notices[-1].text
        await desk.stop()

    run(scenario())


def test_positions_that_cannot_be_read_are_not_read_again(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await sent(desk)
        snapshots = torn(desk, 9)
        desk.venue.unreadable = {"positions": "timed out"}
        result = await desk.reconciler.reconcile(CONNECTION)
        assert len(snapshots) == 1
        assert result.unavailable == ("positions: timed out",)
        assert isinstance(desk.positions.read[-1], Unavailable)
        await desk.stop()

    run(scenario())


def test_executions_that_cannot_be_read(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.unreadable = {"executions": "timed out"}
        result = await desk.reconciler.reconcile(CONNECTION)
        assert result.unavailable == ("executions: timed out",)

    run(scenario())


def test_a_journal_that_refuses_does_not_hide_what_was_read(
    run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk()
        await sent(desk)
        desk.memory.is_full = True
        result = await desk.reconciler.reconcile(CONNECTION)
        assert len(result.events) == 1
        assert desk.status(OWN) is S.WORKING
        await desk.stop()

    with expected_logs("cannot be written to disk", level="ERROR", count=1):
        run(scenario())


@pytest.mark.parametrize("outcome", Outcome)
def test_every_kind_of_failure_is_only_unavailable(run: LoopRunner, outcome: Outcome) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.connection.call_error = BrokerError("no", outcome)
        assert not (await desk.reconciler.reconcile(CONNECTION)).is_complete

    run(scenario())

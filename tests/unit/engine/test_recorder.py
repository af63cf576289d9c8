"""Journal first, then the screen: the order of it, and what a disk that refuses does to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import OrderStateError, StoreError
from app.domain import order_events as ev
from app.domain.events import ExecutionBooked, OrderChanged
from app.domain.ids import ClientOrderId
from app.domain.order_types import OrderStatus, Side
from app.store.journal import Journal
from tests.doubles.desk import Desk
from tests.doubles.loop import LoopRunner, until
from tests.doubles.orders import (
    ACCOUNT,
    CONNECTION,
    OWN,
    QQQ,
    SPY,
    accepted,
    at,
    born,
    filled,
    request,
    submitted,
)
from tests.surprises import LogWatch

S = OrderStatus


def told(desk: Desk) -> list[str]:
    return [type(change.event).__name__ for change in desk.changes]


def storage(desk: Desk) -> str:
    return "ok" if desk.recorder.is_storage_ok else "refuses"


def test_the_book_moves_at_once_and_listeners_hear_after_the_disk(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.is_held = True
        done = desk.recorder.record([born(), submitted()])
        assert desk.status(OWN) is S.PENDING_NEW
        await desk.settle()
        assert not done.done()
        assert told(desk) == []
        desk.memory.release()
        await done
        assert told(desk) == ["OrderInitialized", "OrderSubmitted"]
        assert [change.order.status for change in desk.changes] == [S.DRAFT, S.PENDING_NEW]
        assert desk.memory.stored == [born(), submitted()]

    run(scenario())


def test_one_append_at_a_time_takes_all_that_waits(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.is_held = True
        first = desk.recorder.record([born(), submitted()])
        second = desk.recorder.record([accepted()])
        third = desk.recorder.record([filled(40)])
        desk.memory.release()
        await desk.settle()
        assert [f.done() for f in (first, second, third)] == [True, False, False]
        desk.memory.release()
        await asyncio.gather(second, third)
        assert told(desk)[2:] == ["OrderAccepted", "OrderFilled"]
        assert [e.exec_id for e in desk.booked] == ["e1"]

    run(scenario())


def test_a_fill_is_booked_before_its_order_changes(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk, heard = Desk(), list[str]()
        desk.bus.subscribe(ExecutionBooked, lambda _: heard.append("fill"))
        desk.bus.subscribe(OrderChanged, lambda _: heard.append("order"))
        await desk.recorder.record([born(), submitted(), filled(40), filled(40)])
        assert heard == ["order", "order", "fill", "order"]

    run(scenario())


def test_what_says_nothing_new_is_neither_stored_nor_told(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.recorder.record([born(), submitted(), filled(40)])
        stored, changes = len(desk.memory.stored), desk.recorder.changes
        await desk.recorder.record([filled(40)])
        await desk.recorder.record([])
        assert (len(desk.memory.stored), desk.recorder.changes) == (stored, changes)

    run(scenario())


def test_what_is_not_allowed_is_dropped_loudly(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.recorder.record([born(), submitted(), accepted(), filled(100)])
        await desk.recorder.record([accepted("8"), filled(20, "e2")])
        assert desk.order(OWN).cum_quantity == 120
        assert told(desk)[-1] == "OrderFilled"
        assert ["accept cannot follow Filled" in notice.text for notice in desk.notices] == [True]

    with expected_logs("OrderAccepted was not applied", level="ERROR", count=1):
        run(scenario())


def test_a_listener_may_record(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()

        def answer(change: OrderChanged) -> None:
            if isinstance(change.event, ev.OrderSubmitted):
                desk.recorder.record([accepted()])

        desk.bus.subscribe(OrderChanged, answer)
        await desk.recorder.record([born(), submitted()])
        await desk.settle()
        assert told(desk) == ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]

    run(scenario())


def test_when_and_how_often_orders_moved(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        other = ClientOrderId("other")
        await desk.recorder.record([born(), born(request(client_order_id=other))])
        mark = desk.recorder.changes
        desk.clock.advance(5)
        await desk.recorder.record([submitted()])
        assert desk.recorder.changed_since(mark) == {OWN}
        assert desk.recorder.touched == {OWN: 1005.0, other: 1000.0}

    run(scenario())


def test_fills_that_positions_have_not_been_told_of(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        place = (CONNECTION, ACCOUNT, SPY.key)
        await desk.recorder.record([born(request(side=Side.SELL)), submitted()])
        desk.memory.is_held = True
        desk.recorder.record([filled(40, side=Side.SELL)])
        desk.recorder.record([filled(30, side=Side.SELL, revision=1)])
        assert desk.recorder.unannounced_quantity(*place) == -30
        assert desk.recorder.unannounced_quantity(CONNECTION, ACCOUNT, QQQ.key) == 0
        desk.memory.is_held = False
        desk.memory.release()
        await desk.settle()
        assert desk.recorder.unannounced_quantity(*place) == 0

    run(scenario())


# -- a disk that refuses ---------------------------------------------------------------------------


def test_a_full_disk_keeps_everything_and_tells_it_later(
    run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.recorder.record([born(), submitted()])
        desk.memory.is_full = True
        with pytest.raises(StoreError, match="disk full"):
            await desk.recorder.record([accepted()])
        later = desk.recorder.record([filled(40)])
        assert storage(desk) == "refuses"
        assert desk.status(OWN) is S.PARTIALLY_FILLED
        with pytest.raises(StoreError):
            await later
        await asyncio.sleep(0.05)
        assert len(desk.alarms) == 1
        assert "cancels still go out" in desk.alarms[0].text
        assert told(desk) == ["OrderInitialized", "OrderSubmitted"]
        desk.memory.is_full = False
        await until(lambda: storage(desk) == "ok")
        assert await desk.recorder.stop()
        assert told(desk)[2:] == ["OrderAccepted", "OrderFilled"]
        assert desk.memory.stored == [born(), submitted(), accepted(), filled(40)]
        assert "written again" in desk.notices[-1].text

    with expected_logs("cannot be written to disk", level="ERROR", count=1):
        run(scenario())


def test_nothing_overtakes_what_failed(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.is_held = desk.memory.is_full = True
        first = desk.recorder.record([born(), submitted()])
        second = desk.recorder.record([accepted()])
        desk.memory.release()
        await asyncio.wait([first, second])
        desk.memory.is_held = desk.memory.is_full = False
        desk.recorder.record([filled(40)])
        assert await desk.recorder.stop()
        assert desk.memory.stored == [born(), submitted(), accepted(), filled(40)]

    with expected_logs("cannot be written to disk", level="ERROR"):
        run(scenario())


def test_nobody_has_to_wait_for_a_failure(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.is_full = True
        waiting = desk.recorder.record([born()])
        waiting.cancel()
        desk.recorder.record([submitted()])
        await asyncio.sleep(0.03)
        assert not await desk.recorder.stop(0.03)
        assert desk.status(OWN) is S.PENDING_NEW

    with expected_logs("cannot be written to disk", level="ERROR", count=1):
        run(scenario())


def test_what_can_never_be_stored_holds_up_nothing_else(
    run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk()
        strange = born(request(client_order_id=ClientOrderId("\n")))
        desk.memory.spoils = lambda event: event.client_order_id == "\n"
        desk.memory.is_held = True
        opening = desk.recorder.record([born()])
        middle = desk.recorder.record([strange])
        last = desk.recorder.record([submitted()])
        desk.memory.is_held = False
        desk.memory.release()
        await asyncio.wait([opening, middle, last])
        assert isinstance(middle.exception(), StoreError)
        assert last.exception() is None
        assert desk.memory.stored == [born(), submitted()]
        assert told(desk) == ["OrderInitialized", "OrderInitialized", "OrderSubmitted"]
        assert "lost at the next start" in desk.notices[0].text
        assert desk.recorder.is_storage_ok

    with expected_logs("cannot be stored", level="ERROR", count=1):
        run(scenario())


def test_the_loop_may_end_before_the_disk_answers() -> None:
    desk, runner = Desk(), LoopRunner()

    async def begin() -> None:
        desk.memory.is_held = True
        desk.recorder.record([born()])

    runner(begin())
    runner.close()
    desk.memory.release()
    assert desk.memory.stored == [born()]


# -- restart ---------------------------------------------------------------------------------------


def test_the_real_journal_gives_everything_back(run: LoopRunner, tmp_path: Path) -> None:
    events: list[Any] = [born(), submitted(), accepted(), filled(40), filled(30, revision=1)]

    async def write() -> Desk:
        with Journal(tmp_path / "journal.db") as journal:
            desk = Desk(journal=journal)
            for event in events:
                desk.recorder.record([event])
            assert await desk.recorder.stop()
            return desk

    async def read() -> Desk:
        with Journal(tmp_path / "journal.db") as journal:
            desk = Desk(journal=journal)
            assert desk.recorder.restore() == len(events)
            return desk

    before, once, twice = run(write()), run(read()), run(read())
    assert list(before.book) == list(once.book) == list(twice.book)
    assert before.status(OWN) is S.PARTIALLY_FILLED


def test_what_waited_for_an_answer_is_unknown_after_a_restart(run: LoopRunner) -> None:
    other, third = ClientOrderId("other"), ClientOrderId("third")

    async def scenario() -> None:
        desk = Desk()
        desk.memory.stored = [
            born(),
            submitted(),
            born(request(client_order_id=other)),
            submitted(other),
            accepted(own_id=other),
            ev.OrderCancelRequested(client_order_id=other, at=at(3)),
            born(request(client_order_id=third)),
            submitted(third),
            accepted("9", own_id=third),
        ]
        assert desk.recorder.restore() == 9
        assert await desk.recorder.stop()
        assert [order.status for order in desk.book] == [S.UNKNOWN, S.UNKNOWN, S.WORKING]
        assert desk.order(other).reason == "the program ended while it was PendingCancel"
        again = Desk(journal=desk.memory.after_crash())
        again.recorder.restore()
        assert list(again.book) == list(desk.book)

    run(scenario())


def test_a_journal_is_replayed_once(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.stored = [born()]
        desk.recorder.restore()
        with pytest.raises(OrderStateError, match="once"):
            desk.recorder.restore()

    run(scenario())


def test_an_impossible_line_in_the_journal_is_told_and_passed_over(
    run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.stored = [born(), accepted(), submitted(), accepted()]
        assert desk.recorder.restore() == 4
        assert desk.status(OWN) is S.WORKING
        assert len(desk.notices) == 1

    with expected_logs("OrderSubmitted was not applied", level="ERROR", count=1):
        run(scenario())

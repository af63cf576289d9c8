"""What a broker says by itself, what it owes us, and what the trader can do about Unknown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.groups import bracket, oto
from app.domain.ids import ClientOrderId
from app.domain.order_types import OrderStatus, Origin, Side
from app.domain.reports import (
    CancelRefused,
    ExecutionReport,
    PositionReport,
    ReplaceRefused,
    Severity,
)
from app.domain.request import OrderChange
from tests.doubles.desk import Desk
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import (
    ACCOUNT,
    CONNECTION,
    OWN,
    SPY,
    accepted,
    at,
    born,
    fill,
    report,
    request,
    submitted,
)
from tests.surprises import LogWatch

S = OrderStatus
D = Decimal
OTHER = ClientOrderId("other")


async def working() -> Desk:
    desk = Desk()
    await desk.orders.submit([request()])
    desk.hear()
    return desk


async def silent(fault: str = "lost answer") -> Desk:
    """An order that was sent and of which nothing is heard."""
    desk = Desk()
    desk.venue.faults[fault] = 1
    await desk.orders.submit([request()])
    assert desk.status(OWN) is S.PENDING_NEW
    return desk


# -- the stream ------------------------------------------------------------------------------------


def test_a_late_refusal_of_an_order_is_announced_once(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.orders.submit([request()])
        number = desk.venue.number_of(OWN)
        desk.hear()
        assert desk.notices == []
        desk.venue.end(number, S.REJECTED, "no such hours")
        desk.hear()
        desk.venue.end(number, S.REJECTED, "no such hours")
        desk.hear()
        assert desk.status(OWN) is S.REJECTED
        [notice] = desk.notices
        assert notice.text == "buy 100 SPY was rejected: no such hours"
        assert notice.severity is Severity.WARNING
        await desk.stop()

    run(scenario())


def test_a_bracket_from_entry_to_target(run: LoopRunner) -> None:
    legs = bracket(request(), D(11), D(9))
    entry, target, stop = (leg.client_order_id for leg in legs)

    async def scenario() -> None:
        desk = Desk()
        await desk.orders.submit(legs)
        desk.hear()
        assert [o.status for o in desk.book] == [S.WORKING, S.HELD, S.HELD]
        desk.venue.fill(desk.venue.number_of(entry))
        desk.venue.accept(desk.venue.number_of(target))
        desk.venue.accept(desk.venue.number_of(stop))
        desk.hear()
        assert [o.status for o in desk.book] == [S.FILLED, S.WORKING, S.WORKING]
        desk.venue.fill(desk.venue.number_of(target))
        desk.venue.end(desk.venue.number_of(stop), S.CANCELED, "OCO")
        desk.hear()
        assert [o.status for o in desk.book] == [S.FILLED, S.FILLED, S.CANCELED]
        await desk.settle()
        assert desk.positions.held[ACCOUNT, SPY.key] == 0
        await desk.stop()

    run(scenario())


def test_duplicates_and_disorder_change_nothing(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.orders.submit([request()])
        desk.venue.fill(desk.venue.number_of(OWN), 40)
        desk.venue.fill(desk.venue.number_of(OWN), 60)
        said, desk.venue.outbox = desk.venue.outbox, []
        for order in (said[::-1], said, said[::-1]):
            desk.orders.on_reports(CONNECTION, order)
            assert desk.status(OWN) is S.FILLED
            assert desk.order(OWN).cum_quantity == 100
        await desk.settle()
        assert len(desk.booked) == 2
        await desk.stop()

    run(scenario())


def test_an_order_of_another_program_is_shown_and_can_be_canceled(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        number = desk.venue.enter_foreign(Side.SELL)
        desk.hear()
        (order,) = desk.book
        assert (order.request.origin, order.status) == (Origin.EXTERNAL, S.WORKING)
        assert (await desk.orders.cancel(order.client_order_id)).ok
        desk.hear()
        assert desk.status(order.client_order_id) is S.CANCELED
        assert not desk.venue.live()
        assert number == order.broker_order_id
        await desk.stop()

    run(scenario())


def test_foreign_fills_count_and_foreign_ends_do_not_matter(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.enter_foreign(status=S.CANCELED)
        desk.hear()
        assert len(desk.book) == 0
        number = desk.venue.enter_foreign()
        desk.venue.fill(number)
        # The report of the fill arrives, the first word on the order was missed.
        del desk.venue.outbox[0]
        desk.hear()
        (order,) = desk.book
        assert (order.status, order.cum_quantity == 100) == (S.FILLED, True)
        await desk.stop()

    run(scenario())


def test_what_is_not_about_orders_is_left_alone(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.orders.on_reports(
            CONNECTION, [PositionReport(CONNECTION, ACCOUNT, SPY, D(5), None, at(1))]
        )
        assert len(desk.book) == 0

    run(scenario())


def test_a_report_that_cannot_be_taken_stops_no_other(
    run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.orders.submit([request()])
        naive = replace(fill(40), at=at(2).replace(tzinfo=None))
        desk.orders.on_reports(CONNECTION, [ExecutionReport(naive), *desk.venue.outbox])
        assert desk.status(OWN) is S.WORKING
        assert "could not be understood" in desk.notices[-1].text
        await desk.stop()

    with expected_logs("ExecutionReport of desk", level="ERROR", count=1):
        run(scenario())


def test_refusals_of_what_is_settled_change_nothing(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        for own_id in (OWN, OTHER):
            desk.orders.on_reports(
                CONNECTION,
                [
                    CancelRefused(CONNECTION, own_id, "late", at(5)),
                    ReplaceRefused(CONNECTION, own_id, "late", at(5)),
                ],
            )
        assert (desk.status(OWN), desk.notices) == (S.WORKING, [])
        await desk.stop()

    run(scenario())


def test_a_refused_cancel_of_an_unknown_order_asks_the_broker(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.faults["drop after"] = 1
        await desk.orders.submit([request()])
        desk.venue.faults["hang"] = 1
        canceling = asyncio.ensure_future(desk.orders.cancel(OWN))
        await desk.settle()
        desk.orders.on_reports(CONNECTION, [CancelRefused(CONNECTION, OWN, "unknown id", at(5))])
        assert desk.status(OWN) is S.UNKNOWN
        await desk.pass_time(2.1)
        assert desk.status(OWN) is S.WORKING
        await desk.orders.stop(0.01)
        await asyncio.wait([canceling])
        await desk.stop()

    run(scenario())


# -- what is owed ----------------------------------------------------------------------------------


def test_an_answer_that_does_not_come_is_asked_for(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await silent()
        await desk.pass_time(4.9)
        assert (desk.status(OWN), desk.reconciled) == (S.PENDING_NEW, [])
        await desk.pass_time(0.2)
        assert desk.status(OWN) is S.WORKING
        assert len(desk.reconciled) == 1
        await desk.stop()

    run(scenario())


def test_an_order_that_never_arrived_is_proved_so(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.faults["drop before"] = 1
        await desk.orders.submit([request()])
        assert desk.status(OWN) is S.UNKNOWN
        await desk.pass_time(2.9)
        assert desk.status(OWN) is S.UNKNOWN
        await desk.pass_time(0.2)
        assert desk.status(OWN) is S.REJECTED
        assert "never reached the broker" in desk.order(OWN).reason
        await desk.stop()

    run(scenario())


def test_no_answer_and_no_line_is_unknown(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await silent()
        desk.venue.is_connected = False
        await desk.pass_time(5.1)
        order = desk.order(OWN)
        assert order.status is S.UNKNOWN
        assert "no answer within 5 s; the connection could not be read" in order.reason
        assert "It will not be sent again" in desk.notices[-1].text
        await desk.pass_time(3.1)
        asked = len(desk.reconciled)
        await desk.pass_time(60)
        assert (desk.status(OWN), len(desk.reconciled)) == (S.UNKNOWN, asked)
        desk.venue.is_connected = True
        await desk.reconciler.reconcile(CONNECTION)
        assert desk.status(OWN) is S.WORKING
        await desk.stop()

    run(scenario())


def test_a_list_that_keeps_silent_about_it_is_unknown(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.faults["lost answer"] = 1
        await desk.orders.cancel(OWN)
        held = desk.venue.orders[desk.venue.number_of(OWN)]
        held.report = replace(held.report, status=S.PENDING_CANCEL)
        await desk.pass_time(5.1)
        assert desk.status(OWN) is S.UNKNOWN
        assert "its list does not tell" in desk.order(OWN).reason
        await desk.stop()

    run(scenario())


def test_a_call_that_is_still_out_is_asked_about_again(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(call_timeout_s=30)
        desk.venue.faults["hang"] = 1
        sending = asyncio.ensure_future(desk.orders.submit([request()]))
        await desk.settle()
        await desk.pass_time(5.1)
        assert desk.status(OWN) is S.UNKNOWN
        for _ in range(3):
            await desk.pass_time(3.1)
        assert desk.status(OWN) is S.UNKNOWN
        assert len(desk.reconciled) == 4
        await desk.orders.stop(0.01)
        await asyncio.wait([sending])
        await desk.stop()

    run(scenario())


def test_fills_that_a_claim_lacks_come_by_themselves_or_are_fetched(run: LoopRunner) -> None:
    async def scenario() -> None:
        for is_late in (True, False):
            desk = await working()
            desk.venue.fill(desk.venue.number_of(OWN))
            execution, claim = desk.venue.outbox
            desk.orders.on_reports(CONNECTION, [claim])
            assert desk.status(OWN) is S.WORKING
            if is_late:
                desk.orders.on_reports(CONNECTION, [execution])
            await desk.pass_time(1.9)
            assert desk.reconciled == []
            await desk.pass_time(0.2)
            assert desk.status(OWN) is S.FILLED
            assert len(desk.reconciled) == (0 if is_late else 1)
            await desk.stop()

    run(scenario())


def test_fills_that_nobody_can_list_make_it_unknown(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.clock.advance(4)
        desk.venue.fill(desk.venue.number_of(OWN))
        desk.venue.executions.clear()
        _, claim = desk.venue.outbox
        desk.orders.on_reports(CONNECTION, [claim])
        await desk.pass_time(2.1)
        assert desk.status(OWN) is S.UNKNOWN
        assert "executions are known for 0" in desk.order(OWN).reason
        await desk.stop()

    run(scenario())


def test_a_correction_that_cuts_a_filled_order_is_looked_into(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        execution = desk.venue.fill(desk.venue.number_of(OWN))
        desk.hear()
        desk.clock.advance(4)
        desk.venue.correct(execution.exec_id, 60)
        desk.venue.end(desk.venue.number_of(OWN), S.CANCELED)
        correction = desk.venue.outbox[0]
        desk.orders.on_reports(CONNECTION, [correction])
        assert desk.status(OWN) is S.UNKNOWN
        await desk.pass_time(2.1)
        assert (desk.status(OWN), desk.order(OWN).cum_quantity == 60) == (S.CANCELED, True)
        await desk.stop()

    run(scenario())


def test_life_signs_of_the_dead_are_looked_into(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.faults["refuse"] = 1
        await desk.orders.submit([request()])
        assert desk.status(OWN) is S.REJECTED
        await desk.venue.receive([desk.order(OWN)])
        desk.clock.advance(4)
        desk.hear()
        assert desk.status(OWN) is S.REJECTED
        await desk.pass_time(2.1)
        assert desk.status(OWN) is S.WORKING
        await desk.stop()

    run(scenario())


def test_a_repeated_word_about_the_dead_costs_one_question(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        await desk.orders.cancel(OWN)
        desk.hear()
        assert desk.status(OWN) is S.CANCELED
        desk.orders.on_reports(CONNECTION, [report(S.WORKING, broker_order_id=None)] * 5)
        await desk.pass_time(2.1)
        assert (desk.status(OWN), len(desk.reconciled)) == (S.CANCELED, 1)
        await desk.stop()

    run(scenario())


def test_a_refused_cancel_finds_the_change_still_owed(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.faults["lost answer"] = 2
        await desk.orders.modify(OWN, OrderChange(limit_price=D("10.50")))
        desk.venue.faults.clear()
        desk.venue.faults["hang"] = 1
        canceling = asyncio.ensure_future(desk.orders.cancel(OWN))
        await desk.settle()
        desk.orders.on_reports(CONNECTION, [CancelRefused(CONNECTION, OWN, "busy", at(5))])
        assert desk.status(OWN) is S.PENDING_REPLACE
        await desk.pass_time(2.1)
        assert (desk.status(OWN), desk.order(OWN).limit_price) == (S.WORKING, D("10.50"))
        await desk.orders.stop(0.01)
        await asyncio.wait([canceling])
        await desk.stop()

    run(scenario())


def test_a_doubt_raised_early_does_not_cut_the_wait_short(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await silent()
        desk.venue.unreadable = {"orders": "timed out"}
        desk.orders.answers.doubt(desk.order(OWN), None)
        await desk.pass_time(2.1)
        assert (desk.status(OWN), len(desk.reconciled)) == (S.PENDING_NEW, 1)
        await desk.pass_time(3.0)
        assert desk.status(OWN) is S.UNKNOWN
        await desk.stop()

    run(scenario())


def test_what_is_not_in_the_book_is_no_question(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        stranger = replace(desk.order(OWN), request=request(client_order_id=OTHER))
        desk.orders.answers.doubt(stranger, None)
        desk.orders.answers.doubt(desk.order(OWN), None)
        desk.orders.answers.lose(OTHER, "nothing")
        await desk.pass_time(2.1)
        assert (desk.reconciled, desk.status(OWN)) == ([], S.WORKING)
        await desk.stop()

    run(scenario())


def test_a_watch_that_stumbles_goes_on(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        desk = await silent()
        desk.positions.failure = RuntimeError("portfolio")
        await desk.pass_time(5.1)
        assert desk.status(OWN) is S.WORKING
        desk.positions.failure = None
        desk.venue.faults["lost answer"] = 1
        await desk.orders.cancel(OWN)
        await desk.pass_time(5.1)
        assert desk.status(OWN) is S.CANCELED
        await desk.stop()

    with expected_logs("the watch over desk stumbled", level="ERROR", count=1):
        run(scenario())


# -- resolve ---------------------------------------------------------------------------------------


def test_resolve_says_what_is_so(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        assert (await desk.orders.resolve(OWN)).text == "there is no order own"
        desk.venue.faults["drop after"] = 1
        await desk.orders.submit([request()])
        verdict = await desk.orders.resolve(OWN)
        assert (verdict.ok, verdict.text) == (True, "it is Working")
        desk.venue.end(desk.venue.number_of(OWN), S.CANCELED, "by the exchange")
        desk.clock.advance(4)
        verdict = await desk.orders.resolve(OWN)
        assert (verdict.ok, verdict.text) == (True, "it is Canceled: by the exchange")
        await desk.stop()

    run(scenario())


def test_resolve_that_cannot_tell(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.faults["drop before"] = 1
        await desk.orders.submit([request()])
        early = await desk.orders.resolve(OWN)
        assert (early.ok, early.text) == (
            False,
            "still Unknown (the line broke); ask again in a moment",
        )
        desk.venue.unreadable = {"orders": "timed out", "positions": "timed out"}
        unread = await desk.orders.resolve(OWN)
        assert unread.text == "still Unknown: the broker could not be read (orders: timed out)"
        desk.clock.advance(4)
        desk.venue.unreadable = {"positions": "timed out"}
        assert (await desk.orders.resolve(OWN)).ok
        assert desk.status(OWN) is S.REJECTED
        await desk.orders.submit([request(client_order_id=OTHER)])
        desk.venue.orders.clear()
        fresh = await desk.orders.resolve(OTHER)
        assert fresh.text == "still PendingNew; ask again in a moment"
        await desk.stop()

    run(scenario())


def test_writing_off_what_the_broker_forgot(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        assert not (await desk.orders.write_off(OWN, "phoned")).ok
        await desk.recorder.record([born(), submitted(), accepted()])
        assert "only Unknown" in (await desk.orders.write_off(OWN, "phoned")).text
        await desk.reconciler.reconcile(CONNECTION)
        assert desk.status(OWN) is S.UNKNOWN
        with desk.calls.of([OWN]):
            early = await desk.orders.write_off(OWN, "phoned")
        assert (early.ok, "on its way just now" in early.text) == (False, True)
        desk.clock.advance(4)
        verdict = await desk.orders.write_off(OWN, "phoned the broker")
        assert verdict.ok
        assert (desk.status(OWN), desk.order(OWN).reason) == (
            S.CANCELED,
            "written off by hand: phoned the broker",
        )
        desk.orders.on_reports(CONNECTION, [ExecutionReport(fill(40))])
        assert desk.order(OWN).cum_quantity == 40
        await desk.stop()

    run(scenario())


# -- restart ---------------------------------------------------------------------------------------


def test_a_new_run_finds_what_happened_meanwhile(run: LoopRunner) -> None:
    child = request(client_order_id=OTHER, side=Side.SELL)

    async def scenario() -> None:
        desk = Desk()
        await desk.orders.submit(oto(request(), child))
        desk.hear()
        await desk.settle()
        desk.connection.is_dead = True
        desk.venue.fill(desk.venue.number_of(OWN))
        desk.venue.accept(desk.venue.number_of(OTHER))
        desk.venue.outbox.clear()
        reborn = Desk(desk.venue, desk.memory.after_crash(), desk.clock)
        reborn.recorder.restore()
        assert [o.status for o in reborn.book] == [S.WORKING, S.HELD]
        await reborn.reconciler.reconcile(CONNECTION)
        assert [o.status for o in reborn.book] == [S.FILLED, S.WORKING]
        assert reborn.positions.held[ACCOUNT, SPY.key] == 100
        await desk.stop()
        await reborn.stop()

    run(scenario())


@pytest.mark.parametrize("fault", ["drop after", "drop before"])
def test_a_new_run_settles_what_was_in_doubt(run: LoopRunner, fault: str) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.faults[fault] = 1
        await desk.orders.submit([request()])
        reborn = Desk(desk.venue, desk.memory.after_crash(), desk.clock)
        reborn.recorder.restore()
        assert reborn.status(OWN) is S.UNKNOWN
        await reborn.reconciler.reconcile(CONNECTION)
        assert reborn.status(OWN) is (S.WORKING if fault == "drop after" else S.REJECTED)
        assert desk.venue.received[OWN] == (1 if fault == "drop after" else 0)
        await desk.stop()
        await reborn.stop()

    run(scenario())

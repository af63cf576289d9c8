"""Cancels, which always may go out, and changes, which pass every check an order passes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.base.errors import BrokerError, Outcome, UserError
from app.domain.groups import bracket
from app.domain.ids import AccountId, ClientOrderId, ConnectionId
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderChange
from app.engine.order_checks import Refused
from tests.doubles.desk import Desk
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import ACCOUNT, CONNECTION, OWN, QQQ, SPY, request
from tests.surprises import LogWatch

S = OrderStatus
D = Decimal
OTHER = ClientOrderId("other")
DEARER = OrderChange(limit_price=D("10.50"))


async def working(**timing: Any) -> Desk:
    """A desk with one order at work."""
    desk = Desk(**timing)
    await desk.orders.submit([request()])
    desk.hear()
    assert desk.status(OWN) is S.WORKING
    return desk


# -- cancel ----------------------------------------------------------------------------------------


def test_a_cancel_is_journaled_sent_and_confirmed(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        verdict = await desk.orders.cancel(OWN)
        assert (verdict.ok, verdict.text) == (True, "the cancel was sent")
        assert desk.status(OWN) is S.PENDING_CANCEL
        assert type(desk.memory.stored[-1]).__name__ == "OrderCancelRequested"
        desk.hear()
        assert desk.status(OWN) is S.CANCELED
        await desk.stop()

    run(scenario())


def test_everything_at_the_broker_is_canceled_by_one_request(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        assert not (await desk.orders.cancel_at_broker(CONNECTION)).ok
        assert desk.status(OWN) is S.WORKING
        desk.venue.capabilities = replace(desk.venue.capabilities, global_cancel=True)
        assert (await desk.orders.cancel_at_broker(CONNECTION)).ok
        desk.hear()
        assert desk.status(OWN) is S.CANCELED
        await desk.stop()

    run(scenario())


@pytest.mark.parametrize(
    ("outcome", "words"),
    [(Outcome.UNKNOWN, "nobody knows"), (Outcome.NOT_SENT, "nothing was canceled")],
)
def test_what_a_failed_cancel_of_everything_proves(
    run: LoopRunner, outcome: Outcome, words: str
) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.capabilities = replace(desk.venue.capabilities, global_cancel=True)
        desk.connection.call_error = BrokerError("the line broke", outcome)
        verdict = await desk.orders.cancel_at_broker(CONNECTION)
        assert not verdict.ok
        assert words in verdict.text
        await desk.stop()

    run(scenario())


def test_there_may_be_nothing_to_cancel(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        assert not (await desk.orders.cancel(OTHER)).ok
        desk.venue.fill(desk.venue.number_of(OWN))
        desk.hear()
        verdict = await desk.orders.cancel(OWN)
        assert (verdict.ok, verdict.text) == (True, "it is Filled: nothing to cancel")
        desk.connection.closed = "offline"
        await desk.orders.submit([request(client_order_id=OTHER)])
        verdict = await desk.orders.cancel(OTHER)
        assert (verdict.ok, verdict.text) == (True, "it is Denied: nothing to cancel")
        assert desk.venue.requests == [("submit", OWN)]
        await desk.stop()

    run(scenario())


def test_cancel_works_while_trading_is_closed_and_halted(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.connection.closed = "desk is reconciling"
        desk.gate.refusal = Refused("kill switch", "halted")
        assert (await desk.orders.cancel(OWN)).ok
        desk.hear()
        assert desk.status(OWN) is S.CANCELED
        await desk.stop()

    run(scenario())


def test_a_read_only_connection_sends_no_cancel(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.connection.read_only = True
        verdict = await desk.orders.cancel(OWN)
        assert (verdict.ok, "read-only" in verdict.text) == (False, True)
        desk.connection.error = UserError("there is no connection desk")
        assert (await desk.orders.cancel(OWN)).ok
        await desk.stop()

    run(scenario())


def test_pressing_cancel_again_sends_it_again(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        verdicts = await asyncio.gather(desk.orders.cancel(OWN), desk.orders.cancel(OWN))
        assert [verdict.ok for verdict in verdicts] == [True, True]
        desk.hear()
        assert desk.status(OWN) is S.CANCELED
        assert desk.venue.requests[1:] == [("cancel", OWN), ("cancel", OWN)]
        await desk.stop()

    run(scenario())


def test_cancel_of_an_unknown_order_is_tried(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.faults["drop after"] = 1
        await desk.orders.submit([request()])
        assert desk.status(OWN) is S.UNKNOWN
        assert (await desk.orders.cancel(OWN)).ok
        desk.hear()
        assert desk.status(OWN) is S.CANCELED
        await desk.stop()

    run(scenario())


def test_a_cancel_pressed_before_the_order_left_keeps_it_here(run: LoopRunner) -> None:
    entry, target, stop = bracket(request(), D(11), D(9))

    async def scenario() -> None:
        desk = Desk()
        desk.memory.is_held = True
        sending = asyncio.ensure_future(desk.orders.submit([entry, target, stop]))
        await desk.settle()
        canceling = asyncio.ensure_future(desk.orders.cancel(OWN))
        await desk.settle()
        desk.memory.is_held = False
        desk.memory.release()
        await sending
        verdict = await canceling
        assert (verdict.ok, verdict.text) == (True, "it is Canceled: nothing to cancel")
        assert [order.status for order in desk.book] == [S.CANCELED, S.DENIED, S.DENIED]
        assert desk.venue.requests == []
        assert desk.orders.handed_at == {}
        await desk.stop()

    run(scenario())


def test_a_cancel_does_not_overtake_its_order(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(call_timeout_s=0.05)
        desk.venue.faults["hang"] = 1
        sending = asyncio.ensure_future(desk.orders.submit([request()]))
        await desk.settle()
        canceling = asyncio.ensure_future(desk.orders.cancel(OWN))
        await desk.settle()
        assert desk.venue.requests == [("submit", OWN)]
        await sending
        assert desk.status(OWN) is S.PENDING_CANCEL
        assert (await canceling).ok
        assert desk.venue.requests == [("submit", OWN), ("cancel", OWN)]
        await desk.stop()

    run(scenario())


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ("not sent", S.WORKING, "not canceled: socket closed; it is Working"),
        ("refuse", S.WORKING, "not canceled: insufficient margin; it is Working"),
        ("drop before", S.PENDING_CANCEL, "nobody knows whether the cancel arrived"),
    ],
)
def test_a_cancel_that_failed(run: LoopRunner, fault: str, status: S, text: str) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.faults[fault] = 1
        verdict = await desk.orders.cancel(OWN)
        assert not verdict.ok
        assert text in verdict.text
        assert desk.status(OWN) is status
        await desk.stop()

    run(scenario())


def test_a_failed_cancel_of_what_is_over_by_now(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.on_receive = lambda orders: None
        desk.venue.faults["not sent"] = 1
        desk.venue.fill(desk.venue.number_of(OWN))
        strike = desk.venue._strike

        async def filled_first(when: str) -> None:
            desk.hear()
            await strike(when)

        desk.venue._strike = filled_first  # type: ignore[method-assign] # a fill in between
        verdict = await desk.orders.cancel(OWN)
        assert (verdict.ok, verdict.text) == (False, "not canceled: socket closed; it is Filled")
        await desk.stop()

    run(scenario())


def test_a_cancel_that_cannot_be_journaled_goes_out_and_says_so(
    run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        desk = await working()
        await desk.settle()
        desk.memory.is_full = True
        verdict = await desk.orders.cancel(OWN)
        assert verdict.ok
        assert verdict.text.startswith("the cancel was sent; it is not in the journal yet: the")
        again = await desk.orders.cancel(OWN)
        assert "not in the journal yet: the journal cannot be written" in again.text
        assert desk.venue.requests[1:] == [("cancel", OWN), ("cancel", OWN)]
        desk.memory.is_full = False
        desk.hear()
        assert await desk.recorder.stop()
        stored = [type(event).__name__ for event in desk.memory.stored]
        assert stored[3:] == ["OrderCancelRequested", "OrderCancelRequested", "OrderCanceled"]
        await desk.stop()

    with expected_logs("cannot be written to disk", level="ERROR", count=1):
        run(scenario())


def test_a_broker_refuses_a_cancel(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.fill(desk.venue.number_of(OWN))
        filled, desk.venue.outbox = desk.venue.outbox, []
        await desk.orders.cancel(OWN)
        desk.hear()
        assert desk.status(OWN) is S.WORKING
        assert "buy 100 SPY was not canceled: too late" in desk.notices[-1].text
        desk.orders.on_reports(CONNECTION, filled)
        assert desk.status(OWN) is S.FILLED
        await desk.stop()

    run(scenario())


def test_a_fill_after_the_cancel_was_confirmed_is_booked(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.faults["late fill"] = 1
        await desk.orders.cancel(OWN)
        desk.hear()
        order = desk.order(OWN)
        assert (order.status, order.cum_quantity == 1) == (S.CANCELED, True)
        await desk.stop()

    run(scenario())


def test_cancel_many_by_what_they_are(run: LoopRunner) -> None:
    second = AccountId("A2")
    asked = [
        request(client_order_id=ClientOrderId("a")),
        request(client_order_id=ClientOrderId("b"), side=Side.SELL),
        request(client_order_id=ClientOrderId("c"), instrument=QQQ),
        request(client_order_id=ClientOrderId("d"), account_id=second),
    ]
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "abcd"),
        ({"connection_id": CONNECTION}, "abcd"),
        ({"connection_id": ConnectionId("elsewhere")}, ""),
        ({"account_id": second}, "d"),
        ({"instrument_key": SPY.key}, "abd"),
        ({"side": Side.SELL}, "b"),
        ({"account_id": ACCOUNT, "instrument_key": SPY.key, "side": Side.BUY}, "a"),
    ]

    async def scenario() -> None:
        for filters, expected in cases:
            desk = Desk()
            for one in asked:
                await desk.orders.submit([one])
            desk.hear()
            verdicts = await desk.orders.cancel_many(**filters)
            assert all(verdict.ok for verdict in verdicts)
            canceled = [own_id for what, own_id in desk.venue.requests if what == "cancel"]
            assert "".join(canceled) == expected
            desk.hear()
            assert len(desk.book.open_orders()) == 4 - len(expected)
            await desk.stop()

    run(scenario())


# -- modify ----------------------------------------------------------------------------------------


def test_a_change_is_journaled_sent_and_confirmed(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        verdict = await desk.orders.modify(OWN, DEARER)
        assert (verdict.ok, verdict.text) == (True, "the change was sent")
        assert desk.status(OWN) is S.PENDING_REPLACE
        assert type(desk.memory.stored[-1]).__name__ == "OrderReplaceRequested"
        desk.hear()
        assert desk.status(OWN) is S.WORKING
        assert desk.order(OWN).limit_price == D("10.50")
        await desk.stop()

    run(scenario())


async def refused(desk: Desk, change: OrderChange, text: str) -> None:
    before = desk.order(OWN)
    verdict = await desk.orders.modify(OWN, change)
    assert (verdict.ok, text in verdict.text, desk.order(OWN) == before) == (False, True, True)
    assert [what for what, _ in desk.venue.requests if what == "modify"] == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (OrderChange(limit_price=D("10.005")), "multiple of 0.01"),
        (OrderChange(stop_price=D(9)), "takes no stop price"),
        (OrderChange(quantity=D(40)), "40 are filled already: cancel the rest instead"),
        (OrderChange(quantity=D(0)), "more than zero"),
    ],
)
def test_terms_that_make_no_sense(run: LoopRunner, change: OrderChange, text: str) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.fill(desk.venue.number_of(OWN), 40)
        desk.hear()
        await refused(desk, change, text)
        await desk.stop()

    run(scenario())


def test_a_change_passes_every_check(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.gate.refusal = Refused("price collar", "too far from the market")
        await refused(desk, DEARER, "too far from the market [price collar]")
        desk.connection.closed = "reconciling"
        await refused(desk, DEARER, "reconciling [trading closed]")
        desk.connection.read_only = True
        await refused(desk, DEARER, "[read-only]")
        desk.connection.error = UserError("gone")
        await refused(desk, DEARER, "gone [connection]")
        desk.connection.error, desk.connection.read_only = None, False
        desk.connection.closed = desk.gate.refusal = None
        desk.venue.capabilities = replace(desk.venue.capabilities, modify=False)
        await refused(desk, DEARER, "cannot change orders")
        await desk.stop()

    run(scenario())


def test_there_may_be_nothing_to_change(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        assert not (await desk.orders.modify(OTHER, DEARER)).ok
        same = await desk.orders.modify(OWN, OrderChange())
        assert (same.ok, same.text) == (True, "nothing was changed")
        await desk.orders.modify(OWN, DEARER)
        desk.venue.requests.clear()
        await refused(desk, DEARER, "on its way already")
        await desk.orders.cancel(OWN)
        await refused(desk, DEARER, "being canceled")
        desk.hear()
        await refused(desk, DEARER, "it is Canceled")
        await desk.orders.submit([request(client_order_id=OTHER)])
        fresh = await desk.orders.modify(OTHER, DEARER)
        assert "it is PendingNew" in fresh.text
        await desk.stop()

    run(scenario())


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("not sent", S.WORKING, "not sent: socket closed"),
        ("refuse", S.WORKING, "insufficient margin"),
        ("drop before", S.UNKNOWN, "nobody knows whether its change arrived: the line broke"),
    ],
)
def test_a_change_that_failed(run: LoopRunner, fault: str, status: S, reason: str) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.faults[fault] = 1
        verdict = await desk.orders.modify(OWN, DEARER)
        assert not verdict.ok
        hedge = ", as far as is known" if status is S.UNKNOWN else ""
        assert verdict.text.startswith(f"not changed{hedge}: ")
        assert (desk.status(OWN), desk.order(OWN).reason) == (status, reason)
        if status is S.UNKNOWN:
            await refused_while_unknown(desk)
        await desk.stop()

    run(scenario())


async def refused_while_unknown(desk: Desk) -> None:
    verdict = await desk.orders.modify(OWN, DEARER)
    assert "use Resolve or Cancel first" in verdict.text


def test_a_change_in_doubt_is_checked_once_it_has_settled(run: LoopRunner) -> None:
    async def scenario() -> None:
        for fault, price in (("drop before", D("10.00")), ("drop after", D("10.50"))):
            desk = await working()
            desk.venue.faults[fault] = 1
            await desk.orders.modify(OWN, DEARER)
            await desk.pass_time(3.1)
            assert desk.status(OWN) is S.WORKING
            assert desk.order(OWN).limit_price == price
            await desk.stop()

    run(scenario())


def test_a_change_whose_order_ended_meanwhile_is_not_sent(run: LoopRunner) -> None:
    async def scenario() -> None:
        for end in ("fill", "cancel"):
            desk = await working()
            desk.memory.is_held = True
            changing = asyncio.ensure_future(desk.orders.modify(OWN, DEARER))
            await desk.settle()
            if end == "fill":
                desk.venue.fill(desk.venue.number_of(OWN))
                desk.hear()
            else:
                canceling = asyncio.ensure_future(desk.orders.cancel(OWN))
                await desk.settle()
            desk.memory.is_held = False
            desk.memory.release()
            verdict = await changing
            assert not verdict.ok
            assert [what for what, _ in desk.venue.requests if what == "modify"] == []
            if end == "cancel":
                assert (await canceling).ok
                assert desk.order(OWN).pending_change is None
            await desk.stop()

    run(scenario())


def test_a_failure_of_a_change_while_it_is_canceled(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working(call_timeout_s=0.05)
        desk.venue.faults["hang"] = 1
        changing = asyncio.ensure_future(desk.orders.modify(OWN, DEARER))
        await desk.settle()
        assert (await desk.orders.cancel(OWN)).ok
        await changing
        assert desk.status(OWN) is S.PENDING_CANCEL
        desk.hear()
        assert desk.status(OWN) is S.CANCELED
        await desk.stop()

    run(scenario())


def test_a_journal_that_refuses_stops_changes(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        desk = await working()
        await desk.settle()
        desk.memory.is_full = True
        verdict = await desk.orders.modify(OWN, DEARER)
        assert "disk full" in verdict.text
        assert desk.status(OWN) is S.WORKING
        await refused(desk, DEARER, "[storage]")
        await desk.stop()

    with expected_logs("cannot be written to disk", level="ERROR", count=1):
        run(scenario())


def test_stopping_in_the_middle_of_a_change(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        await desk.settle()
        desk.memory.is_held = True
        waiting = asyncio.ensure_future(desk.orders.modify(OWN, DEARER))
        await desk.settle()
        await desk.orders.stop(0.01)
        await asyncio.wait([waiting])
        assert desk.status(OWN) is S.WORKING
        desk.memory.is_held = False
        desk.memory.release()
        await desk.settle()
        desk.venue.faults["hang"] = 1
        sent = asyncio.ensure_future(desk.orders.modify(OWN, DEARER))
        await desk.settle()
        await desk.orders.stop(0.01)
        await asyncio.wait([sent])
        assert desk.status(OWN) is S.UNKNOWN
        await desk.stop()

    run(scenario())


def test_a_broker_refuses_a_change(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = await working()
        desk.venue.fill(desk.venue.number_of(OWN), 40)
        filled, desk.venue.outbox = desk.venue.outbox, []
        await desk.orders.modify(OWN, OrderChange(quantity=D(30)))
        desk.hear()
        assert desk.status(OWN) is S.WORKING
        assert "was not changed: too late" in desk.notices[-1].text
        desk.orders.on_reports(CONNECTION, filled)
        assert desk.status(OWN) is S.PARTIALLY_FILLED
        await desk.stop()

    run(scenario())


def test_a_change_of_a_stop(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        stop = request(order_type=OrderType.STOP, limit_price=None, stop_price=D(9))
        await desk.orders.submit([stop])
        desk.hear()
        await desk.orders.modify(OWN, OrderChange(stop_price=D("9.50"), quantity=D(50)))
        desk.hear()
        order = desk.order(OWN)
        assert [order.status, order.stop_price, order.quantity] == [S.WORKING, D("9.50"), 50]
        await desk.stop()

    run(scenario())

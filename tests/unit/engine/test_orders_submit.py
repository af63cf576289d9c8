"""The way of an order out: refused with a rule, or on disk first and sent exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.base.errors import BrokerError, UserError
from app.domain import order_events as ev
from app.domain.capabilities import Capabilities
from app.domain.groups import bracket, oco
from app.domain.ids import AccountId, ClientOrderId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType
from app.engine.order_checks import Refused
from tests.doubles.desk import Desk
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import OWN, SPY, request
from tests.surprises import LogWatch

S = OrderStatus
D = Decimal
OTHER = ClientOrderId("other")


def stored(desk: Desk) -> list[str]:
    return [type(event).__name__ for event in desk.memory.stored]


def test_the_intent_is_on_disk_before_anything_is_sent(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        on_disk: list[list[str]] = []
        desk.venue.on_receive = lambda orders: on_disk.append(stored(desk))
        desk.memory.is_held = True
        sending = asyncio.ensure_future(desk.orders.submit([request()]))
        await desk.settle()
        assert desk.venue.requests == []
        assert desk.orders.handed_at == {}
        desk.memory.is_held = False
        desk.memory.release()
        (order,) = await sending
        assert desk.orders.handed_at == {OWN: desk.clock.now()}
        assert on_disk == [["OrderInitialized", "OrderSubmitted"]]
        assert order.status is S.PENDING_NEW
        assert desk.gate.sent == [request()]
        desk.hear()
        assert desk.status(OWN) is S.WORKING
        await desk.stop()

    run(scenario())


def test_an_id_is_sent_once_however_often_it_is_submitted(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        both = await asyncio.gather(
            desk.orders.submit([request()]), desk.orders.submit([request()])
        )
        assert [orders[0].client_order_id for orders in both] == [OWN, OWN]
        desk.hear()
        again = await desk.orders.submit([request(), request(client_order_id=OTHER)])
        assert [order.client_order_id for order in again] == [OWN]
        assert desk.venue.received == {OWN: 1}
        assert "was submitted before" in desk.notices[-1].text
        reborn = Desk(desk.venue, desk.memory.after_crash())
        reborn.recorder.restore()
        await reborn.orders.submit([request()])
        assert desk.venue.received == {OWN: 1}
        await desk.stop()
        await reborn.stop()

    run(scenario())


def test_nothing_submitted_is_nothing_sent(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        assert await desk.orders.submit([]) == []

    run(scenario())


# -- refusals --------------------------------------------------------------------------------------


async def denied(desk: Desk, requests: Sequence[Any]) -> ev.OrderDenied:
    """Submit what must be refused; the denial of the first."""
    orders = await desk.orders.submit(requests)
    assert {order.status for order in orders} == {S.DENIED}
    assert desk.venue.requests == []
    assert desk.gate.sent == []
    await desk.settle()
    events = [event for event in desk.memory.stored if isinstance(event, ev.OrderDenied)]
    assert len(events) == len(orders)
    assert [change.order for change in desk.changes][-len(orders) :] == list(orders)
    return events[0]


OPTION = Instrument("SPY", AssetClass.OPTION, "USD")
EXPIRED = Instrument("ESH4", AssetClass.FUTURE, "USD", expiry=date(2024, 3, 11))
NARROW = Capabilities(
    order_types={AssetClass.ETF: frozenset({OrderType.LIMIT})},
    times_in_force={OrderType.LIMIT: frozenset({request().time_in_force})},
)


@pytest.mark.parametrize(
    ("changes", "rule", "text"),
    [
        ({"quantity": D(0)}, "order", "buy SPY: quantity must be more than zero"),
        ({"instrument": EXPIRED}, "expired", "ESH4 expired on 2024-03-11"),
    ],
)
def test_what_makes_no_sense_is_denied(
    run: LoopRunner, changes: dict[str, Any], rule: str, text: str
) -> None:
    async def scenario() -> None:
        event = await denied(Desk(), [request(**changes)])
        assert event.rule == rule
        assert text in event.reason

    run(scenario())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"instrument": OPTION}, "takes no limit day orders in option"),
        ({"order_type": OrderType.MARKET}, "takes no market day orders in etf"),
        ({"outside_hours": True}, "outside trading hours"),
        (
            {"quantity": D("1.5"), "instrument": replace(SPY, quantity_step=D("0.1"))},
            "whole quantities only, not 1.5",
        ),
    ],
)
def test_what_the_connection_cannot_do_is_denied(
    run: LoopRunner, changes: dict[str, Any], text: str
) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.capabilities = NARROW
        event = await denied(desk, [request(**changes)])
        assert event.rule == "capability"
        assert text in event.reason

    run(scenario())


def test_a_replay_has_its_own_date(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.capabilities = replace(desk.venue.capabilities, replay=True)
        (order,) = await desk.orders.submit([request(instrument=EXPIRED)])
        assert order.status is S.PENDING_NEW
        await desk.stop()

    run(scenario())


def test_a_group_that_is_none_is_denied(run: LoopRunner) -> None:
    entry, target, stop = bracket(request(), D(11), D(9))
    rivals = oco(request(), request(client_order_id=OTHER))
    cases = [
        ([entry, replace(target, client_order_id=OWN)], "share one id"),
        ([entry, replace(target, account_id=AccountId("A2"))], "of one account"),
        ([target], "sent together with it"),
        ([target, entry, stop], "sent together with it"),
        ([request(), request(client_order_id=OTHER)], "go one by one"),
    ]

    async def scenario() -> None:
        for requests, text in cases:
            event = await denied(Desk(), requests)
            assert (event.rule, text in event.reason) == ("group", True)
        for requests, text in (
            ([entry, target, stop], "wait for another"),
            (rivals, "one-cancels-other"),
        ):
            desk = Desk()
            desk.venue.capabilities = replace(desk.venue.capabilities, bracket=False, oco=False)
            event = await denied(desk, requests)
            assert (event.rule, text in event.reason) == ("capability", True)

    run(scenario())


def test_a_read_only_connection(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.connection.read_only = True
        assert (await denied(desk, [request()])).rule == "read-only"

    run(scenario())


def test_trading_that_is_closed(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.connection.closed = "desk is reconciling"
        event = await denied(desk, [request()])
        assert (event.rule, event.reason) == ("trading closed", "desk is reconciling")

    run(scenario())


def test_a_connection_that_is_not_there(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.connection.error = UserError("there is no connection desk")
        assert (await denied(desk, [request()])).rule == "connection"

    run(scenario())


def test_the_risk_gate_names_rule_limit_and_value(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.gate.refusal = Refused("order value", "too much", "250000", "300000")
        event = await denied(desk, bracket(request(), D(11), D(9)))
        assert event.rule == "order value"
        assert (event.limit, event.actual) == ("250000", "300000")

    run(scenario())


def test_a_journal_that_refuses_stops_new_orders(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.is_full = True
        (first,) = await desk.orders.submit([request()])
        assert first.status is S.DENIED
        assert "disk full" in first.reason
        (second,) = await desk.orders.submit([request(client_order_id=OTHER)])
        assert (second.status, "free disk space" in second.reason) == (S.DENIED, True)
        assert desk.venue.requests == []
        desk.memory.is_full = False
        assert await desk.recorder.stop()
        assert [order.status for order in desk.book] == [S.DENIED, S.DENIED]
        (third,) = await desk.orders.submit([request(client_order_id=ClientOrderId("third"))])
        assert third.status is S.PENDING_NEW
        await desk.stop()

    with expected_logs("cannot be written to disk", level="ERROR", count=1):
        run(scenario())


def test_a_journal_that_hangs_stops_the_order(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(journal_timeout_s=0.02)
        desk.memory.is_held = True
        (order,) = await desk.orders.submit([request()])
        assert (order.status, order.reason) == (
            S.DENIED,
            "the journal did not confirm within 0.02 s",
        )
        assert desk.venue.requests == []
        desk.memory.is_held = False
        desk.memory.release()
        assert await desk.recorder.stop()
        assert stored(desk) == ["OrderInitialized", "OrderSubmitted", "OrderDenied"]

    run(scenario())


# -- what a failed call proves ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("not sent", S.DENIED),
        ("refuse", S.REJECTED),
        ("drop before", S.UNKNOWN),
        ("drop after", S.UNKNOWN),
    ],
)
def test_only_proof_ends_an_order(run: LoopRunner, fault: str, status: S) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.faults[fault] = 1
        (order,) = await desk.orders.submit([request()])
        assert order.status is status
        assert order.reason in ("socket closed", "insufficient margin", "the line broke")
        alarms = [notice for notice in desk.notices if "is Unknown" in notice.text]
        assert bool(alarms) is (status is S.UNKNOWN)
        await desk.stop()

    run(scenario())


def test_foreign_exceptions_prove_nothing(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.faults["foreign error"] = 1
        (order,) = await desk.orders.submit([request()])
        assert (order.status, order.reason) == (S.UNKNOWN, "RuntimeError: the SDK fell over")
        desk.connection.call_error = TimeoutError()
        (order,) = await desk.orders.submit([request(client_order_id=OTHER)])
        assert (order.status, order.reason) == (S.UNKNOWN, "desk did not answer in time")
        await desk.stop()

    with expected_logs("failed in an unforeseen way", level="ERROR", count=1):
        run(scenario())


def test_a_call_that_hangs_times_out_into_unknown(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(call_timeout_s=0.02)
        desk.venue.faults["hang"] = 1
        (order,) = await desk.orders.submit([request()])
        assert (order.status, order.reason) == (S.UNKNOWN, "no answer within 0.02 s")
        await desk.stop()

    run(scenario())


@pytest.mark.parametrize("fault", ["drop after", "not sent", "refuse"])
def test_reports_that_spoke_first_outweigh_a_failure(run: LoopRunner, fault: str) -> None:
    """One leg of two was heard of; the failure speaks for the other alone."""
    entry, target, _ = bracket(request(), D(11), D(9))

    async def scenario() -> None:
        desk = Desk()

        def speak(orders: Sequence[Order]) -> None:
            desk.recorder.record(
                [ev.OrderAccepted(client_order_id=OWN, at=desk.clock.now(), perm_id="p")]
            )

        desk.venue.on_receive = speak
        desk.venue.faults[fault] = 1
        first, second = await desk.orders.submit([entry, target])
        assert first.status is S.WORKING
        expected = {"drop after": S.UNKNOWN, "not sent": S.DENIED, "refuse": S.REJECTED}
        assert second.status is expected[fault]
        await desk.stop()

    run(scenario())


@pytest.mark.parametrize("fault", ["not sent", "refuse", "drop before"])
def test_a_failure_after_unknown_still_proves(run: LoopRunner, fault: str) -> None:
    async def scenario() -> None:
        desk = Desk()

        def lose(orders: Sequence[Order]) -> None:
            desk.orders.answers.lose(OWN, "no answer within 5 s")

        desk.venue.on_receive = lose
        desk.venue.faults[fault] = 1
        (order,) = await desk.orders.submit([request()])
        expected = {"drop before": S.UNKNOWN, "not sent": S.DENIED, "refuse": S.REJECTED}
        assert order.status is expected[fault]
        await desk.stop()

    run(scenario())


# -- tasks that are broken off ---------------------------------------------------------------------


def test_going_away_does_not_break_off_a_submit(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.is_held = True
        asked = asyncio.ensure_future(desk.orders.submit([request()]))
        await desk.settle()
        asked.cancel()
        await asyncio.wait([asked])
        desk.memory.is_held = False
        desk.memory.release()
        await desk.settle()
        desk.hear()
        assert desk.status(OWN) is S.WORKING
        assert desk.venue.received == {OWN: 1}
        await desk.stop()

    run(scenario())


def test_stopping_before_the_disk_answers_proves_it_was_not_sent(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.memory.is_held = True
        asked = asyncio.ensure_future(desk.orders.submit([request()]))
        await desk.settle()
        await desk.orders.stop(0.01)
        assert desk.status(OWN) is S.DENIED
        assert desk.venue.requests == []
        desk.memory.is_held = False
        desk.memory.release()
        await asyncio.wait([asked])
        assert await desk.recorder.stop()

    run(scenario())


def test_stopping_while_the_broker_is_silent_leaves_it_unknown(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.venue.faults["hang"] = 1
        asked = asyncio.ensure_future(desk.orders.submit([request()]))
        await desk.settle()
        await desk.orders.stop(0.01)
        assert desk.status(OWN) is S.UNKNOWN
        assert "stopped waiting" in desk.order(OWN).reason
        await asyncio.wait([asked])
        # Nothing is watched any more, and nothing begins to be.
        desk.orders.answers.expect(desk.order(OWN))
        await desk.stop()

    run(scenario())


def test_a_failure_that_is_no_refusal_is_not_swallowed(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()

        def check(requests: object) -> Refused | None:
            raise BrokerError("the gate itself is broken")

        desk.gate.check = check  # type: ignore[method-assign] # a gate that fails
        with pytest.raises(BrokerError):
            await desk.orders.submit([request()])
        assert len(desk.book) == 0

    run(scenario())

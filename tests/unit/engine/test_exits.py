"""Ways out: never more than is held, never twice, and a verdict for every order."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.base.clock import SystemClock
from app.domain.capabilities import Capabilities
from app.domain.groups import bracket
from app.domain.ids import ClientOrderId
from app.domain.instrument import AssetClass
from app.domain.order_types import OrderStatus, OrderType, Origin, Side, TimeInForce
from app.domain.verdict import Verdict
from app.engine.exits import Exits
from app.engine.order_checks import Refused
from tests.doubles.broker import EVERYTHING
from tests.doubles.desk import Desk
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import ACCOUNT, CONNECTION, SPY, request

S = OrderStatus
D = Decimal
HERE = (CONNECTION, ACCOUNT, SPY.key)


class Pit(Desk):
    """A desk whose venue answers by itself, with a position to get out of."""

    def __init__(self, quantity: int = 100, *, trades: bool = True) -> None:
        super().__init__()
        if quantity:
            self.positions.held[ACCOUNT, SPY.key] = D(quantity)
        self.venue.unreadable["positions"] = "what is held at the start is no fill of the venue"
        self.trades = trades
        self.exits = Exits(
            self.orders,
            self.recorder,
            self.positions,
            self.connection,
            SystemClock(),
            cancel_wait_s=0.2,
            fill_wait_s=0.2,
        )
        self.is_open = True
        self._market = asyncio.get_running_loop().create_task(self._trade())

    async def _trade(self) -> None:
        """The market: market orders trade in full, everything said arrives a moment later."""
        while self.is_open:
            await asyncio.sleep(0)
            if self.trades:
                for number in self.venue.live():
                    said = self.venue.orders[number].report
                    if said.order_type is OrderType.MARKET and said.status is S.WORKING:
                        self.venue.fill(number)
            if self.venue.outbox:
                self.hear()

    @property
    def held(self) -> Decimal:
        return self.positions.held.get((ACCOUNT, SPY.key), D(0))

    def sent(self) -> list[tuple[Side, Decimal]]:
        """Every market order the venue received."""
        reports = [held.report for held in self.venue.orders.values()]
        return [(r.side, r.quantity) for r in reports if r.order_type is OrderType.MARKET]

    async def close(self) -> None:
        await self.settle()
        self.is_open = False
        await self._market
        await self.stop()


def texts(verdicts: list[Verdict]) -> list[str]:
    """What was said; how far a sent order is by then depends on the market's haste."""
    return [re.sub(r"(ing .*?): \w+", r"\1: sent", verdict.text) for verdict in verdicts]


# -- close -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "side"), [(100, Side.SELL), (-40, Side.BUY)])
def test_close_takes_side_and_size_from_the_position(
    run: LoopRunner, quantity: int, side: Side
) -> None:
    async def scenario() -> None:
        pit = Pit(quantity)
        (verdict,) = await pit.exits.close_position(*HERE)
        assert verdict.ok
        assert verdict.order is not None
        asked = verdict.order.request
        assert (asked.reduce_only, asked.stale_quote_ok, asked.origin) == (
            True,
            True,
            Origin.POSITION,
        )
        assert pit.sent() == [(side, D(abs(quantity)))]
        await pit.settle()
        assert pit.held == 0
        await pit.close()

    run(scenario())


@pytest.mark.parametrize(
    ("fraction", "sent"), [("0.25", 25), ("0.5", 50), ("0.75", 75), ("0.333", 33), ("1", 100)]
)
def test_a_part_is_rounded_down_to_the_step(run: LoopRunner, fraction: str, sent: int) -> None:
    async def scenario() -> None:
        pit = Pit()
        await pit.exits.close_position(*HERE, D(fraction))
        assert pit.sent() == [(Side.SELL, D(sent))]
        await pit.close()

    run(scenario())


def test_a_part_too_small_to_send_is_said(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(3)
        (verdict,) = await pit.exits.close_position(*HERE, D("0.25"))
        assert (verdict.ok, verdict.text) == (
            False,
            "not closed: that part is less than the smallest step, 1",
        )
        for wrong in ("0", "-1", "1.5"):
            (verdict,) = await pit.exits.close_position(*HERE, D(wrong))
            assert "is no part of a position" in verdict.text
        assert pit.sent() == []
        await pit.close()

    run(scenario())


def test_without_a_position_there_is_nothing_to_close(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(0)
        for _ in range(2):
            (verdict,) = await pit.exits.close_position(*HERE)
            assert (verdict.ok, verdict.text) == (True, "there is no position")
            pit.positions.held[ACCOUNT, SPY.key] = D(0)
        await pit.close()

    run(scenario())


def test_a_position_that_is_not_verified_needs_a_word(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit()
        pit.positions.is_verified = False
        (verdict,) = await pit.exits.close_position(*HERE)
        assert "has not confirmed this position (last: never)" in verdict.text
        pit.positions.verified_at = datetime(2024, 3, 12, 14, 0, tzinfo=UTC)
        (verdict,) = await pit.exits.close_position(*HERE)
        assert "(last: 2024-03-12 14:00:00+00:00)" in verdict.text
        assert pit.sent() == []
        (verdict,) = await pit.exits.close_position(*HERE, unverified_ok=True)
        assert verdict.ok
        assert pit.sent() == [(Side.SELL, D(100))]
        await pit.close()

    run(scenario())


def test_pressing_twice_sends_one_order(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        first, second = await asyncio.gather(
            pit.exits.close_position(*HERE), pit.exits.close_position(*HERE)
        )
        assert first[0].ok
        assert texts(second) == ["it is being closed already by sell 100 SPY market (PendingNew)"]
        await pit.settle()
        (third,) = await pit.exits.close_position(*HERE)
        assert third.text.startswith("it is being closed already")
        assert pit.sent() == [(Side.SELL, D(100))]
        await pit.close()

    run(scenario())


def test_an_exit_that_may_be_live_counts(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        pit.venue.faults["drop before"] = 1
        (lost,) = await pit.exits.close_position(*HERE)
        assert (lost.ok, lost.text) == (
            False,
            "not closing 100 of 100: Unknown, the line broke",
        )
        (again,) = await pit.exits.close_position(*HERE)
        assert (again.ok, again.text) == (
            False,
            "not closed: it may still be taken by sell 100 SPY market (Unknown)."
            " Resolve what is Unknown in Orders, or write it off there",
        )
        assert pit.sent() == []
        await pit.close()

    run(scenario())


def test_parts_add_up_to_what_is_held(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        for _ in range(2):
            await pit.exits.close_position(*HERE, D("0.75"))
        assert pit.sent() == [(Side.SELL, D(75)), (Side.SELL, D(25))]
        pit.trades = True
        await pit.settle()
        assert pit.held == 0
        await pit.close()

    run(scenario())


def test_a_fill_that_the_position_has_not_heard_of_is_waited_for(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        await pit.exits.close_position(*HERE)
        await pit.settle()
        pit.memory.is_held = pit.trades = True
        await pit.settle()
        assert pit.held == 100
        pressing = asyncio.create_task(pit.exits.close_position(*HERE))
        await pit.settle()
        pit.memory.is_held = False
        pit.memory.release()
        assert texts(await pressing) == ["there is no position"]
        assert pit.sent() == [(Side.SELL, D(100))]
        await pit.close()

    run(scenario())


def test_nothing_is_closed_while_fills_are_not_on_disk(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        await pit.exits.close_position(*HERE, D("0.5"))
        await pit.settle()
        pit.memory.is_held = pit.trades = True
        await pit.settle()
        assert (pit.held, pit.recorder.unannounced_quantity(*HERE)) == (D(100), D(-50))
        (verdict,) = await pit.exits.close_position(*HERE)
        assert (verdict.ok, "on their way to the disk" in verdict.text) == (False, True)
        verdicts = await pit.exits.reverse(*HERE)
        assert [verdict.ok for verdict in verdicts] == [False, False]
        assert pit.sent() == [(Side.SELL, D(50))]
        pit.positions.held[ACCOUNT, SPY.key] = D(0)
        assert "on their way" in pit.exits._not_flat(HERE)
        pit.memory.is_held = False
        pit.memory.release()
        await pit.close()

    run(scenario())


def test_resting_exits_are_named_when_they_stay(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        stop = request(side=Side.SELL, order_type=OrderType.STOP, limit_price=None, stop_price=D(9))
        await pit.orders.submit([stop])
        await pit.settle()
        (text,) = texts(await pit.exits.close_position(*HERE))
        assert text == ("closing 100 of 100: sent; still open too: sell 100 SPY stop (Working)")
        await pit.close()

    run(scenario())


def test_a_refused_exit_is_said(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit()
        pit.gate.refusal = Refused("instrument ban", "SPY is banned")
        (verdict,) = await pit.exits.close_position(*HERE)
        assert (verdict.ok, verdict.text) == (
            False,
            "not closing 100 of 100: Denied, SPY is banned",
        )
        await pit.close()

    run(scenario())


@pytest.mark.parametrize(
    ("times", "chosen"),
    [
        ({TimeInForce.GTC, TimeInForce.IOC}, TimeInForce.IOC),
        ({TimeInForce.GTC}, TimeInForce.GTC),
        (set(TimeInForce), TimeInForce.DAY),
        (set(), TimeInForce.DAY),
    ],
)
def test_an_exit_lasts_as_the_broker_allows(
    run: LoopRunner, times: set[TimeInForce], chosen: TimeInForce
) -> None:
    async def scenario() -> None:
        pit = Pit()
        pit.venue.capabilities = Capabilities(
            order_types={AssetClass.ETF: frozenset({OrderType.MARKET})},
            times_in_force={OrderType.MARKET: frozenset(times)},
        )
        (verdict,) = await pit.exits.close_position(*HERE)
        assert verdict.ok is bool(times)
        assert verdict.order is not None
        assert verdict.order.request.time_in_force is chosen
        pit.venue.capabilities = EVERYTHING
        await pit.close()

    run(scenario())


# -- flatten ---------------------------------------------------------------------------------------


async def with_bracket(pit: Pit) -> None:
    for leg in (bracket(request(), D(11), D(9)), [request(client_order_id=ClientOrderId("x"))]):
        await pit.orders.submit(leg)
    await pit.settle()


def test_flatten_cancels_waits_and_closes(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit()
        await with_bracket(pit)
        verdicts = await pit.exits.flatten(*HERE)
        assert texts(verdicts) == [
            "buy 100 SPY limit is Canceled",
            "sell 100 SPY limit is Canceled",
            "sell 100 SPY stop is Canceled",
            "buy 100 SPY limit is Canceled",
            "closing 100 of 100: sent",
        ]
        assert all(verdict.ok for verdict in verdicts)
        await pit.settle()
        assert pit.held == 0
        assert pit.book.open_orders() == []
        await pit.close()

    run(scenario())


def test_flatten_reads_the_position_after_the_cancels(run: LoopRunner) -> None:
    """The entry trades while it is being canceled: what it bought is closed too."""

    async def scenario() -> None:
        pit = Pit(0)
        await pit.orders.submit([request()])
        await pit.settle()
        pit.venue.faults["late fill"] = 1
        verdicts = await pit.exits.flatten(*HERE)
        assert texts(verdicts) == ["buy 100 SPY limit is Canceled", "closing 1 of 1: sent"]
        await pit.settle()
        assert pit.held == 0
        await pit.close()

    run(scenario())


def test_flatten_never_overshoots_what_may_still_trade(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        target = request(side=Side.SELL, quantity=D(30), limit_price=D(11))
        await pit.orders.submit([target])
        await pit.settle()
        pit.venue.faults["refuse"] = 1
        verdicts = await pit.exits.flatten(*HERE)
        assert texts(verdicts) == [
            "sell 30 SPY limit is still Working: not canceled: insufficient margin; it is Working",
            "closing 70 of 100: sent; still open too: sell 30 SPY limit (Working)",
        ]
        assert [verdict.ok for verdict in verdicts] == [False, True]
        assert pit.sent() == [(Side.SELL, D(70))]
        await pit.close()

    run(scenario())


def test_flatten_leaves_what_an_unknown_order_may_take(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        pit.venue.faults["drop before"] = 2
        await pit.orders.submit([request(side=Side.SELL)])
        verdicts = await pit.exits.flatten(*HERE)
        assert texts(verdicts) == [
            "sell 100 SPY limit is still PendingCancel: nobody knows whether the cancel arrived:"
            " the line broke",
            "not closed: it may still be taken by sell 100 SPY limit (PendingCancel)",
        ]
        assert pit.sent() == []
        await pit.close()

    run(scenario())


def test_flatten_twice_is_once(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit()
        await with_bracket(pit)
        first, second = await asyncio.gather(pit.exits.flatten(*HERE), pit.exits.flatten(*HERE))
        assert first is second
        assert pit.sent() == [(Side.SELL, D(100))]
        await pit.settle()
        assert texts(await pit.exits.flatten(*HERE)) == ["there is no position"]
        await pit.close()

    run(scenario())


# -- reverse ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "side"), [(100, Side.SELL), (-40, Side.BUY)])
def test_reverse_closes_and_opens_the_other_side(
    run: LoopRunner, quantity: int, side: Side
) -> None:
    async def scenario() -> None:
        pit = Pit(quantity)
        size = D(abs(quantity))
        verdicts = await pit.exits.reverse(*HERE)
        assert [verdict.ok for verdict in verdicts] == [True, True]
        assert texts(verdicts)[-1] == f"opening {size} the other way: sent"
        assert pit.sent() == [(side, size), (side, size)]
        opening = verdicts[-1].order
        assert opening is not None
        assert (opening.request.reduce_only, opening.request.stale_quote_ok) == (False, False)
        await pit.settle()
        assert pit.held == -quantity
        await pit.close()

    run(scenario())


def test_reverse_takes_old_orders_away_first(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit()
        await with_bracket(pit)
        verdicts = await pit.exits.reverse(*HERE)
        assert len(verdicts) == 6
        await pit.settle()
        assert pit.held == -100
        assert pit.book.open_orders() == []
        await pit.close()

    run(scenario())


def test_reverse_of_nothing(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(0)
        assert texts(await pit.exits.reverse(*HERE)) == ["there is no position to reverse"]
        await pit.close()

    run(scenario())


def test_reverse_opens_nothing_unless_it_is_flat(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        verdicts = await pit.exits.reverse(*HERE)
        assert verdicts[-1].text == "not reversed, nothing was opened: 100 still held"
        assert pit.sent() == [(Side.SELL, D(100))]
        await pit.close()

        pit = Pit()
        pit.positions.is_verified = False
        verdicts = await pit.exits.reverse(*HERE)
        assert [verdict.ok for verdict in verdicts] == [False, False]
        assert pit.sent() == []
        await pit.close()

    run(scenario())


def test_reverse_opens_nothing_while_an_old_order_may_trade(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit()
        await pit.orders.submit([request(limit_price=D(9))])
        await pit.settle()
        pit.venue.faults["refuse"] = 1
        verdicts = await pit.exits.reverse(*HERE)
        assert verdicts[-1].text == (
            "not reversed, nothing was opened: still open: buy 100 SPY limit (Working)"
        )
        assert pit.held == 0
        await pit.close()

    run(scenario())


def test_flatten_pressed_during_a_reverse_wins(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        reversing = asyncio.create_task(pit.exits.reverse(*HERE))
        await pit.settle()
        flattening = asyncio.create_task(pit.exits.flatten(*HERE))
        await pit.settle()
        pit.trades = True
        await flattening
        verdicts = await reversing
        await pit.settle()
        assert "not reversed" in verdicts[-1].text
        await pit.exits.flatten(*HERE)
        await pit.settle()
        assert pit.held == 0
        await pit.close()

    run(scenario())


def test_flatten_pressed_when_it_is_flat_already_wins_too(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit()
        pit.trades = False
        reversing = asyncio.create_task(pit.exits.reverse(*HERE))
        await pit.settle()
        (number,) = pit.venue.live()
        pit.venue.fill(number)
        await pit.settle()
        flattening = asyncio.create_task(pit.exits.flatten(*HERE))
        verdicts = await reversing
        assert verdicts[-1].text == "not reversed: Flatten was pressed meanwhile"
        assert texts(await flattening) == ["there is no position"]
        assert pit.held == 0
        await pit.close()

    run(scenario())


def test_reverse_opens_nothing_that_is_no_longer_wanted_when_it_is_flat(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        reason: list[str] = []
        why_not = lambda: reason[0] if reason else None  # noqa: E731 - one expression
        reversing = asyncio.create_task(pit.exits.reverse(*HERE, why_not=why_not))
        await pit.settle()
        reason.append("disarmed")
        (number,) = pit.venue.live()
        pit.venue.fill(number)
        verdicts = await reversing
        await pit.settle()
        assert verdicts[-1].text == "closed, but nothing was opened: disarmed"
        assert not verdicts[-1].ok
        assert pit.held == 0
        assert pit.sent() == [(Side.SELL, D(100))]
        await pit.close()

    run(scenario())


def test_stop_gives_up_waiting(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        reversing = asyncio.create_task(pit.exits.reverse(*HERE))
        await pit.settle()
        await pit.exits.stop()
        await asyncio.wait([reversing])
        assert reversing.cancelled()
        assert pit.sent() == [(Side.SELL, D(100))]
        await pit.close()

    run(scenario())

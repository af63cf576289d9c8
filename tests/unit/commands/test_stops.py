"""Stops moved by ticks: closer at any time, further only armed, never through the market."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import UserError
from app.base.paths import Paths
from app.commands.stops import moved_stop
from app.domain.market import Quote
from app.domain.order import Order
from app.domain.order_types import OrderStatus, Side
from tests.doubles.loop import LoopRunner
from tests.unit.commands.test_entries import quote
from tests.unit.commands.test_exits import stop
from tests.unit.commands.trade_desk import TradeDesk, trade_desk

CENT = Decimal("0.01")
MARKET: Quote = quote(99.99, 100.01)


def test_a_stop_limit_keeps_its_distance() -> None:
    change = moved_stop(stop(Side.SELL, "99.00", "98.75"), 5, MARKET)
    assert (change.stop_price, change.limit_price) == (Decimal("99.05"), Decimal("98.80"))
    plain = moved_stop(stop(Side.SELL, "99.00"), -1, MARKET)
    assert (plain.stop_price, plain.limit_price) == (Decimal("98.99"), None)


@pytest.mark.parametrize(
    ("side", "at", "ticks"),
    [(Side.SELL, "99.98", 1), (Side.SELL, "99.90", 50), (Side.BUY, "100.02", -1)],
)
def test_it_never_touches_the_market(side: Side, at: str, ticks: int) -> None:
    with pytest.raises(UserError, match="would fire at once"):
        moved_stop(stop(side, at), ticks, MARKET)
    assert moved_stop(stop(side, at), -ticks, MARKET).stop_price is not None
    assert moved_stop(stop(side, at), ticks, None).stop_price is not None


def test_a_price_of_nothing_is_no_price() -> None:
    with pytest.raises(UserError, match="stays where it is"):
        moved_stop(stop(Side.SELL, "0.05"), -5, MARKET)


ticks = st.integers(-500, 500).filter(bool)


@given(st.integers(9000, 9998), ticks)
def test_what_is_allowed_is_beyond_the_market_on_the_right_side(cents: int, by: int) -> None:
    order = stop(Side.SELL, str(Decimal(cents) / 100))
    assert order.stop_price is not None
    try:
        moved = moved_stop(order, by, MARKET).stop_price
    except UserError:
        assert order.stop_price + by * CENT >= Decimal("99.99")
    else:
        assert moved == order.stop_price + by * CENT
        assert moved < Decimal("99.99")


async def stopped(desk: TradeDesk, distance: str = "0.50", size: int = 10) -> Order:
    """A long position of ten with a stop under it."""
    await desk.hold(10)
    return await desk.send(Side.SELL, size, stop=desk.bid - Decimal(distance))


async def settled(desk: TradeDesk, order: Order) -> Decimal | None:
    """The stop price once the broker has answered."""
    await desk.until(lambda: desk.now(order).status is OrderStatus.WORKING)
    return desk.now(order).stop_price


def test_closer_needs_no_armed_keys_and_further_does(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await stopped(desk)
            was = order.stop_price
            assert was is not None
            assert "the change was sent" in await desk.press("trading.raise_stop")
            assert await settled(desk, order) == was + CENT
            assert "not armed" in await desk.press("trading.lower_stop")
            assert desk.now(order).stop_price == was + CENT
            desk.arm()
            await desk.press("trading.lower_stop_far")
            step = desk.engine.settings.trading.price_step_ticks
            assert await settled(desk, order) == was + CENT - step * CENT

    run(scenario())


def test_the_focused_stop_goes_before_those_of_the_position(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            far = await stopped(desk, "1.00", 5)
            near = await desk.send(Side.SELL, 5, stop=desk.bid - Decimal("0.50"))
            assert far.stop_price is not None
            desk.order_focus.set(far.client_order_id)
            await desk.press("trading.raise_stop")
            assert await settled(desk, far) == far.stop_price + CENT
            assert desk.now(near).stop_price == near.stop_price
            desk.order_focus.set(None)
            await desk.press("trading.raise_stop")
            assert await settled(desk, far) == far.stop_price + 2 * CENT
            assert await settled(desk, near) != near.stop_price

    run(scenario())


def test_a_stop_that_may_open_something_needs_armed_keys_both_ways(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            entry = await desk.send(Side.BUY, 5, stop=desk.ask + Decimal("0.50"))
            desk.order_focus.set(entry.client_order_id)
            for command in ("trading.raise_stop", "trading.lower_stop"):
                assert "not armed" in await desk.press(command)
            desk.order_focus.set(None)
            await desk.engine.orders.cancel(entry.client_order_id)
            large = await stopped(desk, size=25)  # it would close ten and open fifteen
            desk.order_focus.set(large.client_order_id)
            assert "not armed" in await desk.press("trading.raise_stop")

    run(scenario())


def test_why_there_is_nothing_to_move(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            assert "there is no position in INDA" in await desk.press("trading.raise_stop")
            await desk.hold(10)
            assert "no stop order to move" in await desk.press("trading.raise_stop")

    run(scenario())


def test_a_dry_run_moves_closer_for_real_and_further_not_at_all(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await stopped(desk)
            assert order.stop_price is not None
            desk.dry_run.set(True)
            desk.arm()
            await desk.press("trading.raise_stop")
            assert await settled(desk, order) == order.stop_price + CENT
            said = await desk.press("trading.lower_stop")
            assert "DRY RUN: would change SELL 10 INDA stop" in said
            assert desk.now(order).stop_price == order.stop_price + CENT

    run(scenario())

"""What counts as an exit, and so needs neither armed keys nor an end of the dry run, is proved."""

from __future__ import annotations

from decimal import Decimal

from app.base.paths import Paths
from app.commands.changes import change_by_hand
from app.domain.groups import bracket
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderChange, OrderRequest
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import PAPER, TradeDesk, trade_desk

CENT = Decimal("0.01")


async def bracketed(desk: TradeDesk) -> tuple[Order, Order]:
    """Ten bought with a target and a stop around them, both working."""
    assert desk.selection.account_id is not None
    entry = OrderRequest(
        PAPER,
        desk.selection.account_id,
        desk.instrument,
        Side.BUY,
        OrderType.MARKET,
        Decimal(10),
        stale_quote_ok=True,
    )
    high, low = desk.ask + Decimal(5), desk.bid - Decimal(5)
    await desk.control("replay.play")
    _, target, stop = await desk.engine.orders.submit(bracket(entry, high, low))
    await desk.until(lambda: desk.now(target).status is OrderStatus.WORKING)
    await desk.until(lambda: desk.now(stop).status is OrderStatus.WORKING)
    await desk.until(lambda: desk.held == 10)
    await desk.control("replay.pause")
    return desk.now(target), desk.now(stop)


def test_the_legs_of_a_bracket_need_armed_keys_once_the_position_is_gone(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            target, stop = await bracketed(desk)
            assert target.limit_price is not None
            lower = target.limit_price - CENT
            desk.order_focus.set(target.client_order_id)
            await desk.press("trading.lower_price")
            await desk.until(lambda: desk.now(target).limit_price == lower)
            await desk.control("replay.play")
            await desk.press("trading.close_position")
            await desk.until(lambda: desk.held == 0)
            await desk.control("replay.pause")
            await desk.until(lambda: desk.now(target).status is OrderStatus.WORKING)
            assert "not armed" in await desk.press("trading.lower_price")
            desk.order_focus.set(stop.client_order_id)
            assert "not armed" in await desk.press("trading.raise_stop")
            assert desk.now(stop).stop_price == stop.stop_price

    run(scenario())


def test_a_limit_that_with_its_rivals_sells_more_than_is_held_needs_armed_keys(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            high = desk.ask + Decimal(5)
            first = await desk.send(Side.SELL, 10, limit=high)
            desk.order_focus.set(first.client_order_id)
            await desk.press("trading.lower_price")
            await desk.until(lambda: desk.now(first).limit_price == high - CENT)
            await desk.send(Side.SELL, 10, limit=high + CENT)  # opens what the first leaves
            assert "not armed" in await desk.press("trading.lower_price")
            assert desk.now(first).limit_price == high - CENT

    run(scenario())


def test_a_dry_run_sends_no_exit_that_grows_beyond_the_position_nor_a_looser_stop(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            order = await desk.send(Side.SELL, 10, stop=desk.bid - Decimal(5))
            assert order.stop_price is not None
            desk.dry_run.set(True)
            for wanted in (
                OrderChange(quantity=Decimal(500)),
                OrderChange(stop_price=order.stop_price - 100 * CENT),
            ):
                verdict = await change_by_hand(desk.context, order.client_order_id, wanted)
                assert verdict.text.startswith("DRY RUN: would change"), wanted
                assert desk.now(order).pending_change is None
            closer = OrderChange(stop_price=order.stop_price + CENT)
            assert (await change_by_hand(desk.context, order.client_order_id, closer)).ok
            await desk.until(lambda: desk.now(order).stop_price == closer.stop_price)
            assert desk.now(order).quantity == 10

    run(scenario())

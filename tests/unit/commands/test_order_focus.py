"""The focused order: cycled through the account, named, shown, canceled."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from app.base.paths import Paths
from app.commands.order_focus import focused
from app.domain.order import Order
from app.domain.order_types import Side
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import TradeDesk, trade_desk


async def three(desk: TradeDesk) -> list[Order]:
    """Three waiting bids, oldest first, the last in another instrument."""
    low = desk.bid - Decimal("0.50")
    orders = [await desk.send(Side.BUY, 1, limit=low - n) for n in range(2)]
    inda = desk.selection
    other = await desk.find("BTC-PERP")
    desk.selection = replace(desk.selection, instrument=other)
    orders.append(
        await desk.send(Side.BUY, 1, limit=desk.instrument.round_price(desk.bid * Decimal("0.9")))
    )
    desk.selection = inda
    return orders


def test_it_goes_round_in_both_directions(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            assert "no order is open" in await desk.press("trading.focus_next_order")
            first, second, third = await three(desk)
            seen = []
            for _ in range(4):
                said = await desk.press("trading.focus_next_order")
                seen.append(desk.order_focus.own_id)
            ids = [order.client_order_id for order in (first, second, third)]
            assert seen == [*ids, ids[0]]
            assert said.startswith("Order 1 of 3: BUY 1 INDA LMT")
            await desk.press("trading.focus_previous_order")
            assert desk.order_focus.own_id == ids[2]
            assert desk.shown[-1].client_order_id == ids[2]

    run(scenario())


def test_it_begins_with_the_chosen_instruments_own(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            first, second, third = await three(desk)
            desk.selection = replace(desk.selection, instrument=third.request.instrument)
            await desk.press("trading.focus_next_order")
            assert desk.order_focus.own_id == third.client_order_id
            desk.order_focus.set(None)
            desk.selection = replace(desk.selection, instrument=first.request.instrument)
            await desk.press("trading.focus_previous_order")
            assert desk.order_focus.own_id == second.client_order_id

    run(scenario())


def test_only_the_focused_order_is_canceled_unarmed_and_in_a_dry_run(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            first, second, _ = await three(desk)
            assert "no order is focused" in await desk.press("trading.cancel_focused_order")
            desk.order_focus.set(second.client_order_id)
            desk.dry_run.set(True)
            said = await desk.press("trading.cancel_focused_order")
            assert said.startswith("Cancel BUY 1 INDA LMT")
            await desk.until(lambda: desk.now(second).status.is_closed)
            assert desk.now(first).status.is_open
            assert focused(desk.context) is None
            assert "no order is focused" in await desk.press("trading.cancel_focused_order")

    run(scenario())

"""Price keys: the staged order first, then the focused one, then the ticket."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from app.base.paths import Paths
from app.commands.prices import change_by_hand
from app.commands.ticket import TicketDraft
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderChange
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import TradeDesk, trade_desk

CENT = Decimal("0.01")


async def bid_below(desk: TradeDesk, size: int = 5) -> Order:
    """A focused limit order that waits."""
    order = await desk.send(Side.BUY, size, limit=desk.bid - Decimal("0.50"))
    desk.order_focus.set(order.client_order_id)
    return order


async def price(desk: TradeDesk, order: Order) -> Decimal | None:
    """Once the broker has answered."""
    await desk.until(lambda: desk.now(order).status is OrderStatus.WORKING)
    return desk.now(order).limit_price


def test_a_focused_entry_moves_only_when_armed(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await bid_below(desk)
            assert order.limit_price is not None
            for command in ("trading.raise_price", "trading.lower_price"):
                assert "not armed" in await desk.press(command)
            assert desk.now(order).limit_price == order.limit_price
            desk.arm()
            said = await desk.press("trading.raise_price")
            assert f"BUY 5 INDA limit {order.limit_price + CENT:f}" in said
            assert await price(desk, order) == order.limit_price + CENT
            step = desk.engine.settings.trading.price_step_ticks
            await desk.press("trading.lower_price_far")
            assert await price(desk, order) == order.limit_price + CENT - step * CENT

    run(scenario())


def test_an_exit_moves_without_arming_and_in_a_dry_run_too(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            order = await desk.send(Side.SELL, 10, limit=desk.ask + Decimal("0.50"))
            assert order.limit_price is not None
            desk.order_focus.set(order.client_order_id)
            desk.dry_run.set(True)
            await desk.press("trading.lower_price")
            assert await price(desk, order) == order.limit_price - CENT

    run(scenario())


def test_a_dry_run_changes_no_entry(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await bid_below(desk)
            desk.arm()
            desk.dry_run.set(True)
            assert "DRY RUN: would change BUY 5 INDA" in await desk.press("trading.raise_price")
            assert desk.now(order).limit_price == order.limit_price

    run(scenario())


def test_a_focused_stop_has_no_limit_price(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await desk.send(Side.BUY, 5, stop=desk.ask + 1)
            desk.order_focus.set(order.client_order_id)
            assert "the focused order is a stop order" in await desk.press("trading.raise_price")

    run(scenario())


def test_the_ticket_begins_at_the_market_and_goes_on_by_ticks(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.press("trading.raise_price")
            assert desk.draft.limit_price == desk.bid
            await desk.press("trading.raise_price")
            assert desk.draft.limit_price == desk.bid + CENT
            await desk.press("trading.lower_price_far")
            assert desk.draft.limit_price == desk.bid - 4 * CENT
            assert "Ticket: limit price" in desk.said[-1][1]
            assert desk.orders() == []

    run(scenario())


def test_the_ticket_by_its_kind_of_order(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.draft = TicketDraft(side=Side.SELL, order_type=OrderType.MARKET)
            await desk.press("trading.lower_price")
            assert desk.draft.order_type is OrderType.LIMIT
            assert desk.draft.limit_price == desk.ask
            desk.draft = TicketDraft(side=Side.BUY, order_type=OrderType.STOP)
            await desk.press("trading.raise_price")
            assert (desk.draft.stop_price, desk.draft.limit_price) == (desk.ask, None)
            desk.draft = TicketDraft(order_type=OrderType.TRAILING_STOP)
            assert "takes no price" in await desk.press("trading.raise_price")
            desk.draft = TicketDraft(limit_price=CENT)
            assert "it stays" in await desk.press("trading.lower_price")
            assert desk.draft.limit_price == CENT
            desk.selection = replace(desk.selection, instrument=None)
            assert "no instrument is chosen" in await desk.press("trading.lower_price")

    run(scenario())


def test_of_another_account_nothing_is_focused(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await bid_below(desk)
            desk.selection = replace(desk.selection, account_id=None)
            desk.arm()
            await desk.press("trading.raise_price")
            assert desk.now(order).limit_price == order.limit_price
            assert desk.draft.limit_price == desk.bid

    run(scenario())


def test_the_form_changes_exits_alone_in_a_dry_run(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await bid_below(desk)
            assert order.limit_price is not None
            lower = OrderChange(limit_price=order.limit_price - CENT)
            desk.dry_run.set(True)
            verdict = await change_by_hand(desk.context, order.client_order_id, lower)
            assert verdict.text.startswith("DRY RUN: would change BUY 5 INDA limit")
            assert desk.now(order).limit_price == order.limit_price
            desk.dry_run.set(False)
            verdict = await change_by_hand(desk.context, order.client_order_id, lower)
            assert verdict.ok
            assert await price(desk, order) == lower.limit_price

    run(scenario())

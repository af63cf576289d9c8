"""Price keys: the staged order first, then the focused one, then the ticket."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from app.base.paths import Paths
from app.commands.changes import change_by_hand
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


async def pressed_to_the_touch(desk: TradeDesk, order: Order, command: str) -> Decimal | None:
    """Press until it stays, one answered change after the other; the last price."""
    for _ in range(20):
        before = desk.now(order).limit_price
        said = await desk.press(command)
        if "It stays" in said:
            break
        await desk.until(lambda: desk.now(order).status is OrderStatus.WORKING)
        assert desk.now(order).limit_price != before
    return desk.now(order).limit_price


@pytest.mark.parametrize("far", ["", "_far"])
def test_a_target_is_never_walked_through_the_market(
    home: Paths, run: LoopRunner, far: str
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            order = await desk.send(Side.SELL, 10, limit=desk.ask + Decimal("0.08"))
            desk.order_focus.set(order.client_order_id)
            command = f"trading.lower_price{far}"
            assert await pressed_to_the_touch(desk, order, command) == desk.bid + CENT
            assert f"the market is at {desk.bid}" in desk.said[-1][1]
            assert "Close Position or Change Order" in desk.said[-1][1]
            if far:
                assert any("it stopped short of the market" in text for _, text in desk.said)
            assert desk.held == 10
            await desk.press("trading.raise_price")
            assert await price(desk, order) == desk.bid + 2 * CENT

    run(scenario())


def test_nor_is_an_entry_though_armed(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await desk.send(Side.BUY, 5, limit=desk.bid - Decimal("0.08"))
            desk.order_focus.set(order.client_order_id)
            desk.arm()
            last = await pressed_to_the_touch(desk, order, "trading.raise_price_far")
            assert last == desk.ask - CENT
            assert desk.said[-1][1].endswith("to trade now use Change Order")
            assert desk.held == 0

    run(scenario())


def test_towards_a_market_that_nobody_knows_it_stays(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await bid_below(desk)
            desk.arm()
            settings = desk.engine.settings
            desk.engine.apply_settings(
                replace(settings, risk=replace(settings.risk, quote_max_age_s=0.000001))
            )
            assert "has no fresh price now" in await desk.press("trading.raise_price")
            assert desk.now(order) == order
            await desk.press("trading.lower_price")
            assert order.limit_price is not None
            assert await price(desk, order) == order.limit_price - CENT

    run(scenario())


def test_a_price_of_nothing_stays(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await bid_below(desk)
            desk.settle(price_step_ticks=1_000_000)
            desk.arm()
            assert "the price would be -" in await desk.press("trading.lower_price_far")
            assert desk.now(order) == order

    run(scenario())


@pytest.mark.parametrize("is_stop", [False, True])
def test_after_the_focused_order_ended_one_key_only_says_so(
    home: Paths, run: LoopRunner, is_stop: bool
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            kept = await desk.send(Side.SELL, 5, stop=desk.bid - 5)
            if is_stop:
                order = await desk.send(Side.SELL, 5, stop=desk.bid - 4)
            else:
                order = await desk.send(Side.SELL, 5, limit=desk.ask + 4)
            desk.order_focus.set(order.client_order_id)
            await desk.engine.orders.cancel(order.client_order_id)
            await desk.until(lambda: desk.now(order).status is OrderStatus.CANCELED)
            command = "trading.raise_stop" if is_stop else "trading.raise_price"
            filled = len(desk.filled)
            said = await desk.press(command)
            assert "nothing was moved: the focused order is gone (SELL 5 INDA" in said
            assert "Canceled" in said
            assert (desk.now(kept), len(desk.filled)) == (kept, filled)
            await desk.press(command)
            if is_stop:
                await desk.until(lambda: desk.now(kept).stop_price != kept.stop_price)
            else:
                assert len(desk.filled) == filled + 1

    run(scenario())


def test_a_limit_order_that_is_gone_is_no_matter_of_stops(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            kept = await desk.send(Side.SELL, 5, stop=desk.bid - 5)
            order = await desk.send(Side.SELL, 5, limit=desk.ask + 4)
            desk.order_focus.set(order.client_order_id)
            await desk.engine.orders.cancel(order.client_order_id)
            await desk.until(lambda: desk.now(order).status is OrderStatus.CANCELED)
            await desk.press("trading.raise_stop")
            await desk.until(lambda: desk.now(kept).stop_price != kept.stop_price)
            assert "is gone" in await desk.press("trading.raise_price")

    run(scenario())

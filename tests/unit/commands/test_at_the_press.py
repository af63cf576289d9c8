"""A key means what was chosen when it was pressed, whatever is chosen before its work begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from app.base.paths import Paths
from app.commands.bracket import COMMANDS as BRACKET
from app.commands.registry import CommandRegistry
from app.domain.order_types import OrderStatus, Side
from app.domain.sizing import units
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import PAPER, TradeDesk, trade_desk


async def pressed(desk: TradeDesk, command_id: str, meanwhile: Callable[[], object]) -> None:
    """A key, and in the same breath something else, before the loop gets to the key's work."""
    desk.commands.run(command_id, desk.context)
    meanwhile()
    await desk.settled()


async def other_place(desk: TradeDesk) -> Callable[[], None]:
    """Chooses another instrument, in which nothing is held or open."""
    inda = desk.selection
    [other, *_] = await desk.engine.connections.call(PAPER, lambda b: b.search("BTC"))
    assert other.key != desk.instrument.key

    def choose() -> None:
        desk.selection = replace(inda, instrument=other)

    return choose


@pytest.mark.parametrize("name", ["buy_market", "sell_bid", "join_bid"])
def test_an_entry_is_in_the_instrument_of_its_press(
    home: Paths, run: LoopRunner, name: str
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            inda, away = desk.instrument, await other_place(desk)
            desk.arm()
            await pressed(desk, f"trading.{name}", away)
            assert [order.request.instrument for order in desk.orders()] == [inda]

    run(scenario())


def test_an_entry_is_of_the_size_and_the_account_of_its_press(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            account = desk.selection.account_id
            desk.arm()

            def other() -> None:
                desk.choose_size(units(7000))
                desk.selection = replace(desk.selection, account_id=None)

            await pressed(desk, "trading.join_bid", other)
            [order] = desk.orders()
            assert (order.request.account_id, order.request.quantity) == (account, Decimal(10))

    run(scenario())


def test_what_was_rehearsed_at_its_press_is_never_sent(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.arm()
            desk.dry_run.set(True)
            await pressed(desk, "trading.buy_market", lambda: desk.dry_run.set(False))
            assert desk.orders() == []

    run(scenario())


@pytest.mark.parametrize("name", ["close_position", "close_half", "flatten_symbol"])
def test_an_exit_is_out_of_the_position_of_its_press(
    home: Paths, run: LoopRunner, name: str
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            inda, away = desk.instrument, await other_place(desk)
            await pressed(desk, f"trading.{name}", away)
            assert desk.orders()[-1].request.instrument == inda
            assert desk.orders()[-1].request.reduce_only

    run(scenario())


def test_a_reverse_is_of_the_position_of_its_press(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            away = await other_place(desk)
            here = desk.selection
            desk.arm()
            await desk.control("replay.play")
            await pressed(desk, "trading.reverse_position", away)
            desk.selection = here
            await desk.until(lambda: desk.held == -10)

    run(scenario())


@pytest.mark.parametrize("name", ["cancel_symbol", "cancel_bids", "cancel_account"])
def test_a_cancel_is_where_it_was_pressed(home: Paths, run: LoopRunner, name: str) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await desk.send(Side.BUY, 1, limit=desk.bid - Decimal("0.50"))
            away = await other_place(desk)

            def far() -> None:
                away()
                desk.selection = replace(desk.selection, account_id=None)

            await pressed(desk, f"trading.{name}", far)
            await desk.until(lambda: desk.now(order).status is OrderStatus.CANCELED)

    run(scenario())


def test_price_and_cancel_keys_are_for_the_order_focused_at_their_press(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            low = desk.bid - Decimal("0.50")
            meant = await desk.send(Side.BUY, 1, limit=low)
            other = await desk.send(Side.BUY, 2, limit=low)
            desk.arm()
            desk.order_focus.set(meant.client_order_id)
            focus_other = lambda: desk.order_focus.set(other.client_order_id)  # noqa: E731 - one deed
            await pressed(desk, "trading.raise_price", focus_other)
            await desk.until(lambda: desk.now(meant).limit_price == low + Decimal("0.01"))
            await desk.until(lambda: desk.now(meant).status is OrderStatus.WORKING)
            desk.order_focus.set(meant.client_order_id)
            await pressed(desk, "trading.cancel_focused_order", focus_other)
            await desk.until(lambda: desk.now(meant).status is OrderStatus.CANCELED)
            assert desk.now(other).status is OrderStatus.WORKING
            assert desk.now(other).limit_price == low

    run(scenario())


@pytest.mark.parametrize("name", ["raise_stop", "move_stops_to_breakeven"])
def test_stops_are_those_of_the_position_of_the_press(
    home: Paths, run: LoopRunner, name: str
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            order = await desk.send(Side.SELL, 10, stop=desk.bid - Decimal("5.00"))
            was, away = order.stop_price, await other_place(desk)
            begun = len(desk.said)
            await pressed(desk, f"trading.{name}", away)
            assert "there is no position" not in desk.said[begun][1]
            if name == "raise_stop":
                await desk.until(lambda: desk.now(order).stop_price != was)

    run(scenario())


def test_a_bracket_is_around_the_position_of_the_press(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.commands = CommandRegistry(BRACKET)
            desk.settle(risk_stop_ticks=300, target_ticks=300)
            await desk.hold(10)
            inda, away = desk.instrument, await other_place(desk)
            await pressed(desk, "trading.bracket_position", away)
            assert [order.request.instrument for order in desk.orders()[1:]] == [inda, inda]

    run(scenario())


def test_enter_sends_what_was_staged_when_it_was_pressed(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.settle(staged_orders=True)
            await desk.press("trading.join_bid")
            away = await other_place(desk)
            staged = desk.staging.staged
            desk.arm()
            await pressed(desk, "trading.send_staged_order", away)
            assert [order.request for order in desk.orders()] == [staged]

    run(scenario())

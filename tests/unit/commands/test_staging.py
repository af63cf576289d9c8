"""Staged orders: seen before they are sent, sent once, dropped for every good reason."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from app.base.errors import UserError
from app.base.paths import Paths
from app.commands.context import CommandContext
from app.commands.heads_up import heads_up
from app.commands.staging import TIMEOUT_S, draft_of
from app.commands.ticket import TicketDraft
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import OrderStatus, OrderType, Origin, Side
from app.domain.request import OrderRequest
from app.domain.sizing import parse_size
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import PAPER, TradeDesk, trade_desk

CENT = Decimal("0.01")


async def staged(desk: TradeDesk, command_id: str = "trading.join_bid") -> OrderRequest:
    """Staged mode on, and one order staged."""
    desk.settle(staged_orders=True)
    await desk.press(command_id)
    assert desk.staging.staged is not None
    return desk.staging.staged


def test_a_key_writes_it_down_without_arming_and_enter_sends_it(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            heard: list[bool] = []
            desk.staging.listen(lambda: heard.append(desk.staging.staged is not None))
            request = await staged(desk)
            assert "Staged: BUY 10 INDA LMT" in desk.said[-1][1]
            assert desk.orders() == []
            [draft] = desk.filled
            assert (draft.side, draft.quantity) == (Side.BUY, Decimal(10))
            assert draft.limit_price == request.limit_price == desk.bid
            assert "not armed" in await desk.press("trading.send_staged_order")
            assert desk.staging.staged == request
            desk.arm()
            await desk.press("trading.send_staged_order")
            [order] = desk.orders()
            assert order.request == request
            assert order.request.origin is Origin.HOTKEY
            assert heard == [True, False]
            assert "nothing is staged" in await desk.press("trading.send_staged_order")
            assert len(desk.orders()) == 1

    run(scenario())


def test_two_presses_of_enter_send_one_order(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await staged(desk)
            desk.arm()
            for _ in range(2):
                desk.commands.run("trading.send_staged_order", desk.context)
            await desk.settled()
            assert len(desk.orders()) == 1

    run(scenario())


def test_arrows_adjust_price_and_size(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await staged(desk)
            desk.settle(default_quantity=Decimal(5))
            for command in (
                *("trading.raise_staged_price", "trading.lower_staged_price_far"),
                *("trading.increase_staged_size", "trading.lower_price"),
            ):
                await desk.press(command)
            now = desk.staging.staged
            assert now is not None
            step = desk.engine.settings.trading.price_step_ticks
            assert now.limit_price == desk.bid + CENT - step * CENT - CENT
            assert now.quantity == desk.size == 15
            assert desk.draft.limit_price == now.limit_price
            assert desk.draft.quantity == 15
            await desk.press("trading.set_size_1")
            assert desk.staging.staged is not None
            assert desk.staging.staged.quantity == 1

    run(scenario())


def test_a_market_order_has_no_price_to_adjust(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            request = await staged(desk, "trading.buy_market")
            assert request.order_type is OrderType.MARKET
            assert "a market order has no price" in await desk.press("trading.raise_staged_price")

    run(scenario())


def test_a_price_of_nothing_stays(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            request = await staged(desk)
            with pytest.raises(UserError, match="it stays"):
                desk.staging.nudge(-1_000_000)
            assert desk.staging.staged == request

    run(scenario())


def test_escape_drops_it_and_says_so(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await staged(desk)
            said = await desk.press("trading.drop_staged_order")
            assert said.startswith("Staged order dropped, nothing was sent: BUY 10 INDA LMT")
            assert desk.staging.staged is None
            assert desk.orders() == []
            count = len(desk.said)
            desk.staging.drop("again")
            assert len(desk.said) == count

    run(scenario())


def test_it_ends_with_its_desk_and_with_no_other(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await staged(desk)
            left = []
            for context in (copy(desk), desk):
                desk.staging.forget(cast(CommandContext, context), "its link group was closed")
                left.append(desk.staging.staged is not None)
            assert left == [True, False]
            assert "its link group was closed" in desk.said[-1][1]

    run(scenario())


def test_another_instrument_or_account_ends_it(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            here = desk.selection
            for elsewhere in (
                replace(here, account_id=None),
                replace(here, instrument=None),
                replace(here, instrument=Instrument("SPY", AssetClass.ETF, "USD")),
            ):
                await staged(desk)
                desk.selection = elsewhere
                desk.staging.check()
                assert desk.staging.staged is None
                assert "another account or instrument" in desk.said[-1][1]
                desk.selection = here

    run(scenario())


def test_what_was_left_behind_is_not_sent_unseen(home: Paths, run: LoopRunner) -> None:
    """Nobody has looked since the selection changed, or another group's desk is asked."""

    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await staged(desk)
            desk.selection = replace(desk.selection, account_id=None)
            desk.arm()
            assert "not sent" in await desk.press("trading.send_staged_order")
            assert desk.orders() == []
            assert desk.staging.staged is None

    run(scenario())


def test_a_minute_without_a_key_ends_it_and_a_key_begins_it_anew(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await staged(desk)
            desk.arm()
            desk.hand.advance(TIMEOUT_S - 1)
            await desk.press("trading.raise_staged_price")
            desk.hand.advance(TIMEOUT_S - 1)
            desk.staging.check()
            assert desk.staging.staged is not None
            desk.hand.advance(1)
            assert "not sent" in await desk.press("trading.send_staged_order")
            assert desk.orders() == []

    run(scenario())


def test_a_lost_connection_ends_it(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await staged(desk)
            await desk.engine.connections.disconnect(PAPER)
            desk.staging.check()
            assert desk.staging.staged is None
            assert "paper is not open for orders" in desk.said[-1][1]

    run(scenario())


def test_what_is_sent_passes_the_gate(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await staged(desk)
            settings = desk.engine.settings
            desk.engine.apply_settings(
                replace(settings, risk=replace(settings.risk, max_order_quantity=Decimal(3)))
            )
            desk.arm()
            assert (await desk.press("trading.send_staged_order")).startswith("Denied: BUY 10")
            assert [order.status for order in desk.orders()] == [OrderStatus.DENIED]

    run(scenario())


def test_the_mode_is_a_setting_and_switching_it_drops(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            toggle = desk.commands.get("trading.toggle_staged_mode")
            assert toggle.is_on is not None
            assert not toggle.is_on(desk.context)
            assert "Staged mode is on" in await desk.press(toggle.id)
            assert toggle.is_on(desk.context)
            assert desk.settings_store.load().trading.staged_orders
            await staged(desk)
            assert "Staged mode is off" in await desk.press(toggle.id)
            assert desk.staging.staged is None
            assert "not armed" in await desk.press("trading.join_bid")

    run(scenario())


def test_reverse_asks_instead_and_may_be_called_off(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            desk.settle(staged_orders=True)
            assert "not armed" in await desk.press("trading.reverse_position")
            desk.arm()
            desk.shell.says_yes = False
            assert "called off" in await desk.press("trading.reverse_position")
            [(question, lines)] = desk.shell.asked
            assert "close 10 INDA long and open 10 short" in question
            assert lines[0].startswith("Position: long 10 INDA")
            assert desk.shell.where == [PAPER]
            desk.shell.says_yes = True
            desk.shell.while_asked = lambda: desk.arming.disarm("a test")
            assert "not armed" in await desk.press("trading.reverse_position")
            assert len(desk.orders()) == 1

    run(scenario())


def test_its_arrows_change_nothing_from_another_group(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            request = await staged(desk)
            size, here = desk.size, desk.selection
            [other, *_] = await desk.engine.connections.call(PAPER, lambda b: b.search("BTC"))
            desk.selection = replace(here, instrument=other)
            for name in ("raise_staged_price", "lower_staged_price_far", "increase_staged_size"):
                assert "staged in another link group" in await desk.press(f"trading.{name}")
            assert desk.staging.staged == request
            assert desk.size == size

    run(scenario())


TICKET = TicketDraft(Side.SELL, OrderType.STOP, Decimal(3), stop_price=Decimal(50))


def _dropped(desk: TradeDesk) -> None:
    desk.staging.drop("a test")


def _too_old(desk: TradeDesk) -> None:
    desk.hand.advance(TIMEOUT_S)
    desk.staging.check()


def _mode_off(desk: TradeDesk) -> None:
    desk.settle(staged_orders=False)
    desk.staging.check()
    assert "(staged mode is off)" in desk.said[-1][1]


def _sent(desk: TradeDesk) -> None:
    desk.arm()
    desk.commands.run("trading.send_staged_order", desk.context)


@pytest.mark.parametrize("end", [_dropped, _too_old, _mode_off, _sent])
def test_however_it_ends_the_ticket_is_as_it_was_before(
    home: Paths, run: LoopRunner, end: Callable[[TradeDesk], None]
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.draft = TICKET
            await staged(desk)
            await desk.press("trading.raise_staged_price")
            await desk.press("trading.buy_ask")
            assert desk.draft.limit_price == desk.ask
            end(desk)
            assert desk.staging.staged is None
            assert desk.draft == TICKET
            await desk.settled()

    run(scenario())


def test_what_the_ticket_took_over_stays_there(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            request = await staged(desk)
            desk.staging.drop("the ticket sends it", keep_ticket=True)
            assert desk.draft == draft_of(request)

    run(scenario())


def test_in_another_instrument_its_prices_do_not_come_back(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.draft = TICKET
            await staged(desk)
            desk.selection = replace(desk.selection, instrument=None)
            desk.staging.check()
            assert desk.draft == TICKET.without_prices()

    run(scenario())


def other_group(desk: TradeDesk) -> TradeDesk:
    """Another link group of the same program, with the same account and instrument."""
    other = copy(desk)
    other.draft = TicketDraft(quantity=Decimal(77))
    return other


def test_from_another_group_it_is_neither_sent_nor_changed(home: Paths, run: LoopRunner) -> None:
    """Not even where the other group looks at the same instrument of the same account."""

    async def scenario() -> None:
        async with trade_desk(home) as desk:
            request, other = await staged(desk), other_group(desk)
            desk.arm()
            for name in ("send_staged_order", "raise_staged_price", "increase_staged_size"):
                assert "staged in another link group" in await other.press(f"trading.{name}")
            desk.settle(size_presets=(parse_size("50"),))
            await other.press("trading.set_size_1")
            await other.press("trading.raise_price")
            assert other.draft.limit_price == desk.bid  # its own ticket's
            assert [other.size, desk.size] == [50, 10]
            assert "is staged in another link group" in heads_up(other.context).would
            assert desk.staging.staged == request
            assert desk.orders() == []
            await other.press("trading.drop_staged_order")
            assert desk.staging.staged is None

    run(scenario())


def test_an_entry_key_of_another_group_takes_its_place(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.draft = TICKET
            await staged(desk)
            other = other_group(desk)
            before = other.draft
            await other.press("trading.join_ask")
            assert desk.draft == TICKET
            assert other.draft.side is Side.SELL
            assert "nothing is staged" not in await desk.press("trading.raise_staged_price")
            assert desk.draft == TICKET
            desk.arm()
            await other.press("trading.send_staged_order")
            assert [order.request.side for order in desk.orders()] == [Side.SELL]
            assert other.draft == before

    run(scenario())

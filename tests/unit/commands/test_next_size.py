"""The next size: no order ever goes out with the units of another instrument."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from app.base.errors import UserError
from app.base.paths import Paths
from app.commands.heads_up import every_entry, heads_up
from app.commands.next_size import least_of, quantity_or_none, tradable, whole
from app.commands.ticket import TicketDraft
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import Side
from app.domain.request import OrderRequest
from app.domain.sizing import SizeKind, SizePreset, parse_size, units
from tests.doubles.loop import LoopRunner
from tests.unit.commands.test_entries import BTC, SPY
from tests.unit.commands.trade_desk import PAPER, TradeDesk, trade_desk

PRESETS = tuple(map(parse_size, ("7", "$5000", "10%", "risk $50")))
ENTRIES = ("buy_market", "sell_market", "buy_ask", "sell_bid", "join_bid", "join_ask")
LOT = Instrument(
    "LOT", AssetClass.EQUITY, "USD", quantity_step=Decimal(10), min_quantity=Decimal(25)
)


def test_money_becomes_other_units_with_the_instrument(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.settle(size_presets=PRESETS)
            await desk.press("trading.set_size_2")
            assert desk.size == 5000 // desk.ask
            bitcoin = await desk.find("BTC")
            desk.selection = replace(desk.selection, instrument=bitcoin)
            assert desk.size_choice == parse_size("$5000")
            assert desk.size == bitcoin.round_quantity(5000 / desk.ask)
            assert f"size {desk.size.normalize():f} ($5000)" in heads_up(desk.context).what
            desk.arm()
            await desk.press("trading.join_bid")
            [order] = desk.orders()
            assert order.request.instrument == bitcoin
            assert order.request.quantity * desk.ask <= 5000

    run(scenario())


def test_units_stay_and_are_refused_where_they_are_not_traded(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.choose_size(units(Decimal("0.5")))
            assert quantity_or_none(desk.context) is None
            desk.arm()
            said = await desk.press("trading.join_bid")
            assert "a size of 0.5 is no multiple of 1, the step of INDA: choose another" in said
            assert "no multiple of 1" in heads_up(desk.context).would
            assert heads_up(desk.context).size == "size 0.5"
            assert desk.orders() == []

    run(scenario())


def test_where_nobody_can_tell_it_the_press_says_why(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.settle(size_presets=(parse_size("$1"),))
            assert "= 0.0" in await desk.press("trading.set_size_1")
            desk.choose_size(parse_size("$1"))
            desk.arm()
            for name in ENTRIES:
                assert "the least is 1: choose a larger size" in await desk.press(f"trading.{name}")
            assert "the least is 1" in await desk.press("trading.increase_size")
            assert desk.orders() == []
            up = heads_up(desk.context)
            assert up.size == "size — ($1)"
            assert up.would.startswith("keys send nothing: $1 / (")
            assert all("nothing: $1 / (" in line for line in every_entry(desk.context))

    run(scenario())


def test_no_key_sends_while_the_ticket_holds_no_size(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.size_problem = "10x"
            desk.arm()
            for name in (*ENTRIES, "increase_size", "decrease_size"):
                said = await desk.press(f"trading.{name}")
                assert "the size in the ticket is not valid (10x)" in said
            desk.settle(staged_orders=True)
            assert "not valid (10x)" in await desk.press("trading.join_bid")
            assert desk.staging.staged is None
            assert desk.orders() == []
            up = heads_up(desk.context)
            assert up.size == "size not valid"
            assert "not valid (10x)" in up.would
            await desk.press("trading.set_size_1")
            assert heads_up(desk.context).size == "size 1"

    run(scenario())


def test_money_at_risk_is_measured_by_the_tickets_stop_though_an_order_is_staged(
    home: Paths, run: LoopRunner
) -> None:
    """A staged order stands in the ticket without its bracket: the stop counts all the same."""

    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.settle(size_presets=(parse_size("risk $50"),), staged_orders=True)
            desk.draft = TicketDraft(has_bracket=True, protective_stop=desk.ask - 1)
            await desk.press("trading.set_size_1")
            for name in ("buy_ask", "join_bid"):
                await desk.press(f"trading.{name}")
                assert desk.staging.staged is not None
                assert desk.staging.staged.quantity == 50

    run(scenario())


def test_money_at_risk_is_measured_from_where_a_key_enters(home: Paths, run: LoopRunner) -> None:
    """Not from the price that the ticket's own order would wait at, and never by another side."""

    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.choose_size(parse_size("risk $50"))
            stop = desk.ask - 2
            desk.draft = TicketDraft(
                has_bracket=True, protective_stop=stop, limit_price=stop + Decimal("0.50")
            )
            assert desk.size == 100  # what the ticket would send
            desk.arm()
            up = heads_up(desk.context)
            assert up.size == "size 25 (risk $50)"
            assert up.would == f"BUY 25 @ {desk.ask} / SELL — @ {desk.bid}"
            for name in ("buy_ask", "buy_market", "join_bid"):
                await desk.press(f"trading.{name}")
            assert {order.request.quantity for order in desk.orders()} == {25}
            count = len(desk.orders())
            assert "stop" in await desk.press("trading.sell_bid")
            assert "must lie above the entry" in desk.said[-1][1]
            assert len(desk.orders()) == count

    run(scenario())


def test_a_staged_orders_risk_is_measured_from_its_own_price(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.settle(size_presets=(parse_size("risk $50"),), staged_orders=True)
            desk.draft = TicketDraft(has_bracket=True, protective_stop=desk.bid - 1)
            await desk.press("trading.join_bid")
            await desk.press("trading.set_size_1")
            assert desk.staging.staged is not None
            assert desk.staging.staged.quantity == 50

    run(scenario())


def test_what_is_traded_in_lots_with_a_minimum() -> None:
    assert [least_of(one) for one in (LOT, SPY, BTC)] == [30, 1, BTC.min_quantity]
    assert tradable(Decimal(40), LOT) == whole(Decimal("49.9"), LOT, "") == 40
    for amount, why in (("20", "too small for LOT, the least is 30"), ("45", "multiple of 10")):
        with pytest.raises(UserError, match=why):
            tradable(Decimal(amount), LOT)
    with pytest.raises(UserError, match="the least is 30"):
        whole(Decimal("29.9"), LOT, "money")
    for far in ("1e13", "1e30", "Infinity"):
        with pytest.raises(UserError, match="more than can be ordered"):
            tradable(Decimal(far), LOT)
        with pytest.raises(UserError, match="more than can be ordered"):
            whole(Decimal(far), LOT, "money")


def test_steps_stay_on_the_step_and_above_the_least(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            bitcoin = await desk.find("BTC")
            desk.selection = replace(desk.selection, instrument=bitcoin)
            desk.settle(default_quantity=bitcoin.quantity_step / 3)
            desk.choose_size(units(bitcoin.min_quantity))
            await desk.press("trading.increase_size")
            assert desk.size == bitcoin.min_quantity + bitcoin.quantity_step
            for _ in range(3):
                await desk.press("trading.decrease_size")
            assert desk.size == bitcoin.min_quantity
            assert "the size stays" in desk.said[-1][1]
            desk.selection = replace(desk.selection, instrument=None)
            desk.settle(default_quantity=Decimal(5))
            desk.choose_size(units(12))
            for _ in range(4):
                await desk.press("trading.decrease_size")
            assert desk.size_choice == units(7)  # two would be less than one step of five

    run(scenario())


# -- whatever is pressed ---------------------------------------------------------------------------


def power_of(desk: TradeDesk) -> Decimal:
    assert desk.selection.account_id is not None
    view = desk.engine.portfolio.account(PAPER, desk.selection.account_id)
    assert view is not None
    [power] = [b.buying_power for b in view.report.balances]
    assert power is not None
    return power


def check(desk: TradeDesk, request: OrderRequest, typed: Decimal, power: Decimal) -> None:
    """By its own arithmetic: the units are those of the size that is chosen, in this instrument."""
    choice, instrument = desk.size_choice, request.instrument
    assert instrument == desk.instrument
    if choice.kind is SizeKind.UNITS:
        assert request.quantity == typed
        return
    one_more = request.quantity + instrument.quantity_step
    if choice.kind is SizeKind.RISK:
        ticks = desk.engine.settings.trading.risk_stop_ticks
        lost = ticks * instrument.tick_size
        assert request.quantity * lost <= choice.amount < one_more * lost
        return
    is_share = choice.kind is SizeKind.BUYING_POWER
    money = power * choice.amount / 100 if is_share else choice.amount
    assert request.quantity * desk.ask <= money < one_more * desk.ask


class Walk:
    """Random sizes, instruments and keys; `typed` is the size in units as a person thinks of it."""

    def __init__(self, desk: TradeDesk, places: list[Instrument], seed: int) -> None:
        self.desk, self.places, self.dice = desk, places, random.Random(seed)
        self.typed = desk.size

    async def step(self) -> None:
        await self.dice.choice((self.choose, self.go, self.larger, self.enter, self.enter))()

    async def choose(self) -> None:
        number = self.dice.randrange(len(PRESETS))
        await self.desk.press(f"trading.set_size_{number + 1}")
        self.note()

    async def go(self) -> None:
        here = self.desk.selection
        self.desk.selection = replace(here, instrument=self.dice.choice(self.places))
        self.desk.staging.check()

    async def larger(self) -> None:
        await self.desk.press(f"trading.{self.dice.choice(('increase', 'decrease'))}_size")
        self.note()

    def note(self) -> None:
        choice: SizePreset = self.desk.size_choice
        self.typed = choice.amount if choice.kind is SizeKind.UNITS else self.typed

    async def enter(self) -> None:
        desk, count = self.desk, len(self.desk.orders())
        name = self.dice.choice(ENTRIES)
        desk.settle(staged_orders=self.dice.random() < 0.3)
        desk.staging.check()
        told, power = heads_up(desk.context).size, power_of(desk)
        await desk.press(f"trading.{name}")
        if self.dice.random() < 0.5 and desk.staging.staged is not None:
            await self.go()
        await desk.press("trading.send_staged_order")
        desk.staging.drop("the walk goes on")
        for order in desk.orders()[count:]:
            assert f"size {order.request.quantity.normalize():f}" in told
            check(desk, order.request, self.typed, power)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_pressed_the_units_are_those_of_the_instrument(
    home: Paths, run: LoopRunner, seed: int
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.settle(size_presets=PRESETS)
            walk = Walk(desk, [desk.instrument, await desk.find("BTC")], seed)
            desk.arm()
            for _ in range(60):
                await walk.step()
            sent = {(o.request.instrument.symbol, o.request.side) for o in desk.orders()}
            assert len(sent) == 4, "the walk was too short to prove anything"
            assert Side.BUY in {side for _, side in sent}

    run(scenario())

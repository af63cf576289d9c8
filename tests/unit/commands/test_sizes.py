"""Sizes by money, share and risk: rounded down, from a fresh quote, refused with the figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import UserError
from app.base.paths import Paths
from app.commands.next_size import buying_power, resolve, stop_distance, whole
from app.commands.ticket import TicketDraft
from app.domain.ids import InstrumentKey
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import OrderType, Side
from app.domain.reports import Balance
from app.domain.sizing import parse_size, units
from tests.doubles.loop import LoopRunner
from tests.unit.commands.test_entries import BTC, QUOTE, SPY
from tests.unit.commands.trade_desk import PAPER, TradeDesk, trade_desk


class Future(Instrument):
    """Quoted under the key of the share of the same name."""

    @property
    def key(self) -> InstrumentKey:
        return Instrument(self.symbol, self.asset_class, self.currency).key


BRACKET = TicketDraft(has_bracket=True, protective_stop=Decimal("99.51"))


def on_desk(home: Paths, run: LoopRunner, act: Callable[[TradeDesk], Any]) -> Any:
    """What `act` answers on a connected desk."""

    async def scenario() -> Any:
        async with trade_desk(home) as desk:
            return act(desk)

    return run(scenario())


# -- rounding ------------------------------------------------------------------------------------


def test_it_is_rounded_down_to_the_step() -> None:
    assert whole(Decimal("49.99"), SPY, "") == 49
    assert whole(Decimal("0.0129"), BTC, "") == Decimal("0.012")


def test_less_than_the_least_is_refused_with_the_figures() -> None:
    with pytest.raises(UserError, match=r"\$50 / 100 = 0.5000 SPY, the least is 1"):
        whole(Decimal("0.5"), SPY, "$50 / 100")


@given(st.decimals("0.001", "100000", places=4))
def test_it_is_never_rounded_up(quantity: Decimal) -> None:
    for instrument in (SPY, BTC):
        try:
            rounded = whole(quantity, instrument, "")
        except UserError:
            assert quantity < instrument.min_quantity
        else:
            assert rounded <= quantity
            assert instrument.is_on_step(rounded)


# -- the distance of the stop --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "distance"),
    [
        (TicketDraft(), "0.20"),  # twenty ticks
        (TicketDraft(protective_stop=Decimal(90)), "0.20"),  # the bracket is off
        (BRACKET, "0.50"),  # from the ask
        (replace(BRACKET, limit_price=Decimal("99.76")), "0.25"),
        (replace(BRACKET, order_type=OrderType.STOP, stop_price=Decimal("100.51")), "1.00"),
        (replace(BRACKET, side=Side.SELL, protective_stop=Decimal("100.49")), "0.50"),
    ],
)
def test_the_tickets_stop_counts_before_the_setting(draft: TicketDraft, distance: str) -> None:
    assert stop_distance(draft, SPY, QUOTE, 20)[0] == Decimal(distance)


def test_a_stop_on_the_wrong_side_is_named() -> None:
    with pytest.raises(UserError, match=r"stop 100.02 must lie below the entry at 100.01"):
        stop_distance(replace(BRACKET, protective_stop=Decimal("100.02")), SPY, QUOTE, 20)


# -- on a desk -----------------------------------------------------------------------------------


def test_each_kind_means_its_quantity(home: Paths, run: LoopRunner) -> None:
    def act(desk: TradeDesk) -> None:
        ask = desk.ask
        power = buying_power(desk.context, "USD")
        assert resolve(parse_size("7"), desk.context) == 7
        assert resolve(parse_size("$5000"), desk.context) == 5000 // ask
        assert resolve(parse_size("10%"), desk.context) == power / 10 // ask
        desk.settle(risk_stop_ticks=25)
        assert resolve(parse_size("risk $50"), desk.context) == 200
        desk.draft = TicketDraft(has_bracket=True, protective_stop=ask - 1)
        assert resolve(parse_size("risk $50"), desk.context) == 50

    on_desk(home, run, act)


def test_the_multiplier_counts(home: Paths, run: LoopRunner) -> None:
    """The same figures for a contract of fifty; its quotes are those of the share."""

    async def scenario() -> None:
        async with trade_desk(home) as desk:
            contract = Future("INDA", AssetClass.ETF, "USD", multiplier=Decimal(50))
            desk.selection = replace(desk.selection, instrument=contract)
            assert resolve(parse_size("$50000"), desk.context) == 50000 // (desk.ask * 50)
            desk.settle(risk_stop_ticks=20)
            assert resolve(parse_size("risk $50"), desk.context) == 5
            with pytest.raises(
                UserError, match=r"\$50 / \(.* x 50\) = 0.0\d+ INDA, the least is 1"
            ):
                resolve(parse_size("$50"), desk.context)

    run(scenario())


def test_money_needs_a_fresh_quote(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            settings = desk.engine.settings
            desk.engine.apply_settings(
                replace(settings, risk=replace(settings.risk, quote_max_age_s=0.000001))
            )
            desk.settle(size_presets=(parse_size("$5000"), parse_size("3")))
            assert "are allowed: nothing was sent" in await desk.press("trading.set_size_1")
            assert desk.size == 10
            await desk.press("trading.set_size_2")
            assert desk.size == 3

    run(scenario())


@pytest.mark.parametrize(
    ("balances", "told"),
    [
        ((Balance("USD", Decimal(1)),), "does not tell the buying power"),
        ((Balance("EUR", None, None, Decimal(1000)),), "nobody told what USD costs"),
    ],
)
def test_buying_power_that_cannot_be_had(
    home: Paths, run: LoopRunner, balances: tuple[Balance, ...], told: str
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            report = desk.engine.connections.accounts(PAPER)[0]
            currency = balances[0].currency
            desk.engine.portfolio.on_account(
                replace(report, balances=balances, base_currency=currency)
            )
            with pytest.raises(UserError, match=told):
                buying_power(desk.context, "USD")
            if currency == "EUR":
                desk.engine.portfolio.set_rate("EUR", "USD", Decimal("1.10"), "a test")
                assert buying_power(desk.context, "USD") == 1100

    run(scenario())


def test_a_preset_is_the_size_and_says_which(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.settle(size_presets=(parse_size("$5000"), parse_size("25")))
            said = await desk.press("trading.set_size_1")
            assert said == f"Size {5000 // desk.ask} ($5000)"
            assert (desk.size, desk.size_choice) == (5000 // desk.ask, parse_size("$5000"))
            await desk.press("trading.set_size_2")
            assert (desk.size, desk.size_choice) == (Decimal(25), units(25))
            assert "there is no preset 3" in await desk.press("trading.set_size_3")

    run(scenario())


def test_steps_of_the_default_quantity_never_reach_nothing(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.settle(default_quantity=Decimal(6))
            await desk.press("trading.increase_size")
            assert desk.size == 16
            for _ in range(5):
                await desk.press("trading.decrease_size")
            assert desk.size == 4
            assert "the size stays 4" in desk.said[-1][1]

    run(scenario())

"""Instruments: one identity at every broker, and prices and quantities that fit the market."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.instrument import AssetClass, Instrument, OptionRight

D = Decimal
STEPS = st.sampled_from([D("0.01"), D("0.05"), D("0.25"), D("0.0001"), D("0.5"), D(1), D(5)])
PRICES = st.decimals(min_value=0, max_value=10**7, places=6, allow_nan=False)


def share(symbol: str, **changes: Any) -> Instrument:
    return Instrument(symbol, AssetClass.EQUITY, "USD", **changes)


def test_a_share_nets_with_itself_whatever_brokers_call_it() -> None:
    here = share("SPY", exchange="ARCA", description="SPDR S&P 500")
    there = Instrument("spy", AssetClass.ETF, "usd", exchange="SMART", tick_size=D("0.0001"))
    assert here.key == there.key == "SEC|SPY|USD"


@pytest.mark.parametrize("spelled", ["BRK.B", "BRK B", "BRK/B", "BRK-B", " brk.b "])
def test_share_classes_net_however_they_are_spelled(spelled: str) -> None:
    assert share(spelled).key == "SEC|BRK.B|USD"


def test_what_must_not_net_does_not() -> None:
    sony = share("SONY")
    keys = {
        sony.key,
        replace(sony, currency="JPY").key,
        replace(sony, market="NSE").key,
        replace(sony, market="BSE").key,
        replace(sony, asset_class=AssetClass.CRYPTO).key,
        replace(sony, multiplier=D(100)).key,
    }
    assert len(keys) == 6


@pytest.mark.parametrize("spelled", ["EUR", "EURUSD", "EUR.USD", "EUR/USD", "eur-usd"])
def test_a_currency_pair_nets_however_it_is_spelled(spelled: str) -> None:
    assert Instrument(spelled, AssetClass.FOREX, "USD").key == "FX|EUR|USD"


@pytest.mark.parametrize("spelled", ["BTC", "BTC/USD", "BTC-USD"])
def test_a_coin_nets_however_it_is_spelled(spelled: str) -> None:
    assert Instrument(spelled, AssetClass.CRYPTO, "USD").key == "CRYPTO|BTC|USD"


def test_a_coin_whose_name_ends_like_its_currency_keeps_its_name() -> None:
    keys = {Instrument(s, AssetClass.CRYPTO, "USD").key for s in ("CRVUSD", "CRV", "BTC-PERP")}
    assert keys == {"CRYPTO|CRVUSD|USD", "CRYPTO|CRV|USD", "CRYPTO|BTC.PERP|USD"}


def test_contracts_net_by_root_and_terms() -> None:
    terms: dict[str, Any] = {"underlying": "ES", "expiry": date(2024, 12, 20), "multiplier": D(50)}
    here = Instrument("ESZ4", AssetClass.FUTURE, "USD", market="CME", **terms)
    there = Instrument("ES DEC24", AssetClass.FUTURE, "USD", market="CME", **terms)
    assert here.key == there.key == "FUT|ES|USD|CME|2024-12-20|x50"
    assert replace(here, expiry=date(2025, 3, 21)).key != here.key


def test_a_contract_without_its_terms_keeps_its_own_symbol() -> None:
    december = Instrument("ESZ4", AssetClass.FUTURE, "USD", underlying="ES")
    march = Instrument("ESH5", AssetClass.FUTURE, "USD", underlying="ES")
    assert december.key != march.key


def test_options_net_by_underlying_and_terms() -> None:
    terms: dict[str, Any] = {
        "underlying": "AAPL",
        "expiry": date(2024, 6, 21),
        "multiplier": D(100),
        "right": OptionRight.CALL,
    }
    here = Instrument("AAPL", AssetClass.OPTION, "USD", strike=D("190.0"), **terms)
    occ = Instrument("AAPL  240621C00190000", AssetClass.OPTION, "USD", strike=D(190), **terms)
    assert here.key == occ.key == "OPT|AAPL|USD|2024-06-21|190|C|x100"
    assert replace(occ, right=OptionRight.PUT).key != occ.key
    assert replace(occ, strike=D("190.5")).key != occ.key
    assert replace(occ, strike=None).key != here.key


@given(
    symbol=st.text(min_size=1, max_size=12).filter(lambda text: bool(text.strip())),
    strike=st.none() | st.decimals(min_value="0.01", max_value=10**6, places=3),
)
def test_a_symbol_cannot_forge_the_rest_of_a_key(symbol: str, strike: Decimal | None) -> None:
    made = share(symbol, strike=strike)
    assert made.key.count("|") == (2 if strike is None else 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": " "},
        {"currency": ""},
        {"tick_size": D(0)},
        {"tick_size": D("NaN")},
        {"quantity_step": D(-1)},
        {"min_quantity": D(0)},
        {"multiplier": D("Infinity")},
        {"strike": D(0)},
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be more than zero|needs a symbol"):
        replace(share("SPY"), **changes)


@given(tick=STEPS, price=PRICES, up=st.none() | st.booleans())
def test_a_rounded_price_is_the_next_tick_in_that_direction(
    tick: Decimal, price: Decimal, up: bool | None
) -> None:
    made = share("X", tick_size=tick)
    rounded = made.round_price(price, up=up)
    assert made.is_on_tick(rounded)
    assert made.round_price(rounded, up=up) == rounded
    assert abs(rounded - price) < tick
    if up is None:
        assert abs(rounded - price) * 2 <= tick
    else:
        assert (rounded >= price) if up else (rounded <= price)
    assert -rounded.as_tuple().exponent == made.price_decimals  # type: ignore[operator] # finite


@given(step=STEPS, quantity=PRICES)
def test_a_rounded_quantity_is_never_more_than_asked(step: Decimal, quantity: Decimal) -> None:
    made = share("X", quantity_step=step)
    rounded = made.round_quantity(quantity)
    assert made.is_on_step(rounded)
    assert 0 <= quantity - rounded < step


def test_decimals_follow_from_tick_and_step() -> None:
    made = share("X", tick_size=D("0.2500"), quantity_step=D("10"))
    assert (made.price_decimals, made.quantity_decimals) == (2, 0)


def test_notional_counts_the_multiplier() -> None:
    assert share("X", multiplier=D(50)).notional(D("10.5"), D(-2)) == D(-1050)


def test_it_expires_after_its_last_day() -> None:
    future = share("X", expiry=date(2024, 3, 15))
    assert [future.is_expired(date(2024, 3, d)) for d in (14, 15, 16)] == [False, False, True]
    assert not share("X").is_expired(date(2999, 1, 1))

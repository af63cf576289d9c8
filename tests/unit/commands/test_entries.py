"""Orders that keys send: from a fresh quote or not at all, on the tick, never more aggressive."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import UserError
from app.commands.context import Selection
from app.commands.entries import Entry, Peg, entry_request, pegged_price
from app.domain.capabilities import Capabilities
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Quote
from app.domain.order_types import OrderType, Origin, Side, TimeInForce
from app.domain.request import OrderRequest

SPY = Instrument("SPY", AssetClass.ETF, "USD")
BTC = Instrument(
    "BTC-PERP", AssetClass.CRYPTO, "USD", tick_size=Decimal("0.5"), quantity_step=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
)  # fmt: skip
AT = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
DAY, GTC, IOC = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC
CHOSEN = Selection(ConnectionId("paper"), AccountId("P1"), SPY)


def quote(bid: float, ask: float, instrument: Instrument = SPY) -> Quote:
    return Quote(instrument.key, bid, ask, 1.0, 1.0, bid, AT, 1000.0)


def abilities(*tifs: TimeInForce) -> Capabilities:
    kinds = frozenset({OrderType.MARKET, OrderType.LIMIT})
    return Capabilities(
        {AssetClass.ETF: kinds, AssetClass.CRYPTO: kinds}, dict.fromkeys(kinds, frozenset(tifs))
    )


QUOTE, CAN = quote(99.99, 100.01), abilities(DAY, GTC)


def request(
    entry: Entry,
    *,
    chosen: Selection = CHOSEN,
    size: Decimal = Decimal(100),
    of: Quote | None = QUOTE,
    age_s: float | None = 0.2,
    max_age_s: float | None = 10.0,
    can: Capabilities = CAN,
) -> OrderRequest:
    return entry_request(entry, chosen, size, of, age_s, max_age_s, can)


@pytest.mark.parametrize(
    ("entry", "kind", "price"),
    [
        (Entry(Side.BUY), OrderType.MARKET, None),
        (Entry(Side.SELL), OrderType.MARKET, None),
        (Entry(Side.BUY, Peg.ASK), OrderType.LIMIT, Decimal("100.01")),
        (Entry(Side.SELL, Peg.BID), OrderType.LIMIT, Decimal("99.99")),
        (Entry(Side.BUY, Peg.BID), OrderType.LIMIT, Decimal("99.99")),
        (Entry(Side.SELL, Peg.ASK), OrderType.LIMIT, Decimal("100.01")),
    ],
)
def test_each_key_means_its_order(entry: Entry, kind: OrderType, price: Decimal | None) -> None:
    made = request(entry)
    assert (made.side, made.order_type, made.limit_price) == (entry.side, kind, price)
    assert (made.quantity, made.origin, made.time_in_force) == (Decimal(100), Origin.HOTKEY, DAY)
    assert made.problems() == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"chosen": Selection(None, None, SPY)}, "no account"),
        ({"chosen": replace(CHOSEN, account_id=None)}, "no account"),
        ({"chosen": replace(CHOSEN, instrument=None)}, "no instrument"),
        ({"size": Decimal(0)}, "the size is 0"),
        ({"of": None, "age_s": None}, "no quote for SPY"),
        ({"age_s": None}, "no quote for SPY"),
        ({"age_s": 11.0}, "11 s old, 10 s are allowed"),
        ({"can": abilities(TimeInForce.OPG)}, "takes no market orders in SPY"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_guessed(
    changes: dict[str, object], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        request(Entry(Side.BUY), **changes)  # type: ignore[arg-type]  # one table for all arguments


@pytest.mark.parametrize("value", [math.nan, 0.0, -1.0, math.inf])
def test_a_missing_side_of_the_quote_refuses_its_limit_order(value: float) -> None:
    with pytest.raises(UserError, match="has no ask now"):
        request(Entry(Side.BUY, Peg.ASK), of=quote(99.0, value))


def test_the_day_is_preferred_and_what_the_connection_has_is_taken() -> None:
    assert request(Entry(Side.BUY), can=abilities(IOC, GTC)).time_in_force is GTC
    assert request(Entry(Side.BUY), can=abilities(IOC)).time_in_force is IOC


def test_any_age_will_do_where_the_trader_set_no_limit() -> None:
    assert request(Entry(Side.BUY), age_s=900.0, max_age_s=None).quantity == 100


@given(st.floats(min_value=0.5, max_value=200_000, allow_nan=False))
def test_pegged_prices_lie_on_the_grid_and_never_improve_the_market(value: float) -> None:
    of = quote(value, value, BTC)
    bid, ask = (pegged_price(peg, BTC, of) for peg in (Peg.BID, Peg.ASK))
    assert BTC.is_on_tick(bid)
    assert BTC.is_on_tick(ask)
    exact = Decimal(repr(value))
    assert bid <= exact <= ask
    assert ask - bid <= BTC.tick_size

"""Every order of ours in TWS's words and back, and every word of TWS's in ours."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from app.brokers.ibkr_tws.abilities import CAPABILITIES
from app.brokers.ibkr_tws.order_map import (
    STATUSES,
    decimal_of,
    order_fields,
    price_text,
    status_of,
    terms_of,
)
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce
from app.domain.request import OrderRequest

S = OrderStatus
UNSET = 1.7976931348623157e308
SPY = Instrument("SPY", AssetClass.ETF, "USD")
PRICES: dict[OrderType, dict[str, Decimal]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"limit_price": Decimal("450.10")},
    OrderType.STOP: {"stop_price": Decimal("440.05")},
    OrderType.STOP_LIMIT: {"limit_price": Decimal("450.10"), "stop_price": Decimal("440.05")},
    OrderType.TRAILING_STOP: {"trail_amount": Decimal("1.25")},
}


def request(kind: OrderType, tif: TimeInForce = TimeInForce.DAY, **more: Any) -> OrderRequest:
    terms = {**PRICES[kind], **more}
    return OrderRequest(
        connection_id=ConnectionId("ib"), account_id=AccountId("DU1"), instrument=SPY,
        side=Side.BUY, order_type=kind, quantity=Decimal(100), time_in_force=tif, **terms,
    )  # fmt: skip


def told(**fields: Any) -> Any:
    """An SDK Order as a message of TWS leaves it."""
    unset: dict[str, Any] = {"lmtPrice": 0.0, "auxPrice": 0.0, "trailStopPrice": UNSET,
             "trailingPercent": UNSET, "filledQuantity": UNSET, "goodTillDate": "",
             "outsideRth": False}  # fmt: skip
    shape = {"action": "BUY", "totalQuantity": 100.0, "orderType": "MKT", "tif": "DAY"}
    return SimpleNamespace(**(unset | shape | fields))


COMBINATIONS = [
    (kind, tif)
    for kind, tifs in CAPABILITIES.times_in_force.items()
    for tif in sorted(tifs, key=str)
]


@pytest.mark.parametrize(("kind", "tif"), COMBINATIONS)
def test_what_we_offer_survives_the_way_there_and_back(kind: OrderType, tif: TimeInForce) -> None:
    asked = request(kind, tif, outside_hours=True)
    fields = order_fields(asked)
    assert fields["tif"]  # a preset of TWS fills in what is left out
    assert (fields["account"], fields["orderRef"]) == ("DU1", asked.client_order_id)
    floats = {"lmtPrice", "auxPrice", "totalQuantity"} & set(fields)
    echo: dict[str, Any] = {name: float(fields[name]) for name in floats}
    heard = terms_of(told(**(fields | echo)))
    assert heard.note == ""
    for name in ("side", "order_type", "quantity", "limit_price", "stop_price", "trail_amount",
                 "trail_percent", "time_in_force", "outside_hours"):  # fmt: skip
        assert getattr(heard, name) == getattr(asked, name), name


@pytest.mark.parametrize(
    ("kind", "tif", "word", "tif_word"),
    [
        (OrderType.MARKET, TimeInForce.DAY, "MKT", "DAY"),
        (OrderType.MARKET, TimeInForce.CLS, "MOC", "DAY"),
        (OrderType.LIMIT, TimeInForce.CLS, "LOC", "DAY"),
        (OrderType.MARKET, TimeInForce.OPG, "MKT", "OPG"),
        (OrderType.LIMIT, TimeInForce.OPG, "LMT", "OPG"),
        (OrderType.STOP, TimeInForce.GTC, "STP", "GTC"),
        (OrderType.STOP_LIMIT, TimeInForce.GTC, "STP LMT", "GTC"),
        (OrderType.TRAILING_STOP, TimeInForce.GTC, "TRAIL", "GTC"),
        (OrderType.LIMIT, TimeInForce.FOK, "LMT", "FOK"),
    ],
)
def test_words(kind: OrderType, tif: TimeInForce, word: str, tif_word: str) -> None:
    fields = order_fields(request(kind, tif))
    assert (fields["orderType"], fields["tif"]) == (word, tif_word)


def test_a_trailing_percentage() -> None:
    asked = replace(
        request(OrderType.TRAILING_STOP), trail_amount=None, trail_percent=Decimal("2.5")
    )
    fields = order_fields(asked)
    assert fields["trailingPercent"] == "2.5"
    assert "auxPrice" not in fields
    heard = terms_of(told(orderType="TRAIL", trailingPercent=2.5, trailStopPrice=441.5))
    assert (heard.trail_amount, heard.trail_percent) == (None, Decimal("2.5"))
    assert heard.stop_price == Decimal("441.5")


@pytest.mark.parametrize("tif", [TimeInForce.CLS, TimeInForce.OPG])
@pytest.mark.parametrize("kind", [OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP])
def test_no_auction_takes_a_stop(kind: OrderType, tif: TimeInForce) -> None:
    with pytest.raises(ValueError, match="auction"):
        order_fields(request(kind, tif))


def test_a_sale_and_a_group() -> None:
    fields = order_fields(replace(request(OrderType.LIMIT), side=Side.SELL, oco_group="g1"))
    assert (fields["action"], fields["ocaGroup"], fields["ocaType"]) == ("SELL", "g1", 2)
    assert "ocaGroup" not in order_fields(request(OrderType.LIMIT))


@pytest.mark.parametrize(
    ("word", "kind", "note"),
    [
        ("TRAIL LIMIT", OrderType.TRAILING_STOP, "a TRAIL LIMIT order"),
        ("MIDPRICE", OrderType.LIMIT, "a MIDPRICE order"),
        ("LIT", OrderType.STOP_LIMIT, "a LIT order"),
        ("VOL", OrderType.MARKET, "a VOL order"),
        ("", OrderType.MARKET, "a nameless order"),
    ],
)
def test_orders_that_only_others_send(word: str, kind: OrderType, note: str) -> None:
    heard = terms_of(told(orderType=word))
    assert (heard.order_type, heard.note) == (kind, note)


def test_an_unknown_order_with_a_limit_is_shown_with_it() -> None:
    heard = terms_of(told(orderType="SNAP MID", lmtPrice=10.5))
    assert (heard.order_type, heard.limit_price) == (OrderType.LIMIT, Decimal("10.5"))


@pytest.mark.parametrize(
    ("tif", "date", "ours", "note"),
    [
        ("GTD", "20261231 23:59:59 UTC", TimeInForce.GTC,
         "time in force GTD until 20261231 23:59:59 UTC"),
        ("DTC", "", TimeInForce.DAY, "time in force DTC"),
        ("", "", TimeInForce.DAY, ""),
    ],
)  # fmt: skip
def test_times_in_force_that_only_others_send(
    tif: str, date: str, ours: TimeInForce, note: str
) -> None:
    heard = terms_of(told(tif=tif, goodTillDate=date))
    assert (heard.time_in_force, heard.note) == (ours, note)


def test_a_finished_order_may_be_listed_without_its_total() -> None:
    assert terms_of(told(totalQuantity=0.0, filledQuantity=30.0)).quantity == 30
    assert terms_of(told(totalQuantity=0.0)).quantity == 0


@pytest.mark.parametrize("action", ["SELL", "SSHORT", "sell "])
def test_sides(action: str) -> None:
    assert terms_of(told(action=action)).side is Side.SELL


def test_no_side_is_guessed() -> None:
    with pytest.raises(ValueError, match="no side"):
        terms_of(told(action="HOLD"))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (UNSET, None), ("1.7976931348623157E308", None), ("", None), (None, None),
        (float("inf"), None), (100.0, Decimal(100)), (0.1, Decimal("0.1")),
        ("-12.50", Decimal("-12.5")), (1e-8, Decimal("0.00000001")),
        (Decimal("1.5"), Decimal("1.5")),
    ],
)  # fmt: skip
def test_numbers_of_the_wire(value: Any, number: Decimal | None) -> None:
    assert decimal_of(value) == number


def test_a_whole_number_shows_no_decimals() -> None:
    assert str(decimal_of(100.0)) == "100"


def test_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="no number"):
        decimal_of("N/A")


@pytest.mark.parametrize(
    ("value", "text"), [("1E+2", "100"), ("0.00000001", "0.00000001"), ("450.10", "450.10")]
)
def test_the_wire_gets_every_digit(value: str, text: str) -> None:
    assert price_text(Decimal(value)) == text


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("ApiPending", S.PENDING_NEW), ("PendingSubmit", S.PENDING_NEW),
        ("PreSubmitted", S.WORKING), ("Submitted", S.WORKING),
        ("PendingCancel", S.PENDING_CANCEL), ("Cancelled", S.CANCELED),
        ("ApiCancelled", S.CANCELED), ("Filled", S.FILLED), ("Inactive", S.SUSPENDED),
    ],
)  # fmt: skip
def test_status_words(word: str, status: OrderStatus) -> None:
    assert status_of(word) is status
    assert set(STATUSES) >= {word}


@pytest.mark.parametrize("word", ["ValidationError", "ApiUpdate", "", "submitted", "Expired"])
def test_an_unknown_word_is_unknown(word: str) -> None:
    assert status_of(word) is S.UNKNOWN


def test_a_waiting_child_is_held_and_a_working_one_is_not() -> None:
    assert status_of("PreSubmitted", is_waiting=True) is S.HELD
    assert status_of("Submitted", is_waiting=True) is S.WORKING


@pytest.mark.parametrize("word", ["Inactive", "Cancelled", "ApiCancelled"])
def test_a_proven_refusal_is_a_rejection(word: str) -> None:
    assert status_of(word, is_refused=True) is S.REJECTED


@pytest.mark.parametrize("word", ["Submitted", "Filled", "PreSubmitted"])
def test_a_refusal_never_kills_what_lives(word: str) -> None:
    assert status_of(word, is_refused=True) is STATUSES[word]

"""IBKR's contracts as instruments and back: tables, pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.contract_map import (
    decimal_of,
    details_of_partial,
    expiry_date,
    instrument_of,
    queries_of,
    routed,
    rule_id,
    step_at,
)
from app.brokers.ibkr_tws.hours import trading_hours
from app.brokers.ibkr_tws.sdk import ib
from app.domain.instrument import AssetClass, Instrument, OptionRight


def details(contract: dict[str, Any] | None = None, **more: Any) -> Any:
    """Details of AAPL with changes."""
    share = {
        "conId": 265598, "symbol": "AAPL", "secType": "STK", "exchange": "NASDAQ",
        "primaryExchange": "NASDAQ", "currency": "USD", "localSymbol": "AAPL",
        "tradingClass": "NMS",
    }  # fmt: skip
    known = {
        "minTick": 0.01, "validExchanges": "SMART,AMEX,NASDAQ", "marketRuleIds": "26,27,26",
        "longName": "APPLE INC", "stockType": "COMMON", "priceMagnifier": 1, "minSize": 0.0001,
        "sizeIncrement": 0.0001,
    }  # fmt: skip
    return ib.ContractDetails(contract=ib.Contract(**{**share, **(contract or {})}),
                              **{**known, **more})  # fmt: skip


def future(**more: Any) -> Any:
    return details(
        {"conId": 1, "symbol": "ES", "secType": "FUT", "exchange": "CME", "primaryExchange": "",
         "localSymbol": "ESZ6", "tradingClass": "ES", "multiplier": "50",
         "lastTradeDateOrContractMonth": "20261218", **more},
        minTick=0.25, validExchanges="CME,QBALGO", longName="E-mini S&P 500", minSize=1,
        sizeIncrement=1,
    )  # fmt: skip


def option(**more: Any) -> Any:
    return details(
        {"conId": 2, "secType": "OPT", "exchange": "AMEX", "primaryExchange": "",
         "localSymbol": "AAPL  261218C00200000", "tradingClass": "AAPL", "multiplier": "100",
         "lastTradeDateOrContractMonth": "20261218", "strike": 200.0, "right": "C", **more},
        minSize=1, sizeIncrement=1,
    )  # fmt: skip


def test_a_us_share_needs_no_venue_and_no_fraction() -> None:
    found = instrument_of(details())
    assert found == Instrument(
        "AAPL", AssetClass.EQUITY, "USD", description="APPLE INC", exchange="NASDAQ",
        tick_size=Decimal("0.01"), session="us-equity",
    )  # fmt: skip
    assert found.key == "SEC|AAPL|USD"


@pytest.mark.parametrize("kind", ["ETF", "etn", "ETC"])
def test_a_fund_is_one(kind: str) -> None:
    assert instrument_of(details(stockType=kind)).asset_class is AssetClass.ETF


@pytest.mark.parametrize(
    ("place", "currency", "key"),
    [
        ("NASDAQ.NMS", "USD", "SEC|AAPL|USD"),
        ("", "USD", "SEC|AAPL|USD"),
        ("AEQLIT", "CAD", "SEC|AAPL|CAD|AEQLIT"),
        ("BVL", "USD", "SEC|AAPL|USD|BVL"),
        ("ENEXT.BE", "EUR", "SEC|AAPL|EUR|ENEXT"),
    ],
)
def test_shares_abroad_do_not_net_with_those_at_home(place: str, currency: str, key: str) -> None:
    exchange = place or "SMART"
    found = instrument_of(
        details({"primaryExchange": place, "exchange": exchange, "currency": currency})
    )
    assert found.key == key
    assert found.session == ("us-equity" if key == "SEC|AAPL|USD" else "always")


def test_lots_of_shares_are_kept() -> None:
    found = instrument_of(details({"primaryExchange": "SEHK", "currency": "HKD"}, minSize=500,
                                  sizeIncrement=500))  # fmt: skip
    assert found.quantity_step == found.min_quantity == Decimal(500)


def test_a_future_is_named_by_root_exchange_and_expiry() -> None:
    found = instrument_of(future())
    assert found.key == "FUT|ES|USD|CME|2026-12-18|x50"
    assert (found.symbol, found.underlying, found.exchange) == ("ESZ6", "ES", "CME")
    assert found.description == "E-mini S&P 500 Dec 2026"
    assert (found.tick_size, found.session) == (Decimal("0.25"), "cme-globex")
    assert instrument_of(future(exchange="GLOBEX")).key == found.key
    assert instrument_of(future(exchange="QBALGO")).key == found.key
    assert instrument_of(future(exchange="EUREX")).session == "always"


def test_prices_in_cents_are_worth_a_hundredth() -> None:
    corn = future(symbol="ZC", multiplier="5000", exchange="CBOT")
    corn.priceMagnifier = 100
    assert instrument_of(corn).multiplier == 50


def test_an_option_is_named_by_its_terms() -> None:
    found = instrument_of(option())
    assert found.key == "OPT|AAPL|USD|2026-12-18|200|C|x100"
    assert (found.symbol, found.exchange) == ("AAPL 18DEC26 200 C", "SMART")
    assert found.description == "APPLE INC 18 Dec 2026 200 call"
    assert (found.strike, found.right) == (Decimal(200), OptionRight.CALL)
    assert found.session == "us-equity"
    assert instrument_of(option(right="PUT", strike=2.5)).key.endswith("|2.5|P|x100")
    assert instrument_of(option(currency="EUR")).session == "always"


def test_classes_of_options_with_the_same_terms_are_told_apart() -> None:
    assert "|SPXW|" in instrument_of(option(symbol="SPX", tradingClass="SPXW")).key
    spaced = instrument_of(option(symbol="BRK B", tradingClass="BRKB"))
    assert spaced.market == ""


def test_an_option_on_a_future_trades_where_the_future_does() -> None:
    found = instrument_of(
        option(secType="FOP", symbol="ES", exchange="CME", multiplier="50", tradingClass="ES")
    )
    assert (found.exchange, found.session) == ("CME", "cme-globex")
    assert found.key == "OPT|ES|USD|2026-12-18|200|C|x50"


def test_a_pair_and_a_coin() -> None:
    pair = details(
        {"symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO", "primaryExchange": ""},
        minTick=0.00005, validExchanges="IDEALPRO", minSize=1, sizeIncrement=1,
    )  # fmt: skip
    found = instrument_of(pair)
    assert (found.symbol, found.key, found.session) == ("EUR.USD", "FX|EUR|USD", "forex")
    assert found.tick_size == Decimal("0.00005")
    coin = details(
        {"symbol": "BTC", "secType": "CRYPTO", "exchange": "PAXOS", "primaryExchange": ""},
        minTick=0.25, validExchanges="PAXOS", minSize=1e-8, sizeIncrement=1e-8,
    )  # fmt: skip
    found = instrument_of(coin)
    assert (found.key, found.exchange, found.session) == ("CRYPTO|BTC|USD", "PAXOS", "always")
    assert found.quantity_step == found.min_quantity == Decimal("0.00000001")


def test_names_in_other_letters_are_readable() -> None:
    assert instrument_of(details(longName="NESTL\\u00c9 SA")).description == "NESTLÉ SA"


@pytest.mark.parametrize(
    "wrong",
    [{"secType": "BOND"}, {"secType": "IND"}, {"secType": ""}, {"multiplier": "many"},
     {"currency": ""}, {"multiplier": "-1"}],
)  # fmt: skip
def test_what_moorgate_does_not_trade_is_refused_loudly(wrong: dict[str, str]) -> None:
    with pytest.raises(BrokerError) as caught:
        instrument_of(details(wrong))
    assert (caught.value.code, caught.value.outcome) == (
        "unsupported-contract",
        Outcome.NOT_SENT,
    )


def test_what_is_listed_no_more_is_shown_as_it_is() -> None:
    partial = ib.Contract(conId=9, symbol="GONE", secType="STK", currency="USD")
    found = instrument_of(details_of_partial(partial))
    assert (found.key, found.description) == ("SEC|GONE|USD", "GONE")
    assert found.tick_size == Decimal("0.01")
    month = ib.Contract(symbol="ES", secType="FUT", currency="USD", exchange="CME",
                        localSymbol="ESZ6", lastTradeDateOrContractMonth="202612")  # fmt: skip
    assert instrument_of(details_of_partial(month)).key == "FUT|ESZ6|USD|CME"
    nameless = ib.Contract(symbol="A", secType="OPT", currency="USD", localSymbol="A X", strike=5.0)
    assert instrument_of(details_of_partial(nameless)).symbol == "A X"


def test_orders_are_routed_smartly_where_tws_can() -> None:
    contract = routed(details())
    assert (contract.exchange, contract.primaryExchange, contract.conId) == (
        "SMART", "NASDAQ", 265598,
    )  # fmt: skip
    assert routed(future()).exchange == "CME"
    alone = details({"exchange": "", "primaryExchange": "BVL"}, validExchanges="BVL")
    assert routed(alone).exchange == "BVL"
    assert routed(details({"exchange": "", "primaryExchange": ""}, validExchanges="X,Y")
                  ).exchange == "X"  # fmt: skip
    assert routed(details({"exchange": "", "primaryExchange": ""}, validExchanges="")
                  ).exchange == ""  # fmt: skip


def test_rules_stand_in_the_order_of_the_places() -> None:
    assert rule_id(details(), "SMART") == 26
    assert rule_id(details(), "AMEX") == 27
    assert rule_id(details(), "elsewhere") == 26
    assert rule_id(details(marketRuleIds=""), "SMART") is None


def test_the_step_depends_on_the_price() -> None:
    rule = [(Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05"))]
    assert step_at(rule, Decimal("2.99")) == Decimal("0.01")
    assert step_at(rule, Decimal(3)) == step_at(rule, Decimal(-4)) == Decimal("0.05")
    assert step_at([(Decimal(1), Decimal("0.5"))], Decimal("0.1")) == Decimal("0.5")
    assert step_at([(Decimal(0), Decimal(0))], Decimal(1)) is None
    assert step_at([], Decimal(1)) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20261218", date(2026, 12, 18)),
        ("20261218 08:30:00 US/Central", date(2026, 12, 18)),
        ("2026-12-18", date(2026, 12, 18)),
        ("202612", None),
        ("", None),
        ("20261350", None),
    ],
)
def test_expiries_in_every_form(text: str, day: date | None) -> None:
    assert expiry_date(text) == day


def test_numbers_lose_their_noise() -> None:
    assert str(decimal_of(200.0)) == "200"
    assert decimal_of(1e-8) == Decimal("0.00000001")
    assert str(decimal_of(0.1)) == "0.1"


# ---- questions ----


def asked(instrument: Instrument) -> list[tuple[str, ...]]:
    return [
        (q.secType, q.symbol, q.exchange, q.currency, q.lastTradeDateOrContractMonth)
        for q in queries_of(instrument)
    ]


def test_shares_are_asked_for_smartly_or_where_they_are_listed() -> None:
    assert asked(instrument_of(details())) == [("STK", "AAPL", "SMART", "USD", "")]
    dotted = Instrument("BRK.B", AssetClass.ETF, "USD")
    assert [row[1] for row in asked(dotted)] == ["BRK.B", "BRK B"]
    abroad = Instrument("MSFT", AssetClass.EQUITY, "CAD", market="AEQLIT")
    assert asked(abroad)[0][2] == "AEQLIT"


def test_futures_are_asked_for_by_expiry_or_by_name() -> None:
    (query,) = queries_of(instrument_of(future()))
    assert (query.symbol, query.lastTradeDateOrContractMonth) == ("ES", "20261218")
    assert query.includeExpired
    (query,) = queries_of(Instrument("ESZ6", AssetClass.FUTURE, "USD", market="CME"))
    assert (query.localSymbol, query.exchange) == ("ESZ6", "CME")


def test_options_are_asked_for_on_shares_and_on_futures() -> None:
    on_share, on_future = queries_of(instrument_of(option()))
    assert (on_share.secType, on_share.exchange, on_share.strike) == ("OPT", "SMART", 200.0)
    assert (on_future.secType, on_future.exchange, on_future.right) == ("FOP", "", "C")
    fop = instrument_of(option(secType="FOP", symbol="ES", exchange="CME", tradingClass="ES"))
    assert [q.secType for q in queries_of(fop)] == ["FOP", "OPT"]
    (query,) = queries_of(Instrument("A X", AssetClass.OPTION, "USD"))
    assert query.localSymbol == "A X"


def test_pairs_and_coins_are_asked_for_by_their_base() -> None:
    pair = Instrument("EURUSD", AssetClass.FOREX, "USD")
    assert asked(pair) == [("CASH", "EUR", "IDEALPRO", "USD", "")]
    coin = Instrument("BTC/USD", AssetClass.CRYPTO, "USD")
    assert [row[2] for row in asked(coin)] == ["PAXOS", "ZEROHASH"]
    held = Instrument("BTC", AssetClass.CRYPTO, "USD", exchange="ZEROHASH")
    assert [row[2] for row in asked(held)] == ["ZEROHASH", "PAXOS"]


# ---- trading hours ----


def test_trading_hours_in_both_forms() -> None:
    new = "20260320:0930-20260320:1600;20260321:CLOSED;20260322:1800-20260323:1700"
    hours = trading_hours(new, "US/Eastern")
    assert hours.spans[0] == (
        datetime(2026, 3, 20, 13, 30, tzinfo=UTC),
        datetime(2026, 3, 20, 20, 0, tzinfo=UTC),
    )
    assert len(hours.spans) == 2
    old = trading_hours("20180323:0400-0930,0930-1600;20180326:CLOSED", "EST")
    assert [int((end - begin).total_seconds() // 60) for begin, end in old.spans] == [330, 390]


def test_what_the_text_does_not_reach_is_unknown() -> None:
    hours = trading_hours("20260320:0930-20260320:1600", "US/Eastern")
    begin, end = hours.spans[0]
    assert hours.is_open(begin) is True
    assert hours.is_open(datetime(2026, 3, 20, 8, tzinfo=UTC)) is False
    assert hours.is_open(end) is None
    assert hours.next_open(datetime(2026, 3, 20, 8, tzinfo=UTC)) == begin
    inside = datetime(2026, 3, 20, 15, tzinfo=UTC)
    assert hours.next_open(inside) == inside
    assert hours.next_open(end) is None


@pytest.mark.parametrize(
    ("text", "zone"),
    [("20260320:0930-20260320:1600", "Nowhere/Land"), ("", "US/Eastern"), ("nonsense", "EST"),
     ("20261320:0930-20261320:1600", "EST"), ("20260320:1600-20260320:0930", "EST"),
     ("20260320:0930-20261320:1600", "EST")],
)  # fmt: skip
def test_hours_that_cannot_be_read_are_left_out(text: str, zone: str) -> None:
    hours = trading_hours(text, zone)
    assert hours.spans == ()
    assert hours.is_open(datetime(2026, 3, 20, 15, tzinfo=UTC)) is None

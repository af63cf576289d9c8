"""Every order type and time in force meets the market as it should."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.order_types import OrderStatus, Side, TimeInForce
from tests.brokers.paper.trader import Run, Trader, trading

S = OrderStatus
D = Decimal
T = TimeInForce


@pytest.fixture
def trader(tmp_path: Path, run: Run) -> Iterator[Trader]:
    """The market stands at 99.99 to 100.01 with size without end."""
    with trading(tmp_path, run) as open_trader:
        yield open_trader


def test_a_market_order_takes_the_other_side(trader: Trader) -> None:
    bought, sold = trader.buy(10), trader.sell(4)
    assert trader.fills(bought) == [(D(10), D("100.01"))]
    assert trader.fills(sold) == [(D(4), D("99.99"))]
    assert trader.executions(bought)[0].liquidity == "taker"


def test_a_market_order_waits_for_more_size(trader: Trader) -> None:
    trader.quote("99.99", "100.01", ask_size=30)
    order = trader.buy(100)
    assert trader.status(order) is S.PARTIALLY_FILLED
    assert trader.fills(order) == [(D(30), D("100.01"))]
    trader.quote("99.99", "100.02", ask_size=50)
    trader.quote("99.99", "100.03", ask_size=50)
    assert trader.fills(order)[1:] == [(D(50), D("100.02")), (D(20), D("100.03"))]
    assert trader.status(order) is S.FILLED


def test_size_is_shared_by_all_until_the_next_quote(trader: Trader) -> None:
    trader.quote("99.99", "100.01", ask_size=30)
    first, second = trader.buy(20), trader.buy(20)
    assert sum(q for q, _ in trader.fills(first) + trader.fills(second)) == 30
    trader.quote("99.99", "100.01", ask_size=5)
    assert trader.fills(second) == [(D(10), D("100.01")), (D(5), D("100.01"))]


def test_slippage_makes_market_orders_worse_and_limits_not(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run, slippage_ticks=3) as trader:
        assert trader.fills(trader.buy(1)) == [(D(1), D("100.04"))]
        assert trader.fills(trader.sell(1)) == [(D(1), D("99.96"))]
        assert trader.fills(trader.buy(1, limit="100.01")) == [(D(1), D("100.01"))]


def test_a_marketable_limit_gets_the_better_price(trader: Trader) -> None:
    assert trader.fills(trader.buy(5, limit="100.50")) == [(D(5), D("100.01"))]


def test_a_resting_limit_fills_by_prints_up_to_their_size(trader: Trader) -> None:
    order = trader.buy(100, limit="99.95")
    trader.print("99.96", 500, Side.SELL)
    assert trader.status(order) is S.WORKING
    trader.print("99.95", 30, Side.SELL)
    trader.print("99.90", 50, Side.BUY)
    assert trader.fills(order) == [(D(30), D("99.95")), (D(50), D("99.95"))]
    assert trader.executions(order)[0].liquidity == "maker"


def test_at_our_price_only_who_crosses_towards_us_trades_with_us(trader: Trader) -> None:
    order = trader.buy(10, limit="99.95")
    trader.print("99.95", 500, Side.BUY)
    assert trader.status(order) is S.WORKING
    trader.print("99.95", 4)
    assert trader.fills(order) == [(D(4), D("99.95"))]


def test_a_resting_limit_trades_at_its_price_when_the_quote_comes_to_it(trader: Trader) -> None:
    order = trader.sell(10, limit="100.10")
    trader.quote("100.20", "100.22")
    assert trader.fills(order) == [(D(10), D("100.10"))]


def test_one_print_is_shared_by_price_then_time(trader: Trader) -> None:
    late_worse = trader.buy(10, limit="99.90")
    early, late = trader.buy(10, limit="99.95"), trader.buy(10, limit="99.95")
    trader.print("99.90", 15, Side.SELL)
    assert trader.fills(early) == [(D(10), D("99.95"))]
    assert trader.fills(late) == [(D(5), D("99.95"))]
    assert trader.fills(late_worse) == []


def test_a_repriced_order_goes_behind(trader: Trader) -> None:
    first, second = trader.buy(10, limit="99.95"), trader.buy(10, limit="99.95")
    trader.modify(first, limit="99.94")
    trader.modify(first, limit="99.95")
    trader.print("99.95", 10, Side.SELL)
    assert (trader.status(first), trader.status(second)) == (S.WORKING, S.FILLED)


def test_a_cut_in_quantity_keeps_the_place(trader: Trader) -> None:
    first, second = trader.buy(10, limit="99.95"), trader.buy(10, limit="99.95")
    trader.modify(first, quantity=6)
    trader.print("99.95", 6, Side.SELL)
    assert (trader.status(first), trader.status(second)) == (S.FILLED, S.WORKING)


def test_a_change_that_makes_it_marketable_trades_at_once(trader: Trader) -> None:
    order = trader.buy(10, limit="99.95")
    trader.modify(order, limit="100.05")
    assert trader.fills(order) == [(D(10), D("100.01"))]


@pytest.mark.parametrize(
    ("side", "stop", "through"), [(Side.BUY, "101", "101.00"), (Side.SELL, "99", "98.50")]
)
def test_a_stop_is_elected_by_a_trade(trader: Trader, side: Side, stop: str, through: str) -> None:
    (order,) = trader.send(trader.request(side, 10, stop=stop))
    trader.print("100.00", 5)
    assert trader.status(order) is S.WORKING
    trader.print(through, 5)
    assert trader.status(order) is S.TRIGGERED
    price = D(through)
    trader.quote(price - D("0.01"), price + D("0.01"))
    assert trader.fills(order) == [(D(10), price + side.sign * D("0.01"))]


def test_a_stop_limit_rests_once_elected(trader: Trader) -> None:
    order = trader.sell(10, stop="99", limit="98.90")
    trader.print("98.50", 5)
    trader.quote("98.49", "98.51")
    assert trader.status(order) is S.TRIGGERED
    trader.print("98.90", 4, Side.BUY)
    assert trader.fills(order) == [(D(4), D("98.90"))]


def test_a_trailing_stop_follows_by_an_amount(trader: Trader) -> None:
    trader.print("100", 1)
    order = trader.sell(10, trail_amount="1")
    for price in ("101", "103", "102.50"):
        trader.print(price, 1)
    assert trader.status(order) is S.WORKING
    trader.print("102.00", 1)
    assert trader.status(order) is S.TRIGGERED
    trader.quote("101.99", "102.01")
    assert trader.fills(order) == [(D(10), D("101.99"))]


def test_a_trailing_stop_follows_by_per_cent(trader: Trader) -> None:
    trader.print("100", 1)
    order = trader.buy(10, trail_percent="2")
    assert trader.told(order).stop_price == D("102.00")
    trader.print("90", 1)
    trader.print("91.79", 1)
    assert trader.status(order) is S.WORKING
    trader.print("91.80", 1)
    assert trader.status(order) is S.TRIGGERED


def test_ioc_takes_what_there_is_and_ends(trader: Trader) -> None:
    trader.quote("99.99", "100.01", ask_size=30)
    order = trader.buy(100, limit="100.01", tif=T.IOC)
    assert trader.fills(order) == [(D(30), D("100.01"))]
    assert trader.status(order) is S.CANCELED


def test_ioc_without_a_match_ends_empty(trader: Trader) -> None:
    order = trader.buy(100, limit="99.50", tif=T.IOC)
    assert trader.fills(order) == []
    assert trader.status(order) is S.CANCELED


@pytest.mark.parametrize(("size", "fills"), [(99, []), (100, [(D(100), D("100.01"))])])
def test_fok_takes_all_or_nothing(trader: Trader, size: float, fills: list[tuple[D, D]]) -> None:
    trader.quote("99.99", "100.01", ask_size=size)
    order = trader.buy(100, limit="100.01", tif=T.FOK)
    assert trader.fills(order) == fills
    assert trader.status(order) is (S.FILLED if fills else S.CANCELED)


def test_a_day_order_ends_with_the_day_and_gtc_does_not(trader: Trader) -> None:
    day, gtc = trader.buy(10, limit="90"), trader.buy(10, limit="90", tif=T.GTC)
    trader.market.market_s += 86_400
    trader.quote("99.99", "100.01")
    assert (trader.status(day), trader.status(gtc)) == (S.EXPIRED, S.WORKING)
    trader.print("89", 100)
    assert trader.status(gtc) is S.FILLED


def test_reduce_only_never_turns_the_position(trader: Trader) -> None:
    trader.buy(10)
    order = trader.sell(25, reduce_only=True)
    assert trader.fills(order) == [(D(10), D("99.99"))]
    trader.quote("99.98", "100.00")
    assert trader.status(order) is S.CANCELED
    assert "reduce-only" in trader.told(order).reason
    assert trader.position() == 0


def test_after_a_gap_resting_orders_get_the_market(trader: Trader) -> None:
    """A stop or limit that the market has jumped over trades where it opens again."""
    order = trader.buy(10, limit="99.00", tif=T.GTC)
    trader.market.market_s += 86_400
    tick = trader.market

    def reopen() -> None:
        from app.brokers.paper.tick import Tick

        tick.feed(Tick(tick.key, tick.market_s, 94.99, 95.01, 1e6, 1e6, reopens=True))

    trader.on_loop(reopen)
    assert trader.fills(order) == [(D(10), D("95.01"))]


def test_quotes_elect_stops_where_no_trades_are_recorded(tmp_path: Path, run: Run) -> None:
    ticks = tmp_path / "EURUSD_ticks.csv"
    rows = [f"20240312 1430{s:02d}000,1.1000{s % 10},1.10017,0" for s in range(60)]
    ticks.write_text("\n".join(rows) + "\n")
    with trading(tmp_path, run, file=str(ticks), speed=0.1) as trader:
        trader.quote("1.10000", "1.10010")
        stop = trader.buy(1000, stop="1.10100")
        trader.quote("1.10050", "1.10060")
        assert trader.status(stop) is S.WORKING
        trader.quote("1.10095", "1.10105")
        assert trader.fills(stop) == [(D(1000), D("1.10105"))]

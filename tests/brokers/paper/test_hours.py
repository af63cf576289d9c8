"""Sessions: regular and outside hours, auctions, the end of the day."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.order_types import OrderStatus, Side, TimeInForce
from tests.brokers.paper.driver import SHARE, START_S, write_bars, write_manifest
from tests.brokers.paper.trader import Run, Trader, trading

S = OrderStatus
D = Decimal
# START_S is 10:30 in New York.
CLOSE = START_S + 5.5 * 3600
EVENING = CLOSE + 3600
NIGHT = CLOSE + 6 * 3600
NEXT_PRE_MARKET = START_S + 21 * 3600
NEXT_OPEN = START_S + 23 * 3600


@pytest.fixture
def trader(tmp_path: Path, run: Run) -> Iterator[Trader]:
    """A US share at 99.99 to 100.01 at 11:30 in New York."""
    with trading(tmp_path, run, file=str(write_manifest(tmp_path, SHARE))) as open_trader:
        yield open_trader


def at(trader: Trader, market_s: float) -> None:
    """Let the market's clock reach a moment, with a quote."""
    trader.market.market_s = market_s
    trader.quote("99.99", "100.01")


def test_a_market_order_after_hours_is_rejected_unless_it_says_so(trader: Trader) -> None:
    at(trader, EVENING)
    plain, marked = trader.buy(10), trader.buy(10, outside_hours=True)
    assert (trader.status(plain), trader.status(marked)) == (S.REJECTED, S.FILLED)
    assert "market is closed" in trader.told(plain).reason


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_what_cannot_wait_is_rejected_while_closed(trader: Trader, tif: TimeInForce) -> None:
    at(trader, EVENING)
    assert trader.status(trader.buy(10, limit="101", tif=tif)) is S.REJECTED


def test_nothing_trades_at_night(trader: Trader) -> None:
    at(trader, NIGHT)
    assert trader.status(trader.buy(10, outside_hours=True)) is S.REJECTED
    waiting = trader.buy(10, limit="101", outside_hours=True)
    assert trader.status(waiting) is S.WORKING


def test_a_limit_order_waits_for_regular_hours(trader: Trader) -> None:
    at(trader, EVENING)
    order = trader.buy(10, limit="100.50")
    trader.print("100", 100)
    assert trader.status(order) is S.WORKING
    at(trader, NEXT_PRE_MARKET)
    assert trader.status(order) is S.WORKING
    at(trader, NEXT_OPEN)
    assert trader.fills(order) == [(D(10), D("100.01"))]


def test_a_day_order_ends_at_the_close(trader: Trader) -> None:
    order = trader.buy(10, limit="99")
    outside = trader.buy(10, limit="99", outside_hours=True)
    at(trader, CLOSE)
    assert (trader.status(order), trader.status(outside)) == (S.EXPIRED, S.WORKING)
    at(trader, NEXT_PRE_MARKET)
    assert trader.status(outside) is S.EXPIRED


def test_a_day_order_for_tomorrow_ends_tomorrow(trader: Trader) -> None:
    at(trader, EVENING)
    order = trader.buy(10, limit="99")
    at(trader, NEXT_OPEN)
    assert trader.status(order) is S.WORKING
    at(trader, NEXT_OPEN + 7 * 3600)
    assert trader.status(order) is S.EXPIRED


def test_the_closing_auction(trader: Trader) -> None:
    order = trader.buy(500, tif=TimeInForce.CLS)
    too_low = trader.buy(500, limit="99.50", tif=TimeInForce.CLS)
    trader.print("99.98", 1)
    assert trader.status(order) is S.WORKING
    at(trader, CLOSE + 1)
    assert trader.fills(order) == [(D(500), D("99.98"))]
    assert trader.status(too_low) is S.CANCELED
    assert "beyond its limit" in trader.told(too_low).reason


def test_the_opening_auction(trader: Trader) -> None:
    assert trader.status(trader.buy(10, tif=TimeInForce.OPG)) is S.REJECTED
    at(trader, EVENING)
    order = trader.sell(500, limit="99", tif=TimeInForce.OPG)
    at(trader, NEXT_PRE_MARKET)
    trader.print("99.50", 100)
    assert trader.status(order) is S.WORKING
    at(trader, NEXT_OPEN)
    assert trader.status(order) is S.WORKING
    trader.print("100.20", 100)
    assert trader.fills(order) == [(D(500), D("100.20"))]


def test_a_market_without_auctions_says_so(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        order = trader.buy(10, tif=TimeInForce.CLS)
        assert trader.status(order) is S.REJECTED
        assert "no opening or closing auction" in trader.told(order).reason


def test_a_stop_sleeps_outside_of_its_hours(trader: Trader) -> None:
    order = trader.sell(10, stop="99", tif=TimeInForce.GTC)
    at(trader, EVENING)
    trader.print("90", 100, Side.SELL)
    assert trader.status(order) is S.WORKING


def test_moving_the_replay_to_another_day_ends_day_orders(tmp_path: Path, run: Run) -> None:
    write_bars(tmp_path / "XYZ_1min.csv", count=3 * 1440)
    with trading(tmp_path, run) as trader:
        day, gtc = trader.buy(10, limit="90"), trader.buy(10, limit="90", tif=TimeInForce.GTC)
        start_s = trader.control("replay.state")["start_s"]
        trader.control("replay.seek", at_s=start_s + 7200)
        assert trader.status(day) is S.WORKING
        trader.control("replay.seek", at_s=start_s + 86_400)
        assert (trader.status(day), trader.status(gtc)) == (S.EXPIRED, S.WORKING)
        assert "moved to another trading day" in trader.told(day).reason

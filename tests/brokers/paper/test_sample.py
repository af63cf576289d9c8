"""The sample that comes with Moorgate: small, quick, honest, and alive from the first second."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from app.base.errors import UserError
from app.brokers.paper.manifest import open_market
from app.brokers.paper.replay import Replay, Transport
from app.domain.instrument import AssetClass
from app.domain.market import Timeframe
from app.domain.order_types import OrderStatus, Side
from app.domain.session import calendar
from tests.brokers.paper.driver import PaperDriver
from tests.brokers.paper.trader import Run, trading

RESOURCES = Path(__file__).resolve().parents[3] / "resources"
SAMPLE = RESOURCES / "replay" / "manifest.toml"
D = Decimal


@pytest.fixture(scope="module")
def sample() -> Replay:
    return Replay(open_market(SAMPLE, "UTC", "USD"), Transport(), seed=1, skip_gaps=True)


def test_it_is_small_and_loads_at_once() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.parent.iterdir()) < 1_500_000
    best = min(_seconds_to_load() for _ in range(3))
    assert best < 0.3


def _seconds_to_load() -> float:
    began = time.process_time()  # of this process alone, however busy the computer is
    open_market(SAMPLE, "UTC", "USD")
    return time.process_time() - began


def test_its_instruments_are_what_they_are(sample: Replay) -> None:
    found = {i.symbol: i for i in sample.instruments.values()}
    assert set(found) == {"INDA", "6EH4", "BTC-PERP"}
    future, fund, coin = found["6EH4"], found["INDA"], found["BTC-PERP"]
    assert (future.asset_class, future.tick_size) == (AssetClass.FUTURE, D("0.00005"))
    assert (future.multiplier, str(future.expiry)) == (D(125000), "2024-03-18")
    assert (fund.asset_class, fund.session) == (AssetClass.ETF, "us-equity")
    assert (coin.asset_class, coin.session) == (AssetClass.CRYPTO, "always")
    assert all(entry.source for entry in open_market(SAMPLE, "UTC", "USD").entries)


def test_it_begins_in_open_markets_with_days_of_history(sample: Replay) -> None:
    for key, instrument in sample.instruments.items():
        now = datetime.fromtimestamp(sample.market_s(key), UTC)
        assert calendar(instrument.session).is_open(now)
        bars, native_s = sample.bars(key)
        assert native_s == 60
        assert now.timestamp() - bars.start_s[0] > 5 * 86_400
    assert sample.end_s > 3 * 86_400


def test_prices_stand_on_the_ticks_they_claim(sample: Replay) -> None:
    for key, instrument in sample.instruments.items():
        if instrument.symbol == "INDA":
            continue  # dark venues print between ticks
        closes = sample.bars(key)[0].close / float(instrument.tick_size)
        assert np.mean(np.abs(closes - np.round(closes)) < 1e-4) > 0.999


def test_a_newcomer_sees_prices_move_within_seconds(tmp_path: Path, run: Run) -> None:
    """First start: history, quotes, moving prices, a fill and a day's profit, nothing set up."""
    with trading(tmp_path, run, resources=RESOURCES, source="replay", file="") as trader:
        market = trader.market
        sources = market.broker.session.opened.source.instruments
        for instrument in sources.values():
            run(market.broker.subscribe(instrument))
            quote = market.sink.quotes[-1]
            assert quote.instrument == instrument.key
            assert 0 < quote.bid < quote.ask
            assert quote.low <= quote.last <= quote.high
            assert 0 < quote.previous_close < 2 * quote.last
            begin = datetime(2020, 1, 1, tzinfo=UTC)
            bars = run(market.broker.history(instrument, Timeframe.H1, begin, quote.at))
            assert len(bars) > 40
        trader.control("replay.step", seconds=15)
        assert {trade.instrument for trade in market.sink.trades} == set(sources)
        market.instrument = run(market.broker.search("INDA"))[0]
        order = trader.send(trader.request(Side.BUY, 100))[0]
        trader.control("replay.step", seconds=60)
        assert trader.status(order) is OrderStatus.FILLED
        assert trader.executions(order)[0].fee == 0


def test_a_missing_sample_is_told(tmp_path: Path, run: Run) -> None:
    with pytest.raises(UserError, match=r"manifest\.toml"):
        run(PaperDriver(tmp_path, {"source": "replay"}).open())

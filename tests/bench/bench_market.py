"""How fast quotes come in, bars are gathered and risk is checked: one JSON line a measurement.

python -m tests.bench.bench_market
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np

from app.analytics.bars import resample
from app.base.bus import EventBus
from app.base.clock import SystemClock
from app.domain import order_events as ev
from app.domain.bars import BarSeries
from app.domain.events import ExecutionBooked
from app.domain.ids import BrokerOrderId, ClientOrderId
from app.domain.market import Timeframe
from app.domain.order_book import OrderBook
from app.domain.reports import Known
from app.domain.risk_limits import RiskLimits
from app.domain.session import SessionCalendar, calendar
from app.engine.market_data import MarketData
from app.engine.portfolio import Portfolio
from app.engine.risk import RiskGate
from app.store.history import History
from tests.bench.load import INSTRUMENTS, percentiles, tell
from tests.doubles.gate import Store
from tests.doubles.market import Feed
from tests.doubles.orders import ACCOUNT, CONNECTION, fill, request

ROWS, FRAMES, TICKS_A_FRAME = 70_000, 300, 400


class _Desk:
    """Market data with 200 instruments, 20 charts, and a position in some of them."""

    def __init__(self, folder: Path, positions: int) -> None:
        bus, clock = EventBus(), SystemClock()
        self.feed = Feed(clock)
        self.history = History(folder / "history.db")
        self.market = MarketData(bus, clock, self.feed, self.history)
        self.portfolio = Portfolio(bus, clock, self.market)
        self.book = OrderBook()
        limits = [RiskLimits(max_position_quantity=Decimal(10**9), max_daily_loss=Decimal(10**9))]
        self.risk = RiskGate(
            lambda _: limits, self.market, self.portfolio, self.book, clock, bus, Store()
        )
        for instrument in INSTRUMENTS:
            self.market.subscribe(CONNECTION, instrument)
        self.charts = [self.market.live_bars(CONNECTION, i, Timeframe.M1) for i in INSTRUMENTS[:20]]
        for number, instrument in enumerate(INSTRUMENTS[:positions]):
            traded = fill(100, f"p{number}", instrument=instrument)
            bus.publish(ExecutionBooked(traded))
        self.portfolio.on_accounts(CONNECTION, Known((), clock.now()))

    async def close(self) -> None:
        self.portfolio.stop()
        await self.market.stop()
        self.history.close()


async def measure_flush(positions: int) -> None:
    """A frame takes in one quote of each of 200 instruments and 400 prints."""
    with tempfile.TemporaryDirectory() as folder:
        desk = _Desk(Path(folder), positions)
        await asyncio.sleep(0.2)
        took_s: list[float] = []
        for frame in range(FRAMES):
            price = 100 + frame % 50 / 100
            for instrument in INSTRUMENTS:
                desk.feed.quote(price, price + 0.01, price, of=instrument)
            for tick in range(TICKS_A_FRAME):
                desk.feed.trade(price, of=INSTRUMENTS[tick % len(INSTRUMENTS)])
            began = time.perf_counter()
            desk.market.flush()
            took_s.append(time.perf_counter() - began)
            await asyncio.sleep(0)
        spent = sum(took_s)
        tell(
            "flush, 200 instruments, 400 prints, 20 charts",
            positions=positions,
            **percentiles(took_s),
            quotes_per_s=round(FRAMES * len(INSTRUMENTS) / spent),
            prints_per_s=round(FRAMES * TICKS_A_FRAME / spent),
        )
        await desk.close()


def minutes(market: SessionCalendar) -> BarSeries:
    """70,000 one-minute bars of open market."""
    start_s = int(datetime(2024, 1, 2, tzinfo=UTC).timestamp())
    every = np.arange(start_s, start_s + ROWS * 60 * 8, 60, dtype=np.int64)
    starts = every[market.bar_starts_s(every, Timeframe.M1) == every][:ROWS]
    prices = 100 + np.cumsum(np.random.default_rng(1).normal(0, 0.01, ROWS))
    return BarSeries(starts, prices, prices + 0.1, prices - 0.1, prices, np.ones(ROWS))


def measure_resample() -> None:
    """70,000 one-minute bars into longer ones; `first_ms` includes the calendar's table."""
    for name in ("us-equity", "cme-globex", "always"):
        series = minutes(calendar(name))
        for timeframe in (Timeframe.M5, Timeframe.H1, Timeframe.D1, Timeframe.MO1):
            market = SessionCalendar(name)
            work = partial(resample, series, timeframe, market)
            took_s = [_timed(work) for _ in range(20)]
            tell(
                "resample 70,000 bars",
                calendar=name,
                timeframe=timeframe.value,
                first_ms=round(took_s[0] * 1000, 2),
                ms=round(min(took_s) * 1000, 3),
            )


async def measure_risk(orders: int) -> None:
    """One check with every rule on, beside `orders` orders in the book, 100 of them open."""
    with tempfile.TemporaryDirectory() as folder:
        desk = _Desk(Path(folder), 20)
        for number in range(orders):
            _put(desk.book, number, is_open=number >= orders - 100)
        desk.feed.quote(9.99, 10.01, of=INSTRUMENTS[0])
        desk.market.flush()
        asked = request(instrument=INSTRUMENTS[0], quantity=Decimal(1))
        took_s = [_timed(lambda: desk.risk.check([asked])) for _ in range(200)]
        assert desk.risk.check([asked]) is None
        tell("risk check", orders_in_book=orders, **percentiles(took_s))
        await desk.close()


def _put(book: OrderBook, number: int, *, is_open: bool) -> None:
    own_id = ClientOrderId(f"o{number}")
    asked = request(client_order_id=own_id, instrument=INSTRUMENTS[number % 200])
    traded = replace(fill(100, f"x{number}", own_id=own_id), account_id=ACCOUNT)
    at = traded.at
    book.apply(ev.OrderInitialized(client_order_id=own_id, at=at, request=asked))
    book.apply(ev.OrderSubmitted(client_order_id=own_id, at=at))
    accepted = ev.OrderAccepted(
        client_order_id=own_id, at=at, broker_order_id=BrokerOrderId(f"{number}")
    )
    book.apply(accepted)
    if not is_open:
        book.apply(ev.OrderFilled(client_order_id=own_id, at=at, execution=traded))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def main() -> None:
    """All of it."""
    for positions in (0, 20, 200):
        await measure_flush(positions)
    measure_resample()
    for orders in (100, 20_000):
        await measure_risk(orders)


if __name__ == "__main__":
    asyncio.run(main())

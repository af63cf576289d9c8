"""A market and the charts on it, for tests of what charts are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.base.bus import EventBus
from app.domain.bars import BarSeries
from app.domain.capabilities import Capabilities
from app.domain.instrument import Instrument
from app.domain.market import DataKind, Timeframe
from app.engine.live_bars import BarsChanged, LiveBars
from app.engine.market_data import MarketData
from app.store.history import History
from tests.doubles.clock import FakeClock
from tests.doubles.loop import until
from tests.doubles.market import Feed
from tests.doubles.orders import CONNECTION, SPY

M1 = Timeframe.M1
REPLAY = DataKind.REPLAY


class Screen:
    """A market and what a chart on it is told."""

    def __init__(self, clock: FakeClock, folder: Path) -> None:
        self.clock, self.feed = clock, Feed(clock)
        self.history = History(folder / "history.db")
        self.market = MarketData(EventBus(), clock, self.feed, self.history)
        self.changes: list[BarsChanged] = []

    async def show(
        self, instrument: Instrument = SPY, timeframe: Timeframe = M1, count: int = 100
    ) -> LiveBars:
        live = self.market.live_bars(CONNECTION, instrument, timeframe, count)
        live.on_change(self.changes.append)
        if not self.feed.can.replay:
            await self.until(lambda: not live.is_loading)
        return live

    async def replay(self, at_s: float, instrument: Instrument = SPY) -> LiveBars:
        """A chart of a recording that stands at `at_s`."""
        self.feed.can = Capabilities(history=True, replay=True)
        live = await self.show(instrument)
        self.feed.quote(at_s=at_s, kind=REPLAY, of=instrument)
        await self.until(lambda: not live.is_loading)
        return live

    def play(self, at_s: float, price: float, size: float = 1.0) -> None:
        """One trade of the replay, drawn at once."""
        self.feed.trade(price, size, at_s=at_s)
        self.feed.quote(at_s=at_s, kind=REPLAY)
        self.market.flush()

    async def until(self, holds: Callable[[], object]) -> None:
        await until(holds)


def starts(series: BarSeries) -> list[int]:
    return [int(start) for start in series.start_s]

"""What one instrument's market looks like at the present moment of its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isnan

from app.brokers.paper.tick import NAN, Tick
from app.domain.bars import BarSeries
from app.domain.instrument import Instrument
from app.domain.market import DataKind, Quote, Timeframe
from app.domain.order_types import Side
from app.domain.session import SessionCalendar, calendar

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class DayStats:
    """Prices of the session under way; NaN where nothing is known yet. Volume in units."""

    open: float = NAN
    high: float = NAN
    low: float = NAN
    last: float = NAN
    volume: float = 0.0
    previous_close: float = NAN


def day_stats(bars: BarSeries, now_s: float, sessions: SessionCalendar) -> DayStats:
    """The session that `now_s` lies in, from all bars up to it."""
    if not len(bars):
        return DayStats()
    today = bars.between(sessions.bar_start_s(int(now_s), Timeframe.D1), int(now_s) + 1)
    before = len(bars) - len(today)
    previous = float(bars.close[before - 1]) if before else NAN
    if not len(today):
        return DayStats(last=float(bars.close[-1]), previous_close=previous)
    return DayStats(
        float(today.open[0]),
        float(today.high.max()),
        float(today.low.min()),
        float(today.close[-1]),
        float(today.volume.sum()),
        previous,
    )


class MarketState:
    """The present quote, the day so far, and how much of the quote our own orders have taken.

    Belongs to the adapter's loop. Sizes are in units; a NaN size is a market without known depth.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument, self.key = instrument, instrument.key
        self.sessions = calendar(instrument.session)
        self.at_s = 0.0
        self.received_s = 0.0
        self.bid = self.ask = self.bid_size = self.ask_size = self.last = NAN
        self._open = self._high = self._low = NAN
        self._volume, self._previous_close = 0.0, NAN
        self._taken = {Side.BUY: ZERO, Side.SELL: ZERO}
        self._minute = -1
        self.session: date = date.min
        self.is_regular = self.is_extended = False
        self.reopened = True
        self.has_prints = True

    @property
    def now(self) -> datetime:
        """The market's own time."""
        return datetime.fromtimestamp(self.at_s, UTC)

    def set(self, at_s: float, tick: Tick | None, day: DayStats, received_s: float) -> None:
        """Stand at a moment: after a start, a seek or a jump. Nothing in between has traded."""
        self._open, self._high, self._low = day.open, day.high, day.low
        self._volume, self._previous_close = day.volume, day.previous_close
        self.last = day.last
        self.bid = self.ask = self.bid_size = self.ask_size = NAN
        self.reopened = True
        self._minute = -1
        self.received_s = received_s
        self.refresh(at_s)
        if tick is not None:
            self._take_quote(tick)

    def refresh(self, at_s: float) -> bool:
        """Move the market's clock; whether the session or its phase changed."""
        self.at_s = at_s
        minute = int(at_s // 60)
        if minute == self._minute:
            return False
        self._minute = minute
        before = (self.session, self.is_regular, self.is_extended)
        now = self.now
        self.session = self.sessions.session_date(now)
        self.is_regular = self.sessions.is_open(now, False)
        self.is_extended = self.is_regular or self.sessions.is_open(now, True)
        if before[0] not in (self.session, date.min) and not isnan(self._open):
            self._previous_close = self.last
            self._open = self._high = self._low = NAN
            self._volume = 0.0
        return before != (self.session, self.is_regular, self.is_extended)

    def take_print(self, tick: Tick) -> None:
        """A trade happened."""
        price = self.last = tick.price
        if isnan(self._open):
            self._open = self._high = self._low = price
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._volume += tick.size

    def take_quote(self, tick: Tick, received_s: float) -> None:
        """A new quote stands, and all of its size may be taken again."""
        self._take_quote(tick)
        self.received_s = received_s

    def _take_quote(self, tick: Tick) -> None:
        self.bid, self.ask = tick.bid, tick.ask
        self.bid_size, self.ask_size = tick.bid_size, tick.ask_size
        self._taken = {Side.BUY: ZERO, Side.SELL: ZERO}

    def price_for(self, side: Side) -> Decimal | None:
        """What a taker on `side` gets now, None without a quote."""
        price = self.ask if side is Side.BUY else self.bid
        return None if isnan(price) else self.instrument.round_price(Decimal(repr(price)))

    def available(self, side: Side) -> Decimal | None:
        """Units that a taker on `side` may still have of this quote; None: as many as wanted."""
        size = self.ask_size if side is Side.BUY else self.bid_size
        if isnan(size):
            return None
        return self.instrument.round_quantity(Decimal(repr(size))) - self._taken[side]

    def take(self, side: Side, quantity: Decimal) -> None:
        """Use up a part of the quote."""
        self._taken[side] += quantity

    def mark(self) -> Decimal | None:
        """The price at which a position is valued: the last trade, else the middle of the quote."""
        if not isnan(self.last):
            return Decimal(repr(self.last))
        if not isnan(self.bid):
            return Decimal(repr(round((self.bid + self.ask) / 2.0, 10)))
        return None

    def quote(self, kind: DataKind, received_s: float | None = None) -> Quote:
        """The present state for the screen; `received_s` says that it still stands at that time."""
        return Quote(
            self.key,
            self.bid,
            self.ask,
            self.bid_size,
            self.ask_size,
            self.last,
            datetime.fromtimestamp(self.at_s, UTC),
            self.received_s if received_s is None else received_s,
            kind,
            self._volume,
            self._open,
            self._high,
            self._low,
            self._previous_close,
        )

    def is_open_for(self, outside_hours: bool) -> bool:
        """Whether an order may trade now."""
        return self.is_regular or (outside_hours and self.is_extended)

"""Market data as it comes from a broker: quotes, trade prints, bars.

Prices here are floats: they are drawn and averaged, never booked. What is booked (orders, fills,
positions, money) is Decimal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from app.domain.ids import InstrumentKey


class DataKind(Enum):
    """What a quote is, for the label beside it."""

    LIVE = "live"
    DELAYED = "delayed"
    FROZEN = "frozen"
    REPLAY = "replay"
    SYNTHETIC = "synthetic"


class Aggressor(Enum):
    """Who crossed the spread in a trade print."""

    BUY = "buy"
    SELL = "sell"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask with last trade. NaN means not known; sizes are in units.

    `at` is the market's time (a replay's own date), `received` the receiver's monotonic seconds:
    only `received` says how fresh a quote is.
    """

    instrument: InstrumentKey
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    last: float
    at: datetime
    received: float
    kind: DataKind = DataKind.LIVE
    volume: float = float("nan")
    open: float = float("nan")
    high: float = float("nan")
    low: float = float("nan")
    previous_close: float = float("nan")

    @property
    def mid(self) -> float:
        """Halfway between bid and ask, NaN when one of them is not known."""
        return (self.bid + self.ask) / 2

    @property
    def mark(self) -> float:
        """What a unit is worth now, NaN when nothing is known.

        The last trade while it lies within bid and ask, else the nearer of the two, as Interactive
        Brokers defines its mark price; without a last trade the middle.
        """
        if math.isnan(self.last):
            return self.mid
        # Comparisons with what is not known are never true.
        if self.last < self.bid:
            return self.bid
        return self.ask if self.last > self.ask else self.last

    @property
    def fault(self) -> str:
        """Why this quote cannot be true, empty when nothing speaks against it.

        Not known (NaN) is no fault; zero, negative and infinite values and a bid above the ask are.
        """
        # A comparison with NaN is never true, and that is what is wanted here. Written out
        # because it runs for every quote that is drawn.
        if self.bid <= 0 or self.ask <= 0 or self.last <= 0:
            return "a price of zero or less"
        if self.bid > self.ask:
            return "a bid above the ask"
        if self.bid_size < 0 or self.ask_size < 0:
            return "a negative size"
        total = self.bid + self.ask + self.last + self.bid_size + self.ask_size
        if math.isfinite(total):
            return ""
        values = (self.bid, self.ask, self.last, self.bid_size, self.ask_size)
        return "an infinite value" if any(math.isinf(v) for v in values) else ""


@dataclass(frozen=True, slots=True)
class TradePrint:
    """One trade on the tape: price, size in units, aggressor, the market's time."""

    instrument: InstrumentKey
    price: float
    size: float
    at: datetime
    aggressor: Aggressor = Aggressor.UNKNOWN

    @property
    def fault(self) -> str:
        """Why this print cannot be true, empty when nothing speaks against it."""
        if not (math.isfinite(self.price) and self.price > 0):
            return f"a price of {self.price:g}"
        if not (math.isfinite(self.size) and self.size >= 0):
            return f"a size of {self.size:g}"
        return ""


@dataclass(frozen=True, slots=True)
class DepthLevel:
    """One level of an order book: price, size in units, who quotes it where the broker tells."""

    price: float
    size: float
    maker: str = ""


@dataclass(frozen=True, slots=True)
class Depth:
    """An order book, best level first; `at` and `received` as in Quote."""

    instrument: InstrumentKey
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]
    at: datetime
    received: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `start_s` is its opening moment in UTC epoch seconds."""

    start_s: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Timeframe(Enum):
    """Bar lengths from one second to one month; the value is the spelling used everywhere."""

    S1 = "1s"
    S5 = "5s"
    S15 = "15s"
    S30 = "30s"
    M1 = "1m"
    M2 = "2m"
    M3 = "3m"
    M5 = "5m"
    M10 = "10m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    D1 = "1d"
    W1 = "1w"
    MO1 = "1mo"

    @property
    def seconds(self) -> int:
        """Nominal length in seconds; a month counts 30 days and is never used for arithmetic."""
        return _SECONDS[self.value]

    @property
    def is_intraday(self) -> bool:
        """Whether its bars are counted within a session; longer ones are counted in sessions."""
        return self.seconds < 86_400


@dataclass(frozen=True, slots=True)
class BarUpdate:
    """The broker's own word on one bar, under way or just finished; volume NaN: not known."""

    instrument: InstrumentKey
    timeframe: Timeframe
    bar: Bar

    @property
    def fault(self) -> str:
        """Why this bar cannot be true, empty when nothing speaks against it."""
        bar = self.bar
        prices = (bar.open, bar.high, bar.low, bar.close)
        if not all(math.isfinite(price) and price > 0 for price in prices):
            return "a price that is none"
        if bar.high < max(prices) or bar.low > min(prices):
            return "a price outside of its high and low"
        if bar.volume < 0 or math.isinf(bar.volume):
            return f"a volume of {bar.volume:g}"
        return ""


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2592000}
_SECONDS = {
    spelled: int(spelled.rstrip("smhdwo")) * _UNITS[spelled.lstrip("0123456789")]
    for spelled in (timeframe.value for timeframe in Timeframe)
}

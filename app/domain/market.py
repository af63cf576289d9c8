"""Market data as it comes from a broker: quotes, trade prints, bars.

Prices here are floats: they are drawn and averaged, never booked. What is booked (orders, fills,
positions, money) is Decimal.
"""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class TradePrint:
    """One trade on the tape: price, size in units, aggressor, the market's time."""

    instrument: InstrumentKey
    price: float
    size: float
    at: datetime
    aggressor: Aggressor = Aggressor.UNKNOWN


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
        number = int("".join(c for c in self.value if c.isdigit()))
        unit = self.value.lstrip("0123456789")
        return number * {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2592000}[unit]

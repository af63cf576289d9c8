"""What one market data line has told so far, and the quote that it makes. Pure.

Tick numbers: TWS API, "Available Tick Types"; 66 to 76 and 88 are the delayed twins. Sizes are
units: since server version 133 TWS sends shares, not lots of a hundred, unless the trader ticks
"Send market data in lots for US stocks for dual-mode API clients" in its settings.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import isnan, nan

from app.brokers.ibkr_tws.tape import Print, Prints
from app.domain.ids import InstrumentKey
from app.domain.market import Aggressor, DataKind, Quote, TradePrint

BID, ASK, LAST, BID_SIZE, ASK_SIZE, LAST_SIZE, VOLUME, OPEN, HIGH, LOW, CLOSE = range(11)
_EMPTY = [nan] * 11
# Price tick -> where the price goes, where the size that comes with it goes (-1: nowhere).
PRICE_TICKS = {
    1: (BID, BID_SIZE), 66: (BID, BID_SIZE),
    2: (ASK, ASK_SIZE), 67: (ASK, ASK_SIZE),
    4: (LAST, LAST_SIZE), 68: (LAST, LAST_SIZE),
    6: (HIGH, -1), 72: (HIGH, -1),
    7: (LOW, -1), 73: (LOW, -1),
    9: (CLOSE, -1), 75: (CLOSE, -1),
    14: (OPEN, -1), 76: (OPEN, -1),
}  # fmt: skip
SIZE_TICKS = {
    0: BID_SIZE, 69: BID_SIZE,
    3: ASK_SIZE, 70: ASK_SIZE,
    5: LAST_SIZE, 71: LAST_SIZE,
    8: VOLUME, 74: VOLUME,
}  # fmt: skip
LAST_TIME_TICKS = frozenset({45, 88})
RT_VOLUME_TICK = 48
HALTED_TICKS = frozenset({49, 90})
# What the marketDataType callback says a line is.
KINDS = {1: DataKind.LIVE, 2: DataKind.FROZEN, 3: DataKind.DELAYED, 4: DataKind.FROZEN}
DELAY_S = 900.0


class QuoteState:
    """Mutated tick by tick, told once a packet. One thread."""

    __slots__ = ("halted", "is_last_told", "key", "kind", "last_s", "prints", "values")

    def __init__(self, key: InstrumentKey, prints: Prints) -> None:
        self.key, self.prints = key, prints
        self.values = _EMPTY.copy()
        self.kind = DataKind.LIVE
        self.last_s = nan  # when the last trade was, as TWS tells; UTC epoch seconds
        self.is_last_told = False
        self.halted = nan

    def price(self, tick: int, price: float, size: float) -> bool:
        """A price with its size; False for a tick that is nothing to a quote."""
        where = PRICE_TICKS.get(tick)
        if where is None:
            return False
        at, size_at = where
        if at == LAST:
            if self.prints.is_by_tick and not isnan(self.values[LAST]):
                return False  # a sample of what the tape has told already
            self.is_last_told = True
        self.values[at] = price if price > 0 else nan  # -1 where there is none
        if size_at >= 0:
            self.values[size_at] = size
        return True

    def size(self, tick: int, size: float) -> bool:
        """A size alone; False for a tick that is nothing to a quote."""
        at = SIZE_TICKS.get(tick)
        if at is None:
            return False
        if at == LAST_SIZE:
            self.is_last_told = True
        self.values[at] = size if size >= 0 else nan
        return True

    def text(self, tick: int, text: str) -> bool:
        """A tick that is a text; False for one that is nothing to a quote."""
        if tick == RT_VOLUME_TICK:
            self.prints.rt_volume(text)
            return True
        if tick in LAST_TIME_TICKS and text.isdigit():
            self.last_s = float(text)
            return True
        return False

    def data_type(self, number: int) -> None:
        """What the line shows from here on."""
        self.kind = KINDS.get(number, self.kind)
        if self.kind is not DataKind.LIVE:
            self.prints.give_up_rt()

    def quote(self, now: datetime, received: float) -> Quote:
        """The quote as it stands; a side that nobody quotes (size zero) is NaN."""
        v = self.values
        return Quote(
            self.key,
            v[BID] if v[BID_SIZE] != 0 else nan,
            v[ASK] if v[ASK_SIZE] != 0 else nan,
            v[BID_SIZE],
            v[ASK_SIZE],
            v[LAST],
            now if self.kind is DataKind.LIVE else self._market_time(now),
            received,
            self.kind,
            v[VOLUME],
            v[OPEN],
            v[HIGH],
            v[LOW],
            v[CLOSE],
        )

    def traded(self, now: datetime) -> list[TradePrint]:
        """What was traded in the packet that ends here."""
        v = self.values
        at_s = now.timestamp() if self.kind is DataKind.LIVE else self.last_s
        told = Print(v[LAST], v[LAST_SIZE], at_s)
        found = self.prints.packet(told, v[VOLUME], self.last_s, is_told=self.is_last_told)
        self.is_last_told = False
        if not found:
            return []
        return [
            TradePrint(
                self.key,
                trade.price,
                trade.size,
                self._market_time(now) if isnan(trade.at_s) else _moment(trade.at_s),
                self.aggressor(trade.price),
            )
            for trade in found
        ]

    def by_tick(self, at_s: float, price: float, size: float) -> TradePrint:
        """One trade of a tick-by-tick stream."""
        self.values[LAST], self.values[LAST_SIZE] = price, size
        return TradePrint(self.key, price, size, _moment(at_s), self.aggressor(price))

    def aggressor(self, price: float) -> Aggressor:
        """Who crossed the spread, by the quote that stands."""
        if price >= self.values[ASK]:
            return Aggressor.BUY
        return Aggressor.SELL if price <= self.values[BID] else Aggressor.UNKNOWN

    def _market_time(self, now: datetime) -> datetime:
        """Of data that are not live: when the last trade was, else a delay ago."""
        if not isnan(self.last_s):
            return _moment(self.last_s)
        return _moment(now.timestamp() - (DELAY_S if self.kind is DataKind.DELAYED else 0.0))


def _moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)

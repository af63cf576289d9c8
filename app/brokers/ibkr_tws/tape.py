"""Trade prints from what TWS streams, each trade once. Pure: no I/O, no clock.

TWS tells a trade in up to four ways at the same time. The best that comes is used and the others
are left alone (TWS API, "Tick-by-Tick Data", "Available Tick Types"):

1. tick-by-tick "Last": every trade, a few instruments at a time;
2. RTVolume (generic tick 233): every trade or a few together, only with live data;
3. the day's volume (ticks 8, 74): what it has risen by, at the last price;
4. last price and size (ticks 4 and 5, 68 and 71), where there is no volume.

Between TWS's own words on a bar (live_bars.py) the desk moves its bars by these prints, which come
sooner; where there are no prints at all (currencies), by the middle of the quote, as IBKR's own
history of currencies does.
"""

from __future__ import annotations

from math import isnan, nan
from typing import NamedTuple

# RTVolume is used where it comes: so often may the volume rise without one before it is given up.
RT_PATIENCE = 3
# The first RTVolume may tell of a trade long before we asked; clocks may differ by this much.
STALE_S = 5.0


class Print(NamedTuple):
    """One trade; `at_s` is UTC epoch seconds, NaN where TWS does not tell."""

    price: float
    size: float
    at_s: float


class Prints:
    """The prints of one stream. `since_s` is when it was asked for (UTC epoch seconds)."""

    __slots__ = ("_base", "_held", "_last", "_missed", "_rises", "_since_s", "_total", "is_by_tick")

    def __init__(self, since_s: float, *, awaits_rt: bool) -> None:
        self.is_by_tick = False  # a tick-by-tick stream tells every trade
        self._since_s = since_s
        self._held: list[Print] = []
        self._missed = 0 if awaits_rt else RT_PATIENCE
        self._base = nan  # the day's volume up to the newest print
        self._total = -1.0  # the same as RTVolume tells it; negative while none came
        self._last: Print | None = None
        self._rises: list[Print] = []

    def give_up_rt(self) -> None:
        """RTVolume will not come: the data are not live."""
        self._missed = RT_PATIENCE

    def rt_volume(self, text: str) -> None:
        """price;size;time in ms;volume of the day;average price;whether it was a single trade."""
        try:
            price, size, at_ms, total = (float(part or "nan") for part in text.split(";")[:4])
        except ValueError:
            return
        is_new = total > self._total
        is_first, self._total = self._total < 0, max(total, self._total)
        is_stale = is_first and at_ms / 1000 < self._since_s - STALE_S
        if is_new and not is_stale and price > 0 and size > 0:
            self._held.append(Print(price, size, at_ms / 1000))

    def packet(self, told: Print, volume: float, last_s: float, *, is_told: bool) -> list[Print]:
        """What was traded in the packet that ends here.

        `told` is the last trade as it stands, `last_s` its time by TWS; NaN where not known.
        `is_told`: its price or size came in this packet.
        """
        risen, self._base = self._risen(volume), volume
        held, self._held = self._held, []
        if self.is_by_tick:
            return []
        if self._total >= 0:
            self._rises.clear()
            return held
        if isnan(volume):
            return self._by_last(told, last_s) if is_told else []
        if not (risen > 0 and told.price > 0):
            return []
        self._rises.append(told._replace(size=risen))
        if self._missed < RT_PATIENCE:
            self._missed += 1
        if self._missed < RT_PATIENCE:
            return []
        found, self._rises = self._rises, []
        return found

    def _risen(self, volume: float) -> float:
        """Zero at the first volume, and when a new day begins."""
        return 0.0 if isnan(self._base) or isnan(volume) else volume - self._base

    def _by_last(self, told: Print, last_s: float) -> list[Print]:
        """TWS tells price and size only where one of them changes, some of it twice."""
        before, self._last = self._last, told
        is_old = before is None and not last_s >= self._since_s
        is_same = before is not None and before[:2] == told[:2]
        if is_old or is_same or not (told.price > 0 and told.size > 0):
            return []
        return [told]

"""A seeded market for load: many instruments, many quotes a second, no meaning."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.brokers.paper.manifest import ContractMargin
from app.brokers.paper.market_state import day_stats
from app.brokers.paper.replay import MOST_WALL_S
from app.brokers.paper.source import Present
from app.brokers.paper.tick import NAN, Tick
from app.domain.bars import BarSeries, bars_of
from app.domain.ids import InstrumentKey
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Bar, DataKind
from app.domain.session import calendar

Integers = NDArray[np.int64]
_TICK = Decimal("0.01")
_PRINT_SHARE = 0.25
_LOWEST_TICKS = 100
_PAST_MINUTES = 2 * 1440
_KEPT_MINUTES = 1440


class _Line:
    """One invented instrument: its price in ticks and its minutes so far."""

    def __init__(self, number: int, seed: int, born_s: float) -> None:
        self.instrument = Instrument(
            symbol=f"SYN{number:03d}",
            asset_class=AssetClass.EQUITY,
            currency="USD",
            description=f"Synthetic share {number}",
            tick_size=_TICK,
        )
        self.key = self.instrument.key
        self._random = np.random.default_rng((seed, number))
        self.first_ticks = int(self._random.integers(2_000, 50_000))
        self.ticks = self.first_ticks
        self._born_minute_s = int(born_s // 60) * 60
        self.minutes: deque[Bar] = deque(maxlen=_KEPT_MINUTES)
        self._open_minute: Bar | None = None

    def trade(self, at_s: float, price: float, size: float) -> None:
        start_s = int(at_s // 60) * 60
        bar = self._open_minute
        if bar is None or bar.start_s != start_s:
            if bar is not None:
                self.minutes.append(bar)
            self._open_minute = Bar(start_s, price, price, price, price, size)
            return
        self._open_minute = Bar(
            start_s, bar.open, max(bar.high, price), min(bar.low, price), price, bar.volume + size
        )

    def bars(self) -> BarSeries:
        """An invented past that ends at the first price, then what was really sent."""
        steps = np.random.default_rng(self.first_ticks).integers(-3, 4, (_PAST_MINUTES, 4))
        walk = np.cumsum(steps[:, 0])
        closes = np.maximum(_LOWEST_TICKS, self.first_ticks + walk - walk[-1])
        opens = np.concatenate([closes[:1], closes[:-1]])
        past = [
            Bar(self._born_minute_s - 60 * (_PAST_MINUTES - i), o, h, low, c, size)
            for i, (o, h, low, c, size) in enumerate(_rows(opens, closes, steps))
        ]
        live = [*self.minutes, *([self._open_minute] if self._open_minute else [])]
        return bars_of(past + live)


class Synthetic:
    """`count` instruments that share `quotes_per_second`. The same seed makes the same sequence.

    Market time is the wall time that `now_s` tells.
    """

    kind = DataKind.SYNTHETIC

    def __init__(
        self, count: int, quotes_per_second: float, seed: int, now_s: Callable[[], float]
    ) -> None:
        self._rate, self._now_s = quotes_per_second, now_s
        self._lines = [_Line(number + 1, seed, now_s()) for number in range(count)]
        self._by_key = {line.key: line for line in self._lines}
        self.instruments = {line.key: line.instrument for line in self._lines}
        self._random = np.random.default_rng(seed)
        self._due = self._elapsed_s = 0.0
        self._is_paused = False
        self.generation = 1

    @property
    def is_moving(self) -> bool:
        """Whether it sends."""
        return not self._is_paused

    def set_paused(self, paused: bool) -> None:
        """Hold it or let it run."""
        self._is_paused = paused

    def margin(self, key: InstrumentKey) -> ContractMargin | None:
        """Shares have no contract margin."""
        return None

    def advance(self, wall_s: float) -> Sequence[Tick]:
        """The quotes and trades due since the last call."""
        if self._is_paused:
            return ()
        wall_s = min(wall_s, MOST_WALL_S)
        self._elapsed_s += wall_s
        self._due += wall_s * self._rate
        count = int(self._due)
        self._due -= count
        return self._made(count, self._now_s()) if count else ()

    def present(self, key: InstrumentKey) -> Present:
        """Where one instrument stands."""
        line, now_s = self._by_key[key], self._now_s()
        price = line.ticks / 100
        tick = Tick(key, now_s, round(price - 0.01, 2), round(price + 0.01, 2), 500.0, 500.0)
        return Present(now_s, tick, day_stats(line.bars(), now_s, calendar("always")))

    def market_s(self, key: InstrumentKey) -> float:
        """The wall time."""
        return self._now_s()

    def bars(self, key: InstrumentKey) -> tuple[BarSeries, int]:
        """Minutes: an invented past and what was sent."""
        return self._by_key[key].bars(), 60

    def notices(self) -> Sequence[str]:
        """None."""
        return ()

    def state(self) -> dict[str, Any]:
        """For the toolbar: see brokers.paper.control."""
        return {
            "kind": "synthetic",
            "title": f"Synthetic: {len(self._lines)} instruments, {self._rate:g} quotes/s",
            "date": "",
            "dates": {},
            "speed": 1.0,
            "paused": self._is_paused,
            "loop": False,
            "position_s": self._now_s(),
            "start_s": 0.0,
            "end_s": 0.0,
            "elapsed_s": self._elapsed_s,
            "skip_gaps": False,
            "jumps": {},
        }

    def _made(self, count: int, at_s: float) -> list[Tick]:
        random = self._random
        which = random.integers(0, len(self._lines), count).tolist()
        steps = random.integers(-1, 2, count).tolist()
        sizes = (random.integers(1, 20, (count, 2)) * 100.0).tolist()
        is_print = (random.random(count) < _PRINT_SHARE).tolist()
        ticks: list[Tick] = []
        lines, append = self._lines, ticks.append
        for index, step, (bid_size, ask_size), prints in zip(
            which, steps, sizes, is_print, strict=True
        ):
            line = lines[index]
            line.ticks = middle = max(_LOWEST_TICKS, line.ticks + step)
            bid, ask = (middle - 1) / 100, (middle + 1) / 100
            if not prints:
                append(Tick(line.key, at_s, bid, ask, bid_size, ask_size, NAN, NAN, 0))
                continue
            sign = step or 1
            price = ask if sign > 0 else bid
            size = 100.0
            line.trade(at_s, price, size)
            append(Tick(line.key, at_s, bid, ask, bid_size, ask_size, price, size, sign))
        return ticks


def _rows(opens: Integers, closes: Integers, steps: Integers) -> list[list[float]]:
    """Open, high, low, close and volume of every minute."""
    highs = np.maximum(opens, closes) + np.abs(steps[:, 1])
    lows = np.minimum(opens, closes) - np.abs(steps[:, 2])
    sizes = 100 * (100 + 10 * np.abs(steps[:, 3]))
    rows: list[list[float]] = (np.column_stack([opens, highs, lows, closes, sizes]) / 100).tolist()
    return rows

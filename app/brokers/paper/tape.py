"""One instrument's recording as it is played: a cursor over ticks, and its past as bars."""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.brokers.paper.path import PathSpec, quote_sizes, ticks_of_bar
from app.brokers.paper.recording import GAP_S, Floats, Recording, TickColumns
from app.brokers.paper.tick import Tick
from app.brokers.paper.timeline import Timeline
from app.domain.bars import BarSeries, empty_bars
from app.domain.ids import InstrumentKey
from app.domain.instrument import Instrument

_CHUNK = 512  # rows of a tick recording that are turned into ticks at a time


class _Blocks(Protocol):
    """A recording in blocks of ticks, made when they are wanted."""

    starts_s: Floats  # market moment at which each block begins, ascending

    def ticks(self, block: int) -> TickColumns: ...

    def bars_before(self, market_s: float) -> BarSeries: ...


class _BarBlocks:
    """One block a bar; its ticks are a seeded path."""

    def __init__(self, bars: BarSeries, spec: PathSpec) -> None:
        self._bars, self._spec = bars, spec
        self.starts_s = bars.start_s.astype(np.float64)

    def ticks(self, block: int) -> TickColumns:
        return ticks_of_bar(self._bars.bar(block), self._spec)

    def bars_before(self, market_s: float) -> BarSeries:
        """The complete bars and, last, what has been played of the one under way."""
        begun = int(np.searchsorted(self.starts_s, market_s, side="right"))
        if begun == 0:
            return empty_bars()
        last = begun - 1
        if self.starts_s[last] + self._spec.bar_s <= market_s:
            return self._bars[:begun]
        return _joined(self._bars[:last], _part(self.ticks(last), market_s, self._bars, last))


class _TickBlocks:
    """Recorded ticks as they are; where only trades were recorded, quotes stand around them."""

    def __init__(self, ticks: TickColumns, instrument: Instrument, seed: int) -> None:
        self._ticks = (
            ticks if np.isfinite(ticks.bid).any() else _with_quotes(ticks, instrument, seed)
        )
        self.starts_s = self._ticks.at_s[::_CHUNK]

    def ticks(self, block: int) -> TickColumns:
        rows = slice(block * _CHUNK, (block + 1) * _CHUNK)
        t = self._ticks
        return TickColumns(
            t.at_s[rows], t.bid[rows], t.ask[rows], t.bid_size[rows], t.ask_size[rows],
            t.price[rows], t.size[rows], t.aggressor[rows],
        )  # fmt: skip

    def bars_before(self, market_s: float) -> BarSeries:
        """Every tick a bar of its own, for aggregation; `start_s` may repeat."""
        count = int(np.searchsorted(self._ticks.at_s, market_s, side="right"))
        price = self._ticks.middle()[:count]
        volume = np.nan_to_num(self._ticks.size[:count])
        starts = np.floor(self._ticks.at_s[:count]).astype(np.int64)
        return BarSeries(starts, price, price, price, price, volume)


@dataclass(frozen=True, slots=True)
class TapeSpec:
    """How a recording is to be played. `begin_s`: where a first replay starts, None at its head."""

    instrument: Instrument
    recording: Recording
    seed: int
    skip_gaps: bool
    begin_s: float | None = None


class Tape:
    """One recording with a cursor. Positions are seconds from the tape's begin, before it negative.

    Not thread-safe: it belongs to the adapter's loop once it is built; building takes a while and
    may happen in a thread.
    """

    def __init__(self, spec: TapeSpec) -> None:
        self.instrument, self.recording = spec.instrument, spec.recording
        self.key: InstrumentKey = spec.instrument.key
        self._blocks = _blocks(spec)
        self.native_s = spec.recording.bar_s
        ticks = spec.recording.ticks
        self.has_prints = ticks is None or bool(np.isfinite(ticks.price).any())
        at_s = spec.recording.times_s
        # A single row of ticks still takes a moment.
        length_s = float(self.native_s) or 0.001
        self._timeline = Timeline(at_s, length_s, skip_gaps=spec.skip_gaps)
        self._origin = self._timeline.played(at_s[0] if spec.begin_s is None else spec.begin_s)
        self._block_starts: list[float] = self._timeline.played_all(self._blocks.starts_s).tolist()
        self._queue: list[tuple[float, Tick]] = []
        self._next_in_queue = self._next_block = 0
        self._last_at_s: float | None = None
        self.jump: tuple[float, float] | None = None
        self.seek(0.0)

    @property
    def first_s(self) -> float:
        """The position of the recording's head, zero or negative."""
        return -self._origin

    @property
    def last_s(self) -> float:
        """The position of the recording's end."""
        return self._timeline.length_s - self._origin

    def market_s(self, position_s: float) -> float:
        """The recording's own moment, UTC epoch seconds."""
        return self._timeline.market(position_s + self._origin)

    def position_s(self, market_s: float) -> float:
        """The position at which a moment of the recording is played."""
        return self._timeline.played(market_s) - self._origin

    def seek(self, position_s: float) -> Tick | None:
        """Go to a position; the newest tick at or before it, None where there is none."""
        played = position_s + self._origin
        block = max(0, bisect_right(self._block_starts, played) - 1)
        self._last_at_s, earlier = None, None
        if block > 0:
            self._load(block - 1)
            earlier = self._queue[-1][1] if self._queue else None
        self._load(block)
        self.jump = None
        self._next_in_queue = bisect_right(self._queue, played, key=lambda item: item[0])
        return self._queue[self._next_in_queue - 1][1] if self._next_in_queue else earlier

    def take_until(self, position_s: float) -> list[tuple[float, Tick]]:
        """The ticks up to and at a position that were not taken yet, with their positions."""
        played = position_s + self._origin
        found: list[tuple[float, Tick]] = []
        while True:
            end = bisect_right(self._queue, played, self._next_in_queue, key=lambda item: item[0])
            found += [
                (at - self._origin, tick) for at, tick in self._queue[self._next_in_queue : end]
            ]
            self._next_in_queue = end
            is_drained = end == len(self._queue) and self._next_block < len(self._block_starts)
            if not is_drained or self._block_starts[self._next_block] > played:
                return found
            self._load(self._next_block)

    def bars_before(self, position_s: float) -> BarSeries:
        """Everything recorded up to a position; the last bar as far as it has been played.

        Of ticks, every one is a bar of its own.
        """
        return self._blocks.bars_before(self.market_s(position_s))

    def _load(self, block: int) -> None:
        columns = self._blocks.ticks(block)
        self._queue = self._made(columns)
        self._next_in_queue, self._next_block = 0, block + 1
        self._mark_gaps(columns.at_s)

    def _made(self, columns: TickColumns) -> list[tuple[float, Tick]]:
        rows = zip(
            columns.at_s.tolist(), columns.bid.tolist(), columns.ask.tolist(),
            columns.bid_size.tolist(), columns.ask_size.tolist(), columns.price.tolist(),
            columns.size.tolist(), columns.aggressor.tolist(), strict=True,
        )  # fmt: skip
        played = self._timeline.played
        return [(played(row[0]), Tick(self.key, *row)) for row in rows]

    def _mark_gaps(self, at_s: Floats) -> None:
        """After a gap resting orders meet a market that opened elsewhere."""
        before = at_s[0] if self._last_at_s is None else self._last_at_s
        for row in np.flatnonzero(np.diff(at_s, prepend=before) > GAP_S + self.native_s).tolist():
            at, tick = self._queue[row]
            self._queue[row] = (at, tick._replace(reopens=True))
            self.jump = (at_s[row - 1] if row else before, at_s[row])
        self._last_at_s = float(at_s[-1])


def _blocks(spec: TapeSpec) -> _Blocks:
    recording = spec.recording
    if recording.bars is None:
        assert recording.ticks is not None
        return _TickBlocks(recording.ticks, spec.instrument, spec.seed)
    path = PathSpec(
        seed=spec.seed,
        salt=zlib.crc32(spec.instrument.key.encode()),
        bar_s=recording.bar_s,
        tick_size=spec.instrument.tick_size,
        quantity_step=spec.instrument.quantity_step,
        mean_volume=float(recording.bars.volume.mean()),
    )
    return _BarBlocks(recording.bars, path)


def _part(ticks: TickColumns, market_s: float, bars: BarSeries, row: int) -> BarSeries:
    """The bar under way from the ticks played so far, none before the first of them."""
    played = bisect_left(ticks.at_s.tolist(), market_s + 1e-6)
    if played == 0:
        return empty_bars()
    prices = ticks.price[:played]
    return BarSeries(
        bars.start_s[row : row + 1],
        prices[:1],
        np.array([prices.max()]),
        np.array([prices.min()]),
        prices[-1:],
        np.array([ticks.size[:played].sum()]),
    )


def _joined(first: BarSeries, second: BarSeries) -> BarSeries:
    return BarSeries(
        *(
            np.concatenate([getattr(first, name), getattr(second, name)])
            for name in ("start_s", "open", "high", "low", "close", "volume")
        )
    )


def _with_quotes(ticks: TickColumns, instrument: Instrument, seed: int) -> TickColumns:
    """Bid and ask one tick apart, the side that was hit at the trade's price."""
    tick = float(instrument.tick_size)
    at_tick = np.round(ticks.price / tick) * tick
    ask: Floats = np.maximum(2 * tick, np.where(ticks.aggressor < 0, at_tick + tick, at_tick))
    bid: Floats = ask - tick
    usual = float(np.nanmean(ticks.size)) if np.isfinite(ticks.size).any() else 1.0
    random = np.random.default_rng(seed)
    sizes = [quote_sizes(usual, instrument.quantity_step, len(ticks), random) for _ in range(2)]
    return TickColumns(
        ticks.at_s, bid.round(8), ask.round(8), sizes[0], sizes[1],
        ticks.price, ticks.size, ticks.aggressor,
    )  # fmt: skip

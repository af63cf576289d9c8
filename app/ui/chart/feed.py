"""Keeps one chart's bars true: one series of the engine at a time, told on as Qt signals."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from app.commands.context import Selection
from app.domain.bars import empty_bars
from app.domain.market import Timeframe
from app.engine.live_bars import BarsChanged, LiveBars
from app.ui.desk import Desk


class ChartFeed(QObject):
    """The live series of what the chart shows. GUI thread.

    Signals:
        bars_loaded(object, bool): a whole BarSeries; True when it is of another instrument or
            timeframe than the one before.
        rows_changed(object, int): the BarSeries, and the first row that is new or different.
        state_changed(str): what the empty chart should say; empty when there are bars.
    """

    bars_loaded = Signal(object, bool)
    rows_changed = Signal(object, int)
    state_changed = Signal(str)

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._open: list[LiveBars] = []
        self._is_new = True
        self._is_loading_earlier = False
        self._dead_end_s: int | None = None  # the oldest bar, when asking beyond it was in vain
        # Python hears of the end of a QObject only through what does not belong to it.
        self.destroyed.connect(partial(_close, self._open))

    def show(self, selection: Selection, timeframe: Timeframe) -> None:
        """Change over to another instrument or timeframe."""
        before = list(self._open)
        self._open.clear()
        self._dead_end_s = None
        self._open_new(selection, timeframe)
        _close(before)  # only now: the same instrument stays subscribed all the time

    def _open_new(self, selection: Selection, timeframe: Timeframe) -> None:
        connection_id, instrument = selection.connection_id, selection.instrument
        self._is_new = True
        self.bars_loaded.emit(empty_bars(), True)
        if connection_id is None or instrument is None:
            self.state_changed.emit("No instrument: choose one in the watchlist or press Ctrl+K")
            return
        self.state_changed.emit(f"Loading {instrument.symbol} {timeframe.value} …")
        live = self._desk.engine.market.live_bars(connection_id, instrument, timeframe)
        self._open.append(live)
        live.on_change(self._on_change)

    def close(self) -> None:
        """Let go of the series."""
        _close(self._open)

    def load_earlier(self, count: int) -> None:
        """Fetch older bars, unless that is under way or there are none."""
        live = self._open[-1] if self._open else None
        if live is None or self._is_loading_earlier or not len(live.series):
            return
        if int(live.series.start_s[0]) != self._dead_end_s:
            self._is_loading_earlier = True
            self._desk.spawn(self._load_earlier(live, count), "chart.load_earlier")

    async def _load_earlier(self, live: LiveBars, count: int) -> None:
        oldest_s, added = int(live.series.start_s[0]), 0
        try:
            added = await live.load_earlier(count)
        finally:
            self._is_loading_earlier = False
            if not added and live in self._open:
                self._dead_end_s = oldest_s

    def _on_change(self, change: BarsChanged) -> None:
        if not self._open:
            return
        live = self._open[-1]
        if change.is_reset:
            self._dead_end_s = None
            self.bars_loaded.emit(live.series, self._is_new)
            self._is_new = self._is_new and not len(live.series)
        else:
            self.rows_changed.emit(live.series, change.first_row)
        if len(live.series):
            self.state_changed.emit("")
        elif not live.is_loading:
            self.state_changed.emit(live.problem or "No bars yet: they appear with the next trade")


def _close(open_series: list[LiveBars]) -> None:
    while open_series:
        open_series.pop().close()

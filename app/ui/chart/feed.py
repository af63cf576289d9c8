"""Keeps one chart's bars true: one series of the engine at a time, told on as Qt signals."""

from __future__ import annotations

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
        self._live: LiveBars | None = None
        self._is_new = True
        self._is_loading_earlier = False
        self.destroyed.connect(self.close)

    def show(self, selection: Selection, timeframe: Timeframe) -> None:
        """Change over to another instrument or timeframe."""
        self.close()
        connection_id, instrument = selection.connection_id, selection.instrument
        self._is_new = True
        self.bars_loaded.emit(empty_bars(), True)
        if connection_id is None or instrument is None:
            self.state_changed.emit("No instrument: choose one in the watchlist or press Ctrl+K")
            return
        self.state_changed.emit(f"Loading {instrument.symbol} {timeframe.value} …")
        self._live = self._desk.engine.market.live_bars(connection_id, instrument, timeframe)
        self._live.on_change(self._on_change)

    def close(self) -> None:
        """Let go of the series."""
        live, self._live = self._live, None
        if live is not None:
            live.close()

    def load_earlier(self, count: int) -> None:
        """Fetch older bars, unless that is under way."""
        if self._live is not None and not self._is_loading_earlier:
            self._is_loading_earlier = True
            self._desk.spawn(self._load_earlier(self._live, count), "chart.load_earlier")

    async def _load_earlier(self, live: LiveBars, count: int) -> None:
        try:
            await live.load_earlier(count)
        finally:
            self._is_loading_earlier = False

    def _on_change(self, change: BarsChanged) -> None:
        live = self._live
        if live is None:
            return
        if change.is_reset:
            self.bars_loaded.emit(live.series, self._is_new)
            self._is_new = self._is_new and not len(live.series)
        else:
            self.rows_changed.emit(live.series, change.first_row)
        if len(live.series):
            self.state_changed.emit("")
        elif not live.is_loading:
            self.state_changed.emit(live.problem or "No bars yet: they appear with the next trade")

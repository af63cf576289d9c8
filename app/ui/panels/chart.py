"""The live chart of the desk's instrument, with our own orders, fills and position on it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.commands.context import Selection
from app.commands.staging import is_of
from app.domain.bars import BarSeries
from app.domain.events import OrderChanged, PositionChanged
from app.domain.execution import Execution
from app.domain.instrument import Instrument
from app.domain.market import DataKind, Timeframe
from app.domain.order import Order
from app.domain.order_types import Side
from app.domain.session import calendar
from app.engine.health import DATA_AGE_LIMIT_S, ConnectionState, any_market_open
from app.engine.live_bars import PLAYED
from app.ui import format as fmt
from app.ui import theme
from app.ui.chart.axes import PriceTag
from app.ui.chart.feed import ChartFeed
from app.ui.chart.levels import Level
from app.ui.chart.overlays import OverlayColors, order_levels, position_level, staged_level
from app.ui.chart.view import ChartColors, ChartView
from app.ui.desk import Desk
from app.ui.widgets.bar_layout import BarLayout

TIMEFRAMES = (
    *(Timeframe.S1, Timeframe.S5, Timeframe.S15, Timeframe.M1, Timeframe.M5, Timeframe.M15),
    *(Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1, Timeframe.MO1),
)
_OVERLAY_DELAY_MS = 60
_LOOK_MS = 1000


class ChartPanel(QWidget):
    """Candles and volume of one instrument in one timeframe, kept live. GUI thread."""

    panel_id = "chart"
    title = "Chart"
    icon_name = "chart"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chart-panel")
        self._desk = desk
        self._timeframe = Timeframe.M1
        self._selection = Selection()
        self._hovered: int | None = None
        self._own_levels: list[Level] = []
        self._feed = ChartFeed(desk, self)
        self._build()
        self._overlay_timer = QTimer(self, singleShot=True, interval=_OVERLAY_DELAY_MS)
        self._overlay_timer.timeout.connect(self._draw_overlays)
        self._clock = QTimer(self, interval=_LOOK_MS)
        self._clock.timeout.connect(self._show_freshness)
        self._connect()
        self._restyle()
        self._on_selection_changed(desk.selection)

    def save_state(self) -> dict[str, Any]:
        """The timeframe."""
        return {"timeframe": self._timeframe.value}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take back the timeframe; an unknown one is ignored."""
        for button in self._buttons.buttons():
            if button.text() == state.get("timeframe"):
                button.click()

    def set_timeframe(self, timeframe: Timeframe) -> None:
        """Show other bars of the same instrument."""
        if timeframe is not self._timeframe:
            self._timeframe = timeframe
            self._load()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._state.setGeometry(self.view.rect())
            self._show_readout()  # its line also gets shorter where the freshness takes room
        return super().eventFilter(watched, event)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        bar = BarLayout(self)
        bar.setContentsMargins(6, 3, 6, 3)
        bar.setSpacing(2)
        self._title = QLabel()
        self._title.setObjectName("chart-title")
        self._title.setTextFormat(Qt.TextFormat.RichText)
        bar.addWidget(self._title)
        bar.addSpacing(8)
        self._buttons = QButtonGroup(self)
        for timeframe in TIMEFRAMES:
            bar.addWidget(self._timeframe_button(timeframe))
        bar.addStretch(1)
        column.addLayout(bar)
        column.addLayout(self._build_readout())
        self.view = ChartView(fmt.zone_of(self._desk.settings.general.timezone))
        theme.follow(self.view, lambda: self.view.setMinimumWidth(theme.px(120)))
        column.addWidget(self.view, 1)
        self._state = QLabel(self.view)
        self._state.setObjectName("chart-state")
        self._state.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._state.setWordWrap(True)
        self._state.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.view.installEventFilter(self)
        self.setFocusProxy(self.view)

    def _build_readout(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(6, 0, 6, 2)
        row.setSpacing(12)
        self._readout = QLabel()
        self._readout.setObjectName("chart-readout")
        self._readout.setFont(theme.number_font())
        self._readout.setTextFormat(Qt.TextFormat.RichText)
        # Shorter than its text when the dock is narrow: never the reason for a wider one.
        self._readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._freshness = QLabel()
        self._freshness.setObjectName("chart-freshness")
        self._readout.installEventFilter(self)
        row.addWidget(self._readout, 1)
        row.addWidget(self._freshness)
        return row

    def _timeframe_button(self, timeframe: Timeframe) -> QToolButton:
        button = QToolButton()
        button.setText(timeframe.value)
        button.setObjectName(f"chart-timeframe-{timeframe.value}")
        button.setAccessibleName(f"Timeframe {timeframe.value}")
        button.setToolTip(f"Bars of {timeframe.value}")
        button.setCheckable(True)
        button.setChecked(timeframe is self._timeframe)
        button.setAutoRaise(True)
        button.clicked.connect(lambda: self.set_timeframe(timeframe))
        self._buttons.addButton(button)
        return button

    def _connect(self) -> None:
        desk, bridge = self._desk, self._desk.bridge
        desk.selection_changed.connect(self._on_selection_changed)
        self._feed.bars_loaded.connect(self._on_bars_loaded)
        self._feed.rows_changed.connect(self._on_rows_changed)
        self.view.beginning_reached.connect(self._on_beginning_reached)
        self._feed.state_changed.connect(self._show_state)
        self.view.bar_hovered.connect(self._on_bar_hovered)
        self.view.price_clicked.connect(self._on_price_clicked)
        bridge.order_changed.connect(self._on_order_changed)
        bridge.position_changed.connect(self._on_position_changed)
        bridge.connection_changed.connect(self._show_freshness)
        bridge.connection_removed.connect(self._show_freshness)
        desk.staging_changed.connect(self._draw_overlays)  # at once: the hand waits for it
        desk.focus_changed.connect(self._draw_overlays_soon)
        theme.changed.connect(self._restyle)

    def _restyle(self) -> None:
        names = ("up", "down", "crosshair", "panel", "text", "border", "grid")
        self.view.set_colors(ChartColors(*(theme.color(name) for name in names)))
        self._readout.setStyleSheet(f"color: {theme.color('muted').name()};")
        self._state.setStyleSheet(f"color: {theme.color('muted').name()}; font-size: 15px;")
        self._freshness.setStyleSheet(f"color: {theme.color('warning').name()};")
        self._show_readout()
        self._overlay_timer.start()

    def _on_selection_changed(self, selection: Selection) -> None:
        if selection.market_key == self._selection.market_key and selection.instrument is not None:
            self._selection = selection
            self._overlay_timer.start()
            return
        self._selection = selection
        instrument = selection.instrument
        self._title.setText(f"<b>{instrument.symbol}</b>" if instrument else "No instrument")
        if instrument is not None:
            self._title.setToolTip(instrument.description)
            self.view.set_precision(instrument.price_decimals)
        self._load()

    def _load(self) -> None:
        instrument = self._selection.instrument
        if instrument is not None:
            self.view.set_timeframe(self._timeframe, calendar(instrument.session))
        self._feed.show(self._selection, self._timeframe)
        self._show_freshness()
        self._overlay_timer.start()

    def _on_bars_loaded(self, series: BarSeries, is_new: bool) -> None:
        self.view.set_bars(series, keep_place=not is_new)
        self._show_readout()
        self._show_levels()
        self._overlay_timer.start()

    def _on_rows_changed(self, series: BarSeries, first_row: int) -> None:
        before = len(self.view.columns)
        self.view.update_bars(series, first_row)
        self._show_readout()
        self._show_levels()
        if len(self.view.columns) != before:
            self._overlay_timer.start()  # a fill may have waited for its bar

    def _on_beginning_reached(self) -> None:
        self._feed.load_earlier(len(self.view.columns))

    def _on_price_clicked(self, price: float) -> None:
        instrument = self._selection.instrument
        if instrument is not None and price > 0:
            self._desk.price_picked.emit(instrument.round_price(Decimal(repr(price))))

    def _draw_overlays_soon(self) -> None:
        self._overlay_timer.start()

    def _on_order_changed(self, event: OrderChanged) -> None:
        if self._is_mine(event.order.request.instrument):
            self._overlay_timer.start()

    def _on_position_changed(self, event: PositionChanged) -> None:
        if self._is_mine(event.position.instrument):
            self._overlay_timer.start()

    def _is_mine(self, instrument: Instrument) -> bool:
        mine = self._selection.instrument
        return mine is not None and mine.key == instrument.key

    def _draw_overlays(self) -> None:
        """Read anew what is ours; the book may be long, so not at every tick."""
        orders, colors = self._own_orders(), self._order_colors()
        levels = order_levels(orders, colors, self._desk.order_focus.own_id)
        self._own_levels = levels + self._position_level(colors) + self._staged_level(colors)
        self._show_levels()
        fills = [fill for order in orders for fill in order.fills]
        placed = [(self._index_of(fill), fill) for fill in fills]
        marks = [(index, fill) for index, fill in placed if index is not None]
        self.view.fill_marks.show(marks, colors)

    def _position_level(self, colors: OverlayColors) -> list[Level]:
        selection, instrument = self._selection, self._selection.instrument
        if not (selection.connection_id and selection.account_id and instrument):
            return []
        held = self._desk.engine.portfolio.position(
            selection.connection_id, selection.account_id, instrument.key
        )
        return [] if held is None else position_level(held.quantity, held.average_price, colors)

    def _staged_level(self, colors: OverlayColors) -> list[Level]:
        """The order that waits for Enter, where it would stand."""
        staged = self._desk.staging.staged
        if staged is None or not is_of(staged, self._selection):
            return []
        price = staged.limit_price
        if price is None:
            quote = self._desk.engine.market.quote((staged.connection_id, staged.instrument.key))
            side = "ask" if staged.side is Side.BUY else "bid"
            market = float("nan") if quote is None else getattr(quote, side)
            price = Decimal(repr(market)) if fmt.is_known(market) else None
        return [] if price is None else [staged_level(staged, price, colors)]

    def _show_levels(self) -> None:
        """Own levels as last read, and the last price."""
        levels, background = list(self._own_levels), theme.color("panel")
        if len(self.view.columns):
            last = self.view.columns.bar(len(self.view.columns) - 1)
            color = theme.color("up" if last.close >= last.open else "down")
            levels.append(Level(last.close, "", color, Qt.PenStyle.DotLine))
        tags = [PriceTag(level.price, level.color, background) for level in levels]
        self.view.show_levels(levels, tags, background)

    @staticmethod
    def _order_colors() -> OverlayColors:
        names = ("buy", "sell", "text", "alarm", "muted", "panel")
        return OverlayColors(*(theme.color(name) for name in names))

    def _own_orders(self) -> list[Order]:
        selection, instrument = self._selection, self._selection.instrument
        if selection.connection_id is None or instrument is None:
            return []
        return [
            order
            for order in self._desk.engine.orders.book.of_connection(selection.connection_id)
            if order.request.instrument.key == instrument.key
            and order.request.account_id == selection.account_id
        ]

    def _index_of(self, fill: Execution) -> float | None:
        """The bar in which it traded by the market's time, which in a replay is years ago.

        One that has not traded yet stands behind the last. None where there is no such bar: before
        the first, or after the present of a replay that was wound back.
        """
        columns, selection = self.view.columns, self._selection
        if not len(columns) or selection.instrument is None or selection.market_key is None:
            return None
        at_s = (fill.market_at or fill.at).timestamp()
        sessions = calendar(selection.instrument.session)
        if at_s < columns.times[0]:
            return None
        if at_s < sessions.bar_end_s(int(columns.times[-1]), self._timeframe):
            return columns.index_at(at_s)
        now_s = self._desk.engine.market.market_time(selection.market_key).timestamp()
        return float(len(columns)) if at_s <= now_s else None

    def _on_bar_hovered(self, index: int | None) -> None:
        self._hovered = index
        self._show_readout()

    def _show_readout(self) -> None:
        """The bar under the pointer, else the last."""
        index = self._hovered
        instrument, columns = self._selection.instrument, self.view.columns
        if instrument is None or not len(columns):
            self._readout.setText("")
            return
        shown = len(columns) - 1 if index is None else min(max(index, 0), len(columns) - 1)
        bar = columns.bar(shown)
        before = columns.bar(shown - 1).close if shown else bar.open
        color = theme.color("up" if bar.close >= before else "down").name()
        change = (bar.close / before - 1) * 100 if before else None
        cells = [
            f"{word} {fmt.price(instrument, value)}"
            for word, value in zip("OHLC", (bar.open, bar.high, bar.low, bar.close), strict=True)
        ]
        colored = f"<span style='color:{color}'>{{}}</span>".format
        when = f"{self._kind_word()}{self.view.time_axis.text(shown)}"
        prices, moved = colored("&nbsp;&nbsp;".join(cells)), colored(fmt.percent(change))
        volume = f"V {fmt.compact(bar.volume)}"
        self._fit_readout([when, prices, moved, volume], colored(cells[-1]))

    def _fit_readout(self, parts: list[str], close: str) -> None:
        """As much as there is room for: the volume goes first, then the change, then the time.

        Then all but the close, and that too rather than cut it into another price.
        """
        whole = " &nbsp; ".join(parts)
        for shown in (parts, parts[:3], parts[:2], parts[1:2], [close], []):
            self._readout.setText(" &nbsp; ".join(shown))
            if self._readout.sizeHint().width() <= self._readout.width():
                break
        self._readout.setToolTip("" if self._readout.text() == whole else whole)

    def _kind_word(self) -> str:
        key = self._selection.market_key
        quote = self._desk.engine.market.quote(key) if key is not None else None
        if quote is None or quote.kind is DataKind.LIVE:
            return ""
        return f"<b>{quote.kind.value.upper()}</b> &nbsp; "

    def _show_state(self, text: str) -> None:
        self._state.setText(text)
        self._state.setVisible(bool(text))

    def _show_freshness(self, _event: object = None) -> None:
        """Say when the prices stand still: a chart that has stopped looks like a quiet market."""
        text = self._freshness_text()
        if self._freshness.text() != text:
            self._freshness.setText(text)

    def _freshness_text(self) -> str:
        engine, selection = self._desk.engine, self._selection
        key, instrument = selection.market_key, selection.instrument
        if key is None or instrument is None or key[0] not in engine.connections.ids():
            return ""
        state = engine.connections.state(key[0])
        if state is not ConnectionState.READY:
            return f"{key[0]} is {state.value}: prices stand still"
        age_s = engine.market.age_s(key)
        if age_s is None or age_s <= DATA_AGE_LIMIT_S:
            return ""
        is_played = engine.market.data_kind(key) in PLAYED
        if not is_played and not any_market_open([instrument], engine.clock.now()):
            return "Market closed"
        return f"No new data for {fmt.age(age_s)}"

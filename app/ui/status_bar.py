"""The status bar: whose money, armed or not, long work, four lights a connection, feed, clock."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from app.commands.heads_up import NOWHERE
from app.domain.events import ConnectionChanged, ConnectionRemoved, QuotesFlushed
from app.ui import format as fmt
from app.ui import theme
from app.ui.connection_lights import LightsBox
from app.ui.desk import Desk
from app.ui.frame import Badge, Mode
from app.ui.note_line import ArmBadge, MessageLabel
from app.ui.progress_line import ProgressLine

CLOCK_MS = 1_000
_GAP, _MESSAGE_ROOM = 6, 160
LAG_WARNING_S, LAG_ALARM_S = 5.0, 15.0


class StatusBar(QStatusBar):
    """Everything a glance should answer before a key is pressed."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("status_bar")
        self.setSizeGripEnabled(False)
        self._desk = desk
        self._mode_badge, self._arm_badge = Badge("mode_badge", self), ArmBadge(desk, "arm_badge")
        self._message = MessageLabel(desk, "status_message", self)
        self._progress = ProgressLine(desk.bridge, self)
        self._lights = LightsBox(self)
        self._lag, self._clock = QLabel(self), QLabel(self)
        self._lag.setObjectName("feed_lag")
        self._clock.setObjectName("clock")
        self._lag.setFont(theme.number_font())
        self._clock.setFont(theme.number_font())
        self._hand_over_s: float | None = None
        self._timer = QTimer(self)
        self._lay_out()
        self._connect()
        for connection_id in desk.engine.connections.ids():
            self._lights.of(connection_id)
        self.show_mode(Mode.UNKNOWN, NOWHERE)
        self.tick()

    def start(self) -> None:
        """Let the clock run; it stops with the window."""
        self._timer.start(CLOCK_MS)

    def stop(self) -> None:
        """Stop the clock."""
        self._timer.stop()

    def show_mode(self, mode: Mode, tip: str) -> None:
        """LIVE or PAPER, of the account that an order would go to."""
        self._mode_badge.show_word(mode.title, mode.value, f"{mode.value}_text", tip)

    def tick(self) -> None:
        """Bring clock and feed age up to date."""
        now = self._desk.engine.clock.now()
        zone = fmt.in_zone(now).tzname() or ""
        self._clock.setText(f"{fmt.clock_time(now)} {zone} ")
        self._clock.setToolTip(_clock_tip(now))
        self._show_lag()

    def _lay_out(self) -> None:
        self.addWidget(self._mode_badge)
        self.addWidget(self._arm_badge)
        self.addWidget(self._message, 1)
        self.addPermanentWidget(self._progress)
        self.addPermanentWidget(self._lights)
        self.addPermanentWidget(self._lag)
        self.addPermanentWidget(self._clock)

    def _connect(self) -> None:
        desk = self._desk
        self._timer.timeout.connect(self.tick)
        desk.bridge.connection_changed.connect(self._on_connection)
        desk.bridge.connection_removed.connect(self._on_removed)
        desk.bridge.quotes_flushed.connect(self._on_quotes)
        desk.selection_changed.connect(self._show_lag)
        theme.changed.connect(self._recolor)

    def _on_connection(self, event: ConnectionChanged) -> None:
        self._lights.of(event.connection_id).show_change(event)
        self._fit()

    def _on_removed(self, event: ConnectionRemoved) -> None:
        self._lights.forget(event.connection_id)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave a part of the width to the message; what is left is for the lights."""
        near = self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        giving_way = (self._message, self._progress, self._lights)
        others = [one for one in near if one not in giving_way and not one.isHidden()]
        taken = sum(widget.sizeHint().width() + theme.px(_GAP) for widget in others)
        self._lights.fit(self.width() - taken - theme.px(_MESSAGE_ROOM))

    def _on_quotes(self, event: QuotesFlushed) -> None:
        key = self._desk.selection.market_key
        quote = event.quotes.get(key) if key is not None else None
        if quote is not None:
            self._hand_over_s = max(0.0, self._desk.engine.clock.monotonic() - quote.received)

    def _show_lag(self, _selection: object = None) -> None:
        key = self._desk.selection.market_key
        age_s = self._desk.engine.market.age_s(key) if key is not None else None
        token = _lag_token(age_s)
        text = "Feed " + (fmt.UNKNOWN if age_s is None else f"{min(age_s, 9999):.1f} s")
        self._lag.setText(text)
        sheet = f"color: {theme.color(token).name()};"
        if self._lag.styleSheet() != sheet:
            self._lag.setStyleSheet(sheet)
        tip = "Age of the newest quote of the chosen instrument"
        if self._hand_over_s is not None:
            tip += f"; from arrival to screen {self._hand_over_s * 1000:.0f} ms"
        self._lag.setToolTip(tip)
        self._lag.setAccessibleName(f"{text}. {tip}")

    def _recolor(self) -> None:
        self._fit()
        self._show_lag()


def _lag_token(age_s: float | None) -> str:
    if age_s is None or age_s <= LAG_WARNING_S:
        return "muted"
    return "alarm" if age_s > LAG_ALARM_S else "warning"


def _clock_tip(now: datetime) -> str:
    return f"{fmt.date_time(now)}\nUTC {now:%H:%M:%S}"

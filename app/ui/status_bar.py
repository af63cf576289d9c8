"""The status bar: whose money, armed or not, long work, four lights a connection, feed, clock."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStatusBar, QWidget

from app.domain.events import ConnectionChanged, ConnectionRemoved, QuotesFlushed
from app.domain.ids import ConnectionId
from app.domain.reports import Health, Light, Severity
from app.ui import format as fmt
from app.ui import theme
from app.ui.desk import Desk, Message
from app.ui.frame import Badge, Mode
from app.ui.progress_line import ProgressLine

CLOCK_MS = 1_000
LAG_WARNING_S, LAG_ALARM_S = 5.0, 15.0
LIGHT_NAMES = ("transport", "authentication", "subscriptions", "data_age")
_LIGHT_TOKENS = {
    Light.OFF: "off",
    Light.PENDING: "pending",
    Light.OK: "ok",
    Light.WARNING: "warning",
    Light.FAILED: "alarm",
}
_LIGHT_WORDS = {
    Light.OFF: "off",
    Light.PENDING: "starting",
    Light.OK: "fine",
    Light.WARNING: "needs attention",
    Light.FAILED: "failed",
}
_MESSAGE_TOKENS = {Severity.INFO: "muted", Severity.WARNING: "warning", Severity.ERROR: "alarm"}


class ConnectionLights(QWidget):
    """Four dots and the connection's name; the tool tip says everything in words."""

    def __init__(self, connection_id: ConnectionId, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"lights_{connection_id}")
        self._id, self._health = connection_id, Health()
        self._state = "offline"
        theme.changed.connect(self.update)
        self._describe("")

    def show_change(self, event: ConnectionChanged) -> None:
        """Take over what the connection says of itself."""
        self._health, self._state = event.health, event.state
        open_word = "open for orders" if event.trading_open else "closed for orders"
        self._describe(f"{open_word}. {event.text}".strip())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(64 + self.fontMetrics().horizontalAdvance(self._id), 20)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        for number, name in enumerate(LIGHT_NAMES):
            self._paint_light(painter, getattr(self._health, name), 6 + number * 12, middle)
        painter.setPen(theme.color("text"))
        painter.drawText(self.rect().adjusted(56, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._id)

    def _paint_light(self, painter: QPainter, light: Light, x: float, middle: float) -> None:
        color = theme.color(_LIGHT_TOKENS[light])
        painter.setPen(color)
        painter.setBrush(Qt.BrushStyle.NoBrush if light is Light.OFF else color)
        box = QRectF(x - 3.5, middle - 3.5, 7, 7)
        if light in (Light.WARNING, Light.FAILED):  # the shape tells where colours do not
            painter.drawRect(box)
        else:
            painter.drawEllipse(box)

    def _describe(self, text: str) -> None:
        lines = [f"{self._id}: {self._state}, {text}".rstrip(", ")]
        lines += [
            f"{name.replace('_', ' ').capitalize()}: {_LIGHT_WORDS[getattr(self._health, name)]}"
            for name in LIGHT_NAMES
        ]
        if self._health.text:
            lines.append(self._health.text)
        self.setToolTip("\n".join(lines))
        self.setAccessibleName("; ".join(lines))


class StatusBar(QStatusBar):
    """Everything a glance should answer before a key is pressed."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("status_bar")
        self.setSizeGripEnabled(False)
        self._desk = desk
        self._mode_badge, self._arm_badge = Badge("mode_badge", self), Badge("arm_badge", self)
        self._message, self._severity = QLabel(self), Severity.INFO
        self._message.setObjectName("status_message")
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._progress = ProgressLine(desk.bridge, self)
        self._lights: dict[ConnectionId, ConnectionLights] = {}
        self._lights_box = QWidget(self)
        QHBoxLayout(self._lights_box).setContentsMargins(0, 0, 0, 0)
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
            self._light(connection_id)
        self._show_arming(desk.arming.is_armed, desk.arming.reason)
        self.show_mode(Mode.UNKNOWN, "no account is chosen")
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

    def show_message(self, message: Message) -> None:
        """The last sentence; it stays until the next."""
        self._severity = message.severity
        self._color_message()
        self._message.setText(message.text.replace("\n", " "))
        self._message.setToolTip(message.text)
        self._message.setAccessibleName(message.text)

    def tick(self) -> None:
        """Bring clock and feed age up to date."""
        now = self._desk.engine.clock.now()
        zone = fmt.in_zone(now).tzname() or ""
        self._clock.setText(f"{fmt.clock_time(now)} {zone} ")
        self._clock.setToolTip(_clock_tip(now))
        self._show_lag()

    def _lay_out(self) -> None:
        self._message.setMinimumWidth(60)
        self.addWidget(self._mode_badge)
        self.addWidget(self._arm_badge)
        self.addWidget(self._message, 1)
        self.addPermanentWidget(self._progress)
        self.addPermanentWidget(self._lights_box)
        self.addPermanentWidget(self._lag)
        self.addPermanentWidget(self._clock)

    def _connect(self) -> None:
        desk = self._desk
        self._timer.timeout.connect(self.tick)
        desk.armed_changed.connect(self._show_arming)
        desk.noticed.connect(self.show_message)
        desk.bridge.connection_changed.connect(self._on_connection)
        desk.bridge.connection_removed.connect(self._on_removed)
        desk.bridge.quotes_flushed.connect(self._on_quotes)
        desk.selection_changed.connect(self._show_lag)
        theme.changed.connect(self._recolor)

    def _light(self, connection_id: ConnectionId) -> ConnectionLights:
        lights = self._lights.get(connection_id)
        if lights is None:
            lights = ConnectionLights(connection_id, self._lights_box)
            self._lights[connection_id] = lights
            layout = self._lights_box.layout()
            if layout is not None:
                layout.addWidget(lights)
        return lights

    def _on_connection(self, event: ConnectionChanged) -> None:
        self._light(event.connection_id).show_change(event)

    def _on_removed(self, event: ConnectionRemoved) -> None:
        lights = self._lights.pop(event.connection_id, None)
        if lights is not None:
            lights.hide()
            lights.deleteLater()

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
        self._lag.setStyleSheet(f"color: {theme.color(token).name()};")
        tip = "Age of the newest quote of the chosen instrument"
        if self._hand_over_s is not None:
            tip += f"; from arrival to screen {self._hand_over_s * 1000:.0f} ms"
        self._lag.setToolTip(tip)
        self._lag.setAccessibleName(f"{text}. {tip}")

    def _show_arming(self, is_armed: bool, reason: str) -> None:
        if is_armed:
            tip = "Trading keys are live. Ctrl+Shift+D disarms."
            self._arm_badge.show_word("ARMED", "armed", "armed_text", tip)
        else:
            how = self._desk.keymap.text_of("trading.arm_keys") or "Trade > Arm Trading Keys"
            tip = f"Trading keys are off ({reason}). {how} arms them. Cancels always work."
            self._arm_badge.show_word("Disarmed", "raised", "muted", tip)

    def _color_message(self) -> None:
        color = theme.color(_MESSAGE_TOKENS[self._severity])
        self._message.setStyleSheet(f"color: {color.name()};")

    def _recolor(self) -> None:
        self._show_arming(self._desk.arming.is_armed, self._desk.arming.reason)
        self._show_lag()
        self._color_message()


def _lag_token(age_s: float | None) -> str:
    if age_s is None or age_s <= LAG_WARNING_S:
        return "muted"
    return "alarm" if age_s > LAG_ALARM_S else "warning"


def _clock_tip(now: datetime) -> str:
    return f"{fmt.date_time(now)}\nUTC {now:%H:%M:%S}"

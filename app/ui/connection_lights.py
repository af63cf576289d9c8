"""Four lights a connection, and one sign for all of them where the room is short. GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.domain.events import ConnectionChanged
from app.domain.ids import ConnectionId
from app.domain.reports import Health, Light
from app.engine.health import ConnectionState
from app.ui import theme

LIGHT_NAMES = ("transport", "authentication", "subscriptions", "data_age")
_TOKENS = {
    Light.OFF: "off",
    Light.PENDING: "pending",
    Light.OK: "ok",
    Light.WARNING: "warning",
    Light.FAILED: "alarm",
}
_WORDS = {
    Light.OFF: "off",
    Light.PENDING: "starting",
    Light.OK: "fine",
    Light.WARNING: "needs attention",
    Light.FAILED: "failed",
}
# From what matters least to what matters most: the sign for all shows the last that there is.
_GRAVITY = (Light.OFF, Light.OK, Light.PENDING, Light.WARNING, Light.FAILED)
_STEP, _SIZE, _TEXT, _HEIGHT, _MOST_NAME = 12, 7, 56, 20, 140


def paint_light(painter: QPainter, light: Light, number: int, height: int) -> None:
    """The light at place `number` of a row: a ring is off, a square wants to be looked at."""
    side, x, y = theme.px(_SIZE), theme.px(6 + number * _STEP), height / 2
    color = theme.color(_TOKENS[light])
    painter.setPen(color)
    painter.setBrush(Qt.BrushStyle.NoBrush if light is Light.OFF else color)
    box = QRectF(x - side / 2, y - side / 2, side, side)
    if light in (Light.WARNING, Light.FAILED):  # the shape tells where colours do not
        painter.drawRect(box)
    else:
        painter.drawEllipse(box)


class ConnectionLights(QWidget):
    """Four dots and the connection's name; the tool tip says everything in words."""

    def __init__(self, connection_id: ConnectionId, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"lights_{connection_id}")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._id, self._health = connection_id, Health()
        self._state = ConnectionState.OFFLINE.value
        theme.follow(self, self._dress)
        self._describe("")

    @property
    def worst(self) -> Light:
        """The light that matters most."""
        lights: list[Light] = [getattr(self._health, name) for name in LIGHT_NAMES]
        return max(lights, key=_GRAVITY.index)

    @property
    def is_ready(self) -> bool:
        """Whether it takes orders."""
        return self._state == ConnectionState.READY.value

    def show_change(self, event: ConnectionChanged) -> None:
        """Take over what the connection says of itself."""
        self._health, self._state = event.health, event.state
        open_word = "open for orders" if event.trading_open else "closed for orders"
        self._describe(f"{open_word}. {event.text}".strip())
        self._dress()

    def sizeHint(self) -> QSize:
        name = min(self.fontMetrics().horizontalAdvance(self._id), theme.px(_MOST_NAME))
        height = max(theme.px(_HEIGHT), self.fontMetrics().height())
        return QSize(theme.px(_TEXT + 8) + name, height)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, name in enumerate(LIGHT_NAMES):
            paint_light(painter, getattr(self._health, name), number, self.height())
        painter.setPen(theme.color("text"))
        room = self.rect().adjusted(theme.px(_TEXT), 0, 0, 0)
        name = QFontMetrics(self.font()).elidedText(
            self._id, Qt.TextElideMode.ElideMiddle, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, name)

    def _dress(self) -> None:
        self.updateGeometry()
        self.update()

    def _describe(self, text: str) -> None:
        lines = [f"{self._id}: {self._state}, {text}".rstrip(", ")]
        lines += [
            f"{name.replace('_', ' ').capitalize()}: {_WORDS[getattr(self._health, name)]}"
            for name in LIGHT_NAMES
        ]
        if self._health.text:
            lines.append(self._health.text)
        self.setToolTip("\n".join(lines))
        self.setAccessibleName("; ".join(lines))


class LightsSummary(QWidget):
    """One light, the worst of all, and how many connections are ready; the tip has the rest."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("lights_summary")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._worst, self._text = Light.OFF, ""
        theme.follow(self, self.updateGeometry)

    def sum_up(self, lights: list[ConnectionLights]) -> None:
        """Tell of these."""
        self._worst = max((one.worst for one in lights), key=_GRAVITY.index, default=Light.OFF)
        ready = sum(one.is_ready for one in lights)
        self._text = f"{ready} of {len(lights)} ready"
        self.setToolTip("\n\n".join(one.toolTip() for one in lights))
        told = "; ".join(one.accessibleName() for one in lights)
        self.setAccessibleName(f"{self._text}, worst light {_WORDS[self._worst]}. {told}")
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        wide = theme.px(_STEP + 12) + metrics.horizontalAdvance(self._text)
        return QSize(wide, max(theme.px(_HEIGHT), metrics.height()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_light(painter, self._worst, 0, self.height())
        painter.setPen(theme.color("text"))
        room = self.rect().adjusted(theme.px(_STEP + 4), 0, 0, 0)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self._text)


class LightsBox(QWidget):
    """The lights of every connection, or their summary where `fit` says that the room is short."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._lights: dict[ConnectionId, ConnectionLights] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._summary = LightsSummary(self)
        self._row.addWidget(self._summary)
        self._summary.hide()

    @property
    def full_width(self) -> int:
        """What the lights of all connections would take, in pixels."""
        hints = [one.sizeHint().width() for one in self._lights.values()]
        return sum(hints) + self._row.spacing() * max(0, len(hints) - 1)

    def minimumSizeHint(self) -> QSize:
        """That of the summary: the full lights must not keep a window from being made narrow."""
        least = self._summary if len(self._lights) > 1 else next(iter(self._lights.values()), None)
        return QSize(0, 0) if least is None else least.sizeHint()

    @property
    def is_summed_up(self) -> bool:
        """Whether one sign stands for all."""
        return not self._summary.isHidden()

    def of(self, connection_id: ConnectionId) -> ConnectionLights:
        """The lights of this connection, made on first use."""
        lights = self._lights.get(connection_id)
        if lights is None:
            lights = self._lights[connection_id] = ConnectionLights(connection_id, self)
            self._row.addWidget(lights)
        return lights

    def forget(self, connection_id: ConnectionId) -> None:
        """The connection is no more."""
        lights = self._lights.pop(connection_id, None)
        if lights is not None:
            lights.hide()
            lights.deleteLater()

    def fit(self, room: int) -> None:
        """Show as much as fits into `room` pixels; a single connection is never summed up."""
        is_short = len(self._lights) > 1 and self.full_width > room
        self._summary.sum_up(list(self._lights.values()))
        self._summary.setVisible(is_short)
        for lights in self._lights.values():
            lights.setVisible(not is_short)

"""Long work of the connections in the status bar: what it is, and how far it has come."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.domain.events import ConnectionChanged, ConnectionRemoved, ProgressMade
from app.domain.ids import ConnectionId
from app.engine.health import ConnectionState
from app.ui import format as fmt
from app.ui import theme
from app.ui.bridge import EngineBridge

_WIDTH_PX = 440
_DOWN = {
    state.value
    for state in (ConnectionState.OFFLINE, ConnectionState.RECONNECTING, ConnectionState.FAILED)
}


class ProgressLine(QLabel):
    """The work that moved last, with its percent; the tool tip lists all. GUI thread.

    Hidden while nothing is under way. What ends with its connection ends here as well.
    """

    def __init__(self, bridge: EngineBridge, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("progress")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._works: dict[tuple[ConnectionId, str], ProgressMade] = {}
        bridge.progress_made.connect(self._on_progress)
        bridge.connection_changed.connect(self._on_connection)
        bridge.connection_removed.connect(self._on_removed)
        theme.changed.connect(self._recolor)
        self._recolor()
        self._show()

    def _on_progress(self, event: ProgressMade) -> None:
        key = event.connection_id, event.task
        self._works.pop(key, None)
        if event.fraction < 1.0:
            self._works[key] = event
        self._show()

    def _on_connection(self, event: ConnectionChanged) -> None:
        if event.state in _DOWN:
            self._forget(event.connection_id)

    def _on_removed(self, event: ConnectionRemoved) -> None:
        self._forget(event.connection_id)

    def _forget(self, connection_id: ConnectionId) -> None:
        for key in [key for key in self._works if key[0] == connection_id]:
            del self._works[key]
        self._show()

    def _show(self) -> None:
        works = list(reversed(self._works.values()))
        if works:
            told, percent = works[0].text, _percent(works[0])
            more = f", {fmt.number(len(works) - 1)} more" if len(works) > 1 else ""
            room = self._room() - self.fontMetrics().horizontalAdvance(f"{percent}{more} ")
            cut = self.fontMetrics().elidedText(told, Qt.TextElideMode.ElideRight, room)
            self.setText(f"{cut} {percent}{more}")
        lines = [f"{work.connection_id}: {work.text} {_percent(work)}" for work in works]
        self.setToolTip("\n".join(lines))
        self.setAccessibleName("; ".join(lines))
        self.setVisible(bool(works))

    def _room(self) -> int:
        """At most a third of the window, so that nothing else has to give way."""
        return min(theme.px(_WIDTH_PX), self.window().width() // 3)

    def _recolor(self) -> None:
        self.setStyleSheet(f"color: {theme.color('muted').name()};")


def _percent(work: ProgressMade) -> str:
    return f"{fmt.number(max(0.0, work.fraction) * 100)}{fmt.THIN_SPACE}%"

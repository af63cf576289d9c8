"""What a panel that floats tells of itself: LIVE or PAPER by an edge and a badge in its title, and
below it whether keys are armed and what was said last. GUI thread.

A panel in a window has that of the window around it. One that floats may belong to another link
group, with another account, than the window it came from: it tells its own.
"""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDockWidget

from app.commands.heads_up import NOWHERE
from app.ui.desk import Desk
from app.ui.dock_title import DockTitle
from app.ui.frame import Frame, mode_of
from app.ui.note_line import NoteLine


class DockMode(QObject):
    """Shows on `dock` whose money its orders would move, and what its keys do, while it floats.

    What was said last has a line of its own there: a toast would lie on the panel.
    """

    def __init__(self, dock: QDockWidget, head: DockTitle) -> None:
        super().__init__(dock)
        self._dock, self._head, self._badge = dock, head, head.badge
        self._line: NoteLine | None = None  # made when it floats for the first time
        self._desk: Desk | None = None
        self.frame = Frame(dock)
        dock.topLevelChanged.connect(self._show)
        self._show()

    def watch(self, desk: Desk | None) -> None:
        """Tell of this desk's account from now on; None while there is no panel."""
        if self._desk is not None:
            self._desk.selection_changed.disconnect(self._show)
            self._desk.bridge.connection_changed.disconnect(self._show)
        self._desk = desk
        if desk is not None:
            desk.selection_changed.connect(self._show)
            desk.bridge.connection_changed.connect(self._show)
        self._show()

    def _show(self, _change: object = None) -> None:
        mode, where = mode_of(None), NOWHERE
        if self._desk is not None:
            selection, connections = self._desk.selection, self._desk.engine.connections
            chosen = selection.connection_id
            mode = mode_of(connections.is_paper(chosen) if chosen in connections.ids() else None)
            if chosen:
                where = f"Orders go to {selection.account_id or 'no account'} at {chosen}"
        self.frame.set_mode(mode)
        self._badge.show_word(mode.title, mode.value, f"{mode.value}_text", where)
        is_shown = self._dock.isFloating() and self._desk is not None
        for part in (self.frame, self._badge, self._note_line()):
            if part is not None:
                part.setVisible(is_shown)

    def _note_line(self) -> NoteLine | None:
        if self._line is None and self._desk is not None and self._dock.isFloating():
            self._line = NoteLine(self._desk, self._head)
            self._head.add_line(self._line)
        return self._line

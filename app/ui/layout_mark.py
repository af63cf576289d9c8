"""Whether what stands differs from what the layout says: the mark * behind its name. GUI thread."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from app.commands.layout_book import LayoutBook
from app.ui import theme
from app.ui.dock import PanelDock
from app.ui.panel_set import PanelSet

LOOK_MS = 1_000


class LayoutMark(QObject):
    """Keeps `book.is_modified` true: it is set while a reset would change something.

    That is which panels are open, where, behind which others and in which group; room that was
    given by hand; and in a layout of the trader's own also columns, sorting, grouping, filters
    and the interval of a chart. A layout that comes with the program says nothing of these, so they
    stay as they are in it. Neither are which tab is in front, folded groups, the symbols of a
    watchlist and where windows stand: they change all day long.

    What is changed and changed back is no change; only room given by hand stays one. Panels do not
    tell of their insides, so these are looked at once a second. `changed` says that something is
    otherwise than a moment ago, be it a change of the layout or not.
    """

    changed = Signal()

    def __init__(self, panels: PanelSet, book: LayoutBook) -> None:
        super().__init__(panels)
        self._panels, self._book = panels, book
        self.is_paused = False  # while an arrangement is applied
        self._watched: WeakSet[PanelDock] = WeakSet()
        self._sizes: dict[str, QSize] = {}
        self._is_given = False  # room by hand, or it was changed when it was entered
        self._form: object = None  # as the layout says; None before the first `settle`
        self._looks: dict[str, Any] | None = None  # as the layout says, if it says anything
        self._seen: object = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._compare)
        self._now_and_then = QTimer(self, interval=LOOK_MS)
        self._now_and_then.timeout.connect(self._compare)
        theme.changed.connect(self._on_theme)

    def start(self) -> None:
        """From now on look at the insides of panels, too."""
        self._now_and_then.start()

    def stop(self) -> None:
        """Look no more."""
        self._soon.stop()
        self._now_and_then.stop()

    def settle(self) -> None:
        """What stands now is what the layout says, or was changed already if the book says so.

        Panels that are still to be made are left to `settle_looks`.
        """
        self._soon.stop()
        self._is_given, self._looks = self._book.is_modified, None
        self._form = self._form_now()
        self.watch()

    def settle_looks(self) -> None:
        """The same for the insides of panels, once all are made."""
        self._looks = self._looks_now() if self._book.is_saved() else None
        self._seen = (self._form, self._looks_now())

    def watch(self) -> None:
        """Notice what happens to panels that have come."""
        for dock in self._panels.docks.values():
            if dock not in self._watched:
                self._watched.add(dock)
                dock.resized.connect(self._on_resized)
                dock.visibilityChanged.connect(self.look_soon)
                dock.topLevelChanged.connect(self.look_soon)
                dock.dockLocationChanged.connect(self.look_soon)

    def look_soon(self, _change: object = None) -> None:
        """Something may stand elsewhere."""
        if not self.is_paused:
            self._soon.start()

    def _on_resized(self) -> None:
        """A panel that changes in a window that does not was given other room by hand."""
        dock = self.sender()
        if self.is_paused or not isinstance(dock, PanelDock):
            return
        window = dock.window_of
        name, size = window.objectName(), window.size()
        by_hand = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        if by_hand and self._sizes.get(name) == size and not dock.isFloating():
            self._is_given = True
        self._sizes[name] = size
        self._soon.start()

    def _on_theme(self) -> None:
        """At another scale widths are rounded otherwise."""
        if self._form is not None and not self._book.is_modified:
            self.settle_looks()

    def _compare(self) -> None:
        if self._form is None or self.is_paused:
            return
        form, looks = self._form_now(), self._looks_now()
        others = self._looks is not None and looks != self._looks
        is_modified = self._is_given or form != self._form or others
        if self.sender() is self._soon or (form, looks) != self._seen:
            self._seen = (form, looks)
            self._book.is_modified = is_modified
            self.changed.emit()

    def _form_now(self) -> object:
        """What is open where, behind what, and in which group; sizes and order are left out."""
        return {
            name: (
                dock.isHidden(),
                dock.isFloating(),
                dock.window_of.objectName(),
                dock.group,
                frozenset(o.objectName() for o in dock.window_of.tabifiedDockWidgets(dock)),
                dock.window_of.dockWidgetArea(dock),
            )
            for name, dock in self._panels.present().items()
        }

    def _looks_now(self) -> dict[str, Any]:
        return {name: dock.looks() for name, dock in self._panels.present().items()}

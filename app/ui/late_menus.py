"""The menus of a further window: its bar at once, what hangs from it a turn later. GUI thread."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu
from shiboken6 import isValid

from app.commands.catalog import MENUS
from app.ui.actions import MenuBuilder
from app.ui.turns import Turns


class LateMenus(MenuBuilder):
    """Nobody opens a menu before its window is painted, and to fill all of them takes longer than
    anything else about a further window. The bar has its titles, and so its height, at once.
    """

    _is_due = False
    _turns: Turns | None = None  # made late: `rebuild` is called before anything here can be

    def rebuild(self) -> None:
        """Make all menus anew, once, when what is done now is done."""
        if not isValid(self._bar) or self._is_due:
            return
        self._is_due = True
        if not self._menus:
            for title in MENUS:
                self._menu(title)
        if self._turns is None:
            self._turns = Turns(self)
        self._turns.add(self._fill)

    def menu(self, path: str) -> QMenu:
        self._fill()
        return super().menu(path)

    def _fill(self) -> None:
        if self._is_due:
            self._is_due = False
            super().rebuild()

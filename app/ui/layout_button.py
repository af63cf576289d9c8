"""Which layout is shown, in the status bar; a click lists them all. GUI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from app.commands.arrangement import LAYOUT_MENU
from app.ui.dock_window import DockWindow

if TYPE_CHECKING:
    from app.ui.arranger import Arranger


class LayoutButton(QToolButton):
    """The name of the layout, with a mark while it differs from what is saved."""

    def __init__(self, arranger: Arranger, window: DockWindow, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("layout_button")
        self._arranger, self._window = arranger, window
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keyboard: View > Layouts
        self.clicked.connect(self._show_menu)
        arranger.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        name, is_modified = self._arranger.layout, self._arranger.is_modified
        self.setText(f"{name} *" if is_modified else name)
        state = "changed since it was saved" if is_modified else "as it was saved"
        key = self._arranger.keymap.text_of("view.switch_layout_1")
        tip = f"Layout {name}, {state}. Click for all layouts"
        self.setToolTip(f"{tip} ({key} and so on)" if key else tip)
        self.setAccessibleName(tip)

    def _show_menu(self) -> None:
        menu = self._window.menus.menu(LAYOUT_MENU)
        above = QPoint(0, -menu.sizeHint().height())
        menu.popup(self.mapToGlobal(above))

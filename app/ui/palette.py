"""The command palette: every command by a few letters of it. GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from app.commands import palette
from app.ui import theme
from app.ui.desk import Desk
from app.ui.palette_list import PaletteDelegate, PaletteModel

WIDTH, _ROWS, _TOP_SHARE = 620, 9, 0.12
_STEPS = {
    Qt.Key.Key_Down.value: 1,
    Qt.Key.Key_Up.value: -1,
    Qt.Key.Key_Tab.value: 1,
    Qt.Key.Key_Backtab.value: -1,
    Qt.Key.Key_PageDown.value: _ROWS - 1,
    Qt.Key.Key_PageUp.value: 1 - _ROWS,
}


def toggle_palette(desk: Desk, recent: palette.Recent, main_window: QWidget) -> None:
    """Over the window of panels that has the keyboard, else the main one; twice closes it."""
    active = QApplication.activeWindow()
    window = active if isinstance(active, QMainWindow) else main_window
    shown = window.findChild(CommandPalette)
    if shown is not None and shown.isVisible():
        shown.leave()
        return
    window.activateWindow()
    CommandPalette(desk, recent, window).show_over()


class CommandPalette(QFrame):
    """Lies on a window until a command is chosen, Esc is pressed or the keyboard goes elsewhere.

    It runs what is chosen as a key would: an entry still needs armed keys.
    """

    def __init__(self, desk: Desk, recent: palette.Recent, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("command_palette")
        self.setAccessibleName("Command palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._desk, self._recent, self._window = desk, recent, window
        self._came_from = QApplication.focusWidget()
        self._query, self._list = QLineEdit(self), QListView(self)
        self._model = PaletteModel(lambda command: desk.commands.refusal(command, desk), self._list)
        self._empty = QLabel("No command is called anything like that", self)
        self._build()
        self.setStyleSheet(
            f"#command_palette {{ background: {theme.color('toast').name()};"
            f" border: 1px solid {theme.color('accent').name()}; border-radius: 6px; }}"
            f"#palette_list {{ background: {theme.color('toast').name()}; border: 0; }}"
            f"#palette_empty {{ color: {theme.color('muted').name()}; padding: 10px; }}"
        )
        self._query.textChanged.connect(self._search)
        self._search("")

    def show_over(self) -> None:
        """Show it in the upper middle of its window, with the keyboard."""
        self._place()
        self._window.installEventFilter(self)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus)
        self.show()
        self.raise_()
        self._query.setFocus(Qt.FocusReason.PopupFocusReason)

    def entries(self) -> list[palette.Entry]:
        """What is listed now, the best first."""
        return list(self._model.entries)

    def reasons(self) -> list[str | None]:
        """Why each of them cannot run now, None where it can."""
        return [self._model.reason(row) for row in range(self._model.rowCount())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if watched is self._window and kind is QEvent.Type.Resize:
            self._place()
        if watched is not self._query or kind is not QEvent.Type.KeyPress:
            return False
        return isinstance(event, QKeyEvent) and self._on_key(event.key())

    def closeEvent(self, event: QCloseEvent) -> None:
        self._window.removeEventFilter(self)
        super().closeEvent(event)

    def _on_key(self, key: int) -> bool:
        if key == Qt.Key.Key_Escape:
            self.leave()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self._list.currentIndex())
        elif key in _STEPS:
            self._step(_STEPS[key])
        else:
            return False
        return True

    def leave(self) -> None:
        """Close and give the keyboard back to where it came from."""
        origin = self._came_from
        self._came_from = None
        self.close()
        if origin is not None and isValid(origin) and origin.isVisible():
            origin.setFocus(Qt.FocusReason.PopupFocusReason)
        else:
            self._window.setFocus(Qt.FocusReason.PopupFocusReason)

    def _search(self, query: str) -> None:
        desk = self._desk
        entries = palette.search(desk.commands, query, self._recent, desk.keymap.text_of)
        self._model.show(entries)
        self._empty.setVisible(not entries)
        self._list.setVisible(bool(entries))
        self._list.setCurrentIndex(self._model.index(0))
        self._place()

    def _step(self, rows: int) -> None:
        last = self._model.rowCount() - 1
        row = min(max(self._list.currentIndex().row() + rows, 0), last)
        self._list.setCurrentIndex(self._model.index(row))

    def _choose(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        command = self._model.entries[index.row()].command
        self._recent.note(command.id)
        self.leave()
        self._desk.run(command.id)

    def _on_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        """A click elsewhere closes it; another program in front does not."""
        if new is not None and new is not self and not self.isAncestorOf(new):
            self.close()

    def _place(self) -> None:
        window = self._window.rect()
        rows = min(_ROWS, self._model.rowCount())
        row = self._list.sizeHintForRow(0) if rows else 0
        self._list.setFixedHeight(rows * row)
        width = min(theme.px(WIDTH), window.width() - 40)
        self.setFixedWidth(width)
        self.adjustSize()
        self.move((window.width() - width) // 2, round(window.height() * _TOP_SHARE))

    def _build(self) -> None:
        self._query.setObjectName("palette_query")
        self._query.setPlaceholderText("Type a few letters of a command")
        self._query.setAccessibleName("Command")
        self._query.installEventFilter(self)
        self._list.setObjectName("palette_list")
        self._list.setAccessibleName("Commands that fit")
        self._list.setModel(self._model)
        self._list.setItemDelegate(PaletteDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._list.clicked.connect(self._choose)
        self._empty.setObjectName("palette_empty")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        for part in (self._query, self._list, self._empty):
            layout.addWidget(part)

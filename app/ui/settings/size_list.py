"""The list of sizes that keys and ticket offer: add, remove, reorder."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.sizing import SizePreset, parse_size
from app.ui import theme
from app.ui.widgets.sentence import Sentence

MOST = 12
_ROWS_SHOWN = 6
_ALLOWED = 'Write a size such as 100, $5000, 10% or "risk $50".'


class SizeList(QWidget):
    """Edits a tuple of SizePreset. GUI thread.

    Del removes, Alt+Up and Alt+Down move, Enter in the field adds.

    Signals:
        changed(object): the sizes as they are now.
    """

    changed = Signal(object)

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._list = _Items(self)
        self._list.setObjectName("size_presets")
        self._list.setAccessibleName(title)
        self._list.setFont(theme.number_font())
        theme.follow(self._list, lambda: self._list.setFixedWidth(theme.px(150)))
        self._list.setToolTip("Del removes a size, Alt+Up and Alt+Down move it")
        self._list.remove_asked.connect(self._remove)
        self._list.move_asked.connect(self._move)
        self._list.currentRowChanged.connect(self._show_buttons)
        self._new = QLineEdit(self)
        self._new.setObjectName("new_size")
        self._new.setAccessibleName("New size")
        self._new.setPlaceholderText("100, $5000, 10%, risk $50")
        self._new.returnPressed.connect(self._add)
        self._new.textEdited.connect(self._on_typed)
        self._said = Sentence("size_problem", self, "alarm")
        self.setFocusProxy(self._list)
        self._arrange()

    def sizes(self) -> tuple[SizePreset, ...]:
        """What is listed."""
        texts = (self._list.item(row).text() for row in range(self._list.count()))
        return tuple(map(parse_size, texts))

    def show_sizes(self, sizes: Sequence[SizePreset]) -> None:
        """List these; where they are listed already the cursor stays."""
        if tuple(sizes) != self.sizes():
            row = self._list.currentRow()
            self._list.clear()
            self._list.addItems([str(size) for size in sizes])
            self._list.setCurrentRow(min(max(0, row), self._list.count() - 1))
        self._show_buttons()

    def _arrange(self) -> None:
        line = self._list.fontMetrics().lineSpacing() + 4
        self._list.setFixedHeight(_ROWS_SHOWN * line + 6)
        self._add_button = self._button("size_add", "&Add", self._add)
        self._up = self._button("size_up", "Move &Up", lambda: self._move(-1))
        self._down = self._button("size_down", "Move Dow&n", lambda: self._move(1))
        self._remove_button = self._button("size_remove", "Re&move", self._remove)
        side = QVBoxLayout()
        entry = QHBoxLayout()
        entry.addWidget(self._new, 1)
        entry.addWidget(self._add_button)
        side.addLayout(entry)
        side.addWidget(self._said)
        hint = QLabel("Keys choose by position: the first size has the first key.", self)
        hint.setObjectName("muted")
        hint.setWordWrap(True)
        side.addWidget(hint)
        side.addStretch(1)
        below = QHBoxLayout()
        for button in (self._up, self._down, self._remove_button):
            below.addWidget(button)
        below.addStretch(1)
        side.addLayout(below)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._list)
        layout.addLayout(side, 1)

    def _button(self, name: str, text: str, act: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(act)
        return button

    def _add(self) -> None:
        try:
            size = parse_size(self._new.text())
        except ValueError:
            self._said.say(_ALLOWED, "alarm")
            return
        sizes = self.sizes()
        if size in sizes:
            self._said.say(f"{size} is in the list already.", "alarm")
        elif len(sizes) >= MOST:
            self._said.say(f"{MOST} sizes at most: remove one first.", "alarm")
        else:
            self._new.clear()
            self._said.say("")
            self._list.addItem(QListWidgetItem(str(size)))
            self._list.setCurrentRow(len(sizes))
            self._tell()

    def _remove(self) -> None:
        if self._list.takeItem(self._list.currentRow()) is not None:
            self._tell()

    def _move(self, by: int) -> None:
        row = self._list.currentRow()
        if row >= 0 and 0 <= row + by < self._list.count():
            self._list.insertItem(row + by, self._list.takeItem(row))
            self._list.setCurrentRow(row + by)
            self._tell()

    def _on_typed(self) -> None:
        self._said.say("")

    def _tell(self) -> None:
        self._show_buttons()
        self.changed.emit(self.sizes())

    def _show_buttons(self) -> None:
        row, count = self._list.currentRow(), self._list.count()
        self._remove_button.setEnabled(row >= 0)
        self._up.setEnabled(row > 0)
        self._down.setEnabled(0 <= row < count - 1)


class _Items(QListWidget):
    remove_asked = Signal()
    move_asked = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_moving = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.key() == Qt.Key.Key_Delete and not event.isAutoRepeat():
            self.remove_asked.emit()
        elif is_moving and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.move_asked.emit(-1 if event.key() == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)

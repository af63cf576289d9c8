"""The filter of a table: a field, how many rows it leaves, and what must not be forgotten."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from app.ui import format as fmt
from app.ui import theme

_DELAY_MS = 120  # between two letters: 5,000 rows are read once for each word, not each letter
_HINT = (
    "Words that a row must hold, in any shown column. name:word looks into one column, -word"
    " leaves rows out. Enter goes to the rows, Esc shows all again. The filter is not kept."
)


class _Field(QLineEdit):
    """Tells Esc, and the keys that lead to the rows."""

    escaped = Signal()
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down}:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class FilterStrip(QWidget):
    """Hidden until it is wanted. `changed` carries the words a moment after they were typed.

    `left` says that the keyboard should go back to the rows. GUI thread.
    """

    changed = Signal(str)
    left = Signal()

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._told = ""
        self.field = _Field(self)
        self.field.setPlaceholderText("Filter: words, or name:word")
        self.field.setAccessibleName(f"Filter {title}")
        self.field.setToolTip(_HINT)
        self.field.setAccessibleDescription(_HINT)
        self.field.setClearButtonEnabled(True)
        theme.follow(self.field, lambda: self.field.setMaximumWidth(theme.px(280)))
        self.count = QLabel(self)
        self.hidden_words = QLabel(self)
        self.end_button = QToolButton(self)
        self.end_button.setText("Clear")
        self.end_button.setToolTip("Show every row again (Esc)")
        self.end_button.setAccessibleName("Clear filter")
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 4)
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        for widget in (self.count, self.hidden_words, self.end_button):
            row.addWidget(widget)
        row.addStretch(1)
        self._delay = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._delay.timeout.connect(self._tell)
        self.field.textChanged.connect(self._on_text)
        self.field.escaped.connect(self._on_escape)
        self.field.left.connect(self._on_left)
        self.end_button.clicked.connect(self._on_escape)
        theme.changed.connect(self._dress)
        self._dress()
        self.hide()

    @property
    def text(self) -> str:
        """The words that are in force."""
        return self._told

    def begin(self) -> None:
        """Show the field and give it the keyboard."""
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def end(self) -> None:
        """No words any more; the strip goes."""
        self.field.clear()
        self._tell()
        self.hide()

    def show_count(self, shown: int, total: int, hidden: str) -> None:
        """How many rows are shown of how many; `hidden` names what must not be forgotten."""
        is_on = bool(self._told)
        self.count.setText(f"{fmt.number(shown)} of {fmt.number(total)} shown" if is_on else "")
        self.hidden_words.setText(f"⚠ {hidden}" if is_on and hidden else "")
        self.end_button.setEnabled(is_on)

    def _on_text(self, text: str) -> None:
        if text.strip():
            self._delay.start()
        else:
            self._tell()  # all rows again, at once

    def _tell(self) -> None:
        self._delay.stop()
        words = self.field.text().strip()
        if words != self._told:
            self._told = words
            self.changed.emit(words)

    def _on_escape(self) -> None:
        self.end()
        self.left.emit()

    def _on_left(self) -> None:
        self._tell()
        self.left.emit()

    def _dress(self) -> None:
        self.count.setStyleSheet(f"color: {theme.color('muted').name()}")
        self.hidden_words.setStyleSheet(
            f"color: {theme.color('warning').name()}; font-weight: bold"
        )

"""Symbol entry: type, see what the broker knows, choose by keyboard or mouse. GUI thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.base.errors import MoorgateError
from app.domain.instrument import Instrument
from app.ui import theme

Search = Callable[[str], Awaitable[Sequence[Instrument]]]
Spawn = Callable[[Coroutine[Any, Any, Any], str], object]

_DELAY_MS = 150
_MOST_ROWS = 12
_WIDTH = 380


class SymbolSearch(QLineEdit):
    """Asks `search` for what is typed and offers the answers below; `picked` carries one.

    Up and Down choose, Enter takes, Esc closes and then empties. Enter before the answer is there
    takes the best match once it is. `search` raises MoorgateError when it cannot answer; that, and
    no match, are said in words below the field, and what was typed stays.
    """

    picked = Signal(object)

    def __init__(self, search: Search, spawn: Spawn, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._search, self._spawn = search, spawn
        self._asked = 0
        self._takes_first = False
        self.setClearButtonEnabled(True)
        self.setMaxLength(64)
        self.setAccessibleName("Symbol search")
        self.popup = _Popup(self)
        self.popup.chosen.connect(self._take)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_DELAY_MS)
        self._delay.timeout.connect(self._ask)
        self.textEdited.connect(self._on_edited)

    def show_message(self, text: str) -> None:
        """Say something below the field."""
        self.popup.say(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            if self.popup.isVisible():
                self.popup.move_by(1 if key == Qt.Key.Key_Down else -1)
            else:
                self._ask()
        elif key in {Qt.Key.Key_PageDown, Qt.Key.Key_PageUp} and self.popup.isVisible():
            self.popup.move_by(_MOST_ROWS if key == Qt.Key.Key_PageDown else -_MOST_ROWS)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._on_enter()
        elif key == Qt.Key.Key_Escape and (self.popup.isVisible() or self.text()):
            self._on_escape()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._abandon()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._abandon()

    def _on_edited(self, text: str) -> None:
        self._takes_first = False
        self._asked += 1  # an answer to older text comes too late
        self.popup.forget()
        if text.strip():
            self._delay.start()
        else:
            self._delay.stop()
            self.popup.hide()

    def _on_enter(self) -> None:
        if self.popup.isVisible() and (instrument := self.popup.current()) is not None:
            self._take(instrument)
        elif self.text().strip():
            self._takes_first = True
            self._ask()

    def _on_escape(self) -> None:
        if self.popup.isVisible():
            self._abandon()
        else:
            self.clear()

    def _abandon(self) -> None:
        self._asked += 1
        self._takes_first = False
        self._delay.stop()
        self.popup.hide()

    def _ask(self) -> None:
        self._delay.stop()
        self._asked += 1
        self._spawn(self._answer(self._asked, self.text().strip()), "symbol search")

    async def _answer(self, number: int, text: str) -> None:
        try:
            found = list(await self._search(text))
        except MoorgateError as error:
            if number == self._asked:
                self.popup.say(str(error))
            return
        if number != self._asked:
            return
        takes_first, self._takes_first = self._takes_first, False
        if not found:
            self.popup.say(
                f"No instrument matches “{text}”. Check the spelling, or type a part of its name."
            )
        elif takes_first:
            self._take(_best(found, text))
        else:
            self.popup.offer(found)

    def _take(self, instrument: Instrument) -> None:
        self._abandon()
        self.clear()
        self.picked.emit(instrument)


class _Popup(QFrame):
    """The list below the field; never takes the keyboard from it."""

    chosen = Signal(object)

    def __init__(self, field: QLineEdit) -> None:
        super().__init__(field, Qt.WindowType.ToolTip | Qt.WindowType.FramelessWindowHint)
        self._field = field
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Symbol matches")
        self.list = QListWidget(self)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._on_clicked)
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setMargin(8)
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 1, 1, 1)
        box.addWidget(self.list)
        box.addWidget(self.message)
        self._instruments: list[Instrument] = []

    def offer(self, instruments: Sequence[Instrument]) -> None:
        """Show matches, the first one chosen."""
        self._instruments = list(instruments)
        self.list.clear()
        for instrument in instruments:
            item = QListWidgetItem(described(instrument))
            item.setToolTip(described(instrument))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.message.hide()
        self.list.show()
        self._place(self.list.sizeHintForRow(0) * min(len(instruments), _MOST_ROWS))

    def say(self, text: str) -> None:
        """Show a sentence instead of matches."""
        self.forget()
        self.list.hide()
        self.message.setText(text)
        self.message.show()
        self._place(self.message.heightForWidth(_WIDTH - 2))

    def forget(self) -> None:
        """No match counts any more; what is shown stays until the next answer."""
        self._instruments = []

    def current(self) -> Instrument | None:
        """The chosen match."""
        at = self.list.currentRow()
        return self._instruments[at] if 0 <= at < len(self._instruments) else None

    def move_by(self, rows: int) -> None:
        """Choose another match, up to either end."""
        last = self.list.count() - 1
        self.list.setCurrentRow(max(0, min(last, self.list.currentRow() + rows)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Move, QEvent.Type.Resize}:
            self.hide()
        return False

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._field.window().removeEventFilter(self)

    def _on_clicked(self, item: QListWidgetItem) -> None:
        if (instrument := self.current()) is not None:
            self.chosen.emit(instrument)

    def _place(self, height: int) -> None:
        """Below the field, or above where the screen ends; kept inside the screen."""
        self.setStyleSheet(f"_Popup {{ border: 1px solid {theme.color('border').name()}; }}")
        width = max(_WIDTH, self._field.width())
        self.setFixedSize(width, height + 4)
        corner = self._field.mapToGlobal(QPoint(0, self._field.height() + 1))
        screen = self._field.screen().availableGeometry()
        if corner.y() + self.height() > screen.bottom():
            corner.setY(self._field.mapToGlobal(QPoint(0, 0)).y() - self.height() - 1)
        corner.setX(max(screen.left(), min(corner.x(), screen.right() - width)))
        self.move(corner)
        if not self.isVisible():
            self._field.window().installEventFilter(self)
        self.show()


def described(instrument: Instrument) -> str:
    """One match in a line: symbol, what it is, where, currency."""
    facts = [instrument.asset_class.value, instrument.exchange, instrument.currency]
    if instrument.expiry is not None:
        facts.insert(1, instrument.expiry.isoformat())
    name = f"  {instrument.description}" if instrument.description else ""
    return f"{instrument.symbol}{name}  ({', '.join(fact for fact in facts if fact)})"


def _best(found: Sequence[Instrument], text: str) -> Instrument:
    """The exact symbol where there is one, else the broker's first."""
    wanted = text.casefold()
    return next((i for i in found if i.symbol.casefold() == wanted), found[0])

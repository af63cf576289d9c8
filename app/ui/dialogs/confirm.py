"""A question that lists what it is about, answered without blocking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from app.commands.live_lines import LiveLines, Stand
from app.commands.open_list import OpenList
from app.domain.ids import ConnectionId
from app.ui import format as fmt
from app.ui import theme
from app.ui.dialogs.open_table import OpenTable
from app.ui.widgets.enter_guard import EnterGuard
from app.ui.widgets.mode_band import ModeBand
from app.ui.widgets.send_button import SendButton

_WIDTH = 600
_LOOK_MS = 250
_CHANGED = "This has changed since you were asked."
_MOST_SHOWN = 12
_FEW = 6  # fewer lines than this are counted at a glance


class ConfirmDialog(QDialog):
    """`question` with its `lines`; `accept` says what yes does, the other button is the default.

    That one is Cancel, unless `decline` says better what it does. With `band` it says above all
    in colour whether real money is meant: (words, is paper).

    `await dialog.answer()` opens it and gives True for yes. GUI thread. An Enter that comes in its
    first moment was meant for something else, and so was a click where it popped up. Where it
    follows what it is about, a change is shown, begins that moment anew, and no yes from before
    counts for it.
    """

    def __init__(
        self,
        title: str,
        question: str,
        lines: Sequence[str],
        accept: str,
        parent: QWidget,
        decline: str = "",
        band: tuple[str, bool] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("confirm_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.guard = EnterGuard(self)
        self._answer: asyncio.Future[bool] | None = None
        self.why_not: Callable[[], str] = str  # why a yes does not count now; empty where it does
        self._live: LiveLines | None = None
        self._shown, self._band = Stand(question, lines), band
        self._band_of: Callable[[Sequence[ConnectionId]], tuple[str, bool]] = lambda _: ("", False)
        self.is_moot = False  # whether it ended because nothing is left that it was about
        layout = QVBoxLayout(self)
        self._body = QVBoxLayout()
        layout.addLayout(self._body, 1)
        self._fill(question, lines, band)
        layout.addWidget(self._buttons(accept, decline))
        self.setTabOrder(self.accept_button, self.cancel_button)  # as they stand
        self.cancel_button.setFocus()
        self.finished.connect(self._on_finished)
        self.setMinimumWidth(theme.px(380))
        layout.activate()
        width = max(theme.px(_WIDTH), self.sizeHint().width())
        wanted = QSize(width, max(self.heightForWidth(width), self.sizeHint().height()))
        self.resize(wanted.boundedTo(self.screen().availableSize() * 0.9))

    async def answer(self) -> bool:
        """Open it and wait for the trader."""
        self._answer = asyncio.get_running_loop().create_future()
        self.open()
        return await self._answer

    def follow(
        self, live: LiveLines, band_of: Callable[[Sequence[ConnectionId]], tuple[str, bool]]
    ) -> None:
        """Show from now on what `live` tells; `band_of` says of connections what the band says."""
        self._live, self._shown, self._band_of = live, live.first, band_of
        timer = QTimer(self, interval=_LOOK_MS)
        timer.timeout.connect(self._look)
        self.finished.connect(timer.stop)
        timer.start()

    def accept(self) -> None:
        """A yes to what is shown, and to nothing else."""
        if not self._look():
            return
        if why := self.why_not():
            self._fill(f"{why}. {self._shown.question}", self._shown.lines, self._band)
        else:
            super().accept()

    def _look(self) -> bool:
        """Whether a yes to what was shown still holds; what has changed is shown."""
        if self._live is None:
            return True
        stand = self._live.look()
        if stand is None:
            self.is_moot = True
            self.reject()
            return False
        if stand.reads_the_same(self._shown):
            return True
        is_same, self._shown = stand.says_the_same(self._shown), stand
        self._band = self._band_of(stand.where) if stand.where else None
        if not (is_same and self.accept_button.hasFocus()):
            self.cancel_button.setFocus()
        self._fill(f"{_CHANGED} {stand.question}", stand.lines, self._band)
        if is_same:
            return True
        self.guard.begin()
        self.accept_button.begin()
        return False

    def _fill(self, question: str, lines: Sequence[str], band: tuple[str, bool] | None) -> None:
        while (old := self._body.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if band is not None:
            self._put(ModeBand(band[0], self, is_paper=band[1]))
        self._put(self._heading(question))
        if lines:
            self._put(self._list(lines), 1)
        count = len(lines.rows) if isinstance(lines, OpenList) else len(lines)
        if count >= _FEW:
            self._put(self._count(count))

    def _put(self, widget: QWidget, stretch: int = 0) -> None:
        self._body.addWidget(widget, stretch)
        widget.show()  # else the layout does so at some later time

    def _heading(self, question: str) -> QLabel:
        heading = QLabel(question, self)
        heading.setObjectName("confirm_question")
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setWordWrap(True)
        return heading

    def _list(self, lines: Sequence[str]) -> QWidget:
        if isinstance(lines, OpenList):
            return OpenTable(lines, self)
        shown = _Lines(min(_MOST_SHOWN, len(lines)), self)
        shown.setObjectName("confirm_lines")
        shown.setAccessibleName("What it is about")
        shown.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        shown.setWordWrap(True)
        shown.setTextElideMode(Qt.TextElideMode.ElideNone)
        shown.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        shown.addItems(list(lines))
        return shown

    def _count(self, entries: int) -> QLabel:
        count = QLabel(f"{fmt.number(entries)} entries", self)
        count.setObjectName("confirm_count")
        count.setAlignment(Qt.AlignmentFlag.AlignRight)
        return count

    def _buttons(self, accept: str, decline: str) -> QDialogButtonBox:
        buttons = QDialogButtonBox(self)
        self.accept_button = SendButton(accept, is_sudden=True)
        buttons.addButton(self.accept_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.cancel_button = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        if decline:
            self.cancel_button.setText(decline)
        self.cancel_button.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def _on_finished(self, result: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(result == QDialog.DialogCode.Accepted.value)


class _Lines(QListWidget):
    """As high as so many rows, and lower where the screen is small."""

    def __init__(self, rows: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = rows

    def sizeHint(self) -> QSize:
        return QSize(theme.px(_WIDTH - 40), self._height(self._rows))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(200), self._height(min(3, self._rows)))

    def _height(self, rows: int) -> int:
        return rows * (self.fontMetrics().lineSpacing() + 5) + 6

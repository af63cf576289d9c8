"""The rows of the command palette: title with the letters that were found, menu, key, reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.commands.palette import Entry
from app.commands.registry import Command
from app.ui import theme

_MARGIN = 10
_TOP = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
_SELECTED = QStyle.StateFlag.State_Selected
_Index = QModelIndex | QPersistentModelIndex


class PaletteModel(QAbstractListModel):
    """The entries that fit, in order. Why one cannot run is only asked for rows that are seen."""

    def __init__(self, refusal: Callable[[Command], str | None], parent: QWidget) -> None:
        super().__init__(parent)
        self.entries: Sequence[Entry] = ()
        self._refusal = refusal
        self._reasons: dict[int, str | None] = {}

    def show(self, entries: Sequence[Entry]) -> None:
        """Other entries than before."""
        self.beginResetModel()
        self.entries = entries
        self._reasons.clear()
        self.endResetModel()

    def reason(self, row: int) -> str | None:
        """Why the command of a row cannot run now, None where it can."""
        if row not in self._reasons:
            self._reasons[row] = self._refusal(self.entries[row].command)
        return self._reasons[row]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        if not index.isValid():
            return None
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.command.title
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            key = f"key {entry.key}" if entry.key else ""
            why_not = self.reason(index.row())
            reason = f"not now: {why_not}" if why_not else ""
            words = (entry.command.title, entry.path, key, entry.command.help, reason)
            return "; ".join(word for word in words if word)
        return None


class PaletteDelegate(QStyledItemDelegate):
    """Two lines a row: title and key, and below them menu and reason in small."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        height = option.fontMetrics.lineSpacing() + QFontMetrics(_small(option.font)).lineSpacing()
        return QSize(200, height + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        if not isinstance(model, PaletteModel):
            return
        entry, reason = model.entries[index.row()], model.reason(index.row())
        painter.save()
        is_chosen = bool(option.state & _SELECTED)
        first = second = theme.color("selection_text")
        if not is_chosen:
            first = theme.color("muted" if reason else "text")
            second = theme.color("warning" if reason else "muted")
        if is_chosen:
            painter.fillRect(option.rect, theme.color("selection"))
        box = option.rect.adjusted(_MARGIN, 5, -_MARGIN, -5)
        painter.setPen(first)
        self._paint_title(painter, option.font, box, entry, None if is_chosen else first)
        text = f"Not now: {reason}" if reason else entry.command.help
        words = "  ·  ".join(part for part in (entry.path, text) if part)
        painter.setPen(second)
        painter.setFont(_small(option.font))
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, shown)
        painter.restore()

    def _paint_title(
        self, painter: QPainter, font: QFont, box: QRect, entry: Entry, plain: QColor | None
    ) -> None:
        """The key at the right, and the title with what was found in bold.

        `plain` is the colour of the other letters; without one all have the painter's.
        """
        painter.setFont(font)
        painter.drawText(box, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, entry.key)
        end = box.right() - QFontMetrics(font).horizontalAdvance(entry.key) - _MARGIN
        bold = QFont(font)
        bold.setBold(True)
        x, marks = box.left(), set(entry.marks)
        for place, character in enumerate(entry.command.title):
            is_marked = place in marks
            painter.setFont(bold if is_marked else font)
            width = painter.fontMetrics().horizontalAdvance(character)
            if x + width > end:
                break
            if plain is not None:
                painter.setPen(theme.color("accent") if is_marked else plain)
            painter.drawText(QRect(x, box.top(), width + 2, box.height()), _TOP, character)
            x += width


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(max(7.0, font.pointSizeF() * 0.88))
    return small

"""The rows of the command palette: title with the letters that were found, menu, key, reason."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.commands.palette import Entry
from app.ui import theme

_MARGIN = 10
_TOP = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
_SELECTED = QStyle.StateFlag.State_Selected
_Index = QModelIndex | QPersistentModelIndex


class PaletteModel(QAbstractListModel):
    """The entries that fit, in order."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.entries: Sequence[Entry] = ()

    def show(self, entries: Sequence[Entry]) -> None:
        """Other entries than before."""
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

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
            reason = f"not now: {entry.reason}" if entry.reason else ""
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
        entry = model.entries[index.row()]
        painter.save()
        is_chosen = bool(option.state & _SELECTED)
        if is_chosen:
            painter.fillRect(option.rect, theme.color("selection"))
        box = option.rect.adjusted(_MARGIN, 5, -_MARGIN, -5)
        self._paint_first(painter, option.font, box, entry, is_chosen=is_chosen)
        self._paint_second(painter, option.font, box, entry, is_chosen=is_chosen)
        painter.restore()

    def _paint_first(
        self, painter: QPainter, font: QFont, box: QRect, entry: Entry, *, is_chosen: bool
    ) -> None:
        plain = theme.color("selection_text" if is_chosen else "text")
        if entry.reason:
            plain = theme.color("selection_text" if is_chosen else "muted")
        painter.setFont(font)
        painter.setPen(plain)
        metrics = QFontMetrics(font)
        painter.drawText(box, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, entry.key)
        room = box.width() - metrics.horizontalAdvance(entry.key) - _MARGIN
        bold = QFont(font)
        bold.setBold(True)
        x, marks = box.left(), set(entry.marks)
        for place, character in enumerate(entry.command.title):
            used = bold if place in marks else font
            width = QFontMetrics(used).horizontalAdvance(character)
            if x + width > box.left() + room:
                break
            painter.setFont(used)
            is_marked = place in marks and not is_chosen
            painter.setPen(theme.color("accent") if is_marked else plain)
            painter.drawText(QRect(x, box.top(), width + 2, box.height()), _TOP, character)
            x += width

    def _paint_second(
        self, painter: QPainter, font: QFont, box: QRect, entry: Entry, *, is_chosen: bool
    ) -> None:
        small = _small(font)
        metrics = QFontMetrics(small)
        painter.setFont(small)
        token = "warning" if entry.reason else "muted"
        painter.setPen(theme.color("selection_text" if is_chosen else token))
        text = f"Not now: {entry.reason}" if entry.reason else entry.command.help
        words = "  ·  ".join(part for part in (entry.path, text) if part)
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, shown)


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(max(7.0, font.pointSizeF() * 0.88))
    return small

"""Lines of sums pinned below a table, each figure under its own column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QTableView, QToolTip, QWidget

from app.ui import theme
from app.ui.models.columns import Column
from app.ui.models.grouping import GroupLine
from app.ui.widgets.line_painter import LinePainter

_ROW_PADDING = 6


class TotalsStrip(QWidget):
    """Shows GroupLines under `view`; it stays while the rows scroll. GUI thread.

    Widths, order, choice and the sideways scroll of the columns are the table's own.
    """

    def __init__(
        self, name: str, view: QTableView, columns: tuple[Column[Any], ...], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._view, self._columns = view, columns
        self._lines: list[GroupLine] = []
        self._painter = LinePainter(view, columns)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()
        header = view.horizontalHeader()
        header.sectionResized.connect(self._redraw)
        header.sectionMoved.connect(self._redraw)
        header.geometriesChanged.connect(self._redraw)
        view.horizontalScrollBar().valueChanged.connect(self._redraw)
        theme.changed.connect(self._dress)
        self._dress()

    def show_lines(self, lines: Sequence[GroupLine]) -> None:
        """Show these; nothing to sum hides the strip."""
        if list(lines) == self._lines:
            return
        if len(lines) != len(self._lines):
            self.updateGeometry()
        self._lines = list(lines)
        self.setAccessibleDescription(self.text())
        self.setVisible(bool(lines))
        self.update()

    def text(self) -> str:
        """What is shown, as one text, hidden columns too."""
        return "; ".join(self._words(line) for line in self._lines)

    def sizeHint(self) -> QSize:
        return QSize(0, len(self._lines) * self._line_height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("raised"))
        height = self._line_height()
        for number, line in enumerate(self._lines):
            self._painter.paint(painter, line, number * height, height)
        painter.fillRect(0, 0, self.width(), 1, theme.color("border"))
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tooltip(event.pos().x(), event.pos().y()))
            return True
        return super().event(event)

    def _tooltip(self, x: int, y: int) -> str:
        number, column = y // self._line_height(), self._view.columnAt(x)
        if not 0 <= number < len(self._lines):
            return ""
        line = self._lines[number]
        own = line.tooltips.get(self._columns[column].id, "") if column >= 0 else ""
        return own or line.tooltips.get("") or self._words(line)

    def _words(self, line: GroupLine) -> str:
        titles = {column.id: column.title for column in self._columns}
        figures = [f"{titles[name]} {cell[0]}" for name, cell in line.cells.items() if cell[0]]
        return f"{line.label}: {', '.join(figures)}" if figures else line.label

    def _line_height(self) -> int:
        return self.fontMetrics().height() + _ROW_PADDING

    def _dress(self) -> None:
        self.setFont(theme.number_font())
        self._painter.use_font(self.font())
        self.updateGeometry()
        self.update()

    def _redraw(self) -> None:
        self.update()

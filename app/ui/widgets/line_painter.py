"""Draws a line of sums across the columns of a table: headers of groups, and totals below it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QTableView

from app.ui import theme
from app.ui.models.columns import Column, Kind
from app.ui.models.grouping import GroupLine
from app.ui.widgets.cell_delegate import DOTS, PADDING, dots_at


class LinePainter:
    """One for each table. Figures stand under their columns, the label at the left edge.

    As in the cells, a figure that the edge of the view would cut is not drawn.
    """

    def __init__(self, view: QTableView, columns: tuple[Column[Any], ...]) -> None:
        self._view, self._columns = view, columns
        self._font = view.font()
        self._metrics = QFontMetrics(self._font)

    def use_font(self, font: QFont) -> None:
        """Write in this font from now on."""
        self._font = QFont(font)
        self._metrics = QFontMetrics(self._font)

    def paint(
        self, painter: QPainter, line: GroupLine, top: int, height: int, *, lead: str = ""
    ) -> None:
        """Draw `line` from `top` on; `lead` goes before its label."""
        painter.setFont(self._font)
        baseline = top + (height + self._metrics.ascent() - self._metrics.descent()) // 2
        left_end = seen = self._view.viewport().width()
        for number, column in enumerate(self._columns):
            text, token, tint = line.cell(column.id)
            if not text or self._view.isColumnHidden(number):
                continue
            left, width = self._view.columnViewportPosition(number), self._view.columnWidth(number)
            ground = theme.color("raised")
            if tint is not None:
                color = theme.color(tint.token)
                ground = theme.over(ground, color, tint.alpha)
                painter.fillRect(left, top, width, height, ground)
            at = self._place(column, text, left, width)
            painter.setPen(theme.ink(token or "text", ground))
            room = width - 2 * PADDING
            shown = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            used = self._metrics.horizontalAdvance(shown)
            if column.kind is Kind.NUMBER and not 0 <= at <= seen - used:
                shown = DOTS
                at = dots_at(left, width, seen, self._metrics.horizontalAdvance(DOTS))
            painter.drawText(at, baseline, shown)
            left_end = min(left_end, at)
        self._paint_label(painter, lead + line.label, baseline, left_end)

    def _place(self, column: Column[Any], text: str, left: int, width: int) -> int:
        used = min(self._metrics.horizontalAdvance(text), width - 2 * PADDING)
        return left + PADDING if column.kind is Kind.TEXT else left + width - PADDING - used

    def _paint_label(self, painter: QPainter, label: str, baseline: int, end: int) -> None:
        """At the left edge of what is seen, however far the table is scrolled."""
        room = end - 2 * PADDING
        if room <= 0:
            return
        painter.setPen(theme.ink("text", theme.color("raised")))
        shown = self._metrics.elidedText(label, Qt.TextElideMode.ElideRight, room)
        painter.drawText(PADDING, baseline, shown)

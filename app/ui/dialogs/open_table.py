"""What is open, as a table for a question about all of it: figures right, sums below."""

from __future__ import annotations

from collections.abc import Container

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from app.commands.open_list import NOT_KNOWN, OpenList, OpenRow, OpenSum
from app.ui import format as fmt
from app.ui import theme

_COLUMNS = ("", "Side", "Quantity", "Symbol", "Terms", "Value", "Account", "Money")
_QUANTITY, _VALUE, _MODE = (_COLUMNS.index(name) for name in ("Quantity", "Value", "Money"))
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MOST_SHOWN, _LEAST_SHOWN = 14, 4
_ROOM_PX = 6


class OpenTable(QTableWidget):
    """Shows an OpenList; nothing in it can be changed. GUI thread."""

    def __init__(self, listed: OpenList, parent: QWidget) -> None:
        sums = listed.sums
        super().__init__(len(listed.rows) + len(sums), len(_COLUMNS), parent)
        self.setObjectName("open_table")
        self.setAccessibleName("What is open")
        self.setAccessibleDescription("; ".join(listed))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        for column, title in enumerate(_COLUMNS):
            self.setHorizontalHeaderItem(column, _item(column, title))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        for at, row in enumerate(listed.rows):
            self._put(at, _cells(row), () if row.is_paper else (_MODE,))
        for at, total in enumerate(sums, len(listed.rows)):
            self._put_sum(at, total)
        theme.follow(self, self._dress)

    def sizeHint(self) -> QSize:
        widths = sum(self.columnWidth(column) for column in range(len(_COLUMNS)))
        return QSize(widths + 3 * _ROOM_PX, self._height(min(_MOST_SHOWN, self.rowCount())))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(300), self._height(min(_LEAST_SHOWN, self.rowCount())))

    def _height(self, rows: int) -> int:
        header = self.horizontalHeader().sizeHint().height()
        return header + rows * self.verticalHeader().defaultSectionSize() + _ROOM_PX

    def _dress(self) -> None:
        self.setFont(theme.number_font())
        height = self.fontMetrics().lineSpacing() + theme.px(_ROOM_PX)
        self.verticalHeader().setDefaultSectionSize(height)

    def _put(self, row: int, cells: tuple[str, ...], bold: Container[int] = ()) -> None:
        for column, text in enumerate(cells):
            item = _item(column, text)
            if column in bold:
                item.setFont(theme.number_font(bold=True))
            self.setItem(row, column, item)

    def _put_sum(self, row: int, total: OpenSum) -> None:
        missing = f"and {total.unknown} not known" if total.unknown else ""
        worth = fmt.money(total.value, total.currency)
        cells = ("All positions", "", "", "", missing, worth, "", "")
        self._put(row, cells, range(len(cells)))


def _item(column: int, text: str) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setTextAlignment(_RIGHT if column in (_QUANTITY, _VALUE) else _LEFT)
    return item


def _cells(row: OpenRow) -> tuple[str, ...]:
    worth = "" if not row.is_position else NOT_KNOWN
    if row.value is not None:
        worth = fmt.money(row.value, row.currency)
    quantity = fmt.number(row.quantity, max(0, -int(row.quantity.normalize().as_tuple().exponent)))
    return row.kind, row.side, quantity, row.symbol, row.terms, worth, row.where, row.mode

"""What a question lists as open, as it is read."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog

from app.ui.dialogs.open_table import OpenTable
from tests.ui.find import child


def open_rows(dialog: QDialog) -> list[str]:
    """A line for each row of the table, its cells with a space between them."""
    table = child(dialog, OpenTable)
    rows = []
    for row in range(table.rowCount()):
        cells = [table.item(row, column) for column in range(table.columnCount())]
        rows.append(" ".join(cell.text() for cell in cells if cell is not None and cell.text()))
    return rows

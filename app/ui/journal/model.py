"""The journal as lines: days, and below an open day its fills. Nothing is made for closed ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.analytics.trade_sheet import DayRow
from app.commands.journal import TradeJournal
from app.domain.booked import paid_fee
from app.domain.notes import Note, Subject, one_line, tags_of
from app.ui import format as fmt
from app.ui.journal.columns import (
    FOLDED,
    UNFOLDED,
    Cell,
    JournalColumn,
    Line,
    Wording,
    journal_columns,
    line_name,
    order_of,
    subject_of,
)

Index = QModelIndex | QPersistentModelIndex
DayKey = tuple[date, str]
LineKey = tuple[Any, ...]
_NOWHERE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class JournalModel(QAbstractTableModel):
    """Lines of one reading of the journal. GUI thread only.

    Days are sorted by a column, newest first without one; the fills of a day are newest first.
    """

    def __init__(self, journal: TradeJournal, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._journal = journal
        self.columns: tuple[JournalColumn, ...] = journal_columns(Wording(journal))
        self.expanded: set[DayKey] = set()
        self.edits_order = False  # the next edit is about the fill's order
        self._rows: Sequence[DayRow] = ()
        self._lines: list[Line] = []
        self._sorted_by: tuple[int, bool] | None = None

    # -- what is shown -------------------------------------------------------------------------

    def set_rows(self, rows: Sequence[DayRow]) -> None:
        """Show these days; those that were open stay open."""
        self.beginResetModel()
        self._rows = rows
        self._lines = self._arranged()
        self.endResetModel()

    def toggle(self, position: int, expanded: bool | None = None) -> None:
        """Open or close the day at a position; without `expanded` the other way round."""
        line = self._lines[position]
        if not isinstance(line, DayRow) or not line.parts:
            return
        is_open = _key(line) in self.expanded
        if expanded is is_open:
            return
        if is_open:
            last = self._end(position) - 1
            self.expanded.discard(_key(line))
            if last > position:
                self.beginRemoveRows(QModelIndex(), position + 1, last)
                del self._lines[position + 1 : last + 1]
                self.endRemoveRows()
        else:
            self.expanded.add(_key(line))
            fills = line.fills()
            self.beginInsertRows(QModelIndex(), position + 1, position + len(fills))
            self._lines[position + 1 : position + 1] = fills
            self.endInsertRows()
        self._changed(position)

    def expand_all(self, expanded: bool) -> None:
        """Open or close every day."""
        self.expanded = {_key(row) for row in self._rows} if expanded else set()
        self.set_rows(self._rows)

    def line(self, position: int) -> Line:
        """What stands at a position."""
        return self._lines[position]

    def day_position(self, position: int) -> int:
        """Where the day of a line stands."""
        while not isinstance(self._lines[position], DayRow):
            position -= 1
        return position

    def key_at(self, position: int) -> LineKey:
        """What a line is, whatever its position."""
        line = self._lines[position]
        if isinstance(line, DayRow):
            return _key(line)
        return (line.day, line.execution.connection_id, line.execution.exec_id)

    def position_of(self, key: LineKey) -> int | None:
        """Where a line is shown now."""
        for position, line in enumerate(self._lines):
            if line.day == key[0] and self.key_at(position) == key:
                return position
        return None

    def cell(self, index: Index) -> Cell:
        """Text and colour word of one cell."""
        line, column = self._lines[index.row()], self.columns[index.column()]
        text, token = column.cell(line)
        if column.id == "when" and isinstance(line, DayRow):
            mark = UNFOLDED if _key(line) in self.expanded else FOLDED
            text = f"{mark if line.parts else ' '} {text}"
        return text, token

    def column_index(self, column_id: str) -> int:
        """The logical number of a column. Raises KeyError when there is none."""
        for number, column in enumerate(self.columns):
            if column.id == column_id:
                return number
        raise KeyError(column_id)

    def copied(self, positions: Sequence[int], numbers: Sequence[int]) -> str:
        """Lines as tab-separated text under the titles of the columns `numbers`."""
        titles = "\t".join(self.columns[number].title for number in numbers)
        lines = (
            "\t".join(plain(self.columns[n].cell(self._lines[at])[0]) for n in numbers)
            for at in positions
        )
        return "\n".join([titles, *lines]) if positions else ""

    def notes_changed(self) -> None:
        """Notes or tags look different now."""
        if self._lines:
            first, last = sorted(self.column_index(name) for name in ("tags", "note"))
            self.dataChanged.emit(self.index(0, first), self.index(len(self._lines) - 1, last))

    # -- order ---------------------------------------------------------------------------------

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorted_by = (column, order == Qt.SortOrder.DescendingOrder) if column >= 0 else None
        self.set_rows(self._rows)

    @property
    def sorted_by(self) -> tuple[str, bool] | None:
        """Column id and whether descending; None for newest first."""
        if self._sorted_by is None:
            return None
        return self.columns[self._sorted_by[0]].id, self._sorted_by[1]

    def _arranged(self) -> list[Line]:
        rows = list(self._rows)
        if self._sorted_by is not None:
            value = self.columns[self._sorted_by[0]].value
            if value is not None:
                rows.sort(key=value, reverse=self._sorted_by[1])
        lines: list[Line] = []
        for row in rows:
            lines.append(row)
            if _key(row) in self.expanded:
                lines += row.fills()
        return lines

    def _end(self, position: int) -> int:
        """Where the fills below a day end."""
        position += 1
        while position < len(self._lines) and not isinstance(self._lines[position], DayRow):
            position += 1
        return position

    def _changed(self, position: int) -> None:
        last = len(self.columns) - 1
        self.dataChanged.emit(self.index(position, 0), self.index(position, last))

    # -- notes ---------------------------------------------------------------------------------

    def subject(self, line: Line) -> Subject:
        """What the next edit of a line is about."""
        order = order_of(line) if self.edits_order else None
        return order or subject_of(line)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        column = self.columns[index.column()].id
        if role != Qt.ItemDataRole.EditRole or column not in {"note", "tags"}:
            return False
        line = self._lines[index.row()]
        subject, name = self.subject(line), line_name(line)
        if self.edits_order and order_of(line) is not None:
            name = f"the order of {name}"
        old = self._journal.note(subject)
        if column == "note":
            note = Note(one_line(str(value)), old.tags)
        else:
            note = Note(old.text, tags_of(str(value)))
        self._journal.write(subject, note, name)
        self.notes_changed()
        return True

    def _edited(self, index: Index) -> str:
        note = self._journal.note(self.subject(self._lines[index.row()]))
        return note.text if self.columns[index.column()].id == "note" else " ".join(note.tags)

    # -- Qt ------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if self.columns[index.column()].id in {"note", "tags"}:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._lines):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cell(index)[0]
        if role == Qt.ItemDataRole.EditRole:
            return self._edited(index)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self.columns[index.column()].is_number else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tooltip(index)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(index)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_number else _LEFT
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole}:
            return column.hint or None
        return None

    def tooltip(self, index: Index) -> str:
        """What hovering says beyond the cell."""
        line, column = self._lines[index.row()], self.columns[index.column()].id
        if isinstance(line, DayRow):
            return _day_tip(line, column)
        fill = line.execution
        if column == "when":
            text = fmt.date_time(fill.at, millis=True)
            played = fill.market_at
            return text if played is None else f"{text}, played {fmt.date_time(played)}"
        if column in {"realized", "net"} and not line.is_known:
            return "Not known: nobody told the cost of what this fill closed"
        if column == "fees" and paid_fee(fill) is None:
            return "The broker has not told the fee yet"
        if column == "symbol":
            return fill.instrument.description
        return ""

    def _spoken(self, index: Index) -> str:
        line, column = self._lines[index.row()], self.columns[index.column()]
        text = column.cell(line)[0].strip()
        if column.id == "when" and isinstance(line, DayRow) and line.parts:
            state = "open" if _key(line) in self.expanded else "closed"
            return f"{column.title}: {text}, {state}"
        return f"{column.title}: {text}"


def _key(row: DayRow) -> DayKey:
    return row.day, row.currency


def _day_tip(row: DayRow, column: str) -> str:
    if column == "symbol":
        return ", ".join(row.symbols)
    if column in {"realized", "net"} and not row.is_known:
        return (
            f"Not known in whole: nobody told the cost of what {row.unknown_fills} fills closed;"
            f" the rest made {fmt.profit(row.profit)} {row.currency} before fees"
        )
    if column in {"fees", "net"} and row.untold_fees:
        return f"The broker has not told the fees of {row.untold_fees} fills yet"
    if column == "trips" and row.evens:
        return f"{row.evens} more made and lost nothing"
    return ""


def plain(text: str) -> str:
    """A shown cell as another program reads it."""
    text = text.replace(fmt.THIN_SPACE, "").replace(fmt.MINUS, "-").strip()
    return "" if text == fmt.UNKNOWN else " ".join(text.split())

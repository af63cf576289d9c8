"""The one table model: rows by key, changes gathered and shown once a frame, order kept here.

Rows are sorted in the model and not by a QSortFilterProxyModel: a proxy calls Python for every
comparison (190 ms for 5,000 rows on two cores, 420 ms more when they change) where one list sort
takes 2 ms, and it moves rows at every tick, which puts another row under the pointer.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from app.ui.models.columns import Cell, Column, Kind, arranged

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
Span = tuple[int, int]
_GONE = object()
# More separate runs of rows than this at once, and a reset is cheaper than telling of each.
_MAX_RUNS = 64
_EVERYWHERE = (0, 1 << 30)
_NOWHERE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_CENTER = Qt.AlignmentFlag.AlignCenter
_ALIGNMENT = {Kind.TEXT: _LEFT, Kind.NUMBER: _RIGHT, Kind.ACTION: _CENTER}


class RowModel(QAbstractTableModel, Generic[Row]):
    """Rows of one record type under unique keys. GUI thread only.

    `upsert` and `remove` are gathered and applied by one timer a frame, which runs only while
    something is waiting. Without a chosen column rows stand in `natural` order (a sort key), or as
    they came. A change of a sorted value moves its row within `resort_ms`, never while `hold`.
    With `capacity` the oldest rows leave when more arrive.
    """

    flushed = Signal()

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        *,
        natural: Callable[[Row], Any] | None = None,
        frame_ms: int = 16,
        resort_ms: int = 1000,
        capacity: int | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        # The view says which rows are on screen: others are not announced when they change.
        self.visible_rows: Callable[[], Span] = lambda: _EVERYWHERE
        self._natural, self._capacity = natural, capacity
        self._rows: dict[Hashable, Row] = {}
        self._shown: list[Hashable] = []
        self._position: dict[Hashable, int] = {}
        self._pending: dict[Hashable, Any] = {}
        self._cells: dict[Hashable, tuple[Cell, ...]] = {}  # as last painted
        self._filter: Callable[[Row], bool] | None = None
        self._sorted_by: tuple[int, bool] | None = None
        self._held = False
        self._frame = self._single_shot(frame_ms, self.flush)
        self._resort = self._single_shot(resort_ms, self._arrange)

    # -- what callers change ---------------------------------------------------------------

    def upsert(self, key: Hashable, row: Row) -> None:
        """Add or replace one row; the newest wins until the next frame."""
        self._pending[key] = row
        if not self._frame.isActive():
            self._frame.start()

    def remove(self, key: Hashable) -> None:
        """Take one row out at the next frame; nothing happens when there is none."""
        self._pending[key] = _GONE
        if not self._frame.isActive():
            self._frame.start()

    def replace_all(self, rows: Mapping[Hashable, Row]) -> None:
        """Show exactly these rows, now."""
        gone = [key for key in self._rows if key not in rows]
        self._pending = {**dict.fromkeys(gone, _GONE), **rows}
        self.flush()

    def clear(self) -> None:
        """Take every row out, now."""
        self.replace_all({})

    def set_filter(self, accepts: Callable[[Row], bool] | None) -> None:
        """Show only rows that `accepts`; None shows all. Takes effect now."""
        self._filter = accepts
        self.flush()
        self._conceal([key for key in self._shown if not self._accepts(self._rows[key])])
        hidden = [key for key in self._rows if key not in self._position]
        self._reveal([key for key in hidden if self._accepts(self._rows[key])])

    def refilter(self) -> None:
        """Ask the filter again about every row, after something it depends on has changed."""
        self.set_filter(self._filter)

    def hold(self, held: bool) -> None:
        """Keep rows where they stand while a button is down or a menu is open."""
        self._held = held
        if not held:
            self._resort.start()

    def touch(self, keys: Iterable[Hashable] | None = None) -> None:
        """Paint rows again (all, or these): their look depends on the time or the theme."""
        shown = list(self._shown if keys is None else keys)
        for key in shown:
            self._cells.pop(key, None)
        self._refresh([key for key in shown if key in self._position])

    # -- what callers read -----------------------------------------------------------------

    def get(self, key: Hashable) -> Row | None:
        """The newest row under `key`, whether it is shown yet or not."""
        row = self._pending.get(key, self._rows.get(key))
        return None if row is _GONE else row

    def all_rows(self) -> Iterator[Row]:
        """Every row, hidden ones too, as of the last frame."""
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def row_at(self, position: int) -> Row:
        """The row shown at `position`, counted from the top."""
        return self._rows[self._shown[position]]

    def key_at(self, position: int) -> Hashable:
        """The key of the row shown at `position`."""
        return self._shown[position]

    def cells(self, position: int) -> tuple[Cell, ...]:
        """What the row at `position` looks like, as of its last change or `touch`."""
        key = self._shown[position]
        cells = self._cells.get(key)
        if cells is None:
            cells = self._cells[key] = self._painted(key)
        return cells

    def position_of(self, key: Hashable) -> int | None:
        """Where `key` is shown, None when it is not."""
        return self._position.get(key)

    def column_index(self, column_id: str) -> int:
        """The logical number of a column. Raises KeyError when there is none."""
        for number, column in enumerate(self.columns):
            if column.id == column_id:
                return number
        raise KeyError(column_id)

    @property
    def sorted_by(self) -> tuple[str, bool] | None:
        """Column id and whether descending; None in natural order."""
        if self._sorted_by is None:
            return None
        number, descending = self._sorted_by
        return self.columns[number].id, descending

    # -- the frame ---------------------------------------------------------------------------

    def flush(self) -> None:
        """Apply what is waiting; called by the frame timer, or to have it at once."""
        self._frame.stop()
        if not self._pending:
            return
        pending, self._pending = self._pending, {}
        gone = {key for key, row in pending.items() if row is _GONE and key in self._rows}
        changed = [key for key, row in pending.items() if row is not _GONE]
        self._rows.update({key: pending[key] for key in changed})
        gone |= self._overflow(len(gone))
        kept = [key for key in changed if key not in gone]
        accepted = {key for key in kept if self._accepts(self._rows[key])}
        self._conceal([*gone, *(key for key in kept if key not in accepted)])
        for key in gone:
            del self._rows[key]
            self._cells.pop(key, None)
        dirty = [key for key in kept if key in self._position]
        self._reveal([key for key in kept if key in accepted and key not in self._position])
        self._refresh(dirty)
        self._expect_moves(dirty)
        self.flushed.emit()

    def _overflow(self, leaving: int) -> set[Hashable]:
        """The oldest keys beyond the capacity."""
        excess = 0 if self._capacity is None else len(self._rows) - leaving - self._capacity
        return set(islice(self._rows, max(0, excess)))

    def _accepts(self, row: Row) -> bool:
        return self._filter is None or self._filter(row)

    def _conceal(self, keys: Iterable[Hashable]) -> None:
        """Take rows off the screen, from the bottom up, a run of neighbours at a time."""
        positions = sorted({self._position[key] for key in keys if key in self._position})
        if not positions:
            return
        spans = _spans(positions)
        if len(spans) > _MAX_RUNS:
            self.beginResetModel()
            leaving = set(positions)
            self._shown = [key for at, key in enumerate(self._shown) if at not in leaving]
            self._number_rows()
            self.endResetModel()
            return
        for first, last in reversed(spans):
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._shown[first : last + 1]
            self._number_rows()
            self.endRemoveRows()

    def _reveal(self, keys: Sequence[Hashable]) -> None:
        """Put rows on the screen: at the end, and from there to where they belong."""
        if not keys:
            return
        start = len(self._shown)
        self.beginInsertRows(QModelIndex(), start, start + len(keys) - 1)
        self._shown.extend(keys)
        self._number_rows(start)
        self.endInsertRows()
        self._arrange()

    def _expect_moves(self, keys: Sequence[Hashable]) -> None:
        if keys and (self._sorted_by or self._natural) and not self._resort.isActive():
            self._resort.start()

    def _refresh(self, keys: Sequence[Hashable]) -> None:
        """Tell of cells that are on screen and look different; the rest is read when seen."""
        first, last = self.visible_rows()
        by_columns: dict[Span, list[int]] = {}
        for key in keys:
            position = self._position[key]
            if first <= position <= last:
                columns = self._changed_columns(key)
                if columns is not None:
                    by_columns.setdefault(columns, []).append(position)
            else:
                self._cells.pop(key, None)
        for (left, right), positions in by_columns.items():
            for top, bottom in _spans(sorted(positions)):
                self.dataChanged.emit(self.index(top, left), self.index(bottom, right))

    def _changed_columns(self, key: Hashable) -> Span | None:
        """First and last column whose look has changed since it was painted."""
        before = self._cells.get(key)
        if before is None:
            return (0, len(self.columns) - 1)
        after = self._cells[key] = self._painted(key)
        changed = [
            at for at, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]
        ]
        return (changed[0], changed[-1]) if changed else None

    def _painted(self, key: Hashable) -> tuple[Cell, ...]:
        row = self._rows[key]
        return tuple([column.cell(row) for column in self.columns])

    # -- order -------------------------------------------------------------------------------

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column's values; a negative column goes back to the natural order."""
        self.flush()
        descending = order == Qt.SortOrder.DescendingOrder
        self._sorted_by = (column, descending) if column >= 0 else None
        self._arrange(even_if_held=True)

    def _arrange(self, *, even_if_held: bool = False) -> None:
        self._resort.stop()
        if self._held and not even_if_held:
            return
        target = self._in_order()
        if target == self._shown:
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        keys = [self._shown[index.row()] for index in before]
        self._shown = target
        self._number_rows()
        after = [
            self.index(self._position[key], index.column())
            for key, index in zip(keys, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _in_order(self) -> list[Hashable]:
        rows = self._rows
        keys = [key for key in rows if key in self._position]
        natural = self._natural
        if natural is not None:
            keys.sort(key=lambda key: natural(rows[key]))
        if self._sorted_by is None:
            return keys
        column, descending = self._sorted_by
        value = self.columns[column].value
        return arranged(keys, lambda key: value(rows[key]), descending=descending)

    def _number_rows(self, start: int = 0) -> None:
        if start == 0:
            self._position = {key: at for at, key in enumerate(self._shown)}
            return
        for at in range(start, len(self._shown)):
            self._position[self._shown[at]] = at

    def _single_shot(self, interval_ms: int, run: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(run)
        return timer

    # -- Qt ----------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        row, column = self.row_at(index.row()), self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGNMENT[column.kind]
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tooltip(row) if column.tooltip else None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {column.text(row)}"
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
            return _ALIGNMENT[column.kind]
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole}:
            return column.hint or column.title
        return None


def _spans(positions: Iterable[int]) -> list[Span]:
    """Runs of neighbours in ascending numbers, each as first and last."""
    spans: list[Span] = []
    for position in positions:
        if spans and spans[-1][1] == position - 1:
            spans[-1] = (spans[-1][0], position)
        else:
            spans.append((position, position))
    return spans

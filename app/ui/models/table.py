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
from app.ui.models.grouping import Grouping, GroupKey, GroupLine, GroupState

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
# Sums of groups are read by eye; they need not follow every tick.
_SUMS_MS = 200
_LEAVING = GroupLine("")
_ALIGNMENT = {Kind.TEXT: _LEFT, Kind.NUMBER: _RIGHT, Kind.ACTION: _CENTER}


class RowModel(QAbstractTableModel, Generic[Row]):
    """Rows of one record type under unique keys. GUI thread only.

    `upsert` and `remove` are gathered and applied by one timer a frame, which runs only while
    something is waiting. Without a chosen column rows stand in `natural` order (a sort key), or as
    they came. A change of a sorted value moves its row within `resort_ms`, never while `hold`.
    With `capacity` the oldest rows leave when more arrive.

    `set_filter` chooses rows for good, `set_search` hides some for the moment: `hidden` tells
    which. With `set_grouping` header lines stand among the rows under GroupKeys; `row_at` is for
    positions of rows, `find_row` for any.
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
        self._search: Callable[[Row], bool] | None = None
        self._hidden: dict[Hashable, None] = {}  # accepted by the filter, not by the search
        self._groups: GroupState[Row] | None = None
        self._sorted_by: tuple[int, bool] | None = None
        self._held = False
        self._frame = self._single_shot(frame_ms, self.flush)
        self._resort = self._single_shot(resort_ms, self._arrange)
        self._sums = self._single_shot(_SUMS_MS, self._regroup)

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

    def place(self, keys: Iterable[Hashable]) -> None:
        """Put rows into this order, those not named after them; a sorted table stays sorted."""
        self.flush()
        first = {key: self._rows[key] for key in keys if key in self._rows}
        self._rows = first | self._rows
        self._arrange(even_if_held=True)

    def clear(self) -> None:
        """Take every row out, now."""
        self.replace_all({})

    def set_filter(self, accepts: Callable[[Row], bool] | None) -> None:
        """Show only rows that `accepts`; None shows all. Takes effect now."""
        self._filter = accepts
        self._choose_anew()

    def set_search(self, accepts: Callable[[Row], bool] | None) -> None:
        """Of the rows that the filter leaves show only those; None ends it. Takes effect now."""
        self._search = accepts
        self._choose_anew()

    def refilter(self) -> None:
        """Ask the filter again about every row, after something it depends on has changed."""
        self._choose_anew()

    def set_grouping(self, grouping: Grouping[Row] | None, folded: Iterable[Hashable] = ()) -> None:
        """Put rows under headers, those of `folded` groups away; None takes the headers out."""
        self.flush()
        self._sums.stop()
        self.beginResetModel()
        self._groups = None if grouping is None else GroupState(grouping)
        if self._groups is not None:
            self._groups.folded = set(folded)
            self._groups.gather(row for key, row in self._rows.items() if self._is_chosen(key))
        self._cells.clear()
        lines = [] if self._groups is None else list(self._groups.lines)
        self._shown = [*lines, *(k for k, row in self._rows.items() if self._is_shown(k, row))]
        self._number_rows()  # the order is made of what has a place
        self._shown = self._in_order()
        self._number_rows()
        self.endResetModel()

    def fold(self, group: Hashable, folded: bool) -> None:
        """Hide or show the rows under one header."""
        if self._groups is None or (group in self._groups.folded) is folded:
            return
        (self._groups.folded.add if folded else self._groups.folded.discard)(group)
        self._show_chosen()
        self.touch(key for key in self._groups.lines if key.group == group)

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

    def chosen_rows(self) -> list[Row]:
        """The rows that filter and search leave, folded ones too, in the order of the table."""
        keys = [key for key in self._rows if self._is_chosen(key)]
        return [self._rows[key] for key in self._sorted(keys) if not isinstance(key, GroupKey)]

    def chosen_count(self) -> int:
        """How many rows filter and search leave, folded ones too."""
        if self._groups is None:
            return len(self._shown)
        return sum(1 for key in self._rows if self._is_chosen(key))

    def hidden(self) -> list[Row]:
        """The rows that the search hides."""
        return [self._rows[key] for key in self._hidden]

    @property
    def grouping(self) -> Grouping[Row] | None:
        """How rows are put together now."""
        return None if self._groups is None else self._groups.grouping

    def folded(self) -> set[Hashable]:
        """The groups that are folded away."""
        return set() if self._groups is None else set(self._groups.folded)

    def groups(self) -> list[Hashable]:
        """Every group there is."""
        lines = () if self._groups is None else self._groups.lines
        return [key.group for key in lines if key.part == 0]

    def group_of(self, row: Row) -> Hashable:
        """The group a row stands in; None without groups."""
        return None if self._groups is None else self._groups.grouping.of(row)

    def group_at(self, position: int) -> GroupKey | None:
        """The header or line of sums at `position`; None for a row."""
        key = self._shown[position]
        return key if isinstance(key, GroupKey) else None

    def group_line(self, key: GroupKey) -> GroupLine:
        """What a header or line of sums shows; an empty one for a group that is just leaving."""
        lines = {} if self._groups is None else self._groups.lines
        return lines.get(key, _LEAVING)

    def find_row(self, position: int) -> Row | None:
        """The row shown at `position`; None where a header stands."""
        return self._rows.get(self._shown[position])

    def row_at(self, position: int) -> Row:
        """The row shown at `position`, counted from the top. Raises KeyError for a header."""
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
        has_moved = any(self._changes_group(key, pending[key]) for key in changed)
        self._rows.update({key: pending[key] for key in changed})
        gone |= self._overflow(len(gone))
        kept = [key for key in changed if key not in gone]
        accepted = {key for key in kept if self._accepts(key, self._rows[key])}
        self._conceal([*gone, *(key for key in kept if key not in accepted)])
        for key in gone:
            del self._rows[key]
            self._cells.pop(key, None)
            self._hidden.pop(key, None)
        dirty = [key for key in kept if key in self._position]
        self._reveal([key for key in kept if key in accepted and key not in self._position])
        self._refresh(dirty)
        self._expect_moves(dirty)
        self._expect_sums(at_once=has_moved or len(dirty) < len(kept) or bool(gone))
        if has_moved:
            self._arrange()
        self.flushed.emit()

    def _overflow(self, leaving: int) -> set[Hashable]:
        """The oldest keys beyond the capacity."""
        excess = 0 if self._capacity is None else len(self._rows) - leaving - self._capacity
        return set(islice(self._rows, max(0, excess)))

    def _accepts(self, key: Hashable, row: Row) -> bool:
        """Whether a row is shown now; notes it where only the search hides it."""
        self._hidden.pop(key, None)
        if self._filter is not None and not self._filter(row):
            return False
        if self._search is not None and not self._search(row):
            self._hidden[key] = None
            return False
        return self._groups is None or not self._groups.is_folded(row)

    def _is_chosen(self, key: Hashable) -> bool:
        row = self._rows[key]
        return key not in self._hidden and (self._filter is None or self._filter(row))

    def _is_shown(self, key: Hashable, row: Row) -> bool:
        is_folded = self._groups is not None and self._groups.is_folded(row)
        return self._is_chosen(key) and not is_folded

    def _choose_anew(self) -> None:
        self.flush()
        self._show_chosen()
        self._expect_sums(at_once=True)
        self.flushed.emit()

    def _show_chosen(self) -> None:
        """Bring what is shown into line with filter, search and folding."""
        wanted = {key for key, row in self._rows.items() if self._accepts(key, row)}
        self._conceal([k for k in self._shown if k not in wanted and not isinstance(k, GroupKey)])
        self._reveal([key for key in self._rows if key in wanted and key not in self._position])

    def _changes_group(self, key: Hashable, row: Row) -> bool:
        if self._groups is None or key not in self._rows:
            return False
        return self._groups.grouping.of(self._rows[key]) != self._groups.grouping.of(row)

    def _expect_sums(self, *, at_once: bool) -> None:
        if self._groups is None:
            return
        if at_once:
            self._regroup()
        elif not self._sums.isActive():
            self._sums.start()

    def _regroup(self) -> None:
        """Headers and sums anew."""
        self._sums.stop()
        if self._groups is None:
            return
        chosen = (row for key, row in self._rows.items() if self._is_chosen(key))
        new, gone, changed = self._groups.gather(chosen)
        self._conceal(gone)
        for key in gone:
            self._cells.pop(key, None)
        self._reveal([key for key in self._groups.lines if key in new])
        self._refresh(list(changed))

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
        if isinstance(key, GroupKey):
            line = self.group_line(key)
            return tuple([line.cell(column.id) for column in self.columns])
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
        return self._sorted([key for key in self._rows if key in self._position])

    def _sorted(self, keys: list[Hashable]) -> list[Hashable]:
        rows, natural = self._rows, self._natural
        if natural is not None:
            keys.sort(key=lambda key: natural(rows[key]))
        if self._sorted_by is not None:
            column, descending = self._sorted_by
            value = self.columns[column].value
            keys = arranged(keys, lambda key: value(rows[key]), descending=descending)
        if self._groups is None:
            return keys
        ordered = self._groups.in_order(keys, rows, self.sorted_by)
        return [k for k in ordered if not isinstance(k, GroupKey) or k in self._position]

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
        key, column = self._shown[index.row()], self.columns[index.column()]
        if isinstance(key, GroupKey):
            return _line_data(self.group_line(key), column, role)
        row = self._rows[key]
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


def _line_data(line: GroupLine, column: Column[Any], role: int) -> Any:
    """What Qt and screen readers are told of a header or a line of sums."""
    text = line.cell(column.id)[0]
    if role == Qt.ItemDataRole.DisplayRole:
        return text
    if role == Qt.ItemDataRole.TextAlignmentRole:
        return _ALIGNMENT[column.kind]
    if role == Qt.ItemDataRole.ToolTipRole:
        return line.tooltips.get(column.id)
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return f"{line.label}: {column.title} {text}" if text else line.label
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

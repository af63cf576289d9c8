"""Rows in groups: a header line over each, lines of sums under it, and what is folded away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from app.ui.models.columns import Cell, arranged

Row = TypeVar("Row")
_EMPTY: Cell = ("", None, None)


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The key of a line that is no row: a group's header (`part` 0) or a line of sums below it."""

    group: Hashable
    part: int = 0


@dataclass(frozen=True, slots=True)
class GroupLine:
    """What a header or a line of sums shows, by column id; `label` stands at the very left.

    `values` sort the groups among one another, `tooltips` say more than a cell has room for.
    """

    label: str
    cells: Mapping[str, Cell] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    tooltips: Mapping[str, str] = field(default_factory=dict)

    def cell(self, column_id: str) -> Cell:
        """What is painted in one column."""
        return self.cells.get(column_id, _EMPTY)


@dataclass(frozen=True)
class Grouping(Generic[Row]):
    """How rows are put together. `lines` tells of one group: its header first, then sums.

    `of` answers the group of a row. Groups stand by the label of their headers.
    """

    id: str
    of: Callable[[Row], Hashable]
    lines: Callable[[Sequence[Row]], Sequence[GroupLine]]


class GroupState(Generic[Row]):
    """The groups there are now, under one Grouping. Belongs to a RowModel. GUI thread."""

    def __init__(self, grouping: Grouping[Row]) -> None:
        self.grouping = grouping
        self.folded: set[Hashable] = set()
        self.lines: dict[GroupKey, GroupLine] = {}
        self._order: list[Hashable] = []

    def is_folded(self, row: Row) -> bool:
        """Whether the row is folded away under its header."""
        return bool(self.folded) and self.grouping.of(row) in self.folded

    def gather(self, rows: Iterable[Row]) -> tuple[set[GroupKey], set[GroupKey], set[GroupKey]]:
        """Work out every line anew: which keys are new, which are gone, which look different."""
        members: dict[Hashable, list[Row]] = defaultdict(list)
        for row in rows:
            members[self.grouping.of(row)].append(row)
        before, self.lines = self.lines, {}
        for group, own in members.items():
            for part, line in enumerate(self.grouping.lines(own)):
                self.lines[GroupKey(group, part)] = line
        self._order = sorted(members, key=lambda g: self.lines[GroupKey(g)].label.casefold())
        changed = {k for k, line in self.lines.items() if k in before and before[k] != line}
        return self.lines.keys() - before.keys(), before.keys() - self.lines.keys(), changed

    def in_order(
        self,
        keys: Sequence[Hashable],
        rows: Mapping[Hashable, Row],
        sorted_by: tuple[str, bool] | None,
    ) -> list[Hashable]:
        """Sorted row keys put under their headers; groups are sorted by the same column."""
        members: dict[Hashable, list[Hashable]] = defaultdict(list)
        for key in keys:
            members[self.grouping.of(rows[key])].append(key)
        parts: dict[Hashable, list[Hashable]] = defaultdict(list)
        for key in self.lines:
            parts[key.group].append(key)
        known = self._groups(sorted_by)
        # A group that has just begun has no header yet; its rows must not get lost meanwhile.
        begun = [group for group in members if GroupKey(group) not in self.lines]
        shown: list[Hashable] = []
        for group in [*known, *begun]:
            shown += parts[group] + members.get(group, [])
        return shown

    def _groups(self, sorted_by: tuple[str, bool] | None) -> list[Hashable]:
        if sorted_by is None:
            return self._order
        column_id, descending = sorted_by

        def value(group: Hashable) -> Any:
            return self.lines[GroupKey(group)].values.get(column_id)

        return arranged(self._order, value, descending=descending)

"""Rows under headers: what stands where, what is folded, and what a search hides."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.ui import format as fmt
from app.ui.models.columns import Column, Kind
from app.ui.models.grouping import Grouping, GroupKey, GroupLine
from app.ui.models.table import RowModel


@dataclass(frozen=True)
class Line:
    name: str
    team: str
    amount: Decimal


COLUMNS = (
    Column[Line]("name", "Name", lambda r: r.name, lambda r: r.name),
    Column[Line]("amount", "Amount", lambda r: r.amount, lambda r: fmt.money(r.amount),
                 Kind.NUMBER),
)  # fmt: skip


def _lines(rows: Sequence[Line]) -> Sequence[GroupLine]:
    total = sum((row.amount for row in rows), Decimal(0))
    header = GroupLine(
        f"{rows[0].team} ({len(rows)})",
        {"amount": (fmt.money(total), None, None)},
        {"amount": total},
        {"amount": "summed up"},
    )
    return [header, GroupLine("per unit")] if rows[0].team == "two" else [header]


BY_TEAM = Grouping[Line]("team", lambda row: row.team, _lines)


@pytest.fixture
def model(qtbot: QtBot) -> RowModel[Line]:
    model = RowModel(COLUMNS)
    for name, team, amount in (("a", "two", 5), ("b", "one", 1), ("c", "two", 3), ("d", "one", 9)):
        model.upsert(name, Line(name, team, Decimal(amount)))
    model.flush()
    model.set_grouping(BY_TEAM)
    return model


def _shown(model: RowModel[Line]) -> list[str]:
    shown = []
    for at in range(model.rowCount()):
        key = model.group_at(at)
        shown.append(model.row_at(at).name if key is None else model.group_line(key).label)
    return shown


def test_headers_stand_over_their_rows_and_sum_them(model: RowModel[Line]) -> None:
    assert _shown(model) == ["one (2)", "b", "d", "two (2)", "per unit", "a", "c"]
    assert model.index(0, 1).data() == "10.00"
    assert model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == "summed up"
    assert model.index(4, 1).data(Qt.ItemDataRole.AccessibleTextRole) == "per unit"
    assert model.find_row(0) is None
    assert model.groups() == ["two", "one"]


def test_rows_and_groups_are_sorted_by_the_same_column(model: RowModel[Line]) -> None:
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert _shown(model) == ["one (2)", "d", "b", "two (2)", "per unit", "a", "c"]
    model.sort(1, Qt.SortOrder.AscendingOrder)
    assert _shown(model) == ["two (2)", "per unit", "c", "a", "one (2)", "b", "d"]


def test_a_new_row_takes_its_place_and_a_new_group_gets_its_header(model: RowModel[Line]) -> None:
    model.upsert("e", Line("e", "three", Decimal(2)))
    model.upsert("f", Line("f", "one", Decimal(2)))
    model.flush()
    assert _shown(model) == [
        "one (3)", "b", "d", "f", "three (1)", "e", "two (2)", "per unit", "a", "c",
    ]  # fmt: skip
    assert model.index(0, 1).data() == "12.00"


def test_a_header_leaves_with_its_last_row(model: RowModel[Line]) -> None:
    model.remove("a")
    model.remove("c")
    model.flush()
    assert _shown(model) == ["one (2)", "b", "d"]
    model.clear()
    assert model.rowCount() == 0


def test_sums_follow_their_rows(qtbot: QtBot, model: RowModel[Line]) -> None:
    model.upsert("b", Line("b", "one", Decimal(100)))
    model.flush()
    qtbot.waitUntil(lambda: model.index(0, 1).data() == "109.00")


def test_what_is_folded_is_away_but_summed_and_chosen(model: RowModel[Line]) -> None:
    model.fold("two", True)
    assert _shown(model) == ["one (2)", "b", "d", "two (2)", "per unit"]
    assert model.index(3, 1).data() == "8.00"
    assert [row.name for row in model.chosen_rows()] == ["b", "d", "a", "c"]
    model.upsert("g", Line("g", "two", Decimal(1)))
    model.flush()
    assert _shown(model)[3:] == ["two (3)", "per unit"]
    model.fold("two", False)
    assert _shown(model)[3:] == ["two (3)", "per unit", "a", "c", "g"]
    model.set_grouping(BY_TEAM, ["one"])
    assert _shown(model)[:2] == ["one (2)", "two (3)"]
    assert model.folded() == {"one"}


def test_groups_end(model: RowModel[Line]) -> None:
    model.fold("two", True)
    model.set_grouping(None)
    assert _shown(model) == ["a", "b", "c", "d"]
    assert (model.grouping, model.folded(), model.groups()) == (None, set(), [])


def test_a_search_hides_rows_and_tells_which(model: RowModel[Line]) -> None:
    model.set_filter(lambda row: row.name != "d")
    model.set_search(lambda row: row.amount > 2)
    assert _shown(model) == ["two (2)", "per unit", "a", "c"]
    assert [row.name for row in model.hidden()] == ["b"]
    model.upsert("b", Line("b", "one", Decimal(3)))
    model.upsert("h", Line("h", "one", Decimal(1)))
    model.flush()
    assert [row.name for row in model.hidden()] == ["h"]
    assert _shown(model) == ["one (1)", "b", "two (2)", "per unit", "a", "c"]
    model.remove("h")
    model.flush()
    assert model.hidden() == []
    model.set_search(None)
    assert model.hidden() == []


def test_a_line_of_a_group_that_is_leaving_is_empty(model: RowModel[Line]) -> None:
    assert model.group_line(GroupKey("nobody")).label == ""
    model.set_grouping(None)
    assert model.group_line(GroupKey("one")).label == ""


_DEEDS: tuple[Callable[[RowModel[Line], str, str, float], object], ...] = (
    lambda model, name, team, luck: model.upsert(name, Line(name, team, Decimal(int(luck * 9)))),
    lambda model, name, team, luck: model.remove(name),
    lambda model, name, team, luck: model.fold(team, luck < 0.5),
    lambda model, name, team, luck: model.sort(int(luck * 3) - 1),
    lambda model, name, team, luck: model.set_search(None if luck < 0.5 else _is_large),
    lambda model, name, team, luck: model.set_filter(None if luck < 0.5 else _is_early),
    lambda model, name, team, luck: model.set_grouping(None if luck < 0.2 else BY_TEAM),
)


def _is_large(row: Line) -> bool:
    return row.amount > 4


def _is_early(row: Line) -> bool:
    return row.name < "e"


def test_the_model_keeps_qts_rules_whatever_happens(qtbot: QtBot) -> None:
    """A random walk under Qt's own checker; at every step rows stand under their headers."""
    model = RowModel(COLUMNS)
    checker = QAbstractItemModelTester(
        model, QAbstractItemModelTester.FailureReportingMode.Fatal, model
    )
    model.set_grouping(BY_TEAM)
    chance = random.Random(7)
    for _ in range(400):
        name, team = chance.choice("abcdefgh"), chance.choice(("one", "two", "three"))
        chance.choices(_DEEDS, (8, 3, 2, 1, 1, 1, 1))[0](model, name, team, chance.random())
        model.flush()
        if model.grouping is not None:
            _check_headers(model)
    assert checker.model() is model


def _check_headers(model: RowModel[Line]) -> None:
    group: Hashable = None
    for at in range(model.rowCount()):
        key = model.group_at(at)
        if key is not None:
            group = key.group
        else:
            assert model.row_at(at).team == group
    assert set(model.groups()) == {row.team for row in model.chosen_rows()}

"""The table model: what it shows is always its rows, sorted and filtered, whatever happened."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.ui import format as fmt
from app.ui.models.columns import Column, Kind, arranged
from app.ui.models.table import RowModel

ASCENDING, DESCENDING = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


@dataclass(frozen=True)
class Line:
    name: str
    amount: Decimal | float | None = None


COLUMNS = (
    Column[Line]("name", "Name", lambda r: r.name, lambda r: r.name),
    Column[Line](
        "amount", "Amount", lambda r: r.amount, lambda r: fmt.number(r.amount), Kind.NUMBER
    ),
)


def _model(**options: Any) -> RowModel[Line]:
    return RowModel(COLUMNS, **options)


def _names(model: RowModel[Line]) -> list[str]:
    return [model.index(at, 0).data() for at in range(model.rowCount())]


def _fill(model: RowModel[Line], **amounts: Any) -> None:
    for name, amount in amounts.items():
        model.upsert(name, Line(name, amount))
    model.flush()


def test_numbers_sort_as_numbers_and_not_known_is_last_both_ways() -> None:
    model = _model()
    _fill(model, a=9, b=None, c=-5, d=10.5, e=Decimal(3), f=float("nan"))
    model.sort(1, ASCENDING)
    assert _names(model) == ["c", "e", "a", "d", "b", "f"]
    model.sort(1, DESCENDING)
    assert _names(model) == ["d", "a", "e", "c", "b", "f"]
    assert model.sorted_by == ("amount", True)
    model.sort(-1)
    assert _names(model) == ["a", "b", "c", "d", "e", "f"]
    assert model.sorted_by is None


def test_text_sorts_without_case_and_equals_keep_their_order() -> None:
    rows = [Line("b", 1), Line("A", 1), Line("", 1), Line("a", 2)]
    assert [r.name for r in arranged(rows, lambda r: r.name, descending=False)] == [
        "A",
        "a",
        "b",
        "",
    ]
    assert [r.name for r in arranged(rows, lambda r: r.amount, descending=True)] == [
        "a",
        "b",
        "A",
        "",
    ]


def test_changes_wait_for_one_frame_and_the_newest_wins(qtbot: QtBot) -> None:
    model = _model()
    changes: list[tuple[int, int]] = []
    inserts: list[int] = []
    model.dataChanged.connect(lambda a, b, _roles: changes.append((a.row(), b.row())))
    model.rowsInserted.connect(lambda _p, first, last: inserts.append(last - first + 1))
    for amount in range(1000):
        model.upsert("a", Line("a", amount))
        model.upsert("b", Line("b", amount))
    assert model.rowCount() == 0
    newest = model.get("a")
    assert newest is not None
    assert newest.amount == 999
    with qtbot.waitSignal(model.flushed, timeout=30_000):
        pass
    assert (_names(model), inserts, changes) == (["a", "b"], [2], [])
    model.upsert("b", Line("b", -1))
    model.flush()
    assert changes == [(1, 1)]
    assert model.index(1, 1).data() == "−1"


def test_only_rows_on_screen_are_announced() -> None:
    model = _model()
    _fill(model, **{f"r{n:03}": n for n in range(100)})
    changes: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda a, b, _roles: changes.append((a.row(), b.row())))
    model.visible_rows = lambda: (10, 19)
    for number in (3, 10, 11, 12, 15, 19, 20, 99):
        model.upsert(f"r{number:03}", Line(f"r{number:03}", 0))
    model.flush()
    assert changes == [(10, 12), (15, 15), (19, 19)]
    model.touch()
    assert changes[-1] == (10, 19)
    assert model.index(99, 1).data() == "0"


def test_a_change_of_the_sorted_value_moves_the_row_but_not_under_a_pressed_button(
    qtbot: QtBot,
) -> None:
    model = _model(resort_ms=20)
    _fill(model, a=1, b=2, c=3)
    model.sort(1, ASCENDING)
    model.hold(True)
    _fill(model, a=9)
    qtbot.wait(60)
    assert _names(model) == ["a", "b", "c"]
    model.hold(False)
    qtbot.waitUntil(lambda: _names(model) == ["b", "c", "a"], timeout=30_000)


def test_the_selection_follows_its_rows_through_sorting_and_arrivals() -> None:
    model = _model()
    _fill(model, a=3, b=1, c=2)
    kept = QPersistentModelIndex(model.index(0, 0))
    model.sort(1, ASCENDING)
    assert kept.row() == 2
    _fill(model, d=0, e=2.5)
    assert (kept.data(), kept.row()) == ("a", 4)
    model.remove("b")
    model.flush()
    assert kept.data() == "a"
    model.remove("a")
    model.flush()
    assert not kept.isValid()


def test_a_filter_hides_without_forgetting() -> None:
    model = _model()
    _fill(model, a=1, b=2, c=3, d=4)
    model.set_filter(lambda row: row.amount is not None and row.amount % 2 == 0)
    assert _names(model) == ["b", "d"]
    assert len(model) == 4
    _fill(model, b=5, c=6)
    assert _names(model) == ["c", "d"]
    model.set_filter(None)
    assert _names(model) == ["a", "b", "c", "d"]


def test_a_bounded_model_lets_the_oldest_go() -> None:
    model = _model(capacity=3)
    _fill(model, **{f"r{n}": n for n in range(10)})
    assert _names(model) == ["r7", "r8", "r9"]
    _fill(model, r7=0, r10=10)
    assert _names(model) == ["r8", "r9", "r10"]
    assert len(model) == 3


def test_natural_order_holds_until_a_column_is_chosen() -> None:
    model = _model(natural=lambda row: -(row.amount or 0))
    _fill(model, a=1, b=3, c=2)
    assert _names(model) == ["b", "c", "a"]
    model.sort(0, ASCENDING)
    assert _names(model) == ["a", "b", "c"]
    model.sort(-1)
    assert _names(model) == ["b", "c", "a"]


def test_replace_all_and_clear_drop_what_was_still_waiting() -> None:
    model = _model()
    _fill(model, a=1, b=2)
    model.upsert("late", Line("late", 0))
    model.replace_all({"b": Line("b", 5), "c": Line("c", 6)})
    assert _names(model) == ["b", "c"]
    assert (model.get("b"), model.get("late")) == (Line("b", 5), None)
    model.clear()
    assert (model.rowCount(), len(model)) == (0, 0)


def test_roles_and_headers() -> None:
    model = _model()
    _fill(model, a=-1)
    cell = model.index(0, 1)
    assert cell.data(Qt.ItemDataRole.AccessibleTextRole) == "Amount: −1"
    assert cell.data(Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight
    assert cell.data(Qt.ItemDataRole.ToolTipRole) is None
    assert model.headerData(1, Qt.Orientation.Horizontal) == "Amount"
    assert model.headerData(0, Qt.Orientation.Vertical) is None
    assert model.data(QModelIndex()) is None
    with pytest.raises(KeyError):
        model.column_index("nothing")


def test_a_removal_in_many_places_is_one_reset() -> None:
    model = _model()
    _fill(model, **{f"r{n:03}": n for n in range(400)})
    resets: list[None] = []
    model.modelReset.connect(lambda: resets.append(None))
    model.set_filter(lambda row: int(row.name[1:]) % 2 == 0)
    assert (model.rowCount(), len(resets)) == (200, 1)


keys = st.integers(0, 12)
amounts = st.one_of(st.none(), st.integers(-5, 5), st.just(float("nan")))
steps = st.one_of(
    st.tuples(st.just("upsert"), keys, amounts),
    st.tuples(st.just("remove"), keys),
    st.tuples(st.just("flush")),
    st.tuples(st.just("sort"), st.integers(-1, 1), st.booleans()),
    st.tuples(st.just("filter"), st.sampled_from([None, 0, 2])),
    st.tuples(st.just("replace"), st.dictionaries(keys, amounts, max_size=5)),
)


@given(st.lists(steps, max_size=40), st.booleans())
@settings(max_examples=150)
def test_any_history_leaves_exactly_the_rows_in_order(
    history: list[tuple[Any, ...]], has_natural: bool
) -> None:
    model = _model(natural=(lambda r: r.name) if has_natural else None)
    # Qt's own checker of everything a model announces.
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    wanted: dict[Hashable, Line] = {}
    least: int | None = None
    watched: dict[Hashable, QPersistentModelIndex] = {}
    for step in history:
        match step:
            case ("upsert", key, amount):
                model.upsert(key, Line(str(key), amount))
                wanted[key] = Line(str(key), amount)
            case ("remove", key):
                model.remove(key)
                wanted.pop(key, None)
            case ("flush",):
                model.flush()
            case ("sort", column, descending):
                model.sort(column, DESCENDING if descending else ASCENDING)
            case ("filter", limit):
                least = limit
                model.set_filter(_at_least(limit))
            case ("replace", rows):
                wanted = {key: Line(str(key), amount) for key, amount in rows.items()}
                model.replace_all(wanted)
        watched |= {
            model.key_at(at): QPersistentModelIndex(model.index(at, 0))
            for at in range(model.rowCount())
            if model.key_at(at) not in watched or not watched[model.key_at(at)].isValid()
        }
    model.flush()
    model.sort(*_sorting(model))
    shown = [model.row_at(at) for at in range(model.rowCount())]
    expected = [row for row in wanted.values() if least is None or int(row.name) >= least]
    assert sorted(map(repr, shown)) == sorted(map(repr, expected))
    assert all(model.position_of(model.key_at(at)) == at for at in range(len(shown)))
    for key, index in watched.items():
        if index.isValid():
            assert model.key_at(index.row()) == key
    if model.sorted_by == ("amount", False):
        known = [float(r.amount) for r in shown if r.amount is not None and r.amount == r.amount]
        assert known == sorted(known)
        assert not any(fmt.is_known(r.amount) for r in shown[len(known) :])
    tester.deleteLater()


def _at_least(limit: int | None) -> Callable[[Line], bool] | None:
    return None if limit is None else lambda row: int(row.name) >= limit


def _sorting(model: RowModel[Line]) -> tuple[int, Qt.SortOrder]:
    if model.sorted_by is None:
        return -1, ASCENDING
    name, descending = model.sorted_by
    return model.column_index(name), DESCENDING if descending else ASCENDING


def test_five_thousand_rows_sort_without_a_noticeable_pause() -> None:
    model = _model()
    chance = random.Random(7)
    _fill(model, **{f"r{n}": chance.random() for n in range(5000)})
    started = time.process_time()
    model.sort(1, ASCENDING)
    model.sort(0, DESCENDING)
    assert time.process_time() - started < 0.5
    row = model.row_at(0)
    assert replace(row, amount=None) == Line("r999")

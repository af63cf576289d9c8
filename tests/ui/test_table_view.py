"""The table widget under mouse and keyboard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent, QFocusEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from app.ui import format as fmt
from app.ui import theme
from app.ui.models.columns import Column, Kind, Tint
from app.ui.models.table import RowModel
from app.ui.widgets.table_view import TableView

LEFT = Qt.MouseButton.LeftButton


@dataclass(frozen=True)
class Line:
    name: str
    amount: Decimal | None
    action: str = "Cancel"


COLUMNS = (
    Column[Line](
        "name",
        "Name",
        lambda r: r.name,
        lambda r: r.name,
        sample="WWWWWW",
        tooltip=lambda r: f"all about {r.name}" if r.name == "a" else "",
        required=True,
    ),
    Column[Line](
        "amount",
        "Amount",
        lambda r: r.amount,
        lambda r: fmt.money(r.amount, "USD"),
        Kind.NUMBER,
        sample="1 000.00 USD",
        color=lambda r: fmt.direction(r.amount),
        tint=lambda r: Tint("alarm") if r.amount is None else None,
    ),
    Column[Line](
        "action", "Do", lambda r: r.action, lambda r: r.action, Kind.ACTION, sample="Cancel"
    ),
    Column[Line]("more", "More", lambda r: "x", lambda r: "x", hidden=True),
)


@pytest.fixture
def table(qtbot: QtBot, qapp: QApplication) -> TableView:
    theme.apply(qapp, "dark")
    model = RowModel(COLUMNS)
    view = TableView(model, name="Lines", empty_text="Nothing here: add a line above")
    model.setParent(view)
    qtbot.addWidget(view)
    view.resize(420, 240)
    view.show()
    _put(view, a="9", b=None, c="-1234.5", d="10")
    return view


def _put(view: TableView, **amounts: str | None) -> None:
    for name, amount in amounts.items():
        view.rows.upsert(name, Line(name, None if amount is None else Decimal(amount)))
    view.rows.flush()


def _names(view: TableView) -> list[str]:
    return [view.rows.row_at(at).name for at in range(view.rows.rowCount())]


def _at(view: TableView, key: str, column: str) -> QPoint:
    position = view.rows.position_of(key)
    assert position is not None
    return view.visualRect(view.rows.index(position, view.rows.column_index(column))).center()


def _double_click(qtbot: QtBot, view: TableView, at: QPoint) -> None:
    """What a mouse sends: a click, then a double-click in the place of the second press."""
    qtbot.mouseClick(view.viewport(), LEFT, pos=at)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=at)
    qtbot.mouseRelease(view.viewport(), LEFT, pos=at)


def _click_header(qtbot: QtBot, view: TableView, column: int) -> None:
    header = view.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(column) + 12, header.height() // 2)
    qtbot.mouseClick(header.viewport(), LEFT, pos=at)


def test_header_clicks_sort_up_down_and_back(qtbot: QtBot, table: TableView) -> None:
    orders = []
    for _ in range(3):
        _click_header(qtbot, table, 1)
        orders.append(_names(table))
    assert orders == [["c", "a", "d", "b"], ["d", "a", "c", "b"], ["a", "b", "c", "d"]]


def test_copy_gives_plain_numbers_and_nothing_for_not_known(qtbot: QtBot, table: TableView) -> None:
    table.selectAll()
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Name\tAmount\na\t9\nb\t\nc\t-1234.5\nd\t10"
    table.clearSelection()
    assert table.copied_text() == ""


def test_copy_follows_the_order_and_choice_of_columns(table: TableView) -> None:
    table.horizontalHeader().moveSection(1, 0)
    table.setColumnHidden(3, False)
    table.select_key("c")
    assert table.copied_text() == "Amount\tName\tMore\n-1234.5\tc\tx"


def test_keys_choose_activate_and_delete(qtbot: QtBot, table: TableView) -> None:
    chosen: list[str] = []
    activated: list[str] = []
    deleted: list[list[str]] = []
    table.row_chosen.connect(lambda row: chosen.append(row.name))
    table.row_activated.connect(lambda row: activated.append(row.name))
    table.delete_pressed.connect(lambda rows: deleted.append([row.name for row in rows]))
    table.select_key("a")
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    assert (chosen, activated, deleted) == (["b", "c"], ["c"], [["b", "c"]])


def test_the_first_arrow_takes_the_row_where_the_keyboard_stands(
    qtbot: QtBot, table: TableView
) -> None:
    chosen: list[str] = []
    table.row_chosen.connect(lambda row: chosen.append(row.name))
    table.rows.set_filter(lambda row: row.name == "c")
    table.setFocus()
    table.setCurrentIndex(table.rows.index(0, 0))
    table.clearSelection()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert [row.name for row in table.selected_rows()] == chosen == ["c"]


def test_a_program_that_selects_tells_nobody(table: TableView) -> None:
    chosen: list[Any] = []
    table.row_chosen.connect(chosen.append)
    table.select_key("c")
    table.rows.remove("c")
    table.rows.flush()
    table.select_key("nobody")
    assert chosen == []
    assert table.selected_rows() == []


def test_a_key_that_leads_into_the_table_chooses_a_row(table: TableView) -> None:
    told: list[Any] = []
    table.row_chosen.connect(told.append)

    def lead(reason: Qt.FocusReason) -> list[str]:
        QApplication.sendEvent(table, QFocusEvent(QEvent.Type.FocusIn, reason))
        return [row.name for row in table.selected_rows()]

    assert lead(Qt.FocusReason.ActiveWindowFocusReason) == []  # the window comes to the front
    assert lead(Qt.FocusReason.ShortcutFocusReason) == ["a"]
    table.select_key("c")
    assert lead(Qt.FocusReason.TabFocusReason) == ["c"]  # what is chosen stays
    table.clearSelection()
    assert lead(Qt.FocusReason.TabFocusReason) == ["c"]  # where the keyboard stands
    table.rows.replace_all({})
    assert lead(Qt.FocusReason.ShortcutFocusReason) == []
    assert told == []  # nobody moved to a row: what the desk shows stays


def test_a_cell_button_works_on_release_over_itself_only(qtbot: QtBot, table: TableView) -> None:
    done: list[tuple[str, str]] = []
    clicked: list[str] = []
    table.action_clicked.connect(lambda column, row: done.append((column, row.name)))
    table.cell_clicked.connect(lambda column, row: clicked.append(column))
    qtbot.mouseClick(table.viewport(), LEFT, pos=_at(table, "b", "action"))
    assert done == [("action", "b")]
    qtbot.mousePress(table.viewport(), LEFT, pos=_at(table, "b", "action"))
    qtbot.mouseRelease(table.viewport(), LEFT, pos=_at(table, "c", "action"))
    assert done == [("action", "b")]
    qtbot.mouseClick(table.viewport(), LEFT, pos=_at(table, "b", "amount"))
    assert (done, clicked) == ([("action", "b")], ["amount"])


def test_a_button_that_changes_its_words_while_pressed_does_nothing(
    qtbot: QtBot, table: TableView
) -> None:
    done: list[Any] = []
    table.action_clicked.connect(lambda column, row: done.append(row.name))
    qtbot.mousePress(table.viewport(), LEFT, pos=_at(table, "b", "action"))
    table.rows.upsert("b", Line("b", None, "Resolve"))
    table.rows.flush()
    qtbot.mouseRelease(table.viewport(), LEFT, pos=_at(table, "b", "action"))
    assert done == []


def test_a_row_that_slides_under_a_resting_pointer_is_not_hit(
    qtbot: QtBot, table: TableView
) -> None:
    done: list[str] = []
    misaimed: list[None] = []
    table.action_clicked.connect(lambda column, row: done.append(row.name))
    table.misaimed.connect(lambda: misaimed.append(None))
    target = _at(table, "b", "action")
    qtbot.mouseMove(table.viewport(), target - QPoint(2, 0))
    qtbot.mouseMove(table.viewport(), target)
    table.rows.remove("a")
    table.rows.flush()  # now c is where b was
    qtbot.mouseClick(table.viewport(), LEFT, pos=target)
    assert (done, misaimed) == ([], [None])
    qtbot.mouseClick(table.viewport(), LEFT, pos=target)
    assert done == ["c"]


def test_a_double_click_opens_and_on_a_button_does_not(qtbot: QtBot, table: TableView) -> None:
    activated: list[str] = []
    done: list[str] = []
    table.row_activated.connect(lambda row: activated.append(row.name))
    table.action_clicked.connect(lambda column, row: done.append(row.name))
    _double_click(qtbot, table, _at(table, "d", "amount"))
    assert (activated, done) == (["d"], [])
    _double_click(qtbot, table, _at(table, "d", "action"))
    assert (activated, done) == (["d"], ["d"])  # the button's own single click, and no second


def test_the_second_click_of_a_double_click_never_hits_the_next_row(
    qtbot: QtBot, table: TableView
) -> None:
    done: list[str] = []

    def take_out(_column: str, row: Line) -> None:
        done.append(row.name)
        table.rows.remove(row.name)
        table.rows.flush()

    table.action_clicked.connect(take_out)
    _double_click(qtbot, table, _at(table, "a", "action"))
    assert done == ["a"]
    assert _names(table) == ["b", "c", "d"]


def test_rows_stay_put_while_a_button_is_held_down(qtbot: QtBot, table: TableView) -> None:
    _click_header(qtbot, table, 1)
    qtbot.mousePress(table.viewport(), LEFT, pos=_at(table, "c", "name"))
    _put(table, c="99")
    qtbot.wait(30)
    assert _names(table) == ["c", "a", "d", "b"]
    qtbot.mouseRelease(table.viewport(), LEFT, pos=_at(table, "c", "name"))
    qtbot.waitUntil(lambda: _names(table) == ["a", "d", "c", "b"], timeout=30_000)


def test_the_selection_survives_a_reset(table: TableView) -> None:
    _put(table, **{f"r{n:03}": str(n) for n in range(200)})
    table.select_key("r150")
    table.rows.set_filter(lambda row: row.name.startswith("r") and int(row.name[1:]) % 2 == 0)
    assert [row.name for row in table.selected_rows()] == ["r150"]
    assert table.current_row() == table.rows.get("r150")


def test_columns_are_kept_by_name_and_damage_is_passed_over(table: TableView) -> None:
    table.horizontalHeader().moveSection(1, 0)
    table.setColumnWidth(1, 173)
    table.columns.restore_state({"columns": [{"id": "more", "hidden": False}]})
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    state = json.loads(json.dumps(table.save_state()))
    table.columns.reset()
    table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    assert table.isColumnHidden(3)
    table.restore_state(state)
    assert table.save_state() == state
    assert table.columnWidth(1) == 173
    assert not table.isColumnHidden(3)
    assert _names(table) == ["d", "a", "c", "b"]
    for damaged in (
        {"columns": "no"},
        {"columns": [3, {"id": "gone"}, {"id": ["name"]}, {"id": "name", "width": -5}]},
        {"sort": ["gone", True]},
        {"sort": 7},
    ):
        table.restore_state(damaged)
    assert not table.isColumnHidden(0)


def test_a_required_column_cannot_be_hidden(table: TableView) -> None:
    table.restore_state({"columns": [{"id": "name", "hidden": True}]})
    assert not table.isColumnHidden(0)
    menu = table.columns.menu()
    choices = {action.text(): action for action in menu.actions() if action.isCheckable()}
    assert not choices["Name"].isEnabled()
    choices["More"].setChecked(True)
    assert not table.isColumnHidden(3)
    menu.deleteLater()


def test_first_widths_show_title_and_sample(table: TableView) -> None:
    metrics = table.fontMetrics()
    for number, column in enumerate(COLUMNS[:3]):
        assert table.columnWidth(number) >= metrics.horizontalAdvance(column.sample) + 8


def test_the_menu_offers_the_rows_and_holds_them_still(qtbot: QtBot, table: TableView) -> None:
    offered: list[list[str]] = []

    def fill(menu: QMenu, rows: list[Line]) -> None:
        offered.append([row.name for row in rows])
        menu.addAction(QAction("Do it", menu))

    table.fill_menu = fill
    table.select_key("b")
    at = _at(table, "b", "name")
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Keyboard, at, table.viewport().mapToGlobal(at)
    )
    QApplication.sendEvent(table.viewport(), event)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)  # it may fade in
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert offered == [["b"]]
    assert [a.text() for a in menu.actions() if a.text()] == ["Do it", "Columns and Sorting"]
    menu.close()


def test_an_empty_table_says_what_to_do(table: TableView) -> None:
    table.rows.clear()
    empty = table.grab().toImage()
    table.set_empty_text("")
    blank = table.grab().toImage()
    assert empty != blank
    assert table.accessibleName() == "Lines"
    table.set_empty_text("Type a name")
    assert table.accessibleDescription() == "Type a name"


def test_cells_take_the_themes_colours(table: TableView, qapp: QApplication) -> None:
    assert _has_color(table.grab().toImage(), theme.color("down").rgb())
    theme.apply(qapp, "light")
    light = table.grab().toImage()
    assert _has_color(light, theme.color("panel").rgb())
    theme.apply(qapp, "dark")


def test_tooltips_tell_what_a_cell_cannot_show(table: TableView) -> None:
    delegate = table.itemDelegate()
    tip = delegate.tooltip  # type: ignore[attr-defined]  # the base class of delegates has none
    name, amount = table.rows.index(0, 0), table.rows.index(2, 1)
    assert tip(name, 200) == "all about a"
    assert tip(amount, 400) == ""
    assert tip(amount, 30) == fmt.money(Decimal("-1234.5"), "USD")


def test_only_what_is_seen_is_announced(qtbot: QtBot, table: TableView) -> None:
    _put(table, **{f"r{n:03}": str(n) for n in range(300)})
    changed: list[int] = []
    table.rows.dataChanged.connect(lambda a, b, _r: changed.append(b.row() - a.row() + 1))
    table.rows.touch()
    assert 5 < sum(changed) < 40
    changed.clear()
    table.hide()
    table.rows.touch()
    assert changed == []


def _has_color(image: QImage, rgb: int) -> bool:
    return any(
        image.pixel(x, y) == rgb for y in range(image.height()) for x in range(image.width())
    )


@pytest.mark.parametrize("side", ["right", "left"])
def test_no_figure_is_cut_by_the_edge_into_another_figure(table: TableView, side: str) -> None:
    def look(amount: str) -> QImage:
        _put(table, a=amount)
        QApplication.processEvents()
        return table.viewport().grab().toImage()

    first, second = "1234.56", "7899.01"
    assert look(first) != look(second)
    column = table.rows.column_index("amount")
    table.setHorizontalScrollMode(TableView.ScrollMode.ScrollPerPixel)
    table.setFixedWidth(table.columnViewportPosition(column) + table.columnWidth(column) - 20)
    if side == "left":
        table.horizontalScrollBar().setValue(table.columnViewportPosition(column) + 40)
        assert table.columnViewportPosition(column) == -40
    QApplication.processEvents()
    assert look(first) == look(second)

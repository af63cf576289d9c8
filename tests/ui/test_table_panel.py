"""What every table panel can do by keys and commands: filter, export, groups, menus, sorting."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from app.domain import order_events as ev
from app.domain.order import Order
from app.domain.order_types import OrderType
from app.ui.panels.executions import ExecutionsPanel
from app.ui.panels.log import LogPanel
from app.ui.panels.orders import OrdersPanel
from app.ui.panels.positions import PositionsPanel
from app.ui.panels.watchlist import WatchlistPanel
from tests.ui.table_desk import LEFT, NONE, TableDesk, begin, table_desk, texts

__all__ = ["begin", "table_desk"]  # fixtures
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def desk(table_desk: TableDesk) -> TableDesk:
    table_desk.start()
    return table_desk


def _resting(desk: TableDesk, symbol: str, quantity: int) -> Order:
    return desk.resting(desk.quoted(symbol), quantity=Decimal(quantity))


def _two_orders(desk: TableDesk) -> tuple[OrdersPanel, Order, Order]:
    panel = desk.panel(OrdersPanel)
    first, second = _resting(desk, "INDA", 10), _resting(desk, "6EH4", 1)
    desk.until(lambda: sorted(texts(panel, "status")) == ["Working", "Working"])
    desk.act(panel.focus_rows)
    return panel, first, second


# -- the filter ------------------------------------------------------------------------------------


def test_a_filter_hides_rows_but_never_that_orders_work(desk: TableDesk) -> None:
    panel, first, second = _two_orders(desk)
    assert panel.filter.isHidden()
    desk.act(lambda: desk.desk.run("table.focus_filter"))
    assert panel.filter.field.hasFocus()
    panel.filter.field.setText("inda buy")
    desk.until(lambda: texts(panel, "symbol") == ["INDA"])
    assert panel.filter.count.text() == "1 of 2 shown"
    assert panel.filter.hidden_words.text() == "⚠ 1 working order hidden"
    lost = ev.OrderUnresolved(
        client_order_id=second.client_order_id, at=desk.engine.clock.now(), reason="lost"
    )
    desk.record(lost)
    desk.until(lambda: panel.filter.hidden_words.text() == "⚠ 1 Unknown order hidden")
    panel.filter.field.setText("nothing such")
    words = "⚠ 1 working and 1 Unknown orders hidden"
    desk.until(lambda: panel.filter.hidden_words.text() == words)
    desk.do(desk.engine.orders.cancel(first.client_order_id))
    desk.until(lambda: "working" not in panel.filter.hidden_words.text())


def test_escape_shows_all_rows_again_and_gives_the_keyboard_back(desk: TableDesk) -> None:
    panel, *_ = _two_orders(desk)
    desk.act(panel.focus_filter)
    panel.filter.field.setText("nothing such")
    desk.until(lambda: texts(panel, "symbol") == [])
    assert "“nothing such”" in panel.table.empty_text
    desk.press(panel.filter.field, Qt.Key.Key_Return)
    assert panel.table.hasFocus()
    assert panel.filter.isVisible()
    desk.press(panel.table, Qt.Key.Key_Escape)
    assert len(texts(panel, "symbol")) == 2
    assert panel.filter.isHidden()
    assert "“" not in panel.table.empty_text
    desk.act(lambda: desk.desk.run("table.clear_filter"))
    assert desk.said()[-1] == "No filter is on in Orders"


def test_a_filter_is_not_kept(desk: TableDesk) -> None:
    panel, *_ = _two_orders(desk)
    desk.act(panel.focus_filter)
    panel.filter.field.setText("inda")
    desk.until(lambda: len(texts(panel, "symbol")) == 1)
    state = panel.save_state()
    assert "inda" not in str(state)
    panel.restore_state(state)
    assert len(texts(panel, "symbol")) == 2


def test_the_log_has_its_own_field_for_the_same_key(desk: TableDesk) -> None:
    panel = desk.panel(LogPanel)
    desk.act(panel.focus_rows)
    desk.act(lambda: desk.desk.run("table.focus_filter"))
    assert panel.text.hasFocus()
    panel.text.setText("nothing such")
    assert texts(panel, "text") == []
    desk.press(panel.text, Qt.Key.Key_Return)
    assert panel.table.hasFocus()
    desk.press(panel.table, Qt.Key.Key_Escape)
    assert texts(panel, "text") != []


# -- what is meant ---------------------------------------------------------------------------------


def test_commands_mean_the_table_with_the_keyboard(desk: TableDesk) -> None:
    assert desk.desk.shell.table() is None
    desk.act(lambda: desk.desk.run("table.copy_rows"))
    assert "no table is in use" in desk.said()[-1]
    orders, *_ = _two_orders(desk)
    positions = desk.panel(PositionsPanel)
    assert desk.desk.shell.table() is orders
    desk.act(positions.focus_rows)
    assert desk.desk.shell.table() is positions
    positions.hide()
    assert desk.desk.shell.table() is orders


# -- export ----------------------------------------------------------------------------------------


def test_what_a_table_shows_is_written_to_a_file(desk: TableDesk, tmp_path: Path) -> None:
    panel, first, _ = _two_orders(desk)
    desk.window.chosen_file = tmp_path / "orders.csv"
    panel.table.setColumnHidden(panel.model.column_index("type"), True)
    desk.act(panel.focus_filter)
    panel.filter.field.setText("inda")
    desk.until(lambda: texts(panel, "symbol") == ["INDA"])
    desk.act(lambda: desk.desk.run("file.export_table"))
    desk.until(lambda: "Exported" in (desk.said() or [""])[-1])
    assert desk.said()[-1] == (
        f"Exported 1 row of Orders to {tmp_path / 'orders.csv'};"
        " 1 that the filter hides are not in it"
    )
    with (tmp_path / "orders.csv").open(newline="") as stream:
        [row] = csv.DictReader(stream)
    assert row["Symbol"] == "INDA"
    assert row["Qty"] == "10"
    assert row["Limit"] == f"{first.limit_price}"
    assert row["Time"].endswith("Z")
    assert "Type" not in row
    assert desk.window.suggested[0].startswith("moorgate-orders-20")


def test_an_export_that_is_called_off_or_fails_says_the_truth(
    desk: TableDesk, tmp_path: Path
) -> None:
    _two_orders(desk)
    desk.act(lambda: desk.desk.run("file.export_table"))
    desk.until(lambda: desk.window.suggested)
    assert desk.said() == []
    desk.window.chosen_file = tmp_path / "nowhere" / "orders.csv"
    desk.act(lambda: desk.desk.run("file.export_table"))
    desk.until(lambda: "choose another place" in (desk.said() or [""])[-1])


# -- groups ----------------------------------------------------------------------------------------


def test_orders_stand_under_headers_that_are_folded_by_keys_and_kept(desk: TableDesk) -> None:
    panel, *_ = _two_orders(desk)
    desk.act(lambda: desk.desk.run("table.group_by_symbol"))
    assert panel.grouped_by == "symbol"
    headers = [panel.model.group_at(at) for at in (0, 2)]
    labels = [panel.model.group_line(key).label for key in headers if key is not None]
    assert labels == ["6EH4 PAPER · 1", "INDA PAPER · 1"]
    assert texts(panel, "status")[0] == "1 working"
    panel.table.setCurrentIndex(panel.model.index(1, 0))
    desk.press(panel.table, Qt.Key.Key_Left)
    assert panel.table.currentIndex().row() == 0
    assert panel.table.selected_rows() == []
    desk.press(panel.table, Qt.Key.Key_Left)
    assert panel.model.rowCount() == 3
    state = panel.save_state()
    assert state["folded"] == [["6EH4", "PAPER"]]
    desk.press(panel.table, Qt.Key.Key_Right)
    assert panel.model.rowCount() == 4
    desk.press(panel.table, Qt.Key.Key_Return)
    assert panel.model.rowCount() == 3
    other = desk.panel(OrdersPanel)
    other.restore_state(state)
    assert (other.grouped_by, other.model.rowCount()) == ("symbol", 3)
    desk.act(other.focus_rows)
    desk.act(lambda: desk.desk.run("table.open_groups"))
    assert other.model.rowCount() == 4
    desk.act(lambda: desk.desk.run("table.fold_groups"))
    assert other.model.rowCount() == 2
    desk.act(lambda: desk.desk.run("table.group_by_nothing"))
    assert texts(other, "symbol") != []
    assert other.save_state()["group_by"] == ""


def test_a_click_on_a_header_folds_it_and_cancels_nothing(desk: TableDesk) -> None:
    panel, *_ = _two_orders(desk)
    panel.group_by("account")
    at = panel.table.visualRect(panel.model.index(0, 0)).center()
    view = panel.table.viewport()
    desk.act(lambda: QTest.mouseClick(view, LEFT, NONE, QPoint(30, at.y())))
    assert panel.model.rowCount() == 1
    desk.act(lambda: QTest.mouseClick(view, LEFT, NONE, QPoint(30, at.y())))
    assert panel.model.rowCount() == 3
    assert all(o.status.is_open for o in desk.engine.orders.book)


def test_positions_are_summed_under_their_headers_and_below_the_table(desk: TableDesk) -> None:
    panel = desk.panel(PositionsPanel)
    for symbol in ("INDA", "6EH4"):
        sent = desk.order(desk.quoted(symbol), quantity=Decimal(1), stale_quote_ok=True)
        assert sent.reason == ""
    desk.until(lambda: texts(panel, "quantity") == ["+1", "+1"])
    panel.group_by("account")
    assert panel.model.rowCount() == 3
    desk.until(lambda: panel.totals.text().startswith("Total USD: Unrealized"))
    assert panel.totals.isVisible()
    assert panel.totals.height() == panel.totals.sizeHint().height()
    desk.until(lambda: f"Realized {texts(panel, 'realized')[0]}," in panel.totals.text())


def test_tables_without_groups_refuse_them_by_name(desk: TableDesk) -> None:
    panel = desk.panel(ExecutionsPanel)
    desk.act(panel.focus_rows)
    desk.act(lambda: desk.desk.run("table.group_by_symbol"))
    assert desk.said()[-1] == "Group by Symbol: the rows of Executions are not grouped"


# -- keys ------------------------------------------------------------------------------------------


def test_rows_are_sorted_by_keys(desk: TableDesk) -> None:
    panel, *_ = _two_orders(desk)
    natural = texts(panel, "quantity")
    desk.press(panel.table, Qt.Key.Key_Right, ALT)
    desk.press(panel.table, Qt.Key.Key_Right, ALT)
    assert panel.model.sorted_by == ("side", False)
    desk.press(panel.table, Qt.Key.Key_Left, ALT)
    assert panel.model.sorted_by == ("symbol", False)
    assert texts(panel, "symbol") == ["6EH4", "INDA"]
    desk.press(panel.table, Qt.Key.Key_Down, ALT)
    assert texts(panel, "symbol") == ["INDA", "6EH4"]
    desk.press(panel.table, Qt.Key.Key_Up, ALT)
    assert texts(panel, "symbol") == ["6EH4", "INDA"]
    desk.press(panel.table, Qt.Key.Key_Left, ALT)
    assert texts(panel, "quantity") == natural
    desk.act(lambda: desk.desk.run("table.sort_previous_column"))
    assert texts(panel, "quantity") == natural
    desk.act(lambda: desk.desk.run("table.sort_descending"))
    assert panel.save_state()["table"]["sort"] == ["symbol", True]
    desk.act(lambda: desk.desk.run("table.sort_ascending"))
    desk.act(lambda: desk.desk.run("table.sort_next_column"))
    assert panel.model.sorted_by == ("side", False)


def test_the_menus_open_by_keys(desk: TableDesk) -> None:
    panel, *_ = _two_orders(desk)
    panel.table.setCurrentIndex(panel.model.index(0, 0))
    panel.table.clearSelection()
    seen: list[list[str]] = []

    def noted() -> bool:
        """Menus may fade in, so that they are there only after a moment."""
        popup = QApplication.activePopupWidget()
        if isinstance(popup, QMenu):
            seen.append([a.text().split("\t")[0] for a in popup.actions() if a.text()])
            popup.close()
        return isinstance(popup, QMenu)

    shift, down = Qt.KeyboardModifier.ShiftModifier, QKeyEvent.Type.KeyPress
    for open_menu in (
        lambda: QApplication.sendEvent(panel.table, QKeyEvent(down, Qt.Key.Key_Menu, NONE)),
        lambda: QApplication.sendEvent(panel.table, QKeyEvent(down, Qt.Key.Key_F10, shift)),
        lambda: desk.desk.run("table.show_menu"),
        lambda: desk.desk.run("table.show_columns_menu"),
    ):
        desk.act(open_menu)
        desk.until(noted)
    assert [words[0] for words in seen[:3]] == ["Order Detail"] * 3
    assert len(panel.table.selected_rows()) == 1  # the row of the keyboard was meant
    assert "Sort by" in seen[3]


def test_home_and_end_with_shift_select_to_the_first_and_last_row(desk: TableDesk) -> None:
    panel, *_ = _two_orders(desk)
    panel.table.select_key(panel.model.key_at(0))
    desk.press(panel.table, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert len(panel.table.selected_rows()) == 2
    desk.press(panel.table, Qt.Key.Key_Home)
    assert [row.order for row in panel.table.selected_rows()] == [panel.model.row_at(0).order]
    desk.act(lambda: desk.desk.run("table.select_all"))
    assert len(panel.table.selected_rows()) == 2
    desk.act(lambda: desk.desk.run("table.copy_rows"))
    assert desk.said()[-1] == "Copied 2 rows"


def test_a_row_becomes_what_the_desk_shows(desk: TableDesk) -> None:
    panel, first, _ = _two_orders(desk)
    panel.table.select_key(first.client_order_id)
    desk.act(lambda: desk.desk.run("table.show_instrument"))
    assert desk.desk.selection.instrument == first.request.instrument
    panel.table.selectAll()
    desk.act(lambda: desk.desk.run("table.show_instrument"))
    assert "select one row first" in desk.said()[-1]


def test_symbols_are_removed_by_the_command_too(desk: TableDesk) -> None:
    panels: list[WatchlistPanel] = []
    desk.act(lambda: panels.append(desk.panel(WatchlistPanel, 700, 300)))
    [panel] = panels
    desk.until(lambda: panel.model.rowCount() >= 3)
    desk.act(panel.focus_rows)
    panel.table.clearSelection()
    desk.act(lambda: desk.desk.run("table.remove_rows"))
    assert "select symbols in the watchlist first" in desk.said()[-1]
    count = panel.model.rowCount()
    panel.table.select_key(panel.model.key_at(0))
    desk.act(lambda: desk.desk.run("table.remove_rows"))
    desk.until(lambda: panel.model.rowCount() == count - 1)


def test_a_trailing_offset_is_never_a_price_in_a_file(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    desk.order(
        desk.quoted("INDA"), order_type=OrderType.TRAILING_STOP, trail_percent=Decimal("1.5")
    )
    desk.until(lambda: panel.model.rowCount() == 1)
    sheet = panel.sheet()
    lines = list(sheet.lines())
    assert lines[1][lines[0].index("Stop")] == "trail 1.5 %"

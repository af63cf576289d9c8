"""The Journal panel on the real engine: days, fills, notes, sums, curve and files."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from app.analytics.equity import Curve
from app.commands.journal_filters import Period
from app.domain.events import ExecutionBooked
from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.notes import Note
from app.domain.order_types import Side
from app.ui import theme
from app.ui.journal.columns import subject_of
from app.ui.panels.journal import JournalPanel
from tests.doubles.clock import START
from tests.doubles.orders import fill
from tests.ui.table_desk import PAPER, TableDesk, begin, table_desk

__all__ = ["begin", "table_desk"]  # fixtures
D = Decimal
SPY = Instrument("SPY", AssetClass.ETF, "USD", session="us-equity")
DAX = Instrument("DAX", AssetClass.ETF, "EUR")
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def desk(table_desk: TableDesk) -> TableDesk:
    table_desk.start(connect=False)
    return table_desk


class Books:
    """Fills as the engine announces them."""

    def __init__(self, desk: TableDesk) -> None:
        self.desk, self.count = desk, 0

    def trade(
        self, units: int | str, price: int | str, *, days: float = 0, **changes: Any
    ) -> Execution:
        """A fill, sold where negative, `days` after a Tuesday at 14:30 UTC."""
        self.count += 1
        quantity = D(units)
        terms: dict[str, Any] = {
            "connection_id": PAPER,
            "account_id": AccountId("A1"),
            "instrument": SPY,
            "side": Side.BUY if quantity > 0 else Side.SELL,
            "price": D(price),
            "at": START + timedelta(days=days, seconds=self.count),
            "fee": D(1),
            **changes,
        }
        execution = fill(str(abs(quantity)), f"e{self.count:03}", **terms)
        self.desk.act(lambda: self.desk.engine.bus.publish(ExecutionBooked(execution)))
        return execution


@pytest.fixture
def books(desk: TableDesk) -> Books:
    return Books(desk)


def shown(panel: JournalPanel, *columns: str) -> list[tuple[str, ...]]:
    """Cells of every line, from the top."""
    numbers = [panel.model.column_index(name) for name in columns]
    return [
        tuple(panel.model.index(row, n).data().strip() for n in numbers)
        for row in range(panel.model.rowCount())
    ]


def whens(panel: JournalPanel) -> list[str]:
    return [when for (when,) in shown(panel, "when")]


def opened(desk: TableDesk, lines: int) -> JournalPanel:
    """The panel with so and so many lines."""
    panel = desk.panel(JournalPanel)
    desk.until(lambda: panel.view is not None and panel.model.rowCount() == lines)
    return panel


def editor(panel: JournalPanel) -> QLineEdit:
    found = panel.table.viewport().findChildren(QLineEdit)
    assert len(found) == 1
    return found[0]


def write(desk: TableDesk, panel: JournalPanel, text: str) -> None:
    """Type into the open editor and press Enter."""
    field = editor(panel)
    field.selectAll()
    desk.act(lambda: QTest.keyClicks(field, text) if text else field.clear())
    desk.press(field, Qt.Key.Key_Return)
    desk.until(lambda: not panel.table.is_editing)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def press(desk: TableDesk, panel: JournalPanel, *keys: Qt.Key) -> None:
    for key in keys:
        desk.press(panel.table, key)


def test_without_fills_it_says_what_to_do(desk: TableDesk) -> None:
    panel = opened(desk, 0)
    assert panel.table.empty_text.startswith("No fills yet. Connect an account")
    assert panel.table.accessibleDescription() == panel.table.empty_text
    assert panel.strip.text == ""
    assert panel.plot.readout.text() == "The curve begins with the first fill."
    press(desk, panel, Qt.Key.Key_F2, Qt.Key.Key_Right, Qt.Key.Key_Space)  # nothing to edit


def test_days_come_newest_first_and_open_to_their_fills(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    books.trade(-100, "10.50")
    books.trade(10, 20, days=1)
    books.trade(-10, 19, days=1)
    panel = opened(desk, 2)
    assert shown(panel, "when", "fills", "bought", "sold", "realized", "fees", "net", "trips") == [
        ("▸ Wed 2024-03-13", "2", "10", "10", "−10.00", "2.00", "−12.00", "0 / 1"),
        ("▸ Tue 2024-03-12", "2", "100", "100", "+50.00", "2.00", "+48.00", "1 / 0"),
    ]
    press(desk, panel, Qt.Key.Key_Down, Qt.Key.Key_Right)
    assert shown(panel, "when", "side", "bought", "sold", "price", "realized", "net")[1:] == [
        ("▾ Tue 2024-03-12", "", "100", "100", "", "+50.00", "+48.00"),
        ("14:30:02", "Sell", "", "100", "10.50", "+50.00", "+49.00"),
        ("14:30:01", "Buy", "100", "", "10.00", "", "−1.00"),
    ]
    press(desk, panel, Qt.Key.Key_Down, Qt.Key.Key_Left)  # to the day, then shut
    assert panel.table.currentIndex().row() == 1
    press(desk, panel, Qt.Key.Key_Left)
    assert panel.model.rowCount() == 2


def test_a_fill_that_comes_is_shown_and_the_place_is_kept(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    press(desk, panel, Qt.Key.Key_Right, Qt.Key.Key_Down)
    assert panel.table.currentIndex().row() == 1
    books.trade(-40, 11)
    desk.until(lambda: panel.model.rowCount() == 3)
    assert panel.table.currentIndex().row() == 2  # still the same fill
    books.trade(-60, 12)
    desk.until(lambda: shown(panel, "net")[0] == ("+157.00",))


def test_sums_and_curve_say_what_the_period_made(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    books.trade(-100, 11)
    books.trade(100, 11, days=1)
    books.trade(-100, "10.60", days=1)
    panel = opened(desk, 2)
    desk.until(lambda: panel.strip.text != "")
    assert panel.strip.text == (
        "Realized USD +56.00, Gross +60.00, Fees 4.00, Unrealized +0.00, Won 50 % of 2,"
        " Avg win +98.00, Avg loss −42.00,"
        " Factor 2.33, Best +98.00 (03-12), Worst −42.00 (03-13),"
        " Max DD −42.00 (−42.9 %)"
    ).replace("+0.00", "0.00").replace(" %", "\u202f%")
    assert "deepest drawdown −42.00 (−42.9" in panel.plot.text
    assert panel.plot.readout.text().startswith("Now: +56.00\u202fUSD, drawdown −42.00")
    desk.press(panel.plot, Qt.Key.Key_Home)
    assert panel.plot.readout.text().startswith("2024-03-12")
    desk.press(panel.plot, Qt.Key.Key_End)
    assert panel.plot.readout.text().startswith("Now")


def test_what_is_held_counts_in_the_last_point(desk: TableDesk) -> None:
    desk.do(desk.engine.connections.connect(PAPER))
    desk.until(lambda: bool(desk.engine.connections.accounts(PAPER)))
    panel = desk.panel(JournalPanel)
    instrument = desk.quoted("INDA")
    desk.order(instrument, quantity=D(100))
    desk.until(lambda: panel.model.rowCount() == 1)
    view = panel.view
    assert view is not None
    desk.until(lambda: not desk.desk.journal.open_profit(view).unknown)
    desk.until(lambda: any(f"Unrealized {sign}" in panel.strip.text for sign in "+−"))
    position = desk.engine.portfolio.position(PAPER, desk.account, instrument.key)
    assert position is not None
    assert desk.desk.journal.open_profit(view).amount == position.unrealized
    assert "paper" in {choice.key for choice in view.choices}
    assert shown(panel, "mode") == [("PAPER",)]


def test_a_note_is_written_in_place_and_lasts(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    press(desk, panel, Qt.Key.Key_F2)
    write(desk, panel, "calm day")
    desk.until(lambda: shown(panel, "note") == [("calm day",)])
    press(desk, panel, Qt.Key.Key_T)
    write(desk, panel, "#Calm, trend")
    desk.until(lambda: shown(panel, "tags") == [("calm trend",)])
    subject = subject_of(panel.model.line(0))
    assert desk.services.journal.read_notes() == {subject: Note("calm day", ("calm", "trend"))}
    assert any(text.startswith("Changed the note on 2024-03-12") for text in desk.said())


def test_an_edit_is_taken_back(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    for text in ("first", "second"):
        press(desk, panel, Qt.Key.Key_Return)
        write(desk, panel, text)
        desk.until(lambda text=text: shown(panel, "note") == [(text,)])  # type: ignore[misc] # mypy cannot infer a lambda with a default
    desk.act(desk.desk.undo.undo)
    desk.until(lambda: shown(panel, "note") == [("first",)])
    desk.act(desk.desk.undo.undo)
    desk.until(lambda: shown(panel, "note") == [("",)])
    assert not desk.desk.undo.undo()


def test_escape_leaves_the_note_as_it_was(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    press(desk, panel, Qt.Key.Key_F2)
    desk.act(lambda: QTest.keyClicks(editor(panel), "never mind"))
    desk.press(editor(panel), Qt.Key.Key_Escape)
    desk.until(lambda: not panel.table.is_editing)
    assert shown(panel, "note") == [("",)]
    assert desk.services.journal.read_notes() == {}


def test_two_quick_enters_keep_a_note_once(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    press(desk, panel, Qt.Key.Key_F2)
    field = editor(panel)
    desk.act(lambda: QTest.keyClicks(field, "a breakout"))
    desk.act(lambda: [QTest.keyClick(field, Qt.Key.Key_Return) for _ in range(2)])
    desk.until(lambda: not panel.table.is_editing)
    desk.until(lambda: shown(panel, "note") == [("a breakout",)])


def test_the_order_of_a_fill_has_a_note_of_its_own(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    books.trade(-50, 11)
    books.trade(-50, 11, client_order_id=None)
    panel = opened(desk, 1)
    press(desk, panel, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down)
    desk.press(panel.table, Qt.Key.Key_F2, SHIFT)
    write(desk, panel, "stopped out")
    desk.until(lambda: shown(panel, "note")[2:] == [("Order: stopped out",)] * 2)
    assert shown(panel, "note")[1] == ("",)
    press(desk, panel, Qt.Key.Key_F2)
    assert editor(panel).text() == ""  # the fill's own
    write(desk, panel, "late")
    desk.until(lambda: shown(panel, "note")[2] == ("late · Order: stopped out",))
    press(desk, panel, Qt.Key.Key_Up)
    desk.press(panel.table, Qt.Key.Key_F2, SHIFT)
    assert not panel.table.is_editing  # that one is of no order of ours


def test_rows_stand_still_while_a_note_is_written(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    press(desk, panel, Qt.Key.Key_F2)
    books.trade(10, 10, days=1)
    panel.refresh()
    desk.until(lambda: not panel._is_reading)
    assert panel.table.is_editing
    assert panel.model.rowCount() == 1
    write(desk, panel, "kept")
    desk.until(lambda: panel.model.rowCount() == 2)
    desk.until(lambda: shown(panel, "note") == [("",), ("kept",)])  # on disk a moment later


def test_filters_choose_accounts_symbols_tags_and_days(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    books.trade(5, 50, days=1, instrument=replace(SPY, symbol="QQQ"), client_order_id=None)
    books.trade(7, 50, days=1, account_id=AccountId("A2"), client_order_id=None)
    books.trade(9, 50, days=1, connection_id=ConnectionId("gone"), client_order_id=None)
    panel = opened(desk, 2)
    titles = [panel.bar.accounts.itemText(at) for at in range(panel.bar.accounts.count())]
    assert titles == [
        "All paper accounts",
        "All accounts not known as live or paper",
        "A1 at gone",
        "A1 at paper",
        "A2 at paper",
    ]
    panel.bar.search.setText("qq")
    desk.until(lambda: shown(panel, "symbol") == [("QQQ",)])
    desk.press(panel.bar.search, Qt.Key.Key_Escape)
    desk.until(lambda: panel.model.rowCount() == 2)
    panel.bar.accounts.setCurrentIndex(4)
    desk.until(lambda: shown(panel, "account", "bought") == [("A2", "7")])
    panel.bar.accounts.setCurrentIndex(0)
    desk.until(lambda: panel.model.rowCount() == 2)
    panel.bar.period.setCurrentIndex(panel.bar.period.findData(Period.TODAY.value))
    desk.until(lambda: panel.model.rowCount() == 0)
    assert "Clear" in panel.table.empty_text
    assert panel.bar.clear_button.isEnabled()
    panel.bar.clear_button.click()
    desk.until(lambda: panel.model.rowCount() == 2)
    press(desk, panel, Qt.Key.Key_T)
    write(desk, panel, "gap")
    desk.until(lambda: panel.bar.tag.isVisible())
    panel.bar.tag.setCurrentIndex(panel.bar.tag.findData("gap"))
    desk.until(lambda: whens(panel) == ["▸ Wed 2024-03-13"])
    desk.press(panel, Qt.Key.Key_Escape)
    desk.until(lambda: panel.model.rowCount() == 2)


def test_currencies_stand_apart_until_a_rate_is_known(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10, instrument=DAX, fee_currency="USD")
    books.trade(-100, 11, instrument=DAX)
    books.trade(100, 10)
    panel = opened(desk, 2)
    assert shown(panel, "currency", "fees", "net") == [
        ("EUR", "1.00", "+99.00"),
        ("USD", "2.00", "−2.00"),
    ]
    desk.until(lambda: "not in the sums: +99.00\u202fEUR" in panel.strip.remarks)
    desk.engine.portfolio.set_rate("EUR", "USD", D("1.5"), "test")
    panel.refresh()
    desk.until(lambda: shown(panel, "currency", "fees", "net") == [("USD", "3.50", "+146.50")])
    assert panel.bar.currency.currentText() == "All in USD"
    panel.bar.currency.setCurrentIndex(panel.bar.currency.findData("EUR"))
    desk.until(lambda: shown(panel, "currency", "net") == [("EUR", "+99.00")])


def test_what_is_not_known_is_no_zero(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10, fee=None)
    panel = opened(desk, 1)
    assert shown(panel, "fees", "net") == [("0.00*", "0.00*")]
    desk.until(lambda: "fees of 1 fills" in panel.strip.remarks)
    press(desk, panel, Qt.Key.Key_Right)
    assert shown(panel, "fees", "net")[1] == ("—", "—")


def test_columns_sort_days_and_are_kept(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    books.trade(-100, 9)
    books.trade(100, 10, days=1)
    books.trade(-100, 12, days=1)
    books.trade(100, 10, days=2)
    panel = opened(desk, 3)
    number = panel.model.column_index("net")
    panel.table.sortByColumn(number, Qt.SortOrder.AscendingOrder)
    assert [when[-2:] for when in whens(panel)] == ["12", "14", "13"]
    panel.table.setColumnHidden(panel.model.column_index("side"), True)
    panel.bar.search.setText("SPY")
    desk.until(lambda: panel.bar.filters.symbol == "SPY")
    state = panel.save_state()
    other = desk.panel(JournalPanel)
    other.restore_state(state)
    desk.until(lambda: [when[-2:] for when in whens(other)] == ["12", "14", "13"])
    assert other.table.isColumnHidden(other.model.column_index("side"))
    assert other.bar.search.text() == "SPY"
    other.restore_state({"filters": {"period": 7}, "table": {"columns": [1]}, "split": "x"})


def test_it_is_written_to_files_that_a_spreadsheet_opens_without_harm(
    desk: TableDesk, books: Books, tmp_path: Path
) -> None:
    books.trade(100, "10.123456789")
    books.trade(-100, 11)
    panel = opened(desk, 1)
    press(desk, panel, Qt.Key.Key_F2)
    write(desk, panel, "=HYPERLINK(1)")
    desk.until(lambda: shown(panel, "note") == [("=HYPERLINK(1)",)])
    for what in ("days", "executions"):
        desk.window.chosen_file = tmp_path / f"{what}.csv"
        desk.act(lambda what=what: desk.desk.run(f"journal.export_{what}"))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        desk.until(lambda: desk.window.chosen_file.exists())  # type: ignore[union-attr] # set above
    days = rows_of(tmp_path / "days.csv")
    assert days[0]["note"] == "'=HYPERLINK(1)"
    assert (days[0]["trading_day"], days[0]["realized"]) == ("2024-03-12", "85.6543211")
    fills = rows_of(tmp_path / "executions.csv")
    assert [row["side"] for row in fills] == ["sell", "buy"]
    assert fills[1]["price"] == "10.123456789"
    assert fills[1]["executed_at"] == "2024-03-12T14:30:01+00:00"
    assert fills[0]["mode"] == "paper"
    desk.until(lambda: any("Exported 2 executions" in text for text in desk.said()))


def test_all_days_open_and_close_by_command(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    books.trade(100, 10, days=1)
    panel = opened(desk, 2)
    desk.act(lambda: desk.desk.run("journal.expand_days"))
    desk.until(lambda: panel.model.rowCount() == 4)
    desk.act(lambda: desk.desk.run("journal.collapse_days"))
    assert panel.model.rowCount() == 2
    desk.act(lambda: desk.desk.run("journal.find"))
    assert panel.bar.search.hasFocus()


def test_commands_need_the_panel(desk: TableDesk) -> None:
    desk.act(lambda: desk.desk.run("journal.edit_note"))
    assert desk.said()[-1] == "Edit Note: open the Journal panel first"


def test_a_menu_offers_the_same_as_the_keys(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    press(desk, panel, Qt.Key.Key_Right, Qt.Key.Key_Down)
    menu = panel.table.make_menu()
    words = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert words[:4] == [
        "Edit Note\tF2",
        "Edit Tags\tT",
        "Edit Note of Order\tShift+F2",
        "Show Instrument on the Desk",
    ]
    menu.actions()[4].trigger()
    assert desk.desk.selection.instrument == SPY
    menu.close()


def test_copied_lines_are_plain_numbers(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    books.trade(-100, 9)
    panel = opened(desk, 1)
    press(desk, panel, Qt.Key.Key_Down)
    panel.table.selectRow(0)
    panel.copy_rows()
    titles, line = QApplication.clipboard().text().split("\n")
    cells = dict(zip(titles.split("\t"), line.split("\t"), strict=True))
    assert (cells["Realized"], cells["Trading day"]) == ("-102.00", "Tue 2024-03-12")


def test_it_is_dressed_anew_with_the_theme(
    desk: TableDesk, books: Books, qapp: QApplication
) -> None:
    books.trade(100, 10)
    books.trade(-100, 9)
    panel = opened(desk, 1)
    theme.apply(qapp, "light")
    assert theme.color("down").name() in panel.strip.sums.text()
    theme.apply(qapp, "dark")
    assert theme.color("down").name() in panel.strip.sums.text()


def test_the_spoken_line_says_whether_it_is_open(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    role = Qt.ItemDataRole.AccessibleTextRole
    assert panel.model.index(0, 0).data(role) == "Trading day: Tue 2024-03-12, closed"
    press(desk, panel, Qt.Key.Key_Right)
    assert panel.model.index(0, 0).data(role) == "Trading day: Tue 2024-03-12, open"
    net = panel.model.column_index("net")
    assert panel.model.index(0, net).data(role) == "Realized: −1.00"


def test_the_plot_is_filled_by_what_there_is(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    plot = opened(desk, 1).plot
    at_s = START.timestamp()
    for times, left, right in (
        ([at_s], at_s - 30, at_s + 30),  # a single fill stands in the middle
        ([at_s, at_s + 1000], at_s - 20, at_s + 1020),
    ):
        amounts = np.ones(len(times))
        desk.act(lambda t=times, a=amounts: plot.show_curve(Curve(np.array(t), a, a), "USD"))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        assert plot._top.viewRange()[0] == pytest.approx([left, right])
        drawn, values = plot._line.getData()
        assert (drawn[0], drawn[-1]) == pytest.approx((left, right))
        assert (values[0], values[-1]) == (0.0, 1.0)


def test_the_days_have_more_room_than_the_curve(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    desk.until(lambda: panel._is_split)
    days, curve = panel.splitter.sizes()
    assert days > 2 * curve
    header = panel.table.horizontalHeader()
    realized = panel.model.column_index("net")
    edge = header.sectionViewportPosition(realized) + header.sectionSize(realized)
    assert edge < 260  # in sight wherever the panel stands


def test_days_are_sorted_by_the_keys_of_every_table(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    books.trade(-100, 9)
    books.trade(10, 20, days=1)
    panel = opened(desk, 2)
    alt = Qt.KeyboardModifier.AltModifier
    for _ in range(2):  # day, realized
        desk.press(panel.table, Qt.Key.Key_Right, alt)
    assert panel.model.sorted_by == ("net", True)
    assert shown(panel, "net") == [("−1.00",), ("−102.00",)]
    desk.press(panel.table, Qt.Key.Key_Up, alt)
    assert shown(panel, "net") == [("−102.00",), ("−1.00",)]
    for _ in range(2):
        desk.press(panel.table, Qt.Key.Key_Left, alt)
    state = panel.save_state()["table"]
    assert "sort" not in state
    assert {entry["id"] for entry in state["columns"]} == {c.id for c in panel.model.columns}


def test_where_there_is_no_room_for_both_the_days_have_it(desk: TableDesk, books: Books) -> None:
    books.trade(100, 10)
    panel = opened(desk, 1)
    assert panel.plot.isVisible()
    desk.act(lambda: panel.resize(430, 200))
    assert not panel.plot.isVisible()
    assert panel.table.width() == panel.width()
    desk.act(lambda: panel.resize(430, 500))
    assert panel.plot.isVisible()
    assert panel.plot.y() > panel.table.y()

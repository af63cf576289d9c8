"""The question: what it lists, whose money it is about, and whose Enter it takes."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QWidget
from pytestqt.qtbot import QtBot

from app.commands.live_lines import LiveLines, Stand
from app.commands.open_list import OpenList, OpenRow
from app.domain.ids import ConnectionId
from app.ui import format as fmt
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.open_table import OpenTable
from app.ui.widgets.enter_guard import GUARD_S
from app.ui.widgets.mode_band import ModeBand
from tests.ui.find import child
from tests.ui.open_rows import open_rows

RIGHT = Qt.AlignmentFlag.AlignRight.value
PAPER = ConnectionId("paper")
ENTER, SPACE = Qt.Key.Key_Return, Qt.Key.Key_Space


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.resize(800, 600)
    parent.show()
    return parent


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at


def opened(parent: QWidget, lines: int = 2, band: tuple[str, bool] | None = None) -> ConfirmDialog:
    listed = [f"Position: long {n} INDA, DU1 at paper" for n in range(1, lines + 1)]
    dialog = ConfirmDialog("Flatten", "Close everything?", listed, "Flatten", parent, band=band)
    dialog.guard.now = Clock().now
    return dialog


def watched(dialog: ConfirmDialog) -> tuple[Clock, list[int]]:
    clock, results = Clock(), list[int]()
    dialog.guard.now = clock.now
    dialog.finished.connect(results.append)
    dialog.open()
    QTest.qWaitForWindowExposed(dialog)
    return clock, results


def test_an_enter_in_its_first_moment_answers_nothing(parent: QWidget) -> None:
    dialog = opened(parent)
    clock, results = watched(dialog)
    dialog.accept_button.setFocus()
    for key in (ENTER, Qt.Key.Key_Enter, SPACE):
        QTest.keyClick(dialog.accept_button, key)
        QTest.keyClick(dialog.cancel_button, key)
    clock.at += GUARD_S - 0.01
    QTest.keyClick(dialog.cancel_button, ENTER)
    assert results == []
    clock.at += 0.02
    QTest.keyClick(dialog.accept_button, SPACE)
    assert results == [1]


def test_esc_works_at_once(parent: QWidget) -> None:
    _, results = watched(dialog := opened(parent))
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert results == [0]


def test_the_answers_are_neighbours_for_tab(parent: QWidget) -> None:
    dialog = opened(parent)
    assert dialog.accept_button.nextInFocusChain() is dialog.cancel_button
    assert dialog.focusWidget() is dialog.cancel_button


def test_enter_means_cancel(parent: QWidget) -> None:
    clock, results = watched(dialog := opened(parent))
    clock.at += 1
    assert dialog.cancel_button.isDefault()
    QTest.keyClick(dialog, ENTER)
    assert results == [0]


def test_enter_on_the_other_button_means_that_one(parent: QWidget) -> None:
    clock, results = watched(dialog := opened(parent))
    clock.at += 1
    QTest.keyClick(dialog.cancel_button, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert dialog.focusWidget() is dialog.accept_button
    QTest.keyClick(dialog.accept_button, ENTER)
    assert results == [1]


def test_the_second_click_of_a_double_click_that_opened_it_answers_nothing(
    parent: QWidget,
) -> None:
    _, results = watched(dialog := opened(parent))
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert results == []
    dialog.reject()


def test_fifty_entries_scroll_and_are_counted_inside_a_small_screen(parent: QWidget) -> None:
    _, _ = watched(dialog := opened(parent, lines=50))
    shown = child(dialog, QListWidget, "confirm_lines")
    assert shown.count() == 50
    assert shown.verticalScrollBar().maximum() > 0
    assert child(dialog, QLabel, "confirm_count").text() == "50 entries"
    assert dialog.height() <= parent.screen().availableSize().height() * 0.9
    assert dialog.accept_button.geometry().bottom() < dialog.height()
    dialog.reject()


@pytest.mark.parametrize(("is_paper", "mode"), [(True, "paper"), (False, "live")])
def test_it_says_in_colour_whose_money_it_is(parent: QWidget, is_paper: bool, mode: str) -> None:
    _, _ = watched(dialog := opened(parent, band=("LIVE — ib", is_paper)))
    band = child(dialog, ModeBand)
    assert band.property("mode") == mode
    assert band.text() == "LIVE — ib"
    dialog.reject()


def test_what_is_open_is_a_table_with_its_figures_on_the_right(parent: QWidget) -> None:
    place = "U1 at ib"
    held = partial(OpenRow, "Position: long 5 SPY", "long", is_position=True)
    rows = (
        held(Decimal(1200), "SPY", "at 50.25", place, value=Decimal("60300"), currency="USD",
             is_paper=False),
        held(Decimal("0.5"), "BTC", "", "P1 at paper", currency="USD", is_paper=True),
    )  # fmt: skip
    dialog = ConfirmDialog("Flatten", "Close everything?", OpenList(rows), "Flatten", parent)
    listed = [line.replace(fmt.THIN_SPACE, " ") for line in open_rows(dialog)]
    assert listed == [
        "Position long 1 200 SPY at 50.25 60 300.00 USD U1 at ib LIVE",
        "Position long 0.5 BTC value not known P1 at paper PAPER",
        "All positions and 1 not known 60 300.00 USD",
    ]
    table = child(dialog, OpenTable)
    sides = {}
    for column in range(table.columnCount()):
        cells = [table.item(row, column) for row in range(3)]
        [side] = {cell.textAlignment() & RIGHT for cell in cells if cell is not None}
        title = table.horizontalHeaderItem(column)
        assert title is not None
        assert title.textAlignment() & RIGHT == side
        sides[title.text()] = bool(side)
    assert [title for title, is_right in sides.items() if is_right] == ["Quantity", "Value"]
    assert "value not known" in table.accessibleDescription()


class Held:
    """A position that changes while it is asked about."""

    def __init__(self) -> None:
        self.stand: Stand | None = Stand("Close it?", ["long 10 INDA"], (PAPER,))

    def begin(self, parent: QWidget) -> tuple[ConfirmDialog, Clock, list[int]]:
        assert self.stand is not None
        dialog = ConfirmDialog("Close", "Close it?", self.stand.lines, "Close", parent)
        dialog.follow(LiveLines(self.stand, lambda: self.stand), lambda _: ("LIVE — other", False))
        clock, results = watched(dialog)
        clock.at += GUARD_S
        return dialog, clock, results


def test_a_yes_counts_only_for_what_is_shown(parent: QWidget) -> None:
    held = Held()
    dialog, clock, results = held.begin(parent)
    held.stand = Stand("The broker has confirmed it. Close it?", ["short 4 INDA"], (PAPER,))
    dialog.accept_button.setFocus()
    QTest.keyClick(dialog.accept_button, SPACE)  # it came before the change was seen
    assert results == []
    assert [item.text() for item in lines_of(dialog)] == ["short 4 INDA"]
    heading = [label for label in dialog.findChildren(QLabel) if not label.isHidden()]
    assert any("changed since you were asked. The broker" in label.text() for label in heading)
    assert child(dialog, ModeBand, "mode-badge").text() == "LIVE — other"
    assert dialog.cancel_button.hasFocus()
    dialog.accept_button.setFocus()
    QTest.keyClick(dialog.accept_button, SPACE)  # the first moment of another question
    assert results == []
    clock.at += GUARD_S
    QTest.keyClick(dialog.accept_button, SPACE)
    assert results == [1]


def test_an_order_that_ends_meanwhile_does_not_shut_the_way_out(parent: QWidget) -> None:
    rows = [
        OpenRow(kind, "buy", Decimal(1), "INDA", "", "", is_paper=True, is_position=is_position)
        for kind, is_position in (("long 1 INDA", True), ("buy 1 INDA", False))
    ]
    held = Held()
    held.stand = Stand("Flatten?", OpenList(tuple(rows)))
    dialog, _, results = held.begin(parent)
    held.stand = Stand("Flatten?", OpenList(tuple(rows[:1])))
    dialog.accept_button.setFocus()
    QTest.keyClick(dialog.accept_button, SPACE)
    assert results == [1]
    [table] = [one for one in dialog.findChildren(OpenTable) if not one.isHidden()]
    assert table.rowCount() == 2  # the position, and the sum


def test_a_yes_that_waited_is_answered_with_a_word(parent: QWidget) -> None:
    dialog = opened(parent)
    clock, results = watched(dialog)
    clock.at += GUARD_S
    why = "Reverse: it was clicked 5 seconds ago"
    dialog.why_not = lambda: why
    dialog.accept()
    assert results == []
    said = [label.text() for label in dialog.findChildren(QLabel) if not label.isHidden()]
    assert f"{why}. Close everything?" in said
    why = ""
    dialog.accept()
    assert results == [1]


def test_a_change_is_shown_without_being_asked_for(parent: QWidget, qtbot: QtBot) -> None:
    held = Held()
    dialog, _, results = held.begin(parent)
    held.stand = Stand("Close it?", ["long 6 INDA"], (PAPER,))
    qtbot.waitUntil(lambda: [item.text() for item in lines_of(dialog)] == ["long 6 INDA"])
    assert results == []
    held.stand = None
    qtbot.waitUntil(lambda: results == [0])
    assert dialog.is_moot


def lines_of(dialog: ConfirmDialog) -> list[QListWidgetItem]:
    [shown] = [one for one in dialog.findChildren(QListWidget) if not one.isHidden()]
    return [shown.item(row) for row in range(shown.count())]

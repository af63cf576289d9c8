"""A bar that is too narrow keeps its buttons in a menu, and loses none."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot
from shiboken6 import createdByPython

from app.ui.widgets.bar_layout import BarLayout


class Bar(QWidget):
    """A label, then five buttons of 60 pixels, the last two pushed to the right."""

    def __init__(self) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.bar = BarLayout(self)
        self.bar.setContentsMargins(5, 3, 5, 3)
        self.bar.setSpacing(4)
        self.label = QLabel("")
        self.label.setFixedSize(50, 20)
        self.bar.addWidget(self.label)
        self.buttons = [QPushButton(str(number)) for number in range(5)]
        self.clicked: list[str] = []
        for number, button in enumerate(self.buttons):
            button.setFixedSize(60, 20)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, n=number: self.clicked.append(str(n)))
            if number == 3:
                self.bar.addStretch(1)
            self.bar.addWidget(button)
        self.bar.more.setFixedSize(20, 20)
        box.addLayout(self.bar)
        box.addWidget(QWidget(), 1)

    def away(self) -> str:
        return "".join(button.text() for button in self.bar.put_away())

    def on_it(self) -> str:
        return "".join(button.text() for button in self.buttons if button.isVisible())


@pytest.fixture
def bar(qtbot: QtBot) -> Bar:
    made = Bar()
    qtbot.addWidget(made)
    made.resize(600, 200)
    made.show()
    return made


@pytest.mark.parametrize(
    ("width", "on_it", "away"), [(600, "01234", ""), (300, "012", "34"), (215, "01", "234")]
)
def test_buttons_give_way_from_the_end_and_come_back(
    qtbot: QtBot, bar: Bar, width: int, on_it: str, away: str
) -> None:
    for size in (80, width):
        bar.resize(size, 200)
        QApplication.processEvents()
    qtbot.waitUntil(lambda: (bar.on_it(), bar.away()) == (on_it, away))
    assert bar.bar.more.isVisible() is bool(away)
    shown = [one for one in (*bar.buttons, bar.bar.more, bar.label) if one.isVisible()]
    assert max(one.geometry().right() for one in shown) < width
    for at, one in enumerate(shown):
        assert not any(one.geometry().intersects(other.geometry()) for other in shown[at + 1 :])


def test_the_checked_one_stays_longest(qtbot: QtBot, bar: Bar) -> None:
    bar.buttons[4].setChecked(True)
    bar.resize(220, 200)
    qtbot.waitUntil(lambda: bar.on_it() == "04")
    assert bar.away() == "123"


def test_it_asks_for_no_more_than_what_is_no_button(bar: Bar) -> None:
    assert bar.minimumSizeHint().width() == 5 + 50 + 4 + 20 + 5
    assert bar.bar.sizeHint().width() >= 5 * 60


def test_what_is_put_away_can_be_pressed_from_the_menu(qtbot: QtBot, bar: Bar) -> None:
    bar.resize(215, 200)
    qtbot.waitUntil(lambda: bar.away() == "234")
    bar.buttons[3].setEnabled(False)
    qtbot.mouseClick(bar.bar.more, Qt.MouseButton.LeftButton)
    menu = bar.bar.more.findChild(QMenu)
    assert isinstance(menu, QMenu)
    actions = {action.text(): action for action in menu.actions()}
    assert list(actions) == ["2", "3", "4"]
    assert not actions["3"].isEnabled()
    actions["4"].trigger()
    assert bar.clicked == ["4"]
    assert bar.buttons[4].isChecked()
    menu.close()


def test_a_menu_of_a_button_is_in_the_menu_too(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    bar = BarLayout(host)
    host.setLayout(bar)
    button = QToolButton()
    button.setText("Group")
    button.setMenu(QMenu(button))
    bar.addWidget(QLineEdit())
    bar.addWidget(button)
    host.resize(60, 40)
    host.show()
    qtbot.waitUntil(lambda: bar.put_away() == [button])
    qtbot.mouseClick(bar.more, Qt.MouseButton.LeftButton)
    [menu] = [child for child in bar.more.children() if isinstance(child, QMenu)]
    assert [action.text() for action in menu.actions()] == ["Group"]
    menu.close()


def test_a_field_gives_way_before_a_button_does(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    bar = BarLayout(host)
    bar.setContentsMargins(0, 0, 0, 0)
    bar.setSpacing(0)
    host.setLayout(bar)
    field, small = QLineEdit(), QPushButton("small")
    field.setMinimumWidth(60)
    small.setFixedWidth(50)
    bar.addWidget(field, 1)
    bar.addSpacing(10)
    bar.addWidget(small)
    host.resize(400, 40)
    host.show()
    qtbot.waitUntil(lambda: field.width() == 340)
    assert small.x() == 350
    host.resize(124, 40)
    qtbot.waitUntil(lambda: small.geometry().right() < 124)
    assert field.width() >= 60
    assert small.isVisible()


def test_what_is_taken_out_is_gone(bar: Bar) -> None:
    count = bar.bar.count()
    assert bar.bar.takeAt(0) is not None
    assert bar.bar.count() == count - 1
    assert bar.bar.takeAt(99) is None
    assert bar.bar.itemAt(-1) is None
    bar.label.hide()


def test_a_field_to_write_in_gives_way_before_a_choice(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    bar = BarLayout(host)
    bar.setContentsMargins(0, 0, 0, 0)
    host.setLayout(bar)
    choice, field = QComboBox(), QLineEdit()
    choice.addItem("all accounts of all connections")
    field.setMinimumWidth(30)
    bar.addWidget(choice)
    bar.addWidget(field)
    wanted = choice.sizeHint().width()
    host.resize(wanted + 80, 40)
    host.show()
    qtbot.waitUntil(lambda: field.geometry().right() < host.width())
    assert choice.width() == wanted
    assert field.width() < field.sizeHint().width()


def test_what_it_holds_ends_with_its_own_bar(bar: Bar) -> None:
    """Of an item that Qt makes nobody tells Python the end, and the next at its address is taken
    for it."""
    items = [item for at in range(bar.bar.count()) if (item := bar.bar.itemAt(at))]
    assert len(items) == 7
    assert all(createdByPython(item) for item in items)

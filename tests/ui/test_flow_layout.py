"""A bar goes on in the next row where it is too narrow, and loses nothing."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.widgets.flow_layout import FlowLayout


class Bar(QWidget):
    """Five buttons of 60 pixels, the last two pushed to the right, above a body."""

    def __init__(self) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.flow = FlowLayout()
        self.flow.setContentsMargins(5, 3, 5, 3)
        self.flow.setSpacing(4)
        self.buttons = [QPushButton(str(number)) for number in range(5)]
        for number, button in enumerate(self.buttons):
            button.setFixedSize(60, 20)
            if number == 3:
                self.flow.addStretch(1)
            self.flow.addWidget(button)
        box.addLayout(self.flow)
        self.body = QWidget()
        box.addWidget(self.body, 1)

    def rows(self) -> list[list[str]]:
        tops = sorted({button.y() for button in self.buttons if button.isVisible()})
        return [
            [button.text() for button in self.buttons if button.isVisible() and button.y() == top]
            for top in tops
        ]


@pytest.fixture
def bar(qtbot: QtBot) -> Bar:
    made = Bar()
    qtbot.addWidget(made)
    made.resize(600, 200)
    made.show()
    return made


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (600, [["0", "1", "2", "3", "4"]]),
        (260, [["0", "1", "2"], ["3", "4"]]),
        (140, [["0", "1"], ["2", "3"], ["4"]]),
        (70, [["0"], ["1"], ["2"], ["3"], ["4"]]),
    ],
)
def test_it_takes_as_many_rows_as_it_needs(
    qtbot: QtBot, bar: Bar, width: int, rows: list[list[str]]
) -> None:
    bar.resize(width, 200)
    qtbot.waitUntil(lambda: bar.rows() == rows)
    assert max(button.geometry().right() for button in bar.buttons) < width
    bottom = max(button.geometry().bottom() for button in bar.buttons)
    assert bar.body.y() > bottom


def test_it_asks_for_the_width_of_one_control_only(bar: Bar) -> None:
    assert bar.minimumSizeHint().width() == 70
    assert bar.flow.sizeHint().width() >= 5 * 60


def test_a_stretch_pushes_what_follows_to_the_end(qtbot: QtBot, bar: Bar) -> None:
    qtbot.waitUntil(lambda: bar.buttons[4].geometry().right() == 600 - 5 - 1)
    assert bar.buttons[2].geometry().right() == 5 + 3 * 60 + 2 * 4 - 1


def test_what_is_hidden_takes_no_room(qtbot: QtBot, bar: Bar) -> None:
    bar.buttons[0].hide()
    qtbot.waitUntil(lambda: bar.buttons[1].x() == 5)


def test_a_widget_may_take_what_is_left(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    flow = FlowLayout(host)
    flow.setContentsMargins(0, 0, 0, 0)
    flow.setSpacing(0)
    wide, small = QPushButton("wide"), QPushButton("small")
    small.setFixedWidth(50)
    flow.addWidget(wide, 1)
    flow.addSpacing(10)
    flow.addWidget(small)
    host.resize(400, 40)
    host.show()
    qtbot.waitUntil(lambda: wide.width() == 340)
    assert small.x() == 350


def test_what_is_taken_out_is_gone(bar: Bar) -> None:
    assert bar.flow.count() == 6
    taken = bar.flow.takeAt(0)
    assert taken is not None
    assert bar.flow.count() == 5
    assert bar.flow.takeAt(9) is None
    assert bar.flow.itemAt(-1) is None
    bar.buttons[0].hide()

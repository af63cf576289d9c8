"""Toasts lie where nothing is covered, or are not shown at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.reports import Severity
from app.ui.notify import ToastStack, place

AREA = QRect(0, 0, 1280, 800)
rects = st.builds(
    QRect, st.integers(0, 1200), st.integers(0, 700), st.integers(1, 700), st.integers(1, 700)
)


@given(st.lists(rects, max_size=4), st.integers(50, 400), st.integers(20, 120))
def test_no_place_ever_touches_what_is_forbidden(
    forbidden: list[QRect], width: int, height: int
) -> None:
    spot = place(QSize(width, height), AREA, forbidden)
    if spot is not None:
        assert AREA.contains(spot)
        assert spot.size() == QSize(width, height)
        assert not any(spot.intersects(rect) for rect in forbidden)


def test_the_lower_left_is_taken_first_and_what_is_there_is_avoided() -> None:
    size = QSize(360, 60)
    free = place(size, AREA, [])
    assert free is not None
    assert free.left() < 30
    assert free.bottom() > 770
    ticket = QRect(0, 400, 500, 400)
    beside = place(size, AREA, [ticket])
    assert beside is not None
    assert not beside.intersects(ticket)
    assert place(size, AREA, [AREA]) is None


def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()
    return made


def test_they_stack_without_overlap_and_keep_off_the_ticket(qtbot: QtBot) -> None:
    ticket = QRect(700, 40, 300, 520)
    stack = ToastStack(window(qtbot), lambda: [ticket])
    for number in range(6):
        stack.show(Severity.WARNING, f"Sentence {number} " * 6)
    shown = [toast.geometry() for toast in stack.toasts() if toast.isVisible()]
    assert len(stack.toasts()) == 4
    assert len(shown) >= 3
    for at, rect in enumerate(shown):
        assert not rect.intersects(ticket)
        assert not any(rect.intersects(other) for other in shown[at + 1 :])


def test_a_repeated_sentence_is_shown_once_and_a_click_sends_it_away(qtbot: QtBot) -> None:
    stack = ToastStack(window(qtbot), list)
    stack.show(Severity.ERROR, "the line is lost")
    stack.show(Severity.ERROR, "the line is lost")
    [toast] = stack.toasts()
    assert toast.accessibleName() == "the line is lost"
    qtbot.mouseClick(toast, Qt.MouseButton.LeftButton)
    assert stack.toasts() == []


def test_where_the_ticket_fills_the_window_nothing_is_shown_on_it(qtbot: QtBot) -> None:
    made = window(qtbot)
    stack = ToastStack(made, lambda: [made.rect()])
    stack.show(Severity.ERROR, "hidden")
    assert [toast.isVisible() for toast in stack.toasts()] == [False]
    stack.clear()
    assert stack.toasts() == []

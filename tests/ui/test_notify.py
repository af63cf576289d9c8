"""Toasts lie where nothing is covered, or are not shown at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.domain.reports import Severity
from app.store.settings import GeneralSettings, NotificationSettings
from app.ui import theme
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
    for word in ("one", "two", "three", "four", "five", "six"):
        stack.show(Severity.WARNING, f"Sentence {word} " * 6)
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
    assert toast.accessibleName() == "Error: the line is lost, 2 times"
    qtbot.mouseClick(toast, Qt.MouseButton.LeftButton)
    assert stack.toasts() == []


def said(stack: ToastStack) -> list[tuple[str, int]]:
    return [(toast.text, toast.count) for toast in stack.toasts()]


def test_a_warning_that_differs_in_figures_only_is_counted_and_an_error_is_not(
    qtbot: QtBot,
) -> None:
    stack = ToastStack(window(qtbot), list)
    for attempt in range(1, 40):
        stack.show(Severity.WARNING, f"ib: no route to 127.0.0.1:7497, attempt {attempt}")
    assert said(stack) == [("ib: no route to 127.0.0.1:7497, attempt 39", 39)]
    stack.show(Severity.ERROR, "order 1 is rejected")
    stack.show(Severity.ERROR, "order 2 is rejected")
    stack.show(Severity.WARNING, "alpaca: no route to 127.0.0.1:7497, attempt 1")
    assert [count for _, count in said(stack)] == [39, 1, 1, 1]
    stack.clear()


def test_an_error_does_not_give_way_to_warnings(qtbot: QtBot) -> None:
    stack = ToastStack(window(qtbot), list)
    stack.show(Severity.ERROR, "the journal cannot be written")
    for word in ("one", "two", "three", "four", "five"):
        stack.show(Severity.WARNING, word)
    assert [text for text, _ in said(stack)] == [
        *("the journal cannot be written", "three", "four", "five")
    ]
    stack.clear()


@pytest.mark.parametrize("severity", list(Severity))
def test_how_bad_it_is_is_told_by_a_word_and_an_icon(qtbot: QtBot, severity: Severity) -> None:
    stack = ToastStack(window(qtbot), list)
    stack.show(severity, "something happened")
    [toast] = stack.toasts()
    labels = {label.objectName(): label for label in toast.findChildren(QLabel)}
    words = {Severity.INFO: "Note", Severity.WARNING: "Warning", Severity.ERROR: "Error"}
    assert f">{words[severity]}</b>" in labels["toast_text"].text()
    assert any(not label.pixmap().isNull() for label in toast.findChildren(QLabel))
    stack.clear()


def test_a_sentence_is_shown_as_it_is_written(qtbot: QtBot) -> None:
    stack = ToastStack(window(qtbot), list)
    stack.show(Severity.ERROR, "price <b>1</b> & 2 < 3")
    [toast] = stack.toasts()
    label = toast.findChild(QLabel, "toast_text")
    assert isinstance(label, QLabel)
    shown = QTextDocumentFragment.fromHtml(label.text()).toPlainText()
    assert "price <b>1</b> & 2 < 3" in shown
    stack.clear()


def test_the_settings_say_whether_and_how_long(qtbot: QtBot) -> None:
    wanted = NotificationSettings(toasts=False)
    stack = ToastStack(window(qtbot), list, lambda: wanted)
    stack.show(Severity.ERROR, "not wanted")
    assert stack.toasts() == []
    wanted = NotificationSettings(toast_s=0.02)
    stack.show(Severity.WARNING, "gone soon")
    assert len(stack.toasts()) == 1
    qtbot.waitUntil(lambda: stack.toasts() == [], timeout=10_000)


@pytest.mark.parametrize("percent", [80, 100, 200])
def test_the_whole_sentence_is_shown_at_every_scale(qtbot: QtBot, percent: int) -> None:
    theme.use(GeneralSettings(ui_scale_percent=percent))
    stack = ToastStack(window(qtbot), list)
    stack.show(Severity.WARNING, "The price lies too far from the market to be meant so. " * 3)
    [toast] = stack.toasts()
    for label in toast.findChildren(QLabel):
        wanted = label.heightForWidth(label.width()) if label.wordWrap() else 0
        assert label.height() >= max(wanted, label.sizeHint().height() if not wanted else 0)
    theme.use(GeneralSettings())
    assert toast.width() == 360
    stack.clear()


def test_where_the_ticket_fills_the_window_nothing_is_shown_on_it(qtbot: QtBot) -> None:
    made = window(qtbot)
    stack = ToastStack(made, lambda: [made.rect()])
    stack.show(Severity.ERROR, "hidden")
    assert [toast.isVisible() for toast in stack.toasts()] == [False]
    stack.clear()
    assert stack.toasts() == []

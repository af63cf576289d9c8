"""Nothing that the program shows is cut off or overlaps, at the sizes that matter."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTabBar,
    QTableWidget,
    QTableWidgetItem,
    QToolBar,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.desktop.pictures import apart
from tests.ui.layout_faults import faults

LONG = "A text that is much longer than its room"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("size", "theme", "scale_percent", "pixel_ratio"),
    [("1280x800", "dark", 150, 1), ("1600x1000", "light", 100, 2)],
)
def test_nothing_is_clipped_and_nothing_overlaps(
    size: str, theme: str, scale_percent: int, pixel_ratio: int
) -> None:
    """Every panel, page, dialog and menu, in a process whose screen is as large as the window.

    The tightest and one of many pixels; `python -m tests.desktop.pictures` looks at all others.
    """
    found = apart(size, theme, scale_percent, None, pixel_ratio=pixel_ratio)
    assert found == [], "\n" + "\n".join(found)


def _cut_label(box: QWidget) -> None:
    QLabel(LONG, box).setFixedWidth(50)


def _low_label(box: QWidget) -> None:
    label = QLabel(LONG, box)
    label.setWordWrap(True)
    label.setFixedSize(60, 20)


def _cut_button(box: QWidget) -> None:
    QPushButton(LONG, box).setFixedWidth(60)


def _cut_check(box: QWidget) -> None:
    QCheckBox(LONG, box).setFixedWidth(60)


def _cut_combo(box: QWidget) -> None:
    combo = QComboBox(box)
    combo.addItem(LONG)
    combo.setFixedWidth(60)


def _cut_hint(box: QWidget) -> None:
    edit = QLineEdit(box)
    edit.setPlaceholderText(LONG)
    edit.setFixedWidth(60)


def _cut_tab(box: QWidget) -> None:
    tabs = QTabBar(box)
    tabs.setUsesScrollButtons(False)
    tabs.setElideMode(Qt.TextElideMode.ElideRight)
    for _ in range(2):
        tabs.addTab(LONG)
    tabs.setFixedWidth(60)


def _cut_title(box: QWidget) -> None:
    QGroupBox(LONG, box).setFixedWidth(60)


def _sticks_out(box: QWidget) -> None:
    QPushButton("x", box).setGeometry(390, 0, 40, 20)


def _overlap(box: QWidget) -> None:
    inner = QWidget(box)
    inner.setFixedSize(200, 30)
    row = QHBoxLayout(inner)
    for text in ("one", "two"):
        row.addWidget(QPushButton(text))
    inner.show()
    row.activate()
    row.setEnabled(False)
    for button in inner.findChildren(QPushButton):
        button.move(0, 0)


def _cut_figure(box: QWidget) -> None:
    table = QTableWidget(1, 1, box)
    item = QTableWidgetItem("1 234 567.89")
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight)
    table.setItem(0, 0, item)
    table.setHorizontalHeaderLabels([""])
    table.setColumnWidth(0, 30)


def _askew(box: QWidget) -> None:
    inner = QWidget(box)
    inner.setFixedSize(200, 60)
    row = QHBoxLayout(inner)
    for text in ("one", "two"):
        row.addWidget(QPushButton(text))
    inner.show()
    row.activate()
    row.setEnabled(False)
    inner.findChildren(QPushButton)[1].move(110, 30)


def _full_bar(box: QWidget) -> None:
    bar = QToolBar(box)
    for text in ("one", "two", "three"):
        bar.addWidget(QPushButton(text))
    bar.setFixedWidth(90)


def _too_large(box: QWidget) -> None:
    box.resize(5_000, 300)


@pytest.mark.parametrize(
    "spoil",
    [
        *(_cut_label, _low_label, _cut_button, _cut_check, _cut_combo),
        *(_cut_hint, _cut_tab, _cut_title, _sticks_out, _overlap),
        *(_cut_figure, _askew, _full_bar, _too_large),
    ],
)
def test_the_check_sees_what_is_wrong(qtbot: QtBot, spoil: Callable[[QWidget], None]) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    box.resize(400, 300)
    column = QVBoxLayout(box)
    column.addWidget(QLabel("fine"))
    column.addStretch()
    box.show()
    qtbot.waitUntil(box.isVisible)
    assert faults(box) == []
    spoil(box)
    for child in box.findChildren(QWidget):
        if child.objectName() != "qt_toolbar_ext_button":
            child.show()
    QApplication.processEvents()
    assert len(faults(box)) >= 1

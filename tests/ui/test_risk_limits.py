from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialogButtonBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from app.base.errors import StoreError
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits
from app.ui.dialogs.risk_limits import RiskLimitsDialog, covered_fields
from tests.ui.find import child

PAPER = ConnectionId("paper")
GLOBAL = RiskLimits(max_daily_loss=Decimal(500), banned=("GME",))
OWN = RiskLimits(max_order_quantity=Decimal(10))
Saved = list[tuple[RiskLimits, ConnectionId | None]]


@pytest.fixture
def saved() -> Saved:
    return []


@pytest.fixture
def dialog(qtbot: QtBot, saved: Saved) -> RiskLimitsDialog:
    dialog = RiskLimitsDialog(
        {None: GLOBAL, PAPER: OWN}, lambda limits, scope: saved.append((limits, scope))
    )
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.open()
    return dialog


def field(dialog: RiskLimitsDialog, name: str) -> QLineEdit:
    return child(dialog, QLineEdit, f"risk-{name}")


def press(dialog: RiskLimitsDialog, qtbot: QtBot) -> None:
    box = child(dialog, QDialogButtonBox)
    qtbot.mouseClick(box.button(QDialogButtonBox.StandardButton.Save), Qt.MouseButton.LeftButton)


def test_every_limit_there_is_can_be_edited() -> None:
    assert covered_fields() == {f.name for f in fields(RiskLimits)}


def test_shows_the_limits_and_gives_them_back_unchanged(dialog: RiskLimitsDialog) -> None:
    assert field(dialog, "max_daily_loss").text() == "500"
    assert not field(dialog, "max_order_quantity").isEnabled()
    assert dialog.limits() == GLOBAL


def test_saves_a_connections_own_limits(
    dialog: RiskLimitsDialog, qtbot: QtBot, saved: Saved
) -> None:
    child(dialog, QComboBox).setCurrentIndex(1)
    assert field(dialog, "max_order_quantity").text() == "10"
    field(dialog, "max_order_quantity").setText("25.5")
    field(dialog, "banned").setText("amc, bbby amc")
    press(dialog, qtbot)
    [(limits, scope)] = saved
    assert scope == PAPER
    assert limits.max_order_quantity == Decimal("25.5")
    assert limits.banned == ("AMC", "BBBY")
    assert not dialog.isVisible()


def test_an_unticked_rule_is_off(dialog: RiskLimitsDialog, qtbot: QtBot, saved: Saved) -> None:
    for box in dialog.findChildren(QCheckBox):
        if box.text() == "Daily loss at most":
            box.setChecked(False)
    press(dialog, qtbot)
    assert saved[0][0].max_daily_loss is None


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("max_daily_loss", "a lot", "not a number"),
        ("max_daily_loss", "-5", "more than zero"),
        ("max_daily_loss", "NaN", "more than zero"),
        ("max_open_orders", "2.5", "whole number"),
    ],
)
def test_nonsense_keeps_the_dialog_open_and_saves_nothing(
    dialog: RiskLimitsDialog, qtbot: QtBot, saved: Saved, name: str, text: str, hint: str
) -> None:
    field(dialog, name).setText(text)
    press(dialog, qtbot)
    problem = child(dialog, QLabel, "problem")
    assert hint in problem.text()
    assert dialog.isVisible()
    assert saved == []


def test_a_failed_save_is_told_and_loses_nothing(qtbot: QtBot) -> None:
    def full_disk(limits: RiskLimits, scope: ConnectionId | None) -> None:
        raise StoreError("the disk is full")

    dialog = RiskLimitsDialog({None: GLOBAL}, full_disk)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.open()
    press(dialog, qtbot)
    problem = child(dialog, QLabel, "problem")
    assert problem.text() == "the disk is full"
    assert dialog.isVisible()
    assert dialog.limits() == GLOBAL

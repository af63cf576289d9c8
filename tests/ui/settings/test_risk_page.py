"""Settings > Risk Limits: for all and for each, entered on purpose, raised only after asking."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QListWidget

from app.domain.order_types import OrderStatus
from app.domain.risk_limits import RiskLimits
from app.engine.connections import Connections
from app.store.settings import NO_LIMITS
from app.ui.settings.risk_page import RiskPage
from app.ui.widgets.mode_band import ModeBand
from tests.ui.find import child
from tests.ui.settings.opened import Opened
from tests.ui.shell.conftest import PAPER, Driver

K = Qt.Key
Open = Callable[[str], Opened]


class Risk:
    def __init__(self, at: Opened) -> None:
        self.at = at
        page = at.dialog.page("risk")
        assert isinstance(page, RiskPage)
        self.page = page

    def field(self, name: str) -> QLineEdit:
        return child(self.page, QLineEdit, f"risk-{name}")

    def switch(self, title: str) -> None:
        [box] = [b for b in self.page.findChildren(QCheckBox) if b.text() == title]
        self.at.key(box, K.Key_Space)


@pytest.fixture
def risk(opened: Open) -> Risk:
    return Risk(opened("risk"))


def test_every_limit_there_is_can_be_edited(risk: Risk) -> None:
    names = {field.objectName() for field in risk.page.findChildren(QLineEdit)}
    assert {f"risk-{one.name}" for one in fields(RiskLimits)} <= names


def test_the_menu_leads_to_the_page(driver: Driver) -> None:
    at = Opened(driver, "general")
    driver._on_loop(lambda: driver.desk.run("tools.edit_risk_limits"))
    driver.until(lambda: at.dialog.current_page() == "risk")


def test_a_limit_holds_with_enter_and_not_while_it_is_typed(risk: Risk) -> None:
    field = risk.field("max_order_value")
    risk.at.type(field, "100", end=None)
    assert risk.at.held.risk.max_order_value == Decimal(250_000)
    risk.at.key(field, K.Key_Return)
    assert risk.at.held.risk.max_order_value == risk.at.stored.risk.max_order_value == Decimal(100)
    assert any("saved and hold" in text for text in risk.at.driver.said())


def test_a_limit_holds_when_its_field_is_left(risk: Risk) -> None:
    field = risk.field("max_open_orders")
    risk.at.type(field, "7", end=K.Key_Tab)
    assert risk.at.stored.risk.max_open_orders == 7


def test_esc_takes_back_what_was_typed(risk: Risk) -> None:
    field = risk.field("max_order_value")
    risk.at.type(field, "1", end=K.Key_Escape)
    assert field.text() == "250000"
    assert risk.at.dialog.isVisible()
    risk.at.key(field, K.Key_Escape)
    risk.at.gone()
    assert risk.at.held.risk.max_order_value == Decimal(250_000)


@pytest.mark.parametrize(("typed", "said"), [("lots", "not a number"), ("-1", "more than zero")])
def test_what_makes_no_sense_is_said_and_changes_nothing(risk: Risk, typed: str, said: str) -> None:
    risk.at.type(risk.field("max_order_value"), typed)
    assert said in risk.page.problem()
    assert "Nothing was changed" in risk.page.problem()
    assert risk.at.stored.risk.max_order_value == Decimal(250_000)


def test_a_slip_in_one_field_keeps_no_other_limit_from_holding(risk: Risk) -> None:
    wrong = risk.field("max_order_value")
    risk.at.type(wrong, "lots")
    risk.at.type(risk.field("price_collar_percent"), "x")
    assert "Largest order value" in risk.page.problem()
    assert "Price at most" in risk.page.problem()
    assert (wrong.property("wrong"), "not a number" in wrong.toolTip()) == (True, True)
    risk.at.type(risk.field("max_open_orders"), "7")
    assert risk.at.stored.risk.max_open_orders == 7
    assert risk.at.stored.risk.max_order_value == Decimal(250_000)
    assert wrong.text() == "lots"
    assert "Largest order value" in risk.page.problem()
    assert "Nothing was changed" not in risk.page.problem()
    risk.at.key(wrong, K.Key_Escape)
    assert (wrong.text(), wrong.property("wrong"), risk.page.problem()) == ("250000", False, "")


def test_a_switch_takes_a_limit_off_and_waits_for_a_value_to_put_one_on(risk: Risk) -> None:
    risk.switch("Open orders at most")
    assert risk.at.stored.risk.max_open_orders is None
    risk.switch("Daily loss at most")
    assert "enter a value" in risk.page.problem()
    assert risk.at.stored.risk.max_daily_loss is None
    risk.at.type(risk.field("max_daily_loss"), "500")
    assert risk.at.stored.risk.max_daily_loss == Decimal(500)
    assert risk.page.problem() == ""


def test_symbols_are_banned_for_one_connection(risk: Risk) -> None:
    scopes = child(risk.page, QComboBox, "risk_scope")
    assert [scopes.itemText(n) for n in range(scopes.count())] == [
        "All connections",
        "Connection paper",
    ]
    risk.at.driver._on_loop(lambda: risk.page.choose_scope(PAPER))
    risk.at.type(risk.field("banned"), "gme, amc")
    assert risk.at.stored.connection_risk[PAPER].banned == ("GME", "AMC")
    assert risk.at.stored.risk.banned == ()
    together = child(risk.page, QLabel, "risk_together").text()
    assert "never trade AMC GME" in together
    assert "250\u202f000" in together


def test_a_limit_set_in_the_window_stops_the_next_order(driver: Driver) -> None:
    driver.connect()
    risk = Risk(Opened(driver, "risk"))
    risk.at.type(risk.field("max_order_value"), "1")
    risk.at.close()
    driver.desk.arming.arm()
    driver._on_loop(lambda: driver.desk.run("trading.buy_market"))
    driver.until(lambda: [o.status for o in driver.orders()] == [OrderStatus.DENIED])
    assert "1 " in driver.orders()[0].reason


def _as_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """The accounts of the paper broker say that they are live."""
    monkeypatch.setattr(Connections, "is_paper", lambda _self, _id: False)


def _lines(at: Opened) -> Sequence[str]:
    shown = child(at.asked(), QListWidget, "confirm_lines")
    return [shown.item(row).text() for row in range(shown.count())]


def test_raising_a_limit_of_a_live_account_asks_once(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.connect()
    _as_live(monkeypatch)
    risk = Risk(Opened(driver, "risk"))
    at, field = risk.at, risk.field("max_order_value")
    at.type(field, "500000")
    assert _lines(at) == [
        "Largest order value: 250\u202f000 in instrument currency →"
        " 500\u202f000 in instrument currency"
    ]
    assert child(at.asked(), ModeBand).property("mode") == "live"
    at.answer(yes=False)
    driver.until(lambda: field.text() == "250000")
    assert at.held.risk.max_order_value == Decimal(250_000)
    at.type(field, "500000")
    at.answer(yes=True)
    driver.until(lambda: at.stored.risk.max_order_value == Decimal(500_000))
    at.type(field, "1000")
    assert at.stored.risk.max_order_value == Decimal(1000), "a stricter limit asks nobody"
    assert at.stored.connection_risk.get(PAPER, NO_LIMITS) == NO_LIMITS


def test_raising_a_limit_on_paper_asks_nobody(driver: Driver) -> None:
    driver.connect()
    risk = Risk(Opened(driver, "risk"))
    risk.at.type(risk.field("max_order_value"), "500000")
    assert risk.at.stored.risk.max_order_value == Decimal(500_000)


def test_limits_that_were_written_into_the_file_are_shown_before_any_is_saved(risk: Risk) -> None:
    path = risk.at.driver.desk.settings_store.path
    was = path.read_text()
    path.write_text(re.sub(r"(?m)^max_open_orders = \d+", "max_open_orders = 7", was))
    risk.at.type(risk.field("max_order_value"), "100")
    assert risk.at.stored.risk.max_open_orders == 7
    assert risk.at.held.risk.max_open_orders == 7
    assert risk.at.stored.risk.max_order_value != 100
    assert risk.field("max_open_orders").text() == "7"
    said = [label.text() for label in risk.page.findChildren(QLabel)]
    assert any("changed outside" in text and "Nothing was saved" in text for text in said)
    risk.at.type(risk.field("max_order_value"), "100")
    assert risk.at.stored.risk.max_order_value == 100
    assert risk.at.stored.risk.max_open_orders == 7

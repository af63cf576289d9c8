from __future__ import annotations

from decimal import Decimal

from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QLineEdit

from app.domain.order_types import OrderStatus
from app.ui.dialogs.risk_limits import RiskLimitsDialog
from tests.ui.find import child
from tests.ui.shell.conftest import Driver


def test_a_limit_set_in_the_window_is_saved_and_stops_the_next_order(driver: Driver) -> None:
    driver.connect()
    driver.desk.run("tools.edit_risk_limits")
    dialog = child(driver.window, RiskLimitsDialog)
    scopes = child(dialog, QComboBox, "risk-scope")
    assert scopes.itemText(0) == "All connections"
    child(dialog, QLineEdit, "risk-max_order_value").setText("1")
    save = child(dialog, QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save)
    driver._on_loop(save.click)
    driver.until(lambda: any("saved and hold" in text for text in driver.said()))
    assert driver.engine.settings.risk.max_order_value == Decimal(1)
    assert driver.desk.settings_store.load().risk.max_order_value == Decimal(1)
    driver.desk.arming.arm()
    driver._on_loop(lambda: driver.desk.run("trading.buy_market"))
    driver.until(lambda: [o.status for o in driver.orders()] == [OrderStatus.DENIED])
    assert "1 " in driver.orders()[0].reason

"""What the screen says when things go wrong: an answer that got lost, a line that is down."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.domain.order_types import OrderStatus
from tests.ui.shell.conftest import ALT, CTRL, PAPER, SHIFT, Driver
from tests.ui.stages_acting import Act, Stage, asked, panel, run

K = Qt.Key


def _unknown(driver: Driver) -> QWidget:
    """An order that may or may not have arrived."""
    driver.do(_control(driver, "replay.pause"))  # a price that moved would fill it
    for fault in ("lose_answer", "drop_ack"):
        driver.do(_control(driver, "faults.set", name=fault, on=True))
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.press(K.Key_J, CTRL | ALT)
    driver.until(lambda: any(o.status is OrderStatus.UNKNOWN for o in driver.orders()))
    return panel("orders")(driver)


async def _control(driver: Driver, command: str, **values: Any) -> None:
    await driver.engine.connections.call(PAPER, lambda broker: broker.control(command, **values))


def _unknown_detail(driver: Driver) -> QWidget:
    panel("orders")(driver)
    driver.press(K.Key_Home)
    driver._on_loop(lambda: driver.desk.run("orders.show_detail"))
    return driver.window


def _cut(driver: Driver) -> QWidget:
    driver.do(driver.engine.connections.disconnect(PAPER))
    return panel("positions")(driver)


TROUBLE = Act(
    (
        Stage("unknown-order", _unknown),
        Stage("unknown-detail", _unknown_detail),
        Stage("write-off", asked(run("orders.write_off"))),
        Stage("disconnected", _cut),
        *(Stage(f"disconnected-{name}", panel(name)) for name in ("ticket", "account", "chart")),
    )
)

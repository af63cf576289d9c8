"""The chosen size in the whole window: what a key would send, or why nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt

from app.domain.instrument import Instrument
from app.domain.sizing import parse_size
from app.ui.hud import HudStrip, Line
from app.ui.widgets.number_edit import NumberEdit
from tests.ui.shell.conftest import ALT, CTRL, PAPER, Driver

K = Qt.Key


@pytest.fixture
def money(driver: Driver) -> Driver:
    """At a market that stands still; the first preset is money."""
    driver.connect()
    driver.do(driver.engine.connections.call(PAPER, lambda b: b.control("replay.pause")))
    assert driver.desk.save_setting("trading", "size_presets", ["$5000", "25"])
    driver.window.setFocus()
    driver.press(K.Key_1, CTRL)
    return driver


def line(driver: Driver, name: str) -> str:
    driver.child(HudStrip, "hud").refresh()
    return driver.child(Line, f"hud-{name}").text()


def instrument(driver: Driver, name: str) -> Instrument:
    """One of the watchlist's."""
    driver.until(lambda: len(driver.engine.instruments.all()) > 2)
    return next(one for one in driver.engine.instruments.all() if one.symbol.startswith(name))


def test_money_is_other_units_in_another_instrument(money: Driver) -> None:
    field = money.child(NumberEdit, "ticket-quantity")
    shares = field.value()
    assert shares is not None
    assert line(money, "what") == f"INDA  ·  size {shares} ($5000)"
    other = instrument(money, "BTC")
    money.desk.select(instrument=other)
    money.until(field.value)
    coins = field.value()
    assert coins is not None
    assert coins < 1 < shares
    assert line(money, "what") == f"{other.symbol}  ·  size {coins.normalize():f} ($5000)"
    money.desk.run("trading.arm_keys")
    money.press(K.Key_J, CTRL | ALT)
    money.until(money.orders)
    [order] = money.orders()
    assert (order.request.instrument.key, order.request.quantity) == (other.key, coins)
    money.desk.select(instrument=instrument(money, "6E"))  # a contract of 125,000 euros
    money.until(lambda: "the least is 1" in line(money, "would"))
    assert line(money, "what").endswith("size — ($5000)")
    assert field.value() is None
    money.press(K.Key_J, CTRL | ALT)
    assert any("the least is 1: choose a larger size" in text for text in money.said())
    assert len(money.orders()) == 1


def test_it_is_still_money_after_a_restart(money: Driver, start: Callable[[], Driver]) -> None:
    assert money.desk.size_choice == parse_size("$5000")
    again = start()
    assert again.desk.size_choice == parse_size("$5000")
    assert again.child(NumberEdit, "ticket-quantity").value() is None
    assert again.desk.size == 0  # nobody knows what it means before there is a quote
    again.connect()
    again.until(again.child(NumberEdit, "ticket-quantity").value)


def test_nonsense_in_the_field_is_said_on_the_strip_and_no_key_sends(money: Driver) -> None:
    money.desk.run("trading.arm_keys")
    field = money.child(NumberEdit, "ticket-quantity")
    field.setFocus()
    field.selectAll()
    money.write("5X")
    assert field.text() == "5x".upper()
    assert line(money, "what") == "INDA  ·  size not valid"
    assert "keys send nothing: the size in the ticket is not valid (5X)" in line(money, "would")
    money.window.setFocus()
    for key in (K.Key_B, K.Key_J, K.Key_H):
        money.press(key, CTRL | ALT)
        assert "the size in the ticket is not valid (5X)" in money.said()[-1]
    assert money.orders() == []
    money.press(K.Key_2, CTRL)
    assert (field.value(), line(money, "what")) == (Decimal(25), "INDA  ·  size 25")


def test_an_old_quote_leaves_a_dash_with_the_reason(money: Driver) -> None:
    settings = money.engine.settings
    risk = replace(settings.risk, quote_max_age_s=0.000001)
    money.engine.apply_settings(replace(settings, risk=risk))
    assert line(money, "what") == "INDA  ·  size — ($5000)"
    assert line(money, "would") == "old quote: keys send nothing"

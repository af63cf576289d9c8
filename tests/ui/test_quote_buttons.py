from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.domain.instrument import AssetClass, Instrument
from app.domain.market import DataKind, Quote
from app.ui.widgets.quote_buttons import QuoteButtons
from tests.ui.find import child

EUR = Instrument("6EH4", AssetClass.FUTURE, "USD", tick_size=Decimal("0.00005"))
NAN = float("nan")


def quote(**changes: Any) -> Quote:
    fields: dict[str, Any] = {
        "instrument": EUR.key,
        "bid": 1.0914,
        "ask": 1.09145,
        "bid_size": 12.0,
        "ask_size": 3400.0,
        "last": 1.0914,
        "at": datetime(2024, 1, 22, tzinfo=UTC),
        "received": 0.0,
    }
    return Quote(**{**fields, **changes})


@pytest.fixture
def buttons(qtbot: QtBot) -> QuoteButtons:
    buttons = QuoteButtons()
    qtbot.addWidget(buttons)
    buttons.show()
    return buttons


def text(buttons: QuoteButtons, side: str) -> str:
    return child(buttons, QPushButton, f"ticket-{side}").text()


@pytest.mark.parametrize("kind", [DataKind.DELAYED, DataKind.FROZEN])
def test_what_is_no_live_market_says_so(buttons: QuoteButtons, kind: DataKind) -> None:
    buttons.show_quote(EUR, quote(kind=kind))
    assert text(buttons, "bid") == f"BID  1.09140\n12  {kind.name}"


def test_price_and_size_of_both_sides_with_the_ticks_decimals(buttons: QuoteButtons) -> None:
    buttons.show_quote(EUR, quote())
    assert text(buttons, "bid") == "BID  1.09140\n12"
    assert text(buttons, "ask") == "ASK  1.09145\n3\u202f400"
    assert buttons.price("bid") == Decimal("1.09140")
    assert child(buttons, QPushButton, "ticket-ask").accessibleName().startswith("ASK  1.09145, ")


def test_a_click_picks_the_price_on_the_tick(buttons: QuoteButtons, qtbot: QtBot) -> None:
    buttons.show_quote(EUR, quote(ask=1.0914512))
    with qtbot.waitSignal(buttons.picked) as heard:
        qtbot.mouseClick(child(buttons, QPushButton, "ticket-ask"), Qt.MouseButton.LeftButton)
    assert heard.args == [Decimal("1.09145")]


@pytest.mark.parametrize("unknown", [None, quote(bid=NAN, bid_size=NAN)])
def test_a_side_that_is_not_known_is_a_dash_and_cannot_be_picked(
    buttons: QuoteButtons, qtbot: QtBot, unknown: Quote | None
) -> None:
    buttons.show_quote(EUR, quote())
    buttons.show_quote(EUR, unknown)
    assert text(buttons, "bid") == "BID\n—"
    assert buttons.price("bid") is None
    with qtbot.assertNotEmitted(buttons.picked):
        qtbot.mouseClick(child(buttons, QPushButton, "ticket-bid"), Qt.MouseButton.LeftButton)


def test_an_old_quote_says_its_age_and_fades(buttons: QuoteButtons) -> None:
    buttons.show_quote(EUR, quote(), 75.0)
    assert text(buttons, "bid") == "BID  1.09140\n1\u202fmin old"
    assert child(buttons, QPushButton, "ticket-bid").property("old") is True
    buttons.show_quote(EUR, quote())
    assert child(buttons, QPushButton, "ticket-bid").property("old") is False
    assert "old" not in text(buttons, "bid")

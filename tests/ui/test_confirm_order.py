from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.groups import bracket
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderRequest
from app.ui.dialogs.confirm_order import ConfirmOrderDialog, order_facts
from app.ui.widgets.enter_guard import QUIET_S
from app.ui.widgets.send_button import AIM_GRACE_S
from tests.ui.find import child

INDA = Instrument("INDA", AssetClass.ETF, "USD")
K = Qt.Key


def entry(side: Side = Side.BUY) -> OrderRequest:
    terms = (side, OrderType.LIMIT, Decimal(100), Decimal("44.65"))
    return OrderRequest(ConnectionId("ib"), AccountId("U1"), INDA, *terms)


def opened(
    qtbot: QtBot, requests: list[OrderRequest], *, is_paper: bool, is_armed: bool = False
) -> ConfirmOrderDialog:
    facts = [("Account", "U1"), ("Estimated value", "4465.00 USD")]
    dialog = ConfirmOrderDialog(requests, facts, is_paper=is_paper, is_armed=is_armed)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitExposed(dialog)
    return dialog


def texts(dialog: ConfirmOrderDialog) -> list[str]:
    return [label.text() for label in dialog.findChildren(QLabel)]


@pytest.mark.parametrize(("is_paper", "word"), [(True, "PAPER"), (False, "LIVE")])
def test_says_whose_money_it_is(qtbot: QtBot, is_paper: bool, word: str) -> None:
    dialog = opened(qtbot, [entry()], is_paper=is_paper)
    assert dialog.windowTitle() == f"Confirm {word} order"
    badge = child(dialog, QLabel, "mode-badge")
    assert badge.text() == f"{word} — U1"
    assert badge.property("mode") == word.lower()


def test_shows_every_order_and_every_fact(qtbot: QtBot) -> None:
    group = bracket(entry(), Decimal(46), Decimal(44))
    dialog = opened(qtbot, group, is_paper=True)
    assert "BUY 100 INDA LMT 44.65 DAY" in texts(dialog)
    assert "SELL 100 INDA LMT 46.00 DAY" in texts(dialog)
    assert "SELL 100 INDA STP 44.00 DAY" in texts(dialog)
    assert "4465.00 USD" in texts(dialog)
    assert child(dialog, QPushButton, "confirm-send").text() == "Buy 100 INDA"


def test_enter_confirms_what_was_shown_once(qtbot: QtBot) -> None:
    requests = [entry(Side.SELL)]
    dialog = opened(qtbot, requests, is_paper=True)
    heard: list[tuple[object, bool]] = []
    dialog.confirmed.connect(lambda *said: heard.append(said))
    pass_time(dialog, QUIET_S + 0.01)
    qtbot.keyClick(dialog, K.Key_Return)
    qtbot.keyClick(dialog, K.Key_Return)
    assert heard == [(requests, True)]
    assert not dialog.isVisible()


@pytest.mark.parametrize("name", ["confirm-order", "confirm-send"])
def test_a_key_held_from_before_confirms_nothing(qtbot: QtBot, name: str) -> None:
    dialog = opened(qtbot, [entry()], is_paper=True)
    target = dialog if name == "confirm-order" else child(dialog, QPushButton, name)
    with qtbot.assertNotEmitted(dialog.confirmed):
        for _ in range(5):
            none = Qt.KeyboardModifier.NoModifier
            held = QKeyEvent(QKeyEvent.Type.KeyPress, K.Key_Return, none, "", autorep=True)
            QApplication.sendEvent(target, held)
    assert dialog.isVisible()


def pass_time(dialog: ConfirmOrderDialog, seconds: float) -> None:
    """As if so much time had gone by for the guard of the dialog."""
    guard = dialog.guard
    assert guard is not None
    now = guard.now()
    guard.now = lambda: now + seconds


def test_a_click_that_was_aimed_before_it_appeared_confirms_nothing(qtbot: QtBot) -> None:
    dialog = opened(qtbot, [entry()], is_paper=True, is_armed=True)
    send = child(dialog, QPushButton, "confirm-send")
    left = Qt.MouseButton.LeftButton
    with qtbot.assertNotEmitted(dialog.confirmed):
        qtbot.mouseClick(send, left)
    qtbot.wait(round(AIM_GRACE_S * 1000) + 50)
    with qtbot.waitSignal(dialog.confirmed):
        qtbot.mouseClick(send, left)


def test_armed_the_next_enter_is_the_answer(qtbot: QtBot) -> None:
    dialog = opened(qtbot, [entry()], is_paper=True, is_armed=True)
    with qtbot.waitSignal(dialog.confirmed):
        qtbot.keyClick(dialog, K.Key_Return)


def test_hands_that_never_rest_confirm_nothing(qtbot: QtBot) -> None:
    dialog = opened(qtbot, [entry()], is_paper=True)
    send = child(dialog, QPushButton, "confirm-send")
    left = Qt.MouseButton.LeftButton
    qtbot.wait(round(AIM_GRACE_S * 1000) + 50)  # the button itself takes clicks by now
    guard = dialog.guard
    assert guard is not None
    start, steps = guard.now(), 0
    guard.now = lambda: start + steps * QUIET_S * 0.9
    with qtbot.assertNotEmitted(dialog.confirmed):
        for steps in range(2, 30):
            match steps % 4:
                case 0:
                    qtbot.keyClick(dialog, K.Key_Return)
                case 1:
                    qtbot.mouseClick(send, left)
                case 2:
                    qtbot.keyClick(dialog, K.Key_A)
                case _:
                    qtbot.mouseClick(dialog, left)
    pass_time(dialog, QUIET_S + 0.01)
    with qtbot.waitSignal(dialog.confirmed):
        qtbot.mouseClick(send, left)


def test_esc_and_cancel_drop_it(qtbot: QtBot) -> None:
    for drop in (
        lambda d: qtbot.keyClick(d, K.Key_Escape),
        lambda d: [b.click() for b in d.findChildren(QPushButton) if b.text().endswith("Cancel")],
    ):
        dialog = opened(qtbot, [entry()], is_paper=True)
        with qtbot.assertNotEmitted(dialog.confirmed):
            drop(dialog)
        assert not dialog.isVisible()


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"order_type": OrderType.MARKET}, {"Type": "Market"}),
        ({"limit_price": Decimal("44.65")}, {"Type": "Limit", "Limit price": "44.65"}),
        (
            {
                "order_type": OrderType.STOP_LIMIT,
                "limit_price": Decimal(44),
                "stop_price": Decimal("44.1"),
            },
            {"Type": "Stop limit", "Stop price": "44.10", "Limit price": "44.00"},
        ),
        (
            {"order_type": OrderType.TRAILING_STOP, "trail_amount": Decimal("0.5")},
            {"Type": "Trailing stop", "Trail": "0.50"},
        ),
    ],
)
def test_every_term_stands_by_itself(terms: dict[str, object], said: dict[str, str]) -> None:
    plain = replace(entry(), limit_price=None, quantity=Decimal(1500))
    facts = dict(order_facts(replace(plain, **terms)))  # type: ignore[arg-type]  # fields by name
    assert facts == {
        "Account": "U1",
        "Connection": "ib",
        "Side": "Buy",
        "Quantity": "1\u202f500",
        "Symbol": "INDA",
        **said,
        "Time in force": "DAY",
        "Outside regular hours": "no",
    }

"""Positions and accounts on the real engine with the paper broker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt

from app.commands import position_rows
from app.domain.events import AccountChanged, PositionView
from app.domain.instrument import Instrument
from app.domain.order_events import OrderFilled
from app.domain.order_types import Side
from app.domain.reports import Balance, Unavailable
from app.ui import format as fmt
from app.ui.models.positions import position_key
from app.ui.panels.account import AccountPanel
from app.ui.panels.executions import ExecutionsPanel
from app.ui.panels.positions import PositionsPanel
from tests.ui.table_desk import PAPER, TableDesk, begin, table_desk, texts

__all__ = ["begin", "table_desk"]  # fixtures


@pytest.fixture
def desk(table_desk: TableDesk) -> TableDesk:
    table_desk.start()
    return table_desk


def _held(desk: TableDesk, instrument: Instrument) -> Decimal:
    view = desk.engine.portfolio.position(PAPER, desk.account, instrument.key)
    return Decimal(0) if view is None else view.quantity


def _buy(desk: TableDesk, panel: PositionsPanel, quantity: int = 10) -> PositionView:
    instrument = desk.quoted("INDA")
    desk.order(instrument, quantity=Decimal(quantity))
    desk.until(lambda: texts(panel, "quantity") == [f"+{quantity}"])
    view = desk.engine.portfolio.position(PAPER, desk.account, instrument.key)
    assert view is not None
    return view


def test_a_fill_makes_a_position_and_its_button_closes_it(desk: TableDesk) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel)
    assert texts(panel, "close") == ["Close"]
    desk.until(lambda: texts(panel, "mark") != [fmt.UNKNOWN])
    desk.click(panel, position_key(view), "close")
    desk.until(lambda: _held(desk, view.instrument) == 0)
    desk.until(lambda: texts(panel, "quantity") == [])
    question, lines = desk.window.asked[0]
    assert question == "Close INDA: Close this position at the market?"
    assert lines[0].startswith("Position: long 10 INDA")
    desk.until(lambda: any(text.startswith("Close INDA") for text in desk.said()))


def test_a_click_closes_only_after_a_yes_and_unasked_where_the_settings_say_so(
    desk: TableDesk,
) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel)
    desk.window.says_yes = False
    desk.click(panel, position_key(view), "close")
    desk.until(lambda: "called off, nothing was sent" in (desk.said() or [""])[-1])
    assert _held(desk, view.instrument) == 10
    desk.act(lambda: desk.desk.save_setting("trading", "confirm_close_by_click", False))
    desk.click(panel, position_key(view), "close")
    desk.until(lambda: _held(desk, view.instrument) == 0)
    assert len(desk.window.asked) == 1


def test_closed_positions_are_shown_on_request_and_count_in_the_totals(desk: TableDesk) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel)
    panel.table.select_key(position_key(view))
    desk.press(panel.table, Qt.Key.Key_Delete)
    desk.rest(0.05)
    assert desk.said()[-1].startswith("Del closes nothing: Ctrl+Shift+F12 closes")
    desk.act(lambda: desk.desk.run("trading.close_selected_positions"))
    desk.until(lambda: texts(panel, "quantity") == [])
    assert desk.window.asked == []  # a key is no slip of the mouse
    desk.until(lambda: "Realized" in panel.totals.text())
    realized = desk.engine.portfolio.positions(include_flat=True)[0].realized
    desk.until(lambda: f"Realized {fmt.profit(realized)}" in panel.totals.text())
    state = panel.save_state()
    assert state["flat"] is False
    panel.restore_state({"flat": True})
    assert texts(panel, "quantity") == ["0"]
    assert texts(panel, "close") == [""]


def test_a_part_is_closed_from_the_menu(desk: TableDesk) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel, 100)
    panel.table.select_key(position_key(view))
    menu = panel.table.make_menu()
    quarter = next(a for a in menu.actions() if a.text() == "Close ¼")
    desk.act(quarter.trigger)
    desk.until(lambda: _held(desk, view.instrument) == 75)
    menu.deleteLater()


def test_reverse_asks_first_and_then_goes_the_other_way(desk: TableDesk) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel)
    desk.window.says_yes = False
    desk.click(panel, position_key(view), "reverse")
    desk.until(lambda: "called off" in desk.said()[-1])
    assert _held(desk, view.instrument) == 10
    question, lines = desk.window.asked[0]
    assert "go short 10" in question
    assert lines[0].startswith("Position: long 10 INDA")
    desk.window.says_yes = True
    desk.click(panel, position_key(view), "reverse")
    desk.until(lambda: _held(desk, view.instrument) == -10)
    desk.until(lambda: texts(panel, "quantity") == ["−10"])


def test_an_unverified_position_is_shaded_and_closed_only_on_the_traders_word(
    desk: TableDesk,
) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel)
    failed = Unavailable("no answer", desk.engine.clock.now())
    desk.act(lambda: desk.engine.portfolio.on_positions(PAPER, failed))
    desk.until(lambda: texts(panel, "verified")[0].startswith("⚠ unverified"))
    desk.window.says_yes = False
    desk.click(panel, position_key(view), "close")
    desk.until(lambda: "called off, nothing was sent" in (desk.said() or [""])[-1])
    assert ["has not confirmed" in question for question, _ in desk.window.asked] == [True]
    assert _held(desk, view.instrument) == 10
    desk.window.says_yes = True
    desk.click(panel, position_key(view), "close")
    desk.until(lambda: _held(desk, view.instrument) == 0)


def test_flatten_cancels_the_orders_too(desk: TableDesk) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel)
    resting = desk.resting(view.instrument, quantity=Decimal(5))
    panel.table.select_key(position_key(view))
    desk.act(lambda: desk.desk.run("trading.flatten_selected_position"))
    desk.until(lambda: _held(desk, view.instrument) == 0)
    desk.until(lambda: desk.now(resting).status.is_closed)


def test_enter_shows_the_instrument_on_the_desk(desk: TableDesk) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel)
    panel.table.select_key(position_key(view))
    desk.press(panel.table, Qt.Key.Key_Return)
    assert desk.desk.selection.instrument == view.instrument
    assert desk.desk.selection.account_id == desk.account


# -- executions ----------------------------------------------------------------------------------


def test_executions_come_newest_first_and_can_be_filtered(desk: TableDesk) -> None:
    panel = desk.panel(ExecutionsPanel)
    instrument = desk.quoted("INDA")
    desk.order(instrument, quantity=Decimal(1))
    desk.until(lambda: texts(panel, "quantity") == ["1"])
    desk.order(instrument, quantity=Decimal(2))
    desk.until(lambda: texts(panel, "quantity") == ["2", "1"])
    desk.order(instrument, Side.SELL, quantity=Decimal(3))
    desk.until(lambda: texts(panel, "quantity") == ["3", "2", "1"])
    assert texts(panel, "side")[0] == "Sell"
    panel.focus_filter()
    panel.filter.field.setText("nothing")
    desk.until(lambda: texts(panel, "quantity") == [])
    assert "“nothing”" in panel.table.empty_text
    assert panel.filter.count.text() == "0 of 3 shown"
    panel.filter.field.setText("inda side:buy")
    desk.until(lambda: texts(panel, "quantity") == ["2", "1"])
    desk.press(panel.filter.field, Qt.Key.Key_Escape)
    assert len(texts(panel, "quantity")) == 3


def test_a_correction_replaces_the_execution_it_corrects(desk: TableDesk) -> None:
    panel = desk.panel(ExecutionsPanel)
    order = desk.order(desk.quoted("INDA"), quantity=Decimal(4))
    desk.until(lambda: texts(panel, "quantity") == ["4"])
    [fill] = desk.now(order).fills
    corrected = replace(fill, price=fill.price + 1, revision=fill.revision + 1)
    desk.record(
        OrderFilled(
            client_order_id=order.client_order_id,
            at=fill.at + timedelta(seconds=1),
            execution=corrected,
        )
    )
    desk.until(lambda: texts(panel, "price") == [fmt.price(fill.instrument, corrected.price)])
    assert texts(panel, "quantity") == ["4"]


# -- account -------------------------------------------------------------------------------------


def test_the_account_shows_what_the_broker_told(desk: TableDesk) -> None:
    panel = desk.panel(AccountPanel)
    [view] = desk.engine.portfolio.accounts()
    assert texts(panel, "mode") == ["PAPER"] * panel.model.rowCount()
    assert texts(panel, "account")[0] == view.report.account_id
    balance = next(b for b in view.report.balances if b.currency == view.report.base_currency)
    assert texts(panel, "cash")[0] == fmt.money(balance.cash)
    assert not texts(panel, "verified")[0].startswith("⚠")


def test_a_currency_that_is_gone_leaves_the_table(desk: TableDesk) -> None:
    panel = desk.panel(AccountPanel)
    [view] = desk.engine.portfolio.accounts()
    more = (*view.report.balances, Balance("CHF", Decimal(5)))
    with_francs = replace(view, report=replace(view.report, balances=more))
    desk.engine.bus.publish(AccountChanged(with_francs))
    assert "CHF" in texts(panel, "currency")
    desk.engine.bus.publish(AccountChanged(replace(view, is_verified=False)))
    assert "CHF" not in texts(panel, "currency")
    assert texts(panel, "verified")[0].startswith("⚠ unverified")


def test_accounts_have_a_total_in_the_base_currency_of_the_settings(desk: TableDesk) -> None:
    panel = desk.panel(AccountPanel)
    [view] = desk.engine.portfolio.accounts()
    assert panel.totals.text() == ""  # one row is its own total
    general = replace(desk.engine.settings.general, base_currency="EUR")
    desk.engine.apply_settings(replace(desk.engine.settings, general=general))
    desk.act(panel.on_second)
    assert "PAPER total in EUR: " in panel.totals.text()
    assert "Net liquidation —" in panel.totals.text()
    desk.engine.portfolio.set_rate("USD", "EUR", Decimal("0.5"), "test")
    desk.act(panel.on_second)
    [balance] = view.report.balances
    assert balance.net_liquidation is not None
    half = fmt.money(balance.net_liquidation / 2)
    assert f"Net liquidation ≈ {half}" in panel.totals.text()


def test_before_any_connection_the_account_table_says_what_to_do(table_desk: TableDesk) -> None:
    panel = table_desk.panel(AccountPanel)
    assert panel.model.rowCount() == 0
    assert "Connect under Connections" in panel.table.empty_text


def test_reverse_by_command_needs_armed_keys_until_the_question_is_answered(
    desk: TableDesk,
) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel)
    panel.table.select_key(position_key(view))
    desk.act(lambda: desk.desk.run("trading.reverse_selected_position"))
    assert "not armed" in desk.said()[-1]
    assert desk.window.asked == []
    desk.act(desk.desk.arming.arm)
    desk.window.on_ask = lambda: desk.desk.arming.disarm("the test")
    desk.act(lambda: desk.desk.run("trading.reverse_selected_position"))
    desk.until(lambda: len(desk.window.asked) == 1)
    desk.until(lambda: len([text for text in desk.said() if "not armed" in text]) == 2)
    assert _held(desk, view.instrument) == 10
    desk.window.on_ask = None
    desk.act(desk.desk.arming.arm)
    desk.act(lambda: desk.desk.run("trading.reverse_selected_position"))
    desk.until(lambda: _held(desk, view.instrument) == -10)


def test_in_a_dry_run_reverse_is_only_told(desk: TableDesk) -> None:
    panel = desk.panel(PositionsPanel)
    view = _buy(desk, panel)
    desk.act(lambda: desk.desk.dry_run.set(True))
    desk.click(panel, position_key(view), "reverse")
    desk.until(lambda: any("DRY RUN: would close 10 INDA long" in text for text in desk.said()))
    assert desk.window.asked == []
    assert _held(desk, view.instrument) == 10


def test_nothing_is_closed_where_nothing_is_held(desk: TableDesk) -> None:
    panel = desk.panel(PositionsPanel)
    desk.act(lambda: desk.desk.run("trading.close_selected_positions"))
    assert "select an open position" in desk.said()[-1]
    view = _buy(desk, panel)
    flat = replace(view, quantity=Decimal(0))
    desk.do(position_rows.close_positions(desk.desk, [flat]))
    assert desk.said()[-1] == "Close: none of these positions is open"
    assert _held(desk, view.instrument) == 10

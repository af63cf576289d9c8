"""The watchlist on the real engine with the paper broker's replay."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt

from app.domain.events import QuotesFlushed
from app.domain.ids import ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.engine.health import ConnectionState
from app.ui import format as fmt
from app.ui import motion
from app.ui.models.watchlist import WatchRow
from app.ui.panels.watchlist import WatchlistPanel
from tests.ui.table_desk import PAPER, TableDesk, begin, table_desk, texts

__all__ = ["begin", "table_desk"]  # fixtures
ELSEWHERE = Instrument("ELSE", AssetClass.EQUITY, "USD")


@pytest.fixture
def desk(table_desk: TableDesk) -> TableDesk:
    table_desk.start()
    return table_desk


def _panel(desk: TableDesk) -> WatchlistPanel:
    """The panel with the symbols of a first start."""
    panel: list[WatchlistPanel] = []
    desk.act(lambda: panel.append(desk.panel(WatchlistPanel, 700, 300)))
    desk.until(lambda: panel[0].model.rowCount() >= 3)
    return panel[0]


def _rows(panel: WatchlistPanel) -> list[WatchRow]:
    return list(panel.model.all_rows())


def _subscribed(desk: TableDesk) -> list[str]:
    return sorted(i.symbol for i in desk.engine.market.subscribed(PAPER))


def test_a_first_start_watches_everything_the_paper_account_has(table_desk: TableDesk) -> None:
    panel = table_desk.panel(WatchlistPanel)
    assert texts(panel, "symbol") == []
    table_desk.start()
    table_desk.until(lambda: panel.model.rowCount() >= 3)
    assert "INDA" in " ".join(texts(panel, "symbol"))
    assert table_desk.desk.selection.instrument is not None
    table_desk.until(lambda: fmt.UNKNOWN not in texts(panel, "last"))
    assert set(texts(panel, "data")) <= {"REPLAY", "REPLAY, stale"}


def test_a_row_that_is_chosen_is_what_the_desk_trades(desk: TableDesk) -> None:
    panel = _panel(desk)
    row = _rows(panel)[1]
    desk.click(panel, row.key, "symbol")
    assert desk.desk.selection.instrument == row.instrument
    desk.press(panel.table, Qt.Key.Key_Up)
    assert desk.desk.selection.instrument == _rows(panel)[0].instrument
    other = _rows(panel)[2]
    desk.act(lambda: desk.desk.select(instrument=other.instrument))
    assert panel.table.selected_rows()[0].instrument == other.instrument


def test_a_click_on_bid_or_ask_picks_that_price(desk: TableDesk) -> None:
    panel = _panel(desk)
    row = _rows(panel)[0]
    desk.until(lambda: texts(panel, "ask")[0] != fmt.UNKNOWN)
    picked: list[Decimal] = []
    desk.desk.price_picked.connect(picked.append)
    desk.click(panel, row.key, "ask")
    desk.click(panel, row.key, "symbol")
    assert len(picked) == 1
    assert row.instrument.is_on_tick(picked[0])
    assert picked[0] > 0


def test_removing_lets_go_of_the_data_and_undo_brings_it_back(desk: TableDesk) -> None:
    panel = _panel(desk)
    before = _subscribed(desk)
    (row, other), order = _rows(panel)[:2], [row.key for row in _rows(panel)]
    panel.table.select_key(row.key)
    desk.press(panel.table, Qt.Key.Key_Delete)
    assert _subscribed(desk) == before  # it is traded still
    desk.act(lambda: desk.desk.select(instrument=other.instrument))
    desk.until(lambda: row.instrument.symbol not in _subscribed(desk))
    assert len(texts(panel, "symbol")) == len(before) - 1
    assert "Removed" in desk.said()[-1]
    desk.act(desk.desk.undo.undo)
    desk.until(lambda: _subscribed(desk) == before)
    assert [row.key for row in _rows(panel)] == order
    assert not panel.bring_back([row], order)


def test_undo_forgets_a_watchlist_that_is_gone(desk: TableDesk) -> None:
    panel = _panel(desk)
    desk.act(lambda: panel.remove(_rows(panel)[:1]))
    desk.panels.remove(panel)
    panel.close()
    panel.deleteLater()
    desk.rest(0.05)
    assert desk.desk.undo.undo() is False


def test_symbols_are_kept_over_a_restart_and_an_emptied_list_stays_empty(
    begin: Callable[[], TableDesk],
) -> None:
    first = begin()
    first.start()
    panel = _panel(first)
    kept = _rows(panel)[0]
    first.act(lambda: panel.remove(_rows(panel)[1:]))
    panel.model.flush()
    state = json.loads(json.dumps(panel.save_state()))
    first.act(lambda: panel.remove(_rows(panel)))
    panel.model.flush()
    emptied = json.loads(json.dumps(panel.save_state()))

    second = begin()
    again = second.panel(WatchlistPanel)
    again.restore_state(state)
    assert [row.instrument for row in _rows(again)] == [kept.instrument]
    second.start()
    second.until(lambda: _subscribed(second) == [kept.instrument.symbol])
    second.quoted(kept.instrument.symbol)
    second.until(lambda: texts(again, "last") != [fmt.UNKNOWN])

    third = begin()
    empty = third.panel(WatchlistPanel)
    empty.restore_state(emptied)
    third.start()
    third.rest(0.3)
    assert texts(empty, "symbol") == []
    assert "Ctrl+K" in empty.table.empty_text


def test_damaged_entries_of_a_state_are_passed_over(table_desk: TableDesk) -> None:
    panel = table_desk.panel(WatchlistPanel)
    panel.restore_state({"symbols": [1, {"connection": "paper", "instrument": {"symbol": 3}}]})
    panel.restore_state({"symbols": "no", "seeded": "perhaps", "table": []})
    assert texts(panel, "symbol") == []


def test_a_symbol_is_found_added_and_chosen(desk: TableDesk) -> None:
    panel = _panel(desk)
    wanted = _rows(panel)[2].instrument
    desk.act(lambda: panel.remove([_rows(panel)[2]]))
    panel.model.flush()
    desk.act(panel.focus_search)
    panel.search.setText(wanted.symbol.lower())
    desk.press(panel.search, Qt.Key.Key_Return)
    desk.until(lambda: wanted.symbol in texts(panel, "symbol"))
    assert desk.desk.selection.instrument == wanted


def test_an_unknown_symbol_is_told_and_changes_nothing(desk: TableDesk) -> None:
    panel = _panel(desk)
    before = texts(panel, "symbol")
    desk.act(panel.focus_search)
    panel.search.setText("NOSUCHTHING")
    desk.press(panel.search, Qt.Key.Key_Return)
    desk.until(lambda: "No instrument matches" in panel.search.popup.message.text())
    assert texts(panel, "symbol") == before
    assert panel.search.text() == "NOSUCHTHING"


def test_quotes_of_other_connections_never_reach_a_row(desk: TableDesk) -> None:
    panel = _panel(desk)
    row = _rows(panel)[0]
    desk.until(lambda: desk.engine.market.quote(row.key) is not None)
    quote = desk.engine.market.quote(row.key)
    assert quote is not None
    live = replace(quote, last=quote.last * 3)
    foreign = (ConnectionId("live-account"), row.instrument.key)
    desk.engine.bus.publish(QuotesFlushed({foreign: live}, {}))
    panel.model.flush()
    shown = panel.model.get(row.key)
    assert shown is not None
    assert shown.quote is not None
    assert shown.quote.last != live.last


def moved_price(desk: TableDesk, panel: WatchlistPanel) -> WatchRow:
    """The first row, with nothing else moving, after a price that rose."""
    desk.until(lambda: fmt.UNKNOWN not in texts(panel, "last"))
    desk.do(desk.engine.connections.call(PAPER, lambda b: b.control("replay.pause")))
    desk.rest(0.5)
    row = panel.model.get(_rows(panel)[0].key)
    assert row is not None
    assert row.quote is not None
    risen = replace(row.quote, last=row.quote.last * 1.01)
    desk.act(lambda: desk.engine.bus.publish(QuotesFlushed({row.key: risen}, {})))
    moved: WatchRow | None = panel.model.get(row.key)
    assert moved is not None
    assert moved.quote == risen
    return moved


def test_a_last_price_that_moves_flashes_once_and_stops(desk: TableDesk) -> None:
    panel = _panel(desk)
    row = moved_price(desk, panel)
    assert row.flash == 1
    desk.until(lambda: getattr(panel.model.get(row.key), "flash", 1) == 0)


def test_nothing_flashes_where_motion_is_unwanted(desk: TableDesk) -> None:
    panel = _panel(desk)
    motion.use("on")
    row = moved_price(desk, panel)
    motion.use("off")
    assert row.flash == 0


def test_a_lost_line_is_told_in_the_data_column(desk: TableDesk) -> None:
    panel = _panel(desk)
    desk.until(lambda: fmt.UNKNOWN not in texts(panel, "last"))
    desk.do(desk.engine.connections.disconnect(PAPER))
    desk.until(lambda: desk.engine.connections.state(PAPER) is ConnectionState.OFFLINE)
    lasts = texts(panel, "last")
    desk.act(lambda: panel.add(PAPER, ELSEWHERE))
    panel.model.flush()
    desk.until(lambda: texts(panel, "data")[-1] in {"⚠ no data", "no quote"})
    assert texts(panel, "last")[: len(lasts)] == lasts

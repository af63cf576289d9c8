"""What a group trades has a quote, though neither a chart nor a watchlist shows it."""

from __future__ import annotations

from tests.ui.table_desk import PAPER, TableDesk, begin, table_desk

__all__ = ["begin", "table_desk"]  # fixtures


def test_the_chosen_instrument_is_quoted_until_another_is_chosen(table_desk: TableDesk) -> None:
    table_desk.start()
    market, desk = table_desk.engine.market, table_desk.desk
    first, second = (table_desk.instrument(symbol) for symbol in ("INDA", "6EH4"))
    table_desk.act(lambda: desk.select(connection_id=PAPER, instrument=first))
    table_desk.until(lambda: market.quote((PAPER, first.key)) is not None)
    table_desk.act(lambda: desk.select(instrument=second))
    table_desk.until(lambda: market.quote((PAPER, second.key)) is not None)
    assert market.subscribed(PAPER) == [second]
    table_desk.act(desk.leave)
    assert market.subscribed(PAPER) == []

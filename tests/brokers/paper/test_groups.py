"""Bracket, OCO and OTO, held by the broker itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.groups import bracket, oco, oto
from app.domain.order import Order
from app.domain.order_types import OrderStatus, Side, TimeInForce
from tests.brokers.paper.trader import Run, Trader, trading
from tests.doubles.loop import LoopRunner

S = OrderStatus
D = Decimal


@pytest.fixture
def trader(tmp_path: Path, run: Run) -> Iterator[Trader]:
    with trading(tmp_path, run) as open_trader:
        yield open_trader


def bracketed(trader: Trader, quantity: int = 100, **entry: Any) -> list[Order]:
    terms = {"limit": "99.50", **entry}
    request = trader.request(Side.BUY, quantity, **terms)
    return trader.send(*bracket(request, D("102"), D("98")))


def statuses(trader: Trader, orders: list[Order]) -> list[OrderStatus]:
    return [trader.status(order) for order in orders]


def test_exits_follow_the_entry_fill_by_fill(trader: Trader) -> None:
    entry, target, stop = orders = bracketed(trader)
    assert statuses(trader, orders) == [S.WORKING, S.HELD, S.HELD]
    trader.print("99.50", 30, Side.SELL)
    assert statuses(trader, orders) == [S.PARTIALLY_FILLED, S.WORKING, S.WORKING]
    assert [trader.now(o).quantity for o in (target, stop)] == [30, 30]
    trader.print("99.50", 70, Side.SELL)
    assert trader.status(entry) is S.FILLED
    assert [trader.now(o).quantity for o in (target, stop)] == [100, 100]


def test_a_market_entry_arms_its_exits_at_once(trader: Trader) -> None:
    orders = bracketed(trader, limit=None)
    assert statuses(trader, orders) == [S.FILLED, S.WORKING, S.WORKING]


def test_the_target_cancels_the_stop(trader: Trader) -> None:
    orders = bracketed(trader, limit=None)
    trader.print("102", 100, Side.BUY)
    assert statuses(trader, orders) == [S.FILLED, S.FILLED, S.CANCELED]
    assert trader.position() == 0


def test_the_stop_cancels_the_target(trader: Trader) -> None:
    orders = bracketed(trader, limit=None)
    trader.print("98", 5)
    trader.quote("97.99", "98.01")
    assert statuses(trader, orders) == [S.FILLED, S.CANCELED, S.FILLED]
    assert trader.position() == 0


def test_a_partly_filled_target_shrinks_the_stop(trader: Trader) -> None:
    _, target, stop = bracketed(trader, limit=None)
    trader.print("102", 40, Side.BUY)
    assert trader.now(target).leaves_quantity == 60
    assert trader.now(stop).quantity == 60
    trader.print("98", 5)
    trader.quote("97.99", "98.01")
    assert trader.status(stop) is S.FILLED
    assert trader.position() == 0


def test_once_an_exit_trades_the_rest_of_the_entry_is_canceled(trader: Trader) -> None:
    orders = bracketed(trader)
    trader.print("99.50", 30, Side.SELL)
    trader.print("98", 5, Side.BUY)
    trader.quote("97.99", "98.01", bid_size=20)
    assert trader.status(orders[0]) is S.CANCELED
    trader.quote("97.99", "98.01")
    assert statuses(trader, orders) == [S.CANCELED, S.CANCELED, S.FILLED]
    assert trader.position() == 0


def test_an_entry_that_ends_empty_takes_its_exits_along(trader: Trader) -> None:
    orders = bracketed(trader)
    trader.cancel(orders[0])
    assert statuses(trader, orders) == [S.CANCELED] * 3
    assert "ended without a fill" in trader.told(orders[1]).reason


def test_an_ioc_entry_leaves_exits_for_what_it_got(trader: Trader) -> None:
    trader.quote("99.99", "100.01", ask_size=40)
    orders = bracketed(trader, limit="100.01", tif=TimeInForce.IOC)
    assert statuses(trader, orders) == [S.CANCELED, S.WORKING, S.WORKING]
    assert [trader.now(o).quantity for o in orders[1:]] == [40, 40]


def test_one_bad_leg_rejects_the_whole_group(trader: Trader) -> None:
    request = trader.request(Side.BUY, 100, limit="99.50")
    legs = bracket(request, D("102.005"), D("98"))
    orders = trader.send(*legs)
    assert statuses(trader, orders) == [S.REJECTED] * 3
    assert "multiple of 0.01" in trader.told(orders[0]).reason


def test_an_exit_the_trader_changed_keeps_its_own_quantity(trader: Trader) -> None:
    _, target, stop = bracketed(trader)
    trader.print("99.50", 30, Side.SELL)
    trader.modify(target, quantity=10)
    trader.print("99.50", 70, Side.SELL)
    assert trader.now(target).quantity == 10
    assert trader.now(stop).quantity == 100


def test_oto_waits_until_its_parent_is_done(trader: Trader) -> None:
    parent = trader.request(Side.BUY, 100, limit="99.50")
    child = trader.request(Side.BUY, 50, limit="99.00")
    orders = trader.send(*oto(parent, child))
    trader.print("99.50", 40, Side.SELL)
    assert statuses(trader, orders) == [S.PARTIALLY_FILLED, S.HELD]
    trader.print("99.50", 60, Side.SELL)
    assert statuses(trader, orders) == [S.FILLED, S.WORKING]
    assert trader.now(orders[1]).quantity == 50


def test_oto_gets_its_share_of_a_parent_that_is_cut_short(trader: Trader) -> None:
    parent = trader.request(Side.BUY, 100, limit="99.50")
    child = trader.request(Side.BUY, 50, limit="99.00")
    orders = trader.send(*oto(parent, child))
    trader.print("99.50", 40, Side.SELL)
    trader.cancel(orders[0])
    assert statuses(trader, orders) == [S.CANCELED, S.WORKING]
    assert trader.now(orders[1]).quantity == 20


def test_a_released_market_order_trades_at_once(trader: Trader) -> None:
    parent = trader.request(Side.BUY, 10, limit="99.50")
    orders = trader.send(*oto(parent, trader.request(Side.BUY, 10)))
    trader.print("99.50", 10, Side.SELL)
    assert statuses(trader, orders) == [S.FILLED, S.FILLED]


def test_a_child_of_a_filled_order_works_at_once(trader: Trader) -> None:
    parent = trader.buy(10)
    child = trader.sell(10, limit="101", parent_id=parent.client_order_id)
    assert trader.status(child) is S.WORKING


def test_a_child_of_a_dead_or_unknown_order_is_rejected(trader: Trader) -> None:
    parent = trader.buy(10, limit="99.50")
    trader.cancel(parent)
    late = trader.sell(10, limit="101", parent_id=parent.client_order_id)
    lost = trader.sell(10, limit="101", parent_id="nobody")
    assert statuses(trader, [late, lost]) == [S.REJECTED, S.REJECTED]


def test_of_an_oco_pair_a_partial_fill_shrinks_the_other(trader: Trader) -> None:
    pair = oco(
        trader.request(Side.BUY, 10, limit="99.50"), trader.request(Side.BUY, 10, stop="101")
    )
    first, second = trader.send(*pair)
    trader.print("99.50", 4, Side.SELL)
    assert trader.now(second).quantity == 6
    trader.print("99.50", 6, Side.SELL)
    assert statuses(trader, [first, second]) == [S.FILLED, S.CANCELED]
    assert trader.position() == 10


def test_canceling_one_of_an_oco_pair_leaves_the_other(trader: Trader) -> None:
    pair = oco(
        trader.request(Side.BUY, 10, limit="99.50"), trader.request(Side.BUY, 10, stop="101")
    )
    first, second = trader.send(*pair)
    trader.cancel(first)
    assert statuses(trader, [first, second]) == [S.CANCELED, S.WORKING]


def test_a_print_that_could_fill_both_of_a_pair_fills_one(trader: Trader) -> None:
    pair = oco(
        trader.request(Side.BUY, 10, limit="99.50"), trader.request(Side.BUY, 10, limit="99.40")
    )
    orders = trader.send(*pair)
    trader.print("99.30", 1000, Side.SELL)
    assert statuses(trader, orders) == [S.FILLED, S.CANCELED]
    assert trader.position() == 10


def test_groups_survive_a_restart(trader: Trader) -> None:
    orders = bracketed(trader)
    trader.print("99.50", 30, Side.SELL)
    trader.restart()
    trader.print("99.50", 70, Side.SELL)
    assert [trader.now(o).quantity for o in orders] == [100, 100, 100]
    trader.print("102", 100, Side.BUY)
    assert statuses(trader, orders) == [S.FILLED, S.FILLED, S.CANCELED]


# Prices that matter to a bracket between 97 and 102, and moves as often as they happen.
MOVES = st.lists(
    st.tuples(
        st.sampled_from([*["print"] * 4, *["quote"] * 2, "bracket", "cancel", "change", "restart"]),
        st.integers(0, 7),
        st.sampled_from([-310, -310, -100, 0, 210, 210]),
        st.integers(1, 12),
    ),
    min_size=10,
    max_size=40,
)


@settings(max_examples=40)
@given(MOVES)
def test_exits_never_trade_more_than_their_entry(moves: list[tuple[str, int, int, int]]) -> None:
    """Whatever happens, in any order: what our book heard is what the broker wrote down."""
    runner = LoopRunner()
    with tempfile.TemporaryDirectory() as folder, trading(Path(folder), runner) as trader:
        groups: list[list[Order]] = []
        for what, which, cents, size in [("bracket", 0, 0, 10), *moves]:
            price = D(100) + D(cents) / 100
            every = [order for group in groups for order in group]
            if what == "bracket":
                entry = trader.request(
                    Side.BUY, size, limit=min(max(price, D("97.10")), D("101.90"))
                )
                groups.append(trader.send(*bracket(entry, D("102"), D("97"))))
            elif what == "print":
                trader.print(price, size)
            elif what == "quote":
                trader.quote(price, price + D("0.01"), size, size)
            elif what == "restart":
                trader.restart()
            elif every:
                order = every[which % len(every)]
                if what == "cancel":
                    trader.cancel(order)
                    continue
                # An exit that the trader enlarges may trade more: that is what was asked for.
                order = groups[which % len(groups)][0]
                if not trader.now(order).status.is_closed:
                    trader.modify(order, quantity=size)
        record = trader.record()
        written = {order.client_order_id: order for order in record.orders}
        for group in groups:
            entry_filled, *exits = [written[o.client_order_id].filled for o in group]
            assert sum(exits, D(0)) <= entry_filled
            for order in group:
                heard, kept = trader.now(order), written[order.client_order_id]
                assert (heard.status, heard.cum_quantity) == (kept.status, kept.filled)
                assert heard.quantity == kept.quantity
    assert runner.close() == []

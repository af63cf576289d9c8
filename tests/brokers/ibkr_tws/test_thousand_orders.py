"""Orders through the whole engine to a TWS that fails at random: nothing lost, doubled or shown
wrongly.

MOORGATE_TWS_ORDERS says how many (1000 take some minutes), MOORGATE_TWS_SEED which faults.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.domain.events import PositionView
from app.domain.ids import ClientOrderId
from app.domain.order_book import OrderBook
from app.domain.order_events import OrderEvent
from app.domain.order_types import Origin
from tests.brokers.ibkr_tws.faults_proof import Traded, Truth, problems, truth_of
from tests.brokers.ibkr_tws.faults_watch import Worst
from tests.doubles.orders import ACCOUNT, CONNECTION, SPY, accepted, at, born, filled, submitted
from tests.doubles.orders import request as asked
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.records import TwsOrder
from tests.doubles.tws.world import SPY as SPY_THERE

ROOT = Path(__file__).resolve().parents[3]
ORDERS = int(os.environ.get("MOORGATE_TWS_ORDERS", "150"))
SEED = os.environ.get("MOORGATE_TWS_SEED", "1")
OWN = ClientOrderId("0" * 31 + "1")


@pytest.mark.slow
@pytest.mark.timeout(120 + ORDERS)
def test_orders_through_everything_that_can_go_wrong() -> None:
    # Incidents come by the clock, so a short run needs them closer together.
    words = ["--orders", str(ORDERS), "--seed", SEED, "--chaos-s", "3" if ORDERS < 500 else "6"]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.brokers.ibkr_tws.faults_run", *words],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False, timeout=100 + ORDERS,
    )  # fmt: skip
    assert ended.stdout.startswith("{"), ended.stderr
    told = json.loads(ended.stdout)
    assert told["problems"] == [], json.dumps(told, indent=1)
    assert told["accepted"] >= ORDERS * 3 // 4, "too little was traded to prove anything"
    assert told["fills"] >= ORDERS // 4
    assert told["lines"] > 2, "the line never broke"
    assert len(told["faults"]) >= 10


def told(*events: OrderEvent, **changes: Any) -> OrderBook:
    """A journal in which one order of ours was born, sent and accepted, and then these events."""
    book = OrderBook()
    request = asked(**{"client_order_id": OWN, **changes})
    first = (born(request), submitted(OWN), accepted(own_id=OWN, perm_id="77"))
    for event in (*first, *events):
        book.apply(event)
    return book


def there(**changes: Any) -> TwsOrder:
    terms = {
        "orderRef": OWN, "action": "BUY", "totalQuantity": "100", "orderType": "LMT",
        "lmtPrice": "10.00", "auxPrice": "", "account": ACCOUNT,
    }  # fmt: skip
    order = TwsOrder(77, 17, 5, SPY_THERE, terms, at(0), status="Submitted")
    for name, value in changes.items():
        setattr(order, name, value)
    return order


def truth(*orders: TwsOrder, **changes: Any) -> Truth:
    whole = Truth(list(orders), {order.ref: 1 for order in orders}, {}, {})
    return whole._replace(**changes)


def said(book: OrderBook, known: Truth, *positions: PositionView) -> str:
    return "; ".join(problems(book, known, list(positions)))


FILL = Traded("77", "buy", Decimal(100), Decimal("10.00"), 0, None)
FILLED = filled(exec_id="e1", own_id=OWN, perm_id="77")


def held(quantity: int, **changes: Any) -> PositionView:
    amount = Decimal(quantity)
    view = PositionView(
        CONNECTION, ACCOUNT, SPY, amount, None, None, None, Decimal(0), at(0), True, amount
    )
    return replace(view, **changes)


def test_the_proof_is_content_with_what_agrees() -> None:
    assert said(told(), truth(there())) == ""
    done = there(status="Filled", filled=Decimal(100))
    known = truth(done, fills={"e1": FILL}, holdings={"SPY": Decimal(100)})
    assert said(told(FILLED), known, held(100)) == ""


def sabotaged() -> Iterator[tuple[str, OrderBook, Truth, str]]:
    done = there(status="Filled", filled=Decimal(100))
    dead = there(status="Cancelled")
    yield "twice", told(), truth(there(), accepted={OWN: 2}), "accepted 2 times"
    yield "lost", told(), truth(done, fills={"e1": FILL}), "fill e1: None here"
    yield "doubled", told(FILLED), truth(done), "fill e1: Traded"
    other = FILL._replace(price=Decimal(11))
    yield "price", told(FILLED), truth(done, fills={"e1": other}), "fill e1"
    late = FILL._replace(revision=1)
    yield "correction", told(FILLED), truth(done, fills={"e1": late}), "fill e1"
    yield "dead shown live", told(), truth(dead), "is Working here (), Cancelled there"
    yield "live shown dead", told(FILLED), truth(there(), fills={"e1": FILL}), "there: live"
    yield "invented", told(), truth(), "TWS never had it"
    yield "unknown here", OrderBook(), truth(there()), "not in the journal"
    typed = there(terms={**there().terms, "orderRef": ""}, client_id=0, order_id=0)
    yield "foreign", OrderBook(), truth(typed), "foreign order 77"
    strange = told(origin=Origin.EXTERNAL)
    yield "no such foreigner", strange, truth(), "not there"
    terms = {**there().terms, "lmtPrice": "11.00"}
    yield "terms", told(), truth(there(terms=terms)), "limit 10.00 here, 11.00 there"
    held_there = {"SPY": Decimal(5)}
    yield "position", OrderBook(), truth(holdings=held_there), "positions {} here"


@pytest.mark.parametrize("case", list(sabotaged()), ids=lambda case: case[0])
def test_the_proof_finds_what_is_wrong(case: tuple[str, OrderBook, Truth, str]) -> None:
    _, book, known, sentence = case
    assert sentence in said(book, known)


def test_the_proof_doubts_positions() -> None:
    known = truth(holdings={"SPY": Decimal(3)})
    assert said(OrderBook(), known, held(3)) == ""
    assert "not verified" in said(OrderBook(), known, held(3, is_verified=False))
    assert "fills make" in said(OrderBook(), known, held(3, computed_quantity=Decimal(2)))
    assert "positions" in said(OrderBook(), known, held(4))


def test_the_truth_takes_the_correction_for_the_fill() -> None:
    with TwsPeer() as peer:
        world = peer.world

        def trade() -> Truth:
            order = world.manual_order(SPY_THERE.con_id, "BUY", 5, "LMT", 100)
            first = world.fill(order.perm_id, 2, 100)
            world.correct_execution(first.exec_id, price=99)
            return truth_of(world, {SPY_THERE.con_id: "SPY"})

        known = peer.call(trade)
    ((_, traded),) = known.fills.items()
    assert (traded.quantity, traded.price, traded.revision) == (Decimal(2), Decimal(99), 2)
    assert known.holdings == {"SPY": Decimal(2)}


def test_time_counts_only_while_the_line_is_up() -> None:
    worst = Worst(limit_s=10)
    worst.note({"a"}, now=0, line_since=0)
    worst.note({"a"}, now=9, line_since=None)
    worst.note({"a"}, now=12, line_since=11)
    assert worst.seconds == 1
    assert worst.problem("it was wrong") == []
    worst.note({"a"}, now=22, line_since=11)
    assert worst.problem("it was wrong") == ["it was wrong for 11.0 s while connected: a"]
    worst.note(set(), now=23, line_since=11)
    worst.note({"a"}, now=24, line_since=11)
    assert worst.since == {"a": 24}

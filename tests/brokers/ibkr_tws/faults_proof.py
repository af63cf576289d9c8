"""When all is settled: the journal on disk against the peer's truth, order by order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from app.base.paths import Paths
from app.domain.events import PositionView
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, Origin
from app.store.journal import open_read_only
from tests.brokers.ibkr_tws.faults_watch import OUR_REF
from tests.doubles.tws.records import TwsOrder
from tests.doubles.tws.wire import number
from tests.doubles.tws.world import World

S = OrderStatus
ENDS = {
    "Filled": {S.FILLED},
    "Cancelled": {S.CANCELED, S.EXPIRED},
    "ApiCancelled": {S.CANCELED},
    "Inactive": {S.REJECTED},
}


class Traded(NamedTuple):
    """A fill by what counts."""

    perm_id: str
    side: str
    quantity: Decimal
    price: Decimal
    revision: int
    fee: Decimal | None


class Truth(NamedTuple):
    """The peer's books, copied in its thread."""

    orders: list[TwsOrder]
    accepted: dict[str, int]
    fills: dict[str, Traded]
    holdings: dict[str, Decimal]


def truth_of(world: World, names: dict[int, str]) -> Truth:
    """What the peer holds now. Peer thread."""
    fills = {}
    for fill in world.fills:
        if not fill.is_replaced:
            stem, _, last = fill.exec_id.rpartition(".")
            side = {"BOT": "buy", "SLD": "sell"}[fill.side]
            fills[stem] = Traded(
                str(fill.perm_id), side, fill.quantity, fill.price, int(last), fill.commission
            )
    holdings = {
        names[con_id]: holding.quantity
        for account in world.accounts.values()
        for con_id, holding in account.holdings.items()
        if holding.quantity
    }
    return Truth(list(world.orders.values()), dict(world.accepted), fills, holdings)


def read_journal(paths: Paths) -> OrderBook:
    """The book that the journal on disk makes, read by itself."""
    book = OrderBook()
    with open_read_only(paths.journal_file) as reader:
        for event in reader.order_events():
            book.apply(event)
    return book


def told_lives(paths: Paths, found: Sequence[str]) -> dict[str, list[str]]:
    """What the journal tells of the orders that are named in problems, at most ten."""
    named = " ".join(found)
    lives: dict[str, list[str]] = {}
    with open_read_only(paths.journal_file) as reader:
        for event in reader.order_events():
            own_id = str(event.client_order_id)
            if own_id in named and (own_id in lives or len(lives) < 10):
                lives.setdefault(own_id, []).append(f"{event.at:%H:%M:%S.%f} {event!r}")
    return lives


def problems(book: OrderBook, truth: Truth, positions: list[PositionView]) -> Iterator[str]:
    """Everything that is not as it must be, in sentences; none when all is well."""
    yield from _twice(truth)
    yield from _orders(book, truth)
    yield from _fills(book, truth)
    yield from _positions(positions, truth)


def _twice(truth: Truth) -> Iterator[str]:
    for ref, times in truth.accepted.items():
        if ref and times != 1:
            yield f"{ref} was accepted {times} times"


def _orders(book: OrderBook, truth: Truth) -> Iterator[str]:
    there = {order.ref: order for order in truth.orders if OUR_REF.fullmatch(order.ref)}
    foreign = {str(o.perm_id): o for o in truth.orders if o.ref not in there}
    for order in book:
        if order.request.origin is Origin.EXTERNAL:
            known = foreign.pop(order.perm_id, None)
            if known is None:
                yield f"{_name(order)}: a foreign order that is not there"
                continue
        else:
            known = there.pop(str(order.client_order_id), None)
        if known is None:
            never = (S.DENIED, S.REJECTED, S.CANCELED)
            if order.status not in never or order.fills:
                yield f"{_name(order)}, but TWS never had it"
        else:
            yield from _one(order, known)
    for ref in there:
        yield f"{ref} is at TWS and not in the journal"
    for perm_id, known in foreign.items():
        # An order that ended while nobody looked needs not be known, but for its fills.
        if not known.is_done or known.filled:
            yield f"the foreign order {perm_id} ({known.status}) is not in the journal"


def _one(order: Order, known: TwsOrder) -> Iterator[str]:
    name = f"{_name(order)}, {known.status} there"
    if known.is_done and order.status not in ENDS[known.status]:
        yield name
    if not known.is_done and not (order.status.is_open and order.status is not S.UNKNOWN):
        yield f"{name}: live"
    if order.status.is_in_flight:
        yield f"{name}: still asked"
    if order.cum_quantity != known.filled:
        yield f"{name}: {order.cum_quantity} filled here, {known.filled} there"
    if not known.is_done:
        yield from _terms(name, order, known)


def _terms(name: str, order: Order, known: TwsOrder) -> Iterator[str]:
    if order.quantity != known.quantity:
        yield f"{name}: quantity {order.quantity} here, {known.quantity} there"
    limit = number(known.terms["lmtPrice"]) if known.kind in ("LMT", "STP LMT") else None
    if order.limit_price != limit:
        yield f"{name}: limit {order.limit_price} here, {limit} there"
    if known.kind == "STP" and order.stop_price != number(known.terms["auxPrice"]):
        yield f"{name}: stop {order.stop_price} here, {known.terms['auxPrice']} there"


def _fills(book: OrderBook, truth: Truth) -> Iterator[str]:
    owners = {f.exec_id: order for order in book for f in order.fills}
    ours = {
        str(e.exec_id): Traded(e.perm_id, e.side.value, e.quantity, e.price, e.revision, e.fee)
        for e in book.executions()
    }
    for exec_id in sorted(ours.keys() | truth.fills.keys()):
        here, there = ours.get(exec_id), truth.fills.get(exec_id)
        if here != there:
            yield f"fill {exec_id}: {here} here, {there} there"
    total = sum(len(order.fills) for order in book)
    if total != len(owners):
        yield f"{total - len(owners)} fills are in the journal twice"


def _positions(positions: list[PositionView], truth: Truth) -> Iterator[str]:
    shown: dict[str, Decimal] = {}
    for view in positions:
        name = view.instrument.underlying or view.instrument.symbol
        shown[name] = view.quantity
        if not view.is_verified:
            yield f"the position in {name} is not verified"
        if view.computed_quantity != view.quantity:
            yield f"{name}: fills make {view.computed_quantity}, the broker says {view.quantity}"
    if shown != truth.holdings:
        yield f"positions {shown} here, {truth.holdings} there"


def _name(order: Order) -> str:
    request = order.request
    return (
        f"{order.client_order_id} {request.side.value} {order.quantity}"
        f" {request.instrument.symbol} {request.order_type.value} is {order.status.value} here"
        f" ({order.reason})"
    )

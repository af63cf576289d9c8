"""What a position may become if everything that works on one side trades."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from app.domain.ids import AccountId, ClientOrderId, ConnectionId, InstrumentKey
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, OrderType
from app.domain.request import OrderRequest
from app.engine.portfolio import Portfolio

_ZERO = Decimal(0)
Unannounced = Callable[[ConnectionId, AccountId, InstrumentKey], Decimal]


class Kind(Enum):
    """What an order can do to the exposure."""

    ENTRY = "entry"  # may increase it
    REDUCTION = "reduction"  # is not marked, but provably only reduces a verified position
    EXIT = "exit"  # reduce_only: held to the position
    CHILD = "child"  # closes what its parent in the same group opens


def kinds(requests: Sequence[OrderRequest], reduces: Callable[[OrderRequest], bool]) -> list[Kind]:
    """What each order of a group is; `reduces` proves that one lowers the exposure.

    The legs of a bracket are exits as far as they do not close more than the entry opens.
    """
    found: dict[ClientOrderId, Kind] = {}
    by_id = {request.client_order_id: request for request in requests}
    closing: dict[ClientOrderId, dict[str, Decimal]] = {}
    for request in requests:
        parent = None if request.parent_id is None else by_id.get(request.parent_id)
        if request.reduce_only:
            kind = Kind.EXIT
        elif parent is not None:
            is_entry = found.get(parent.client_order_id) is Kind.ENTRY
            closes = closing.setdefault(parent.client_order_id, {})
            kind = Kind.CHILD if is_entry and _closes(request, parent, closes) else Kind.ENTRY
        else:
            is_alone = len(requests) == 1 or bool(request.oco_group)
            kind = Kind.REDUCTION if is_alone and reduces(request) else Kind.ENTRY
        found[request.client_order_id] = kind
    return [found[request.client_order_id] for request in requests]


def _closes(request: OrderRequest, parent: OrderRequest, closing: dict[str, Decimal]) -> bool:
    """Whether a leg, with its siblings, closes no more than the entry opens."""
    if request.side is parent.side or request.instrument.key != parent.instrument.key:
        return False
    with_it = dict(closing)
    _count(with_it, request, request.quantity)
    if sum(with_it.values()) > parent.quantity:
        return False
    closing.update(with_it)
    return True


def _count(sums: dict[str, Decimal], request: OrderRequest, quantity: Decimal) -> None:
    """Of orders that cancel one another only the largest trades."""
    name = request.oco_group or request.client_order_id
    sums[name] = max(sums.get(name, _ZERO), quantity)


@dataclass
class Exposure:
    """Positions and open orders at one moment, for the checks of one group.

    `unannounced` counts fills that the book knows and the portfolio does not yet. Where the two
    may overlap, the worse for the question asked is taken.
    """

    book: OrderBook
    portfolio: Portfolio
    unannounced: Unannounced
    open_orders: list[Order] = field(init=False)

    def __post_init__(self) -> None:
        self.open_orders = self.book.open_orders()

    def of_connection(self, connection_id: ConnectionId) -> int:
        """How many orders are open there."""
        return sum(order.request.connection_id == connection_id for order in self.open_orders)

    def position(self, request: OrderRequest) -> tuple[Decimal, Decimal]:
        """Signed units, at least and at most."""
        place = (request.connection_id, request.account_id, request.instrument.key)
        view = self.portfolio.position(*place)
        held = _ZERO if view is None else view.quantity
        moving = self.unannounced(*place)
        return min(held, held + moving), max(held, held + moving)

    def after(self, request: OrderRequest, others: Iterable[OrderRequest] = ()) -> Decimal:
        """Units on the side of `request`, negative on the other, if all of that side trades.

        `others` are orders of the same group. What counts: the position, `request`, and working
        orders of its side that may open something.
        """
        sign = request.side.sign
        sums: dict[str, Decimal] = {}
        for order in self._same_side(request):
            if not order.request.reduce_only and not self._waits_for_entry(order):
                _count(sums, order.request, order.leaves_quantity)
        for other in (*others, request):
            if _is_alike(other, request) and not other.reduce_only:
                _count(sums, other, other.quantity)
        return max(sign * units for units in self.position(request)) + sum(sums.values(), _ZERO)

    def closable(self, request: OrderRequest) -> Decimal:
        """Units an exit may close: the position less what market orders are closing already.

        Resting stops and targets do not count: they must never lock a trader into a position.
        """
        sign = request.side.sign
        held = min(-sign * units for units in self.position(request))
        closing = [
            order.leaves_quantity
            for order in self._same_side(request)
            if order.request.order_type is OrderType.MARKET
        ]
        return max(_ZERO, held - sum(closing, _ZERO))

    def only_reduces(self, request: OrderRequest) -> bool:
        """Whether, with all that works on its side, it cannot go beyond a verified position."""
        place = (request.connection_id, request.account_id, request.instrument.key)
        view = self.portfolio.position(*place)
        if view is None or not view.is_verified:
            return False
        sums: dict[str, Decimal] = {}
        for order in self._same_side(request):
            if not self._waits_for_entry(order):
                _count(sums, order.request, order.leaves_quantity)
        _count(sums, request, request.quantity)
        held = min(-request.side.sign * units for units in self.position(request))
        return sum(sums.values(), _ZERO) <= held

    def _same_side(self, request: OrderRequest) -> list[Order]:
        """Open orders of the same kind, without the one that `request` would change."""
        return [
            order
            for order in self.open_orders
            if _is_alike(order.request, request)
            and order.client_order_id != request.client_order_id
        ]

    def _waits_for_entry(self, order: Order) -> bool:
        """A leg that is held until its entry trades closes what is not there yet."""
        parent = self.book.get(order.request.parent_id)
        return (
            order.status is OrderStatus.HELD
            and parent is not None
            and parent.status.is_open
            and parent.request.side is not order.request.side
        )


def _is_alike(one: OrderRequest, other: OrderRequest) -> bool:
    return (
        one.side is other.side
        and one.connection_id == other.connection_id
        and one.account_id == other.account_id
        and one.instrument.key == other.instrument.key
    )

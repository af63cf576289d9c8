"""What a contract test holds in its hands: the sink it listens at, the driver it pulls."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol, TypeVar

from app.base.errors import BrokerError, Outcome
from app.brokers.base import Broker
from app.domain import order_events as ev
from app.domain.claims import events_for_report, fill_events
from app.domain.execution import Execution
from app.domain.ids import AccountId, ClientOrderId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.market import BarUpdate, Depth, Quote, TradePrint
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus
from app.domain.reports import (
    BrokerReport,
    CancelRefused,
    ExecutionReport,
    Known,
    OrderReport,
    ReplaceRefused,
    Unavailable,
)
from app.domain.request import OrderRequest

T = TypeVar("T")


class RecordingSink:
    """Keeps what an adapter says, and moves a book with it as the engine would."""

    def __init__(self) -> None:
        self.reports: list[BrokerReport] = []
        self.quotes: list[Quote] = []
        self.trades: list[TradePrint] = []
        self.depths: list[Depth] = []
        self.bars: list[BarUpdate] = []
        self.book = OrderBook()

    def report(self, report: BrokerReport) -> None:
        self.reports.append(report)
        if isinstance(report, OrderReport):
            order = self.book.get(report.client_order_id)
            if order is not None:
                self._apply(events_for_report(order, report))
        elif isinstance(report, ExecutionReport):
            order = self.book.owner_of(report.execution)
            if order is not None:
                self._apply(fill_events(order, report.execution))
        elif isinstance(report, ReplaceRefused):
            self._refused(report, ev.OrderReplaceRejected)
        elif isinstance(report, CancelRefused):
            self._refused(report, ev.OrderCancelRejected)

    def quote(self, quote: Quote) -> None:
        self.quotes.append(quote)

    def trade(self, trade: TradePrint) -> None:
        self.trades.append(trade)

    def depth(self, depth: Depth) -> None:
        self.depths.append(depth)

    def bar(self, update: BarUpdate) -> None:
        self.bars.append(update)

    def of(self, kind: type[T]) -> list[T]:
        """The reports of one kind, oldest first."""
        return [report for report in self.reports if isinstance(report, kind)]

    def fills(self, order_id: ClientOrderId) -> list[Execution]:
        """The executions told of one order, repeated ones too."""
        told = [report.execution for report in self.of(ExecutionReport)]
        return [fill for fill in told if fill.client_order_id == order_id]

    def _refused(
        self,
        report: ReplaceRefused | CancelRefused,
        kind: type[ev.OrderReplaceRejected] | type[ev.OrderCancelRejected],
    ) -> None:
        order = self.book.get(report.client_order_id)
        if order is not None and order.status is not OrderStatus.PENDING_NEW:
            own_id = order.client_order_id
            self._apply([kind(client_order_id=own_id, at=report.at, reason=report.reason)])

    def _apply(self, events: Sequence[ev.OrderEvent]) -> None:
        for event in events:
            self.book.apply(event)


class BrokerDriver(Protocol):
    """An adapter and a hand on the broker's end of its line.

    `price` is on tick and near the market; a limit a tenth below it rests. A driver keeps the
    market still unless it is told to move it.
    """

    sink: RecordingSink
    connection_id: ConnectionId
    account_id: AccountId
    instrument: Instrument
    price: Decimal
    quantity: Decimal

    @property
    def broker(self) -> Broker:
        """The adapter that is in use now."""
        ...

    async def open(self) -> None:
        """Connect a new adapter to the same broker."""
        ...

    async def close(self) -> None:
        """Disconnect it."""
        ...

    async def settle(self) -> None:
        """Return when everything under way has arrived."""
        ...

    async def fill(self, order_id: ClientOrderId, quantity: Decimal, price: Decimal) -> None:
        """Let the broker fill so much of a working order at exactly this price."""
        ...

    async def move_quote(self, bid: Decimal, ask: Decimal) -> None:
        """Let a new quote come."""
        ...

    async def refuse_next(self) -> None:
        """Let the broker reject the next order."""
        ...

    async def lose_next_answer(self) -> None:
        """Let the next order arrive and the line break before its answer."""
        ...

    async def cut(self) -> None:
        """Break the line."""
        ...


def submitted(request: OrderRequest, book: OrderBook, at: datetime) -> Order:
    """Born and handed over at `at`, as the engine journals it before it sends."""
    own_id = request.client_order_id
    book.apply(ev.OrderInitialized(client_order_id=own_id, at=at, request=request))
    return book.apply(ev.OrderSubmitted(client_order_id=own_id, at=at))


def known(part: Known[T] | Unavailable) -> T:
    """The value of a part of a snapshot that was answered."""
    assert isinstance(part, Known), part
    return part.value


async def refusal_of(call: Awaitable[None]) -> BrokerError | None:
    """How a call was refused: raised as a definite no, or None where the answer comes by report."""
    try:
        await call
    except BrokerError as error:
        if error.outcome is not Outcome.REJECTED:
            raise
        return error
    return None

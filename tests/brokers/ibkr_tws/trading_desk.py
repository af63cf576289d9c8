"""The order side of the adapter on a line at a TWS peer, with the engine's book beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.base.clock import SystemClock
from app.base.errors import BrokerError
from app.brokers.base import BrokerContext, ConnectionConfig
from app.brokers.ibkr_tws.instruments import Instruments
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.requests import Requests
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.trading import Trading
from app.domain import order_events as ev
from app.domain.claims import events_for_report, locate
from app.domain.ids import AccountId, ClientOrderId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.reconcile import Reconciliation, reconcile
from app.domain.reports import BrokerReport, OrderReport, Snapshot
from app.domain.request import OrderChange, OrderRequest
from tests.brokers.driving import RecordingSink, known, submitted
from tests.brokers.ibkr_tws.line_desk import settings
from tests.doubles.loop import until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import Quirk
from tests.doubles.tws.records import Fill
from tests.doubles.tws.world import SPY

CONNECTION, ACCOUNT = ConnectionId("ib"), AccountId("DU1000001")


class Ear(RecordingSink):
    """Hears of orders without our number too, as the engine does."""

    def report(self, report: BrokerReport) -> None:
        if not isinstance(report, OrderReport) or report.client_order_id is not None:
            super().report(report)
            return
        self.reports.append(report)
        order = locate(self.book, report)
        if order is not None:
            self._apply(events_for_report(order, report))


class TradingDesk:
    """One connection after another to one peer, and what the engine would make of it."""

    def __init__(self, peer: TwsPeer, folder: Path, **others: Any) -> None:
        self.peer, self.folder, self.others = peer, folder, others
        self.sink, self.clock = Ear(), SystemClock()
        self.lost: list[str] = []
        self.line: Line
        self.trading: Trading
        self.instruments: Instruments
        self.spy: Instrument

    async def open(self, **others: Any) -> None:
        chosen = settings(self.peer.port, **{**self.others, **others})
        config = ConnectionConfig(CONNECTION, "ibkr-tws", "paper", {})
        context = BrokerContext(
            config, self.sink, self.clock, self.folder, self.folder, lambda name: name
        )
        self.line = Line(chosen, self.clock, self.lost.append)
        requests = Requests(self.line, chosen.request_timeout_s)
        self.instruments = Instruments(self.line, requests)
        self.trading = Trading(context, chosen, self.line, requests, self.instruments)
        await self.line.open()
        await self.trading.start()
        spy = ib.Contract(conId=SPY.con_id, exchange="SMART", secType="STK")
        self.spy = await self.instruments.instrument(spy)

    async def close(self) -> None:
        self.trading.close()
        self.instruments.close()
        self.line.close()
        await self.line.ended()

    # ---- what the trader does ----

    def request(self, **terms: Any) -> OrderRequest:
        """A buy limit far below the market unless told otherwise."""
        plain: dict[str, Any] = {
            "connection_id": CONNECTION, "account_id": ACCOUNT, "instrument": self.spy,
            "side": Side.BUY, "order_type": OrderType.LIMIT, "quantity": Decimal(100),
        }  # fmt: skip
        if terms.get("order_type", OrderType.LIMIT) is OrderType.LIMIT:
            plain["limit_price"] = Decimal(400)
        return OrderRequest(**{**plain, **terms})

    def born(self, request: OrderRequest) -> Order:
        return submitted(request, self.sink.book, self.clock.now())

    async def submit(self, *requests: OrderRequest) -> list[Order]:
        orders = [self.born(request) for request in requests]
        await self.trading.submit(orders)
        return orders

    async def resting(self, *quirks: Quirk, **terms: Any) -> Order:
        """An order that TWS works; `quirks` stay with it."""
        if quirks:
            self.peer.call(self.peer.faults.on_next, *quirks)
        (order,) = await self.submit(self.request(**terms))
        await self.until_status(order, OrderStatus.WORKING)
        return self.now(order)

    async def modify(self, order: Order, **terms: Any) -> None:
        change = OrderChange(**terms)
        self.sink.book.apply(
            ev.OrderReplaceRequested(
                client_order_id=order.client_order_id, at=self.clock.now(), change=change
            )
        )
        await self.trading.modify(self.now(order), change)

    async def cancel(self, order: Order) -> None:
        self.sink.book.apply(
            ev.OrderCancelRequested(client_order_id=order.client_order_id, at=self.clock.now())
        )
        await self.trading.cancel(self.now(order))

    # ---- what came of it ----

    def now(self, order: Order) -> Order:
        found = self.sink.book.get(order.client_order_id)
        assert found is not None
        return found

    def status(self, order: Order) -> OrderStatus:
        return self.now(order).status

    async def until_status(self, order: Order, status: OrderStatus) -> None:
        try:
            await until(lambda: self.status(order) is status)
        except TimeoutError:
            raise AssertionError(f"it is {self.now(order)}, not {status}") from None

    def reports(self, own_id: ClientOrderId) -> list[OrderReport]:
        return [r for r in self.sink.of(OrderReport) if r.client_order_id == own_id]

    async def reconcile(self) -> tuple[Snapshot, Reconciliation]:
        """What the engine does after every connect."""
        snapshot = await self.trading.snapshot()
        result = reconcile(self.sink.book, CONNECTION, snapshot, recent=set(), now=self.clock.now())
        for event in result.events:
            self.sink.book.apply(event)
        return snapshot, result

    async def listed(self, own_id: ClientOrderId) -> OrderReport:
        orders = known((await self.trading.snapshot()).orders)
        (found,) = [report for report in orders if report.client_order_id == own_id]
        return found

    # ---- the other end ----

    def fill(self, order: Order, quantity: Decimal | int, price: Decimal | int = 400) -> Fill:
        """Let TWS fill so much."""
        own_id, world = order.client_order_id, self.peer.world
        return self.peer.call(world.fill, own_id, Decimal(quantity), Decimal(price))

    def sent(self, number: int) -> list[list[str]]:
        """Every message of one kind that TWS has received."""
        received = self.peer.call(lambda: list(self.peer.world.received))
        return [message.fields for message in received if message.fields[0] == str(number)]

    def accepted(self, order: Order) -> int:
        """How often TWS took it as a new order."""
        return self.peer.call(lambda: self.peer.world.accepted[order.client_order_id])


async def outcome_of(call: Any) -> BrokerError:
    """How a call was refused."""
    try:
        await call
    except BrokerError as error:
        return error
    raise AssertionError("nothing was refused")


@asynccontextmanager
async def trading_at(
    peer: TwsPeer, folder: Path, *, read: bool = True, **others: Any
) -> AsyncIterator[TradingDesk]:
    """An open connection, reconciled once as the engine does."""
    desk = TradingDesk(peer, folder, **others)
    await desk.open()
    try:
        if read:
            await desk.reconcile()
        yield desk
    finally:
        await desk.close()

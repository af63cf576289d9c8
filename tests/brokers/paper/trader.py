"""Short words for trading on a paper account in tests."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.brokers.paper.record import Record, read_record
from app.domain import order_events as ev
from app.domain.execution import Execution
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce
from app.domain.reports import Balance, OrderReport
from app.domain.request import OrderChange, OrderRequest
from tests.brokers.driving import known, submitted
from tests.brokers.paper.driver import PaperDriver

Run = Callable[[Coroutine[Any, Any, Any]], Any]
PRICES = ("limit", "stop", "trail_amount", "trail_percent")


def decimal(value: Any) -> Decimal | None:
    """Numbers in tests are written short."""
    return None if value is None else Decimal(str(value))


class Trader:
    """A person at a paper account. `market` moves it; the wall clock stands still."""

    def __init__(self, market: PaperDriver, run: Run) -> None:
        self.market, self.run = market, run

    def request(
        self,
        side: Side,
        quantity: Any,
        *,
        limit: Any = None,
        stop: Any = None,
        trail_amount: Any = None,
        trail_percent: Any = None,
        tif: TimeInForce = TimeInForce.DAY,
        **rest: Any,
    ) -> OrderRequest:
        """The order type follows from the prices that are given."""
        if trail_amount is not None or trail_percent is not None:
            kind = OrderType.TRAILING_STOP
        elif stop is not None:
            kind = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
        else:
            kind = OrderType.MARKET if limit is None else OrderType.LIMIT
        fields: dict[str, Any] = {
            "connection_id": self.market.connection_id,
            "account_id": self.market.account_id,
            "instrument": self.market.instrument,
            "side": side,
            "order_type": kind,
            "quantity": decimal(quantity),
            "limit_price": decimal(limit),
            "stop_price": decimal(stop),
            "trail_amount": decimal(trail_amount),
            "trail_percent": decimal(trail_percent),
            "time_in_force": tif,
        }
        return OrderRequest(**{**fields, **rest})

    def draft(self, request: OrderRequest) -> Order:
        """The order in our own book, on its way and not sent."""
        return submitted(request, self.market.sink.book, self.market.clock.now())

    def send(self, *requests: OrderRequest) -> list[Order]:
        """Submit orders in one breath and wait for what comes back."""
        orders = [self.draft(request) for request in requests]
        self.run(self.market.broker.submit(orders))
        self.settle()
        return orders

    def buy(self, quantity: Any, **terms: Any) -> Order:
        return self.send(self.request(Side.BUY, quantity, **terms))[0]

    def sell(self, quantity: Any, **terms: Any) -> Order:
        return self.send(self.request(Side.SELL, quantity, **terms))[0]

    def settle(self) -> None:
        self.run(self.market.settle())

    def now(self, order: Order) -> Order:
        """The order as the reports have made it."""
        found = self.market.sink.book.get(order.client_order_id)
        assert found is not None
        return found

    def status(self, order: Order) -> OrderStatus:
        self.settle()
        return self.now(order).status

    def told(self, order: Order) -> OrderReport:
        """The newest report on an order."""
        self.settle()
        mine = [
            report
            for report in self.market.sink.of(OrderReport)
            if report.client_order_id == order.client_order_id
        ]
        return mine[-1]

    def fills(self, order: Order) -> list[tuple[Decimal, Decimal]]:
        """Quantity and price of every execution told."""
        return [(fill.quantity, fill.price) for fill in self.executions(order)]

    def executions(self, order: Order) -> list[Execution]:
        self.settle()
        return self.market.sink.fills(order.client_order_id)

    def cancel(self, order: Order) -> None:
        self.run(self.market.broker.cancel(self.now(order)))
        self.settle()

    def modify(self, order: Order, **terms: Any) -> None:
        names = {"limit": "limit_price", "stop": "stop_price"}
        change = OrderChange(**{names.get(k, k): decimal(v) for k, v in terms.items()})
        current = self.now(order)
        event = ev.OrderReplaceRequested(
            client_order_id=order.client_order_id, at=current.updated_at, change=change
        )
        if not current.status.is_closed:
            self.market.sink.book.apply(event)
        self.run(self.market.broker.modify(current, change))
        self.settle()

    def control(self, command: str, **arguments: Any) -> Any:
        return self.run(self.market.broker.control(command, **arguments))

    def quote(self, bid: Any, ask: Any, bid_size: float = 1e6, ask_size: float = 1e6) -> None:
        """A new quote stands."""
        self.on_loop(lambda: self.market.quote(bid, ask, bid_size, ask_size))

    def print(self, price: Any, size: Any, aggressor: Side | None = None) -> None:
        """Somebody traded."""
        self.on_loop(lambda: self.market.print(price, size, aggressor))

    def on_loop(self, action: Callable[[], None]) -> None:
        """Do something in the adapter's loop and let what it causes arrive."""

        async def act() -> None:
            action()
            await self.market.settle()

        self.run(act())

    def position(self) -> Decimal:
        snapshot = self.run(self.market.broker.snapshot())
        return sum((p.quantity for p in known(snapshot.positions)), Decimal(0))

    def balance(self, currency: str = "USD") -> Balance:
        snapshot = self.run(self.market.broker.snapshot())
        balances = known(snapshot.accounts)[0].balances
        found: Balance = next(b for b in balances if b.currency == currency)
        return found

    def record(self) -> Record:
        """The broker's own record, read from disk."""
        return read_record(self.market.context().data_dir / "paper.db")

    def restart(self) -> None:
        """Disconnect and connect a new adapter to the same account."""
        self.run(self.market.close())
        self.run(self.market.open())


@contextmanager
def trading(
    folder: Path, run: Run, *, resources: Path | None = None, **settings: Any
) -> Iterator[Trader]:
    """An open account on a still market at 100, closed at the end."""
    market = PaperDriver(folder, settings, resources=resources)
    run(market.open())
    trader = Trader(market, run)
    if resources is None:
        trader.quote("99.99", "100.01")
    try:
        yield trader
    finally:
        run(market.close())

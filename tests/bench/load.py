"""A broker for benchmarks: streams quotes as fast as it is told and answers orders at once."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.base.clock import SystemClock
from app.brokers.base import Broker, BrokerContext, BrokerInfo
from app.domain.capabilities import Capabilities
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Quote, TradePrint
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, TimeInForce
from app.domain.reports import AccountReport, Balance, Health, HealthReport, Known, Light, Snapshot
from app.domain.reports import OrderReport as Report
from app.engine.engine import Engine

ACCOUNT = AccountId("BENCH")
INSTRUMENTS = [
    Instrument(f"S{number:03d}", AssetClass.EQUITY, "USD", min_quantity=Decimal(1))
    for number in range(200)
]
INFO = BrokerInfo(
    id="load",
    title="Load",
    adapter="tests.bench.load:LoadBroker",
    environments=("paper",),
    settings=(),
    capabilities=Capabilities(
        order_types={AssetClass.EQUITY: frozenset(OrderType)},
        times_in_force={kind: frozenset(TimeInForce) for kind in OrderType},
        search=True,
    ),
)
TURN_S = 0.002


def tell(bench: str, **figures: object) -> None:
    """One JSON line."""
    sys.stdout.write(json.dumps({"bench": bench, **figures}) + "\n")
    sys.stdout.flush()


def percentiles(samples_s: Sequence[float]) -> dict[str, float]:
    """p50, p99 and worst in milliseconds."""
    ordered = sorted(samples_s)
    return {
        "count": len(ordered),
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 3),
        "p99_ms": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1000, 3),
        "worst_ms": round(ordered[-1] * 1000, 3),
    }


def note_hand_over(engine: Engine) -> list[float]:
    """When each order or cancel was handed to its runner, from now on: its intent is on disk."""
    times: list[float] = []
    connections = engine.connections
    prepare = connections.prepare

    def noted_prepare(where: ConnectionId, function: Callable[[Broker], Awaitable[Any]]) -> Any:
        call = prepare(where, function)
        hand_over = call.hand_over

        def noted_hand_over() -> None:  # in the journal's thread
            times.append(time.perf_counter())
            hand_over()

        setattr(call, "hand_over", noted_hand_over)  # noqa: B010 - a stop watch, unknown to types
        return call

    setattr(connections, "prepare", noted_prepare)  # noqa: B010 - the same
    return times


class LoadBroker(Broker):
    """`rate` quotes a second over all instruments; the rest keeps perf counters of what came."""

    rate = 0
    handed: dict[ClientOrderId, float] = {}  # noqa: RUF012 - one run, one broker: shared on purpose
    answered: dict[ClientOrderId, float] = {}  # noqa: RUF012 - the same
    canceled: dict[ClientOrderId, float] = {}  # noqa: RUF012 - the same

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)
        self._numbers = itertools.count(1)
        self._streaming: asyncio.Task[None] | None = None
        self.born = context.clock.now()

    @property
    def capabilities(self) -> Capabilities:
        return INFO.capabilities

    async def connect(self) -> None:
        self._streaming = asyncio.get_running_loop().create_task(self._stream())
        up = Health(Light.OK, Light.OK, Light.OK, Light.OK)
        self.context.sink.report(HealthReport(self.context.config.id, up, self.context.clock.now()))

    async def disconnect(self) -> None:
        if self._streaming is not None:
            self._streaming.cancel()

    async def _stream(self) -> None:
        sink, due, position = self.context.sink, time.perf_counter(), 0
        clock = SystemClock()
        while True:
            count = int((time.perf_counter() - due) * self.rate)
            due += count / self.rate if self.rate else 0.0
            now, received = datetime.now(UTC), clock.monotonic()
            for _ in range(min(count, 5_000)):
                position += 1
                key = INSTRUMENTS[position % 200].key
                bid = 100.0 + position % 7 / 100
                sink.quote(Quote(key, bid, bid + 0.01, 5.0, 5.0, bid, now, received))
                if position % 5 == 0:
                    sink.trade(TradePrint(key, bid, 1.0, now))
            await asyncio.sleep(TURN_S)

    async def snapshot(self) -> Snapshot:
        now = self.context.clock.now()
        balance = Balance("USD", Decimal(10**9), Decimal(10**9), Decimal(10**9))
        account = AccountReport(
            self.context.config.id, ACCOUNT, "bench", True, "USD", (balance,), now
        )
        return Snapshot(Known((account,), now), Known((), now), Known((), now), Known((), now))

    async def submit(self, orders: Sequence[Order]) -> None:
        now = time.perf_counter()
        for order in orders:
            self.handed[order.client_order_id] = now
            self.answered[order.client_order_id] = time.perf_counter()
            self.context.sink.report(self._report(order, OrderStatus.WORKING))

    async def cancel(self, order: Order) -> None:
        self.canceled[order.client_order_id] = time.perf_counter()
        self.context.sink.report(self._report(order, OrderStatus.CANCELED))

    def _report(self, order: Order, status: OrderStatus) -> Report:
        request = order.request
        number = order.broker_order_id or BrokerOrderId(str(next(self._numbers)))
        return Report(
            connection_id=request.connection_id,
            account_id=request.account_id,
            client_order_id=order.client_order_id,
            broker_order_id=number,
            instrument=request.instrument,
            side=request.side,
            order_type=request.order_type,
            quantity=order.quantity,
            status=status,
            at=self.context.clock.now(),
            limit_price=order.limit_price,
        )

    async def search(self, text: str) -> tuple[Instrument, ...]:
        return tuple(i for i in INSTRUMENTS if text.upper() in i.symbol)

    async def subscribe(self, instrument: Instrument) -> None: ...

    async def unsubscribe(self, instrument: Instrument) -> None: ...

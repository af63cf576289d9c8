"""A broker in memory: it keeps orders honestly and breaks only what a test switches on.

`Venue` is the broker's side and outlives every adapter and every engine, as a real one does.
`VenueBroker` is the adapter. What the venue says goes to `outbox` and waits there until the test
delivers it, in any order and as often as it likes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.brokers.base import Broker
from app.domain.capabilities import Capabilities
from app.domain.execution import Execution
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce
from app.domain.reports import (
    AccountReport,
    BrokerReport,
    CancelRefused,
    ExecutionReport,
    Known,
    OrderReport,
    PositionReport,
    ReplaceRefused,
    Snapshot,
    Unavailable,
)
from app.domain.request import OrderChange, OrderRequest
from tests.doubles.orders import ACCOUNT, CONNECTION, SPY

S = OrderStatus
EVERYTHING = Capabilities(
    order_types={asset: frozenset(OrderType) for asset in AssetClass},
    times_in_force={kind: frozenset(TimeInForce) for kind in OrderType},
    outside_hours=True,
    fractional=True,
    bracket=True,
    oco=True,
    short_selling=True,
)


@dataclass
class Held:
    """One order as the venue keeps it."""

    report: OrderReport
    client_order_id: ClientOrderId | None

    @property
    def leaves(self) -> Decimal:
        return self.report.quantity - self.report.cum_quantity


class Venue:
    """The broker's own truth, moved by adapters and by the test.

    `faults` counts how often each still strikes: "drop before", "drop after", "lost answer",
    "refuse", "not sent", "foreign error", "hang" on any request, and "slow before", "slow after"
    until `hurry` is called; "late fill" on a cancel; "slow list" on a snapshot, which is taken at
    once and arrives after `hurry`.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.since: datetime | None = clock.now()
        self.capabilities = EVERYTHING
        self.is_connected = True
        self.orders: dict[BrokerOrderId, Held] = {}
        self.executions: dict[ExecId, Execution] = {}
        self.received: Counter[ClientOrderId] = Counter()
        self.requests: list[tuple[str, ClientOrderId]] = []
        self.outbox: list[BrokerReport] = []
        self.faults: Counter[str] = Counter()
        self.unreadable: dict[str, str] = {}
        self.on_receive: Callable[[Sequence[Order]], None] = lambda orders: None
        self.before_answer: Callable[[], None] = lambda: None
        self._count = 0
        self._slow: list[asyncio.Event] = []

    # -- what the test may do to it --------------------------------------------------------------

    def number_of(self, own_id: ClientOrderId) -> BrokerOrderId:
        """The newest number of one of our orders."""
        return [n for n, held in self.orders.items() if held.client_order_id == own_id][-1]

    def live(self) -> list[BrokerOrderId]:
        return [number for number, held in self.orders.items() if held.report.status.is_open]

    def accept(self, number: BrokerOrderId) -> None:
        self._say(number, status=S.WORKING)

    def hold(self, number: BrokerOrderId) -> None:
        self._say(number, status=S.HELD)

    def end(self, number: BrokerOrderId, status: OrderStatus, reason: str = "") -> None:
        self._say(number, status=status, reason=reason)

    def fill(self, number: BrokerOrderId, quantity: Decimal | int | None = None) -> Execution:
        """Trade `quantity` of it, all that is left by default."""
        held = self.orders[number]
        size = held.leaves if quantity is None else Decimal(quantity)
        self._count += 1
        execution = Execution(
            connection_id=CONNECTION,
            account_id=held.report.account_id,
            exec_id=ExecId(f"x{self._count}"),
            client_order_id=held.client_order_id,
            broker_order_id=number,
            instrument=held.report.instrument,
            side=held.report.side,
            quantity=size,
            price=held.report.limit_price or Decimal("10.00"),
            at=self.clock.now(),
        )
        self.executions[execution.exec_id] = execution
        self._post(ExecutionReport(execution))
        total = held.report.cum_quantity + size
        done = total >= held.report.quantity
        status = S.FILLED if done else S.PARTIALLY_FILLED
        self._say(number, status=status if held.report.status.is_open else None, cum_quantity=total)
        return execution

    def correct(self, exec_id: ExecId, quantity: Decimal | int) -> None:
        """Say that a fill was of another size; the order's state stays as it is."""
        old = self.executions[exec_id]
        new = replace(old, quantity=Decimal(quantity), revision=old.revision + 1)
        self.executions[exec_id] = new
        self._post(ExecutionReport(new))
        assert old.broker_order_id is not None
        held = self.orders[old.broker_order_id]
        total = held.report.cum_quantity + new.quantity - old.quantity
        was_partly = held.report.status is S.PARTIALLY_FILLED
        status = S.WORKING if was_partly and not total else held.report.status
        held.report = replace(held.report, cum_quantity=total, status=status)

    def enter_foreign(
        self,
        side: Side = Side.BUY,
        quantity: int = 100,
        instrument: Instrument = SPY,
        status: OrderStatus = S.WORKING,
    ) -> BrokerOrderId:
        """An order that somebody typed in another program."""
        asked = OrderRequest(
            CONNECTION, ACCOUNT, instrument, side, OrderType.LIMIT, Decimal(quantity), Decimal(10)
        )
        number = self._keep(asked, None)
        self._say(number, status=status)
        return number

    def position(self, instrument: Instrument = SPY) -> Decimal:
        fills = self.executions.values()
        ours = [e.signed_quantity for e in fills if e.instrument.key == instrument.key]
        return sum(ours, Decimal(0))

    def hurry(self) -> None:
        """Let every slow request go on."""
        slow, self._slow = self._slow, []
        for event in slow:
            event.set()

    # -- what adapters do ------------------------------------------------------------------------

    async def receive(self, orders: Sequence[Order]) -> None:
        self.on_receive(orders)
        for order in orders:
            self.requests.append(("submit", order.client_order_id))
        await self._strike("before")
        for order in orders:
            self.received[order.client_order_id] += 1
            number = self._keep(order.request, order.client_order_id)
            if order.request.parent_id is None:
                self._say(number, status=S.WORKING)
            else:
                self._say(number, status=S.HELD)
        await self._strike("after")

    async def cancel(self, order: Order) -> None:
        self.requests.append(("cancel", order.client_order_id))
        await self._strike("before")
        held = self._open_of(order)
        if held is None:
            self._post(CancelRefused(CONNECTION, order.client_order_id, "too late", self._now()))
        else:
            self._say(self._number(held), status=S.CANCELED)
            if self._strikes("late fill"):
                self.fill(self._number(held), 1)
        await self._strike("after")

    async def modify(self, order: Order, change: OrderChange) -> None:
        self.requests.append(("modify", order.client_order_id))
        await self._strike("before")
        held = self._open_of(order)
        cut = change.quantity is not None and held is not None
        if held is None or (cut and (change.quantity or 0) <= held.report.cum_quantity):
            self._post(ReplaceRefused(CONNECTION, order.client_order_id, "too late", self._now()))
        else:
            said = held.report
            self._say(
                self._number(held),
                quantity=change.quantity or said.quantity,
                limit_price=change.limit_price or said.limit_price,
                stop_price=change.stop_price or said.stop_price,
            )
        await self._strike("after")

    def snapshot(self) -> Snapshot:
        now = self._now()
        held: dict[tuple[AccountId, str], PositionReport] = {}
        for execution in self.executions.values():
            key = (execution.account_id, execution.instrument.key)
            before = held[key].quantity if key in held else Decimal(0)
            quantity = before + execution.signed_quantity
            instrument = execution.instrument
            held[key] = PositionReport(CONNECTION, key[0], instrument, quantity, None, now)
        account = AccountReport(CONNECTION, ACCOUNT, "test", True, "USD", (), now)
        answer = Snapshot(
            accounts=Known((account,), now),
            orders=Known(tuple(order.report for order in self.orders.values()), now),
            executions=Known(tuple(self.executions.values()), now),
            positions=Known(tuple(held.values()), now),
            is_complete_since=self.since,
            carries_client_ids=True,
        )
        missing = {part: Unavailable(why, now) for part, why in self.unreadable.items()}
        self.before_answer()
        return replace(answer, **missing)  # type: ignore[arg-type] # names come from the test

    async def dawdle(self, fault: str) -> None:
        if self._strikes(fault):
            self._slow.append(asyncio.Event())
            await self._slow[-1].wait()

    # -- inside ----------------------------------------------------------------------------------

    def _keep(self, asked: OrderRequest, own_id: ClientOrderId | None) -> BrokerOrderId:
        self._count += 1
        number = BrokerOrderId(str(self._count))
        report = OrderReport(
            connection_id=CONNECTION,
            account_id=asked.account_id,
            client_order_id=own_id,
            broker_order_id=number,
            instrument=asked.instrument,
            side=asked.side,
            order_type=asked.order_type,
            quantity=asked.quantity,
            status=S.PENDING_NEW,
            at=self._now(),
            limit_price=asked.limit_price,
            stop_price=asked.stop_price,
            parent_id=asked.parent_id,
            oco_group=asked.oco_group,
        )
        self.orders[number] = Held(report, own_id)
        return number

    def _say(self, number: BrokerOrderId, **terms: object) -> None:
        held = self.orders[number]
        if terms.get("status", "") is None:
            del terms["status"]
        said = replace(held.report, at=self._now(), **terms)  # type: ignore[arg-type] # as above
        held.report = said
        self._post(said)

    def _post(self, report: BrokerReport) -> None:
        if self.is_connected:
            self.outbox.append(report)

    def _open_of(self, order: Order) -> Held | None:
        for held in self.orders.values():
            is_it = held.client_order_id == order.client_order_id
            if (is_it or self._number(held) == order.broker_order_id) and (
                held.report.status.is_open
            ):
                return held
        return None

    def _number(self, held: Held) -> BrokerOrderId:
        assert held.report.broker_order_id is not None
        return held.report.broker_order_id

    def _strikes(self, fault: str) -> bool:
        strikes = self.faults[fault] > 0
        self.faults[fault] -= strikes
        return strikes

    async def _strike(self, when: str) -> None:
        """Break what the test switched on, before or after the request took effect."""
        await self.dawdle(f"slow {when}")
        if when == "after":
            if self._strikes("lost answer"):
                self.outbox.clear()
            if self._strikes("drop after"):
                self.outbox.clear()
                raise BrokerError("the line broke")
            return
        if self._strikes("hang"):
            await asyncio.Event().wait()
        if self._strikes("drop before"):
            raise BrokerError("the line broke")
        if self._strikes("refuse"):
            raise BrokerError("insufficient margin", Outcome.REJECTED)
        if self._strikes("not sent"):
            raise BrokerError("socket closed", Outcome.NOT_SENT)
        if self._strikes("foreign error"):
            raise RuntimeError("the SDK fell over")

    def _now(self) -> datetime:
        return self.clock.now()


class VenueBroker(Broker):
    """The adapter: hands everything to its venue."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue

    @property
    def capabilities(self) -> Capabilities:
        return self.venue.capabilities

    async def connect(self) -> None:
        self.venue.is_connected = True

    async def disconnect(self) -> None:
        self.venue.is_connected = False

    async def snapshot(self) -> Snapshot:
        answer = self.venue.snapshot()
        await self.venue.dawdle("slow list")
        return answer

    async def submit(self, orders: Sequence[Order]) -> None:
        await self.venue.receive(orders)

    async def cancel(self, order: Order) -> None:
        await self.venue.cancel(order)

    async def modify(self, order: Order, change: OrderChange) -> None:
        await self.venue.modify(order, change)

    async def cancel_everything(self) -> None:
        for number in self.venue.live():
            self.venue.end(number, S.CANCELED)

    async def subscribe(self, instrument: Instrument) -> None:
        return

    async def unsubscribe(self, instrument: Instrument) -> None:
        return

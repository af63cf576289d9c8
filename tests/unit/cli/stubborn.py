"""The paper broker as a broker that is not embedded, with one thing it does wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.base.errors import BrokerError, Outcome
from app.brokers.base import BrokerInfo, SettingField
from app.brokers.paper import INFO as PAPER
from app.brokers.paper.adapter import PaperBroker
from app.domain.capabilities import Capabilities
from app.domain.order import Order
from app.domain.order_types import OrderType
from app.domain.reports import Known, Snapshot
from app.domain.request import OrderChange

FAULTS = ("none", "login", "live", "modify", "cancel", "submit", "positions", "no market orders")
INFO = BrokerInfo(
    id="stubborn",
    title="Stubborn",
    adapter="tests.unit.cli.stubborn:StubbornBroker",
    environments=("paper", "live"),
    settings=(*PAPER.settings, SettingField("fault", "choice", "none", "Fault", choices=FAULTS)),
    capabilities=replace(PAPER.capabilities, faults=False),
)
# Every order that ever came here, for the test in the same process.
submitted: list[Order] = []


class StubbornBroker(PaperBroker):
    """See FAULTS."""

    @property
    def fault(self) -> str:
        return str(self.context.config.settings["fault"])

    @property
    def capabilities(self) -> Capabilities:
        can = replace(super().capabilities, faults=False)
        if self.fault != "no market orders":
            return can
        kinds = {a: k - {OrderType.MARKET} for a, k in can.order_types.items()}
        return replace(can, order_types=kinds)

    async def connect(self) -> None:
        if self.fault == "login":
            raise BrokerError("wrong password", Outcome.REJECTED)
        await super().connect()

    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        if self.fault == "live" and isinstance(snapshot.accounts, Known):
            live = tuple(replace(a, is_paper=False) for a in snapshot.accounts.value)
            return replace(snapshot, accounts=replace(snapshot.accounts, value=live))
        if self.fault == "positions" and isinstance(snapshot.positions, Known):
            more = tuple(replace(p, quantity=p.quantity * 2) for p in snapshot.positions.value)
            return replace(snapshot, positions=replace(snapshot.positions, value=more))
        return snapshot

    async def submit(self, orders: Sequence[Order]) -> None:
        submitted.extend(orders)
        if self.fault == "submit":
            raise BrokerError("margin call", Outcome.REJECTED)
        await super().submit(orders)

    async def modify(self, order: Order, change: OrderChange) -> None:
        if self.fault == "modify":
            raise BrokerError("changes are not allowed today", Outcome.REJECTED)
        await super().modify(order, change)

    async def cancel(self, order: Order) -> None:
        if self.fault == "cancel" and order.request.order_type is OrderType.LIMIT:
            # Once: so that the way back, which cancels again, is seen to work.
            StubbornBroker.refused += 1
            if StubbornBroker.refused == 1:
                raise BrokerError("too late to cancel", Outcome.REJECTED)
        await super().cancel(order)

    refused = 0

"""A raw client that sends orders, and what a test of the peer's orders begins with."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.brokers.ibkr_tws.raw_client import RawClient
from tests.doubles.tws.peer import TwsPeer

SPY = 756733


class OrderClient:
    """Orders for SPY at a peer whose quote is 500 to 500.01; ids count from 1."""

    def __init__(self, raw: RawClient, peer: TwsPeer) -> None:
        self.raw = raw
        self.peer = peer
        self._ids = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, peer: TwsPeer, client_id: int = 1) -> AsyncIterator[OrderClient]:
        """Connected while inside."""
        peer.call(peer.world.quote, SPY, 500, 500.01)
        async with RawClient.to(peer, client_id) as raw:
            client = cls(raw, peer)
            client._ids = raw.send.getReqId() - 1
            raw.forget()
            yield client

    def place(self, action: str, quantity: float, kind: str, **terms: Any) -> int:
        """Send an order and give its id; `order_id` sends one that is known once more."""
        order_id = terms.pop("order_id", None)
        if order_id is None:
            self._ids += 1
            order_id = self._ids
        con_id = terms.pop("con_id", SPY)
        contract = self.raw.ib.Contract(conId=con_id, exchange=terms.pop("exchange", "SMART"))
        terms.setdefault("tif", "DAY")
        order = self.raw.ib.Order(action=action, totalQuantity=quantity, orderType=kind, **terms)
        self.raw.send.placeOrder(order_id, contract, order)
        return int(order_id)

    def limit(self, action: str, quantity: float, price: float, **terms: Any) -> int:
        return self.place(action, quantity, "LMT", lmtPrice=price, **terms)

    async def sync(self) -> None:
        """Return when all that was said so far has been heard."""
        asked = len(self.raw.heard("currentTime"))
        self.raw.send.reqCurrentTime()
        await self.raw.told("currentTime", count=asked + 1)

    async def refused(self, order_id: int) -> tuple[int, str]:
        """Code and text of the newest error about an order."""
        rows = await self.raw.told("error", order_id)
        return int(rows[-1][1]), str(rows[-1][2])

    def statuses(self, order_id: int) -> list[str]:
        """Every status that was told of an order."""
        return [str(row[1]) for row in self.raw.heard("orderStatus", order_id)]

    def executions(self) -> list[Any]:
        """Every live execution."""
        return [execution for _, _, execution in self.raw.heard("execDetails", -1)]

    async def open_orders(self, *, of_all: bool = False) -> list[Any]:
        """The orders of a fresh list."""
        await self.sync()
        self.raw.forget()
        send = self.raw.send
        (send.reqAllOpenOrders if of_all else send.reqOpenOrders)()
        await self.raw.told("openOrderEnd")
        return [order for _, _, order, _ in self.raw.heard("openOrder")]

    async def completed(self, *, api_only: bool = False) -> list[tuple[Any, Any]]:
        """Order and state of a fresh list."""
        await self.sync()
        self.raw.forget()
        self.raw.send.reqCompletedOrders(api_only)
        await self.raw.told("completedOrdersEnd")
        return [(order, state) for _, order, state in self.raw.heard("completedOrder")]

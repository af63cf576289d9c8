"""A hurried trader: orders, brackets, changes and cancels by chance, and others who interfere."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from decimal import Decimal
from typing import Any

from app.base.errors import BrokerError
from app.domain.ids import new_client_order_id
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Origin, Side, TimeInForce
from app.domain.request import OrderChange, OrderRequest
from app.engine.engine import Engine
from tests.brokers.ibkr_tws.faults_desk import ACCOUNT, CONNECTION
from tests.doubles.tws.desk import Desk
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.world import World

PAUSE_S = 0.012
MOST_AT_ONCE = 24
FOREIGN_CLIENT = 99
CHANGEABLE = (OrderType.LIMIT, OrderType.STOP)


class Trader:
    """Trades until `sent` orders went out in all its lives. `denied` counts what did not."""

    def __init__(self, peer: TwsPeer, con_ids: dict[int, str], seed: int) -> None:
        self._peer, self._con_ids, self._dice = peer, con_ids, random.Random(f"trader {seed}")
        self._doing: set[asyncio.Task[None]] = set()
        self.sent = 0
        self.denied: Counter[str] = Counter()
        self.done: Counter[str] = Counter()  # what was done how often
        self.crashes: list[str] = []

    async def trade(self, engine: Engine, instruments: list[Instrument], target: int) -> None:
        """Until `target` orders have been sent."""
        while self.sent < target:
            await asyncio.sleep(self._dice.expovariate(1 / PAUSE_S))
            is_open = engine.connections.is_trading_open(CONNECTION) is None
            # Now and then somebody tries while trading is closed; cancels are always let through.
            if len(self._doing) < MOST_AT_ONCE and (is_open or self._dice.random() < 0.05):
                task = asyncio.create_task(self._act(engine, self._dice.choice(instruments)))
                self._doing.add(task)
                task.add_done_callback(self._ended)
        await asyncio.gather(*self._doing, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._doing.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.crashes.append(f"{type(error).__name__}: {error}")

    async def _act(self, engine: Engine, instrument: Instrument) -> None:
        roll = self._dice.random()
        book = engine.orders.book.open_orders()
        live = [order for order in book if not order.status.is_in_flight]
        if roll < 0.004:
            self.done["cancel everything"] += 1
            await engine.orders.cancel_at_broker(CONNECTION)
        elif book and roll < 0.07:
            await self._cancel(engine, book[-1])  # the newest, perhaps not answered yet
        elif live and roll < 0.2:
            await self._cancel(engine, self._dice.choice(live))
        elif live and roll < 0.4:
            await self._change(engine, self._dice.choice(live))
        elif roll < 0.43:
            await self._preview(engine, instrument)
        elif roll < 0.48:
            self._peer.call(self._interfere, self._peer.world)
        else:
            await self._submit(engine, instrument)

    async def _submit(self, engine: Engine, instrument: Instrument) -> None:
        quote = engine.market.quote((CONNECTION, instrument.key))
        if quote is None or math.isnan(quote.mid):
            return
        roll, mid = self._dice.random(), Decimal(repr(quote.mid))
        if roll < 0.12:
            requests = self._bracket(instrument, mid)
        elif roll < 0.4:
            requests = [self._order(instrument, OrderType.MARKET)]
        elif roll < 0.85:
            limit = instrument.round_price(mid * self._near())
            requests = [self._order(instrument, OrderType.LIMIT, limit_price=limit)]
        elif roll < 0.95:
            requests = [self._stop(instrument, mid)]
        else:
            trail = {"trail_amount": instrument.tick_size * self._dice.randint(20, 300)}
            requests = [self._order(instrument, OrderType.TRAILING_STOP, **trail)]
        for order in await engine.orders.submit(requests):
            if order.status is OrderStatus.DENIED:
                self.denied[order.reason.split(":")[0][:60]] += 1
            else:
                self.sent += 1
                self.done[order.request.order_type.value] += 1

    def _near(self) -> Decimal:
        return Decimal(repr(round(self._dice.uniform(0.985, 1.015), 6)))

    def _order(self, instrument: Instrument, kind: OrderType, **more: Any) -> OrderRequest:
        given: dict[str, Any] = {
            "connection_id": CONNECTION,
            "account_id": ACCOUNT,
            "instrument": instrument,
            "side": self._dice.choice([Side.BUY, Side.SELL]),
            "order_type": kind,
            "quantity": Decimal(self._dice.randint(1, 9)),
            "time_in_force": self._dice.choice([TimeInForce.DAY, TimeInForce.GTC]),
            "stale_quote_ok": True,
        }
        return OrderRequest(**{**given, **more})

    def _stop(self, instrument: Instrument, mid: Decimal) -> OrderRequest:
        side = self._dice.choice([Side.BUY, Side.SELL])
        away = Decimal(repr(round(self._dice.uniform(0.002, 0.02), 6))) * side.sign
        stop = instrument.round_price(mid * (1 + away))
        return self._order(instrument, OrderType.STOP, side=side, stop_price=stop)

    def _bracket(self, instrument: Instrument, mid: Decimal) -> list[OrderRequest]:
        side = self._dice.choice([Side.BUY, Side.SELL])
        wide = Decimal(repr(round(self._dice.uniform(0.002, 0.01), 6))) * side.sign
        own_id, group = new_client_order_id(), new_client_order_id()
        quantity = Decimal(self._dice.randint(1, 9))
        entry_price = instrument.round_price(mid * (1 + wide / 10))
        legs: dict[str, Any] = {
            "side": side.opposite, "quantity": quantity, "parent_id": own_id, "oco_group": group,
            "time_in_force": TimeInForce.GTC,
        }  # fmt: skip
        profit, loss = (instrument.round_price(mid * (1 + way * wide)) for way in (1, -1))
        return [
            self._order(
                instrument, OrderType.LIMIT, side=side, quantity=quantity,
                limit_price=entry_price, client_order_id=own_id, time_in_force=TimeInForce.GTC,
            ),
            self._order(instrument, OrderType.LIMIT, limit_price=profit, **legs),
            self._order(instrument, OrderType.STOP, stop_price=loss, **legs),
        ]  # fmt: skip

    async def _cancel(self, engine: Engine, order: Order) -> None:
        self.done["cancel"] += 1
        await engine.orders.cancel(order.client_order_id)

    async def _change(self, engine: Engine, order: Order) -> None:
        request = order.request
        if request.order_type not in CHANGEABLE or request.origin is Origin.EXTERNAL:
            return
        self.done["change"] += 1
        if self._dice.random() < 0.3:
            change = OrderChange(quantity=order.cum_quantity + self._dice.randint(1, 9))
        else:
            price = (order.limit_price or order.stop_price or Decimal(100)) * self._near()
            price = request.instrument.round_price(price)
            is_limit = request.order_type is OrderType.LIMIT
            change = OrderChange(limit_price=price) if is_limit else OrderChange(stop_price=price)
        await engine.orders.modify(order.client_order_id, change)

    async def _preview(self, engine: Engine, instrument: Instrument) -> None:
        self.done["preview"] += 1
        request = self._order(instrument, OrderType.MARKET)
        try:
            told = await engine.connections.call(CONNECTION, lambda broker: broker.preview(request))
        except BrokerError as error:
            self.denied[f"preview: {error}"[:60]] += 1
        else:
            if told.initial_margin is None:
                self.denied[f"preview: {told.text}"[:60]] += 1

    def _interfere(self, world: World) -> None:
        """Orders typed into TWS, orders of other programs, cancels and fills from elsewhere."""
        roll = self._dice.random()
        con_id = self._dice.choice(list(self._con_ids))
        side = self._dice.choice(["BUY", "SELL"])
        if roll < 0.35:
            world.manual_order(con_id, side, self._dice.randint(1, 5))
            self.done["typed into TWS"] += 1
        elif roll < 0.6:
            ids = world.next_ids
            world.foreign_order(FOREIGN_CLIENT, ids[FOREIGN_CLIENT] + 1, con_id, side, 2)
            self.done["other program's"] += 1
        else:
            live = [
                order
                for order in world.part(Desk).open_orders()
                if order.client_id == 17 and not order.is_staged and order.status == "Submitted"
            ]
            if live and roll < 0.8:
                self.done["canceled there"] += 1
                world.part(Desk).cancel(self._dice.choice(live), "by the exchange")
            elif live:
                self.done["filled there"] += 1
                order = self._dice.choice(live)
                world.part(Desk).fill(order, Decimal(1), order.limit or Decimal(100))

"""The adapter at a TWS peer whose market stands still until a test moves it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.base.clock import SystemClock
from app.brokers.base import BrokerContext, ConnectionConfig
from app.brokers.ibkr_tws.adapter import TwsBroker
from app.brokers.ibkr_tws.sdk import ib
from app.domain.ids import AccountId, ClientOrderId, ConnectionId
from app.domain.instrument import Instrument
from tests.brokers.driving import RecordingSink
from tests.doubles.loop import PATIENCE_S
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import Quirk
from tests.doubles.tws.world import SPY

CONNECTION, ACCOUNT = ConnectionId("ib"), AccountId("DU1000001")
QUIET_S = 0.03
# A Tuesday, 12:30 in New York: there are two hours of bars.
START = datetime(2024, 3, 12, 16, 30, tzinfo=UTC)


class ClockOfThen(SystemClock):
    """Runs as the system's does, from START on."""

    def __init__(self) -> None:
        self._behind = datetime.now(UTC) - START

    def now(self) -> datetime:
        return datetime.now(UTC) - self._behind


class TwsDriver:
    """Fits tests.brokers.driving.BrokerDriver. `settings` are those of a connection."""

    instrument: Instrument

    def __init__(self, peer: TwsPeer, folder: Path, **others: Any) -> None:
        self.peer, self.folder = peer, folder
        self.sink = RecordingSink()
        self.connection_id, self.account_id = CONNECTION, ACCOUNT
        self.price, self.quantity = Decimal("450.00"), Decimal(10)
        self.settings: dict[str, Any] = {
            "port": peer.port, "client_id": 17, "connect_timeout_s": 2.0,
            "request_timeout_s": 3.0, "heartbeat_s": 5.0, **others,
        }  # fmt: skip
        self._broker: TwsBroker | None = None
        self.clock = ClockOfThen()
        peer.call(peer.world.timing.set, self.clock.now())
        peer.call(peer.world.quote, SPY.con_id, "450.00", "450.01")

    @property
    def broker(self) -> TwsBroker:
        assert self._broker is not None
        return self._broker

    def context(self) -> BrokerContext:
        config = ConnectionConfig(CONNECTION, "ibkr-tws", "paper", self.settings)
        folder = self.folder
        return BrokerContext(config, self.sink, self.clock, folder, folder, _no_secret)

    async def open(self) -> None:
        self._broker = broker = TwsBroker(self.context())
        await broker.connect()
        await broker.snapshot()  # as the engine does before anything else
        spy = ib.Contract(conId=SPY.con_id, exchange="SMART", secType="STK")
        self.instrument = await broker.session.instruments.instrument(spy)
        await self.settle()

    async def close(self) -> None:
        await self.broker.disconnect()

    async def settle(self) -> None:
        """Nothing more was said for a while, and nothing waits to be said."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        heard = (-1, -1)
        while loop.time() < deadline:
            self.peer.drained()
            await asyncio.sleep(QUIET_S)
            now = (len(self.sink.reports), len(self.sink.quotes))
            if now == heard:
                return
            heard = now
        raise AssertionError("it never comes to rest")

    async def fill(self, order_id: ClientOrderId, quantity: Decimal, price: Decimal) -> None:
        self.peer.call(self.peer.world.fill, order_id, quantity, price)

    async def move_quote(self, bid: Decimal, ask: Decimal) -> None:
        self.peer.call(self.peer.world.quote, SPY.con_id, bid, ask)

    async def refuse_next(self) -> None:
        self.peer.call(self.peer.faults.on_next, Quirk.REJECT)

    async def lose_next_answer(self) -> None:
        self.peer.call(self.peer.faults.on_next, Quirk.DROP_AFTER_ACCEPT)

    async def cut(self) -> None:
        self.peer.cut()


def _no_secret(name: str) -> str:
    raise AssertionError(f"TWS needs no secret, not even {name!r}")

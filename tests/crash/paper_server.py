"""The paper broker as a process of its own, which outlives every trader that is killed.

`python -m tests.crash.paper_server FOLDER CONNECTION` prints its port and serves until its
standard input ends. Calls of the broker port come in; answers and the sink's reports go out.
`record` answers the broker's own books.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.base.clock import SystemClock
from app.base.errors import MoorgateError
from app.base.paths import resources_dir
from app.brokers.base import Broker, BrokerContext, ConnectionConfig
from app.brokers.registry import create_broker
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.market import BarUpdate, Depth, Quote, TradePrint
from app.domain.order import Order
from app.domain.reports import BrokerReport
from tests.crash.wire import frame, read

# Busy enough that something is always about to happen when the kill comes.
SETTINGS = {
    "source": "synthetic",
    "instruments": 5,
    "quotes_per_second": 200.0,
    "latency_ms": 4.0,
    "initial_cash": "100000000",
}


class Server:
    """Is the sink of the adapter, and hands on to whoever is connected."""

    def __init__(self, folder: Path, connection_id: ConnectionId) -> None:
        config = ConnectionConfig(connection_id, "paper", "paper", SETTINGS)
        self._writers: set[asyncio.StreamWriter] = set()
        self.sent: Counter[ClientOrderId] = Counter()
        self.first_terms: dict[ClientOrderId, Order] = {}
        self.broker: Broker = create_broker(
            BrokerContext(config, self, SystemClock(), folder, resources_dir(), str)
        )

    def report(self, report: BrokerReport) -> None:
        self._tell(("report", report))

    def quote(self, quote: Quote) -> None:
        self._tell(("quote", quote))

    def trade(self, trade: TradePrint) -> None:
        self._tell(("trade", trade))

    def depth(self, depth: Depth) -> None:
        raise AssertionError("the paper broker has no depth")

    def bar(self, update: BarUpdate) -> None:
        raise AssertionError("the paper broker sends no bars")

    def _tell(self, message: Any) -> None:
        data = frame(message)
        for writer in self._writers:
            if not writer.is_closing():
                writer.write(data)

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One trader, until its line ends."""
        self._writers.add(writer)
        try:
            while True:
                number, method, arguments = await read(reader)
                writer.write(frame(("answer", number, *await self._answer(method, arguments))))
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # killed, as intended
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, method: str, arguments: Sequence[Any]) -> tuple[str, Any]:
        if method == "record":
            return "value", (self.sent, self.first_terms, await self.broker.snapshot())
        if method == "submit":
            for order in arguments[0]:
                self.sent[order.client_order_id] += 1
                self.first_terms.setdefault(order.client_order_id, order)
        try:
            return "value", await getattr(self.broker, method)(*arguments)
        except MoorgateError as error:
            return "error", (type(error), error.args, dict(vars(error)))


async def serve(folder: Path, connection_id: ConnectionId) -> None:
    """Until standard input ends: the test's process is gone or done."""
    server = Server(folder, connection_id)
    await server.broker.connect()
    listener = await asyncio.start_server(server.attend, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    listener.close()
    await server.broker.disconnect()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), ConnectionId(sys.argv[2])))

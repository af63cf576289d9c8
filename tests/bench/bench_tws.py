"""From a key to TWS's socket: `python -m tests.bench.bench_tws [ORDERS]`.

A TWS in a process of its own streams ticks of ten instruments; the real engine, journal, adapter
and SDK run here. JSON lines, in milliseconds: "to_socket" from the key's order (submit is called)
until its bytes were written to the socket, journaled and numbered on disk on the way; "answered"
from the order's bytes to the listeners of TWS's answer; "cancel" from the cancel's call to its
bytes; "stall" is how late the engine's loop runs a timer. Target: to_socket p99 below 5 ms at
5,000 ticks a second.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from typing import Any

from app.base.paths import resolve_home
from app.bootstrap import Services, build
from app.domain.events import OrderChanged, QuotesFlushed
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderRequest
from app.engine.connections import ConnectionState
from tests.bench.bench_order_path import watch_stalls
from tests.bench.load import percentiles, tell

CONNECTION = ConnectionId("ib-bench")
SYMBOLS = ("AAPL", "SPY", "INDA", "MSFT", "ESZ6", "MESZ6", "EUR.USD", "USD.JPY", "BTC.USD", "BRK B")
PAUSE_S = 0.05  # stays below TWS's 50 messages a second
SETTINGS = """
[risk]
max_orders_per_minute = "off"
max_open_orders = "off"
duplicate_window_s = "off"
price_collar_percent = "off"
quote_max_age_s = "off"
[[connection]]
id = "{id}"
broker = "ibkr-tws"
environment = "paper"
autoconnect = false
[connection.settings]
port = {port}
"""
_REF = re.compile(rb"\0([0-9a-f]{32})\0")


class Wire:
    """When the bytes of each order and of each cancel were handed to the socket."""

    def __init__(self) -> None:
        self.orders: dict[ClientOrderId, float] = {}
        self.cancels: list[float] = []

    def listen(self) -> None:
        """Stand in the way of everything the SDK writes."""
        from app.brokers.ibkr_tws.sdk import ib

        kind = ib.connection.Connection
        send = kind.sendMsg

        def sent(connection: Any, message: bytes) -> None:
            send(connection, message)
            at = time.perf_counter()
            if message[4:6] == b"3\0" and (found := _REF.search(message)):
                self.orders.setdefault(ClientOrderId(found[1].decode()), at)
            elif message[4:6] == b"4\0":
                self.cancels.append(at)

        kind.sendMsg = sent


async def instruments(services: Services) -> list[Instrument]:
    """One of each symbol the peer knows."""
    found = []
    for symbol in SYMBOLS:
        listed = await services.engine.instruments.search(CONNECTION, symbol)
        if listed:
            found.append(listed[0])
    return found


async def measure(services: Services, wire: Wire, count: int, rate: float) -> None:
    """Figures at `rate` ticks a second."""
    engine = services.engine
    chosen = await instruments(services)
    pressed: dict[ClientOrderId, float] = {}
    heard: dict[ClientOrderId, float] = {}
    frames = 0

    def on_order(event: OrderChanged) -> None:
        if event.order.status not in (OrderStatus.DRAFT, OrderStatus.PENDING_NEW):
            heard.setdefault(event.order.client_order_id, time.perf_counter())

    def on_quotes(_: QuotesFlushed) -> None:
        nonlocal frames
        frames += 1

    stops = [
        engine.bus.subscribe(OrderChanged, on_order),
        engine.bus.subscribe(QuotesFlushed, on_quotes),
    ]
    for instrument in chosen:
        engine.market.subscribe(CONNECTION, instrument)
    await asyncio.sleep(2.0)
    account = engine.connections.accounts(CONNECTION)[0].account_id
    stalls: list[float] = []
    watching = asyncio.create_task(watch_stalls(stalls))
    cancels: list[float] = []
    for number in range(count):
        instrument = chosen[number % len(chosen)]
        request = OrderRequest(
            connection_id=CONNECTION,
            account_id=account,
            instrument=instrument,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            quantity=instrument.min_quantity,
            limit_price=instrument.tick_size * 10,
        )
        pressed[request.client_order_id] = time.perf_counter()
        [order] = await engine.orders.submit([request])
        if order.status in (OrderStatus.DENIED, OrderStatus.UNKNOWN):
            raise RuntimeError(f"{instrument.symbol}: {order.status.value}: {order.reason}")
        await asyncio.sleep(PAUSE_S)
        seen = len(wire.cancels)
        asked = time.perf_counter()
        await engine.orders.cancel(request.client_order_id)
        cancels += [at - asked for at in wire.cancels[seen:]]
        await asyncio.sleep(PAUSE_S)
    watching.cancel()
    for stop in stops:
        stop()
    name = f"tws.{engine_sdk()}"
    sent = wire.orders
    tell(f"{name}.to_socket", rate=rate, **percentiles([sent[i] - t for i, t in pressed.items()]))
    tell(f"{name}.answered", rate=rate, **percentiles([heard[i] - sent[i] for i in pressed]))
    tell(f"{name}.cancel", rate=rate, **percentiles(cancels))
    tell(f"{name}.stall", rate=rate, frames=frames, **percentiles(stalls))


def engine_sdk() -> str:
    """Which of the two libraries is measured."""
    from app.brokers.ibkr_tws.sdk import NAME

    return NAME


async def run(services: Services, count: int, rate: float) -> None:
    """Connect, measure, leave."""
    wire = Wire()
    wire.listen()
    engine = services.engine
    await engine.start(autoconnect=False)
    await engine.connections.connect(CONNECTION)
    state = engine.connections.state(CONNECTION)
    assert state is ConnectionState.READY, f"{state}: {engine.connections.text(CONNECTION)}"
    await measure(services, wire, count, rate)
    await engine.stop()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    for rate in (100.0, 5_000.0):
        command = [sys.executable, "-m", "tests.doubles.tws", "--quotes-per-second", str(rate)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as peer:
            assert peer.stdout is not None
            port = int(peer.stdout.readline().split()[-1])
            try:
                session(port, count, rate)
            finally:
                peer.terminate()


def session(port: int, count: int, rate: float) -> None:
    """One life of the program beside the peer at `port`."""
    with tempfile.TemporaryDirectory(prefix="moorgate-bench-") as folder:
        paths = resolve_home(folder, {})
        paths.settings_file.write_text(SETTINGS.format(id=CONNECTION, port=port))
        services = build(paths)
        try:
            asyncio.run(run(services, count, rate))
        finally:
            services.close()


if __name__ == "__main__":
    main()

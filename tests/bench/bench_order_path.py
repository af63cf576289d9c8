"""The order path with the journal on disk: `python -m tests.bench.bench_order_path [ORDERS]`.

JSON lines, in milliseconds, without load and while 10,000 quotes a second over 200 instruments
stream in: "handed" from the key press (submit is called) until the order is on disk and with the
broker's runner, "taken" until the adapter begins with it in its thread; "answered" from the
adapter's report to the listeners, journaled on the way too; "stall" is how late the engine's loop
runs a timer. Target: handed p99 below 5 ms.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from decimal import Decimal

from app.base.paths import resolve_home
from app.bootstrap import Services, build
from app.brokers import registry
from app.domain.events import OrderChanged, QuotesFlushed
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderRequest
from tests.bench.load import ACCOUNT, INSTRUMENTS, LoadBroker, note_hand_over, percentiles, tell

CONNECTION = ConnectionId("load")
PAUSE_S = 0.02
SETTINGS = f"""
[risk]
max_orders_per_minute = "off"
max_open_orders = "off"
duplicate_window_s = "off"
[[connection]]
id = "{CONNECTION}"
broker = "load"
environment = "paper"
autoconnect = false
"""


async def watch_stalls(stalls: list[float]) -> None:
    """How late a 5 ms timer comes."""
    while True:
        due = time.perf_counter() + 0.005
        await asyncio.sleep(0.005)
        stalls.append(time.perf_counter() - due)


async def measure(
    services: Services, hand_overs: list[float], name: str, count: int, rate: int
) -> None:
    """One line of figures at `rate` quotes a second."""
    engine = services.engine
    pressed: dict[ClientOrderId, float] = {}
    heard: dict[ClientOrderId, float] = {}
    quotes = 0

    def on_order(event: OrderChanged) -> None:
        if event.order.status is OrderStatus.WORKING:
            heard.setdefault(event.order.client_order_id, time.perf_counter())

    def on_quotes(event: QuotesFlushed) -> None:
        nonlocal quotes
        quotes += len(event.quotes)

    stop_orders = engine.bus.subscribe(OrderChanged, on_order)
    stop_quotes = engine.bus.subscribe(QuotesFlushed, on_quotes)
    LoadBroker.rate = rate
    await asyncio.sleep(1.0)
    hand_overs.clear()
    stalls: list[float] = []
    watching = asyncio.create_task(watch_stalls(stalls))
    for number in range(count):
        request = OrderRequest(
            connection_id=CONNECTION,
            account_id=ACCOUNT,
            instrument=INSTRUMENTS[number % 200],
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            quantity=Decimal(1),
            limit_price=Decimal("99.50"),
        )
        pressed[request.client_order_id] = time.perf_counter()
        await engine.orders.submit([request])
        await asyncio.sleep(PAUSE_S)
    await asyncio.sleep(0.5)
    watching.cancel()
    stop_orders()
    stop_quotes()
    taken, answered = LoadBroker.handed, LoadBroker.answered
    handed = zip(hand_overs, pressed.values(), strict=True)  # one at a time, so in order
    tell(f"{name}.handed", rate=rate, **percentiles([there - at for there, at in handed]))
    tell(f"{name}.taken", rate=rate, **percentiles([taken[i] - at for i, at in pressed.items()]))
    tell(f"{name}.answered", rate=rate, **percentiles([heard[i] - answered[i] for i in pressed]))
    tell(f"{name}.stall", rate=rate, drawn_quotes=quotes, **percentiles(stalls))


async def run(services: Services, count: int) -> None:
    """Quiet first, then under load."""
    engine = services.engine
    await engine.start(autoconnect=False)
    await engine.connections.connect(CONNECTION)
    LoadBroker.rate = 1000
    for instrument in INSTRUMENTS:
        engine.market.subscribe(CONNECTION, instrument)
    await asyncio.sleep(0.5)
    hand_overs = note_hand_over(engine)
    for rate in (1_000, 10_000, 30_000):
        await measure(services, hand_overs, "order_path", count, rate)
    await engine.stop()


def main() -> None:
    registry.MODULES["load"] = "tests.bench.load"
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory(prefix="moorgate-bench-") as folder:
        paths = resolve_home(folder, {})
        paths.settings_file.write_text(SETTINGS)
        services = build(paths)
        asyncio.run(run(services, count))
        services.close()


if __name__ == "__main__":
    main()

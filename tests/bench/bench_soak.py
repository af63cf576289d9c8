"""Memory over time: `python -m tests.bench.bench_soak [MINUTES] [ORDERS]` (default 1; goal 10).

The real engine on the paper broker's synthetic feed: 10,000 quotes a second over 200 instruments,
live bars open, and ORDERS a second (default 2) coming and going, each of which is kept. A JSON
line every ten seconds, and one at the end with the growth after the first half minute.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from app.base.paths import resolve_home
from app.bootstrap import Services, build
from app.domain.events import QuotesFlushed
from app.domain.ids import ConnectionId
from app.domain.instrument import Instrument
from app.domain.market import Timeframe
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderRequest
from tests.bench.load import tell

CONNECTION = ConnectionId("soak")
STEP_S, SETTLE_S = 10.0, 30.0
CHARTS, INSTRUMENTS = 4, 200
SETTINGS = f"""
[risk]
max_orders_per_minute = "off"
max_open_orders = "off"
duplicate_window_s = "off"
[[connection]]
id = "{CONNECTION}"
broker = "paper"
environment = "paper"
autoconnect = false
[connection.settings]
source = "synthetic"
instruments = {INSTRUMENTS}
quotes_per_second = 10000
initial_cash = 1000000000
"""


def resident_mib() -> float:
    """Resident memory of this process, Linux only."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def every_instrument(services: Services) -> list[Instrument]:
    """All of the synthetic ones; a search answers the first fifty only."""
    found: dict[str, Instrument] = {}
    for tens in range(INSTRUMENTS // 10 + 1):  # they count from 1
        for instrument in await services.engine.instruments.search(CONNECTION, f"SYN{tens:02d}"):
            found[instrument.symbol] = instrument
    assert len(found) == INSTRUMENTS, f"only {len(found)} instruments were found"
    return list(found.values())


async def trade_for_ever(services: Services, orders_a_second: float) -> None:
    """Buys and sells one unit of one instrument after the other."""
    engine = services.engine
    account = engine.connections.accounts(CONNECTION)[0].account_id
    found = engine.market.subscribed(CONNECTION)
    number = 0
    while True:
        instrument = found[number // 2 % len(found)]
        request = OrderRequest(
            connection_id=CONNECTION,
            account_id=account,
            instrument=instrument,
            side=Side.SELL if number % 2 else Side.BUY,
            order_type=OrderType.MARKET,
            quantity=Decimal(max(instrument.min_quantity, instrument.quantity_step)),
        )
        await engine.orders.submit([request])
        number += 1
        await asyncio.sleep(1 / orders_a_second)


async def run(services: Services, minutes: float, orders_a_second: float) -> None:
    """Subscribe to everything, trade, and look at the memory."""
    engine = services.engine
    await engine.start(autoconnect=False)
    await engine.connections.connect(CONNECTION)
    found = await every_instrument(services)
    for instrument in found:
        engine.market.subscribe(CONNECTION, instrument)
    charts = [engine.market.live_bars(CONNECTION, i, Timeframe.S1) for i in found[:CHARTS]]
    drawn = 0

    def on_quotes(event: QuotesFlushed) -> None:
        nonlocal drawn
        drawn += len(event.quotes)

    engine.bus.subscribe(QuotesFlushed, on_quotes)
    trading = asyncio.create_task(trade_for_ever(services, orders_a_second))
    began, base = time.perf_counter(), 0.0
    while (at := time.perf_counter() - began) < minutes * 60:
        await asyncio.sleep(STEP_S)
        if not base and at >= SETTLE_S - STEP_S:
            base = resident_mib()
        figures = {"rss_mib": round(resident_mib(), 1), "orders": len(engine.orders.book)}
        tell("soak", at_s=round(time.perf_counter() - began), drawn_quotes=drawn, **figures)
    trading.cancel()
    tell(
        "soak.growth", minutes=minutes, instruments=len(found), mib=round(resident_mib() - base, 1)
    )
    for chart in charts:
        chart.close()
    await engine.stop()


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    orders_a_second = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    with tempfile.TemporaryDirectory(prefix="moorgate-soak-") as folder:
        paths = resolve_home(folder, {})
        paths.settings_file.write_text(SETTINGS)
        services = build(paths)
        asyncio.run(run(services, minutes, orders_a_second))
        services.close()


if __name__ == "__main__":
    main()

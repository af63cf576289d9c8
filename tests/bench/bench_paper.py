"""What the paper broker costs: load of the sample, invented quotes, replay, an order's way.

    python -m tests.bench.bench_paper [--seconds N]

One JSON line for each figure with its target; exit code 1 when one is missed. The sink only counts,
so the figures are the broker's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.base.clock import SystemClock
from app.brokers.base import BrokerContext, ConnectionConfig
from app.brokers.paper.adapter import PaperBroker
from app.brokers.paper.manifest import open_market
from app.domain import order_events as ev
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.market import BarUpdate, Depth, Quote, TradePrint
from app.domain.order import Order, initialize
from app.domain.order_types import OrderType, Side
from app.domain.reports import BrokerReport, ExecutionReport
from app.domain.request import OrderRequest

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
INSTRUMENTS, QUOTES_PER_SECOND = 200, 10_000


class CountingSink:
    """Counts, and keeps the moment at which each order filled."""

    def __init__(self) -> None:
        self.quotes = self.trades = 0
        self.filled: dict[ClientOrderId, float] = {}

    def report(self, report: BrokerReport) -> None:
        if isinstance(report, ExecutionReport) and report.execution.client_order_id is not None:
            self.filled[report.execution.client_order_id] = time.perf_counter()

    def quote(self, quote: Quote) -> None:
        self.quotes += 1

    def trade(self, trade: TradePrint) -> None:
        self.trades += 1

    def depth(self, depth: Depth) -> None:
        raise AssertionError("the paper broker has no depth")

    def bar(self, update: BarUpdate) -> None:
        raise AssertionError("the paper broker sends no bars")


def no_secret(name: str) -> str:
    raise KeyError(name)


def broker(folder: Path, settings: Mapping[str, Any]) -> tuple[PaperBroker, CountingSink]:
    """An adapter that is not connected yet."""
    sink = CountingSink()
    config = ConnectionConfig(ConnectionId("bench"), "paper", "paper", settings)
    context = BrokerContext(config, sink, SystemClock(), folder, RESOURCES, no_secret)
    return PaperBroker(context), sink


def tell(name: str, value: float, target: float, *, at_least: bool = False) -> bool:
    """One figure; whether it holds."""
    held = value >= target if at_least else value <= target
    print(json.dumps({"name": name, "value": round(value, 3), "target": target, "ok": held}))
    return held


def load_ms() -> float:
    """The sample from disk to columns."""
    began = time.perf_counter()
    open_market(RESOURCES / "replay" / "manifest.toml", "UTC", "USD")
    return (time.perf_counter() - began) * 1000


async def stall_ms(seconds: float) -> float:
    """The longest time for which the loop did not come round."""
    worst, last, end = 0.0, time.perf_counter(), time.perf_counter() + seconds
    while last < end:
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        worst, last = max(worst, now - last), now
    return worst * 1000


async def synthetic(folder: Path, seconds: float) -> bool:
    """200 subscribed instruments, 10,000 quotes a second together."""
    settings = {
        "source": "synthetic",
        "instruments": INSTRUMENTS,
        "quotes_per_second": QUOTES_PER_SECOND,
    }
    paper, sink = broker(folder, settings)
    await paper.connect()
    for instrument in paper.session.opened.source.instruments.values():
        await paper.subscribe(instrument)
    await asyncio.sleep(0.2)
    sink.quotes, cpu, began = 0, time.process_time(), time.perf_counter()
    worst = await stall_ms(seconds)
    passed = time.perf_counter() - began
    share = (time.process_time() - cpu) / passed
    rate = sink.quotes / passed
    await paper.disconnect()
    return all(
        (
            tell("synthetic quotes a second", rate, 0.98 * QUOTES_PER_SECOND, at_least=True),
            tell("synthetic share of one core", share, 0.35),
            tell("synthetic longest stall of the loop (ms)", worst, 50.0),
        )
    )


async def replayed(folder: Path) -> bool:
    """Six market hours of the sample at once, everything subscribed."""
    paper, sink = broker(folder, {})
    await paper.connect()
    for instrument in await paper.search(""):
        await paper.subscribe(instrument)
    await paper.control("replay.pause")
    sink.quotes, began = 0, time.perf_counter()
    await paper.control("replay.step", seconds=6 * 3600)
    rate = sink.quotes / (time.perf_counter() - began)
    await paper.disconnect()
    return tell("replayed ticks a second", rate, 10_000, at_least=True)


def market_order(instrument: Instrument) -> Order:
    request = OrderRequest(
        connection_id=ConnectionId("bench"),
        account_id="BENCH",  # type: ignore[arg-type]  # written short: it is an AccountId
        instrument=instrument,
        side=Side.BUY,
        order_type=OrderType.MARKET,
        quantity=Decimal(1),
    )
    at = SystemClock().now()
    return initialize(
        ev.OrderInitialized(client_order_id=request.client_order_id, at=at, request=request)
    )


async def round_trip(folder: Path) -> bool:
    """From submit to the fill's report without latency: disk included, twice."""
    paper, sink = broker(folder, {"latency_ms": 0.0, "initial_cash": "100000000"})
    await paper.connect()
    (instrument,) = await paper.search("BTC-PERP")
    took = []
    for _ in range(100):
        order = market_order(instrument)
        began = time.perf_counter()
        await paper.submit([order])
        while order.client_order_id not in sink.filled:  # noqa: ASYNC110 - this wait is the figure
            await asyncio.sleep(0)
        took.append((sink.filled[order.client_order_id] - began) * 1000)
    await paper.disconnect()
    return tell("market order to fill, median (ms)", statistics.median(took), 25.0)


async def everything(seconds: float) -> bool:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        results = [
            tell("load of the sample (ms)", min(load_ms() for _ in range(3)), 150.0),
            await synthetic(folder / "synthetic", seconds),
            await replayed(folder / "replay"),
            await round_trip(folder / "orders"),
        ]
    return all(results)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=5.0, help="of invented quotes")
    return 0 if asyncio.run(everything(parser.parse_args().seconds)) else 1


if __name__ == "__main__":
    sys.exit(main())

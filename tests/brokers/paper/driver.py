"""A paper account whose market stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.brokers.base import BrokerContext, ConnectionConfig
from app.brokers.paper.adapter import PaperBroker
from app.brokers.paper.tick import NAN, Tick
from app.domain.ids import AccountId, ClientOrderId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order_types import Side
from tests.brokers.driving import RecordingSink
from tests.doubles.clock import FakeClock
from tests.doubles.loop import until

CONNECTION = ConnectionId("paper")
ACCOUNT = AccountId("PAPER")
# A Tuesday, 10:30 in New York.
START_S = 1_710_253_800
BARS = 300


def write_bars(path: Path, *, start_s: int = START_S, count: int = BARS, price: int = 100) -> Path:
    """One-minute bars around `price`, tick 0.01; the last of them begins count - 1 minutes on."""
    lines = ["timestamp,open,high,low,close,volume"]
    for row in range(count):
        at = datetime.fromtimestamp(start_s + 60 * row, UTC).strftime("%Y-%m-%d %H:%M:%S")
        o, c = price + (row % 3) / 100, price + ((row + 1) % 3) / 100
        lines.append(f"{at},{o:.2f},{max(o, c) + 0.01:.2f},{min(o, c) - 0.01:.2f},{c:.2f},1000")
    path.write_text("\n".join(lines) + "\n")
    return path


def no_secret(name: str) -> str:
    """The paper broker has no secrets."""
    raise AssertionError(name)


class PaperDriver:
    """Fits tests.brokers.driving.BrokerDriver. Wall and market time move by command only."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        resources: Path | None = None,
    ) -> None:
        self.folder = folder
        self.sink = RecordingSink()
        self.connection_id, self.account_id = CONNECTION, ACCOUNT
        self.price, self.quantity = Decimal("100.00"), Decimal(10)
        self.clock = FakeClock()
        bars = folder / "XYZ_1min.csv"
        if not bars.exists():
            write_bars(bars)
        self.settings: dict[str, Any] = {
            "source": "file",
            "file": str(bars),
            "latency_ms": 0.0,
            "fee_model": "none",
            "fee_overrides": (),
            **(settings or {}),
        }
        self.resources = resources or folder
        self._broker: PaperBroker | None = None
        self.instrument: Instrument
        self.market_s = START_S + 3600.0

    @property
    def broker(self) -> PaperBroker:
        assert self._broker is not None
        return self._broker

    def context(self) -> BrokerContext:
        config = ConnectionConfig(CONNECTION, "paper", "paper", self.settings)
        data_dir = self.folder / "brokers" / "paper"
        return BrokerContext(config, self.sink, self.clock, data_dir, self.resources, no_secret)

    async def open(self) -> None:
        self._broker = PaperBroker(self.context())
        await self._broker.connect()
        state = await self._broker.control("replay.state")
        if self.settings["source"] == "file" and state["elapsed_s"] == 0.0:
            # An hour of history lies behind.
            await self._broker.control("replay.seek", at_s=state["start_s"] + 3600.0)
        self.instrument = next(iter(self._broker.session.opened.source.instruments.values()))
        await self.settle()

    async def close(self) -> None:
        await self.broker.disconnect()

    async def settle(self) -> None:
        """Until the paper broker has come to rest."""
        await until(lambda: not self.broker.is_connected or self.broker.session.is_quiet)

    async def fill(self, order_id: ClientOrderId, quantity: Decimal, price: Decimal) -> None:
        """A print of exactly that size by somebody on the other side."""
        order = self.broker.session.exchange.orders.get(order_id)
        assert order is not None
        self.print(price, quantity, order.side.opposite)

    async def move_quote(self, bid: Decimal, ask: Decimal) -> None:
        self.quote(bid, ask)

    async def refuse_next(self) -> None:
        await self.broker.control("faults.set", name="reject", count=1)

    async def lose_next_answer(self) -> None:
        await self.broker.control("faults.set", name="lose_answer", count=1)

    async def cut(self) -> None:
        await self.broker.control("faults.disconnect")

    def quote(self, bid: Any, ask: Any, bid_size: float = 1e6, ask_size: float = 1e6) -> None:
        """A new quote stands."""
        self.feed(Tick(self.key, self._next(), float(bid), float(ask), bid_size, ask_size))

    def print(self, price: Any, size: Any, aggressor: Side | None = None) -> None:
        """Somebody traded; the quote stands."""
        sign = 0 if aggressor is None else aggressor.sign
        at_s = self._next()
        self.feed(Tick(self.key, at_s, NAN, NAN, NAN, NAN, float(price), float(size), sign))

    def feed(self, *ticks: Tick) -> None:
        """Let the market do something."""
        session, now = self.broker.session, self.clock.monotonic()
        session.guarded(lambda: session.feed(ticks, now))

    @property
    def key(self) -> Any:
        return self.instrument.key

    def _next(self) -> float:
        self.market_s += 0.5
        return self.market_s


def write_manifest(folder: Path, instrument: str, extra: str = "") -> Path:
    """A market of one instrument, described as `instrument` (TOML lines) says."""
    bars = folder / "XYZ_1min.csv"
    if not bars.exists():
        write_bars(bars)
    path = folder / "market.toml"
    path.write_text(f'[[tape]]\nfile = "{bars.name}"\n[tape.instrument]\n{instrument}\n{extra}\n')
    return path


SHARE = 'symbol = "XYZ"\nasset_class = "equity"\ncurrency = "USD"\nsession = "us-equity"'
FUTURE = """symbol = "XYZH4"
asset_class = "future"
currency = "USD"
multiplier = "50"
market = "CME"
session = "cme-globex"
expiry = 2024-03-15"""
FUTURE_MARGIN = '[tape.margin]\ninitial = "2000"\nmaintenance = "1800"'
COIN = """symbol = "COIN"
asset_class = "crypto"
currency = "USD"
tick_size = "0.5"
quantity_step = "0.001"
min_quantity = "0.001\""""

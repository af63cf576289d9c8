"""The port that every broker adapter implements. The engine knows nothing else of brokers.

| method        | required | runs                                                               |
|---------------|----------|--------------------------------------------------------------------|
| connect       | yes      | until the line is up and authenticated                             |
| disconnect    | yes      | always ends; never raises                                          |
| snapshot      | yes      | reads accounts, orders, executions, positions for reconciliation   |
| submit        | yes      | sends orders that are already journaled, in one breath             |
| cancel        | yes      |                                                                    |
| modify        | if capabilities.modify                                                        |
| preview       | if capabilities.preview                                                       |
| search        | if capabilities.search                                                        |
| subscribe     | yes      | quotes and prints of one instrument until unsubscribe              |
| history       | if capabilities.history                                                       |
| option_chains, option | if capabilities.option_chains                                         |
| subscribe_depth, unsubscribe_depth | if capabilities.depth                                    |
| subscribe_bars, unsubscribe_bars | if capabilities.live_bars                                  |
| cancel_everything | if capabilities.global_cancel                                             |
| control       | if capabilities.replay or .faults: switches of the embedded broker            |

Every method is a coroutine that runs in the adapter's own thread and loop (brokers.runner). An
adapter speaks back only through its `Sink`, from that same thread.

Failures: raise BrokerError. `Outcome.NOT_SENT` and `Outcome.REJECTED` are proofs; everything else
that goes wrong, foreign exceptions and time-outs included, is taken for `Outcome.UNKNOWN`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.domain.bars import BarSeries
from app.domain.capabilities import Capabilities
from app.domain.connection_config import ConnectionConfig
from app.domain.instrument import Instrument, OptionRight
from app.domain.market import BarUpdate, Depth, Quote, Timeframe, TradePrint
from app.domain.option_chain import OptionChain
from app.domain.order import Order
from app.domain.reports import BrokerReport, Snapshot
from app.domain.request import OrderChange, OrderRequest

__all__ = [
    "Broker",
    "BrokerContext",
    "BrokerInfo",
    "ConnectionConfig",
    "Preview",
    "SettingField",
    "Sink",
]


class Sink(Protocol):
    """Where an adapter puts what it hears; call it from the adapter's thread only."""

    def report(self, report: BrokerReport) -> None:
        """Lossless and in order; never queued behind market data."""
        ...

    def quote(self, quote: Quote) -> None:
        """Only the newest quote of an instrument is kept until the screen asks."""
        ...

    def trade(self, trade: TradePrint) -> None:
        """Every print arrives, in batches."""
        ...

    def depth(self, depth: Depth) -> None:
        """Only the newest book of an instrument is kept until the screen asks."""
        ...

    def bar(self, update: BarUpdate) -> None:
        """Only the newest word on each bar is kept until the screen asks."""
        ...


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of a broker: drives validation of settings.toml, the wizard's form and help.

    `kind` is one of "text", "int", "float", "bool", "choice", "path", "decimal", "list". `secret`
    fields never stand in settings.toml: they come from the vault.
    """

    name: str
    kind: str
    default: Any
    title: str
    help: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class BrokerInfo:
    """What is known of a broker without importing its SDK.

    `adapter` and `setup` are "module:Class"; the latter is a brokers.setup.Setup, empty for a
    broker that the wizard need not ask about. `family` and `summary` are its line on the wizard's
    first page; brokers of one family share it.
    """

    id: str
    title: str
    adapter: str
    environments: tuple[str, ...]
    settings: tuple[SettingField, ...]
    capabilities: Capabilities
    extra: str = ""  # the extra that installs its SDK
    family: str = ""  # "Interactive Brokers"; empty: the title
    summary: str = ""
    setup: str = ""


@dataclass(frozen=True, slots=True)
class BrokerContext:
    """What an adapter is given at birth. `data_dir` is its own folder, `resources` is read-only.

    `secret` fetches one secret field by name and raises UserError when there is none.
    """

    config: ConnectionConfig
    sink: Sink
    clock: Clock
    data_dir: Path
    resources: Path
    secret: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would cost; None means the broker did not tell. Account currency."""

    cost: Decimal | None
    commission: Decimal | None
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None
    text: str = ""


class Broker(ABC):
    """One connection to one broker. A new object is made for every connection attempt."""

    def __init__(self, context: BrokerContext) -> None:
        self.context = context

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this connection can do now; may be narrower than BrokerInfo promises."""

    @abstractmethod
    async def connect(self) -> None:
        """Bring the line up and authenticate. Raises BrokerError with the next step to take."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Let go of everything. Never raises."""

    @abstractmethod
    async def snapshot(self) -> Snapshot:
        """Everything the broker holds for us; a part that fails is Unavailable, never empty."""

    @abstractmethod
    async def submit(self, orders: Sequence[Order]) -> None:
        """Send one order, or the legs of one group with their entry first.

        Returning means "sent", not "accepted": the answer comes as OrderReport. Never retries.
        A raised BrokerError speaks for all of `orders` unless reports already spoke for some.
        """

    @abstractmethod
    async def cancel(self, order: Order) -> None:
        """Ask for a cancel; the answer comes as OrderReport or CancelRefused."""

    async def modify(self, order: Order, change: OrderChange) -> None:
        """Ask for new terms; the answer comes as OrderReport or ReplaceRefused."""
        raise BrokerError("this broker cannot change orders", Outcome.NOT_SENT)

    async def preview(self, request: OrderRequest) -> Preview:
        """Margin and commission of an order that is not sent."""
        raise BrokerError("this broker gives no preview", Outcome.NOT_SENT)

    async def search(self, text: str) -> tuple[Instrument, ...]:
        """Instruments that match what was typed, best first; empty when there are none."""
        raise BrokerError("this broker has no search", Outcome.NOT_SENT)

    @abstractmethod
    async def subscribe(self, instrument: Instrument) -> None:
        """Start quotes and prints. Raises BrokerError when the data may not be had."""

    @abstractmethod
    async def unsubscribe(self, instrument: Instrument) -> None:
        """Stop them."""

    async def history(
        self, instrument: Instrument, timeframe: Timeframe, start: datetime, end: datetime
    ) -> BarSeries:
        """Bars in [start, end), oldest first. Long work tells ProgressReports; may be canceled."""
        raise BrokerError("this broker has no history", Outcome.NOT_SENT)

    async def option_chains(self, underlying: Instrument) -> tuple[OptionChain, ...]:
        """Every chain that is listed on `underlying`, the most complete one first."""
        raise BrokerError("this broker has no option chains", Outcome.NOT_SENT)

    async def option(
        self, chain: OptionChain, expiry: date, strike: Decimal, right: OptionRight
    ) -> Instrument:
        """One option of a chain. Raises BrokerError when no such contract is listed."""
        raise BrokerError("this broker has no option chains", Outcome.NOT_SENT)

    async def subscribe_depth(self, instrument: Instrument, rows: int) -> None:
        """Start the order book of one instrument, `rows` levels a side."""
        raise BrokerError("this broker has no market depth", Outcome.NOT_SENT)

    async def unsubscribe_depth(self, instrument: Instrument) -> None:
        """Stop it."""
        raise BrokerError("this broker has no market depth", Outcome.NOT_SENT)

    async def subscribe_bars(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """Start the broker's own bars: the one under way, and each once more when it has ended.

        Raises BrokerError, code "timeframe" where the broker has no such bars as they begin here.
        """
        raise BrokerError("this broker sends no live bars", Outcome.NOT_SENT)

    async def unsubscribe_bars(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """Stop them."""
        raise BrokerError("this broker sends no live bars", Outcome.NOT_SENT)

    async def cancel_everything(self) -> None:
        """Ask for a cancel of every order of the login, those of other programs included."""
        raise BrokerError("this broker has no cancel for everything at once", Outcome.NOT_SENT)

    async def control(self, command: str, **arguments: Any) -> Any:
        """Switches of the embedded broker: replay transport and fault drills.

        The commands are listed in brokers.paper.
        """
        raise BrokerError(f"this broker knows no {command!r}", Outcome.NOT_SENT)

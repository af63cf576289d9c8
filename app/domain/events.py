"""What the engine tells its listeners (window, log, command line) through the bus. Past tense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId, MarketKey
from app.domain.instrument import Instrument
from app.domain.market import Depth, Quote, TradePrint
from app.domain.notes import Note, Subject
from app.domain.order import Order
from app.domain.order_events import OrderEvent
from app.domain.position import exact_sum
from app.domain.reconcile import Reconciliation
from app.domain.reports import AccountReport, Health, ProfitReport, Severity


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order after an event that is on disk."""

    order: Order
    event: OrderEvent


@dataclass(frozen=True, slots=True)
class ExecutionBooked:
    """A new fill, or a newer revision of one, that is on disk."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class PositionView:
    """One position as shown. None means not known, never zero.

    `quantity` is signed. It is the broker's own word where `verified_at` is set, and the sum of
    our fills since; `is_verified` is False while the broker could not be asked. Prices are per
    unit, money in `instrument.currency`; `computed_quantity` is what our fills alone make.
    `realized` is over all fills on record, `realized_today` of the trading day, both less the fees
    that were paid in that currency. `fees` are all that were paid, by currency and never zero;
    `is_realized_known` is False where the cost of something closed is not known, which `realized`
    then lacks. `broker_profit` is the broker's own reckoning, None while it does not tell one.
    """

    connection_id: ConnectionId
    account_id: AccountId
    instrument: Instrument
    quantity: Decimal
    average_price: Decimal | None
    mark: Decimal | None
    unrealized: Decimal | None
    realized: Decimal
    verified_at: datetime | None
    is_verified: bool
    computed_quantity: Decimal | None = None
    realized_today: Decimal | None = None
    broker_profit: ProfitReport | None = None
    fees: tuple[tuple[str, Decimal], ...] = ()
    is_realized_known: bool = True

    @property
    def own_fees(self) -> Decimal:
        """Fees paid in the instrument's currency."""
        return dict(self.fees).get(self.instrument.currency.upper(), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """`realized` before any fee."""
        return exact_sum((self.realized, self.own_fees))


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position has a new quantity, price or standing; a flat one is sent once with zero."""

    position: PositionView


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as shown, with profit computed here in its base currency; None is not known.

    `broker_profit` is the broker's own reckoning.
    """

    report: AccountReport
    realized_today: Decimal | None
    unrealized: Decimal | None
    verified_at: datetime | None
    is_verified: bool
    broker_profit: ProfitReport | None = None


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """An account has new balances or profit."""

    account: AccountView


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """A connection moved: `state` is a word of `engine.connections.ConnectionState`."""

    connection_id: ConnectionId
    state: str
    health: Health
    trading_open: bool
    is_paper: bool | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionAdded:
    """There is a connection more, not connected yet; or one with new settings in its old place."""

    connection_id: ConnectionId


@dataclass(frozen=True, slots=True)
class ConnectionRemoved:
    """A connection is no more, and nothing of it runs. What the journal knows of it stays."""

    connection_id: ConnectionId


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What changed while we were away; shown to the trader when `findings` is not empty."""

    result: Reconciliation


@dataclass(frozen=True, slots=True)
class QuotesFlushed:
    """The newest quote of every instrument that moved since the last frame, and every print.

    Keyed by connection too: a replay's price must never be taken for a live one.
    """

    quotes: dict[MarketKey, Quote]
    prints: dict[MarketKey, list[TradePrint]]


@dataclass(frozen=True, slots=True)
class DepthFlushed:
    """The newest order book of every instrument whose book moved since the last frame."""

    depths: dict[MarketKey, Depth]


@dataclass(frozen=True, slots=True)
class ProgressMade:
    """How far a connection's long work is, 0 to 1; 1 ends it. `task` tells works apart."""

    connection_id: ConnectionId
    task: str
    text: str
    fraction: float
    at: datetime


@dataclass(frozen=True, slots=True)
class NoticeRaised:
    """A sentence for the log, and for the trader when it is a warning or an error."""

    severity: Severity
    source: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NoteSaved:
    """The trader's words on a day, an order or a fill are on disk; an empty note is none."""

    subject: Subject
    note: Note


@dataclass(frozen=True, slots=True)
class RiskChanged:
    """The kill switch or a limit was changed."""

    trading_state: str
    text: str


@dataclass(frozen=True, slots=True)
class StorageFailed:
    """The journal cannot be written: nothing new is sent until it can."""

    text: str


@dataclass(frozen=True, slots=True)
class InstrumentFound:
    """An instrument became known under its key."""

    instrument: Instrument

"""What the peer's world is made of: contracts, quotes, accounts, orders, fills."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from tests.doubles.tws.quirks import Quirk
from tests.doubles.tws.wire import FieldReader, number

ZERO = Decimal(0)
DONE = frozenset({"Filled", "Cancelled", "ApiCancelled"})


def decimal_of(value: Decimal | float | str) -> Decimal:
    """Exactly what the number looks like: 0.1 is Decimal("0.1")."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


@dataclass(frozen=True)
class Contract:
    """A contract in the words of the wire (TWS API documentation, "Contract")."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = "STK"
    expiry: str = ""  # lastTradeDateOrContractMonth
    strike: Decimal = ZERO
    right: str = ""
    multiplier: str = ""
    exchange: str = "SMART"
    primary_exchange: str = ""
    currency: str = "USD"
    local_symbol: str = ""
    trading_class: str = ""
    min_tick: Decimal = Decimal("0.01")

    @classmethod
    def read(cls, reader: FieldReader) -> Contract:
        """The twelve fields both clients write for a contract: conId ... tradingClass."""
        return cls(
            con_id=reader.integer(),
            symbol=reader.text(),
            sec_type=reader.text(),
            expiry=reader.text(),
            strike=reader.number() or ZERO,
            right=reader.text(),
            multiplier=reader.text(),
            exchange=reader.text(),
            primary_exchange=reader.text(),
            currency=reader.text(),
            local_symbol=reader.text(),
            trading_class=reader.text(),
        )

    @property
    def size(self) -> Decimal:
        """Units of money per unit of price and contract."""
        return number(self.multiplier) or Decimal(1)

    def fields(self, exchange: str | None = None) -> tuple[int | str | Decimal, ...]:
        """conId symbol secType expiry strike right multiplier exchange currency localSymbol class.

        The eleven fields of openOrder, completedOrder, execDetails and position; positions come
        with an empty exchange, as TWS sends them.
        """
        return (
            self.con_id,
            self.symbol,
            self.sec_type,
            self.expiry,
            self.strike,
            self.right,
            self.multiplier,
            self.exchange if exchange is None else exchange,
            self.currency,
            self.local_symbol,
            self.trading_class,
        )

    def at(self, exchange: str) -> Contract:
        """The same contract, to be traded there."""
        return replace(self, exchange=exchange) if exchange else self


@dataclass
class Quote:
    """What the market of one contract shows; None where there is nothing."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    bid_size: Decimal = Decimal(100)
    ask_size: Decimal = Decimal(100)
    last_size: Decimal = ZERO
    volume: Decimal = ZERO
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    is_halted: bool = False

    @property
    def mark(self) -> Decimal | None:
        """What a position is valued at."""
        if self.last is not None:
            return self.last
        if self.bid is not None and self.ask is not None:
            return (self.bid + self.ask) / 2
        return self.bid if self.ask is None else self.ask


@dataclass
class Holding:
    """A position: signed quantity and average cost (with the multiplier, as TWS says it)."""

    contract: Contract
    quantity: Decimal = ZERO
    average_cost: Decimal = ZERO
    realized: Decimal = ZERO


@dataclass
class Account:
    """One account; cash by currency, holdings by conId."""

    account_id: str
    cash: dict[str, Decimal] = field(default_factory=lambda: {"USD": Decimal(1_000_000)})
    base: str = "USD"
    holdings: dict[int, Holding] = field(default_factory=dict)
    start: Decimal = Decimal(1_000_000)  # net liquidation when the day began


@dataclass
class Fill:
    """One execution as TWS reports it; a correction replaces `exec_id`'s last part."""

    exec_id: str
    perm_id: int
    contract: Contract
    account: str
    side: str  # BOT or SLD
    quantity: Decimal
    price: Decimal
    cumulative: Decimal
    average: Decimal
    at: datetime
    exchange: str
    commission: Decimal
    realized: Decimal | None = None
    is_replaced: bool = False  # a correction has taken its place


@dataclass
class TwsOrder:
    """An order as TWS keeps it. `terms` are the fields of placeOrder by the names of the API.

    `order_id` and `client_id` are 0 for one that was typed into TWS and not bound.
    """

    perm_id: int
    client_id: int
    order_id: int
    contract: Contract
    terms: dict[str, str]
    placed_at: datetime
    lists: dict[str, list[str]] = field(default_factory=dict)  # legs, conditions ... as sent
    status: str = "PendingSubmit"
    filled: Decimal = ZERO
    paid: Decimal = ZERO  # sum of quantity x price
    last_price: Decimal = ZERO
    why_held: str = ""
    warning: str = ""
    is_triggered: bool = False
    stop: Decimal | None = None  # where a stop or a trailing stop stands now
    done_at: datetime | None = None
    done_status: str = ""
    is_staged: bool = False  # transmit=False: waits for the last of its group
    quirks: frozenset[Quirk] = frozenset()  # how the peer misbehaves about this order

    @property
    def ref(self) -> str:
        return self.terms.get("orderRef", "")

    @property
    def account(self) -> str:
        return self.terms.get("account", "")

    @property
    def action(self) -> str:
        return self.terms["action"]

    @property
    def is_buy(self) -> bool:
        return self.action == "BUY"

    @property
    def kind(self) -> str:
        return self.terms["orderType"].upper()

    @property
    def quantity(self) -> Decimal:
        return number(self.terms["totalQuantity"]) or ZERO

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def limit(self) -> Decimal | None:
        return number(self.terms.get("lmtPrice", ""))

    @property
    def aux(self) -> Decimal | None:
        return number(self.terms.get("auxPrice", ""))

    @property
    def average(self) -> Decimal:
        return self.paid / self.filled if self.filled else ZERO

    @property
    def parent_id(self) -> int:
        return int(self.terms.get("parentId") or 0)

    @property
    def oca(self) -> str:
        return self.terms.get("ocaGroup", "")

    @property
    def is_done(self) -> bool:
        return self.status in DONE

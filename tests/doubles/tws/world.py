"""The broker's truth behind the peer: one world, whatever happens to the sockets.

State changes in the peer's thread only; tests go through `TwsPeer.call`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from tests.doubles.tws.faults import Faults
from tests.doubles.tws.listings import fits, listings
from tests.doubles.tws.records import Account, Contract, Fill, Quote, TwsOrder, decimal_of
from tests.doubles.tws.timing import Timing

if TYPE_CHECKING:
    from tests.doubles.tws.session import Session

T = TypeVar("T")
Number = Decimal | float | str

SPY = Contract(756733, "SPY", primary_exchange="ARCA", local_symbol="SPY", trading_class="SPY")
AAPL = Contract(265598, "AAPL", primary_exchange="NASDAQ", local_symbol="AAPL", trading_class="NMS")


class Received(NamedTuple):
    """A message as it came; `fields[0]` is its number."""

    at: float  # time.monotonic()
    client_id: int
    fields: list[str]


class World:
    """Contracts, quotes, accounts, orders and executions; sessions come and go.

    Modules with state of their own ask for it by `world.part(TheirClass)`, which makes
    `TheirClass(world)` the first time. Quotes and prints are heard through `on_quote`, `on_print`.
    """

    def __init__(self, *accounts: str, version: int = 178) -> None:
        self.version = version
        self.timing = Timing()
        self.faults = Faults()
        self.connections: list[Session] = []  # every open socket
        self.sessions: list[Session] = []  # those that have started the API
        self.received: list[Received] = []
        self.zone = "US/Eastern"  # of the times in executions and bars
        self.handshake_zone = "EST"
        self.master_client_id: int | None = None
        self.ledger_prefix = False  # "$LEDGER-" before tags by currency, as TWS 10.47 can
        self.listings = {known.con_id: known for known in listings(self.timing.now().date())}
        self.contracts = {con_id: known.contract for con_id, known in self.listings.items()}
        self.quotes: dict[int, Quote] = {}
        self.accounts = {name: Account(name) for name in accounts or ("DU1000001",)}
        self.orders: dict[int, TwsOrder] = {}  # by permId, in the order of acceptance
        self.fills: list[Fill] = []
        self.accepted: Counter[str] = Counter()  # by orderRef: how often taken as a new order
        self.next_ids: Counter[int] = Counter()  # by client id: one below the next valid order id
        self.on_quote: list[Callable[[int, Quote], None]] = []
        self.on_print: list[Callable[[int, Decimal, Decimal], None]] = []
        self._parts: dict[type, Any] = {}

    def part(self, kind: Callable[[World], T]) -> T:
        """The world's one `kind`, made when it is first asked for."""
        key = cast("type", kind)
        if key not in self._parts:
            self._parts[key] = kind(self)
        return cast("T", self._parts[key])

    def quote(self, con_id: int, bid: Number | None, ask: Number | None, **more: Number) -> Quote:
        """A new bid and ask; `more` are other fields of Quote. Orders react, then listeners."""
        quote = self.quotes.setdefault(con_id, Quote())
        quote.bid = None if bid is None else decimal_of(bid)
        quote.ask = None if ask is None else decimal_of(ask)
        for name, value in more.items():
            setattr(quote, name, decimal_of(value))
        for hear in tuple(self.on_quote):
            hear(con_id, quote)
        return quote

    def print(self, con_id: int, price: Number, size: Number = 100) -> None:
        """A trade of somebody else at the market."""
        quote = self.quotes.setdefault(con_id, Quote())
        quote.last, quote.last_size = decimal_of(price), decimal_of(size)
        quote.volume += quote.last_size
        quote.high = max(quote.high or quote.last, quote.last)
        quote.low = min(quote.low or quote.last, quote.last)
        for hear in tuple(self.on_print):
            hear(con_id, quote.last, quote.last_size)

    def find(self, asked: Contract) -> list[Contract]:
        """The contracts that fit: the one of a conId, else all that agree in what is given."""
        if asked.con_id:
            known = self.contracts.get(asked.con_id)
            return [] if known is None else [known]
        return [
            known
            for known in self.contracts.values()
            if fits(asked, known, self.places(known)) and self.is_tradable(known.con_id)
        ]

    def places(self, contract: Contract) -> tuple[str, ...]:
        """Where it trades; a contract that a test has made up trades where it says, and smartly."""
        listing = self.listings.get(contract.con_id)
        if listing is not None:
            return listing.places
        return "SMART", contract.exchange, contract.primary_exchange

    def is_tradable(self, con_id: int) -> bool:
        """Whether orders are taken for it: no index, nothing expired."""
        listing = self.listings.get(con_id)
        return listing is None or (
            listing.is_tradable and not listing.is_expired(self.timing.now().date())
        )

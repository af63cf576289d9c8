"""The broker's truth behind the peer: one world, whatever happens to the sockets.

State changes in the peer's thread only; tests go through `TwsPeer.call`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from tests.doubles.tws import incidents
from tests.doubles.tws.desk import Desk
from tests.doubles.tws.faults import Faults
from tests.doubles.tws.ledger import Ledger
from tests.doubles.tws.listings import MARKET_RULES, fits, listings
from tests.doubles.tws.order_layout import Placement, plain
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
        self.is_ibkr_up = True  # else orders wait in TWS and nobody is told anything
        self.waiting: list[Callable[[], None]] = []
        self.is_auto_bound = False  # client 0 takes charge of what is typed into TWS
        self.broken_farms: set[str] = set()  # of market, history, contracts
        self.is_open = True  # regular hours; else orders wait unless they are for outside
        self.commission: Decimal | None = None  # for every fill; None: by IBKR's prices
        self.cost_has_commission = True  # average costs of positions include it, as at TWS
        self.rates = {"USD": Decimal(1), "EUR": Decimal("1.1"), "GBP": Decimal("1.25")}
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
        self.on_data_lost: list[Callable[[], None]] = []  # 1101: subscriptions are gone
        self.restart: Callable[[float], None] | None = None  # the peer's own, seconds down
        self._parts: dict[type, Any] = {}

    def part(self, kind: Callable[[World], T]) -> T:
        """The world's one `kind`, made when it is first asked for."""
        key = cast("type", kind)
        if key not in self._parts:
            self._parts[key] = kind(self)
        return cast("T", self._parts[key])

    def when_up(self, run: Callable[[], None]) -> None:
        """Do it now, or when TWS has found IBKR again."""
        if self.is_ibkr_up:
            run()
        else:
            self.waiting.append(run)

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

    def order(self, key: str | int) -> TwsOrder:
        """An order by its orderRef (the newest of that name) or its permId. Raises KeyError."""
        if isinstance(key, int):
            return self.orders[key]
        for order in reversed(self.orders.values()):
            if order.ref == key:
                return order
        raise KeyError(key)

    def fill(self, key: str | int, quantity: Number, price: Number) -> Fill:
        """Execute so much of a live order at exactly this price. Raises ValueError, KeyError."""
        order = self.order(key)
        return self.part(Desk).fill(order, decimal_of(quantity), decimal_of(price))

    def cancel(self, key: str | int, reason: str = "") -> None:
        """Let the exchange, or a person at TWS, cancel a live order: 202 with this reason."""
        self.part(Desk).cancel(self.order(key), reason)

    def manual_order(
        self, con_id: int, action: str, quantity: Number, kind: str = "MKT",
        limit: Number | str = "", **more: object,
    ) -> TwsOrder:  # fmt: skip
        """An order typed into TWS: client 0, order id 0 until client 0 takes charge of it.

        `more` are other fields by their names in the API: account, tif, auxPrice ...
        """
        return self.foreign_order(0, 0, con_id, action, quantity, kind, limit, **more)

    def foreign_order(
        self, client_id: int, order_id: int, con_id: int, action: str, quantity: Number,
        kind: str = "MKT", limit: Number | str = "", **more: object,
    ) -> TwsOrder:  # fmt: skip
        """An order of a client that need not be here."""
        more.setdefault("account", next(iter(self.accounts)))
        contract = self.contracts[con_id]
        placed = Placement(order_id, contract, plain(action, quantity, kind, limit, **more))
        return self.part(Desk).take(client_id, placed, contract)

    def set_position(
        self, con_id: int, quantity: Number, average_cost: Number, account: str = ""
    ) -> None:
        """Let the account hold this, from outside; clients that listen hear of it."""
        self.part(Ledger).set_position(
            account or next(iter(self.accounts)),
            self.contracts[con_id],
            decimal_of(quantity),
            decimal_of(average_cost),
        )

    def correct_execution(
        self, exec_id: str, price: Number | None = None, quantity: Number | None = None
    ) -> Fill:
        """Replace an execution by one with the next higher last part of its id."""
        return self.part(Desk).correct(
            exec_id,
            None if price is None else decimal_of(price),
            None if quantity is None else decimal_of(quantity),
        )

    def lose_ibkr(self) -> None:
        """1100: TWS loses IBKR; orders wait in it, and nobody is told what happens to them."""
        incidents.lose_ibkr(self)

    def restore_ibkr(self, *, kept: bool = True) -> None:
        """1102, or 1101 with every data subscription gone."""
        incidents.restore_ibkr(self, kept=kept)

    def set_farm(self, farm: str, *, is_ok: bool) -> None:
        """2103/2104 (farm "market"), 2105/2106 ("history"), 2157/2158 ("contracts")."""
        incidents.set_farm(self, farm, is_ok=is_ok)

    def send_garbage(self) -> None:
        """Every kind of unreadable message to every client; the stream goes on behind them."""
        for session in tuple(self.sessions):
            incidents.send_garbage(session)

    def send_huge_length(self) -> None:
        """A corrupt length to every client, which then waits for what never comes."""
        for session in tuple(self.sessions):
            incidents.send_huge_length(session)

    def notice(self, code: int, text: str) -> None:
        """Any message to every client with request id -1."""
        incidents.tell_all(self, code, text)

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

    def step(self, contract: Contract, price: Decimal) -> Decimal:
        """The price increment there, by the market rule of the exchange."""
        listing = self.listings.get(contract.con_id)
        if listing is None:
            return contract.min_tick
        rules = dict(zip(listing.places, map(int, listing.rule_text.split(",")), strict=True))
        steps = MARKET_RULES[rules.get(contract.exchange, listing.rules[0])]
        return [increment for low, increment in steps if abs(price) >= low][-1]

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

"""What the peer's markets show, who may see it, and when it goes dark.

Streams hang on to one `Feed` of the world. A contract that nobody has quoted gets a quote near the
price of its listing as soon as someone looks at it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum

from tests.doubles.tws.contracts import Market
from tests.doubles.tws.listings import Listing
from tests.doubles.tws.records import Quote
from tests.doubles.tws.world import World

LIVE_REFUSED = {
    354: "Requested market data is not subscribed.Delayed market data is available.{0}",
    10089: "Requested market data requires additional subscription for API. See link in 'Market"
    " Data Connections' dialog for more details.Delayed market data is available.{0}",
    10168: "Requested market data is not subscribed. Delayed market data is not enabled.",
}
DELAYED_SHOWN = "Requested market data is not subscribed. Displaying delayed market data."
PARTLY = (
    "Part of requested market data is not subscribed. Subscription-independent ticks are still"
    " active.Delayed market data is available.{0}"
)
COMPETING = "No market data during competing live session"
LINES_FULL = "Max number of tickers has been reached"


class DataType(IntEnum):
    """Of reqMarketDataType and of the answer."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4


@dataclass(frozen=True)
class Permit:
    """What a client is told and shown of a contract: `kind` None is nothing at all."""

    kind: DataType | None
    code: int = 0
    text: str = ""
    is_partial: bool = False  # no bid, ask and last


@dataclass
class Book:
    """An order book as rows of price, size and market maker, best first."""

    bids: list[tuple[Decimal, Decimal, str]] = field(default_factory=list)
    asks: list[tuple[Decimal, Decimal, str]] = field(default_factory=list)


class Feed:
    """World part; peer thread only. Switches may be turned at any time.

    `refusals` holds for a conId the code that requests for its data get: 354, 10089, 10168 (no live
    data, delayed is to be had by reqMarketDataType), 10167 (the same, delayed comes unasked), 10090
    (a part only), 10197 (competing session), 101.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.refusals: dict[int, int] = {}
        self.closed: set[int] = set()  # markets that do not trade now
        self._is_dark = False
        self.max_lines = 100
        self.max_depth = 3
        self.max_tapes = 5
        self.bar_interval_s = 5.0
        self.books: dict[int, Book] = {}  # instead of one made up from the quote
        self.on_book: list[Callable[[int], None]] = []
        self.on_forget: list[Callable[[], None]] = []
        world.on_data_lost.append(self.forget_streams)

    @property
    def is_dark(self) -> bool:
        """Nothing ticks: so set by a test, or IBKR or the market data farm is lost."""
        world = self.world
        return self._is_dark or not world.is_ibkr_up or "market" in world.broken_farms

    @is_dark.setter
    def is_dark(self, is_dark: bool) -> None:
        self._is_dark = is_dark

    def listing(self, con_id: int) -> Listing:
        return self.world.part(Market).listing(con_id)

    def quote_of(self, con_id: int) -> Quote:
        """What the market shows now."""
        known = self.world.quotes.get(con_id)
        if known is not None and (known.bid is not None or known.last is not None):
            return known
        listing = self.listing(con_id)
        tick, price = listing.contract.min_tick, listing.price
        quote = self.world.quote(con_id, price - tick, price + tick)
        if listing.contract.sec_type != "CASH":  # a pair has no trades
            quote.last, quote.last_size, quote.volume = price, Decimal(100), Decimal(1_000_000)
            quote.open, quote.high, quote.low = price - tick, price + 5 * tick, price - 5 * tick
        quote.close = price - 2 * tick
        return quote

    def permit(self, con_id: int, wanted: DataType) -> Permit:
        """What this request gets."""
        code = self.refusals.get(con_id, 0)
        if code in (10197, 101):
            return Permit(None, code, COMPETING if code == 10197 else LINES_FULL)
        is_closed = con_id in self.closed
        if not code or code == 10090:
            frozen = is_closed and wanted in (DataType.FROZEN, DataType.DELAYED_FROZEN)
            text = PARTLY.format(self._place(con_id)) if code else ""
            kind = DataType.FROZEN if frozen else DataType.LIVE
            return Permit(kind, code, text, is_partial=bool(code))
        if wanted in (DataType.LIVE, DataType.FROZEN) and code != 10167:
            return Permit(None, code, LIVE_REFUSED[code].format(self._place(con_id)))
        frozen = is_closed and wanted is DataType.DELAYED_FROZEN
        kind = DataType.DELAYED_FROZEN if frozen else DataType.DELAYED
        return Permit(kind, 10167, DELAYED_SHOWN)

    def set_book(self, con_id: int, book: Book) -> None:
        """From now on the order book of this contract is this one."""
        self.books[con_id] = book
        for hear in tuple(self.on_book):
            hear(con_id)

    def forget_streams(self) -> None:
        """Every stream ends without a word, as when TWS is back with code 1101."""
        for forget in tuple(self.on_forget):
            forget()

    def _place(self, con_id: int) -> str:
        contract = self.listing(con_id).contract
        return f"{contract.symbol} {contract.primary_exchange or contract.exchange}/TOP/ALL"


class Hearing:
    """Being told of quotes, prints and ends for as long as a client is there."""

    def __init__(
        self,
        feed: Feed,
        on_quote: Callable[[int, Quote], None],
        on_print: Callable[[int, Decimal, Decimal], None],
        on_forget: Callable[[], None],
    ) -> None:
        self._feed = feed
        self._on_quote, self._on_print, self._on_forget = on_quote, on_print, on_forget
        feed.world.on_quote.append(self._quote)
        feed.world.on_print.append(self._print)
        feed.on_forget.append(on_forget)

    def end(self) -> None:
        """Hear no more."""
        self._feed.world.on_quote.remove(self._quote)
        self._feed.world.on_print.remove(self._print)
        self._feed.on_forget.remove(self._on_forget)

    def _quote(self, con_id: int, quote: Quote) -> None:
        if not self._feed.is_dark:
            self._on_quote(con_id, quote)

    def _print(self, con_id: int, price: Decimal, size: Decimal) -> None:
        if not self._feed.is_dark:
            self._on_print(con_id, price, size)

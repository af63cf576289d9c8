"""Answers about market depth: books row by row, as inserts, updates and deletes.

Layouts: `updateMktDepth`, `updateMktDepthL2` and `mktDepthExchanges` in the decoders of ib_insync
0.9.86 and ib_async 2.1.0; operations and sides: TWS API documentation, "Market Depth (Level II)".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tests.doubles.tws.contracts import wanted_listing
from tests.doubles.tws.feed import Book, DataType, Feed, Hearing
from tests.doubles.tws.listings import Listing
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.records import Contract, Quote
from tests.doubles.tws.session import Handler, Session
from tests.doubles.tws.wire import Field, FieldReader

ASK_SIDE, BID_SIDE = 0, 1
INSERT, UPDATE, DELETE = 0, 1, 2
MADE_UP_ROWS = 10
RESET = "Market depth data has been RESET. Please empty deep book contents before applying any new entries."  # noqa: E501 - as TWS says it
DEPTH_FULL = "Max number ({}) of market depth requests has been reached"
UNSUPPORTED = "Deep market data is not supported for this combination of security type/exchange"
SMART_NOTICE = (
    "Exchanges - Depth: IEX; Top: BYX; AMEX; PEARL; T24X; MEMX; EDGEA; CHX; NYSENAT; PSX;"
)
NO_DEPTH = "Can't find the subscribed market depth with tickerId:{}"
MAKERS = ("ISLAND", "ARCA", "BATS", "NYSE")

Row = tuple[Decimal, Decimal, str]
Step = tuple[int, int, Row]  # position, operation, row


@dataclass
class Deep:
    """One book of one client, as the client should have it now."""

    req_id: int
    listing: Listing
    rows: int
    is_smart: bool
    bids: list[Row] = field(default_factory=list)
    asks: list[Row] = field(default_factory=list)


def steps(old: list[Row], new: list[Row], better: Callable[[Decimal, Decimal], bool]) -> list[Step]:
    """What turns `old` into `new`, each step to be done to what the earlier ones left."""
    have, found = list(old), list[Step]()
    position = 0
    while position < len(new):
        row = new[position]
        if position >= len(have) or better(row[0], have[position][0]):
            if len(have) >= len(new) > position:
                found.append((len(have) - 1, DELETE, have.pop()))
            have.insert(position, row)
            found.append((position, INSERT, row))
        elif row[0] == have[position][0]:
            if row != have[position]:
                have[position] = row
                found.append((position, UPDATE, row))
        else:
            found.append((position, DELETE, have.pop(position)))
            continue
        position += 1
    while len(have) > len(new):
        found.append((len(have) - 1, DELETE, have.pop()))
    return found


class Depths:
    """A client's order books. Session part."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.feed = session.world.part(Feed)
        self.open: dict[int, Deep] = {}
        hearing = Hearing(self.feed, self._on_quote, lambda *_: None, self.open.clear)
        self.feed.on_book.append(self._on_book)
        session.on_close.append(hearing.end)
        session.on_close.append(lambda: self.feed.on_book.remove(self._on_book))

    def start(self, deep: Deep) -> None:
        """The whole book as inserts, then what changes."""
        self.open[deep.req_id] = deep
        self._refresh(deep)

    def reset(self, con_id: int) -> None:
        """317, then the whole book anew."""
        for deep in self._deeps_of(con_id):
            self._session.error(deep.req_id, 317, RESET)
            deep.bids, deep.asks = [], []
            self._refresh(deep)

    def _on_quote(self, con_id: int, quote: Quote) -> None:
        if con_id not in self.feed.books:
            self._on_book(con_id)

    def _on_book(self, con_id: int) -> None:
        for deep in self._deeps_of(con_id):
            self._refresh(deep)

    def _deeps_of(self, con_id: int) -> list[Deep]:
        return [deep for deep in self.open.values() if deep.listing.con_id == con_id]

    def _refresh(self, deep: Deep) -> None:
        book = self.feed.books.get(deep.listing.con_id) or self._made_up(deep.listing)
        bids, asks = book.bids[: deep.rows], book.asks[: deep.rows]
        for step in steps(deep.bids, bids, lambda a, b: a > b):
            self._send(deep, BID_SIDE, step)
        for step in steps(deep.asks, asks, lambda a, b: a < b):
            self._send(deep, ASK_SIDE, step)
        deep.bids, deep.asks = bids, asks

    def _made_up(self, listing: Listing) -> Book:
        """Ten levels a tick apart, larger the farther they are."""
        quote, tick = self.feed.quote_of(listing.con_id), listing.contract.min_tick
        book = Book()
        for level in range(MADE_UP_ROWS):
            maker = MAKERS[level % len(MAKERS)]
            if quote.bid is not None:
                book.bids.append((quote.bid - level * tick, quote.bid_size * (level + 1), maker))
            if quote.ask is not None:
                book.asks.append((quote.ask + level * tick, quote.ask_size * (level + 1), maker))
        return book

    def _send(self, deep: Deep, side: int, step: Step) -> None:
        position, operation, (price, size, maker) = step
        if operation == DELETE:
            price = size = Decimal(0)
        head: list[Field] = [1, deep.req_id, position]
        tail: list[Field] = [operation, side, price, size]
        if deep.is_smart or deep.listing.contract.sec_type == "STK":
            self._session.send(Tell.DEPTH_L2, *head, maker, *tail, deep.is_smart)
        else:
            self._session.send(Tell.DEPTH, *head, *tail)


def market_depth(session: Session, fields: list[str]) -> None:
    """10 5 reqId contract rows isSmartDepth options."""
    reader = FieldReader(fields[2:])
    req_id = reader.integer()
    asked = Contract.read(reader)
    rows, is_smart = reader.integer(), reader.flag()
    depths = session.part(Depths)
    listing = wanted_listing(session, req_id, asked)
    if listing is None:
        return
    if len(depths.open) >= depths.feed.max_depth:
        session.error(req_id, 309, DEPTH_FULL.format(depths.feed.max_depth))
        return
    permit = depths.feed.permit(listing.con_id, wanted=DataType.LIVE)
    if permit.kind is not DataType.LIVE:
        session.error(req_id, permit.code, permit.text)
        return
    if (asked.exchange == "SMART") != is_smart or listing.contract.sec_type in ("OPT", "IND"):
        session.error(req_id, 10092, UNSUPPORTED)
        return
    if is_smart:
        session.error(req_id, 2152, SMART_NOTICE)
    depths.start(Deep(req_id, listing, rows, is_smart))


def cancel_market_depth(session: Session, fields: list[str]) -> None:
    """11 1 reqId isSmartDepth: has to say the same as the request."""
    req_id, is_smart = int(fields[2]), fields[3] == "1"
    depths = session.part(Depths)
    deep = depths.open.get(req_id)
    if deep is None or deep.is_smart != is_smart:
        session.error(req_id, 310, NO_DEPTH.format(req_id))
    else:
        del depths.open[req_id]


def depth_exchanges(session: Session, fields: list[str]) -> None:
    """82; 80 n (exchange secType listingExchange serviceDataType group)."""
    rows: list[tuple[str, str, str, str, int]] = [
        (place, "STK", "", "Deep2", 2147483647) for place in ("ARCA", "BATS", "ISLAND", "NYSE")
    ]
    rows += [("CME", "FUT", "", "Deep", 2147483647), ("IDEALPRO", "CASH", "", "Deep", 4)]
    session.send(Tell.DEPTH_EXCHANGES, len(rows), *(field for row in rows for field in row))


HANDLERS: dict[int, Handler] = {
    Ask.DEPTH: market_depth,
    Ask.CANCEL_DEPTH: cancel_market_depth,
    Ask.DEPTH_EXCHANGES: depth_exchanges,
}

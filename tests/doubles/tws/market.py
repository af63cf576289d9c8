"""Answers about market data: the streams of reqMktData. Tape and depth have their own files.

Layouts: `priceSizeTick`, `tickSize`, `tickString`, `tickGeneric`, `tickReqParams`, `marketDataType`
and `tickOptionComputation` in the decoders of ib_insync 0.9.86 and ib_async 2.1.0; tick numbers:
TWS API documentation, "Available Tick Types".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from tests.doubles.tws import depth, tape
from tests.doubles.tws.contracts import wanted_listing
from tests.doubles.tws.feed import LINES_FULL, DataType, Feed, Hearing, Permit
from tests.doubles.tws.listings import Listing
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.records import Contract, Quote
from tests.doubles.tws.session import Handler, Session
from tests.doubles.tws.wire import Field, FieldReader

UNKNOWN_TICKER = "Can't find EId with tickerId:{}"
# Live tick numbers and their delayed twins.
DELAYED = {1: 66, 2: 67, 4: 68, 0: 69, 3: 70, 5: 71, 6: 72, 7: 73, 8: 74, 9: 75, 14: 76, 45: 88}
BID, ASK, LAST, HIGH, LOW, CLOSE, OPEN = 1, 2, 4, 6, 7, 9, 14
BID_SIZE, ASK_SIZE, LAST_SIZE, VOLUME = 0, 3, 5, 8
LAST_TIME, RT_VOLUME, HALTED, SHORTABLE, SHORTABLE_SHARES = 45, 48, 49, 46, 89
NOTHING = Decimal(-1)  # the price of a side that is not quoted


@dataclass
class Line:
    """One stream of one client."""

    req_id: int
    listing: Listing
    permit: Permit
    generic: frozenset[int]
    sent: dict[int, Decimal] = field(default_factory=dict)  # tick number -> what was sent last
    turnover: Decimal = Decimal(0)
    printed: Decimal = Decimal(0)

    @property
    def con_id(self) -> int:
        return self.listing.con_id

    @property
    def is_delayed(self) -> bool:
        return self.permit.kind in (DataType.DELAYED, DataType.DELAYED_FROZEN)

    def number(self, tick: int) -> int:
        """The tick's number in this line."""
        return DELAYED[tick] if self.is_delayed else tick


class Lines:
    """A client's market data lines. Session part."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.feed = session.world.part(Feed)
        self.wanted = DataType.LIVE
        self.open: dict[int, Line] = {}
        hearing = Hearing(self.feed, self._on_quote, self._on_print, self.open.clear)
        session.on_close.append(hearing.end)

    def start(self, line: Line, *, snapshot: bool) -> None:
        """Tell what is known now, and go on from there unless it is a snapshot."""
        session, listing = self._session, line.listing
        session.send(
            Tell.TICK_REQUEST_PARAMETERS, line.req_id, listing.contract.min_tick,
            "9c0001" if listing.places[0] == "SMART" else "", 3,
        )  # fmt: skip
        if line.permit.kind is None:
            return
        session.send(Tell.MARKET_DATA_TYPE, 1, line.req_id, int(line.permit.kind))
        quote = self.feed.quote_of(line.con_id)
        self._send(line, self._quoted(line, quote))
        self._send(line, self._traded(line, quote))
        self._send_generic(line, quote)
        if snapshot:
            session.send(Tell.TICK_SNAPSHOT_END, 1, line.req_id)
        else:
            self.open[line.req_id] = line

    def _on_quote(self, con_id: int, quote: Quote) -> None:
        for line in self._lines_of(con_id):
            self._send(line, self._quoted(line, quote))
            if quote.is_halted != bool(line.sent.get(HALTED, 0)):
                self._send_generic(line, quote)

    def _on_print(self, con_id: int, price: Decimal, size: Decimal) -> None:
        quote = self.feed.quote_of(con_id)
        for line in self._lines_of(con_id):
            line.turnover += price * size
            line.printed += size
            self._send(line, self._traded(line, quote))
            if 233 in line.generic and not line.is_delayed:
                self._send_print(line, quote)

    def _lines_of(self, con_id: int) -> list[Line]:
        return [
            line
            for line in self.open.values()
            if line.con_id == con_id and con_id not in self.feed.closed
        ]

    def _quoted(self, line: Line, quote: Quote) -> Iterator[tuple[int, Decimal, int, Decimal]]:
        """Tick and value of the prices that a quote changes, with those of their sizes."""
        if line.permit.is_partial:
            return
        is_shut = line.con_id in self.feed.closed and line.permit.kind in (
            DataType.LIVE, DataType.DELAYED,
        )  # fmt: skip
        for tick, price, size_tick, size in (
            (BID, quote.bid, BID_SIZE, quote.bid_size),
            (ASK, quote.ask, ASK_SIZE, quote.ask_size),
        ):
            if is_shut or price is None:
                yield tick, NOTHING, size_tick, Decimal(0)
            else:
                yield tick, price, size_tick, size

    def _traded(self, line: Line, quote: Quote) -> Iterator[tuple[int, Decimal, int, Decimal]]:
        """The same of what trades change; -1 stands for a price that has no size."""
        if quote.last is not None and not line.permit.is_partial:
            yield LAST, quote.last, LAST_SIZE, quote.last_size
        for tick, price in (
            (HIGH, quote.high), (LOW, quote.low), (CLOSE, quote.close), (OPEN, quote.open),
        ):  # fmt: skip
            if price is not None:
                yield tick, price, -1, Decimal(0)

    def _send(self, line: Line, ticks: Iterator[tuple[int, Decimal, int, Decimal]]) -> None:
        """A new price with its size, then the size once more; a new size alone by itself."""
        session, sent = self._session, line.sent
        for tick, price, size_tick, size in ticks:
            if sent.get(tick) != price:
                sent[tick] = price
                attributes = 0 if tick not in (BID, ASK) else 1  # can auto execute
                session.send(
                    Tell.TICK_PRICE, 6, line.req_id, line.number(tick), price, size, attributes
                )
            elif size_tick < 0 or sent.get(size_tick) == size:
                continue
            if size_tick >= 0:
                sent[size_tick] = size
                session.send(Tell.TICK_SIZE, 6, line.req_id, line.number(size_tick), size)
            if tick == LAST:
                self._send_volume(line)

    def _send_volume(self, line: Line) -> None:
        session, world = self._session, self.feed.world
        volume = world.quotes[line.con_id].volume
        if line.sent.get(VOLUME) != volume:
            line.sent[VOLUME] = volume
            session.send(Tell.TICK_SIZE, 6, line.req_id, line.number(VOLUME), volume)
        at = int(world.timing.now().timestamp()) - (900 if line.is_delayed else 0)
        session.send(Tell.TICK_STRING, 6, line.req_id, line.number(LAST_TIME), str(at))

    def _send_print(self, line: Line, quote: Quote) -> None:
        """RTVolume: price;size;milliseconds;volume of the day;average price;single trade."""
        at = int(self.feed.world.timing.now().timestamp() * 1000)
        average = round(line.turnover / line.printed, 8)
        text = f"{quote.last};{quote.last_size};{at};{quote.volume};{average};true"
        self._session.send(Tell.TICK_STRING, 6, line.req_id, RT_VOLUME, text)

    def _send_generic(self, line: Line, quote: Quote) -> None:
        session = self._session
        if line.is_delayed:
            return
        line.sent[HALTED] = Decimal(quote.is_halted)
        session.send(Tell.TICK_GENERIC, 6, line.req_id, HALTED, int(quote.is_halted))
        if 236 in line.generic:
            session.send(Tell.TICK_GENERIC, 6, line.req_id, SHORTABLE, 3)
            session.send(Tell.TICK_SIZE, 6, line.req_id, SHORTABLE_SHARES, 5_000_000)
        if line.listing.contract.sec_type == "OPT":
            session.send(*_greeks(line, quote))


def _greeks(line: Line, quote: Quote) -> list[Field]:
    """21 reqId 13 attribute volatility delta price dividend gamma vega theta underlying."""
    delta = "0.5" if line.listing.contract.right == "C" else "-0.5"
    price = quote.mark or line.listing.price
    head: list[Field] = [Tell.TICK_OPTION_COMPUTATION, line.req_id, 13, 0]
    return [*head, "0.25", delta, price, "0.0", "0.02", "0.15", "-0.08", "230"]


def market_data(session: Session, fields: list[str]) -> None:
    """1 11 reqId contract [legs] deltaNeutral generic snapshot regulatory options."""
    reader = FieldReader(fields[2:])
    req_id = reader.integer()
    asked = Contract.read(reader)
    if reader.flag():  # a delta neutral contract
        reader.named(("conId", "delta", "price"))
    generic = frozenset(int(number) for number in reader.text().split(",") if number.strip())
    snapshot = reader.flag()
    lines = session.part(Lines)
    feed = lines.feed
    listing = wanted_listing(session, req_id, asked)
    if listing is None:
        return
    if req_id in lines.open:
        session.error(req_id, 322, "Error processing request.-'bM' : cause - Duplicate ticker ID")
        return
    if snapshot and generic:
        text = "Snapshot market data subscription is not applicable to generic ticks"
        session.error(req_id, 321, f"Error validating request.-'bQ' : cause - {text}")
        return
    if len(lines.open) >= feed.max_lines:
        session.error(req_id, 101, LINES_FULL)
        return
    permit = feed.permit(listing.con_id, lines.wanted)
    if permit.code:
        session.error(req_id, permit.code, permit.text)
    if permit.kind is not None or permit.code not in (101, 10197):
        lines.start(Line(req_id, listing, permit, generic), snapshot=snapshot)


def cancel_market_data(session: Session, fields: list[str]) -> None:
    """2 2 reqId."""
    req_id = int(fields[2])
    if session.part(Lines).open.pop(req_id, None) is None:
        session.error(req_id, 300, UNKNOWN_TICKER.format(req_id))


def market_data_type(session: Session, fields: list[str]) -> None:
    """59 1 type: holds for the requests that come later."""
    session.part(Lines).wanted = DataType(int(fields[2]))


HANDLERS: dict[int, Handler] = {
    Ask.MARKET_DATA: market_data,
    Ask.CANCEL_MARKET_DATA: cancel_market_data,
    Ask.MARKET_DATA_TYPE: market_data_type,
    **tape.HANDLERS,
    **depth.HANDLERS,
}

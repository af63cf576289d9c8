"""Answers to tick-by-tick and real-time bar requests.

Layouts: `tickByTick`, `realtimeBar` and `historicalTicksLast` in the decoders of ib_insync 0.9.86
and ib_async 2.1.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tests.doubles.tws.contracts import wanted_listing
from tests.doubles.tws.feed import Feed, Hearing
from tests.doubles.tws.listings import Listing
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.records import Contract, Quote
from tests.doubles.tws.session import Handler, Session
from tests.doubles.tws.timing import Timer
from tests.doubles.tws.wire import FieldReader
from tests.doubles.tws.world import World

KINDS = {"Last": 1, "AllLast": 2, "BidAsk": 3, "MidPoint": 4}
TAPES_FULL = "Max number of tick-by-tick requests has been reached."
NO_TAPE = "Failed to request tick-by-tick data.:No market data permissions for {} {}"
NO_BARS = "Invalid Real-time Query:No market data permissions for {} {}"
NO_TICKER = "Can't find EId with tickerId:{}"


@dataclass
class Tape:
    """One tick-by-tick stream."""

    req_id: int
    con_id: int
    kind: int
    exchange: str
    ignores_size: bool
    sent: tuple[Decimal | None, ...] = ()


class Tapes:
    """A client's tick-by-tick streams. Session part."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.feed = session.world.part(Feed)
        self.open: dict[int, Tape] = {}
        hearing = Hearing(self.feed, self._on_quote, self._on_print, self.open.clear)
        session.on_close.append(hearing.end)

    def start(self, tape: Tape) -> None:
        """Begin with the quote that stands, where it is one of quotes."""
        self.open[tape.req_id] = tape
        if tape.kind in (3, 4):
            self._send_quote(tape, self.feed.quote_of(tape.con_id))

    def _on_quote(self, con_id: int, quote: Quote) -> None:
        for tape in self.open.values():
            if tape.con_id == con_id and tape.kind in (3, 4):
                self._send_quote(tape, quote)

    def _send_quote(self, tape: Tape, quote: Quote) -> None:
        if quote.bid is None or quote.ask is None:
            return
        if tape.kind == 4:
            said: tuple[Decimal, ...] = ((quote.bid + quote.ask) / 2,)
            tail: tuple[int, ...] = ()
        else:
            sizes = () if tape.ignores_size else (quote.bid_size, quote.ask_size)
            said, tail = (quote.bid, quote.ask, *sizes), (0,)
        if said == tape.sent:
            return
        tape.sent = said
        full = said if tape.kind == 4 else (*said[:2], quote.bid_size, quote.ask_size)
        self._session.send(Tell.TICK_BY_TICK, tape.req_id, tape.kind, self._now(), *full, *tail)

    def _on_print(self, con_id: int, price: Decimal, size: Decimal) -> None:
        for tape in self.open.values():
            if tape.con_id == con_id and tape.kind in (1, 2):
                self._session.send(
                    Tell.TICK_BY_TICK, tape.req_id, tape.kind, self._now(), price, size, 0,
                    tape.exchange, "",
                )  # fmt: skip

    def _now(self) -> int:
        return int(self._session.world.timing.now().timestamp())


@dataclass
class Five:
    """Five seconds of trading that have not ended."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)
    turnover: Decimal = Decimal(0)
    count: int = 0


class RealTimeBars:
    """The bars that are being made of what is printed. World part; ends them when told, or by time.

    `end_bar(con_id)` sends the bar that is due to everybody who asked for it.
    """

    def __init__(self, world: World) -> None:
        self.feed = world.part(Feed)
        self.clients: dict[tuple[Session, int], int] = {}  # (client, reqId) -> conId
        self._bars: dict[int, Five] = {}
        self._timer: Timer | None = None
        world.on_print.append(self._on_print)
        self.feed.on_forget.append(self.clients.clear)

    def start(self, session: Session, req_id: int, con_id: int) -> None:
        """From now on every five seconds."""
        self.clients[session, req_id] = con_id
        self._bars.setdefault(con_id, self._empty(con_id))
        if self._timer is None:
            self._timer = self.feed.world.timing.every(self.feed.bar_interval_s, self._end_all)

    def leave(self, session: Session) -> None:
        """The client is gone."""
        for key in [key for key in self.clients if key[0] is session]:
            del self.clients[key]

    def end_bar(self, con_id: int) -> None:
        """Send the bar of the last five seconds and begin the next."""
        bar, self._bars[con_id] = self._bars[con_id], self._empty(con_id)
        if self.feed.is_dark:
            return
        at = int(self.feed.world.timing.now().timestamp()) // 5 * 5 - 5
        average = bar.turnover / bar.volume if bar.volume else bar.close
        for (session, req_id), wanted in self.clients.items():
            if wanted == con_id:
                session.send(
                    Tell.REAL_TIME_BAR, 3, req_id, at, bar.open, bar.high, bar.low, bar.close,
                    bar.volume, average, bar.count,
                )  # fmt: skip

    def _end_all(self) -> None:
        for con_id in set(self.clients.values()):
            self.end_bar(con_id)
        if not self.clients and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _empty(self, con_id: int) -> Five:
        price = self.feed.quote_of(con_id).mark or self.feed.listing(con_id).price
        return Five(price, price, price, price)

    def _on_print(self, con_id: int, price: Decimal, size: Decimal) -> None:
        bar = self._bars.get(con_id)
        if bar is None:
            return
        if not bar.count:
            bar.open = bar.high = bar.low = price
        bar.high, bar.low, bar.close = max(bar.high, price), min(bar.low, price), price
        bar.volume += size
        bar.turnover += price * size
        bar.count += 1


def tick_by_tick(session: Session, fields: list[str]) -> None:
    """97 reqId contract kind numberOfTicks ignoreSize."""
    reader = FieldReader(fields[1:])
    req_id = reader.integer()
    asked = Contract.read(reader)
    kind, past, ignores_size = reader.text(), reader.integer(), reader.flag()
    tapes = session.part(Tapes)
    listing = wanted_listing(session, req_id, asked)
    if listing is None:
        return
    if kind not in KINDS:
        session.error(req_id, 321, f"Error validating request.-'bD' : cause - {kind!r}")
        return
    if len(tapes.open) >= tapes.feed.max_tapes:
        session.error(req_id, 10190, TAPES_FULL)
        return
    if not _is_allowed(tapes.feed, listing):
        place = listing.contract.primary_exchange or listing.contract.exchange
        session.error(req_id, 10189, NO_TAPE.format(place, listing.contract.sec_type))
        return
    if past and kind in ("Last", "AllLast"):
        _tell_past(session, req_id, listing, past)
    tapes.start(Tape(req_id, listing.con_id, KINDS[kind], _venue(listing), ignores_size))


def _is_allowed(feed: Feed, listing: Listing) -> bool:
    """Neither without live data nor for options and indices."""
    kind = listing.contract.sec_type
    return listing.con_id not in feed.refusals and kind not in ("OPT", "IND")


def _venue(listing: Listing) -> str:
    return listing.places[1] if len(listing.places) > 1 else listing.places[0]


def _tell_past(session: Session, req_id: int, listing: Listing, count: int) -> None:
    """98 reqId n (time mask price size exchange conditions) done: one tick a second until now."""
    quote = session.part(Tapes).feed.quote_of(listing.con_id)
    now = int(session.world.timing.now().timestamp())
    rows: list[int | str | Decimal] = []
    for back in range(count, 0, -1):
        rows += [now - back, 0, quote.last or listing.price, 100, _venue(listing), ""]
    session.send(Tell.HISTORICAL_TICKS_LAST, req_id, count, *rows, 1)


def cancel_tick_by_tick(session: Session, fields: list[str]) -> None:
    """98 reqId."""
    req_id = int(fields[1])
    if session.part(Tapes).open.pop(req_id, None) is None:
        session.error(req_id, 300, NO_TICKER.format(req_id))


def real_time_bars(session: Session, fields: list[str]) -> None:
    """50 3 reqId contract barSize whatToShow useRTH options."""
    reader = FieldReader(fields[2:])
    req_id = reader.integer()
    listing = wanted_listing(session, req_id, Contract.read(reader))
    if listing is None:
        return
    bars = session.world.part(RealTimeBars)
    if listing.con_id in bars.feed.refusals:
        place = listing.contract.primary_exchange or listing.contract.exchange
        session.error(req_id, 420, NO_BARS.format(place, listing.contract.sec_type))
        return
    session.on_close.append(lambda: bars.leave(session))
    bars.start(session, req_id, listing.con_id)


def cancel_real_time_bars(session: Session, fields: list[str]) -> None:
    """51 1 reqId."""
    req_id = int(fields[2])
    if session.world.part(RealTimeBars).clients.pop((session, req_id), None) is None:
        session.error(req_id, 300, NO_TICKER.format(req_id))


HANDLERS: dict[int, Handler] = {
    Ask.TICK_BY_TICK: tick_by_tick,
    Ask.CANCEL_TICK_BY_TICK: cancel_tick_by_tick,
    Ask.REAL_TIME_BARS: real_time_bars,
    Ask.CANCEL_REAL_TIME_BARS: cancel_real_time_bars,
}

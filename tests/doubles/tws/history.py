"""Answers about the past: bars, bars that are kept up to date, ticks, the earliest moment.

Layouts: `historicalData`, `historicalDataUpdate`, `headTimestamp` and `historicalTicks...` in the
decoders of ib_insync 0.9.86 and ib_async 2.1.0. Pacing: TWS API documentation, "Historical Data
Limitations".
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.doubles.tws.bars import DAY_S, PastBar, bars, price_at, slots
from tests.doubles.tws.contracts import wanted_listing
from tests.doubles.tws.feed import Feed
from tests.doubles.tws.history_requests import (
    NO_ZONE,
    SERVICE,
    HistoryRequest,
    RefusedError,
    has_zone,
    moment,
)
from tests.doubles.tws.listings import Listing
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.records import Contract, Quote
from tests.doubles.tws.session import Handler, Session
from tests.doubles.tws.timing import Timer
from tests.doubles.tws.wire import Field, FieldReader
from tests.doubles.tws.world import World

PACING = "Historical data request pacing violation"
TOO_MANY = (
    "Error processing request.-'bT' : cause - Only 50 simultaneous API historical data requests"
    " allowed."
)
CANCELED = "API historical data query cancelled: {}"
UNKNOWN = "No historical data query found for ticker id:{}"
FARM_BROKEN = "HMDS connection attempt failed.  Connection will be re-attempted..."
MOST_OPEN = 50
MOST_TICKS = 1000
NO_SIZE = -1  # volume, average and count of what was quoted and not traded


class Archive:
    """World part; peer thread only.

    `put` replaces made-up bars by a test's own. `answer_after_s` delays every answer.
    `keeps_pace` turns on the rules for bars of 30 seconds and less.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.feed = world.part(Feed)
        self.answer_after_s = 0.0
        self.keeps_pace = False
        self.without_permission: set[int] = set()
        self.first: dict[int, datetime] = {}  # the earliest bar of a contract
        self._own: dict[tuple[int, str], list[PastBar]] = {}
        self._asked: deque[tuple[float, tuple[object, ...], tuple[object, ...]]] = deque()

    def put(self, con_id: int, size: str, rows: list[PastBar]) -> None:
        """From now on these are the bars of this size, oldest first."""
        self._own[con_id, size] = list(rows)

    def begin_of(self, listing: Listing) -> datetime:
        """The earliest moment that there is anything of."""
        known = self.first.get(listing.con_id)
        if known is not None:
            return known
        if listing.contract.expiry:
            expiry = datetime.strptime(listing.contract.expiry, "%Y%m%d").replace(tzinfo=UTC)
            return expiry - timedelta(days=400)
        return datetime(2004, 1, 23, 14, 30, tzinfo=UTC)

    def rows(self, request: HistoryRequest, listing: Listing) -> list[PastBar]:
        """The bars that are asked for, oldest first. Raises RefusedError."""
        now = self.world.timing.now()
        end = min(request.until(now, self.world.zone), now)
        begin = max(request.since(listing, end), self.begin_of(listing))
        own = self._own.get((listing.con_id, request.size))
        if own is not None:
            found = [bar for bar in own if begin <= bar.start < end]
        else:
            found = bars(listing, request.size, begin, end, regular=request.regular)
        if not found:
            place = f"{listing.contract.symbol}@{request.contract.exchange}"
            text = f"HMDS query returned no data: {place} {request.what.capitalize()}"
            raise RefusedError(162, SERVICE.format(text))
        return found

    def check(self, request: HistoryRequest, listing: Listing) -> None:
        """Raises RefusedError for what is wrong with the world, or with the pace."""
        if self.world.faults.pacing_162:
            raise RefusedError(162, SERVICE.format(PACING))
        if "history" in self.world.broken_farms or not self.world.is_ibkr_up:
            raise RefusedError(162, SERVICE.format(FARM_BROKEN))
        if listing.con_id in self.without_permission:
            place = listing.contract.primary_exchange or listing.contract.exchange
            text = f"No market data permissions for {place} {listing.contract.sec_type}"
            raise RefusedError(162, SERVICE.format(text))
        if self.keeps_pace and request.length_s <= 30:
            self._check_pace(request)

    def _check_pace(self, request: HistoryRequest) -> None:
        """Sixty in ten minutes; the same not within 15 s; five of a contract within 2 s."""
        now = time.monotonic()
        while self._asked and self._asked[0][0] < now - 600:
            self._asked.popleft()
        exactly = (request.contract.con_id, request.end, request.duration, request.size)
        place = (request.contract.con_id, request.contract.exchange, request.what)
        same = sum(at > now - 15 and known == exactly for at, known, _ in self._asked)
        near = sum(at > now - 2 and known == place for at, _, known in self._asked)
        weight = 2 if request.what == "BID_ASK" else 1
        self._asked += [(now, exactly, place)] * weight
        if same or near >= 5 or len(self._asked) > 60:
            raise RefusedError(162, SERVICE.format(PACING))


@dataclass
class Update:
    """Bars that are kept up to date; `bar` is the one that grows."""

    request: HistoryRequest
    listing: Listing
    bar: PastBar


class Queries:
    """A client's open requests for history. Session part."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.archive = session.world.part(Archive)
        self.waiting: dict[int, Timer] = {}
        self.updates: dict[int, Update] = {}
        world = session.world
        world.on_print.append(self._on_print)
        world.on_quote.append(self._on_quote)
        world.on_data_lost.append(self.updates.clear)
        session.on_close.append(self._leave)

    def answer(self, request: HistoryRequest, listing: Listing) -> None:
        """Send the bars, at once or later."""
        delay = self.archive.answer_after_s
        if not delay:
            self._send(request, listing)
            return

        def due() -> None:
            del self.waiting[request.req_id]
            self._send(request, listing)

        self.waiting[request.req_id] = self._session.world.timing.later(delay, due)

    def cancel(self, req_id: int) -> bool:
        """End it; False when there is no such request."""
        timer = self.waiting.pop(req_id, None)
        if timer is not None:
            timer.cancel()
        return self.updates.pop(req_id, None) is not None or timer is not None

    def _send(self, request: HistoryRequest, listing: Listing) -> None:
        session = self._session
        try:
            rows = self.archive.rows(request, listing)
        except RefusedError as error:
            session.error(request.req_id, error.code, str(error))
            return
        zone = listing.hours.zone
        fields: list[Field] = [Tell.HISTORY, request.req_id]
        fields += [_wall(rows[0].start, zone), _wall(session.world.timing.now(), zone), len(rows)]
        for bar in rows:
            fields += [_date(request, bar, zone), *_prices(bar), *_sizes(request, bar)]
        session.send(*fields)
        if request.updates:
            self.updates[request.req_id] = Update(request, listing, rows[-1])

    def _on_print(self, con_id: int, price: Decimal, size: Decimal) -> None:
        self._grow(con_id, price, int(size), is_mid=False)

    def _on_quote(self, con_id: int, quote: Quote) -> None:
        if quote.bid is not None and quote.ask is not None:
            self._grow(con_id, (quote.bid + quote.ask) / 2, 0, is_mid=True)

    def _grow(self, con_id: int, price: Decimal, size: int, *, is_mid: bool) -> None:
        if self.archive.feed.is_dark:
            return
        for update in self.updates.values():
            shows_mid = update.request.what == "MIDPOINT"
            if update.listing.con_id == con_id and shows_mid is is_mid:
                update.bar = _grown(update, price, size, self._session.world.timing.now())
                self._send_update(update)

    def _send_update(self, update: Update) -> None:
        """90 reqId count date open close high low average volume."""
        request, bar = update.request, update.bar
        volume, average, count = _sizes(request, bar)
        self._session.send(
            Tell.HISTORY_UPDATE, request.req_id, count,
            _date(request, bar, update.listing.hours.zone),
            bar.open, bar.close, bar.high, bar.low, average, volume,
        )  # fmt: skip

    def _leave(self) -> None:
        for timer in self.waiting.values():
            timer.cancel()
        self._session.world.on_print.remove(self._on_print)
        self._session.world.on_quote.remove(self._on_quote)
        self._session.world.on_data_lost.remove(self.updates.clear)


def _grown(update: Update, price: Decimal, size: int, now: datetime) -> PastBar:
    """The bar with one more trade, or the next bar when its time is over."""
    bar, length = update.bar, update.request.length_s
    if length < DAY_S and now >= bar.start + timedelta(seconds=length):
        start = _slot(update.listing, now, length)
        return PastBar(start, price, price, price, price, size, price, 1)
    total = bar.volume + size
    average = (bar.average * bar.volume + price * size) / total if total else price
    return replace(
        bar, high=max(bar.high, price), low=min(bar.low, price), close=price, volume=total,
        average=average, count=bar.count + 1,
    )  # fmt: skip


def _slot(listing: Listing, now: datetime, length: int) -> datetime:
    """Where the bar of this moment begins; outside of trading hours at a multiple of its length."""
    for span in listing.hours.before(now, regular=False):
        for start, stop in slots(listing, span, length):
            if start <= now < stop:
                return start
        break
    return datetime.fromtimestamp(int(now.timestamp()) // length * length, UTC)


def _wall(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y%m%d %H:%M:%S} {zone}"


def _date(request: HistoryRequest, bar: PastBar, zone: str) -> str:
    """Days as yyyymmdd; moments as wall time with its zone, or as epoch seconds."""
    if bar.day is not None:
        return f"{bar.day:%Y%m%d}"
    return str(int(bar.start.timestamp())) if request.date_format == 2 else _wall(bar.start, zone)


def _prices(bar: PastBar) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return bar.open, bar.high, bar.low, bar.close


def _sizes(request: HistoryRequest, bar: PastBar) -> tuple[Field, Field, Field]:
    """Volume, average price and count, which quotes do not have."""
    if request.what in ("MIDPOINT", "BID", "ASK", "BID_ASK"):
        return NO_SIZE, NO_SIZE, NO_SIZE
    return bar.volume, round(bar.average, 6), bar.count


def historical_data(session: Session, fields: list[str]) -> None:
    """20: bars, and with keepUpToDate their updates."""
    request = HistoryRequest.read(fields)
    listing = wanted_listing(session, request.req_id, request.contract)
    if listing is None:
        return
    queries = session.part(Queries)
    if len(queries.waiting) >= MOST_OPEN:
        session.error(request.req_id, 322, TOO_MANY)
        return
    try:
        request.check(listing)
        request.until(session.world.timing.now(), session.world.zone)
        queries.archive.check(request, listing)
    except RefusedError as error:
        session.error(request.req_id, error.code, str(error))
        return
    if not has_zone(request.end):
        session.error(request.req_id, 2174, NO_ZONE)
    queries.answer(request, listing)


def cancel_historical_data(session: Session, fields: list[str]) -> None:
    """25 1 reqId: confirmed by 162, or 366 when there is nothing to cancel."""
    req_id = int(fields[2])
    if session.part(Queries).cancel(req_id):
        session.error(req_id, 162, SERVICE.format(CANCELED.format(req_id)))
    else:
        session.error(req_id, 366, UNKNOWN.format(req_id))


def head_time_stamp(session: Session, fields: list[str]) -> None:
    """87 reqId contract includeExpired useRTH whatToShow formatDate; 88 reqId text."""
    reader = FieldReader(fields[1:])
    req_id, asked = reader.integer(), Contract.read(reader)
    reader.flag()
    reader.flag()
    reader.text()
    date_format = reader.integer()
    listing = wanted_listing(session, req_id, asked)
    if listing is None:
        return
    begin = session.world.part(Archive).begin_of(listing)
    text = str(int(begin.timestamp())) if date_format == 2 else f"{begin:%Y%m%d-%H:%M:%S}"
    session.send(Tell.HEAD_TIME_STAMP, req_id, text)


def cancel_head_time_stamp(session: Session, fields: list[str]) -> None:
    """90 reqId: nothing is said."""


def historical_ticks(session: Session, fields: list[str]) -> None:
    """96 reqId contract expired start end count what useRTH ignoreSize options.

    One tick a second, forward from the start or, without one, backward from the end.
    """
    reader = FieldReader(fields[1:])
    req_id, asked = reader.integer(), Contract.read(reader)
    reader.flag()
    begin, end, count, what = reader.text(), reader.text(), reader.integer(), reader.text()
    listing = wanted_listing(session, req_id, asked)
    if listing is None:
        return
    count = min(count, MOST_TICKS)
    zone = session.world.zone
    try:
        first = moment(begin, zone) if begin else moment(end, zone) - timedelta(seconds=count)
    except RefusedError as error:
        session.error(req_id, error.code, str(error))
        return
    kind = {"BID_ASK": Tell.HISTORICAL_TICKS_BID_ASK, "MIDPOINT": Tell.HISTORICAL_TICKS}.get(
        what, Tell.HISTORICAL_TICKS_LAST
    )
    rows = [field for at in range(count) for field in _tick(listing, kind, first, at)]
    session.send(kind, req_id, count, *rows, 1)


def _tick(listing: Listing, kind: Tell, first: datetime, offset: int) -> Iterator[Field]:
    at = int(first.timestamp()) + offset
    price, tick = price_at(listing, at), listing.contract.min_tick
    if kind is Tell.HISTORICAL_TICKS_BID_ASK:
        yield from (at, 0, price - tick, price + tick, 100, 100)
    elif kind is Tell.HISTORICAL_TICKS:
        yield from (at, "", price, 0)
    else:
        yield from (at, 0, price, 100, listing.places[-1], "")


HANDLERS: dict[int, Handler] = {
    Ask.HISTORY: historical_data,
    Ask.CANCEL_HISTORY: cancel_historical_data,
    Ask.HEAD_TIME_STAMP: head_time_stamp,
    Ask.CANCEL_HEAD_TIME_STAMP: cancel_head_time_stamp,
    Ask.HISTORICAL_TICKS: historical_ticks,
}

"""A trader's days: what was traded and earned, by trading day, account and instrument.

Built from what the engine's own books say of every fill (`domain.booked`), so that the sums are
the engine's figures to the last digit. Money is Decimal in the instrument's currency, times are
UTC epoch seconds. The builder belongs to one thread at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Context, Decimal, localcontext

from app.analytics.round_trips import Trip, TripCounter
from app.domain.booked import Booked, TradeRecord, paid_fee
from app.domain.ids import AccountId, ConnectionId, InstrumentKey
from app.domain.instrument import Instrument

EXACT = Context(prec=80)  # as the ledger of domain.position computes
Place = tuple[ConnectionId, AccountId, InstrumentKey]
Breathe = Callable[[], object]
Keep = Callable[[Booked], bool]
_ZERO = Decimal(0)
_BREATH = 256  # fills between two moments in which another thread may go first


class PlaceDay:
    """One trading day of one instrument in one account.

    `profit` is before fees, `fees` are by currency; `flows` hold, by currency, when money came or
    went and how much (float64 seconds and amounts), for curves. `count` leaves out fills that the
    broker took back.
    """

    __slots__ = (
        *("connection_id", "account_id", "instrument", "day", "currency", "fills", "trips"),
        *("count", "bought", "bought_value", "sold", "sold_value", "profit", "fees"),
        *("untold_fees", "unknown_fills", "flows"),
    )

    def __init__(
        self, connection_id: ConnectionId, account_id: AccountId, instrument: Instrument, day: date
    ) -> None:
        self.connection_id, self.account_id = connection_id, account_id
        self.instrument, self.day = instrument, day
        self.currency = instrument.currency.upper()
        self.fills: list[Booked] = []
        # By the place of the fill that ended each; not as objects: the cycle collector walks those.
        self.trips: dict[int, tuple[Decimal, bool]] = {}
        self.count = self.untold_fees = self.unknown_fills = 0
        self.bought = self.bought_value = self.sold = self.sold_value = self.profit = _ZERO
        self.fees: dict[str, Decimal] = {}
        self.flows: dict[str, tuple[list[float], list[float]]] = {}

    def add(self, booked: Booked, trip: Trip | None) -> None:
        """One more fill, and the round trip that it ended."""
        if trip is not None:
            self.trips[len(self.fills)] = trip.net, trip.is_known
        self.fills.append(booked)
        execution = booked.execution
        value = self.instrument.notional(execution.price, execution.quantity)
        if execution.signed_quantity > 0:
            self.bought += execution.quantity
            self.bought_value += value
        else:
            self.sold += execution.quantity
            self.sold_value += value
        self.count += bool(execution.quantity)
        self.profit += booked.profit
        self.unknown_fills += not booked.is_known
        at_s = execution.at.timestamp()
        self._flow(self.currency, at_s, booked.profit)
        self._pay(booked, at_s)

    def only(self, keep: Keep) -> PlaceDay:
        """The same day with the fills that `keep` wants, and the trips that those ended."""
        made = PlaceDay(self.connection_id, self.account_id, self.instrument, self.day)
        for place, booked in enumerate(tuple(self.fills)):
            if keep(booked):
                ended = self.trips.get(place)
                made.add(booked, None if ended is None else Trip(*ended))
        return made

    def _pay(self, booked: Booked, at_s: float) -> None:
        paid = paid_fee(booked.execution)
        if paid is None:
            self.untold_fees += bool(booked.execution.quantity)
            return
        currency, fee = paid
        self.fees[currency] = self.fees.get(currency, _ZERO) + fee
        if fee:
            self._flow(currency, at_s, -fee)

    def _flow(self, currency: str, at_s: float, amount: Decimal) -> None:
        times, amounts = self.flows.setdefault(currency, ([], []))
        times.append(at_s)
        amounts.append(float(amount))


class TradeDays:
    """Every PlaceDay there is. `update` reads what is new since the last time and no more."""

    def __init__(self) -> None:
        self._readers: dict[Place, _Reader] = {}

    def update(self, records: Iterable[TradeRecord], breathe: Breathe = lambda: None) -> bool:
        """Take in what the books hold now; whether anything changed.

        `breathe` is called again and again during long work: in a thread beside a window it may
        let that one go first.
        """
        changed = False
        with localcontext(EXACT):
            for record in records:
                place = (record.connection_id, record.account_id, record.instrument.key)
                reader = self._readers.get(place)
                if reader is None or not reader.goes_on(record):
                    reader = self._readers[place] = _Reader(record)
                    changed = True
                changed = reader.read(record, breathe) or changed
        return changed

    @property
    def currencies(self) -> list[str]:
        """Every currency in which something was traded or a fee was paid."""
        return sorted({currency for day in self for currency in (day.currency, *day.fees)})

    def __iter__(self) -> Iterator[PlaceDay]:
        for reader in self._readers.values():
            yield from reader.days.values()


class _Stretch:
    """How far one stretch was read."""

    def __init__(self, fills: Sequence[Booked]) -> None:
        self.fills, self.done, self.trips = fills, 0, TripCounter()


class _Reader:
    """What was read of one instrument in one account."""

    def __init__(self, record: TradeRecord) -> None:
        self._connection_id, self._account_id = record.connection_id, record.account_id
        self._instrument = record.instrument
        self._stretches: list[_Stretch] = []
        self.days: dict[date, PlaceDay] = {}

    def goes_on(self, record: TradeRecord) -> bool:
        """Whether everything that was read still stands."""
        old = self._stretches
        return len(old) <= len(record.stretches) and all(
            stretch.fills is fills for stretch, fills in zip(old, record.stretches, strict=False)
        )

    def read(self, record: TradeRecord, breathe: Breathe) -> bool:
        self._stretches += map(_Stretch, record.stretches[len(self._stretches) :])
        changed = False
        for stretch in self._stretches:
            while fresh := stretch.fills[stretch.done : stretch.done + _BREATH]:
                for booked in fresh:
                    self._day(booked.day).add(booked, stretch.trips.add(booked))
                stretch.done += len(fresh)
                changed = True
                breathe()
        return changed

    def _day(self, day: date) -> PlaceDay:
        found = self.days.get(day)
        if found is None:
            found = PlaceDay(self._connection_id, self._account_id, self._instrument, day)
            self.days[day] = found
        return found

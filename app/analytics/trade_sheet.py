"""A trade journal as it is read: rows by day and currency, sums of a period, and the curve.

Money of different currencies is never added unless a rate is known; what lacks one stays in rows
of its own. A fee that was paid in another currency than its instrument's counts there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext

from app.analytics.equity import Curve, curve_of, thinned
from app.analytics.trade_days import EXACT, Breathe, Keep, PlaceDay
from app.domain.booked import Booked
from app.domain.ids import AccountId, ConnectionId

AccountKey = tuple[ConnectionId, AccountId]
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at. `rates` are units of `currency` for one of another; "" is as traded.

    `symbol` is a part of it, in any case. `keep` chooses single fills. `is_alone` leaves out what
    is not in `currency`, or cannot be.
    """

    accounts: frozenset[AccountKey] | None = None
    symbol: str = ""
    first: date | None = None
    last: date | None = None
    keep: Keep | None = None
    currency: str = ""
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    is_alone: bool = False

    def shown(self, currency: str) -> tuple[str, Decimal] | None:
        """The currency in which an amount is shown and its factor; None leaves it out."""
        if currency == self.currency:
            return currency, Decimal(1)
        rate = self.rates.get(currency)
        if self.currency and rate is not None:
            return self.currency, rate
        return None if self.is_alone else (currency, Decimal(1))

    def has(self, day: PlaceDay) -> bool:
        """Whether accounts, period and symbol let it in."""
        return (
            (self.accounts is None or (day.connection_id, day.account_id) in self.accounts)
            and (self.first is None or day.day >= self.first)
            and (self.last is None or day.day <= self.last)
            and self.symbol.casefold() in day.instrument.symbol.casefold()
        )


@dataclass(slots=True, eq=False)
class DayRow:
    """One trading day in one currency. `profit` is before fees.

    `unknown_fills` closed units whose cost nobody told, `untold_fees` counts fills whose fee the
    broker has not told yet: sums hold what is known. `parts` hold the fills behind the row.
    """

    day: date
    currency: str
    count: int = 0
    bought: Decimal = _ZERO
    bought_value: Decimal = _ZERO
    sold: Decimal = _ZERO
    sold_value: Decimal = _ZERO
    profit: Decimal = _ZERO
    fees: Decimal = _ZERO
    untold_fees: int = 0
    unknown_fills: int = 0
    wins: int = 0
    losses: int = 0
    evens: int = 0
    won: Decimal = _ZERO
    lost: Decimal = _ZERO
    parts: list[PlaceDay] = field(default_factory=list)
    places: dict[str, None] = field(default_factory=dict)
    _sorted: list[Booked] | None = None

    @property
    def net(self) -> Decimal:
        """Profit after fees, as far as known."""
        return self.profit - self.fees

    @property
    def is_known(self) -> bool:
        """Whether the cost of everything closed is known."""
        return not self.unknown_fills

    @property
    def symbols(self) -> list[str]:
        """What was traded, in the order of its first fill."""
        return list(self.places)

    @property
    def accounts(self) -> list[AccountKey]:
        """Where it was traded."""
        return list(dict.fromkeys((part.connection_id, part.account_id) for part in self.parts))

    def fills(self) -> list[Booked]:
        """Every fill of the row, newest first; sorted once."""
        if self._sorted is None:
            found = [booked for part in self.parts for booked in tuple(part.fills)]
            found.sort(key=lambda b: (b.execution.at, b.execution.exec_id))
            found.reverse()
            self._sorted = found
        return self._sorted

    def take(self, part: PlaceDay, factor: Decimal) -> None:
        """Add what was traded and earned; fees come by their own currencies."""
        self.parts.append(part)
        self.places[part.instrument.symbol] = None
        self.count += part.count
        self.bought += part.bought
        self.sold += part.sold
        self.bought_value += part.bought_value * factor
        self.sold_value += part.sold_value * factor
        self.profit += part.profit * factor
        self.untold_fees += part.untold_fees
        self.unknown_fills += part.unknown_fills
        for net, is_known in part.trips.values():
            if is_known:
                self._count_trip(net, factor)

    def _count_trip(self, net: Decimal, factor: Decimal) -> None:
        if net > 0:
            self.wins += 1
            self.won += net * factor
        elif net < 0:
            self.losses += 1
            self.lost -= net * factor
        else:
            self.evens += 1


@dataclass(frozen=True, slots=True)
class Summary:
    """A period in one currency. Averages and ratios are None where there is nothing to divide.

    `lost` and `average_loss` are positive amounts; a day's result is its net.
    """

    currency: str
    days: int
    count: int
    profit: Decimal
    fees: Decimal
    wins: int
    losses: int
    evens: int
    won: Decimal
    lost: Decimal
    best: tuple[date, Decimal] | None
    worst: tuple[date, Decimal] | None
    untold_fees: int
    unknown_fills: int

    @property
    def net(self) -> Decimal:
        """Profit after fees, as far as known."""
        return self.profit - self.fees

    @property
    def trips(self) -> int:
        """Round trips whose result is known."""
        return self.wins + self.losses + self.evens

    @property
    def win_percent(self) -> Decimal | None:
        """Winners among all round trips."""
        return Decimal(100 * self.wins) / self.trips if self.trips else None

    @property
    def average_win(self) -> Decimal | None:
        """Per winning round trip."""
        return self.won / self.wins if self.wins else None

    @property
    def average_loss(self) -> Decimal | None:
        """Per losing round trip, positive."""
        return self.lost / self.losses if self.losses else None

    @property
    def profit_factor(self) -> Decimal | None:
        """What winners won for one that losers lost; None where nothing was lost."""
        return self.won / self.lost if self.lost else None


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The journal of a Scope: rows newest day first, then by currency; curves as they are drawn."""

    rows: tuple[DayRow, ...] = ()
    summaries: Mapping[str, Summary] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)

    @property
    def currencies(self) -> list[str]:
        """The currencies of the rows, the busiest first."""
        return sorted(self.summaries, key=lambda c: (-self.summaries[c].count, c))


def sheet_of(days: Iterable[PlaceDay], scope: Scope, breathe: Breathe = lambda: None) -> Sheet:
    """Put together what `scope` lets in. One thread, the one that feeds `days`."""
    rows: dict[tuple[date, str], DayRow] = {}
    flows: defaultdict[str, list[tuple[list[float], list[float], float]]] = defaultdict(list)
    with localcontext(EXACT):
        for part in _chosen(days, scope):
            _take(part, scope, rows)
            for currency, (times, amounts) in part.flows.items():
                if (shown := scope.shown(currency)) is not None:
                    flows[shown[0]].append((times, amounts, float(shown[1])))
            breathe()
        ordered = sorted(rows.values(), key=lambda row: row.currency)
        ordered.sort(key=lambda row: row.day, reverse=True)
        summaries = {
            currency: _summary(currency, [row for row in ordered if row.currency == currency])
            for currency in sorted({row.currency for row in ordered})
        }
    curves = {currency: thinned(curve_of(flows[currency])) for currency in summaries}
    return Sheet(tuple(ordered), summaries, curves)


def _chosen(days: Iterable[PlaceDay], scope: Scope) -> Iterator[PlaceDay]:
    for day in days:
        if scope.has(day):
            part = day if scope.keep is None else day.only(scope.keep)
            if part.fills:
                yield part


def _take(part: PlaceDay, scope: Scope, rows: dict[tuple[date, str], DayRow]) -> None:
    def row_in(currency: str) -> DayRow:
        key = (part.day, currency)
        if key not in rows:
            rows[key] = DayRow(*key)
        return rows[key]

    if (own := scope.shown(part.currency)) is not None:
        row_in(own[0]).take(part, own[1])
    for currency, fee in part.fees.items():
        if (shown := scope.shown(currency)) is not None and fee:
            row_in(shown[0]).fees += fee * shown[1]


def _summary(currency: str, rows: list[DayRow]) -> Summary:
    results = [(row.net, row.day) for row in rows]
    best, worst = max(results), min(results)
    return Summary(
        currency=currency,
        days=len(rows),
        count=sum(row.count for row in rows),
        profit=sum((row.profit for row in rows), _ZERO),
        fees=sum((row.fees for row in rows), _ZERO),
        wins=sum(row.wins for row in rows),
        losses=sum(row.losses for row in rows),
        evens=sum(row.evens for row in rows),
        won=sum((row.won for row in rows), _ZERO),
        lost=sum((row.lost for row in rows), _ZERO),
        best=(best[1], best[0]),
        worst=(worst[1], worst[0]),
        untold_fees=sum(row.untold_fees for row in rows),
        unknown_fills=sum(row.unknown_fills for row in rows),
    )

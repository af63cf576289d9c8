"""Positions of several accounts as one: netted by instrument, in one currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from app.domain.events import PositionView
from app.domain.instrument import Instrument
from app.engine.rates import Rates

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class NetPosition:
    """One instrument over all accounts. Money is in the currency asked for; None is not known.

    `average_price` is per unit in the instrument's currency, None where accounts are on opposite
    sides. `legs` are the single positions, all in one environment.
    """

    instrument: Instrument
    quantity: Decimal
    average_price: Decimal | None
    value: Decimal | None
    unrealized: Decimal | None
    realized_today: Decimal | None
    is_verified: bool
    legs: tuple[PositionView, ...]


@dataclass(frozen=True, slots=True)
class Consolidated:
    """The desk of one environment in one currency; a total that lacks a part is None.

    `unknown` names what is missing in the totals.
    """

    currency: str
    positions: tuple[NetPosition, ...]
    value: Decimal | None
    unrealized: Decimal | None
    realized_today: Decimal | None
    unknown: tuple[str, ...]


def consolidate(views: Iterable[PositionView], currency: str, rates: Rates) -> Consolidated:
    """Net `views` by instrument. Rates of a replay count for its own connection only."""
    legs: dict[str, list[PositionView]] = {}
    for view in views:
        legs.setdefault(view.instrument.key, []).append(view)
    nets = tuple(_net(group, currency, rates) for group in legs.values())
    lacking = [
        net.instrument.symbol
        for net in nets
        if None in (net.value, net.unrealized, net.realized_today)
    ]
    return Consolidated(
        currency=currency.upper(),
        positions=tuple(net for net in nets if any(leg.quantity for leg in net.legs)),
        value=_total([net.value for net in nets]),
        unrealized=_total([net.unrealized for net in nets]),
        realized_today=_total([net.realized_today for net in nets]),
        unknown=tuple(dict.fromkeys(lacking)),
    )


def _net(legs: list[PositionView], currency: str, rates: Rates) -> NetPosition:
    instrument = legs[0].instrument

    def money(leg: PositionView, amount: Decimal | None) -> Decimal | None:
        if amount is None:
            return None
        return rates.convert(amount, instrument.currency, currency, leg.connection_id)

    return NetPosition(
        instrument=instrument,
        quantity=sum((leg.quantity for leg in legs), _ZERO),
        average_price=_average(legs),
        value=_total([money(leg, _value(leg)) for leg in legs]),
        unrealized=_total([money(leg, leg.unrealized) for leg in legs]),
        realized_today=_total([money(leg, leg.realized_today) for leg in legs]),
        is_verified=all(leg.is_verified for leg in legs),
        legs=tuple(legs),
    )


def _value(leg: PositionView) -> Decimal | None:
    if not leg.quantity:
        return _ZERO
    return None if leg.mark is None else leg.instrument.notional(leg.mark, leg.quantity)


def _average(legs: list[PositionView]) -> Decimal | None:
    held = [leg for leg in legs if leg.quantity]
    if not held or len({leg.quantity > 0 for leg in held}) > 1:
        return None
    cost = _total([leg.average_price and leg.average_price * leg.quantity for leg in held])
    return None if cost is None else cost / sum((leg.quantity for leg in held), _ZERO)


def _total(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, _ZERO) if len(known) == len(amounts) else None

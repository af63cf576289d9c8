"""Sums over positions: one line a currency, never real and paper money in one, doubts named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.domain.events import PositionView
from app.domain.ids import ConnectionId
from app.domain.position import exact_sum
from app.ui import format as fmt
from app.ui.models.columns import Cell, Tint
from app.ui.models.grouping import Grouping, GroupLine
from app.ui.models.positions import INCOMPLETE, market_value

# An amount in another currency by the rates known at a connection; None when nobody said.
Convert = Callable[[Decimal, str, str, ConnectionId], Decimal | None]
ModeOf = Callable[[ConnectionId], str]
_SUMMED = ("unrealized", "realized", "gross", "fees", "value")
_DOUBT = Tint("warning", 34)


@dataclass(frozen=True, slots=True)
class Money:
    """How sums are made: the trader's own currency, rates into it, and LIVE or PAPER."""

    base_currency: Callable[[], str]
    convert: Convert
    mode: ModeOf


@dataclass(frozen=True, slots=True)
class Sums:
    """What some positions come to in one currency; None as soon as one part is not known.

    `gross` is the profit of what was closed, `fees` is everything paid in this currency, also for
    instruments of others. `unverified` and `unpriced` count the positions behind a doubt,
    `uncosted` those of which a part of `gross` is not known.
    """

    currency: str
    value: Decimal | None
    unrealized: Decimal | None
    gross: Decimal
    fees: Decimal
    unverified: int = 0
    unpriced: int = 0
    uncosted: int = 0

    @property
    def realized(self) -> Decimal:
        """`gross` less `fees`."""
        return exact_sum((self.gross, -self.fees))


def sums_by_currency(views: Iterable[PositionView]) -> list[Sums]:
    """One for each currency in which something was traded or paid, in alphabetical order."""
    by_currency: dict[str, list[PositionView]] = {}
    fees: dict[str, list[Decimal]] = {}
    for view in views:
        by_currency.setdefault(view.instrument.currency.upper(), []).append(view)
        for currency, fee in view.fees:
            fees.setdefault(currency, []).append(fee)
    return [
        Sums(
            currency,
            _sum(market_value(view) for view in group),
            _sum(_unrealized(view) for view in group),
            exact_sum(view.gross for view in group),
            exact_sum(fees.get(currency, ())),
            *_doubtful(group),
        )
        for currency in sorted(by_currency | fees)
        for group in [by_currency.get(currency, [])]
    ]


def converted(views: Sequence[PositionView], money: Money) -> Sums | str:
    """Everything in the base currency, or the currencies without a rate, in words."""
    base = money.base_currency()
    lacking = {
        currency
        for view in views
        for currency in _currencies(view)
        if money.convert(Decimal(1), currency, base, view.connection_id) is None
    }
    if lacking:
        return ", ".join(sorted(lacking))

    def total(amount: Callable[[PositionView], Decimal | None]) -> Decimal | None:
        return _sum(_rated(amount(view), view, base, money) for view in views)

    fees = _sum(money.convert(fee, c, base, v.connection_id) for v in views for c, fee in v.fees)
    gross = total(lambda view: view.gross)
    return Sums(
        base,
        total(market_value),
        total(_unrealized),
        gross or Decimal(0),  # every rate is known by now
        fees or Decimal(0),
        *_doubtful(views),
    )


def total_lines(views: Iterable[PositionView], money: Money) -> list[GroupLine]:
    """What stands below the table: real and paper money apart, then a line a currency."""
    by_mode: dict[str, list[PositionView]] = {}
    for view in views:
        by_mode.setdefault(money.mode(view.connection_id), []).append(view)
    lines: list[GroupLine] = []
    for mode, own in sorted(by_mode.items()):
        name = f"{mode} total" if len(by_mode) > 1 else "Total"
        parts = sums_by_currency(own)
        lines += [_line(f"{name} {part.currency}", part) for part in parts]
        base = money.base_currency().upper()
        if any(part.currency != base for part in parts):
            lines.append(_whole(name, own, money))
    return lines


def position_groupings(money: Money) -> list[Grouping[PositionView]]:
    """By symbol and by account; a group never holds real and paper money at once."""

    def symbol_of(view: PositionView) -> tuple[str, str]:
        return (view.instrument.symbol, money.mode(view.connection_id))

    def account_of(view: PositionView) -> tuple[str, str]:
        return (view.account_id, view.connection_id)

    def symbol_lines(views: Sequence[PositionView]) -> list[GroupLine]:
        symbol, mode = symbol_of(views[0])
        return _group_lines(f"{symbol} {mode}", views, money, net=_net(views))

    def account_lines(views: Sequence[PositionView]) -> list[GroupLine]:
        account, connection_id = account_of(views[0])
        mode = money.mode(views[0].connection_id)
        return _group_lines(f"{account} at {connection_id} {mode}", views, money)

    return [
        Grouping("symbol", symbol_of, symbol_lines),
        Grouping("account", account_of, account_lines),
    ]


def _group_lines(
    label: str, views: Sequence[PositionView], money: Money, *, net: Cell | None = None
) -> list[GroupLine]:
    """The header; in several currencies it holds what all come to, and one line each follows."""
    parts = sums_by_currency(views)
    name = f"{label} \u00b7 {len(views)}"
    if len(parts) == 1:
        return [_line(name, parts[0], net=net)]
    whole = _whole(name, views, money, net=net)
    return [whole, *(_line(part.currency, part) for part in parts)]


def _whole(
    name: str, views: Sequence[PositionView], money: Money, *, net: Cell | None = None
) -> GroupLine:
    """Several currencies as one, where every rate is known; else a line that says why not."""
    sums, base = converted(views, money), money.base_currency()
    if isinstance(sums, str):
        text = f"No sum in {base}: the rate of {sums} is not known"
        cells: dict[str, Cell] = dict.fromkeys(_SUMMED, (fmt.UNKNOWN, "muted", None))
        cells["currency"] = (base, "muted", None)
        cells |= {"quantity": net} if net is not None else {}
        told = dict.fromkeys(("", "currency", *_SUMMED), text)
        return GroupLine(f"{name}, no rate for {sums}", cells, {}, told)
    return _line(f"{name} in {base}", sums, net=net, is_converted=True)


def _line(
    label: str, sums: Sums, *, net: Cell | None = None, is_converted: bool = False
) -> GroupLine:
    doubts = _doubts(sums)
    tint = _DOUBT if sums.unverified else None
    lead = "\u2248 " if is_converted else ""
    mark = dict.fromkeys(_SUMMED, "")
    if sums.uncosted:
        mark |= {"realized": INCOMPLETE, "gross": INCOMPLETE}
    figures = {
        "unrealized": (fmt.profit(sums.unrealized), fmt.direction(sums.unrealized)),
        "realized": (fmt.profit(sums.realized), fmt.direction(sums.realized)),
        "gross": (fmt.profit(sums.gross), fmt.direction(sums.gross)),
        "fees": (fmt.money(sums.fees), None),
        "value": (fmt.money(sums.value), None),
    }
    cells: dict[str, Cell] = {
        name: (text if text == fmt.UNKNOWN else lead + text + mark[name], token, tint)
        for name, (text, token) in figures.items()
    }
    cells["currency"] = (sums.currency, None, tint)
    if sums.unverified:
        cells["verified"] = (f"\u26a0 {sums.unverified} unverified", "warning", tint)
    if net is not None:
        cells["quantity"] = net
    values = {name: getattr(sums, name) for name in _SUMMED}
    notes = [f"converted into {sums.currency} at the rates known here"] if is_converted else []
    told = "; ".join([*notes, *doubts])
    if doubts:
        label = f"{label}, \u26a0 {', '.join(doubts)}"
    return GroupLine(label, cells, values, {"": told or label} | dict.fromkeys(_SUMMED, told))


def _doubts(sums: Sums) -> list[str]:
    doubts = [f"{sums.unverified} unverified"] if sums.unverified else []
    if sums.uncosted:
        doubts.append(f"{sums.uncosted} of unknown cost")
    return [*doubts, f"{sums.unpriced} without a price"] if sums.unpriced else doubts


def _doubtful(views: Iterable[PositionView]) -> tuple[int, int, int]:
    """How many are not verified, have no price, and lack the cost of something closed."""
    listed = list(views)
    return (
        sum(1 for view in listed if view.quantity and not view.is_verified),
        sum(1 for view in listed if market_value(view) is None),
        sum(1 for view in listed if not view.is_realized_known),
    )


def _currencies(view: PositionView) -> set[str]:
    """Those in which a position has money at all."""
    own = {view.instrument.currency.upper()} if view.quantity or view.gross else set[str]()
    return own | {currency for currency, _ in view.fees}


def _net(views: Sequence[PositionView]) -> Cell:
    """The net quantity, only where all rows are of the very same instrument."""
    if len({view.instrument.key for view in views}) > 1:
        return (fmt.UNKNOWN, "muted", None)
    quantity = sum((view.quantity for view in views), Decimal(0))
    tint = None if all(view.is_verified for view in views) else _DOUBT
    text = fmt.quantity(views[0].instrument, quantity, signed=True)
    return (text, fmt.direction(quantity), tint)


def _rated(amount: Decimal | None, view: PositionView, base: str, money: Money) -> Decimal | None:
    if not amount:
        return amount  # not known, or nothing, which needs no rate
    return money.convert(amount, view.instrument.currency, base, view.connection_id)


def _unrealized(view: PositionView) -> Decimal | None:
    return view.unrealized if view.quantity else Decimal(0)


def _sum(parts: Iterable[Decimal | None]) -> Decimal | None:
    known: list[Decimal] = []
    for part in parts:
        if part is None:
            return None
        known.append(part)
    return exact_sum(known)

"""The positions' rows and columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from app.domain.events import PositionView
from app.ui import format as fmt
from app.ui.models.columns import Column, Kind, Tint

CLOSE, REVERSE = "close", "reverse"
# The same words for the same figures in every table.
REALIZED = "Profit of what was closed, after fees: gross less fees"
GROSS = "Profit of what was closed, before fees"
FEES = "Commission and fees that were paid"
INCOMPLETE = "*"  # behind a sum of which a part is not known


def position_key(view: PositionView) -> tuple[str, str, str]:
    """Connection, account and instrument."""
    return (view.connection_id, view.account_id, view.instrument.key)


def market_value(view: PositionView) -> Decimal | None:
    """Signed value at the mark in the instrument's currency, None without a mark."""
    if not view.quantity:
        return Decimal(0)
    return None if view.mark is None else view.instrument.notional(view.mark, view.quantity)


def verified_words(is_verified: bool, at: datetime | None, now: datetime) -> str:
    """How long ago the broker confirmed it; "unverified" while it cannot be asked."""
    age = "never" if at is None else fmt.age((now - at).total_seconds())
    return age if is_verified else f"⚠ unverified, {age}"


def position_columns(now: Callable[[], datetime]) -> Sequence[Column[PositionView]]:
    """Every column of the Positions table; `now` is wall time, for ages."""
    return (
        Column("symbol", "Symbol", lambda v: v.instrument.symbol, lambda v: v.instrument.symbol,
               sample="BTC-PERP", tooltip=lambda v: v.instrument.description, tint=_shade,
               required=True),
        Column("quantity", "Qty", lambda v: v.quantity, _quantity, Kind.NUMBER, sample="+100 000",
               hint="Units, plus for long and minus for short", tooltip=_standing,
               color=lambda v: fmt.direction(v.quantity), tint=_shade, required=True),
        Column("average", "Avg price", lambda v: v.average_price,
               lambda v: fmt.average_price(v.instrument, v.average_price), Kind.NUMBER,
               sample="12 345.0000", hint="Average price of what is held", tint=_shade),
        Column("mark", "Mark", lambda v: v.mark, lambda v: fmt.price(v.instrument, v.mark),
               Kind.NUMBER, sample="12 345.00", hint="Price at which it is valued", tint=_shade),
        _money("unrealized", "Unrealized", "Profit of what is held at the mark",
               lambda v: v.unrealized),
        Column("realized", "Realized", lambda v: v.realized, _realized, Kind.NUMBER,
               sample="−123 456.00", hint=REALIZED, tooltip=_realized_doubt,
               color=lambda v: fmt.direction(v.realized), tint=_shade),
        _money("realized_today", "Realized today", REALIZED + ", of the trading day",
               lambda v: v.realized_today, hidden=True),
        _money("gross", "Gross", GROSS, lambda v: v.gross, hidden=True),
        Column("fees", "Fees", lambda v: v.own_fees, lambda v: fmt.money(v.own_fees), Kind.NUMBER,
               sample="12 345.00", hint=FEES, tooltip=_foreign_fees, tint=_shade, hidden=True),
        Column("value", "Value", market_value,
               lambda v: fmt.money(market_value(v)), Kind.NUMBER,
               sample="−1 234 567.00", hint="Quantity times mark times multiplier",
               tint=_shade),
        _money("broker_daily", "Day P&L (broker)",
               "Profit of the day as the broker reckons it, in the account's currency",
               lambda v: None if v.broker_profit is None else v.broker_profit.daily),
        Column("currency", "Ccy", lambda v: v.instrument.currency, lambda v: v.instrument.currency,
               sample="USDT", hint="Currency of the money in this row", tint=_shade),
        Column(CLOSE, "Close", lambda v: "", lambda v: "Close" if v.quantity else "", Kind.ACTION,
               sample="Close", hint="Close button", required=True,
               tooltip=lambda _: "Close this position at the market (Del)", tint=_shade),
        Column(REVERSE, "Reverse", lambda v: "", lambda v: "Reverse" if v.quantity else "",
               Kind.ACTION, sample="Reverse", hint="Reverse button",
               tooltip=lambda _: "From long to short of the same size, or back; asks first",
               tint=_shade),
        Column("verified", "Verified", lambda v: _age_s(v, now()),
               lambda v: verified_words(v.is_verified, v.verified_at, now()),
               sample="⚠ unverified, 59 min", hint="How long ago the broker confirmed the position",
               tooltip=_verification, color=lambda v: None if v.is_verified else "warning",
               tint=_shade, export=_verified_export),
        _text("account", "Account", lambda v: v.account_id, "DU1234567"),
        _text("connection", "Connection", lambda v: v.connection_id, "ib-paper-2"),
    )  # fmt: skip


def _text(
    column_id: str, title: str, value: Callable[[PositionView], str], sample: str
) -> Column[PositionView]:
    return Column(column_id, title, value, value, sample=sample, tint=_shade)


def _money(
    column_id: str,
    title: str,
    hint: str,
    value: Callable[[PositionView], Decimal | None],
    *,
    hidden: bool = False,
) -> Column[PositionView]:
    return Column(
        column_id,
        title,
        value,
        lambda v: fmt.profit(value(v)),
        Kind.NUMBER,
        sample="−123 456.00",
        hint=hint,
        color=lambda v: fmt.direction(value(v)),
        tint=_shade,
        hidden=hidden,
    )


def _quantity(view: PositionView) -> str:
    return fmt.quantity(view.instrument, view.quantity, signed=True)


def _realized(view: PositionView) -> str:
    return fmt.profit(view.realized) + ("" if view.is_realized_known else INCOMPLETE)


def _realized_doubt(view: PositionView) -> str:
    doubt = "" if view.is_realized_known else "Not all: nobody told what some closed units had cost"
    foreign = _foreign_fees(view)
    return ". ".join(words for words in (doubt, foreign) if words)


def _foreign_fees(view: PositionView) -> str:
    own = view.instrument.currency.upper()
    foreign = [fmt.money(fee, currency) for currency, fee in view.fees if currency != own]
    return f"Paid besides, in the totals: {', '.join(foreign)}" if foreign else ""


def _standing(view: PositionView) -> str:
    side = "long" if view.quantity > 0 else "short" if view.quantity < 0 else "flat"
    if view.computed_quantity in (None, view.quantity):
        return side
    # No alarm: what was traded in other programs is in the broker's word and not in our fills.
    ours = fmt.quantity(view.instrument, view.computed_quantity, signed=True)
    return f"{side}; the fills recorded here alone make {ours}"


def _shade(view: PositionView) -> Tint | None:
    return None if view.is_verified else Tint("warning", 34)


def _age_s(view: PositionView, now: datetime) -> float | None:
    return None if view.verified_at is None else (now - view.verified_at).total_seconds()


def _verified_export(view: PositionView) -> datetime | str | None:
    if view.is_verified or view.verified_at is None:
        return view.verified_at if view.is_verified else "unverified"
    return f"unverified since {view.verified_at.astimezone(UTC).isoformat(timespec='seconds')}"


def _verification(view: PositionView) -> str:
    at = fmt.date_time(view.verified_at) if view.verified_at else "never"
    if view.is_verified:
        return f"confirmed by the broker: {at}"
    return f"the broker could not be asked; last confirmed: {at}. Fills since are counted in."

"""The orders' rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Origin, Side
from app.domain.request import OrderChange
from app.ui import format as fmt
from app.ui.models.columns import Column, Kind, Tint

S = OrderStatus
_COLORS = {
    S.UNKNOWN: "alarm",
    S.REJECTED: "warning",
    S.DENIED: "warning",
    S.SUSPENDED: "warning",
    S.WORKING: "accent",
    S.PARTIALLY_FILLED: "accent",
    S.TRIGGERED: "accent",
    S.FILLED: "ok",
    S.PENDING_NEW: "pending",
    S.PENDING_REPLACE: "pending",
    S.PENDING_CANCEL: "pending",
}
_TYPES = {
    OrderType.MARKET: "Market",
    OrderType.LIMIT: "Limit",
    OrderType.STOP: "Stop",
    OrderType.STOP_LIMIT: "Stop limit",
    OrderType.TRAILING_STOP: "Trailing stop",
}
CANCEL, RESOLVE = "Cancel", "Resolve"
EXTERNAL_MARK = "◇"  # before the symbol of an order that another program entered


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with the one it waits for, if it has a parent.

    `foreign` says of another program's order what may be done to it here, `doubt` of an open
    order why its broker cannot be asked now.
    """

    order: Order
    parent: Order | None = None
    foreign: str = ""
    doubt: str = ""

    @property
    def is_child(self) -> bool:
        """Whether it belongs under another order."""
        return self.order.request.parent_id is not None

    @property
    def action(self) -> str:
        """What its cell button does; empty when there is nothing to do."""
        if self.order.status is S.UNKNOWN:
            return RESOLVE
        return CANCEL if self.order.status.is_open else ""


def status_words(status: OrderStatus) -> str:
    """The status as read: PartiallyFilled becomes "Partially filled"."""
    return status.words


def side_word(side: Side) -> str:
    """Buy or Sell."""
    return side.value.capitalize()


def type_word(kind: OrderType) -> str:
    """The order type as read."""
    return _TYPES[kind]


def in_blotter_order(row: OrderRow) -> tuple[int, float, bool, float]:
    """Working first, newest on top, children below their parent."""
    created = row.order.created_at.timestamp()
    root = row.parent.created_at.timestamp() if row.parent is not None else created
    return (row.order.status.is_closed, -root, row.is_child, created)


def change_words(order: Order, change: OrderChange) -> str:
    """What a change asks for, in words: "limit 512.00 to 513.00"."""
    instrument = order.request.instrument
    parts = []
    if change.quantity is not None and change.quantity != order.quantity:
        old, new = (fmt.quantity(instrument, v) for v in (order.quantity, change.quantity))
        parts.append(f"quantity {old} to {new}")
    for name in ("limit_price", "stop_price", "trail_amount", "trail_percent"):
        wanted, stands = getattr(change, name), getattr(order, name)
        if wanted is not None and wanted != stands:
            word = name.split("_")[0]
            old, new = (fmt.price(instrument, v) for v in (stands, wanted))
            parts.append(f"{word} {old} to {new}")
    return ", ".join(parts)


def order_columns() -> Sequence[Column[OrderRow]]:
    """Every column of the Orders table; what must be in reach in a narrow dock comes first."""
    action, symbol, side, status = _marked_columns()
    terms, fate, more = _term_columns(), _fate_columns(), _hidden_columns()
    return (action, symbol, side, *terms, status, _tif_column(), _time_column(), *fate, *more)


def _tif_column() -> Column[OrderRow]:
    return _text(
        "tif",
        "TIF",
        lambda o: o.request.time_in_force.value,
        lambda o: o.request.time_in_force.value.upper(),
        sample="GTC",
        hint="Time in force",
        tooltip=_hours,
    )


def _time_column() -> Column[OrderRow]:
    return _text(
        "time",
        "Time",
        lambda o: o.created_at,
        lambda o: fmt.day_time(o.created_at),
        sample="03-12 00:00:00",
        tooltip=_times,
    )


def _marked_columns() -> tuple[Column[OrderRow], ...]:
    """The ones with a look of their own: button, symbol, side, status."""
    return (
        Column(
            "action",
            "Do",
            lambda row: row.action,
            lambda row: row.action,
            Kind.ACTION,
            sample="Resolve",
            hint="Cancel, or Resolve where nobody knows what became of the order",
            tooltip=_action_hint,
            color=lambda row: "alarm" if row.action == RESOLVE else None,
            tint=_alarm,
            required=True,
        ),
        Column(
            "symbol",
            "Symbol",
            lambda row: row.order.request.instrument.symbol,
            _symbol,
            sample="└ BTC-PERP",
            tooltip=_relation,
            color=_muted_when_closed,
            tint=_alarm,
            required=True,
            export=lambda row: row.order.request.instrument.symbol,
        ),
        Column(
            "side",
            "Side",
            lambda row: row.order.request.side.value,
            lambda row: side_word(row.order.request.side),
            sample="Sell",
            color=lambda row: _muted_when_closed(row) or row.order.request.side.value,
            tint=_alarm,
        ),
        Column(
            "status",
            "Status",
            lambda row: row.order.status.value,
            _status,
            sample="⚠ Working, unverified",
            tooltip=_why,
            color=lambda row: "warning" if row.doubt else _COLORS.get(row.order.status, "muted"),
            tint=_alarm,
            required=True,
        ),
    )


def _term_columns() -> tuple[Column[OrderRow], ...]:
    """What was asked for, and how much of it has traded."""
    return (
        _number("quantity", "Qty", lambda o: o.quantity,
                lambda o: fmt.quantity(o.request.instrument, o.quantity), "10 000"),
        _number("filled", "Filled", lambda o: o.cum_quantity, _filled, "10 000"),
        _text("type", "Type", lambda o: type_word(o.request.order_type),
              lambda o: type_word(o.request.order_type), sample="Trailing stop"),
        _number("limit", "Limit", lambda o: o.limit_price,
                lambda o: _price_or_blank(o, o.limit_price), "12 345.00"),
        _number("stop", "Stop", lambda o: o.stop_price or o.trail_amount or o.trail_percent,
                _stop, "trail 1.50 %", hint="Stop price, or the trailing offset",
                export=_stop_export),
    )  # fmt: skip


def _fate_columns() -> tuple[Column[OrderRow], ...]:
    """What became of it, and where."""
    return (
        _number("average", "Avg price", lambda o: o.average_price,
                lambda o: fmt.average_price(o.request.instrument, o.average_price), "12 345.0000",
                hint="Average price of the fills"),
        _text("account", "Account", lambda o: o.request.account_id,
              lambda o: o.request.account_id, sample="DU1234567"),
        _text("connection", "Connection", lambda o: o.request.connection_id,
              lambda o: o.request.connection_id, sample="ib-paper-2"),
        _text("reason", "Reason", _reason, _reason, sample="Why it stands so", tooltip=_reason),
    )  # fmt: skip


def _hidden_columns() -> tuple[Column[OrderRow], ...]:
    """Shown on request."""
    return (
        _number("remaining", "Leaves", lambda o: o.leaves_quantity,
                lambda o: fmt.quantity(o.request.instrument, o.leaves_quantity), "10 000",
                hint="Units that may still trade", hidden=True),
        _text("updated", "Changed", lambda o: o.updated_at, lambda o: fmt.day_time(o.updated_at),
              sample="2024-03-12 00:00", hint="Time of the last change", hidden=True),
        _text("origin", "Origin", lambda o: o.request.origin.value,
              lambda o: o.request.origin.value, sample="position", hint="Where it was entered",
              hidden=True),
        _text("broker_id", "Broker ID", lambda o: o.broker_order_id or "",
              lambda o: o.broker_order_id or fmt.UNKNOWN, sample="0123456789",
              hint="The broker's order number", hidden=True),
        _text("order_id", "Order ID", lambda o: o.client_order_id, lambda o: o.client_order_id,
              sample="0123456789abcdef", hint="Our own order id", hidden=True),
    )  # fmt: skip


def _text(
    column_id: str, title: str, value: Any, text: Any, *, sample: str, hint: str = "",
    tooltip: Any = None, hidden: bool = False,
) -> Column[OrderRow]:  # fmt: skip
    return Column(
        column_id,
        title,
        lambda row: value(row.order),
        lambda row: text(row.order),
        sample=sample,
        hint=hint,
        tooltip=None if tooltip is None else lambda row: tooltip(row.order),
        color=_muted_when_closed,
        tint=_alarm,
        hidden=hidden,
    )


def _number(
    column_id: str, title: str, value: Any, text: Any, sample: str, *, hint: str = "",
    hidden: bool = False, export: Any = None,
) -> Column[OrderRow]:  # fmt: skip
    return Column(
        column_id,
        title,
        lambda row: value(row.order),
        lambda row: text(row.order),
        Kind.NUMBER,
        sample=sample,
        hint=hint,
        color=_muted_when_closed,
        tint=_alarm,
        hidden=hidden,
        export=None if export is None else lambda row: export(row.order),
    )


def _muted_when_closed(row: OrderRow) -> str | None:
    return "muted" if row.order.status.is_closed else None


def _alarm(row: OrderRow) -> Tint | None:
    in_alarm = row.order.status is S.UNKNOWN or row.order.is_overfilled
    return Tint("alarm", 36) if in_alarm else None


def _symbol(row: OrderRow) -> str:
    symbol = row.order.request.instrument.symbol
    if row.order.request.origin is Origin.EXTERNAL:
        symbol = f"{EXTERNAL_MARK} {symbol}"
    return f"└ {symbol}" if row.is_child else symbol


def _relation(row: OrderRow) -> str:
    request = row.order.request
    words = []
    if row.parent is not None:
        parent = row.parent.request
        words.append(
            f"waits for: {side_word(parent.side)}"
            f" {fmt.quantity(parent.instrument, row.parent.quantity)} {parent.instrument.symbol}"
        )
    if request.oco_group:
        words.append("cancels the other orders of its group when it fills")
    if request.reduce_only:
        words.append("only reduces the position")
    if request.origin is Origin.EXTERNAL:
        words.append("entered in another program")
        words += [row.foreign] if row.foreign else []
    return "; ".join(words) or request.instrument.description


def _filled(order: Order) -> str:
    text = fmt.quantity(order.request.instrument, order.cum_quantity)
    return f"⚠ {text}" if order.is_overfilled else text


def _price_or_blank(order: Order, price: Decimal | None) -> str:
    """Blank where the order type has no such price: that is known, it is not missing."""
    return "" if price is None else fmt.price(order.request.instrument, price)


def _stop(order: Order) -> str:
    if order.trail_percent is not None:
        return f"trail {fmt.number(order.trail_percent, 2)}{fmt.THIN_SPACE}%"
    if order.trail_amount is not None:
        return f"trail {fmt.price(order.request.instrument, order.trail_amount)}"
    return _price_or_blank(order, order.stop_price)


def _stop_export(order: Order) -> Decimal | str | None:
    """A trailing offset is no price and must not read as one."""
    if order.trail_percent is not None:
        return f"trail {order.trail_percent:f} %"
    return order.stop_price if order.trail_amount is None else f"trail {order.trail_amount:f}"


def _status(row: OrderRow) -> str:
    words = status_words(row.order.status)
    if row.order.status is S.UNKNOWN:
        return f"⚠ {words}"
    return f"⚠ {words}, unverified" if row.doubt else words


def _why(row: OrderRow) -> str:
    if row.order.status is S.UNKNOWN:
        return (
            f"Nobody can say what became of it: {row.order.reason or 'no answer came'}. It may be"
            " live. Resolve asks the broker; it is never sent again by itself."
        )
    if row.doubt:
        return f"This is how it stood last: {row.doubt}"
    return _reason(row.order)


def _action_hint(row: OrderRow) -> str:
    if row.action == RESOLVE:
        return "Ask the broker what became of this order"
    return "Cancel this order (Del)" if row.action else ""


def _reason(order: Order) -> str:
    if order.pending_change is not None and (words := change_words(order, order.pending_change)):
        return f"changing {words}"
    if order.is_overfilled:
        return f"filled more than asked for: tell the broker. {order.reason}".strip()
    return order.reason


def _times(order: Order) -> str:
    return f"entered {fmt.date_time(order.created_at)}; changed {fmt.date_time(order.updated_at)}"


def _hours(order: Order) -> str:
    return "also outside regular hours" if order.request.outside_hours else "regular hours only"

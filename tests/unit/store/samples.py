"""Domain values for the storage tests: hand-made ones, and strategies for every kind of event."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from app.domain.execution import Execution
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_events import OrderAccepted, OrderEvent, OrderFilled, OrderInitialized
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderRequest
from app.store.codec import EVENT_KINDS

AT = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
SPY = Instrument("SPY", AssetClass.ETF, "USD", description="S&P 500 fund")
PAPER = ConnectionId("paper")
_positive = st.decimals("0.00000001", "1000000", allow_nan=False, allow_infinity=False)
_simple: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    bool: st.booleans(),
    int: st.integers(-(2**70), 2**70),
    # Signed zeros, exponents and NaN too: a denied order may carry any of them.
    Decimal: st.decimals(),
    date: st.dates(),
    # In UTC no hour comes twice, so `fold` means nothing there.
    datetime: st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0)),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that a field annotated with `hint` may hold."""
    hint = getattr(hint, "__supertype__", hint)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return st.one_of([values(part) for part in typing.get_args(hint)])
    if hint is types.NoneType:
        return st.none()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    if is_dataclass(hint) and isinstance(hint, type):
        return records(hint)
    return _simple[hint]


def records(kind: type[Any]) -> st.SearchStrategy[Any]:
    """A dataclass with every field drawn, none left at its default."""
    hints = typing.get_type_hints(kind)
    drawn = {field.name: values(hints[field.name]) for field in fields(kind)}
    if kind is Instrument:
        positive = ("tick_size", "quantity_step", "min_quantity", "multiplier")
        drawn |= dict.fromkeys(positive, _positive)
        drawn |= dict.fromkeys(("symbol", "currency"), st.text("ABC1", min_size=1, max_size=5))
        drawn["strike"] = st.none() | _positive
    return st.builds(kind, **drawn)


def any_event() -> st.SearchStrategy[OrderEvent]:
    """An event of any kind."""
    return st.sampled_from(sorted(EVENT_KINDS)).flatmap(lambda name: records(EVENT_KINDS[name]))


def request(order_id: str = "o1", connection_id: ConnectionId = PAPER) -> OrderRequest:
    """A limit order for ten SPY."""
    return OrderRequest(
        connection_id=connection_id,
        account_id=AccountId("A1"),
        instrument=SPY,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal(10),
        limit_price=Decimal("501.20"),
        client_order_id=ClientOrderId(order_id),
    )


def initialized(order_id: str = "o1", connection_id: ConnectionId = PAPER) -> OrderInitialized:
    """The first event of an order."""
    return OrderInitialized(
        client_order_id=ClientOrderId(order_id), at=AT, request=request(order_id, connection_id)
    )


def accepted(order_id: str = "o1") -> OrderAccepted:
    """An event that names no connection itself."""
    return OrderAccepted(client_order_id=ClientOrderId(order_id), at=AT, perm_id="9")


def filled(order_id: str = "o1", connection_id: ConnectionId = PAPER) -> OrderFilled:
    """Four of ten."""
    execution = Execution(
        connection_id=connection_id,
        account_id=AccountId("A1"),
        exec_id=ExecId("e1"),
        client_order_id=ClientOrderId(order_id),
        broker_order_id=None,
        instrument=SPY,
        side=Side.BUY,
        quantity=Decimal(4),
        price=Decimal("501.1900"),
        at=AT,
    )
    return OrderFilled(client_order_id=ClientOrderId(order_id), at=AT, execution=execution)

"""Instruments and requests as the JSON that paper.db keeps. Decimals as text, enums by value."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from app.domain.ids import AccountId, ClientOrderId, ConnectionId
from app.domain.instrument import AssetClass, Instrument, OptionRight
from app.domain.order_types import OrderType, Origin, Side, TimeInForce
from app.domain.request import OrderRequest

_PRICES = ("limit_price", "stop_price", "trail_amount", "trail_percent")


def dump_instrument(instrument: Instrument) -> str:
    """One line of JSON."""
    return json.dumps(_instrument_fields(instrument), separators=(",", ":"))


def load_instrument(text: str) -> Instrument:
    """The inverse of dump_instrument."""
    return _instrument(json.loads(text))


def dump_request(request: OrderRequest) -> str:
    """One line of JSON, the instrument included."""
    fields: dict[str, Any] = {
        "connection_id": request.connection_id,
        "account_id": request.account_id,
        "instrument": _instrument_fields(request.instrument),
        "side": request.side.value,
        "order_type": request.order_type.value,
        "quantity": str(request.quantity),
        "time_in_force": request.time_in_force.value,
        "outside_hours": request.outside_hours,
        "reduce_only": request.reduce_only,
        "stale_quote_ok": request.stale_quote_ok,
        "parent_id": request.parent_id,
        "oco_group": request.oco_group,
        "origin": request.origin.value,
        "client_order_id": request.client_order_id,
    }
    fields |= {name: _text(getattr(request, name)) for name in _PRICES}
    return json.dumps(fields, separators=(",", ":"))


def load_request(text: str) -> OrderRequest:
    """The inverse of dump_request."""
    fields = json.loads(text)
    parent = fields["parent_id"]
    return OrderRequest(
        connection_id=ConnectionId(fields["connection_id"]),
        account_id=AccountId(fields["account_id"]),
        instrument=_instrument(fields["instrument"]),
        side=Side(fields["side"]),
        order_type=OrderType(fields["order_type"]),
        quantity=Decimal(fields["quantity"]),
        limit_price=_decimal(fields["limit_price"]),
        stop_price=_decimal(fields["stop_price"]),
        trail_amount=_decimal(fields["trail_amount"]),
        trail_percent=_decimal(fields["trail_percent"]),
        time_in_force=TimeInForce(fields["time_in_force"]),
        outside_hours=fields["outside_hours"],
        reduce_only=fields["reduce_only"],
        stale_quote_ok=fields["stale_quote_ok"],
        parent_id=None if parent is None else ClientOrderId(parent),
        oco_group=fields["oco_group"],
        origin=Origin(fields["origin"]),
        client_order_id=ClientOrderId(fields["client_order_id"]),
    )


def _instrument_fields(instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": instrument.symbol,
        "asset_class": instrument.asset_class.value,
        "currency": instrument.currency,
        "description": instrument.description,
        "exchange": instrument.exchange,
        "market": instrument.market,
        "tick_size": str(instrument.tick_size),
        "quantity_step": str(instrument.quantity_step),
        "min_quantity": str(instrument.min_quantity),
        "multiplier": str(instrument.multiplier),
        "expiry": None if instrument.expiry is None else instrument.expiry.isoformat(),
        "strike": _text(instrument.strike),
        "right": None if instrument.right is None else instrument.right.value,
        "underlying": instrument.underlying,
        "session": instrument.session,
    }


def _instrument(fields: dict[str, Any]) -> Instrument:
    known = dict(fields)
    for name in ("tick_size", "quantity_step", "min_quantity", "multiplier"):
        known[name] = Decimal(known[name])
    known["asset_class"] = AssetClass(known["asset_class"])
    known["expiry"] = None if known["expiry"] is None else date.fromisoformat(known["expiry"])
    known["strike"] = _decimal(known["strike"])
    known["right"] = None if known["right"] is None else OptionRight(known["right"])
    return Instrument(**known)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)

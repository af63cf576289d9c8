"""Domain values to JSON and back without loss: what the journal writes is what it reads.

Decimal travels as text (trailing zeros and NaN included), a datetime as ISO text in UTC, a date as
ISO text, an enum by its value, a dataclass as an object with every field. Reading is strict: an
unknown field or kind, a missing one or a wrong type raises StoreError, because a guess about an
order is worse than a stop. Only a field with a plain default may be absent, so that records from
before the field existed stay readable.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from app.base.errors import StoreError
from app.domain import order_events
from app.domain.order_events import OrderEvent

T = TypeVar("T")
Decoder = Callable[[Any], Any]

# Every kind of order event by its class name, which is what the journal calls it.
EVENT_KINDS: Mapping[str, type[OrderEvent]] = {
    name: kind
    for name, kind in inspect.getmembers(order_events, inspect.isclass)
    if issubclass(kind, OrderEvent) and kind is not OrderEvent
}


def encode(value: Any) -> dict[str, Any]:
    """Any dataclass of the domain as plain JSON types. Raises StoreError for what has none."""
    return cast(dict[str, Any], _plain(value))


def decode(kind: type[T], data: Any) -> T:
    """The `kind` that `encode` made `data` of. Raises StoreError when it cannot be one."""
    hint: Any = kind
    return cast(T, _decoder(hint)(data))


def encode_event(event: OrderEvent) -> tuple[str, str]:
    """The kind and the JSON text of one order event."""
    kind = type(event).__name__
    if EVENT_KINDS.get(kind) is not type(event):
        raise StoreError(f"{kind} is no kind of order event that can be stored")
    return kind, to_json(encode(event))


def decode_event(kind: str, payload: Any) -> OrderEvent:
    """The order event of parsed JSON. Raises StoreError for an unknown kind or bad fields."""
    if kind not in EVENT_KINDS:
        raise StoreError(f"unknown kind of order event {kind!r}")
    return decode(EVENT_KINDS[kind], payload)


def to_json(data: Any) -> str:
    """Compact JSON, ASCII only, so that any text survives. Raises StoreError for foreign types."""
    try:
        return json.dumps(data, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(f"{type(data).__name__} cannot be stored: {error}") from error


def from_json(text: str) -> Any:
    """Parsed JSON. Raises StoreError when it is damaged."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"a stored record is damaged: {error}") from error


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise StoreError(f"the time {value.isoformat()} names no zone and cannot be stored")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value):
        kind: Any = type(value)
        return {name: _plain(getattr(value, name)) for name in _field_names(kind)}
    raise StoreError(f"{type(value).__name__} cannot be stored")


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@cache
def _decoder(hint: Any) -> Decoder:
    """How to read one type; worked out once from its annotations."""
    hint = getattr(hint, "__supertype__", hint)  # a NewType reads as what it names
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return _optional(hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if dataclasses.is_dataclass(hint):
        return _dataclass(cast(type, hint))
    raise StoreError(f"{hint!r} cannot be stored")


def _optional(hint: Any) -> Decoder:
    inner = [argument for argument in typing.get_args(hint) if argument is not types.NoneType]
    if len(inner) != 1:
        raise StoreError(f"{hint!r} cannot be stored")
    read = _decoder(inner[0])
    return lambda data: None if data is None else read(data)


def _enum(kind: type[Enum]) -> Decoder:
    members = {member.value: member for member in kind}

    def read(data: Any) -> Enum:
        member = members.get(data) if isinstance(data, str) else None
        if member is None:
            raise StoreError(f"unknown {kind.__name__} {data!r}")
        return member

    return read


def _dataclass(kind: type) -> Decoder:
    hints = typing.get_type_hints(kind)
    readers = {name: _decoder(hints[name]) for name in _field_names(kind)}
    required = {
        field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING
    }

    def read(data: Any) -> Any:
        if not isinstance(data, dict):
            raise StoreError(f"{kind.__name__} expected, found {_shown(data)}")
        if unknown := data.keys() - readers.keys():
            raise StoreError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")
        if missing := required - data.keys():
            raise StoreError(f"{kind.__name__} lacks {', '.join(sorted(missing))}")
        try:
            return kind(**{name: readers[name](part) for name, part in data.items()})
        except ValueError as error:
            raise StoreError(f"{kind.__name__} is not valid: {error}") from error

    return read


def _text(data: Any) -> str:
    if not isinstance(data, str):
        raise StoreError(f"text expected, found {_shown(data)}")
    return data


def _flag(data: Any) -> bool:
    if not isinstance(data, bool):
        raise StoreError(f"true or false expected, found {_shown(data)}")
    return data


def _whole(data: Any) -> int:
    if not isinstance(data, int) or isinstance(data, bool):
        raise StoreError(f"a whole number expected, found {_shown(data)}")
    return data


def _decimal(data: Any) -> Decimal:
    try:
        return Decimal(_text(data))
    except InvalidOperation as error:
        raise StoreError(f"a decimal expected, found {_shown(data)}") from error


def _moment(data: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(data))
    except ValueError as error:
        raise StoreError(f"a time expected, found {_shown(data)}") from error
    if moment.tzinfo is None:
        raise StoreError(f"a time with its zone expected, found {_shown(data)}")
    return moment


def _day(data: Any) -> date:
    try:
        return date.fromisoformat(_text(data))
    except ValueError as error:
        raise StoreError(f"a date expected, found {_shown(data)}") from error


_SIMPLE: dict[Any, Decoder] = {
    str: _text,
    bool: _flag,
    int: _whole,
    Decimal: _decimal,
    datetime: _moment,
    date: _day,
}


def _shown(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:60]}…"

"""Which keys there are in settings.toml and what each may hold."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from app.domain.risk_limits import RiskLimits
from app.domain.sizing import SizePreset, parse_size
from app.store.settings_values import (
    FieldSchema,
    GeneralSettings,
    NotificationSettings,
    TradingSettings,
)

LONGEST_ID = 40
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_COMMAND = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+")
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,4}")


class Refused(Exception):  # noqa: N818 - caught inside this package and turned into SettingsError
    """A value that may not stand there: what was found, what is allowed."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(found, allowed)
        self.found, self.allowed = found, allowed


@dataclass(frozen=True, slots=True)
class Field:
    """One key of our own sections; a FieldSchema with the kinds that only we need."""

    name: str
    kind: str
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False
    can_be_off: bool = False


def _section(kind: type, *known: Field) -> Mapping[str, Field]:
    """The keys of one section; the defaults stand in the dataclass and nowhere else."""
    defaults = {f.name: f.default for f in fields(kind)}
    return {f.name: Field(**{**_parts(f), "default": defaults[f.name]}) for f in known}


def _parts(known: Field) -> dict[str, Any]:
    return {f.name: getattr(known, f.name) for f in fields(known)}


def _limit(name: str, kind: str) -> Field:
    return Field(name, kind, can_be_off=True)


SECTIONS: Mapping[str, Mapping[str, Field]] = {
    "general": _section(
        GeneralSettings,
        Field("theme", "choice", choices=("dark", "light")),
        Field("up_color", "choice", choices=("green", "red")),
        Field("color_blind", "bool"),
        Field("ui_scale_percent", "int", minimum=80, maximum=200),
        Field("reduced_motion", "choice", choices=("system", "on", "off")),
        Field("timezone", "zone"),
        Field("confirm_exit", "bool"),
        Field("idle_disarm_minutes", "float", minimum=1, maximum=1440),
        Field("disarm_on_lock", "bool"),
        Field("profit_method", "choice", choices=("fifo", "average")),
        Field("base_currency", "currency"),
    ),
    "trading": _section(
        TradingSettings,
        Field("default_quantity", "amount"),
        Field("size_presets", "sizes"),
        Field("risk_stop_ticks", "int", minimum=1, maximum=100_000),
        Field("target_ticks", "int", minimum=1, maximum=100_000),
        Field("price_step_ticks", "int", minimum=1, maximum=10_000),
        Field("confirm_orders", "bool"),
        Field("confirm_close_by_click", "bool"),
        Field("confirm_changes", "bool"),
        Field("staged_orders", "bool"),
        Field("answer_timeout_s", "float", minimum=1, maximum=60),
    ),
    "notifications": _section(
        NotificationSettings,
        Field("toasts", "bool"),
        Field("toast_s", "float", minimum=2, maximum=60),
        Field("sounds", "bool"),
        Field("volume_percent", "int", minimum=0, maximum=100),
        Field("sound_on_fill", "bool"),
        Field("sound_on_reject", "bool"),
        Field("sound_on_disconnect", "bool"),
    ),
    "risk": _section(
        RiskLimits,
        _limit("max_order_quantity", "amount"),
        _limit("max_order_value", "amount"),
        _limit("price_collar_percent", "amount"),
        _limit("quote_max_age_s", "seconds"),
        _limit("max_position_quantity", "amount"),
        _limit("max_position_value", "amount"),
        _limit("max_open_orders", "count"),
        _limit("max_daily_loss", "amount"),
        _limit("max_orders_per_minute", "count"),
        _limit("duplicate_window_s", "seconds"),
        Field("banned", "symbols"),
    ),
}
CONNECTION: Mapping[str, Field] = {
    f.name: f
    for f in (
        Field("id", "id"),
        Field("broker", "text"),
        Field("environment", "text"),
        Field("autoconnect", "bool", default=True),
        Field("read_only", "bool", default=False),
        Field("settings", "table", default={}),
        Field("risk", "table", default={}),
    )
}


def checked(field: FieldSchema, value: Any) -> Any:
    """`value` as the program uses it. Raises Refused."""
    if getattr(field, "can_be_off", False):
        if value is False or (isinstance(value, str) and value.lower() == "off"):
            return None
        try:
            return _KINDS[field.kind](field, value)
        except Refused as refused:
            raise Refused(refused.found, f'{refused.allowed}, or "off"') from refused
    return _KINDS[field.kind](field, value)


def default_of(field: FieldSchema) -> Any:
    """A broker's default in the type that a value in the file would have.

    A default that no file may hold (None, or an empty choice) stays as it is.
    """
    try:
        return checked(field, field.default)
    except Refused:
        return field.default


def check_key(command_id: str, value: Any) -> str | None:
    """The key of one command, None for unbound. Raises Refused."""
    if not _COMMAND.fullmatch(command_id):
        raise Refused(f"the command {command_id!r}", 'a command id such as "trading.buy_market"')
    if not isinstance(value, str):
        raise Refused(shown(value), 'a key such as "Ctrl+Alt+B", or "" for none')
    return value.strip() or None


def unknown_key(name: str, known: Iterable[str]) -> Refused:
    """The refusal of a key that does not exist, with the nearest one that does."""
    names = sorted(known)
    return Refused("an unknown key", did_you_mean(name, names) + _listed(names))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A beginning for `allowed`: the nearest known word, or nothing."""
    by_fold = {k.lower().replace("-", "_"): k for k in known}
    near = difflib.get_close_matches(word.lower().replace("-", "_"), by_fold, n=1, cutoff=0.6)
    return f"did you mean {by_fold[near[0]]!r}? " if near else ""


def shown(value: Any) -> str:
    """A value of a TOML file in the file's own words, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:60]}…"'
    return str(value)[:60]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "nothing"


def _text(field: FieldSchema, value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(shown(value), "a text in quotes")
    return value


def _bool(field: FieldSchema, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(shown(value), "true or false")
    return value


def _choice(field: FieldSchema, value: Any) -> str:
    if not isinstance(value, str) or value not in field.choices:
        hint = did_you_mean(value, field.choices) if isinstance(value, str) else ""
        raise Refused(shown(value), hint + _listed(f'"{c}"' for c in field.choices))
    return value


def _int(field: FieldSchema, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(shown(value), f"a whole number{_range(field)}")
    _bounded(field, value, "a whole number")
    return value


def _float(field: FieldSchema, value: Any) -> float:
    number = _number(field, value)
    _bounded(field, number, "a number")
    return float(number)


def _decimal(field: FieldSchema, value: Any) -> Decimal:
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise Refused(shown(value), f"a number{_range(field)}") from None
    number = _number(field, value)
    _bounded(field, number, "a number")
    return number


def _list(field: FieldSchema, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise Refused(shown(value), 'a list of texts such as ["a", "b"]')
    if field.choices:
        for part in value:
            _choice(field, part)
    return tuple(value)


def _amount(field: FieldSchema, value: Any) -> Decimal:
    try:
        number = _number(field, value)
    except Refused as refused:
        raise Refused(refused.found, "a number above 0") from refused
    if number <= 0:
        raise Refused(shown(value), "a number above 0")
    return number


def _sizes(field: FieldSchema, value: Any) -> tuple[SizePreset, ...]:
    if not isinstance(value, list | tuple) or len(value) > 12:
        allowed = 'a list of at most 12 sizes such as [1, 100, "$5000", "10%", "risk $50"]'
        raise Refused(shown(value), allowed)
    return tuple(_size(field, part) for part in value)


def _size(field: FieldSchema, value: Any) -> SizePreset:
    if isinstance(value, SizePreset):
        return value
    text = value if isinstance(value, str) else f"{_amount(field, value):f}"
    try:
        return parse_size(text)
    except ValueError:
        raise Refused(shown(value), 'a size such as 100, "$5000", "10%" or "risk $50"') from None


def _seconds(field: FieldSchema, value: Any) -> float:
    return float(_amount(field, value))


def _count(field: FieldSchema, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Refused(shown(value), "a whole number above 0")
    return value


def _symbols(field: FieldSchema, value: Any) -> tuple[str, ...]:
    return tuple(symbol.strip().upper() for symbol in _list(field, value))


def _currency(field: FieldSchema, value: Any) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise Refused(shown(value), 'a currency in capitals such as "USD"')
    return value


def _zone(field: FieldSchema, value: Any) -> str:
    allowed = '"local" or a zone such as "Europe/Berlin"'
    if not isinstance(value, str):
        raise Refused(shown(value), allowed)
    if value != "local":
        try:
            zoneinfo.ZoneInfo(value)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            hint = did_you_mean(value, ("local", *zoneinfo.available_timezones()))
            raise Refused(shown(value), hint + allowed) from None
    return value


def _id(field: FieldSchema, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_ID or not _ID.fullmatch(value):
        allowed = (
            f'1 to {LONGEST_ID} lower-case letters, digits and inner dashes, such as "ib-paper"'
        )
        raise Refused(shown(value), allowed)
    return value


def _table(field: FieldSchema, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Refused(shown(value), f"a table, [connection.{field.name}]")
    return value


def _number(field: FieldSchema, value: Any) -> Decimal:
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused(shown(value), f"a number{_range(field)}")
    number = Decimal(value)
    if not number.is_finite():
        raise Refused(shown(value), f"a finite number{_range(field)}")
    return number


def _bounded(field: FieldSchema, number: int | Decimal, what: str) -> None:
    too_low = field.minimum is not None and number < Decimal(str(field.minimum))
    too_high = field.maximum is not None and number > Decimal(str(field.maximum))
    if too_low or too_high:
        raise Refused(shown(number), what + _range(field))


def _range(field: FieldSchema) -> str:
    if field.minimum is not None and field.maximum is not None:
        return f" from {field.minimum:g} to {field.maximum:g}"
    if field.minimum is not None:
        return f" of at least {field.minimum:g}"
    return "" if field.maximum is None else f" of at most {field.maximum:g}"


_KINDS: Mapping[str, Callable[[FieldSchema, Any], Any]] = {
    "text": _text,
    "path": _text,
    "bool": _bool,
    "choice": _choice,
    "int": _int,
    "float": _float,
    "decimal": _decimal,
    "list": _list,
    "amount": _amount,
    "sizes": _sizes,
    "seconds": _seconds,
    "count": _count,
    "symbols": _symbols,
    "currency": _currency,
    "zone": _zone,
    "id": _id,
    "table": _table,
}

"""What is written into the fields of a page, as the values that settings.toml takes. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.base.errors import UserError
from app.brokers.base import SettingField
from app.store.settings_fields import Refused, checked, default_of


def shown(value: Any) -> str:
    """A value as text for a field or a summary."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def typed(field: SettingField, raw: Any) -> Any:
    """`raw` as entered (a text, or a bool) as the setting's value.

    Raises UserError that names the field, what was found and what is allowed.
    """
    if raw == "" and not field.secret:
        raw = field.default if field.kind not in ("text", "path", "list") else raw
    if isinstance(raw, str) and raw == shown(field.default):
        return default_of(field)
    try:
        return checked(field, _parsed(field, raw))
    except Refused as refused:
        raise UserError(
            f"{field.title}: found {refused.found}; allowed: {refused.allowed}"
        ) from refused


def values(fields: tuple[SettingField, ...], entered: Mapping[str, Any]) -> dict[str, Any]:
    """The values of those fields that make sense."""
    found = {}
    for field in fields:
        try:
            found[field.name] = typed(field, entered.get(field.name, default_of(field)))
        except UserError:
            continue
    return found


def problem(fields: tuple[SettingField, ...], entered: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first field that makes no sense, and why; None when all do."""
    for field in fields:
        try:
            typed(field, entered.get(field.name, default_of(field)))
        except UserError as error:
            return field.name, str(error)
    return None


def _parsed(field: SettingField, raw: Any) -> Any:
    if not isinstance(raw, str):
        return raw
    text = raw.strip()
    if field.secret or field.kind in ("text", "path", "choice"):
        return text
    if field.kind == "list":
        return [part.strip() for part in text.split(",") if part.strip()]
    if field.kind in ("int", "float", "decimal"):
        return _number(field, text)
    return raw


def _number(field: SettingField, text: str) -> Any:
    try:
        number = Decimal(text.replace(" ", ""))
    except InvalidOperation:
        return text  # `checked` says what is allowed
    if field.kind == "int" and number == number.to_integral_value():
        return int(number)
    return number

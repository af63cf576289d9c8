"""From the text of settings.toml to Settings; everything that does not fit is refused by line."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.base.errors import SettingsError
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits
from app.store.settings_fields import (
    CONNECTION,
    SECTIONS,
    Refused,
    check_key,
    checked,
    default_of,
    did_you_mean,
    shown,
    unknown_key,
)
from app.store.settings_values import (
    NO_LIMITS,
    BrokerSchema,
    GeneralSettings,
    NotificationSettings,
    Settings,
    TradingSettings,
)
from app.store.toml_text import TomlText

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_TABLES = (*SECTIONS, "keys", "connection")
SECRET_ALLOWED = (
    "no secret in this file. Take the line out and change the secret at the broker if others could"
    " read the file; enter it in the window, where the system's keyring keeps it"
)

Keys = tuple[str | int, ...]
BrokerLookup = Callable[[str], BrokerSchema]
Table = Mapping[str, Any]


def parse(text: str, path: Path) -> dict[str, Any]:
    """The bare TOML, numbers as Decimal. Raises SettingsError with the line of a syntax error."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError) as error:
        message = str(error)
        place = _PLACE.search(message)
        line = text.count("\n") + 1 if place else 0
        if place and place.group(1):
            line = int(place.group(1))
        found = _PLACE.sub("", message) or "a number that cannot be read"
        raise SettingsError(path, line, "", f"a mistake ({found})", "valid TOML") from error
    except RecursionError as error:
        raise SettingsError(path, 0, "", "brackets nested too deep", "valid TOML") from error


class SettingsReader:
    """Reads one version of the text. `broker_of` raises UserError for an unknown broker."""

    def __init__(
        self, text: str, path: Path, broker_of: BrokerLookup, broker_ids: Sequence[str]
    ) -> None:
        self.data = parse(text, path)
        self._text, self._path = text, path
        self._broker_of, self._broker_ids = broker_of, broker_ids

    def settings(self) -> Settings:
        """Everything. Raises SettingsError for the first thing that does not fit."""
        for name, value in self.data.items():
            if name not in _TABLES:
                raise self._error((name,), unknown_key(name, _TABLES))
            if name != "connection" and not isinstance(value, Mapping):
                raise self._error((name,), Refused(shown(value), f"a table, [{name}]"))
        connections = self._connections()
        risk = {
            config.id: replace(NO_LIMITS, **self._values(SECTIONS["risk"], limits, keys))
            for config, limits, keys in connections
            if limits is not None
        }
        return Settings(
            general=GeneralSettings(**self._section("general")),
            trading=TradingSettings(**self._section("trading")),
            notifications=NotificationSettings(**self._section("notifications")),
            risk=RiskLimits(**self._section("risk")),
            keys=self._keys(self.data.get("keys", {}), ("keys",)),
            connections=tuple(config for config, _, _ in connections),
            connection_risk=risk,
        )

    def _section(self, name: str) -> dict[str, Any]:
        return self._values(SECTIONS[name], self.data.get(name, {}), (name,))

    def _values(self, known: Mapping[str, Any], table: Table, keys: Keys) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in table.items():
            if name not in known:
                raise self._error((*keys, name), unknown_key(name, known))
            if known[name].secret:
                raise self._error((*keys, name), Refused("a secret", SECRET_ALLOWED))
            try:
                values[name] = checked(known[name], value)
            except Refused as refused:
                raise self._error((*keys, name), refused) from refused
        return values

    def _keys(self, table: Table, keys: Keys) -> dict[str, str | None]:
        """[keys]: "trading.buy_market" may be written with or without its quotes."""
        found: dict[str, str | None] = {}
        for name, value in table.items():
            here = (*keys, name)
            if isinstance(value, Mapping):
                inner = self._keys(value, here)
            else:
                command_id = ".".join(str(part) for part in here[1:])
                try:
                    inner = {command_id: check_key(command_id, value)}
                except Refused as refused:
                    raise self._error(here, refused) from refused
            if twice := found.keys() & inner.keys():
                raise self._error(here, Refused(f"{twice.pop()!r} twice", "each command once"))
            found.update(inner)
        return found

    def _connections(self) -> list[tuple[ConnectionConfig, Table | None, Keys]]:
        tables = self.data.get("connection", [])
        if not isinstance(tables, list) or not all(isinstance(t, Mapping) for t in tables):
            raise self._error(("connection",), Refused(shown(tables), "tables, [[connection]]"))
        found: list[tuple[ConnectionConfig, Table | None, Keys]] = []
        for index, table in enumerate(tables):
            keys = ("connection", index)
            config = self.connection(table, keys)
            if any(config.id == other.id for other, _, _ in found):
                refused = Refused(f'"{config.id}" a second time', "an id that no other one has")
                raise self._error((*keys, "id"), refused)
            found.append((config, table.get("risk"), (*keys, "risk")))
        return found

    def connection(self, table: Table, keys: Keys) -> ConnectionConfig:
        """One connection, checked. Raises SettingsError."""
        values = self._values(CONNECTION, table, keys)
        for name in ("id", "broker", "environment"):
            if name not in values:
                raise self._error(keys, Refused(f"no {name}", f'{name} = "…" in [[connection]]'))
        broker = self._broker(values["broker"], (*keys, "broker"))
        environment = values["environment"]
        if environment not in broker.environments:
            allowed = ", ".join(f'"{word}"' for word in broker.environments)
            raise self._error((*keys, "environment"), Refused(shown(environment), allowed))
        schema = {field.name: field for field in broker.settings}
        given = self._values(schema, values.get("settings", {}), (*keys, "settings"))
        defaults = {name: default_of(f) for name, f in schema.items() if not f.secret}
        return ConnectionConfig(
            id=ConnectionId(values["id"]),
            broker=values["broker"],
            environment=environment,
            settings={**defaults, **given},
            autoconnect=values.get("autoconnect", True),
            read_only=values.get("read_only", False),
        )

    def _broker(self, name: str, keys: Keys) -> BrokerSchema:
        if name not in self._broker_ids:
            allowed = did_you_mean(name, self._broker_ids)
            allowed += ", ".join(f'"{known}"' for known in self._broker_ids)
            raise self._error(keys, Refused(shown(name), allowed))
        return self._broker_of(name)

    def _error(self, keys: Keys, refused: Refused) -> SettingsError:
        line = 0
        with contextlib.suppress(ValueError, IndexError):
            line = TomlText(self._text).line_of(keys)
        name = ".".join(str(part) for part in keys if isinstance(part, str))
        return SettingsError(self._path, line, name, refused.found, refused.allowed)

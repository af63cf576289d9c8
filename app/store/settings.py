"""settings.toml: read strictly, changed line by line, never overwritten when it is wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from app.base.errors import SettingsError, StoreError, UserError
from app.base.paths import atomic_write
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits
from app.store.settings_default import DEFAULT_TEXT
from app.store.settings_fields import SECTIONS, Refused, check_key, checked, default_of, unknown_key
from app.store.settings_reader import BrokerLookup, SettingsReader
from app.store.settings_transfer import differences, transferred, written
from app.store.settings_values import (
    NO_LIMITS,
    BrokerSchema,
    FieldSchema,
    GeneralSettings,
    NotificationSettings,
    Settings,
    TradingSettings,
)
from app.store.toml_text import Path as TomlPath
from app.store.toml_text import TomlText

__all__ = [
    "NO_LIMITS",
    "BrokerSchema",
    "FieldSchema",
    "GeneralSettings",
    "NotificationSettings",
    "Settings",
    "SettingsStore",
    "TradingSettings",
]

# What an edit answers: the new text, and the settings that it must read as.
_Edited = tuple[TomlText, Settings]


class SettingsStore:
    """The one door to settings.toml. Any thread; calls block for one small file.

    `broker_of` and `broker_ids` are the registry's `broker_info` and `broker_ids`.
    """

    def __init__(
        self, path: Path, broker_of: BrokerLookup, broker_ids: Callable[[], Sequence[str]]
    ) -> None:
        self.path = path
        self._broker_of, self._broker_ids = broker_of, broker_ids
        self._saving = threading.RLock()

    def load(self) -> Settings:
        """What the file says; a first run writes the defaults with one paper connection.

        Raises SettingsError for a wrong file and StoreError for one that cannot be read or, on the
        first run, written. A wrong file is left as it is.
        """
        if not self.path.exists():
            atomic_write(self.path, DEFAULT_TEXT)
        return self._reader(self._read_text()).settings()

    def save_value(self, section: str, key: str, value: Any) -> Settings:
        """Set one key of a section or of [keys]; None is "off" or unbound.

        Raises SettingsError when the value does not fit or the file has become wrong meanwhile,
        StoreError when it cannot be written; the file then stands as it was. Answers what holds.
        """
        if section == "keys":
            return self._save_key(key, value)
        known = SECTIONS.get(section, {})
        try:
            if key not in known:
                raise unknown_key(key, known)
            used = checked(known[key], "off" if value is None else value)
        except Refused as refused:
            raise self._refusal(f"{section}.{key}", refused) from refused

        def edit(text: TomlText, before: Settings) -> _Edited:
            part: Any = getattr(before, section)
            expected = replace(before, **{section: replace(part, **{key: used})})
            if getattr(part, key) != used:
                text = text.put((section, key), written(used))
            return text, expected

        return self._save(edit)

    def save_keys(self, keys: Mapping[str, str | None]) -> Settings:
        """Make [keys] say exactly this; None is unbound. Raises as `save_value` does."""
        used: dict[str, str | None] = {}
        for command_id, key in keys.items():
            try:
                used[command_id] = check_key(command_id, "" if key is None else key)
            except Refused as refused:
                raise self._refusal(f"keys.{command_id}", refused) from refused

        def edit(text: TomlText, before: Settings) -> _Edited:
            for command_id in before.keys:
                if command_id not in used:
                    text = text.remove(_key_path(text, command_id))
            for command_id, key in used.items():
                if command_id not in before.keys or before.keys[command_id] != key:
                    text = text.put(_key_path(text, command_id), key or "")
            return text, replace(before, keys=used)

        return self._save(edit)

    def save_risk(self, limits: RiskLimits, connection_id: ConnectionId | None = None) -> Settings:
        """Set the global limits, or one connection's own. Raises as `save_value` does."""
        self._check_risk(limits)

        def edit(text: TomlText, before: Settings) -> _Edited:
            if connection_id is None:
                return _with_risk(text, ("risk",), before.risk, limits), replace(
                    before, risk=limits
                )
            index = self._index(before, connection_id)
            return _with_connection_risk(text, before, index, limits)

        return self._save(edit)

    def save_connection(self, config: ConnectionConfig, risk: RiskLimits | None = None) -> Settings:
        """Add a connection or change the one with its id; `risk` None leaves its limits alone.

        Raises as `save_value` does, also for a secret among the settings.
        """
        config = self._checked(config)
        if risk is not None:
            self._check_risk(risk)

        def edit(text: TomlText, before: Settings) -> _Edited:
            ids = [known.id for known in before.connections]
            if config.id not in ids:
                return self._added(text, before, config, risk)
            index = ids.index(config.id)
            text = self._changed(text, index, before.connections[index], config)
            connections = list(before.connections)
            connections[index] = config
            after = replace(before, connections=tuple(connections))
            return (
                (text, after) if risk is None else _with_connection_risk(text, after, index, risk)
            )

        return self._save(edit)

    def remove_connection(self, connection_id: ConnectionId) -> Settings:
        """Take a connection and its limits out. Raises UserError when there is none."""

        def edit(text: TomlText, before: Settings) -> _Edited:
            index = self._index(before, connection_id)
            others = tuple(c for c in before.connections if c.id != connection_id)
            risk = {k: v for k, v in before.connection_risk.items() if k != connection_id}
            after = replace(before, connections=others, connection_risk=risk)
            return text.remove(("connection", index)), after

        return self._save(edit)

    def read_other(self, path: Path) -> Settings:
        """What another settings file says. Raises SettingsError with its line and key, StoreError
        where it cannot be read."""
        text = _text_of(path)
        return SettingsReader(text, path, self._broker_of, list(self._broker_ids())).settings()

    def take_over(self, other: Settings) -> Settings:
        """Make everything but the connections say what `other` says; a copy of the file as it was
        is kept beside it. Raises as `save_value` does."""

        def edit(text: TomlText, before: Settings) -> _Edited:
            after = transferred(before, other)
            atomic_write(self.copy_before_import, text.text)
            for section, key, _, new in differences(before, after):
                if section != "keys":
                    text = text.put((section, key), written(new))
                elif key in after.keys:
                    text = text.put(_key_path(text, key), new or "")
                else:
                    text = text.remove(_key_path(text, key))
            return text, after

        return self._save(edit)

    @property
    def copy_before_import(self) -> Path:
        """Where `take_over` keeps the file as it was."""
        return self.path.with_name("settings.before-import.toml")

    # -- inside ----------------------------------------------------------------------------------

    def _save(self, edit: Callable[[TomlText, Settings], _Edited]) -> Settings:
        """Read again, edit, make sure that the result says what it must, then replace the file."""
        with self._saving:
            text = self._read_text() if self.path.exists() else DEFAULT_TEXT
            before = self._reader(text).settings()
            try:
                edited, expected = edit(TomlText(text), before)
                after = self._reader(edited.text).settings()
                if _comparable(after) != _comparable(expected):
                    raise ValueError("the change would touch other settings")  # noqa: TRY301 - one way out for every reason
            except (ValueError, SettingsError) as error:
                raise StoreError(
                    f"{self.path} is laid out in a way that cannot be changed safely from here"
                    f" ({error}); it stands as it was. Make this change in the file itself"
                ) from error
            if edited.text != text:
                atomic_write(self.path, edited.text)
            return after

    def _read_text(self) -> str:
        return _text_of(self.path)

    def _reader(self, text: str) -> SettingsReader:
        return SettingsReader(text, self.path, self._broker_of, list(self._broker_ids()))

    def _refusal(self, key: str, refused: Refused) -> SettingsError:
        return SettingsError(self.path, 0, key, refused.found, refused.allowed)

    def _save_key(self, command_id: str, value: Any) -> Settings:
        try:
            used = check_key(command_id, "" if value is None else value)
        except Refused as refused:
            raise self._refusal(f"keys.{command_id}", refused) from refused

        def edit(text: TomlText, before: Settings) -> _Edited:
            after = replace(before, keys={**before.keys, command_id: used})
            return text.put(_key_path(text, command_id), used or ""), after

        return self._save(edit)

    def _index(self, settings: Settings, connection_id: ConnectionId) -> int:
        for index, config in enumerate(settings.connections):
            if config.id == connection_id:
                return index
        known = ", ".join(config.id for config in settings.connections) or "none"
        raise UserError(f"there is no connection {connection_id!r} in {self.path}; known: {known}")

    def _check_risk(self, limits: RiskLimits) -> None:
        for name, known in SECTIONS["risk"].items():
            try:
                checked(known, written(getattr(limits, name)))
            except Refused as refused:
                raise self._refusal(f"risk.{name}", refused) from refused

    def _checked(self, config: ConnectionConfig) -> ConnectionConfig:
        table = {name: getattr(config, name) for name in ("id", "broker", "environment")}
        table |= {"autoconnect": config.autoconnect, "read_only": config.read_only}
        defaults: dict[str, Any] = {}
        if config.broker in self._broker_ids():
            schema = self._broker_of(config.broker).settings
            defaults = {field.name: default_of(field) for field in schema}
        # A default holds without being written, also where it is no value that could be (None, or
        # an empty choice); what else is None is "not set", for which TOML has no word.
        given = {
            name: value
            for name, value in config.settings.items()
            if value is not None and (name not in defaults or value != defaults[name])
        }
        return self._reader("").connection({**table, "settings": given}, ("connection",))

    def _fields(self, config: ConnectionConfig) -> Iterator[FieldSchema]:
        return (f for f in self._broker_of(config.broker).settings if not f.secret)

    def _added(
        self, text: TomlText, before: Settings, config: ConnectionConfig, risk: RiskLimits | None
    ) -> _Edited:
        table: dict[str, Any] = {
            "id": config.id,
            "broker": config.broker,
            "environment": config.environment,
            "autoconnect": config.autoconnect,
            "read_only": config.read_only,
            "settings": {
                f.name: config.settings[f.name]
                for f in self._fields(config)
                if config.settings[f.name] != default_of(f)
            },
        }
        limits = dict(before.connection_risk)
        if risk is not None:
            table["risk"] = {
                name: written(getattr(risk, name))
                for name in SECTIONS["risk"]
                if getattr(risk, name) != getattr(NO_LIMITS, name)
            }
            limits[config.id] = risk
        after = replace(before, connections=(*before.connections, config), connection_risk=limits)
        return text.add_table("connection", table), after

    def _changed(
        self, text: TomlText, index: int, old: ConnectionConfig, new: ConnectionConfig
    ) -> TomlText:
        here: TomlPath = ("connection", index)
        for name in ("broker", "environment", "autoconnect", "read_only"):
            if getattr(old, name) != getattr(new, name):
                text = text.put((*here, name), getattr(new, name))
        in_file: Mapping[str, Any] = self._reader_data(text, index).get("settings", {})
        schema = {field.name: field for field in self._fields(new)}
        for name in in_file:
            if name not in schema or not _can_bewritten(schema[name], new.settings[name]):
                text = text.remove((*here, "settings", name))
        for name, field in schema.items():
            value = new.settings[name]
            stands = _stands(field, in_file[name]) if name in in_file else default_of(field)
            if value != stands and _can_bewritten(field, value):
                text = text.put((*here, "settings", name), value)
        return text

    def _reader_data(self, text: TomlText, index: int) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self._reader(text.text).data["connection"][index]
        return table


def _key_path(text: TomlText, command_id: str) -> TomlPath:
    """Where a command's key stands, or would: a hand may have written dots or quotes."""
    dotted: TomlPath = ("keys", *command_id.split("."))
    return dotted if any(item.path == dotted for item in text.items) else ("keys", command_id)


def _can_bewritten(field: FieldSchema, value: Any) -> bool:
    """Whether the file may hold it; a default such as None may not."""
    return value is not None and _stands(field, value) is not None


def _stands(field: FieldSchema, raw: Any) -> Any:
    """What a raw value reads as, None where it does not fit the field any more."""
    try:
        return checked(field, raw)
    except Refused:
        return None


def _with_connection_risk(
    text: TomlText, before: Settings, index: int, limits: RiskLimits
) -> _Edited:
    connection_id = before.connections[index].id
    stands = before.connection_risk.get(connection_id, NO_LIMITS)
    text = _with_risk(text, ("connection", index, "risk"), stands, limits)
    return text, replace(before, connection_risk={**before.connection_risk, connection_id: limits})


def _with_risk(text: TomlText, table: TomlPath, stands: RiskLimits, limits: RiskLimits) -> TomlText:
    for field in fields(limits):
        value = getattr(limits, field.name)
        if value != getattr(stands, field.name):
            text = text.put((*table, field.name), written(value))
    return text


def _comparable(settings: Settings) -> Settings:
    """Without the difference between no limits and an empty set of them."""
    risk = {k: v for k, v in settings.connection_risk.items() if v != NO_LIMITS}
    return replace(settings, connection_risk=risk)


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read ({error.strerror}); nothing was changed. Check its"
            " permissions, then start again"
        ) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{data[error.start]:02x}, which is no UTF-8"
        raise SettingsError(path, line, "", found, "a text saved as UTF-8") from error

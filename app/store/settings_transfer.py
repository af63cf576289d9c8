"""Settings from one machine to another: all but the connections, which are each machine's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.domain.sizing import SizeKind, SizePreset
from app.store.settings_fields import SECTIONS
from app.store.settings_values import Settings
from app.store.toml_text import TomlText

_HEAD = (
    "# Settings of Moorgate, without connections and secrets. File > Import Settings reads it.\n"
)


def transferred(own: Settings, other: Settings) -> Settings:
    """`own` with everything of `other` but its connections and their limits."""
    parts = {name: getattr(other, name) for name in SECTIONS}
    return replace(own, **parts, keys=other.keys)


def differences(before: Settings, after: Settings) -> Iterator[tuple[str, str, Any, Any]]:
    """(section, key, old, new) of every setting, keys of commands included, that is another."""
    for section, known in SECTIONS.items():
        for key in known:
            old, new = (getattr(getattr(one, section), key) for one in (before, after))
            if old != new:
                yield section, key, old, new
    for command_id in sorted({*before.keys, *after.keys}):
        old, new = before.keys.get(command_id, ""), after.keys.get(command_id, "")
        if (command_id in before.keys, old) != (command_id in after.keys, new):
            yield "keys", command_id, old, new


def as_text(settings: Settings) -> str:
    """The file for another machine; it holds no secret and no connection."""
    text = TomlText(_HEAD)
    for section, known in SECTIONS.items():
        for key in known:
            text = text.put((section, key), written(getattr(getattr(settings, section), key)))
    for command_id, bound in settings.keys.items():
        text = text.put(("keys", command_id), bound or "")
    return text.text


def written(value: Any) -> Any:
    """A value in the words of the file: what is off is "off", a size of units a plain number."""
    if isinstance(value, SizePreset):
        return value.amount if value.kind is SizeKind.UNITS else str(value)
    if isinstance(value, tuple):
        return tuple(map(written, value))
    return "off" if value is None else value

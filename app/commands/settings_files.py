"""Settings to a file and from one, for who moves to another machine. No Qt."""

from __future__ import annotations

import asyncio
from typing import Any

from app.base.errors import SettingsError
from app.base.paths import atomic_write
from app.commands.context import CommandContext
from app.commands.registry import Command
from app.commands.risk_rules import loosened
from app.domain.reports import Severity
from app.store.settings import Settings
from app.store.settings_transfer import as_text, differences, transferred, written

_FILES = "Settings (*.toml)"
_QUESTION = (
    "{name} changes these settings. Connections and secrets stay as they are, and trading is"
    " disarmed. The settings as they are now are kept in {copy}."
)


async def export_settings(context: CommandContext) -> None:
    """Ask for a file and write all settings but the connections. Raises StoreError."""
    path = await context.shell.choose_file(
        "Export Settings", _FILES, suggested_name="moorgate-settings.toml"
    )
    if path is not None:
        await asyncio.to_thread(atomic_write, path, as_text(context.engine.settings))
        context.notify(Severity.INFO, f"Exported the settings to {path}")


async def import_settings(context: CommandContext) -> None:
    """Ask for a file, list what it changes, and let it hold if that is wanted.

    A file with a mistake, or of a newer version, changes nothing. Raises SettingsError with line
    and key, and StoreError.
    """
    path = await context.shell.choose_file("Import Settings", _FILES)
    if path is None:
        return
    store = context.settings_store
    try:
        other = await asyncio.to_thread(store.read_other, path)
    except SettingsError as error:
        context.notify(Severity.ERROR, f"Import Settings: nothing was changed. {error}")
        return
    before = context.engine.settings
    after = transferred(before, other)
    lines = changes_in_words(before, after)
    if not lines:
        context.notify(Severity.INFO, f"The settings are already as in {path.name}")
        return
    question = _QUESTION.format(name=path.name, copy=store.copy_before_import.name)
    is_looser = bool(loosened(before.risk, after.risk))
    where = context.engine.connections.ids() if is_looser else []  # whose money it lets risk more
    if not await context.shell.confirm(
        "Import Settings", question, lines, "Change Settings", where=where
    ):
        context.notify(Severity.INFO, "Import Settings: called off, nothing was changed")
        return
    context.arming.disarm("settings were imported")
    await asyncio.to_thread(store.take_over, other)
    context.save_setting("general", "theme", after.general.theme)  # lets all of the file hold
    if before.risk != after.risk:
        context.engine.risk.limits_changed("the risk limits were imported")
    context.notify(Severity.INFO, f"Took over {len(lines)} settings from {path.name}")


def changes_in_words(before: Settings, after: Settings) -> list[str]:
    """A line for each change; first, by name, every risk limit that lets more through."""
    looser = [f"LOOSER RISK LIMIT: {line}" for line in loosened(before.risk, after.risk)]
    others = [
        f"{section}.{key}: {_said(old)} → {_said(new)}"
        for section, key, old, new in differences(before, after)
    ]
    return looser + others


def _said(value: Any) -> str:
    told = written(value)
    if isinstance(told, bool):
        return "on" if told else "off"
    if isinstance(told, tuple):
        return ", ".join(map(str, told)) or "none"
    return str(told) or "none"


COMMANDS: tuple[Command, ...] = (
    Command(
        "application.export_settings",
        "Export Settings…",
        export_settings,
        menu="File",
        section=1,
        help="Write all settings to a file for another machine, without connections and secrets",
    ),
    Command(
        "application.import_settings",
        "Import Settings…",
        import_settings,
        menu="File",
        section=1,
        help="Take settings over from a file, after showing what would change; disarms",
    ),
)

"""The keys as a page to print: HTML that a browser shows and Qt turns into PDF."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from app.commands.catalog import MENUS
from app.commands.keymap import Keymap
from app.commands.registry import Command

_STYLE = (
    "body { font-family: sans-serif; font-size: 9pt; color: #000000; }"
    " h1 { font-size: 15pt; } h2 { font-size: 11pt; }"
    " td { padding: 1px 14px 1px 0; } .key { font-weight: bold; white-space: pre; }"
)


def group_of(command: Command) -> str:
    """The heading a command stands under: its menu, else the area of its id."""
    menu = command.menu.partition("/")[0]
    return menu or command.id.partition(".")[0].capitalize()


def grouped(commands: Iterable[Command]) -> dict[str, list[Command]]:
    """The commands by heading: in the order of the menu bar, then those of no menu."""
    groups: dict[str, list[Command]] = {title: [] for title in MENUS}
    for command in commands:
        groups.setdefault(group_of(command), []).append(command)
    return {title: members for title, members in groups.items() if members}


def sheet(commands: Iterable[Command], keymap: Keymap, version: str) -> str:
    """Every command that has a key, by menu; entries are marked as needing armed keys."""
    parts = [
        f'<html><head><meta charset="utf-8"><title>Keys of Moorgate</title>'
        f"<style>{_STYLE}</style></head><body><h1>Keys of Moorgate {escape(version)}</h1>"
    ]
    for title, members in grouped(commands).items():
        rows = [_row(command, keymap) for command in members if keymap.keys_of(command.id)]
        if rows:
            parts.append(f"<h2>{escape(title)}</h2><table>{''.join(rows)}</table>")
    parts.append("<p>* only while the trading keys are armed</p>")
    if keymap.labels.moved:
        parts.append("<p>Keys are named as on the keyboard that this sheet was made with.</p>")
    return "\n".join([*parts, "</body></html>", ""])


def _row(command: Command, keymap: Keymap) -> str:
    keys = escape(" or ".join(keymap.shown_keys(command.id)))
    star = "*" if command.increases_risk else ""
    title = escape(command.title.removesuffix("…"))
    return (
        f'<tr><td class="key">{keys}</td><td>{title}{star}</td><td>{escape(command.help)}</td></tr>'
    )

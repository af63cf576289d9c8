"""Layouts to a file and from one, for who moves to another machine. No Qt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from app.base.errors import MoorgateError, UserError
from app.base.paths import atomic_write
from app.commands.arrangement import LAYOUT_MENU
from app.commands.context import CommandContext
from app.commands.registry import Command
from app.domain.reports import Severity
from app.store.layout_transfer import as_text, read_file

_FILES = "Layouts (*.json)"
_TITLE = "Import Layouts"
_QUESTION = (
    "{name} holds layouts that there are here already. They will be as in the file, and what was"
    " changed in them and not saved is dropped. The window stays as it is. Undo brings all back."
)


async def export_all(context: CommandContext) -> None:
    """Ask for a file and write all saved layouts. Raises UserError and StoreError."""
    saved, problems = await asyncio.to_thread(context.shell.arrangement.book.saved)
    for problem in problems:
        context.notify(Severity.WARNING, f"Left out: {problem}")
    if not saved:
        raise UserError("no layout is saved yet; View > Layouts > Save Layout As… saves this one")
    await _export(context, saved, "moorgate-layouts.json")


async def export_shown(context: CommandContext) -> None:
    """Ask for a file and write the layout as it stands now. Raises StoreError."""
    arrangement = context.shell.arrangement
    name = arrangement.layout
    plain = "".join(letter if letter.isalnum() else "-" for letter in name)
    await _export(context, {name: arrangement.capture()}, f"moorgate-layout-{plain}.json")


async def _export(context: CommandContext, layouts: Mapping[str, Any], suggested: str) -> None:
    title = "Export Layouts" if len(layouts) > 1 else "Export Layout"
    path = await context.shell.choose_file(title, _FILES, suggested_name=suggested)
    if path is not None:
        await asyncio.to_thread(atomic_write, path, as_text(layouts))
        context.notify(Severity.INFO, f"Exported {', '.join(layouts)} to {path}")


async def import_layouts(context: CommandContext) -> None:
    """Ask for a file, and before anything is replaced whether that is wanted.

    A file with a mistake, or of a newer version, changes nothing; neither does a disk that
    refuses. Can be undone.
    """
    arrangement = context.shell.arrangement
    path = await context.shell.choose_file(_TITLE, _FILES)
    if path is None:
        return
    try:
        layouts = arrangement.book.as_named_here(await asyncio.to_thread(read_file, path))
    except UserError as error:
        context.notify(Severity.ERROR, f"{_TITLE}: nothing was changed. {error}")
        return
    taken = [name for name in layouts if name in arrangement.layouts()]
    if taken:
        lines = [f"{'Replaced' if name in taken else 'New'}: {name}" for name in layouts]
        question = _QUESTION.format(name=path.name)
        if not await context.shell.confirm(_TITLE, question, lines, "Replace"):
            context.notify(Severity.INFO, f"{_TITLE}: called off, nothing was changed")
            return
    await _take_over(context, layouts, f"Imported {', '.join(layouts)}")


async def _take_over(context: CommandContext, layouts: dict[str, Any], deed: str) -> None:
    arrangement = context.shell.arrangement
    book = arrangement.book
    try:
        before = await asyncio.to_thread(book.write_all, layouts)
    except MoorgateError as error:
        context.notify(Severity.ERROR, f"{_TITLE}: nothing was changed. {error}")
        return
    dropped = book.took_over(layouts)
    arrangement.list_layouts(is_shown_touched=book.current in layouts)

    async def put_back() -> None:
        await asyncio.to_thread(book.write_all, before)
        is_shown_touched = book.current in before
        book.gave_back(before, dropped)
        arrangement.list_layouts(is_shown_touched=is_shown_touched)

    def take_back() -> None:
        context.spawn(put_back(), "taking back imported layouts")

    context.undo.push(deed, take_back)


COMMANDS: tuple[Command, ...] = (
    Command(
        "application.export_layouts",
        "Export Layouts…",
        export_all,
        menu="File",
        section=1,
        help="Write all saved layouts to one file for another machine, without symbols and"
        " accounts",
    ),
    Command(
        "application.import_layouts",
        "Import Layouts…",
        import_layouts,
        menu="File",
        section=1,
        help="Take layouts over from a file; those that there are already are only replaced after"
        " a question",
    ),
    Command(
        "view.export_layout",
        "Export Layout…",
        export_shown,
        menu=LAYOUT_MENU,
        section=1,
        help="Write this layout as it stands now to a file for another machine",
    ),
)

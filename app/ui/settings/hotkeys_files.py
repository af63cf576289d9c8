"""Keys to and from files: import with a preview, export, and the sheet to print. GUI thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMarginsF
from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument
from PySide6.QtWidgets import QWidget

from app import __version__
from app.base.errors import StoreError, UserError
from app.base.paths import atomic_write
from app.commands import key_changes, key_file
from app.commands.key_sheet import sheet
from app.commands.keymap import Keymap
from app.domain.reports import Severity
from app.ui.desk import Desk
from app.ui.dialogs.report import ReportDialog

_TEXT, _SHEETS = "Text (*.txt)", "PDF (*.pdf);;Web page (*.html)"
_DOTS_PER_INCH, _MARGIN_MM = 300, 15

Save = Callable[[key_changes.Overrides], bool]


def titles_of(desk: Desk) -> dict[str, str]:
    """Titles by command id, in menu order."""
    return {command.id: command.title for command in desk.commands}


async def export_keys(desk: Desk) -> None:
    """Ask for a file and write the trader's keys to it. Raises StoreError."""
    path = await desk.shell.choose_file("Export Keys", _TEXT, suggested_name="moorgate-keys.txt")
    if path is not None:
        await _write(path, key_file.written(desk.keymap, titles_of(desk)))
        desk.notify(Severity.INFO, f"Exported the keys to {path}")


async def import_keys(desk: Desk, save: Save, parent: QWidget) -> None:
    """Ask for a file, show what it would change, and let it hold if that is wanted.

    A file with a mistake changes nothing; every wrong line is shown. Raises StoreError.
    """
    path = await desk.shell.choose_file("Import Keys", _TEXT)
    if path is None:
        return
    try:
        wanted = key_file.read(await _read(path), desk.keymap)
        after = Keymap(desk.commands, wanted, desk.keymap.labels)
        key_changes.check(after)
    except UserError as error:
        heading = f"{path.name} was not taken over: your keys are as they were."
        ReportDialog("key_import_problems", "Import Keys", heading, str(error), parent).show()
        return
    changes = key_file.changes(desk.keymap, after, titles_of(desk))
    if not changes:
        desk.notify(Severity.INFO, f"The keys are already as in {path.name}")
        return
    lines = [str(change) for change in changes]
    question = f"{path.name} changes the keys of these commands."
    if await desk.shell.confirm("Import Keys", question, lines, "Change Keys") and save(
        key_file.needed(after, wanted)
    ):
        desk.notify(Severity.INFO, f"Took over {len(changes)} keys from {path.name}")


async def save_sheet(desk: Desk) -> None:
    """Ask for a file and write all keys to it, to print: PDF, or HTML by its ending."""
    path = await desk.shell.choose_file(
        "Save Key Sheet", _SHEETS, suggested_name="moorgate-keys.pdf"
    )
    if path is None:
        return
    html = sheet(desk.commands, desk.keymap, __version__)
    if path.suffix.lower() in (".html", ".htm"):
        await _write(path, html)
    else:
        path = path if path.suffix else path.with_suffix(".pdf")
        write_pdf(html, path)
    desk.notify(Severity.INFO, f"Saved the key sheet to {path}")


def write_pdf(html: str, path: Path) -> None:
    """HTML as a PDF of A4 pages. Raises StoreError where the file cannot be written."""
    try:
        path.open("ab").close()
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    writer = QPdfWriter(str(path))
    writer.setTitle("Keys of Moorgate")
    writer.setResolution(_DOTS_PER_INCH)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    document = QTextDocument()
    document.setHtml(html)
    document.print_(writer)


async def _read(path: Path) -> str:
    try:
        return await asyncio.to_thread(path.read_text, "utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise StoreError(f"{path} cannot be read: {reason}") from error


async def _write(path: Path, text: str) -> None:
    await asyncio.to_thread(atomic_write, path, text)

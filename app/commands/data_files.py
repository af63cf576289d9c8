"""Which files Moorgate keeps and how large they are. No Qt; blocks on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.base.paths import Paths


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file or a folder below the home; None bytes where it is not there or cannot be read."""

    id: str
    title: str
    name: str
    size_bytes: int | None


def survey_files(paths: Paths) -> list[DataFile]:
    """Everything that is kept, the most precious first. Any thread but the window's."""
    logs = sorted(paths.logs_dir.glob("*"))
    return [
        _file("settings", "Settings", "settings.toml", [paths.settings_file]),
        _file("journal", "Journal of orders and fills", "journal.db", _parts(paths.journal_file)),
        _file("history", "Bar history", "history.db", _parts(paths.history_file)),
        _file("layouts", "Layouts", "layouts", sorted(paths.layouts_dir.rglob("*"))),
        _file("logs", "Logs", "logs", logs),
    ]


def size_text(size_bytes: int | None) -> str:
    """A size in the largest unit that says enough."""
    if size_bytes is None:
        return "—"
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    size = float(size_bytes)
    for unit in ("kB", "MB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.2f} GB"


def _parts(database: Path) -> list[Path]:
    """A database, and what of it is still in its log."""
    return [database, *(database.with_name(f"{database.name}{end}") for end in ("-wal", "-shm"))]


def _file(file_id: str, title: str, name: str, parts: list[Path]) -> DataFile:
    sizes = [size for part in parts if (size := _size(part)) is not None]
    return DataFile(file_id, title, name, sum(sizes) if sizes else None)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:  # removed meanwhile, or not ours to read
        return None

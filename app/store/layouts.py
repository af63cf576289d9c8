"""Named window layouts, a JSON file each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.base.errors import StoreError, UserError
from app.base.paths import atomic_write

FORMAT = 1
LONGEST_NAME = 60
# Windows takes these for devices, whatever follows the dot.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))}


class Layouts:
    """Layouts in one folder. Names are free text and differ by more than case. Any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, name: str, layout: dict[str, Any]) -> None:
        """Keep `layout` (plain JSON) under `name`, in place of what was there.

        Raises UserError for a name that cannot be used, StoreError when the disk refuses.
        """
        name = _usable(name)
        text = json.dumps({"format": FORMAT, "name": name, "layout": layout}, indent=1)
        atomic_write(self._file(name), text + "\n")

    def load(self, name: str) -> dict[str, Any] | None:
        """The layout, or None when there is none of that name.

        A broken file raises StoreError and is kept aside as *.broken; one from a newer Moorgate
        raises StoreError and stays.
        """
        file = self._file(_usable(name))
        try:
            text = file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(
                f"the layout {file} cannot be read ({error.strerror}); it stands as it was."
                " Check its permissions"
            ) from error
        try:
            layout, version = _content(text)
        except (ValueError, RecursionError) as error:
            raise self._set_aside(file, error) from error
        if version > FORMAT:
            raise StoreError(
                f"the layout {file} was saved by a newer Moorgate; it was left as it is. Use that"
                " one, or save a new layout under another name"
            )
        return layout

    def names(self) -> list[str]:
        """Every layout that can be read, by name."""
        found: list[str] = []
        for file in self._folder.glob("*.json"):
            try:
                content = json.loads(file.read_bytes())
                found.append(str(content["name"]))
            except (OSError, ValueError, RecursionError, TypeError, KeyError):
                continue  # load() tells what is wrong with it when somebody asks for it
        return sorted(found, key=str.casefold)

    def remove(self, name: str) -> None:
        """Forget a layout; no harm when there is none. Raises StoreError when the disk refuses."""
        file = self._file(_usable(name))
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"the layout {file} cannot be removed ({error.strerror})") from error

    def _file(self, name: str) -> Path:
        stem = quote(name.casefold(), safe=" ").replace(".", "%2E")
        if stem in _DEVICES:
            stem = f"%{ord(stem[0]):02X}{stem[1:]}"
        return self._folder / f"{stem}.json"

    def _set_aside(self, file: Path, error: Exception) -> StoreError:
        aside = file.with_suffix(".broken")
        number = 1
        while aside.exists():
            number += 1
            aside = file.with_suffix(f".broken{number}")
        try:
            os.replace(file, aside)
        except OSError:
            kept = "it could not be moved aside"
        else:
            kept = f"it was kept aside as {aside.name}"
        return StoreError(
            f"the layout {file} is broken ({error}); {kept}. Choose or save another layout"
        )


def _content(text: bytes) -> tuple[dict[str, Any], int]:
    content = json.loads(text)
    if not isinstance(content, dict) or not isinstance(content.get("layout"), dict):
        raise ValueError("it holds no layout")  # noqa: TRY004 - one kind for every broken file
    version = content.get("format")
    if not isinstance(version, int):
        raise ValueError("it names no format")  # noqa: TRY004 - the same
    return content["layout"], version


def _usable(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UserError(
            f"a layout's name has 1 to {LONGEST_NAME} printable characters, found {name[:80]!r}"
        )
    return name

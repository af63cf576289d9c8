"""Named window layouts, a JSON file each."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from app.base.errors import StoreError, UserError
from app.base.paths import atomic_write

FORMAT = 1
LONGEST_NAME = 60
_LEFTOVER_S = 60.0  # no file takes so long to be written
# Windows takes these for devices, whatever follows the dot.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))}


class Layouts:
    """Layouts in one folder. Names are free text and differ by more than case. Any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._foreign: set[Path] = set()  # of a newer Moorgate, or not to be read

    def save(self, name: str, layout: dict[str, Any]) -> None:
        """Keep `layout` (plain JSON) under `name`, in place of what was there.

        What was there and could not be shown, because it is of a newer Moorgate or nobody may read
        it, is not lost: it is put aside as *.kept. Raises UserError for a name that cannot be used,
        StoreError when the disk refuses.
        """
        name = usable_name(name)
        file = self._file(name)
        if file in self._foreign:
            self._put_aside(file)
        text = json.dumps({"format": FORMAT, "name": name, "layout": layout}, indent=1)
        atomic_write(file, text + "\n")

    def load(self, name: str) -> dict[str, Any] | None:
        """The layout, or None when there is none of that name.

        A broken file raises StoreError and is kept aside as *.broken; one from a newer Moorgate, or
        one that cannot be read, raises StoreError and stays until something is saved in its place.
        """
        file = self._file(usable_name(name))
        try:
            text = file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._foreign.add(file)
            raise StoreError(
                f"the layout {file} cannot be read ({error.strerror}); it stands as it was."
                " Check its permissions"
            ) from error
        try:
            layout, version = _content(text)
        except (ValueError, RecursionError) as error:
            raise self._set_aside(file, error) from error
        if version > FORMAT:
            self._foreign.add(file)
            raise StoreError(
                f"the layout {file} was saved by a newer Moorgate. It is not lost: what is saved"
                f" in its place puts it aside as {file.stem}.kept"
            )
        return layout

    def replace(self, layouts: Mapping[str, dict[str, Any] | None]) -> dict[str, Any]:
        """Save all of them, and remove those that are None; what was there is the answer.

        All or nothing: raises StoreError, with everything as it was, where one that is there
        cannot be read or the disk refuses.
        """
        before = {name: self.load(name) for name in layouts}
        done: list[str] = []
        try:
            for name, layout in layouts.items():
                done.append(name)
                self._put(name, layout)
        except StoreError:
            for name in done:
                with contextlib.suppress(StoreError):  # it refuses still; its first word counts
                    self._put(name, before[name])
            raise
        return before

    def keep(self, name: str) -> None:
        """What is there could be read, but not be shown: what is saved in its place puts it aside
        as *.kept, too.
        """
        self._foreign.add(self._file(usable_name(name)))

    def sweep(self) -> None:
        """Remove what writing left behind where the program was ended in the middle of it."""
        for file in self._folder.glob(".*.json.*"):
            with contextlib.suppress(OSError):  # it may be being written, or be gone
                if time.time() - file.stat().st_mtime > _LEFTOVER_S:
                    file.unlink()

    def names(self) -> list[str]:
        """Every layout by name; one that cannot be read is called like its file, in small letters.

        `load` tells what is wrong with it.
        """
        found: list[str] = []
        for file in self._folder.glob("*.json"):
            try:
                found.append(usable_name(str(json.loads(file.read_bytes())["name"])))
            except (OSError, ValueError, RecursionError, TypeError, KeyError, UserError):
                name = unquote(file.stem)
                if _is_usable(name) and self._file(name) == file:  # else nobody could ask for it
                    found.append(name)
        return sorted(found, key=str.casefold)

    def remove(self, name: str) -> None:
        """Forget a layout; no harm when there is none. Raises StoreError when the disk refuses."""
        file = self._file(usable_name(name))
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"the layout {file} cannot be removed ({error.strerror})") from error

    def _put(self, name: str, layout: dict[str, Any] | None) -> None:
        if layout is None:
            self.remove(name)
        else:
            self.save(name, layout)

    def _file(self, name: str) -> Path:
        stem = quote(name.casefold(), safe=" ").replace(".", "%2E")
        if stem in _DEVICES:
            stem = f"%{ord(stem[0]):02X}{stem[1:]}"
        return self._folder / f"{stem}.json"

    def _set_aside(self, file: Path, error: Exception) -> StoreError:
        aside = _free(file, "broken")
        try:
            os.replace(file, aside)
        except OSError:
            kept = "it could not be moved aside"
        else:
            kept = f"it was kept aside as {aside.name}"
        return StoreError(
            f"the layout {file} is broken ({error}); {kept}. Choose or save another layout"
        )

    def _put_aside(self, file: Path) -> None:
        try:
            os.replace(file, _free(file, "kept"))
        except FileNotFoundError:
            pass  # somebody else has taken it away
        except OSError as error:
            raise StoreError(
                f"the layout {file} cannot be put aside ({error.strerror}); nothing was saved"
            ) from error
        self._foreign.discard(file)


def _free(file: Path, ending: str) -> Path:
    """A name beside `file` that is not taken."""
    aside, number = file.with_suffix(f".{ending}"), 1
    while aside.exists():
        number += 1
        aside = file.with_suffix(f".{ending}{number}")
    return aside


def _content(text: bytes) -> tuple[dict[str, Any], int]:
    content = json.loads(text)
    if not isinstance(content, dict) or not isinstance(content.get("layout"), dict):
        raise ValueError("it holds no layout")  # noqa: TRY004 - one kind for every broken file
    version = content.get("format")
    if not isinstance(version, int):
        raise ValueError("it names no format")  # noqa: TRY004 - the same
    return content["layout"], version


def usable_name(name: str) -> str:
    """The name without spaces around it. Raises UserError for one that no layout can have."""
    name = name.strip()
    if not _is_usable(name):
        raise UserError(
            f"a layout's name has 1 to {LONGEST_NAME} printable characters, found {name[:80]!r}"
        )
    return name


def _is_usable(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()

"""Named layouts from one machine to another: one text file, which holds nothing of an account."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from app.base.errors import UserError
from app.store.layouts import usable_name

FORMAT = 1
MOST, MOST_WINDOWS, LARGEST_BYTES = 100, 16, 20_000_000
_MARK = "moorgate-layouts"
# What panels show, and whose: the trader's, not the arrangement's.
_PRIVATE = frozenset({"symbols", "seeded", "folded", "filters"})
_KINDS: dict[str, type] = {"panels": dict, "links": dict, "extra": list, "windows": list}
_QT_WORDS = ("geometry", "docks", "room")

State = dict[str, Any]


def as_text(layouts: Mapping[str, State]) -> str:
    """The file for these layouts. Symbols, filters and accounts stay behind. Any thread."""
    entries = [{"name": name, "layout": _public(state)} for name, state in layouts.items()]
    return json.dumps({_MARK: FORMAT, "layouts": entries}, indent=1) + "\n"


def read_file(path: Path) -> dict[str, State]:
    """The layouts in a file that `as_text` wrote, all checked. Any thread.

    Raises UserError, with what is wrong and where, for one that is broken, foreign, of a newer
    Moorgate or not to be read.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UserError(f"{path} is larger than any file of layouts")
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}). Check its permissions"
        ) from error
    try:
        return _read(data)
    except _WrongError as wrong:
        raise UserError(f"{path}: {wrong}") from wrong
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is broken, or no text of Moorgate's ({error})") from error


class _WrongError(Exception):
    """What is wrong, as a part of a sentence."""


def _read(data: bytes) -> dict[str, State]:
    content = json.loads(data)
    if not isinstance(content, dict) or _MARK not in content:
        raise _WrongError(
            'it holds no layouts that Moorgate exported (there is no "moorgate-layouts")'
        )
    version = content[_MARK]
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _WrongError(f"{_MARK} is a number from 1 on, found {version!r}")
    if version > FORMAT:
        raise _WrongError("it was exported by a newer Moorgate; install that one here, too")
    entries = content.get("layouts")
    if not isinstance(entries, list) or not entries:
        raise _WrongError("it holds no layout")
    if len(entries) > MOST:
        raise _WrongError(f"it holds {len(entries)} layouts; at most {MOST} are taken over at once")
    found: dict[str, State] = {}
    for number, entry in enumerate(entries, start=1):
        name, state = _entry(entry, f"layout {number}")
        if name.casefold() in map(str.casefold, found):
            raise _WrongError(f"layout {number}: there are two called {name}")
        found[name] = state
    as_text(found)  # what is nested too deeply could be read, and not be written
    return found


def _entry(entry: object, where: str) -> tuple[str, State]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise _WrongError(f"{where} has no name")
    try:
        name = usable_name(entry["name"])
    except UserError as error:
        raise _WrongError(f"{where}: {error}") from error
    state = entry.get("layout")
    if not isinstance(state, dict):
        raise _WrongError(f"{where} ({name}) holds no arrangement")
    _check_window(state, f"{where} ({name})")
    for key, kind in _KINDS.items():
        if key in state and not isinstance(state[key], kind):
            raise _WrongError(f"{where} ({name}): {key} is not what it should be")
    if len(state.get("windows", ())) > MOST_WINDOWS:
        raise _WrongError(f"{where} ({name}) has more than {MOST_WINDOWS} windows")
    for window in state.get("windows", ()):
        if not isinstance(window, dict):
            raise _WrongError(f"{where} ({name}): a window is not what it should be")
        _check_window(window, f"{where} ({name})")
    return name, _public(state)


def _check_window(state: State, where: str) -> None:
    """Docks there must be, and what Qt wrote must be whole."""
    if "docks" not in state:
        raise _WrongError(f"{where} does not say where panels stand")
    for key in _QT_WORDS:
        if key in state and not _is_base64(state[key]):
            raise _WrongError(f"{where}: {key} is damaged")


def _is_base64(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(b64decode(text, validate=True))
    except ValueError:
        return False


def _public(state: State) -> State:
    """A layout without what is chosen in it."""
    panels = state.get("panels")
    rest = {key: value for key, value in state.items() if key not in ("own", "panels")}
    if not isinstance(panels, dict):
        return rest
    return {**rest, "panels": {name: _looks(panel) for name, panel in panels.items()}}


def _looks(panel: object) -> State:
    entries: Iterable[tuple[str, Any]] = panel.items() if isinstance(panel, dict) else ()
    return {key: value for key, value in entries if key not in _PRIVATE}

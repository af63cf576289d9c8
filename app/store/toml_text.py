"""Where things stand in a TOML text, and edits that touch nothing else in it.

The text has been parsed by tomllib before, so the scanner relies on it being valid. Paths are
tuples of keys, with the index after the name of an array of tables: ("connection", 1, "settings").
An edit never re-renders what it does not change: comments, order, spacing and the way numbers are
written stay byte for byte.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'", re.DOTALL
)
# A date and its time may be parted by one space.
_SCALAR = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^,\]}\s#]*|[^,\]}\s#]+")


@dataclass(frozen=True, slots=True)
class Item:
    """A header, or a key with its value. Offsets into the text.

    `value` is where the value begins (a header's own end); `prefix` how many parts of `path` come
    from the header or inline table around it.
    """

    path: Path
    start: int
    value: int
    end: int
    prefix: int
    is_header: bool = False


class TomlText:
    """One version of a text and the places in it; an edit returns the next version."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.items: list[Item] = []
        self._at = 0
        self._lengths: dict[Path, int] = {}
        self._scan()

    def line_of(self, path: Sequence[str | int]) -> int:
        """The 1-based line of `path`, or of the nearest thing around it; 0 when there is none."""
        for length in range(len(path), 0, -1):
            around = tuple(path[:length])
            # A table that is made by dotted keys has no item of its own, its first key stands in.
            below = (item for item in self.items if _is_below(item, around))
            item = self._find(around) or next(below, None)
            if item is not None:
                return self.text.count("\n", 0, item.start) + 1
        return 0

    def put(self, path: Path, value: Any) -> TomlText:
        """Change the value at `path`, or add the key to its table, making the table if needed.

        Raises ValueError where the text is written in a way that leaves no place for it.
        """
        known = self._find(path)
        if known is not None:
            return self._spliced(known.value, known.end, rendered(value))
        parent = path[:-1]
        around = self._find(parent)
        if around is not None and not around.is_header:
            return self._put_inline(around, path, value)
        block = self._block(parent)
        if block:
            prefix = block[-1].prefix if not block[-1].is_header else len(parent)
            return self._line_after(block[-1], _pair(path[prefix:], value))
        header = "[" + ".".join(_key(part) for part in parent if isinstance(part, str)) + "]"
        owned = [
            item
            for item in self.items
            if parent[:-1] and _is_below(item, parent[:-1]) and not self._is_inline(item)
        ]
        lines = ["", header, _pair(path[-1:], value)]
        return self._line_after(owned[-1], *lines) if owned else self._at_end(*lines)

    def add_table(self, name: str, values: Mapping[str, Any]) -> TomlText:
        """Add one element to the array of tables `name`; nested mappings become its tables."""
        lines = ["", f"[[{name}]]"]
        lines += [_pair((k,), v) for k, v in values.items() if not isinstance(v, Mapping)]
        for key, inner in values.items():
            if isinstance(inner, Mapping) and inner:
                lines += [f"[{name}.{_key(key)}]", *(_pair((k,), v) for k, v in inner.items())]
        return self._at_end(*lines)

    def remove(self, path: Path) -> TomlText:
        """Take out a key with its line, or a table with everything below it.

        Comments above it stay. Raises ValueError inside an inline table.
        """
        doomed = [item for item in self.items if _is_below(item, path)]
        if not doomed or self._is_inline(doomed[0]):
            raise ValueError(f"{path[-1]} cannot be taken out of this text")
        start = self.text.rfind("\n", 0, doomed[0].start) + 1
        end = self._line_end(max(item.end for item in doomed))
        before = self.text[:start]
        after = self.text[end:]
        if before.endswith(("\n\n", "\r\n\r\n")) or not before:
            after = after.removeprefix("\r\n").removeprefix("\n")
        return TomlText(before + after)

    # -- edits -----------------------------------------------------------------------------------

    def _find(self, path: Path) -> Item | None:
        return next((item for item in self.items if item.path == path), None)

    def _block(self, parent: Path) -> list[Item]:
        """The header of a table and its keys, or the dotted keys that make it without a header."""
        block: list[Item] = []
        for item in self.items:
            is_key_of_it = (
                not item.is_header
                and item.prefix <= len(parent) < len(item.path)
                and item.path[: len(parent)] == parent
            )
            if is_key_of_it or (item.is_header and item.path == parent):
                block.append(item)
        headed = [item for item in block if item.is_header or item.prefix == len(parent)]
        return headed if headed and headed[0].is_header else block

    def _put_inline(self, table: Item, path: Path, value: Any) -> TomlText:
        if self.text[table.value] != "{":
            raise ValueError(f"{path[-2]} is no table")
        inside = self.text[table.value + 1 : table.end - 1].rstrip()
        pair = _pair(path[-1:], value)
        body = f"{inside}, {pair} " if inside.strip() else f" {pair} "
        return self._spliced(table.value + 1, table.end - 1, body)

    def _is_inline(self, item: Item) -> bool:
        line = self.text[self.text.rfind("\n", 0, item.start) + 1 : item.start]
        return bool(line.strip())

    def _line_after(self, item: Item, *lines: str) -> TomlText:
        at = self._line_end(item.end)
        begin = self.text.rfind("\n", 0, item.start) + 1
        indent = self.text[begin : item.start]
        block = self._joined([indent + line if line else "" for line in lines])
        if at and self.text[at - 1] != "\n":
            block = self._newline + block
        return self._spliced(at, at, block)

    def _at_end(self, *lines: str) -> TomlText:
        text = self.text
        if text and not text.endswith("\n"):
            text += self._newline
        return TomlText(text + self._joined(list(lines) if text.strip() else list(lines[1:])))

    def _joined(self, lines: list[str]) -> str:
        return "".join(line + self._newline for line in lines)

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _line_end(self, at: int) -> int:
        newline = self.text.find("\n", at)
        return len(self.text) if newline < 0 else newline + 1

    def _spliced(self, start: int, end: int, piece: str) -> TomlText:
        return TomlText(self.text[:start] + piece + self.text[end:])

    # -- the scanner -----------------------------------------------------------------------------

    def _scan(self) -> None:
        table: Path = ()
        while self._skip(_BLANK) < len(self.text):
            table = self._header() if self.text[self._at] == "[" else self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self._at)
        if found is None:  # unreachable in valid TOML; an endless loop would be worse
            raise ValueError(f"no TOML at offset {self._at}")
        self._at = found.end()
        return self._at

    def _header(self) -> Path:
        start = self._at
        brackets = 2 if self.text.startswith("[[", start) else 1
        self._at += brackets
        path: Path = ()
        keys = self._keys()
        for position, key in enumerate(keys):
            path = (*path, key)
            is_last = position == len(keys) - 1
            if is_last and brackets == 2:
                self._lengths[path] = self._lengths.get(path, 0) + 1
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        self._at += brackets
        self.items.append(Item(path, start, self._at, self._at, len(path), is_header=True))
        return path

    def _pair(self, table: Path) -> Path:
        start = self._at
        path = (*table, *self._keys())
        self._at += 1  # the equals sign
        value = self._skip(_SPACES)
        place = len(self.items)
        self._value(path)
        self.items.insert(place, Item(path, start, value, self._at, len(table)))
        return table

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            start = self._skip(_SPACES)
            if self.text[start] in "\"'":
                self._skip(_STRING)
                keys.append(tomllib.loads(f"k={self.text[start : self._at]}")["k"])
            else:
                self._skip(_BARE_KEY)
                keys.append(self.text[start : self._at])
            self._skip(_SPACES)
            if self.text[self._at] != ".":
                return keys
            self._at += 1

    def _value(self, path: Path) -> None:
        opening = self.text[self._at]
        if opening in "\"'":
            self._skip(_STRING)
        elif opening in "[{":
            self._at += 1
            count = 0
            while self.text[self._skip(_BLANK)] not in "]}":
                if self.text[self._at] == ",":
                    self._at += 1
                elif opening == "[":
                    self._value((*path, count))
                    count += 1
                else:
                    self._pair(path)
            self._at += 1
        else:
            self._skip(_SCALAR)


def rendered(value: Any) -> str:
    """A value as TOML. Decimals keep their digits. Raises ValueError for a foreign type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple | list):
        return "[" + ", ".join(rendered(element) for element in value) + "]"
    raise ValueError(f"{type(value).__name__} has no place in a settings file")


def _pair(path: Path, value: Any) -> str:
    return f"{'.'.join(_key(part) for part in path)} = {rendered(value)}"


def _key(part: str | int) -> str:
    text = str(part)
    return text if _BARE_KEY.fullmatch(text) else rendered(text)


def _is_below(item: Item, path: Path) -> bool:
    return item.path[: len(path)] == path

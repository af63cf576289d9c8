"""Edits of a TOML text: the change is made, and every other byte stays."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.toml_text import Path, TomlText, rendered

TEXT = '''\
# top
title = "a # in a string"  # why

[general]
theme = "dark"   # a colour
list = [
  1,  # one
  { x = 1, "y z" = [2] },
]
deep.er = """
[not.a.table]
"""
# end of general

# about the table
["odd key".sub]
when = 1979-05-27 07:32:00  # a moment
path = 'C:\\temp'

[[connection]]
id = "one"
settings = { port = 1, host = "h" }  # inline

# the second
[[connection]]
id = "two"
  [connection.settings]  # indented
  port = 7_497  # TWS
# tail
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("general",), 4),
        (("general", "theme"), 5),
        (("general", "list", 1, "y z"), 8),
        (("general", "deep", "er"), 10),
        (("general", "missing"), 4),
        (("odd key", "sub", "when"), 17),
        (("odd key", "sub", "path"), 18),
        (("connection", 0), 20),
        (("connection", 0, "settings", "host"), 22),
        (("connection", 1, "id"), 26),
        (("connection", 1, "settings", "port"), 28),
        (("connection", 1, "settings", "missing"), 27),
        (("nowhere", "at all"), 0),
    ],
)
def test_lines_are_found(path: Path, line: int) -> None:
    assert TomlText(TEXT).line_of(path) == line


def changed_lines(after: str, before: str = TEXT) -> tuple[list[str], list[str]]:
    """Lines that went, lines that came; everything around them is the same."""
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return old, new


@pytest.mark.parametrize(
    ("path", "value", "went", "came"),
    [
        (("title",), "b", ['title = "a # in a string"  # why'], ['title = "b"  # why']),
        (
            ("general", "theme"),
            "light",
            ['theme = "dark"   # a colour'],
            ['theme = "light"   # a colour'],
        ),
        (
            ("connection", 1, "settings", "port"),
            4001,
            ["  port = 7_497  # TWS"],
            ["  port = 4001  # TWS"],
        ),
        (("connection", 1, "settings", "host"), "x", [], ['  host = "x"']),
        (("connection", 1, "read_only"), True, [], ["read_only = true"]),
        (
            ("connection", 0, "settings", "port"),
            2,
            ['settings = { port = 1, host = "h" }  # inline'],
            ['settings = { port = 2, host = "h" }  # inline'],
        ),
        (
            ("connection", 0, "settings", "new"),
            2,
            ['settings = { port = 1, host = "h" }  # inline'],
            ['settings = { port = 1, host = "h", new = 2 }  # inline'],
        ),
        (("connection", 0, "risk", "x"), 1, [], ["[connection.risk]", "x = 1", ""]),
        (("general", "new"), (Decimal("0.50"), Decimal(3)), [], ["new = [0.50, 3]"]),
        (("odd key", "sub", "a b"), False, [], ['"a b" = false']),
        (("fresh", "one"), 1.5, [], ["", "[fresh]", "one = 1.5"]),
    ],
)
def test_an_edit_changes_its_own_lines_only(
    path: Path, value: Any, went: list[str], came: list[str]
) -> None:
    after = TomlText(TEXT).put(path, value).text
    assert changed_lines(after) == (went, came)
    assert follow(tomllib.loads(after, parse_float=Decimal), path) == (
        list(value) if isinstance(value, tuple) else value
    )


def follow(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def test_dotted_keys_get_their_like_beside_them() -> None:
    text = 'general.theme = "dark"\nother = 1\n\n[trading]\nx = 1\n'
    after = TomlText(text).put(("general", "confirm"), True).text
    assert changed_lines(after, text) == ([], ["general.confirm = true"])
    assert tomllib.loads(after)["general"] == {"theme": "dark", "confirm": True}


@pytest.mark.parametrize("text", ["", "\n", "# only words", "[general]", "[general]\r\na = 1\r\n"])
def test_small_and_foreign_texts_take_edits(text: str) -> None:
    after = TomlText(text).put(("general", "theme"), "dark")
    after = after.add_table("connection", {"id": "x", "settings": {"port": 1}})
    data = tomllib.loads(after.text)
    assert data["general"]["theme"] == "dark"
    assert data["connection"] == [{"id": "x", "settings": {"port": 1}}]
    assert all(line in after.text for line in text.splitlines())
    if "\r\n" in text:
        assert after.text.count("\n") == after.text.count("\r\n")


def test_an_empty_inline_table_takes_a_key() -> None:
    assert TomlText("a = {}\n").put(("a", "b"), 1).text == "a = { b = 1 }\n"


@pytest.mark.parametrize("text", ["a = 1\n", "a = [1]\n"])
def test_what_is_no_table_takes_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="a is no table"):
        TomlText(text).put(("a", "b"), 1)


def test_a_table_goes_with_what_belongs_to_it_and_nothing_else() -> None:
    after = TomlText(TEXT).remove(("connection", 1)).text
    went, came = changed_lines(after)
    assert went == TEXT.splitlines()[24:28]
    assert came == []
    first = TomlText(TEXT).remove(("connection", 0)).text
    assert "# the second" in first
    assert [c["id"] for c in tomllib.loads(first)["connection"]] == ["two"]


def test_a_key_goes_with_its_line() -> None:
    after = TomlText(TEXT).remove(("connection", 1, "settings", "port")).text
    assert changed_lines(after) == (["  port = 7_497  # TWS"], [])


@pytest.mark.parametrize(
    "path", [("connection", 0, "settings", "port"), ("nowhere",), ("connection", 7)]
)
def test_what_has_no_line_of_its_own_cannot_go(path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be taken out"):
        TomlText(TEXT).remove(path)


@given(
    st.recursive(
        st.text()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.decimals(allow_nan=False, allow_infinity=False, places=8),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=5,
    )
)
def test_every_value_is_read_back(value: Any) -> None:
    if "\ud800" <= max(str(value), default="") <= "\udfff":
        return  # no TOML file can hold half a character
    back = tomllib.loads(f"v = {rendered(value)}\n", parse_float=Decimal)["v"]
    assert _as_decimals(back) == _as_decimals(value)


def _as_decimals(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_decimals(part) for part in value]
    if isinstance(value, float):
        return Decimal(repr(value))
    return value


def test_foreign_values_are_refused() -> None:
    with pytest.raises(ValueError, match="object has no place"):
        rendered(object())

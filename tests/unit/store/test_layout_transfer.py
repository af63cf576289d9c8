"""Layouts for another machine: nothing of an account in them, refused whole where one is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import UserError
from app.store import layout_transfer
from app.store.layout_transfer import as_text, read_file

WORDS = "AAAA/w=="
MINE: dict[str, Any] = {
    "geometry": WORDS,
    "docks": WORDS,
    "scale": 100,
    "panels": {
        "watchlist": {"table": {"sort": 1}, "symbols": [{"connection": "ib"}], "seeded": True},
        "journal": {"filters": {"account": "U123"}},
        "positions": {"folded": [["U123"]], "group_by": "account"},
    },
    "links": {"chart-2": "b"},
    "extra": [{"id": "chart-2", "kind": "chart"}],
    "windows": [{"number": 2, "panels": ["chart-2"], "docks": WORDS}],
    "own": {"own:chart": {"account": "U123"}},
}


def kept(tmp_path: Path, content: object) -> Path:
    file = tmp_path / "layouts.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return file


def test_what_is_exported_comes_back_without_what_is_chosen_in_it(tmp_path: Path) -> None:
    text = as_text({"Mine": MINE, "Zwei Bildschirme": {"docks": WORDS}})
    assert "U123" not in text
    assert "symbols" not in text
    back = read_file(kept(tmp_path, text))
    assert list(back) == ["Mine", "Zwei Bildschirme"]
    mine = back["Mine"]
    assert mine["panels"]["watchlist"] == {"table": {"sort": 1}}
    assert mine["panels"]["positions"] == {"group_by": "account"}
    same = ("geometry", "docks", "scale", "links", "extra", "windows")
    assert {key: mine[key] for key in same} == {key: MINE[key] for key in same}
    assert as_text(back) == text


def of(*layouts: object, version: object = 1) -> dict[str, object]:
    return {"moorgate-layouts": version, "layouts": list(layouts)}


def entry(name: object = "Mine", **changes: object) -> dict[str, object]:
    return {"name": name, "layout": {"docks": WORDS, **changes}}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is broken"),
        (as_text({"Mine": MINE})[:-40], "is broken"),
        ("\x00\x01\x02", "is broken"),
        ("[" * 100_000, "is broken"),
        ("9" * 10_000, "is broken"),
        ([], "holds no layouts that Moorgate exported"),
        ({"format": 1, "name": "x"}, "holds no layouts that Moorgate exported"),
        (of(entry(), version=2), "by a newer Moorgate"),
        (of(entry(), version=0), "found 0"),
        (of(entry(), version=True), "found True"),
        (of(entry(), version="1"), "found '1'"),
        (of(), "it holds no layout"),
        ({"moorgate-layouts": 1, "layouts": {}}, "it holds no layout"),
        (of(*(entry(f"n{n}") for n in range(101))), "at most 100"),
        (of(entry(), 5), "layout 2 has no name"),
        (of(entry(7)), "layout 1 has no name"),
        (of(entry("a\nb")), "layout 1: a layout's name has 1 to 60"),
        (of(entry("Mine"), entry(" mINE")), "layout 2: there are two called mINE"),
        (of({"name": "Mine", "layout": 1}), "layout 1 (Mine) holds no arrangement"),
        (of({"name": "Mine", "layout": {}}), "does not say where panels stand"),
        (of(entry(docks="§§")), "docks is damaged"),
        (of(entry(docks="")), "docks is damaged"),
        (of(entry(geometry=5)), "geometry is damaged"),
        (of(entry(panels=[])), "panels is not what it should be"),
        (of(entry(windows={})), "windows is not what it should be"),
        (of(entry(windows=[2])), "a window is not what it should be"),
        (of(entry(windows=[{"number": 2}])), "does not say where panels stand"),
        (of(entry(windows=[{}] * 17)), "more than 16 windows"),
    ],
)
def test_one_mistake_refuses_the_whole_file_in_a_sentence(
    tmp_path: Path, content: object, told: str
) -> None:
    file = kept(tmp_path, content)
    before = file.read_bytes()
    with pytest.raises(UserError) as refused:
        read_file(file)
    assert told in str(refused.value)
    assert str(file) in str(refused.value)
    assert file.read_bytes() == before


def test_a_file_that_cannot_be_read_and_one_that_is_far_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_file(tmp_path)
    monkeypatch.setattr(layout_transfer, "LARGEST_BYTES", 10)
    with pytest.raises(UserError, match="larger than any file of layouts"):
        read_file(kept(tmp_path, of(entry())))


def test_panels_that_are_none_are_left_out(tmp_path: Path) -> None:
    back = read_file(kept(tmp_path, of(entry(panels={"chart": 5}))))
    assert back["Mine"]["panels"] == {"chart": {}}

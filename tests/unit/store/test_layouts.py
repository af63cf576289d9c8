"""Layouts by name: any name, one file each, broken ones kept aside."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.base.errors import StoreError, UserError
from app.store.layouts import Layouts

LAYOUT = {"docks": "AAAA", "panels": {"chart": {"timeframe": "1m"}}}


@pytest.fixture
def layouts(tmp_path: Path) -> Layouts:
    folder = tmp_path / "layouts"
    folder.mkdir()
    return Layouts(folder)


def test_a_layout_comes_back(layouts: Layouts, tmp_path: Path) -> None:
    layouts.save("Morning", LAYOUT)
    assert Layouts(tmp_path / "layouts").load("Morning") == LAYOUT
    layouts.save("Morning", {})
    assert layouts.load("Morning") == {}
    assert layouts.load("Evening") is None


@pytest.mark.parametrize(
    "name", ["a/b", "../up", "con", "NUL", "aux.x", "ends.", "Größe 2", "a:b*c?", ".", "x" * 60]
)
def test_any_name_is_one_file_in_the_folder(layouts: Layouts, tmp_path: Path, name: str) -> None:
    layouts.save(name, LAYOUT)
    assert layouts.load(name) == LAYOUT
    assert layouts.names() == [name]
    (file,) = (tmp_path / "layouts").iterdir()
    assert file.suffix == ".json"
    assert file.stem.split(".", maxsplit=1)[0] not in {"con", "nul", "aux", ""}
    assert [path.name for path in tmp_path.iterdir()] == ["layouts"]


def test_names_that_differ_in_case_are_one_layout(layouts: Layouts) -> None:
    layouts.save("Day", {"n": 1})
    layouts.save("  day ", {"n": 2})
    assert layouts.names() == ["day"]
    assert layouts.load("DAY") == {"n": 2}


def test_names_are_sorted_for_people(layouts: Layouts) -> None:
    for name in ("b", "A", "c"):
        layouts.save(name, LAYOUT)
    assert layouts.names() == ["A", "b", "c"]
    layouts.remove("A")
    layouts.remove("A")
    assert layouts.names() == ["b", "c"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\nb"])
def test_unusable_names_are_refused(layouts: Layouts, name: str) -> None:
    for call in (layouts.load, layouts.remove):
        with pytest.raises(UserError, match="1 to 60 printable characters"):
            call(name)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"layout": 5}', '{"layout": {}}', "\xff", "[" * 100_000]
)
def test_a_broken_file_is_kept_aside(layouts: Layouts, tmp_path: Path, text: str) -> None:
    file = tmp_path / "layouts" / "day.json"
    for aside in ("day.broken", "day.broken2"):
        file.write_bytes(text.encode("latin-1"))
        assert layouts.names() == ["day"]  # so that somebody can ask for it and be told
        with pytest.raises(StoreError, match=f"is broken .* kept aside as {aside}"):
            layouts.load("Day")
        assert (tmp_path / "layouts" / aside).read_bytes() == text.encode("latin-1")
        assert layouts.load("Day") is None


def test_a_newer_file_stays(layouts: Layouts, tmp_path: Path) -> None:
    file = tmp_path / "layouts" / "day.json"
    text = json.dumps({"format": 2, "name": "Day", "layout": {"new": True}})
    file.write_text(text)
    assert layouts.names() == ["Day"]
    with pytest.raises(StoreError, match="saved by a newer Moorgate"):
        layouts.load("Day")
    assert file.read_text() == text
    for number, aside in enumerate(("day.kept", "day.kept2")):
        layouts.save("Day", {"n": number})
        assert layouts.load("Day") == {"n": number}
        assert (file.parent / aside).read_text() == text
        file.write_text(text)
        with pytest.raises(StoreError, match="saved by a newer Moorgate"):
            layouts.load("Day")


def test_one_that_could_be_read_and_not_be_shown_is_not_lost(
    layouts: Layouts, tmp_path: Path
) -> None:
    layouts.save("last", {"n": 1})
    layouts.keep("last")
    assert layouts.load("last") == {"n": 1}
    for number in (2, 3):
        layouts.save("last", {"n": number})
    assert json.loads((tmp_path / "layouts" / "last.kept").read_text())["layout"] == {"n": 1}
    assert not (tmp_path / "layouts" / "last.kept2").exists()


def test_a_file_nobody_may_read_is_put_aside_and_not_lost(
    layouts: Layouts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "layouts" / "last.json"
    layouts.save("last", {"n": 1})
    text = file.read_text()

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)  # chmod would not stop the administrator
        assert layouts.names() == ["last"]
        with pytest.raises(StoreError, match=r"cannot be read \(Permission denied\)"):
            layouts.load("last")
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", lambda *_: refuse(file))
        with pytest.raises(StoreError, match="cannot be put aside"):
            layouts.save("last", {"n": 2})
    assert file.read_text() == text
    layouts.save("last", {"n": 2})
    assert (tmp_path / "layouts" / "last.kept").read_text() == text
    assert layouts.load("last") == {"n": 2}
    file.unlink()
    layouts._foreign.add(file)
    layouts.save("last", {"n": 3})
    assert layouts.load("last") == {"n": 3}


def test_files_that_are_no_layouts_by_their_names_are_passed_over(
    layouts: Layouts, tmp_path: Path
) -> None:
    for name in ("Upper.json", "%0A.json", ".hidden.json", f"{'x' * 70}.json"):
        (tmp_path / "layouts" / name).write_text("{")
    assert layouts.names() == []


def test_what_the_system_refuses_is_told(layouts: Layouts, tmp_path: Path) -> None:
    (tmp_path / "layouts" / "day.json").mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        layouts.load("Day")
    with pytest.raises(StoreError, match="cannot be removed"):
        layouts.remove("Day")
    layouts.save("Day", LAYOUT)  # what cannot be read is put aside, be it a folder
    assert layouts.load("Day") == LAYOUT
    (tmp_path / "layouts" / "night.json").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        layouts.save("Night", LAYOUT)
    assert layouts.names() == ["Day", "night"]
    with pytest.raises(StoreError, match="cannot be written"):
        Layouts(tmp_path / "nowhere").save("Day", LAYOUT)


def test_a_broken_file_that_cannot_be_moved_stays(
    layouts: Layouts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "layouts" / "day.json"
    file.write_text("{")

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StoreError, match="could not be moved aside"):
        layouts.load("Day")
    assert file.read_text() == "{"


def test_what_a_killed_program_left_behind_is_swept_up(layouts: Layouts, tmp_path: Path) -> None:
    folder = tmp_path / "layouts"
    layouts.save("last", LAYOUT)
    for name in (".last.json.old", ".last.json.new"):
        (folder / name).write_text("{")
    os.utime(folder / ".last.json.old", (1, 1))
    os.utime(folder / "last.json", (1, 1))
    layouts.sweep()
    assert {path.name for path in folder.iterdir()} == {"last.json", ".last.json.new"}

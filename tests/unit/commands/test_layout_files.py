"""Layouts to a file and from one: nothing is replaced unasked, and all can be taken back. No Qt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from app.base.errors import UserError
from app.commands import layout_files
from app.commands.context import CommandContext
from app.commands.layout_book import LAST, LayoutBook
from app.commands.undo import UndoStack
from app.domain.reports import Severity
from app.store.layout_transfer import as_text
from app.store.layouts import Layouts
from tests.doubles.loop import run_async

ONE, TWO, THREE = ({"docks": words} for words in ("AAAA", "BBBB", "CCCC"))


class Room:
    """The desk as far as layouts need it: the program's book in a folder, a window in words."""

    def __init__(self, folder: Path) -> None:
        home = folder / "layouts"
        home.mkdir()
        self.store, self.file = Layouts(home), folder / "file.json"
        self.book = LayoutBook(self.store, ("Day", "Scalp"))
        self.shell = self.arrangement = self
        self.undo = UndoStack(self.notify, lambda: "Ctrl+Z")
        self.said: list[tuple[Severity, str]] = []
        self.asked: list[str] = []
        self.suggested: list[str] = []
        self.touched: list[bool] = []
        self.says_yes, self.chooses = True, True
        self.running: list[asyncio.Future[Any]] = []

    @property
    def layout(self) -> str:
        return self.book.current

    def is_modified(self) -> bool:
        return self.book.is_modified

    def layouts(self) -> list[str]:
        return self.book.names()

    def capture(self) -> dict[str, Any]:
        return {**THREE, "own": {"own:chart": {"account": "U123"}}}

    def list_layouts(self, *, is_shown_touched: bool) -> None:
        self.touched.append(is_shown_touched)

    def notify(self, severity: Severity, text: str) -> None:
        self.said.append((severity, text))

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> object:
        self.running.append(asyncio.ensure_future(work))
        return self.running[-1]

    async def choose_file(self, _title: str, _kinds: str, *, suggested_name: str = "") -> Any:
        self.suggested.append(suggested_name)
        return self.file if self.chooses else None

    async def confirm(self, _title: str, question: str, lines: Sequence[str], _deed: str) -> bool:
        self.asked += [question, *lines]
        return self.says_yes

    def on_disk(self) -> dict[str, Any]:
        return {name: self.store.load(name) for name in self.store.names()}

    def do(self, command: Any) -> str:
        run_async(command(cast(CommandContext, self)))
        return self.said[-1][1] if self.said else ""

    def take_back(self) -> None:
        async def undone() -> None:
            assert self.undo.undo()
            await asyncio.gather(*self.running)

        run_async(undone())


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_all_that_is_saved_goes_to_one_file_and_comes_back_elsewhere(
    room: Room, tmp_path: Path
) -> None:
    room.book.save("Mine", ONE)
    room.book.save("Day", TWO)
    room.store.save(LAST, THREE)
    (tmp_path / "layouts" / "torn.json").write_text("{", encoding="utf-8")
    assert room.do(layout_files.export_all) == f"Exported Day, Mine to {room.file}"
    assert room.suggested == ["moorgate-layouts.json"]
    [left_out] = [text for severity, text in room.said if severity is Severity.WARNING]
    assert left_out.startswith("Left out: the layout")
    (tmp_path / "other").mkdir()
    other = Room(tmp_path / "other")
    other.file = room.file
    other.says_yes = True
    other.do(layout_files.import_layouts)
    assert other.on_disk() == {"Day": TWO, "Mine": ONE}
    assert "Replaced: Day" in other.asked  # it comes along, so there is one called so
    assert "New: Mine" in other.asked


def test_the_layout_that_is_shown_goes_as_it_stands(room: Room) -> None:
    room.do(layout_files.export_shown)
    assert room.suggested == ["moorgate-layout-Day.json"]
    [entry] = json.loads(room.file.read_text("utf-8"))["layouts"]
    assert entry == {"name": "Day", "layout": THREE}
    assert room.on_disk() == {}


def test_nothing_saved_and_no_file_chosen(room: Room) -> None:
    with pytest.raises(UserError, match="no layout is saved yet"):
        room.do(layout_files.export_all)
    room.chooses = False
    room.do(layout_files.export_shown)
    room.do(layout_files.import_layouts)
    assert not room.file.exists()
    assert room.said == []


def test_new_ones_come_without_a_question_and_go_again(room: Room) -> None:
    room.file.write_text(as_text({"Fresh": ONE, "Other": TWO}), encoding="utf-8")
    said = room.do(layout_files.import_layouts)
    assert said == "Imported Fresh, Other. Ctrl+Z brings it back"
    assert room.asked == []
    assert room.on_disk() == {"Fresh": ONE, "Other": TWO}
    room.book.enter("Fresh")
    room.take_back()
    assert room.on_disk() == {}
    # What is shown of one that is gone counts as a change of the first.
    assert (room.book.current, room.book.is_modified) == ("Day", True)
    assert room.touched == [False, True]


def test_what_is_there_is_replaced_after_a_question_only_and_comes_back(room: Room) -> None:
    room.book.save("Other", TWO)
    room.book.is_modified = True
    room.book.leave(THREE)
    room.book.save("Mine", ONE)
    room.file.write_text(as_text({"mine": TWO, "OTHER": ONE, "New": ONE}), encoding="utf-8")
    room.says_yes = False
    assert "called off, nothing was changed" in room.do(layout_files.import_layouts)
    assert room.asked[1:] == ["Replaced: Mine", "Replaced: Other", "New: New"]
    assert room.on_disk() == {"Mine": ONE, "Other": TWO}
    room.says_yes = True
    room.do(layout_files.import_layouts)
    assert room.on_disk() == {"Mine": TWO, "New": ONE, "Other": ONE}
    assert room.is_modified()  # the window stands as before, and the file is another
    assert room.book.to_json()["working"] == {}
    room.take_back()
    assert room.on_disk() == {"Mine": ONE, "Other": TWO}
    assert not room.is_modified()
    assert room.book.to_json()["working"] == {"Other": THREE}
    assert room.touched == [True, True]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is broken"),
        (as_text({LAST: ONE}), "is what Moorgate keeps of its last end"),
        (as_text({"Mine": ONE}).replace(": 1,", ": 2,", 1), "newer Moorgate"),
    ],
)
def test_a_wrong_file_changes_nothing(room: Room, text: str, told: str) -> None:
    room.book.save("Mine", TWO)
    room.file.write_text(text, encoding="utf-8")
    said = room.do(layout_files.import_layouts)
    assert said.startswith("Import Layouts: nothing was changed.")
    assert told in said
    assert room.on_disk() == {"Mine": TWO}
    assert not room.undo.text


def test_a_disk_that_refuses_in_the_middle_leaves_all_as_it_was(room: Room, tmp_path: Path) -> None:
    room.book.save("Mine", TWO)
    (tmp_path / "layouts" / "bad.json").mkdir()  # cannot be read as a file, nor replaced by one
    room.file.write_text(as_text({"Mine": ONE, "Fresh": ONE, "Bad": ONE}), encoding="utf-8")
    said = room.do(layout_files.import_layouts)
    assert said.startswith("Import Layouts: nothing was changed.")
    assert "bad.json" in said
    (tmp_path / "layouts" / "bad.json").rmdir()
    assert room.on_disk() == {"Mine": TWO}
    assert not room.undo.text

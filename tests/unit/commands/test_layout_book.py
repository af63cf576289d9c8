"""Which layouts there are, and that switching between them loses nothing. No Qt."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.base.errors import StoreError, UserError
from app.commands.layout_book import LAST, LayoutBook
from app.store.layouts import Layouts

SHIPPED = ("Day", "Scalp")
ONE, TWO = {"docks": "one"}, {"docks": "two"}


@pytest.fixture
def store(tmp_path: Path) -> Layouts:
    return Layouts(tmp_path)


@pytest.fixture
def book(store: Layouts) -> LayoutBook:
    return LayoutBook(store, SHIPPED)


def test_it_begins_with_what_comes_along(book: LayoutBook) -> None:
    assert book.names() == ["Day", "Scalp"]
    assert book.current == "Day"
    assert not book.is_modified
    assert book.comes_along("Scalp")
    assert not book.comes_along("Mine")


def test_own_layouts_follow_by_name_and_the_last_end_is_none(
    book: LayoutBook, store: Layouts
) -> None:
    store.save(LAST, ONE)
    book.save("zebra", ONE)
    book.save("Ape", TWO)
    assert book.names() == ["Day", "Scalp", "Ape", "zebra"]
    assert book.current == "Ape"


@pytest.mark.parametrize("name", ["last", " LAST ", "", "x" * 61, "a\nb"])
def test_names_that_cannot_be(book: LayoutBook, name: str) -> None:
    with pytest.raises(UserError):
        book.save(name, ONE)
    assert book.current == "Day"


def test_switching_keeps_what_is_not_saved(book: LayoutBook) -> None:
    book.is_modified = True
    book.leave(ONE)
    entered = book.enter("Scalp")
    assert (entered.name, entered.state, entered.is_modified) == ("Scalp", None, False)
    book.leave(TWO)  # nothing was changed here: it is found again as it comes
    back = book.enter("Day")
    assert (back.state, back.is_modified) == (ONE, True)
    assert book.is_modified
    book.leave(ONE)
    assert book.enter("Scalp").state is None


def test_saving_is_what_reset_goes_back_to(book: LayoutBook) -> None:
    book.save("Mine", ONE)
    book.is_modified = True
    book.leave(TWO)
    assert book.enter("Mine").state == TWO
    assert book.reset().state == ONE
    assert not book.is_modified


def test_what_comes_along_can_be_saved_over_and_comes_back_when_that_is_deleted(
    book: LayoutBook,
) -> None:
    book.save("Day", ONE)
    assert book.names() == ["Day", "Scalp"]
    assert book.reset().state == ONE
    assert book.delete() == ONE
    assert book.enter("Day").state is None
    with pytest.raises(UserError, match="comes with Moorgate"):
        book.delete()


def test_a_deletion_can_be_taken_back(book: LayoutBook) -> None:
    book.save("Mine", ONE)
    saved = book.delete()
    assert book.names() == ["Day", "Scalp"]
    with pytest.raises(UserError, match="no layout 'Mine'"):
        book.enter("Mine")
    book.restore("Mine", saved)
    assert book.enter("Mine").state == ONE


def test_a_broken_file_gives_another_layout_and_says_why(book: LayoutBook, tmp_path: Path) -> None:
    book.save("Mine", ONE)
    book.save("Scalp", TWO)
    names = book.names()
    for file in tmp_path.glob("*.json"):
        text = file.read_text()
        file.write_text(text.replace('"layout"', '"lay"'))
    assert book.names() == names  # they are known by name until somebody asks for them
    entered = book.enter("Mine")
    assert entered.name == "Day"
    assert entered.state is None
    assert "broken" in entered.problem
    assert "kept aside" in entered.problem
    assert (tmp_path / "mine.broken").exists()
    assert book.current == "Day"
    scalp = book.enter("Scalp")
    assert (scalp.name, scalp.state) == ("Scalp", None)
    assert "broken" in scalp.problem


def test_a_layout_that_is_gone_since_it_was_listed(book: LayoutBook, tmp_path: Path) -> None:
    book.save("Mine", ONE)
    (tmp_path / "mine.json").unlink()
    entered = book.reset()
    assert entered.name == "Day"
    assert entered.problem == "The layout Mine is gone"


def test_the_next_start_knows_what_this_one_did(store: Layouts, book: LayoutBook) -> None:
    book.save("Mine", ONE)
    book.enter("Day")
    book.is_modified = True
    book.leave(TWO)
    book.enter("Mine")
    book.is_modified = True
    again = LayoutBook(store, SHIPPED)
    again.take_json(book.to_json())
    assert (again.current, again.is_modified) == ("Mine", True)
    assert again.enter("Day").state == TWO


@pytest.mark.parametrize("stored", [
    None, [], {"working": [1]}, {"working": {"Day": 3, "Gone": {}}},
    {"current": 7, "modified": True},
])  # fmt: skip
def test_what_cannot_be_read_is_left_out(book: LayoutBook, stored: object) -> None:
    book.take_json(stored)
    assert book.current == "Day"
    assert not book.is_modified
    assert book.enter("Scalp").state is None
    assert book.enter("Day").state is None


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    book = LayoutBook(Layouts(tmp_path / "no" / "folder"), SHIPPED)
    with pytest.raises(StoreError):
        book.save("Mine", ONE)
    assert book.current == "Day"


def test_what_was_shown_and_is_gone_counts_as_a_change_of_the_first(
    store: Layouts, book: LayoutBook
) -> None:
    book.save("Mine", {"n": 1})
    stored = book.to_json()
    again = LayoutBook(store, ("Day", "Scalp"))
    assert again.take_json({**stored, "current": "MINE"}) == ""
    assert (again.current, again.is_modified) == ("Mine", False)
    store.remove("Mine")
    again = LayoutBook(store, ("Day", "Scalp"))
    assert "The layout Mine is gone" in again.take_json(stored)
    assert (again.current, again.is_modified) == ("Day", True)

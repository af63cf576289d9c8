"""Every entry of a menu has a letter of its own, as long as there are any."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.commands.catalog import MENUS
from app.commands.mnemonics import with_mnemonics


def letters(marked: list[str]) -> list[str]:
    """The letters that are underlined, in order; nothing for who has none."""
    plain = [text.replace("&&", "") for text in marked]
    return [text[text.index("&") + 1].casefold() for text in plain if "&" in text]


def test_the_menu_bar_needs_no_second_press() -> None:
    marked = with_mnemonics(MENUS)
    assert len(set(letters(marked))) == len(MENUS)
    assert marked[0] == "&File"


def test_initials_come_first_and_then_letters_inside() -> None:
    assert with_mnemonics(["Save", "Save As", "Send"]) == ["&Save", "Save &As", "S&end"]


def test_one_moves_on_for_another_that_has_no_choice() -> None:
    assert with_mnemonics(["Day", "Date", "D"]) == ["D&ay", "Da&te", "&D"]
    assert len(letters(with_mnemonics(["ab", "bc", "ca", "abc", "c"]))) == 3


def test_figures_serve_too_and_a_sign_of_its_own_is_kept() -> None:
    assert with_mnemonics(["Layout 1", "Layout 2", "P&L"]) == ["&Layout 1", "Layout &2", "&P&&L"]


def test_who_finds_none_goes_without() -> None:
    assert with_mnemonics(["a", "A", "…"]) == ["&a", "A", "…"]


@given(st.lists(st.text(alphabet="abcXYZ 12&…", min_size=1, max_size=8), max_size=20))
def test_no_letter_is_given_twice_and_no_title_changes(titles: list[str]) -> None:
    marked = with_mnemonics(titles)
    assert len(letters(marked)) == len(set(letters(marked)))
    back = [text.replace("&&", "\0").replace("&", "").replace("\0", "&") for text in marked]
    assert back == titles

"""How the room of a window is divided among the panels of a layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.workspaces import divide

entries = st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 900)), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("whole", "shares", "least", "sizes"),
    [
        (1000, (3, 2), (100, 100), [600, 400]),
        (1000, (9, 1), (100, 260), [740, 260]),
        (1000, (6, 3, 1), (100, 300, 300), [400, 300, 300]),  # who gives is asked once more
        (300, (1, 1), (400, 200), [200, 100]),  # not enough for all: everybody gives
    ],
)
def test_shares_give_way_to_what_a_panel_needs(
    whole: int, shares: tuple[int, ...], least: tuple[int, ...], sizes: list[int]
) -> None:
    assert divide(whole, shares, least) == sizes


@given(st.integers(0, 4000), entries)
def test_nobody_gets_too_little_while_there_is_enough(
    whole: int, wanted: list[tuple[int, int]]
) -> None:
    shares, least = zip(*wanted, strict=True)
    sizes = divide(whole, shares, least)
    assert whole - len(sizes) < sum(sizes) <= whole  # less what rounding leaves
    if sum(least) < whole:
        assert all(size >= need for size, need in zip(sizes, least, strict=True))

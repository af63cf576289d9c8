"""Larger, smaller and as designed: steps that end where the settings end."""

from __future__ import annotations

import pytest

from app.commands.scale import STEPS, USUAL, next_step


@pytest.mark.parametrize(
    ("percent", "direction", "wanted"),
    [
        *((100, 1, 110), (100, -1, 90), (133, 1, 150), (133, -1, 125), (200, 1, None)),
        *((80, -1, None), (199, 1, 200), (81, -1, 80)),
    ],
)
def test_the_next_step_is_the_nearest_one(percent: int, direction: int, wanted: int | None) -> None:
    assert next_step(percent, direction) == wanted


def test_the_steps_are_what_the_settings_allow() -> None:
    assert (STEPS[0], STEPS[-1]) == (80, 200)
    assert USUAL in STEPS
    assert list(STEPS) == sorted(STEPS)

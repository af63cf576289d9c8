"""One press is one press, and modifiers from elsewhere do not count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.commands.held_keys import LOST_MS, HeldKeys

B, CTRL, ALT = 56, 1, 2


def press(keys: HeldKeys, key: int = B, at_ms: int = 0, *, repeat: bool = False) -> bool:
    return keys.press(key, at_ms, is_repeat=repeat)


def test_a_marked_repetition_is_no_press() -> None:
    keys = HeldKeys()
    assert press(keys)
    assert not press(keys, repeat=True)
    keys.release(B, 100)
    assert press(keys, at_ms=160)


def test_an_unmarked_repetition_is_no_press_either() -> None:
    keys = HeldKeys()
    assert press(keys)
    assert not press(keys, at_ms=30)


def test_a_release_and_a_press_of_the_same_moment_are_one_key_held_down() -> None:
    """X11 sends repetitions in such pairs; the second half may be read too late to be marked."""
    keys = HeldKeys()
    assert press(keys, at_ms=0)
    keys.release(B, 500)
    assert not press(keys, at_ms=500)
    keys.release(B, 530)
    assert press(keys, at_ms=590)


def test_another_key_is_a_press_of_its_own() -> None:
    keys = HeldKeys()
    assert press(keys, B)
    assert press(keys, B + 1)


def test_a_release_that_another_program_saw_leaves_no_key_stuck() -> None:
    keys = HeldKeys()
    assert press(keys)
    keys.lose()
    assert press(keys, at_ms=2_000)


def test_a_release_lost_between_two_windows_makes_no_dead_key() -> None:
    keys = HeldKeys()
    assert press(keys, at_ms=0)
    assert not press(keys, at_ms=LOST_MS)  # still held: the repetition begins late
    assert not press(keys, at_ms=2 * LOST_MS)
    assert press(keys, at_ms=3 * LOST_MS + 1)


def test_presses_that_no_keyboard_sent_go_by_the_mark_alone() -> None:
    keys = HeldKeys()
    assert press(keys, 0)
    assert press(keys, 0)
    assert not press(keys, 0, repeat=True)


def test_modifiers_count_from_when_they_went_down_here() -> None:
    keys = HeldKeys()
    assert not keys.is_strange(0)
    assert keys.is_strange(CTRL)
    keys.begin(ALT)
    assert not keys.is_strange(ALT)
    assert keys.is_strange(CTRL | ALT)
    keys.begin(CTRL)
    assert not keys.is_strange(CTRL | ALT)
    keys.see(ALT)  # an event without Ctrl: it was let go
    assert keys.is_strange(CTRL)
    assert not keys.is_strange(ALT)


def test_what_went_down_here_is_forgotten_with_the_keyboard() -> None:
    keys = HeldKeys()
    keys.begin(CTRL)
    keys.lose()
    assert keys.is_strange(CTRL)


@given(st.lists(st.sampled_from(["press", "repeat", "release", "leave"]), max_size=40))
def test_presses_and_ends_take_turns(steps: list[str]) -> None:
    """Between two presses of a key there is always its release or a stay elsewhere."""
    keys, is_down = HeldKeys(), False
    for at_ms, step in enumerate(steps):
        if step in ("press", "repeat"):
            is_new = press(keys, at_ms=at_ms, repeat=step == "repeat")
            assert not (is_new and is_down)
            is_down = True
        else:
            is_down = False
            if step == "release":
                keys.release(B, at_ms)
            else:
                keys.lose()

"""Arming: off at start, off again on idle and whatever else surprises."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commands.arming import Arming
from tests.doubles.clock import FakeClock


def is_on(arming: Arming) -> bool:
    """Asked anew each time: the answer depends on the clock."""
    return arming.is_armed


def test_it_is_off_at_start_and_says_why(clock: FakeClock) -> None:
    arming = Arming(clock)
    assert not is_on(arming)
    assert arming.reason == "off at start"


def test_listeners_hear_changes_once_with_the_reason(clock: FakeClock) -> None:
    arming, heard = Arming(clock), []
    arming.listen(lambda is_armed, reason: heard.append((is_armed, reason)))
    arming.arm()
    arming.arm()
    arming.disarm("the line was lost")
    arming.disarm("another reason")
    assert heard == [(True, "armed by the trader"), (False, "the line was lost")]
    assert arming.reason == "the line was lost"


def test_idle_disarms_at_the_very_moment_it_is_asked(clock: FakeClock) -> None:
    arming = Arming(clock, idle_minutes=15)
    arming.arm()
    clock.advance(15 * 60 - 1)
    assert is_on(arming)
    clock.advance(1)
    assert not is_on(arming)
    assert "15 minutes" in arming.reason


def test_input_starts_the_idle_time_again_but_cannot_rescue_an_old_one(clock: FakeClock) -> None:
    arming = Arming(clock, idle_minutes=1)
    arming.arm()
    clock.advance(59)
    arming.note_input()
    clock.advance(59)
    assert is_on(arming)
    clock.advance(1)
    arming.note_input()  # the key that comes too late finds it disarmed
    assert not is_on(arming)


def test_zero_minutes_switch_the_idle_rule_off(clock: FakeClock) -> None:
    arming = Arming(clock, idle_minutes=0)
    arming.arm()
    clock.advance(1e6)
    assert is_on(arming)


@pytest.mark.parametrize("slept_s", [45.0, 8 * 3600.0, -45.0])
def test_a_wall_clock_that_ran_ahead_means_sleep_and_disarms(
    clock: FakeClock, slept_s: float
) -> None:
    arming = Arming(clock)
    arming.arm()
    clock.advance(5)
    clock.set_now(clock.now() + timedelta(seconds=slept_s))
    assert not is_on(arming)
    assert "slept" in arming.reason
    arming.arm()  # from then on the new time is the right one
    assert is_on(arming)


def test_a_small_correction_of_the_clock_does_not_disarm(clock: FakeClock) -> None:
    arming = Arming(clock)
    arming.arm()
    clock.set_now(clock.now() + timedelta(seconds=10))
    assert is_on(arming)


def test_a_program_that_stood_still_is_disarmed(clock: FakeClock) -> None:
    """Where the monotonic clock goes on in sleep, as on Windows, the beats are what is missing."""
    arming = Arming(clock)
    arming.beat()
    arming.arm()
    for _ in range(20):
        clock.advance(5)
        arming.beat()
        assert is_on(arming)
    clock.advance(31)
    arming.beat()
    assert not is_on(arming)
    assert arming.reason == "the program stood still for 31 seconds"


def test_beats_that_nobody_needed_while_disarmed_do_not_disarm(clock: FakeClock) -> None:
    arming = Arming(clock)
    clock.advance(3_600)
    arming.arm()
    clock.advance(5)
    arming.beat()
    assert is_on(arming)


@given(st.lists(st.sampled_from(["arm", "disarm", "input", "wait"]), max_size=40))
def test_it_is_armed_only_within_the_idle_time_of_the_last_input(steps: list[str]) -> None:
    clock = FakeClock()
    arming = Arming(clock, idle_minutes=1)
    expected, last = False, clock.monotonic()
    for step in steps:
        if step == "wait":
            clock.advance(25)
        expected = expected and clock.monotonic() - last < 60
        if step == "arm":
            arming.arm()
            expected, last = True, clock.monotonic()
        elif step == "disarm":
            arming.disarm("test")
            expected = False
        elif step == "input":
            arming.note_input()
            last = clock.monotonic()
        assert arming.is_armed is expected

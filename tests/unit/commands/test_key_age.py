"""A press that waited is told from one that comes at once, whatever the clocks say."""

from __future__ import annotations

import pytest

from app.commands.key_age import LATE_S, KeyAge, late_words
from tests.doubles.clock import FakeClock

BEGAN_MS = 4_000_000


class Hands:
    """Presses keys at a window system whose clock began somewhere else."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock, self.ages = clock, KeyAge(clock)
        self._ahead_ms = BEGAN_MS - round(clock.monotonic() * 1000)

    def press(self, waited_s: float = 0.0) -> float:
        """The age that is told of a press which has waited so long."""
        at_ms = round((self._clock.monotonic() - waited_s) * 1000) + self._ahead_ms
        return self.ages.of(at_ms)

    def set_clock(self, by_s: float) -> None:
        self._ahead_ms += round(by_s * 1000)


@pytest.fixture
def hands(clock: FakeClock) -> Hands:
    return Hands(clock)


def test_what_is_read_at_once_is_new(hands: Hands, clock: FakeClock) -> None:
    for _ in range(5):
        assert hands.press() == pytest.approx(0, abs=0.01)
        clock.advance(3)


def test_what_waited_while_the_program_stood_still_is_as_old_as_that(
    hands: Hands, clock: FakeClock
) -> None:
    hands.press()
    clock.advance(10)
    assert hands.press(4.0) == pytest.approx(4, abs=0.05)
    assert hands.press(3.5) == pytest.approx(3.5, abs=0.05)  # the next one in the queue
    assert hands.press(0.1) == pytest.approx(0.1, abs=0.05)


def test_a_first_press_that_waited_spoils_nothing_for_later(hands: Hands, clock: FakeClock) -> None:
    assert hands.press(5.0) == 0.0  # nothing is known yet
    clock.advance(1)
    assert hands.press() == 0.0
    assert hands.press(5.0) == pytest.approx(5, abs=0.05)


def test_presses_that_no_keyboard_sent_have_no_age(hands: Hands) -> None:
    hands.press()
    assert hands.ages.of(0) == 0.0


def test_clocks_that_part_slowly_make_nothing_late(hands: Hands, clock: FakeClock) -> None:
    hands.press()
    for _ in range(24):  # a day on a computer whose clock loses two seconds in an hour
        clock.advance(3600)
        hands.set_clock(-2)
        assert hands.press() < LATE_S


def test_a_clock_that_was_set_is_believed_at_the_second_press(
    hands: Hands, clock: FakeClock
) -> None:
    hands.press()
    clock.advance(5)
    hands.set_clock(-10)
    assert hands.press() > LATE_S
    assert hands.press() > LATE_S  # at once after it: that may be a queue
    clock.advance(2)
    assert hands.press() == 0.0
    assert hands.press() == pytest.approx(0, abs=0.01)


def test_another_wait_of_another_length_is_no_clock_that_was_set(
    hands: Hands, clock: FakeClock
) -> None:
    hands.press()
    clock.advance(10)
    assert hands.press(8.0) > LATE_S
    clock.advance(5)
    assert hands.press(4.0) > LATE_S


def test_what_no_program_waits_for_is_a_clock_that_began_anew(
    hands: Hands, clock: FakeClock
) -> None:
    hands.press()
    clock.advance(1)
    hands.set_clock(-4_294_967)  # it counts to 2**32 milliseconds
    assert hands.press() == 0.0


def test_the_words_say_what_to_do() -> None:
    assert late_words("Buy Market", 4.6) == (
        "Buy Market: it was pressed 5 seconds ago, while the window stood still. Nothing was sent:"
        " press again if you still want to"
    )

"""Delays grow, stay short while a restart may be the reason, and are bounded."""

from __future__ import annotations

import pytest

from app.base.backoff import EAGER_ATTEMPTS, EAGER_CAP_S, Backoff


def test_delays_stay_short_for_as_long_as_a_restart_takes() -> None:
    backoff = Backoff(seed=1)
    delays = [backoff.next_delay_s() for _ in range(EAGER_ATTEMPTS)]
    plain = [0.5, 1.0, 2.0, *[EAGER_CAP_S] * (EAGER_ATTEMPTS - 3)]
    assert delays == [pytest.approx(delay, rel=0.25) for delay in plain]
    assert sum(delays) > 240
    assert backoff.next_delay_s() == pytest.approx(30.0, rel=0.25)


def test_success_begins_anew() -> None:
    backoff = Backoff(seed=1)
    for _ in range(EAGER_ATTEMPTS + 1):
        backoff.next_delay_s()
    backoff.reset()
    assert backoff.next_delay_s() == pytest.approx(0.5, rel=0.25)


def test_a_long_first_delay_is_kept() -> None:
    assert Backoff(60.0, 60.0, seed=1).next_delay_s() == pytest.approx(60.0, rel=0.25)

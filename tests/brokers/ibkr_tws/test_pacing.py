"""IBKR's limits for history: counted on a clock that the test moves."""

from __future__ import annotations

import asyncio

import pytest

from app.brokers.ibkr_tws import pacing
from app.brokers.ibkr_tws.pacing import MOST_OPEN, Paced, Pacing
from tests.doubles.loop import LoopRunner


class Watch:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def rules(watch: Watch) -> Pacing:
    return Pacing(watch)


def small(number: int, *, contract: str = "", is_bid_ask: bool = False) -> Paced:
    """A request for small bars; each number asks for something else, of its own contract."""
    return Paced(number, contract or f"C{number}", 30, is_bid_ask)


def minutes(number: int, contract: str = "") -> Paced:
    return Paced(number, contract or f"C{number}", 60)


def go(rules: Pacing, request: Paced) -> None:
    assert rules.delay_s(request) == 0
    rules.note(request)


def test_sixty_in_ten_minutes(rules: Pacing, watch: Watch) -> None:
    for number in range(60):
        go(rules, small(number))
        watch.now_s += 1
    assert rules.delay_s(small(60)) == pytest.approx(540.25)
    go(rules, minutes(61))  # longer bars have no such limit
    watch.now_s += 540.5
    go(rules, small(60))
    assert rules.delay_s(small(62)) == pytest.approx(0.75)


def test_bid_ask_counts_twice(rules: Pacing, watch: Watch) -> None:
    for number in range(30):
        go(rules, small(number, is_bid_ask=True))
    assert rules.delay_s(small(30)) > 0
    watch.now_s += 600.5
    go(rules, small(30))
    for number in range(31, 90):
        go(rules, small(number))
    assert rules.delay_s(small(99)) > 0


def test_two_places_are_waited_for_where_two_are_needed(rules: Pacing, watch: Watch) -> None:
    for number in range(60):
        go(rules, small(number))
        watch.now_s += 1
    one, two = rules.delay_s(small(60)), rules.delay_s(small(61, is_bid_ask=True))
    assert two == pytest.approx(one + 1)


def test_the_same_again_waits_fifteen_seconds(rules: Pacing, watch: Watch) -> None:
    go(rules, small(1))
    assert rules.delay_s(small(1)) == pytest.approx(15.25)
    go(rules, small(2))
    watch.now_s += 15.5
    go(rules, small(1))
    go(rules, minutes(3))
    go(rules, minutes(3))


def test_five_of_a_contract_in_two_seconds(rules: Pacing, watch: Watch) -> None:
    for number in range(5):
        go(rules, minutes(number, "AAPL"))
        watch.now_s += 0.1
    assert rules.delay_s(minutes(5, "AAPL")) == pytest.approx(1.75)
    assert rules.delay_s(small(6, contract="AAPL")) == pytest.approx(1.75)
    go(rules, minutes(7, "SPY"))
    watch.now_s += 1.8
    go(rules, minutes(5, "AAPL"))
    assert rules.delay_s(minutes(8, "AAPL")) > 0


def test_the_longest_wait_counts(rules: Pacing) -> None:
    for _ in range(5):
        rules.note(small(1, contract="AAPL"))
    assert rules.delay_s(small(1, contract="AAPL")) == pytest.approx(15.25)


def test_what_is_over_is_forgotten(rules: Pacing, watch: Watch) -> None:
    for number in range(40):
        rules.note(small(number))
    watch.now_s += 700
    assert rules.delay_s(small(1)) == 0
    assert not rules._small
    assert not rules._asked
    assert not rules._bursts


def test_turns_come_in_time_and_waits_are_told(
    monkeypatch: pytest.MonkeyPatch, run: LoopRunner
) -> None:
    monkeypatch.setattr(pacing, "_SAME_S", 0.2)
    monkeypatch.setattr(pacing, "_WORTH_TELLING_S", 0.1)

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        rules, told = Pacing(loop.time), list[float]()
        began = loop.time()
        for _ in range(2):
            async with rules.turn(small(1), told.append):
                pass
            async with rules.turn(small(1)):
                pass
        assert loop.time() - began >= 3 * 0.2
        assert len(told) == 1
        assert told[0] == pytest.approx(0.45, abs=0.1)

    run(scenario())


def test_no_more_than_fifty_are_open(run: LoopRunner) -> None:
    async def scenario() -> None:
        rules = Pacing(asyncio.get_running_loop().time)
        end, most, is_open = asyncio.Event(), 0, 0

        async def ask(number: int) -> None:
            nonlocal most, is_open
            async with rules.turn(minutes(number)):
                is_open += 1
                most = max(most, is_open)
                await end.wait()
                is_open -= 1

        tasks = [asyncio.create_task(ask(number)) for number in range(MOST_OPEN + 5)]
        await asyncio.sleep(0.01)
        assert is_open == MOST_OPEN
        end.set()
        await asyncio.gather(*tasks)
        assert most == MOST_OPEN

    run(scenario())

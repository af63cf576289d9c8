"""The heartbeat by itself: what counts as an answer, and what as silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.heartbeat import PERIODS_WHILE_TALKING, Heartbeat
from tests.doubles.loop import LoopRunner, until

PERIOD_S = 0.05


class Line:
    """A line at the end of which somebody answers, talks of other things, or is silent."""

    def __init__(self, *, answers: bool = False, talks: bool = False, excused: bool = False):
        self.answers, self.talks, self.excused = answers, talks, excused
        self.asked = self.messages = 0
        self.silences: list[str] = []
        self.heartbeat = Heartbeat(
            PERIOD_S, self.ask, self.count, self.silences.append, lambda: self.excused
        )

    def ask(self) -> None:
        self.asked += 1
        if self.answers:
            self.heartbeat.hear(0)

    def count(self) -> int:
        self.messages += self.talks
        return self.messages


def play(run: LoopRunner, line: Line, holds: Callable[[], object]) -> None:
    async def scenario() -> None:
        line.heartbeat.start()
        await until(holds)
        line.heartbeat.stop()

    run(scenario())


def test_answers(run: LoopRunner) -> None:
    line = Line(answers=True)
    play(run, line, lambda: line.asked >= 4)
    assert line.silences == []


def test_an_answer_holds_for_one_question(run: LoopRunner) -> None:
    line = Line(answers=True)

    async def scenario() -> None:
        line.heartbeat.start()
        await until(lambda: line.asked == 2)
        line.answers = False
        await until(lambda: line.silences)
        line.heartbeat.stop()

    run(scenario())
    assert (line.asked, len(line.silences)) == (3, 1)


def test_silence_is_told_once(run: LoopRunner) -> None:
    line = Line()
    play(run, line, lambda: line.silences)
    assert (line.asked, line.silences) == (1, ["TWS has not answered for 0.05 s"])


def test_talk_of_other_things_buys_time_but_not_for_ever(run: LoopRunner) -> None:
    line = Line(talks=True)
    began = run.loop.time()
    play(run, line, lambda: line.silences)
    assert run.loop.time() - began >= PERIOD_S * (1 + PERIODS_WHILE_TALKING)
    assert line.asked == 1


def test_an_excuse_holds_while_anything_comes(run: LoopRunner) -> None:
    line = Line(talks=True, excused=True)
    play(run, line, lambda: line.asked >= 3)
    assert line.silences == []
    silent = Line(excused=True)
    play(run, silent, lambda: silent.silences)
    assert silent.asked == 1


def test_a_line_that_went_down_is_no_news(run: LoopRunner) -> None:
    class Down(Line):
        def ask(self) -> None:
            super().ask()
            raise BrokerError("the line to TWS is down", Outcome.NOT_SENT)

    line = Down()
    play(run, line, lambda: line.asked)
    assert line.silences == []


@pytest.mark.parametrize("pause_s", [0.0, PERIOD_S * 1.5])
def test_stop(run: LoopRunner, pause_s: float) -> None:
    """Before the first question, and while an answer is waited for."""
    line = Line()

    async def scenario() -> None:
        line.heartbeat.stop()
        line.heartbeat.start()
        await asyncio.sleep(pause_s)
        line.heartbeat.stop()
        line.heartbeat.stop()
        await asyncio.sleep(PERIOD_S * 2)

    run(scenario())
    assert line.silences == []

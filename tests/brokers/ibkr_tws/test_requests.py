"""Questions and answers: complete, with an error, torn, late or never."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws import requests as requests_module
from app.brokers.ibkr_tws.requests import Requests, TwsError
from app.brokers.ibkr_tws.send_queue import Lane
from tests.brokers.ibkr_tws.line_desk import LineDesk, at, say, tell
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.wire import message

NAME = "positions"
QUICK_S = 0.1
Play = Callable[["Asker", LineDesk], Awaitable[None]]


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


class Asker:
    """Questions on a line; `sent` holds what was asked."""

    def __init__(self, desk: LineDesk, timeout_s: float = 2.0) -> None:
        self.requests = Requests(desk.line, timeout_s)
        self.sent: list[int | str] = []

    def ask(self, timeout_s: float | None = None) -> asyncio.Future[list[object]]:
        question = self.requests.ask(Lane.CONTROL, self.sent.append, timeout_s=timeout_s)
        return asyncio.ensure_future(question)

    def single(self, timeout_s: float | None = None) -> asyncio.Future[list[object]]:
        question = self.requests.single(
            NAME, Lane.CONTROL, lambda: self.sent.append(NAME), timeout_s=timeout_s
        )
        return asyncio.ensure_future(question)


def scenario(run: LoopRunner, peer: TwsPeer, play: Play) -> None:
    async def whole() -> None:
        async with at(peer, heartbeat_s=60) as desk:
            await play(Asker(desk), desk)

    run(whole())


def test_rows_until_the_end(run: LoopRunner, peer: TwsPeer) -> None:
    async def play(asker: Asker, _: LineDesk) -> None:
        first, second = asker.ask(), asker.ask()
        await until(lambda: len(asker.sent) == 2)
        one, two = asker.sent
        for row in "ab":
            asker.requests.add(one, row)
            asker.requests.add(two, row * 2)
        asker.requests.finish(two)
        assert await second == ["aa", "bb"]
        assert not first.done()
        asker.requests.finish(one)
        asker.requests.finish(one)  # a second End does no harm
        assert await first == ["a", "b"]
        asker.requests.add(one, "late")
        asker.requests.finish(one)
        assert not asker.requests.fail(one, 162, "late")

    scenario(run, peer, play)


def test_an_error_is_the_answer(run: LoopRunner, peer: TwsPeer) -> None:
    async def play(asker: Asker, desk: LineDesk) -> None:
        question = asker.ask()
        await until(lambda: asker.sent)
        key = asker.sent[0]
        assert isinstance(key, int)
        tell(peer, 4, 2, key, 10167, "Displaying delayed market data", "")  # only a remark
        tell(peer, 4, 2, key, 200, "No security definition: \\u59d4", "")
        with pytest.raises(TwsError, match="200") as failed:
            await question
        assert (failed.value.code, failed.value.text) == (200, "No security definition: 委")
        assert (key, 200, "No security definition: 委") not in desk.errors[:-1]

    scenario(run, peer, play)


def test_no_answer(run: LoopRunner, peer: TwsPeer) -> None:
    async def play(asker: Asker, _: LineDesk) -> None:
        with pytest.raises(BrokerError, match="no complete answer") as failed:
            await asker.ask(timeout_s=QUICK_S)
        assert failed.value.outcome is Outcome.UNKNOWN

    scenario(run, peer, play)


def test_the_line_is_lost(run: LoopRunner, peer: TwsPeer) -> None:
    async def play(asker: Asker, desk: LineDesk) -> None:
        questions = [asker.ask(), asker.single(), asker.single()]
        await until(lambda: len(asker.sent) == 2)
        peer.cut()
        outcomes = []
        for question in questions:
            with pytest.raises(BrokerError, match="TWS ended the connection") as failed:
                await question
            outcomes.append(failed.value.outcome)
        assert outcomes == [Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.NOT_SENT]
        with pytest.raises(BrokerError) as failed:
            await asker.ask()
        assert failed.value.outcome is Outcome.NOT_SENT

    scenario(run, peer, play)


@pytest.mark.parametrize("number", [61, 999])
def test_a_torn_answer_is_no_shorter_list(run: LoopRunner, peer: TwsPeer, number: int) -> None:
    async def play(asker: Asker, desk: LineDesk) -> None:
        desk.line.on("position", lambda a, b, c, d: asker.requests.add(NAME, a))
        question = asker.single()
        await until(lambda: asker.sent)
        asker.requests.add(NAME, "one position")
        say(peer, message(number, 3, "torn"))
        await until(lambda: desk.garbled)
        asker.requests.finish(NAME)
        with pytest.raises(BrokerError, match="torn") as failed:
            await question
        assert failed.value.outcome is Outcome.UNKNOWN
        again = asker.single()  # and the next one is whole again
        await until(lambda: len(asker.sent) == 2)
        asker.requests.finish(NAME)
        assert await again == []

    scenario(run, peer, play)


def test_one_at_a_time(run: LoopRunner, peer: TwsPeer) -> None:
    async def play(asker: Asker, _: LineDesk) -> None:
        first, second = asker.single(), asker.single()
        await until(lambda: asker.sent)
        await asyncio.sleep(0.02)
        assert asker.sent == [NAME]
        asker.requests.add(NAME, 1)
        asker.requests.finish(NAME)
        assert await first == [1]
        await until(lambda: len(asker.sent) == 2)
        asker.requests.finish(NAME)
        assert await second == []

    scenario(run, peer, play)


def test_a_late_end_is_not_taken_for_the_next_answer(run: LoopRunner, peer: TwsPeer) -> None:
    """The tail of an answer that came too late would look like a short but complete list."""

    async def play(asker: Asker, _: LineDesk) -> None:
        with pytest.raises(BrokerError):
            await asker.single(timeout_s=QUICK_S)
        second = asker.single()
        await until(lambda: len(asker.sent) == 2)
        asker.requests.add(NAME, "tail of the first")
        asker.requests.finish(NAME)
        for row in ("one", "two"):
            asker.requests.add(NAME, row)
        await asyncio.sleep(0.02)
        assert not second.done()
        asker.requests.finish(NAME)
        assert await second == ["one", "two"]

    scenario(run, peer, play)


def test_a_late_end_between_two_questions(
    run: LoopRunner, peer: TwsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "SECOND_END_S", 60.0)

    async def play(asker: Asker, _: LineDesk) -> None:
        with pytest.raises(BrokerError):
            await asker.single(timeout_s=QUICK_S)
        asker.requests.finish(NAME)
        second = asker.single()
        await until(lambda: len(asker.sent) == 2)
        asker.requests.add(NAME, "row")
        asker.requests.finish(NAME)
        async with asyncio.timeout(10):  # no second End is waited for
            assert await second == ["row"]

    scenario(run, peer, play)


def test_an_end_that_never_comes_does_not_stop_the_next_question(
    run: LoopRunner, peer: TwsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "SECOND_END_S", QUICK_S)

    async def play(asker: Asker, _: LineDesk) -> None:
        with pytest.raises(BrokerError):
            await asker.single(timeout_s=QUICK_S)
        second = asker.single()
        await until(lambda: len(asker.sent) == 2)
        asker.requests.add(NAME, "row")
        asker.requests.finish(NAME)
        assert await second == ["row"]

    scenario(run, peer, play)


def test_giving_up_a_question_counts_as_unanswered(run: LoopRunner, peer: TwsPeer) -> None:
    async def play(asker: Asker, _: LineDesk) -> None:
        first = asker.single()
        await until(lambda: asker.sent)
        first.cancel()
        second = asker.single()
        await until(lambda: len(asker.sent) == 2)
        asker.requests.add(NAME, "tail of the first")
        asker.requests.finish(NAME)
        asker.requests.add(NAME, "row")
        asker.requests.finish(NAME)
        assert await second == ["row"]
        assert first.cancelled()

    scenario(run, peer, play)


def test_an_error_for_a_single_question(run: LoopRunner, peer: TwsPeer) -> None:
    async def play(asker: Asker, _: LineDesk) -> None:
        question = asker.single()
        await until(lambda: asker.sent)
        assert asker.requests.fail(NAME, 321, "The API interface is in Read-Only mode")
        with pytest.raises(TwsError, match="321"):
            await question

    scenario(run, peer, play)

"""The wizard's own thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from app.commands.wizard_work import Make, Worker
from tests.doubles.loop import LoopRunner


class Heard:
    """What a job has answered."""

    def __init__(self) -> None:
        self.answers: list[tuple[Any, Exception | None]] = []
        self.threads: list[int] = []
        self.event = asyncio.Event()

    def done(self, answer: Any, error: Exception | None) -> None:
        self.answers.append((answer, error))
        self.threads.append(threading.get_ident())
        self.event.set()


def test_work_has_a_selector_loop_that_is_set_for_its_thread(run: LoopRunner) -> None:
    async def scenario() -> None:
        heard, worker = Heard(), Worker()
        told: list[tuple[str, int]] = []

        async def make(tell: Callable[..., None]) -> tuple[bool, bool]:
            tell(lambda word: told.append((word, threading.get_ident())), "half")
            here = asyncio.get_running_loop()
            is_set = asyncio.get_event_loop_policy().get_event_loop() is here
            return isinstance(here, asyncio.SelectorEventLoop), is_set

        worker.begin(make, heard.done)
        await heard.event.wait()
        assert heard.answers == [((True, True), None)]
        assert told == [("half", threading.get_ident())]
        assert heard.threads == [threading.get_ident()]
        assert await worker.close()

    run(scenario())


def test_what_is_raised_is_handed_over(run: LoopRunner) -> None:
    async def scenario() -> None:
        heard, worker = Heard(), Worker()
        error = ValueError("no")

        async def make(_tell: object) -> None:
            raise error

        worker.begin(make, heard.done)
        await heard.event.wait()
        assert heard.answers == [(None, error)]
        await worker.close()

    run(scenario())


def test_nothing_of_a_dropped_job_arrives(run: LoopRunner) -> None:
    async def scenario() -> None:
        first, second, worker = Heard(), Heard(), Worker()
        told: list[str] = []
        is_on, ended = threading.Event(), threading.Event()

        async def stubborn(tell: Callable[..., None]) -> str:
            try:
                is_on.set()
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                tell(told.append, "late")
                ended.set()
                return "late"  # it does not want to be called off
            return "never"

        async def quick(_tell: object) -> str:
            return "now"

        worker.begin(stubborn, first.done)
        await asyncio.to_thread(is_on.wait, 5)
        worker.begin(quick, second.done)
        await second.event.wait()
        await asyncio.to_thread(ended.wait, 5)
        assert second.answers == [("now", None)]
        assert (first.answers, told) == ([], [])
        await worker.close()
        assert first.answers == []

    run(scenario())


def test_a_job_that_was_dropped_at_once_never_begins(run: LoopRunner) -> None:
    async def scenario() -> None:
        heard, worker = Heard(), Worker()
        begun: list[str] = []
        is_busy, go_on = threading.Event(), threading.Event()

        async def block(_tell: object) -> None:
            is_busy.set()
            go_on.wait(10)  # the thread itself stands still: nothing else can begin meanwhile

        def make(name: str) -> Make:
            async def note(_tell: object) -> None:
                begun.append(name)

            return note

        worker.begin(block, Heard().done)
        await asyncio.to_thread(is_busy.wait, 10)
        worker.begin(make("dropped"), heard.done)
        worker.drop()
        worker.begin(make("kept"), heard.done)
        go_on.set()
        await heard.event.wait()
        assert begun == ["kept"]
        await worker.close()

    run(scenario())


def test_the_thread_ends_with_everything_in_it(run: LoopRunner) -> None:
    async def scenario() -> None:
        worker = Worker()
        ended: list[str] = []

        async def helper() -> None:
            try:
                await asyncio.sleep(30)
            finally:
                ended.append("task")

        async def make(_tell: object) -> None:
            task = asyncio.get_running_loop().create_task(helper())
            await asyncio.gather(task)

        worker.begin(make, Heard().done)
        await asyncio.sleep(0.02)
        assert await worker.close()
        assert ended == ["task"]
        assert await worker.close(), "a second time does no harm"

    run(scenario())


def test_work_that_will_not_end_is_left_behind(run: LoopRunner) -> None:
    go_on = threading.Event()

    async def scenario() -> None:
        worker, begun = Worker(), threading.Event()

        async def blocking(_tell: object) -> None:
            begun.set()
            go_on.wait(10)

        worker.begin(blocking, Heard().done)
        await asyncio.to_thread(begun.wait, 5)
        assert not await worker.close(patience_s=0.05)
        go_on.set()

    run(scenario())


def test_the_program_may_end_first(run: LoopRunner) -> None:
    """What comes when nobody is there any more is lost, quietly."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    async def blocking(tell: Callable[..., None]) -> None:
        begun.set()
        go_on.wait(10)
        tell(print, "nobody hears it")
        ended.set()

    async def scenario(worker: Worker) -> None:
        worker.begin(blocking, lambda *_: None)
        await asyncio.to_thread(begun.wait, 5)
        assert not await worker.close(patience_s=0.05)

    other = LoopRunner()
    try:
        other(scenario(Worker()))
    finally:
        assert other.close() == []
        go_on.set()
    assert ended.wait(5)

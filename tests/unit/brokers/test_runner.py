"""The thread bridge: what goes in, what comes back, and that it always ends."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from pathlib import Path

import pytest

from app.base.errors import BrokerError, Outcome, UserError
from app.brokers.base import Broker, BrokerContext
from tests.doubles.loop import PATIENCE_S, LoopRunner, until
from tests.surprises import LogWatch
from tests.unit.brokers.runner_desk import (
    Adapter,
    Desk,
    notice,
    publish,
)


def test_calls_run_in_the_adapters_own_thread_and_loop(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        assert (await desk.runner.start()).search
        adapter = desk.made[0]

        async def where(_: Broker) -> tuple[int, asyncio.AbstractEventLoop]:
            return threading.get_ident(), asyncio.get_event_loop()

        thread, loop = await desk.runner.call(where, PATIENCE_S)
        assert thread == adapter.thread != threading.get_ident()
        assert isinstance(loop, asyncio.SelectorEventLoop)
        assert loop is not asyncio.get_running_loop()
        assert adapter.context.secret("token") == "secret token"
        assert await desk.runner.stop()
        assert adapter.disconnected == 1

    run(scenario())


@pytest.mark.parametrize("error", [BrokerError("no", Outcome.REJECTED, "201"), UserError("key")])
def test_our_own_errors_pass_as_they_are(tmp_path: Path, error: Exception, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()

        async def fail(_: Broker) -> None:
            raise error

        with pytest.raises(type(error)) as caught:
            await desk.runner.call(fail, PATIENCE_S)
        assert caught.value is error
        await desk.runner.stop()

    run(scenario())


def test_foreign_errors_prove_nothing(
    tmp_path: Path, expected_logs: LogWatch, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()

        async def fail(_: Broker) -> None:
            raise ConnectionResetError("peer went away")

        with pytest.raises(BrokerError, match="ConnectionResetError: peer went away") as caught:
            await desk.runner.call(fail, PATIENCE_S)
        assert caught.value.outcome is Outcome.UNKNOWN
        await desk.runner.stop()

    with expected_logs("foreign ConnectionResetError", level="ERROR"):
        run(scenario())


def test_a_time_out_is_unknown_and_cancels_in_the_thread(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()
        canceled = threading.Event()

        async def hang(_: Broker) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                canceled.set()
                raise

        with pytest.raises(BrokerError, match="no answer within") as caught:
            await desk.runner.call(hang, 0.3)
        assert caught.value.outcome is Outcome.UNKNOWN
        assert await asyncio.to_thread(canceled.wait, PATIENCE_S)
        await desk.runner.stop()

    run(scenario())


def test_what_a_busy_thread_never_took_was_not_sent_and_never_is(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()
        sent: list[str] = []
        began, release = threading.Event(), threading.Event()

        async def block(_: Broker) -> None:
            began.set()
            release.wait(PATIENCE_S)  # an SDK that blocks its loop is what is tested

        async def send(_: Broker) -> None:
            sent.append("order")

        blocked = asyncio.create_task(desk.runner.call(block, PATIENCE_S))
        assert await asyncio.to_thread(began.wait, PATIENCE_S)
        with pytest.raises(BrokerError, match="was not sent") as caught:
            await desk.runner.call(send, 0.05)
        assert caught.value.outcome is Outcome.NOT_SENT
        release.set()
        await blocked
        await desk.runner.call(_nothing, PATIENCE_S)
        assert sent == []
        await desk.runner.stop()

    run(scenario())


async def _nothing(_: Broker) -> None: ...


def test_a_canceled_caller_cancels_in_the_thread(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()
        begun, canceled = threading.Event(), threading.Event()

        async def hang(_: Broker) -> None:
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                canceled.set()

        task = asyncio.create_task(desk.runner.call(hang, 10))
        await asyncio.to_thread(begun.wait, 2.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(canceled.wait, PATIENCE_S)
        await desk.runner.stop()

    run(scenario())


def test_a_stopped_runner_proves_that_nothing_was_sent(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        with pytest.raises(BrokerError) as before:
            await desk.runner.call(_nothing, PATIENCE_S)
        await desk.runner.start()
        assert await desk.runner.stop()
        assert await desk.runner.stop(), "stopping twice is fine"
        with pytest.raises(BrokerError) as after:
            await desk.runner.call(_nothing, PATIENCE_S)
        assert before.value.outcome is after.value.outcome is Outcome.NOT_SENT

    run(scenario())


def test_stopping_a_runner_that_never_started_is_fine(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        assert await Desk(tmp_path).runner.stop()

    run(scenario())


def test_stop_breaks_off_what_is_under_way(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()

        async def hang(_: Broker) -> None:
            await asyncio.sleep(60)

        calls = [asyncio.create_task(desk.runner.call(hang, 60)) for _ in range(3)]
        await desk.runner.call(_nothing, PATIENCE_S)
        assert await desk.runner.stop()
        for call in calls:
            with pytest.raises(BrokerError) as caught:
                await call
            assert caught.value.outcome is Outcome.UNKNOWN

    run(scenario())


def test_a_thread_that_will_not_end_is_named_and_left(
    tmp_path: Path, expected_logs: LogWatch, run: LoopRunner
) -> None:
    release = threading.Event()

    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()

        async def block(broker: Broker) -> None:
            release.wait(10)
            await publish(broker, notice(1))

        async def later(_: Broker) -> None: ...

        stuck = asyncio.create_task(desk.runner.call(block, 60))
        await asyncio.sleep(0.05)
        behind = asyncio.create_task(desk.runner.call(later, 60))
        await asyncio.sleep(0.01)
        began = time.monotonic()
        assert not await desk.runner.stop(timeout_s=0.2)
        assert time.monotonic() - began < 5
        outcomes = []
        for call in (stuck, behind):
            with pytest.raises(BrokerError) as caught:
                await call
            outcomes.append(caught.value.outcome)
        assert outcomes == [Outcome.UNKNOWN, Outcome.NOT_SENT]
        release.set()
        await until(lambda: not any(t.name == "broker desk" for t in threading.enumerate()))
        assert desk.reports == [], "what comes that late belongs to nobody"

    with expected_logs("does not end", level="WARNING"):
        run(scenario())


def test_connecting_that_hangs_or_fails_still_stops(tmp_path: Path, run: LoopRunner) -> None:
    class Hanging(Adapter):
        async def connect(self) -> None:
            await asyncio.sleep(60)

    class Refused(Adapter):
        async def connect(self) -> None:
            raise BrokerError("wrong password", Outcome.REJECTED)

    async def scenario() -> None:
        for kind, text in ((Hanging, "no answer"), (Refused, "wrong password")):
            desk = Desk(tmp_path, kind)
            with pytest.raises(BrokerError, match=text):
                await desk.runner.start(timeout_s=0.1)
            assert await desk.runner.stop()
            assert desk.made[0].disconnected == 1

    run(scenario())


def test_an_adapter_that_cannot_be_made_reports_why(tmp_path: Path, run: LoopRunner) -> None:
    class Broken(Adapter):
        def __init__(self, context: BrokerContext) -> None:
            super().__init__(context)
            raise UserError("install its package first")

    async def scenario() -> None:
        desk = Desk(tmp_path, Broken)
        with pytest.raises(UserError, match="install its package"):
            await desk.runner.start()
        assert await desk.runner.stop()

    run(scenario())


def test_errors_nobody_awaits_in_the_thread_are_announced(
    tmp_path: Path, expected_logs: LogWatch, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()

        def explode() -> None:
            raise RuntimeError("callback went wrong")

        async def plant(_: Broker) -> None:
            asyncio.get_running_loop().call_soon(explode)

        await desk.runner.call(plant, PATIENCE_S)
        await until(lambda: bool(desk.failures))
        assert str(desk.failures[0]) == "callback went wrong"
        assert desk.runner.is_running
        await desk.runner.stop()

    with expected_logs("callback went wrong", level="ERROR"):
        run(scenario())


def test_a_thread_that_ends_by_itself_is_announced(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()

        async def end(_: Broker) -> None:
            asyncio.get_running_loop().stop()
            await asyncio.sleep(60)

        with pytest.raises(BrokerError):
            await desk.runner.call(end, PATIENCE_S)
        await until(lambda: bool(desk.failures))
        assert "ended by itself" in str(desk.failures[0])
        assert not desk.runner.is_running
        assert desk.made[0].disconnected == 1
        assert await desk.runner.stop()

    run(scenario())


def test_blocking_sdk_calls_hold_the_threads_end_but_not_its_loop(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()
        began, release = threading.Event(), threading.Event()

        def blocking() -> str:
            began.set()
            return "done" if release.wait(PATIENCE_S) else "held"

        async def work(_: Broker) -> str:
            return await asyncio.to_thread(blocking)

        working = asyncio.create_task(desk.runner.call(work, PATIENCE_S))
        assert await asyncio.to_thread(began.wait, PATIENCE_S)
        await desk.runner.call(_nothing, PATIENCE_S / 2)
        release.set()
        assert await working == "done"
        assert await desk.runner.stop()

    run(scenario())


def test_disconnect_that_raises_or_hangs_does_not_hold_the_stop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, expected_logs: LogWatch, run: LoopRunner
) -> None:
    class Raising(Adapter):
        async def disconnect(self) -> None:
            raise OSError("socket is gone")

    class Hanging(Adapter):
        async def disconnect(self) -> None:
            await asyncio.sleep(60)

    async def scenario() -> None:
        for kind in (Raising, Hanging):
            desk = Desk(tmp_path, kind)
            await desk.runner.start()
            assert await desk.runner.stop(timeout_s=0.5)

    expected_logs.during_test("which it must never do", level="ERROR")
    with caplog.at_level(logging.INFO, logger="moorgate.runner"):
        run(scenario())
    assert "did not disconnect in time" in caplog.text

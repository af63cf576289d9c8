"""What leaves when: the rate, the lanes, and what becomes of what never left."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws import send_queue
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.send_queue import Lane, SendQueue
from tests.brokers.ibkr_tws.line_desk import at
from tests.doubles.loop import LoopRunner, run_async, until
from tests.doubles.tws.peer import TwsPeer
from tests.surprises import LogWatch


class Wire:
    """What went out: when, and what."""

    def __init__(self) -> None:
        self.went: list[tuple[float, str]] = []

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.went]

    def message(self, name: str) -> Callable[[], None]:
        return lambda: self.went.append((asyncio.get_running_loop().time(), name))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that is soon over, where only what comes in which order counts."""
    monkeypatch.setattr(send_queue, "WINDOW_S", 0.3)


def test_goes_at_once_while_there_is_room(run: LoopRunner) -> None:
    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        for name in "abc":
            queue.send(Lane.DATA, wire.message(name))
            assert wire.names[-1] == name  # before send returned
        await queue.sent(Lane.ORDER, wire.message("d"))
        assert wire.names == list("abcd")
        assert len(queue) == 0
        queue.close()

    run(scenario())


def test_data_leaves_room_for_orders(run: LoopRunner) -> None:
    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        for _ in range(100):
            queue.send(Lane.DATA, wire.message("data"))
        for _ in range(100):
            queue.send(Lane.HISTORY, wire.message("history"))
        assert Counter(wire.names) == {"data": 30}
        for _ in range(20):
            queue.send(Lane.CONTROL, wire.message("control"))
        assert Counter(wire.names) == {"data": 30, "control": 8}
        for _ in range(20):
            queue.send(Lane.ORDER, wire.message("order"))
        assert Counter(wire.names) == {"data": 30, "control": 8, "order": 5}
        for _ in range(20):
            queue.send(Lane.CANCEL, wire.message("cancel"))
        assert Counter(wire.names) == {"data": 30, "control": 8, "order": 5, "cancel": 2}
        queue.close()

    run(scenario())


@pytest.mark.usefixtures("short")
def test_the_better_lane_goes_first_and_a_lane_keeps_its_order(run: LoopRunner) -> None:
    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        for number in range(45):
            queue.send(Lane.CANCEL, wire.message(f"filler {number}"))
        for lane in reversed(Lane):
            for number in range(3):
                queue.send(lane, wire.message(f"{lane.name} {number}"))
        await until(lambda: len(queue) == 0)
        expected = [f"{lane.name} {number}" for lane in Lane for number in range(3)]
        assert wire.names[45:] == expected
        queue.close()

    run(scenario())


def test_a_cancel_does_not_wait_for_the_moment_of_the_data(run: LoopRunner) -> None:
    """The window is full and data wait for two thirds of it; a cancel needs one place only."""

    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        queue.send(Lane.CANCEL, wire.message(""))
        await asyncio.sleep(0.9)
        for _ in range(44):
            queue.send(Lane.CANCEL, wire.message(""))
        queue.send(Lane.DATA, wire.message("data"))
        await queue.sent(Lane.CANCEL, wire.message("cancel"))
        assert wire.went[45][0] - wire.went[0][0] < 1.8
        assert wire.names[45:] == ["cancel"]
        queue.close()

    run(scenario())


@pytest.mark.usefixtures("short")
def test_a_group_goes_as_one_and_counts_as_many(run: LoopRunner) -> None:
    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        for _ in range(41):
            queue.send(Lane.CANCEL, wire.message(""))
        group = asyncio.ensure_future(queue.sent(Lane.ORDER, wire.message("group"), 3))
        await asyncio.sleep(0)
        assert len(queue) == 1  # 43 is the mark of the orders
        queue.send(Lane.CANCEL, wire.message("cancel"))
        await group
        assert wire.names[41:] == ["cancel", "group"]
        for _ in range(45):
            queue.send(Lane.CANCEL, wire.message("after"))
        assert wire.names.count("after") == 42
        await queue.sent(Lane.ORDER, wire.message("more than ever has room"), 100)
        queue.close()

    run(scenario())


@pytest.mark.usefixtures("short")
def test_nothing_passes_what_waits_in_its_own_lane(run: LoopRunner) -> None:
    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        for _ in range(45):
            queue.send(Lane.CANCEL, wire.message(""))
        queue.send(Lane.ORDER, wire.message("first"))
        time.sleep(0.4)  # noqa: ASYNC251 - a loop that stalls: there is room before the timer runs
        queue.send(Lane.ORDER, wire.message("second"))
        await until(lambda: len(queue) == 0)
        assert wire.names[45:] == ["first", "second"]
        queue.close()

    run(scenario())


def test_never_more_than_45_in_a_second(run: LoopRunner) -> None:
    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        for number in range(120):
            queue.send(Lane(number % 2), wire.message(""))
        await until(lambda: len(queue) == 0)
        times = [at for at, _ in wire.went]
        assert all(later - earlier > 1.0 for earlier, later in zip(times, times[45:], strict=False))
        assert times[-1] - times[0] < 5
        queue.close()

    run(scenario())


@given(st.lists(st.sampled_from(Lane), max_size=120))
def test_nothing_is_lost_or_doubled(lanes: list[Lane]) -> None:
    """Whatever the mix: each message went once or still waits, and the marks hold."""

    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        for number, lane in enumerate(lanes):
            queue.send(lane, wire.message(f"{lane.name} {number}"))
        assert len(wire.went) + len(queue) == len(lanes)
        assert len(set(wire.names)) == len(wire.went) <= 45
        data = [name for name in wire.names if name.startswith(("DATA", "HISTORY"))]
        assert len(data) <= 30
        queue.close()
        assert len(queue) == 0

    run_async(scenario())


@pytest.mark.usefixtures("short")
def test_what_waits_when_the_line_dies_was_not_sent(run: LoopRunner) -> None:
    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        for _ in range(45):
            queue.send(Lane.CANCEL, wire.message(""))
        waiting = [asyncio.ensure_future(queue.sent(lane, wire.message("never"))) for lane in Lane]
        queue.send(Lane.DATA, wire.message("never"))
        await asyncio.sleep(0)
        queue.close("TWS ended the connection")
        queue.close("a second time says nothing new")
        for task in waiting:
            with pytest.raises(BrokerError, match="TWS ended the connection") as died:
                await task
            assert died.value.outcome is Outcome.NOT_SENT
        with pytest.raises(BrokerError) as refused:
            queue.send(Lane.CANCEL, wire.message("never"))
        assert refused.value.outcome is Outcome.NOT_SENT
        await asyncio.sleep(0.4)
        assert "never" not in wire.names

    run(scenario())


def test_whoever_gives_up_waiting_takes_it_out(run: LoopRunner) -> None:
    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()
        for _ in range(45):
            queue.send(Lane.CANCEL, wire.message(""))
        given_up = asyncio.ensure_future(queue.sent(Lane.ORDER, wire.message("given up")))
        kept = asyncio.ensure_future(queue.sent(Lane.ORDER, wire.message("kept")))
        await asyncio.sleep(0)
        given_up.cancel()
        await kept
        assert wire.names[45:] == ["kept"]
        assert given_up.cancelled()
        queue.close()

    run(scenario())


def test_a_socket_that_is_gone_is_proof(run: LoopRunner) -> None:
    async def scenario() -> None:
        queue = SendQueue()

        def down() -> None:
            raise ConnectionError("Not connected")

        with pytest.raises(BrokerError, match="Not connected") as refused:
            queue.send(Lane.ORDER, down)
        assert refused.value.outcome is Outcome.NOT_SENT
        with pytest.raises(BrokerError, match="Not connected") as refused:
            await queue.sent(Lane.ORDER, down)
        assert refused.value.outcome is Outcome.NOT_SENT
        queue.close()

    run(scenario())


def test_a_message_that_cannot_be_written_stops_nobody(
    run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        queue, wire = SendQueue(), Wire()

        def bad() -> None:
            raise ValueError("no such field")

        with pytest.raises(ValueError, match="no such field"):
            queue.send(Lane.DATA, bad)
        for _ in range(45):
            queue.send(Lane.CANCEL, wire.message(""))
        waited_for = asyncio.ensure_future(queue.sent(Lane.ORDER, bad))
        queue.send(Lane.ORDER, bad)
        queue.send(Lane.ORDER, wire.message("good"))
        with expected_logs("could not be sent", level="ERROR", count=1):
            await until(lambda: "good" in wire.names)
        with pytest.raises(ValueError, match="no such field"):
            await waited_for
        queue.close()

    run(scenario())


def test_a_cancel_passes_500_subscriptions(run: LoopRunner) -> None:
    """Against a TWS: within 50 ms, never too fast, and with nothing in the library's own queue."""

    async def scenario() -> None:
        with TwsPeer() as peer:
            async with at(peer) as desk:
                line, client = desk.line, desk.line.client
                spy = ib.Contract(conId=756733, exchange="SMART")
                for number in range(500):
                    ask = partial(client.reqMktData, 1000 + number, spy, "", False, False, [])
                    line.queue.send(Lane.DATA, ask)
                took_s: list[float] = []
                while not took_s or (min(took_s) > 0.05 and len(took_s) < 10):  # a busy computer
                    await asyncio.sleep(0.3)
                    began, order_id = time.monotonic(), len(took_s) + 1
                    await line.queue.sent(Lane.CANCEL, partial(client.cancelOrder, order_id, ""))
                    peer.until(partial(_heard_of, peer, order_id))
                    took_s.append(time.monotonic() - began)
                    assert not client._msgQ
                    assert len(line.queue) > 0, "nothing was passed"
                assert min(took_s) < 0.05
                times = [m.at for m in peer.call(lambda: list(peer.world.received))]
            late = [b - a for a, b in zip(times, times[50:], strict=False)]
            assert all(gap > 1.0 for gap in late)

    run(scenario())


def _heard_of(peer: TwsPeer, cancels: int) -> bool:
    return sum(message.fields[0] == "4" for message in peer.world.received) == cancels

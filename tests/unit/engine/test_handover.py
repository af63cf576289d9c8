"""From the disk to the broker's thread: the engine's loop, which may draw, is not on the way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from app.base.errors import BrokerError, Outcome
from app.brokers.base import BrokerContext
from app.domain.ids import ClientOrderId
from app.domain.order import Order
from app.domain.order_events import OrderAccepted
from app.domain.order_types import OrderStatus
from app.domain.request import OrderChange
from app.store.journal import Journal
from tests.doubles.desk import Desk
from tests.doubles.loop import LoopRunner, until
from tests.doubles.orders import OWN, request
from tests.unit.brokers.runner_desk import Adapter
from tests.unit.brokers.runner_desk import Desk as RunnerDesk

S = OrderStatus
OTHER = ClientOrderId("other")
DEARER = OrderChange(limit_price=Decimal("10.50"))


class Venue(Adapter):
    """Notes what it is asked, and how many events were on disk then."""

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)
        self.asked: list[tuple[str, ClientOrderId, OrderStatus]] = []
        self.on_disk: list[int] = []
        self.count: Callable[[], int] = lambda: 0
        self.has_taken = threading.Event()

    async def submit(self, orders: Sequence[Order]) -> None:  # type: ignore[override]  # narrower
        self._note("submit", orders[0])

    async def modify(self, order: Order, _: OrderChange) -> None:
        self._note("modify", order)

    async def cancel(self, order: Order) -> None:  # type: ignore[override]  # narrower
        self._note("cancel", order)

    def _note(self, verb: str, order: Order) -> None:
        self.on_disk.append(self.count())
        self.asked.append((verb, order.client_order_id, order.status))
        self.has_taken.set()

    def wait(self) -> None:
        """Stand still until it was asked; in the engine's thread, so that its loop does too."""
        assert self.has_taken.wait(10.0)
        self.has_taken.clear()


Scenario = Callable[[Desk, Venue], Awaitable[None]]


@pytest.fixture
def play(run: LoopRunner, tmp_path: Path) -> Callable[[Scenario], None]:
    """Run a scenario on an engine with a real journal and a real broker thread."""

    async def whole(scenario: Scenario) -> None:
        with Journal(tmp_path / "journal.db") as journal:
            venue = RunnerDesk(tmp_path, Venue)
            await venue.runner.start()
            adapter = venue.made[0]
            assert isinstance(adapter, Venue)
            adapter.count = lambda: len(list(journal.read_order_events()))
            desk = Desk(journal=journal)
            desk.connection.runner = venue.runner
            await scenario(desk, adapter)
            await desk.stop()
            await venue.runner.stop()

    return lambda scenario: run(whole(scenario))


def test_an_order_leaves_while_the_engine_s_loop_stands(play: Callable[[Scenario], None]) -> None:
    async def scenario(desk: Desk, venue: Venue) -> None:
        sending = desk.orders.submit([request()])
        assert desk.calls.unsettled() == {OWN}
        venue.wait()
        assert venue.asked == [("submit", OWN, S.PENDING_NEW)]
        assert venue.on_disk == [2]
        assert desk.changes == []  # nobody was told yet
        (order,) = await sending
        assert order.status is S.PENDING_NEW
        assert set(desk.orders.handed_at) == {OWN}

    play(scenario)


def test_a_cancel_leaves_while_the_engine_s_loop_stands(play: Callable[[Scenario], None]) -> None:
    async def scenario(desk: Desk, venue: Venue) -> None:
        await desk.orders.submit([request()])
        venue.wait()
        canceling = desk.orders.cancel(OWN)
        venue.wait()
        assert venue.asked[1:] == [("cancel", OWN, S.PENDING_CANCEL)]
        assert venue.on_disk == [2, 3]
        assert (await canceling).ok
        assert len(venue.asked) == 2

    play(scenario)


def test_a_change_leaves_while_the_engine_s_loop_stands(play: Callable[[Scenario], None]) -> None:
    async def scenario(desk: Desk, venue: Venue) -> None:
        await desk.orders.submit([request()])
        venue.wait()
        await desk.recorder.record([OrderAccepted(client_order_id=OWN, at=desk.clock.now())])
        changing = desk.orders.modify(OWN, DEARER)
        assert desk.calls.unsettled() == {OWN}
        venue.wait()
        assert venue.asked[1:] == [("modify", OWN, S.PENDING_REPLACE)]
        assert venue.on_disk == [2, 4]
        verdict = await changing
        assert (verdict.ok, verdict.text) == (True, "the change was sent")

    play(scenario)


def test_a_cancel_in_the_same_breath_keeps_the_order_here_or_follows_it(
    play: Callable[[Scenario], None],
) -> None:
    async def scenario(desk: Desk, venue: Venue) -> None:
        for number in range(20):
            own_id = ClientOrderId(f"o{number}")
            sending = desk.orders.submit([request(client_order_id=own_id)])
            await asyncio.sleep(number % 5 / 2000)
            verdict = await desk.orders.cancel(own_id)
            (order,) = await sending
            asked = [verb for verb, one, _ in venue.asked if one == own_id]
            assert verdict.ok
            assert asked == ([] if order.status is S.CANCELED else ["submit", "cancel"])

    play(scenario)


def test_a_thread_that_has_ended_takes_nothing(play: Callable[[Scenario], None]) -> None:
    async def scenario(desk: Desk, venue: Venue) -> None:
        assert desk.connection.runner is not None
        await desk.orders.submit([request()])
        sending = desk.orders.submit([request(client_order_id=OTHER)])
        await desk.connection.runner.stop()
        (order,) = await sending
        is_asked = ("submit", OTHER, S.PENDING_NEW) in venue.asked
        assert order.status is (S.PENDING_NEW if is_asked else S.DENIED)
        (order,) = await desk.orders.submit([request(client_order_id=ClientOrderId("third"))])
        assert (order.status, order.reason) == (S.DENIED, "desk is not connected")
        verdict = await desk.orders.cancel(OWN)
        assert (verdict.ok, verdict.text) == (False, "not canceled: desk is not connected")

    play(scenario)


def test_who_waits_for_it_sees_it_handed_over(play: Callable[[Scenario], None]) -> None:
    async def scenario(desk: Desk, venue: Venue) -> None:
        for number in range(20):
            own_id = ClientOrderId(f"o{number}")
            sending = desk.orders.submit([request(client_order_id=own_id)])
            desk.recorder.let_leave(10.0)
            assert own_id in desk.orders.handed_at
            venue.wait()
            await sending
            desk.recorder.let_leave(10.0)  # nothing is under way: it does not wait

    play(scenario)


def test_nobody_waits_long_for_a_disk_that_stands(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.orders.let_leave()
        desk.memory.is_held = True
        sending = desk.orders.submit([request()])
        desk.orders.let_leave()
        assert not sending.done()
        assert not desk.orders.handed_at
        desk.memory.release()
        await sending
        await desk.stop()

    run(scenario())


@pytest.mark.parametrize("verb", ["submit", "modify", "cancel"])
def test_where_nobody_can_be_asked_nothing_is_begun(run: LoopRunner, verb: str) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.orders.submit([request()])
        desk.hear()
        desk.connection.prepare_error = BrokerError("desk is Reconnecting", Outcome.NOT_SENT)
        if verb == "submit":
            (order,) = await desk.orders.submit([request(client_order_id=OTHER)])
            assert (order.status, order.reason) == (S.DENIED, "desk is Reconnecting")
            assert len(desk.gate.sent) == 1
        else:
            act = desk.orders.cancel(OWN) if verb == "cancel" else desk.orders.modify(OWN, DEARER)
            verdict = await act
            what = "canceled" if verb == "cancel" else "changed"
            assert (verdict.ok, verdict.text) == (False, f"not {what}: desk is Reconnecting")
            assert desk.status(OWN) is S.WORKING
        assert desk.venue.requests == [("submit", OWN)]
        await desk.stop()

    run(scenario())


def test_a_change_may_begin_while_the_call_of_the_one_before_still_ends(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.orders.submit([request()])
        desk.hear()
        desk.venue.faults["slow after"] = 1
        first = desk.orders.modify(OWN, DEARER)
        await until(lambda: ("modify", OWN) in desk.venue.requests)
        desk.hear()
        assert (desk.status(OWN), desk.order(OWN).limit_price) == (S.WORKING, Decimal("10.50"))
        desk.memory.is_held = True
        second = desk.orders.modify(OWN, OrderChange(limit_price=Decimal("10.75")))
        desk.venue.hurry()
        assert (await first).ok
        canceling = desk.orders.cancel(OWN)  # overtakes the second, which has not left
        desk.memory.is_held = False
        desk.memory.release()
        verdict = await second
        assert (verdict.ok, verdict.text) == (False, "not changed: it became PendingCancel first")
        assert (await canceling).ok
        assert [what for what, _ in desk.venue.requests] == ["submit", "modify", "cancel"]
        await desk.stop()

    run(scenario())


def test_what_is_heard_of_another_order_keeps_no_change_here(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.orders.submit([request()])
        desk.hear()
        await desk.orders.submit([request(client_order_id=OTHER)])
        desk.memory.is_held = True
        changing = desk.orders.modify(OWN, DEARER)
        desk.venue.fill(desk.venue.number_of(OTHER))
        desk.hear()
        desk.memory.is_held = False
        desk.memory.release()
        assert (await changing).ok
        await desk.stop()

    run(scenario())

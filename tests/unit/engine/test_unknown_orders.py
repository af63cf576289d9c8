"""An Unknown order is asked about until it is known, soon at first, never on a dead line."""

from __future__ import annotations

from app.domain.events import Reconciled
from app.domain.ids import ConnectionId
from app.domain.order_types import OrderStatus
from app.domain.reconcile import Reconciliation
from app.engine.answers import LATER_S, SOON
from tests.doubles.desk import Desk
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import CONNECTION, OWN, request

S = OrderStatus
WHILE_S = 3.1  # a little more than a request may still be travelling


async def lost(desk: Desk) -> None:
    """An order that never arrived, at a broker whose list is not complete."""
    desk.venue.since = None
    desk.venue.faults["drop before"] = 1
    await desk.orders.submit([request()])
    assert desk.status(OWN) is S.UNKNOWN


def test_it_is_asked_again_until_the_list_is_complete(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        begun = desk.clock.now()
        await lost(desk)
        for _ in range(2):
            await desk.pass_time(WHILE_S)
            assert desk.status(OWN) is S.UNKNOWN
        desk.venue.since = begun
        await desk.pass_time(WHILE_S)
        assert desk.status(OWN) is S.REJECTED
        asked = len(desk.reconciled)
        await desk.pass_time(LATER_S * 2)
        assert len(desk.reconciled) == asked, "what is settled is not asked about"
        await desk.stop()

    run(scenario())


def test_after_a_while_it_is_asked_only_now_and_then(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await lost(desk)
        for _ in range(SOON + 1):
            await desk.pass_time(WHILE_S)
        asked = len(desk.reconciled)
        assert asked == SOON + 1
        await desk.pass_time(LATER_S - WHILE_S)
        assert len(desk.reconciled) == asked
        await desk.pass_time(WHILE_S)
        assert len(desk.reconciled) == asked + 1
        await desk.stop()

    run(scenario())


def test_a_list_that_cannot_be_read_now_is_read_again(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await lost(desk)
        result = Reconciliation(CONNECTION, desk.clock.now(), (), (), ("orders: no answer",))
        desk.bus.publish(Reconciled(result))
        await desk.pass_time(WHILE_S)
        assert len(desk.reconciled) == 2
        await desk.stop()

    run(scenario())


def test_other_connections_and_dead_lines_are_left_alone(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        await lost(desk)
        desk.venue.is_connected = False
        await desk.pass_time(WHILE_S)  # asked once, in vain
        asked = len(desk.reconciled)
        elsewhere = Reconciliation(ConnectionId("other"), desk.clock.now(), (), (), ())
        desk.bus.publish(Reconciled(elsewhere))
        await desk.pass_time(LATER_S * 2)
        assert len(desk.reconciled) == asked + 1  # the one that was published here
        await desk.stop()

    run(scenario())

"""Asking what submit would say changes nothing: no journal entry, no order, no broker."""

from __future__ import annotations

from app.engine.order_checks import Refused
from tests.doubles.desk import Desk
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import request


def test_it_answers_as_submit_would_and_leaves_no_trace(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk()
        assert desk.orders.refusal([request()]) is None
        desk.gate.refusal = Refused("banned", "SPY is on the ban list")
        assert desk.orders.refusal([request()]) == desk.gate.refusal
        desk.connection.closed = "not connected"
        refused = desk.orders.refusal([request()])
        assert refused is not None
        assert refused.reason == "not connected"
        assert desk.memory.stored == []
        assert desk.gate.sent == []
        assert list(desk.book) == []
        assert desk.venue.orders == {}
        await desk.stop()

    run(scenario())

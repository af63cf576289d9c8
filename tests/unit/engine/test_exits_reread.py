"""After cancels nothing is closed on what may be an old position."""

from __future__ import annotations

from tests.doubles.loop import run_async
from tests.doubles.orders import ACCOUNT, CONNECTION, SPY, request
from tests.unit.engine.test_exits import Pit

HERE = (CONNECTION, ACCOUNT, SPY.key)


def test_flatten_sends_no_close_when_the_broker_cannot_be_read_after_the_cancels() -> None:
    async def scenario() -> None:
        pit = Pit()
        await pit.orders.submit([request()])
        await pit.settle()
        pit.venue.unreadable["executions"] = "time-out"
        verdicts = await pit.exits.flatten(*HERE)
        assert [verdict.ok for verdict in verdicts] == [True, False]
        assert "time-out" in verdicts[-1].text
        assert pit.sent() == []
        assert pit.held == 100
        del pit.venue.unreadable["executions"]
        again = await pit.exits.flatten(*HERE)
        assert again[-1].ok
        await pit.settle()
        assert pit.held == 0
        await pit.close()

    run_async(scenario())

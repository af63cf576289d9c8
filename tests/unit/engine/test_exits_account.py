"""Flatten one account: nothing of another account is touched, and cancels are told from closes."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from app.domain.ids import AccountId
from app.domain.order_types import Side
from app.domain.verdict import Deed
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import ACCOUNT, CONNECTION, SPY, request
from tests.unit.engine.test_exits import HERE, Pit, with_bracket


def test_one_account_is_flattened_and_no_other(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit, other = Pit(), AccountId("A2")
        pit.positions.held[other, SPY.key] = Decimal(7)
        await pit.orders.submit([request(account_id=other)])
        await pit.settle()
        verdicts = await pit.exits.flatten_everything((CONNECTION, ACCOUNT))
        assert [verdict.deed for verdict in verdicts] == [Deed.CLOSE]
        await pit.settle()
        assert pit.positions.held[ACCOUNT, SPY.key] == 0
        assert pit.positions.held[other, SPY.key] == 7
        assert [order.request.account_id for order in pit.book.open_orders()] == [other]
        await pit.close()

    run(scenario())


def test_an_empty_account_gives_no_verdict(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit()
        assert await pit.exits.flatten_everything((CONNECTION, AccountId("A2"))) == []
        assert pit.sent() == []
        await pit.close()

    run(scenario())


def test_each_verdict_says_what_it_is_about(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit()
        await with_bracket(pit)
        verdicts = await pit.exits.flatten(*HERE)
        assert [verdict.deed for verdict in verdicts[:-1]] == [Deed.CANCEL] * (len(verdicts) - 1)
        assert len(verdicts) > 1
        assert verdicts[-1].deed is Deed.CLOSE
        await pit.close()

    run(scenario())


def test_a_cancel_that_got_stuck_is_still_a_cancel(run: LoopRunner) -> None:
    async def scenario() -> None:
        pit = Pit(trades=False)
        [order] = await pit.orders.submit([request(side=Side.BUY)])
        pit.venue.is_connected = False
        verdicts = await asyncio.wait_for(pit.exits.flatten(*HERE), 10)
        assert [(v.deed, v.ok) for v in verdicts] == [(Deed.CANCEL, False), (Deed.CLOSE, False)]
        assert verdicts[0].order is not None
        assert verdicts[0].order.client_order_id == order.client_order_id
        await pit.close()

    run(scenario())

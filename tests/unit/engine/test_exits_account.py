"""Flatten everything, or one account and nothing of another; cancels are told from closes."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from app.domain.ids import AccountId
from app.domain.order_types import Side
from app.domain.verdict import Deed, Verdict
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import ACCOUNT, CONNECTION, QQQ, SPY, request
from tests.surprises import LogWatch
from tests.unit.engine.test_exits import HERE, Pit, texts, with_bracket


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


def test_flatten_everything(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        pit = Pit()
        pit.positions.instruments[QQQ.key] = QQQ
        pit.positions.held[ACCOUNT, QQQ.key] = Decimal(-5)
        second = AccountId("A2")
        pit.positions.held[second, SPY.key] = Decimal(0)
        await pit.orders.submit([request(account_id=second)])
        await pit.settle()
        verdicts = await pit.exits.flatten_everything()
        assert sorted(texts(verdicts)) == [
            "buy 100 SPY limit is Canceled",
            "closing 100 of 100: sent",
            "closing 5 of 5: sent",
            "there is no position",
        ]
        await pit.settle()
        assert set(pit.positions.held.values()) == {Decimal(0)}
        await pit.close()

    run(scenario())


def test_one_failure_does_not_keep_the_rest_from_being_flattened(
    run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        pit = Pit()
        pit.positions.held[ACCOUNT, QQQ.key] = Decimal(5)
        pit.positions.instruments[QQQ.key] = QQQ
        pit.positions.broken.add(QQQ.key)
        told: dict[object, list[Verdict]] = {}
        verdicts = await pit.exits.flatten_everything(told=told.__setitem__)
        assert [v.ok for v in verdicts].count(False) == 1
        assert any("was not flattened: no such thing" in v.text for v in verdicts)
        assert len(told) == 2
        each = [verdict.text for place in told.values() for verdict in place]
        assert sorted(each) == sorted(verdict.text for verdict in verdicts)
        assert (Side.SELL, Decimal(100)) in pit.sent()
        await pit.close()

    with expected_logs("flattening", level="ERROR", count=1):
        run(scenario())

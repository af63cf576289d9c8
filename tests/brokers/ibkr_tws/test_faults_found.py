"""What a thousand orders through every fault have brought to light, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.base.errors import Outcome
from app.domain.groups import bracket
from app.domain.order_types import OrderStatus
from app.domain.request import OrderChange
from tests.brokers.ibkr_tws.trading_desk import TradingDesk, outcome_of, trading_at
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import Quirk

S = OrderStatus
PLACE, ALL_OPEN = 3, 16


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as started:
        yield started


def say(desk: TradingDesk, code: int, text: str) -> None:
    """An error about the order that was sent last."""
    number = int(desk.sent(PLACE)[-1][1])

    def tell() -> None:
        for session in desk.peer.world.sessions:
            session.error(number, code, text)

    desk.peer.call(tell)


async def is_complete(desk: TradingDesk) -> bool:
    return (await desk.trading.snapshot()).is_complete_since is not None


def test_legs_without_their_entry_are_rejected_and_lists_stay_complete(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.faults.on_next, Quirk.REJECT)
            legs = bracket(desk.request(), Decimal(500), Decimal(390))
            for order in await desk.submit(*legs):
                await desk.until_status(order, S.REJECTED)
                assert desk.accepted(order) == 0
            assert await is_complete(desk)

    run(scene())


def test_an_answer_that_proves_nothing_is_an_answer(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    """Else no list would be taken for complete any more, and nothing that was lost be found out."""

    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.world.lose_ibkr)
            (order,) = await desk.submit(desk.request())
            assert not await is_complete(desk)
            asked = len(desk.sent(ALL_OPEN))
            say(desk, 99999, "of which nobody has heard")
            await until(lambda: len(desk.sent(ALL_OPEN)) > asked)
            assert desk.status(order) is S.PENDING_NEW
            assert await is_complete(desk)
            # Under its number a change would be a new order: TWS has not confirmed it.
            change = OrderChange(limit_price=Decimal(399))
            error = await outcome_of(desk.trading.modify(desk.now(order), change))
            assert error.outcome is Outcome.NOT_SENT

    run(scene())


def test_a_refusal_that_meets_a_cancel_is_a_refusal(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.world.lose_ibkr)
            (order,) = await desk.submit(desk.request())
            await desk.cancel(order)
            say(desk, 201, "Order rejected - reason: no")
            await desk.until_status(order, S.REJECTED)
            assert "reason: no" in desk.reports(order.client_order_id)[-1].reason

    run(scene())


def test_a_refusal_of_a_cancel_is_none_of_the_order(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            peer.call(peer.world.lose_ibkr)
            await desk.cancel(order)
            say(desk, 201, "Order rejected - reason: no")
            asked = len(desk.sent(ALL_OPEN))
            await until(lambda: len(desk.sent(ALL_OPEN)) > asked)
            assert desk.status(order) is S.PENDING_CANCEL

    run(scene())

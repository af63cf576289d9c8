"""Orders of other programs and of people in TWS: shown, followed, and left to their owners."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.base.errors import Outcome
from app.domain.order_types import OrderStatus, Side
from app.domain.reports import ExecutionReport, OrderReport
from app.domain.request import OrderChange
from tests.brokers.driving import known
from tests.brokers.ibkr_tws.trading_desk import outcome_of, trading_at
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.world import SPY

S = OrderStatus
CANCEL = 4


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as started:
        yield started


def test_what_is_typed_into_tws_appears_and_is_not_ours_to_touch(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.brokers.ibkr_tws.foreign.LOOK_EVERY_S", 0.05)

    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            typed = peer.call(peer.world.manual_order, SPY.con_id, "SELL", 7, "LMT", 500)
            await until(lambda: desk.sink.of(OrderReport))
            report = desk.sink.of(OrderReport)[-1]
            assert (report.client_order_id, report.broker_order_id) == (None, None)
            assert report.perm_id == str(typed.perm_id)
            assert (report.side, report.limit_price) == (Side.SELL, Decimal(500))
            _, result = await desk.reconcile()
            assert any("another program" in finding for finding in result.findings)
            (foreign,) = list(desk.sink.book)
            for call, what in (
                (desk.trading.cancel(foreign), "cancel"),
                (desk.trading.modify(foreign, OrderChange(quantity=Decimal(3))), "change"),
            ):
                error = await outcome_of(call)
                assert error.outcome is Outcome.NOT_SENT
                assert f"{what} it there" in str(error)
            assert desk.sent(CANCEL) == []

    run(scene())


def test_an_order_of_another_client_is_followed_to_its_end(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.brokers.ibkr_tws.foreign.LOOK_EVERY_S", 0.05)

    async def scene() -> None:
        theirs = peer.call(
            peer.world.foreign_order, 3, 900, SPY.con_id, "BUY", 10, "LMT", 380, orderRef="algo"
        )
        async with trading_at(peer, tmp_path) as desk:
            (order,) = list(desk.sink.book)
            assert order.broker_order_id == "3/900"
            assert order.is_nameless
            error = await outcome_of(desk.trading.cancel(order))
            assert "client id 3" in str(error)
            peer.call(peer.world.fill, theirs.perm_id, 4, 380)
            await until(lambda: desk.now(order).cum_quantity == 4)
            peer.call(peer.world.cancel, theirs.perm_id)
            await desk.until_status(order, S.CANCELED)

    run(scene())


def test_a_market_order_typed_into_tws_is_found_by_its_position(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(peer.world.quote, SPY.con_id, 450, "450.01")
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.world.manual_order, SPY.con_id, "BUY", 7)
            await until(lambda: desk.sink.of(ExecutionReport))
            (fill,) = desk.sink.of(ExecutionReport)[:1]
            assert fill.execution.client_order_id is None
            assert fill.execution.quantity == 7

    run(scene())


def test_client_0_takes_charge_of_what_is_typed_in_and_lists_it_once(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        typed = peer.call(peer.world.manual_order, SPY.con_id, "SELL", 7, "LMT", 500)
        async with trading_at(peer, tmp_path, client_id=0) as desk:
            (order,) = list(desk.sink.book)
            orders = known((await desk.trading.snapshot()).orders)
            assert [o.perm_id for o in orders] == [str(typed.perm_id)]
            await desk.modify(order, quantity=Decimal(9), limit_price=Decimal(501))
            await until(lambda: (desk.now(order).quantity, desk.now(order).limit_price)
                        == (Decimal(9), Decimal(501)))  # fmt: skip
            assert typed.terms["orderType"] == "LMT"
            await desk.cancel(desk.now(order))
            await desk.until_status(order, S.CANCELED)

    run(scene())


def test_a_reference_that_was_copied_in_tws_does_not_make_an_order_ours(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            copy = peer.call(
                peer.world.manual_order, SPY.con_id, "BUY", 100, "LMT", 400,
                orderRef=order.client_order_id,
            )  # fmt: skip
            orders = known((await desk.trading.snapshot()).orders)
            owners = {report.perm_id: report.client_order_id for report in orders}
            assert owners == {
                desk.now(order).perm_id: order.client_order_id, str(copy.perm_id): None,
            }  # fmt: skip

    run(scene())


def test_the_order_of_another_moorgate_keeps_its_name(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        ref = "0123456789abcdef" * 2
        peer.call(peer.world.foreign_order, 5, 12, SPY.con_id, "BUY", 10, "LMT", 380, orderRef=ref)
        async with trading_at(peer, tmp_path) as desk:
            (report,) = known((await desk.trading.snapshot()).orders)
            assert report.client_order_id == ref

    run(scene())

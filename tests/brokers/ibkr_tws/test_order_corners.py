"""Corners of the order side: contracts nobody has met, lines that break within a group, reuse."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.base.errors import Outcome
from app.brokers.ibkr_tws.abilities import CAPABILITIES
from app.brokers.ibkr_tws.send_queue import Lane
from app.domain.groups import bracket
from app.domain.order_types import OrderStatus, OrderType, TimeInForce
from app.domain.reports import Notice, OrderReport, Severity
from app.domain.request import OrderChange
from tests.brokers.driving import known
from tests.brokers.ibkr_tws.line_desk import tell
from tests.brokers.ibkr_tws.trading_desk import TradingDesk, outcome_of, trading_at
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.message_numbers import Tell
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.world import AAPL, SPY
from tests.surprises import LogWatch

S = OrderStatus
OPEN_ORDERS = 16


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as started:
        yield started


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.brokers.ibkr_tws.foreign.LOOK_EVERY_S", 0.05)
    monkeypatch.setattr("app.brokers.ibkr_tws.naming.RETRY_S", (0.01,))


@pytest.mark.usefixtures("_quick")
def test_an_order_in_a_contract_never_met_is_told_when_tws_has_named_it(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.world.manual_order, AAPL.con_id, "BUY", 7, "LMT", 100)
            await until(lambda: desk.sink.of(OrderReport))
            assert desk.sink.of(OrderReport)[-1].instrument.symbol == "AAPL"

    run(scene())


@pytest.mark.usefixtures("_quick")
def test_a_contract_that_tws_does_not_name_closes_trading_until_it_does(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path, request_timeout_s=0.1) as desk:
            doubts: list[str] = []
            desk.line.on_doubt(doubts.append)
            ask = desk.line.client.reqContractDetails
            desk.line.client.reqContractDetails = lambda *_: None
            peer.call(peer.world.manual_order, AAPL.con_id, "BUY", 7, "LMT", 100)
            await until(lambda: doubts)
            assert desk.sink.of(Notice)[-1].severity is Severity.ERROR
            assert "AAPL" in desk.sink.of(Notice)[-1].text
            assert "no complete answer" in str((await desk.trading.snapshot()).orders)
            desk.line.client.reqContractDetails = ask
            (told,) = known((await desk.trading.snapshot()).orders)
            assert told.instrument.symbol == "AAPL"

    run(scene())


def test_an_order_that_vanishes_without_a_word_is_unknown(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.brokers.ibkr_tws.foreign.LOOK_EVERY_S", 0.05)

    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            theirs = peer.call(peer.world.order, order.client_order_id)
            peer.call(peer.world.orders.pop, theirs.perm_id)
            await desk.until_status(order, S.UNKNOWN)
            assert desk.now(order).fills == ()

    run(scene())


def test_a_status_of_an_order_never_heard_of_is_asked_about(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            asked = len(desk.sent(OPEN_ORDERS))
            tell(peer, Tell.ORDER_STATUS, 77, "Submitted", 0, 5, 0, 4242, 0, 0, 17, "", 0)
            await until(lambda: len(desk.sent(OPEN_ORDERS)) > asked)

    run(scene())


@pytest.mark.parametrize(("fails_at", "outcome"), [(0, Outcome.NOT_SENT), (1, Outcome.UNKNOWN)])
def test_a_line_that_breaks_within_a_group(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, fails_at: int, outcome: Outcome
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            place, calls = desk.line.client.placeOrder, 0

            def failing(*arguments: object) -> None:
                nonlocal calls
                calls += 1
                if calls > fails_at:
                    raise ConnectionError("Not connected")
                place(*arguments)

            desk.line.client.placeOrder = failing
            orders = [desk.born(r) for r in bracket(desk.request(), Decimal(500), Decimal(390))]
            assert (await outcome_of(desk.trading.submit(orders))).outcome is outcome

    run(scene())


def test_what_raises_while_it_is_sent_proves_nothing(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:

            def failing(*_: object) -> None:
                raise AssertionError("the Trade is done")

            order = await desk.resting()
            desk.line.client.placeOrder = desk.line.client.cancelOrder = failing
            for call in (
                desk.trading.submit([desk.born(desk.request())]),
                desk.trading.modify(order, OrderChange(quantity=Decimal(5))),
                desk.trading.cancel(order),
            ):
                assert (await outcome_of(call)).outcome is Outcome.UNKNOWN

    run(scene())


def test_a_number_that_comes_back_for_another_order_is_another_order(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            number = desk.now(order).broker_order_id
            assert number is not None
            order_id = int(number.partition("/")[2])
            theirs = peer.call(
                peer.world.foreign_order, 17, order_id, SPY.con_id, "SELL", 5, "LMT", 500
            )
            orders = known((await desk.trading.snapshot()).orders)
            owners = {report.perm_id: report.client_order_id for report in orders}
            assert owners[str(theirs.perm_id)] is None
            assert owners[desk.now(order).perm_id] == order.client_order_id

    run(scene())


def test_an_order_may_be_named_by_nothing_but_its_number(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
        async with trading_at(peer, tmp_path / "elsewhere", read=False) as desk:
            named = replace(order, perm_id="", broker_order_ids=order.broker_order_ids)
            await desk.trading.cancel(named)
            await until(lambda: peer.call(peer.world.order, order.client_order_id).is_done)
            error = await outcome_of(
                desk.trading.cancel(replace(desk.born(desk.request()), perm_id="991"))
            )
            assert "typed into TWS" in str(error)

    run(scene())


def test_what_tws_has_no_word_for_is_not_sent(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            request = desk.request(order_type=OrderType.STOP, stop_price=Decimal(500),
                                   time_in_force=TimeInForce.CLS)  # fmt: skip
            for call in (
                desk.trading.submit([desk.born(request)]), desk.trading.preview(request),
            ):  # fmt: skip
                error = await outcome_of(call)
                assert error.outcome is Outcome.NOT_SENT
                assert "auction" in str(error)

    run(scene())


def test_a_preview_of_what_tws_would_refuse_says_so(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(peer.world.quote, SPY.con_id, 450, "450.01")
        async with trading_at(peer, tmp_path) as desk:
            preview = await desk.trading.preview(desk.request(limit_price=Decimal("400.005")))
            assert preview.initial_margin is None
            assert "would refuse" in preview.text

    run(scene())


def test_a_folder_that_cannot_be_written_is_said_before_connecting(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        (tmp_path / "file").write_text("in the way")
        desk = TradingDesk(peer, tmp_path / "file")
        error = await outcome_of(desk.open())
        assert error.outcome is Outcome.NOT_SENT
        assert "order numbers" in str(error)

    run(scene())


def test_a_read_only_tws_narrows_what_can_be_done(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            assert desk.trading.capabilities(CAPABILITIES) is CAPABILITIES
        peer.call(setattr, peer.faults, "read_only", True)
        async with trading_at(peer, tmp_path, read=False) as desk:
            can = desk.trading.capabilities(CAPABILITIES)
            assert (can.order_types, can.modify, can.preview) == ({}, False, False)
            assert can.history
            assert can.search

    run(scene())


def test_an_order_that_cannot_be_understood_is_read_again(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, expected_logs: LogWatch
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            doubts: list[str] = []
            desk.line.on_doubt(doubts.append)
            order = await desk.resting()
            theirs = peer.call(peer.world.order, order.client_order_id)
            peer.call(theirs.terms.__setitem__, "action", "HOLD")
            await desk.line.queue.sent(Lane.CONTROL, desk.line.client.reqAllOpenOrders)
            await until(lambda: doubts)
            assert desk.status(order) is S.WORKING
            await asyncio.sleep(0)

    with expected_logs("openOrder of TWS could not be handled", level="ERROR"):
        run(scene())

"""What a snapshot holds, what it says of what failed, and what streams in after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import Outcome
from app.brokers.ibkr_tws.order_ids import Numbered
from app.brokers.ibkr_tws.order_stream import OrderStream
from app.domain.ids import new_client_order_id
from app.domain.order_types import OrderStatus
from app.domain.reports import (
    AccountReport,
    Notice,
    PositionReport,
    ProfitReport,
    Severity,
    Unavailable,
)
from tests.brokers.driving import known
from tests.brokers.ibkr_tws.trading_desk import TradingDesk, outcome_of, trading_at
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.world import AAPL, SPY, World

S = OrderStatus


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as started:
        yield started


def test_every_part_is_there(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        peer.call(peer.world.set_position, AAPL.con_id, -5, "180.5")
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            desk.fill(order, 30)
            await desk.until_status(order, S.PARTIALLY_FILLED)
            snapshot = await desk.trading.snapshot()
            (account,) = known(snapshot.accounts)
            assert (account.account_id, account.is_paper) == ("DU1000001", True)
            (told,) = known(snapshot.orders)
            assert (told.status, told.cum_quantity) == (S.WORKING, Decimal(30))
            (fill,) = known(snapshot.executions)
            assert fill.quantity == 30
            held = {p.instrument.symbol: p.quantity for p in known(snapshot.positions)}
            assert held == {"AAPL": -5, "SPY": 30}
            assert snapshot.carries_client_ids
            midnight = snapshot.is_complete_since
            assert midnight is not None
            assert (midnight.hour, midnight.minute) == (0, 0)
            assert timedelta(0) <= desk.clock.now() - midnight < timedelta(hours=25)

    run(scene())


PARTS = {
    "positions": "positions", "open_orders": "orders", "executions": "executions",
    "account": "accounts",
}  # fmt: skip


@pytest.mark.parametrize("missing", PARTS)
def test_a_list_without_its_end_is_no_list(
    run: LoopRunner, tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.brokers.ibkr_tws.requests.SECOND_END_S", 0.1)

    async def scene() -> None:
        with TwsPeer() as peer:
            peer.call(peer.world.set_position, AAPL.con_id, 5, 100)
            async with trading_at(peer, tmp_path, request_timeout_s=0.3) as desk:
                await desk.resting()
                peer.call(peer.faults.missing_end.add, missing)
                snapshot = await desk.trading.snapshot()
                for part in PARTS.values():
                    value = getattr(snapshot, part)
                    assert isinstance(value, Unavailable) is (part == PARTS[missing]), part
                broken = getattr(snapshot, PARTS[missing])
                assert "no complete answer" in broken.reason
                peer.call(peer.faults.missing_end.clear)
                again = await desk.trading.snapshot()
                assert not isinstance(getattr(again, PARTS[missing]), Unavailable)

    run(scene())


def test_without_the_finished_orders_the_open_ones_are_known_and_absence_proves_nothing(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path, request_timeout_s=0.3) as desk:
            order = await desk.resting()
            peer.call(peer.faults.missing_end.add, "completed_orders")
            snapshot = await desk.trading.snapshot()
            assert [o.client_order_id for o in known(snapshot.orders)] == [order.client_order_id]
            assert snapshot.is_complete_since is None
            notice = desk.sink.of(Notice)[-1]
            assert notice.severity is Severity.WARNING
            assert "completed orders" in notice.text

    run(scene())


def test_a_position_that_was_closed_meanwhile_is_not_listed(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(peer.world.set_position, AAPL.con_id, 5, 100)
        async with trading_at(peer, tmp_path) as desk:
            assert len(known((await desk.trading.snapshot()).positions)) == 1
            await desk.close()
            peer.call(peer.world.set_position, AAPL.con_id, 0, 0)
            await desk.open()
            assert known((await desk.trading.snapshot()).positions) == ()

    run(scene())


def test_positions_and_accounts_stream_in_after_it(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(peer.world.quote, SPY.con_id, 450, "450.02")
        async with trading_at(peer, tmp_path) as desk:
            before = len(desk.sink.of(AccountReport))
            await desk.submit(desk.request(limit_price=Decimal(460)))
            await until(lambda: desk.sink.of(PositionReport))
            position = desk.sink.of(PositionReport)[-1]
            assert (position.instrument.symbol, int(position.quantity)) == ("SPY", 100)
            await until(lambda: len(desk.sink.of(AccountReport)) > before)
            cash = desk.sink.of(AccountReport)[-1].balances[0].cash
            assert cash is not None
            assert cash < 1_000_000
            await until(
                lambda: {p.instrument for p in desk.sink.of(ProfitReport)} >= {None, desk.spy}
            )
            peer.call(peer.world.set_position, SPY.con_id, 0, 0)
            await until(lambda: desk.sink.of(PositionReport)[-1].quantity == 0)
            await until(lambda: desk.sent(95))  # its profit is no longer asked for

    run(scene())


def test_several_accounts_and_the_chosen_ones(run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        world = World("DU1000001", "DU1000002", "U3000003")
        with TwsPeer(world=world) as peer:
            peer.call(peer.world.set_position, SPY.con_id, 3, 400, "DU1000002")
            peer.call(peer.world.manual_order, SPY.con_id, "SELL", 1, "LMT", 500,
                      account="U3000003")  # fmt: skip
            async with trading_at(peer, tmp_path / "all") as desk:
                snapshot = await desk.trading.snapshot()
                accounts = {a.account_id: a.is_paper for a in known(snapshot.accounts)}
                assert accounts == {"DU1000001": True, "DU1000002": True, "U3000003": False}
                assert [p.account_id for p in known(snapshot.positions)] == ["DU1000002"]
                assert [o.account_id for o in known(snapshot.orders)] == ["U3000003"]
            async with trading_at(peer, tmp_path / "one", accounts=["DU1000001"]) as desk:
                snapshot = await desk.trading.snapshot()
                assert [a.account_id for a in known(snapshot.accounts)] == ["DU1000001"]
                assert known(snapshot.positions) == ()
                assert known(snapshot.orders) == ()
            stranger = TradingDesk(peer, tmp_path / "no", accounts=["DU9"])
            error = await outcome_of(stranger.open())
            assert error.outcome is Outcome.REJECTED
            assert "DU1000001, DU1000002" in str(error)
            await stranger.close()

    run(scene())


def test_accounts_are_asked_for_one_by_one_where_the_common_question_meets_silence(
    run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        with TwsPeer(world=World("DU1000001", "DU1000002")) as peer:
            async with trading_at(peer, tmp_path, request_timeout_s=0.3) as desk:
                unanswered(peer, Ask.ACCOUNT_UPDATES_MULTI)
                before = len(desk.sent(Ask.ACCOUNT_UPDATES_MULTI))
                for _ in range(2):
                    accounts = known((await desk.trading.snapshot()).accounts)
                    assert [a.account_id for a in accounts] == ["DU1000001", "DU1000002"]
                    assert [int(a.balances[0].cash or 0) for a in accounts] == [1_000_000] * 2
                asked = len(desk.sent(Ask.ACCOUNT_UPDATES_MULTI)) - before
                assert asked == 2, "silence is remembered"
                unanswered(peer, Ask.ACCOUNT_UPDATES)
                part = (await desk.trading.snapshot()).accounts
                assert isinstance(part, Unavailable)
                assert "no complete answer" in part.reason

    run(scene())


def test_an_account_told_one_by_one_is_followed(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(peer.world.quote, SPY.con_id, 450, "450.02")
        async with trading_at(peer, tmp_path, request_timeout_s=0.3) as desk:
            unanswered(peer, Ask.ACCOUNT_UPDATES_MULTI)
            await desk.trading.snapshot()
            await desk.submit(desk.request(limit_price=Decimal(460)))
            await until(lambda: desk.sink.of(AccountReport))
            assert (desk.sink.of(AccountReport)[-1].balances[0].cash or 0) < 1_000_000

    run(scene())


def test_own_orders_do_where_all_orders_meet_silence(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.brokers.ibkr_tws.requests.SECOND_END_S", 0.1)

    async def scene() -> None:
        async with trading_at(peer, tmp_path, request_timeout_s=0.3) as desk:
            order = await desk.resting()
            unanswered(peer, Ask.ALL_OPEN_ORDERS)
            part = (await desk.trading.snapshot()).orders
            assert isinstance(part, Unavailable), "it has told of all of them before"
            desk.trading._questions._tells_all = None
            before = len(desk.sent(Ask.ALL_OPEN_ORDERS))
            for _ in range(2):
                snapshot = await desk.trading.snapshot()
                listed = [o.client_order_id for o in known(snapshot.orders)]
                assert listed == [order.client_order_id]
            assert len(desk.sent(Ask.ALL_OPEN_ORDERS)) == before + 1, "silence is remembered"
            told = [notice.text for notice in desk.sink.of(Notice)]
            assert len([text for text in told if "only the orders of this client id" in text]) == 1
            assert snapshot.is_complete_since is not None
            # One of ours under another client id may live and is not on this list.
            elsewhere = Numbered(9, 5, new_client_order_id())
            desk.trading._ids.write([elsewhere])
            assert (await desk.trading.snapshot()).is_complete_since is None

    run(scene())


def test_finished_orders_that_are_not_told_are_not_waited_for_as_long_again(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.brokers.ibkr_tws.questions.AFTER_SILENCE_S", 0.05)
    monkeypatch.setattr("app.brokers.ibkr_tws.requests.HASTY_S", 0.2)

    async def scene() -> None:
        async with trading_at(peer, tmp_path, request_timeout_s=1.0) as desk:
            unanswered(peer, Ask.COMPLETED_ORDERS)
            clock = asyncio.get_running_loop().time
            took: list[float] = []
            for _ in range(3):
                began = clock()
                await desk.trading.snapshot()
                took.append(clock() - began)
            assert took[0] < 0.95 < took[1], "in full when it is asked for again"
            assert took[2] < 0.95

    run(scene())


def unanswered(peer: TwsPeer, question: Ask) -> None:
    """Let TWS say nothing to it."""

    def change() -> None:
        for session in peer.world.sessions:
            session._handlers = {**session._handlers, int(question): lambda s, f: None}

    peer.call(change)


def test_an_order_that_names_no_account_is_of_the_only_one(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path, accounts=["DU1000001"]) as desk:
            await desk.resting()
            (there,) = peer.call(lambda: list(peer.world.orders.values()))
            peer.call(there.terms.__setitem__, "account", "")
            (order,) = known((await desk.trading.snapshot()).orders)
            assert (order.account_id, order.status) == ("DU1000001", S.WORKING)

    run(scene())


def test_a_fill_without_a_reference_is_told_by_its_order(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = OrderStream._on_execution

    def without_reference(stream: OrderStream, req_id: int, contract: Any, wire: Any) -> None:
        wire.orderRef = ""
        hear(stream, req_id, contract, wire)

    monkeypatch.setattr(OrderStream, "_on_execution", without_reference)

    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
        peer.call(peer.world.fill, order.client_order_id, 100, 400)
        async with trading_at(peer, tmp_path) as desk:
            (fill,) = known((await desk.trading.snapshot()).executions)
            assert fill.client_order_id == order.client_order_id

    run(scene())


def test_it_takes_one_round_trip(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.brokers.ibkr_tws.requests.HASTY_S", 60.0)

    async def scene() -> None:
        async with trading_at(peer, tmp_path, request_timeout_s=60.0) as desk:
            questions = (
                Ask.ALL_OPEN_ORDERS,
                Ask.COMPLETED_ORDERS,
                Ask.EXECUTIONS,
                Ask.POSITIONS,
                Ask.ACCOUNT_UPDATES_MULTI,
            )

            def asked() -> list[int]:
                return [len(desk.sent(int(question))) for question in questions]

            peer.call(setattr, peer.faults, "mute", True)
            before = asked()
            asking = asyncio.create_task(desk.trading.snapshot())
            await until(lambda: all(now > then for now, then in zip(asked(), before, strict=True)))
            assert not asking.done(), "nothing was answered"
            asking.cancel()
            await asyncio.wait([asking])

    run(scene())


def test_a_line_that_dies_meanwhile_leaves_every_part_unavailable(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(setattr, peer.faults, "mute", True)
            reading = asyncio.ensure_future(desk.trading.snapshot())
            await until(lambda: desk.sent(99))
            peer.cut()
            snapshot = await reading
            for part in ("accounts", "orders", "executions", "positions"):
                assert isinstance(getattr(snapshot, part), Unavailable), part

    run(scene())


def test_the_ledger_prefix_and_another_currency(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(setattr, peer.world, "ledger_prefix", True)
        cash = peer.world.accounts["DU1000001"].cash
        peer.call(cash.update, EUR=Decimal(250))
        async with trading_at(peer, tmp_path) as desk:
            (account,) = known((await desk.trading.snapshot()).accounts)
            assert [(b.currency, int(b.cash or 0)) for b in account.balances] == [
                ("USD", 1_000_000), ("EUR", 250),
            ]  # fmt: skip
            assert account.balances[0].excess_liquidity is not None

    run(scene())


def test_a_position_in_what_moorgate_cannot_show_is_said_and_left_out(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        bond = replace(AAPL, con_id=4711, sec_type="CFD", symbol="IBUS500", exchange="SMART")
        peer.call(peer.world.contracts.__setitem__, 4711, bond)
        peer.call(peer.world.set_position, 4711, 2, 90)
        async with trading_at(peer, tmp_path) as desk:
            assert known((await desk.trading.snapshot()).positions) == ()
            assert "is left out" in desk.sink.of(Notice)[-1].text

    run(scene())

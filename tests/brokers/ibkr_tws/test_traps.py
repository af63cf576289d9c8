"""What TWS and the line to it do to orders, and what must not come of it.

Each test is a sequence that was seen with the real program or is documented for it; the sources
stand in the double's modules and in ibkr_tws.errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.base.errors import Outcome
from app.domain.groups import bracket
from app.domain.order_types import OrderStatus
from app.domain.reports import (
    CancelRefused,
    Notice,
    OrderReport,
    ReplaceRefused,
    Severity,
)
from tests.brokers.driving import known
from tests.brokers.ibkr_tws.line_desk import tell
from tests.brokers.ibkr_tws.trading_desk import TradingDesk, outcome_of, trading_at
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.message_numbers import Tell
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import Quirk
from tests.doubles.tws.world import SPY

S = OrderStatus
PLACE, CANCEL = 3, 4


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as started:
        yield started


def say_error(desk: TradingDesk, order_id: int, code: int, text: str = "words") -> None:
    """An error of TWS about one of our orders."""

    def say() -> None:
        for session in desk.peer.world.sessions:
            session.error(order_id, code, text)

    desk.peer.call(say)


def number(desk: TradingDesk) -> int:
    """The number of the order that was sent last."""
    return int(desk.sent(PLACE)[-1][1])


# ---- an error message is not the state of an order ----

LIVE_THROUGH = [
    103, 104, 105, 109, 110, 135, 136, 161, 162, 200, 201, 203, 321, 322, 329, 354, 383, 399, 404,
    420, 434, 460, 463, 492, 2109, 10000, 10147, 10148, 10149, 10167, 10268, 10311, 10349, 99999,
]  # fmt: skip


def test_no_error_ends_an_order_that_lives(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            for code in LIVE_THROUGH:
                say_error(desk, number(desk), code)
            await until(lambda: len(desk.sink.of(Notice)) > len(LIVE_THROUGH) / 2)
            await asyncio.sleep(0.05)
            assert desk.status(order) is S.WORKING
            desk.fill(order, 100)
            await desk.until_status(order, S.FILLED)

    run(scene())


def test_a_preset_s_remark_changes_nothing(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting(Quirk.TIF_PRESET)
            await until(lambda: desk.sink.of(Notice))
            assert desk.sink.of(Notice)[-1].code == "10349"
            assert desk.status(order) is S.WORKING
            await desk.modify(order, limit_price=Decimal(399))
            await until(lambda: desk.now(order).limit_price == 399)

    run(scene())


def test_a_refused_change_is_not_a_refused_order(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting(Quirk.REJECT_MODIFY)
            await desk.modify(order, quantity=Decimal(300))
            await until(lambda: desk.sink.of(ReplaceRefused))
            await desk.until_status(order, S.WORKING)
            assert desk.now(order).quantity == 100
            desk.fill(order, 100)
            await desk.until_status(order, S.FILLED)

    run(scene())


@pytest.mark.parametrize("code", [104, 105, 109, 110, 135, 201, 203, 321, 434])
def test_codes_that_refuse_a_change(code: int, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        with TwsPeer() as peer:
            async with trading_at(peer, tmp_path) as desk:
                order = await desk.resting()
                peer.call(peer.world.lose_ibkr)  # so that the change itself is not answered
                await desk.modify(order, limit_price=Decimal(399))
                say_error(desk, number(desk), code)
                await until(lambda: desk.sink.of(ReplaceRefused))
                assert desk.status(order) is S.WORKING
                assert desk.now(order).limit_price == 400

    run(scene())


@pytest.mark.parametrize("code", [109, 110, 200, 201, 203, 321, 434, 435, 460, 10268])
def test_codes_that_refuse_an_order_never_acknowledged(
    code: int, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        with TwsPeer() as peer:
            async with trading_at(peer, tmp_path) as desk:
                peer.call(peer.world.lose_ibkr)
                (order,) = await desk.submit(desk.request())
                assert desk.status(order) is S.PENDING_NEW
                say_error(desk, number(desk), code, "because")
                await desk.until_status(order, S.REJECTED)
                assert "because" in desk.now(order).reason

    run(scene())


@pytest.mark.parametrize("code", [100, 103, 104, 105, 135, 136, 161, 322, 504, 10147, 99999])
def test_other_codes_prove_nothing_about_it(code: int, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        with TwsPeer() as peer:
            async with trading_at(peer, tmp_path) as desk:
                peer.call(peer.world.lose_ibkr)
                (order,) = await desk.submit(desk.request())
                asked = len(desk.sent(16))
                say_error(desk, number(desk), code)
                await until(lambda: len(desk.sent(16)) > asked)  # all open orders are asked for
                assert desk.status(order) is S.PENDING_NEW

    run(scene())


@pytest.mark.parametrize("code", [135, 136, 161, 321, 10147, 10148])
def test_codes_that_refuse_a_cancel(code: int, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        with TwsPeer() as peer:
            async with trading_at(peer, tmp_path) as desk:
                order = await desk.resting()
                peer.call(peer.world.lose_ibkr)
                await desk.cancel(order)
                say_error(desk, number(desk), code)
                await until(lambda: desk.sink.of(CancelRefused))
                assert desk.status(order) is S.WORKING

    run(scene())


def test_an_order_that_the_exchange_throws_out_is_rejected(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            theirs = peer.call(peer.world.order, order.client_order_id)
            say_error(desk, number(desk), 201, "Order rejected - reason:margin")
            tell(peer, Tell.ORDER_STATUS, theirs.order_id, "Inactive", 0, 100, 0, theirs.perm_id,
                 0, 0, 17, "", 0)  # fmt: skip
            await desk.until_status(order, S.REJECTED)
            assert "margin" in desk.now(order).reason

    run(scene())


def test_inactive_alone_is_kept_and_may_come_back(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            theirs = peer.call(peer.world.order, order.client_order_id)
            for word, held, status in (
                ("Inactive", "locate", S.SUSPENDED), ("Submitted", "", S.WORKING),
            ):  # fmt: skip
                tell(peer, Tell.ORDER_STATUS, theirs.order_id, word, 0, 100, 0, theirs.perm_id,
                     0, 0, 17, held, 0)  # fmt: skip
                await desk.until_status(order, status)
                assert desk.now(order).leaves_quantity == 100

    run(scene())


def test_an_unknown_word_is_unknown_and_says_which(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            theirs = peer.call(peer.world.order, order.client_order_id)
            tell(peer, Tell.ORDER_STATUS, theirs.order_id, "Levitating", 0, 100, 0,
                 theirs.perm_id, 0, 0, 17, "", 0)  # fmt: skip
            await desk.until_status(order, S.UNKNOWN)
            assert desk.sink.of(OrderReport)[-1].word == "Levitating"
            assert desk.accepted(order) == 1

    run(scene())


# ---- fills ----


def test_filled_without_an_execution_is_no_fill_until_it_is_told(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting(Quirk.STATUS_BEFORE_EXECUTION)
            desk.fill(order, 100)
            await until(lambda: desk.sink.of(OrderReport)[-1].status is S.FILLED)
            assert desk.now(order).cum_quantity == 0
            await desk.until_status(order, S.FILLED)

    run(scene())


def test_a_fill_that_never_comes_is_asked_for(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            peer.call(setattr, peer.faults, "mute", True)
            desk.fill(order, 40)
            peer.call(setattr, peer.faults, "mute", False)
            theirs = peer.call(peer.world.order, order.client_order_id)
            tell(peer, Tell.ORDER_STATUS, theirs.order_id, "Submitted", 40, 60, 400,
                 theirs.perm_id, 0, 400, 17, "", 0)  # fmt: skip
            await until(lambda: desk.now(order).cum_quantity == 40)
            assert desk.status(order) is S.PARTIALLY_FILLED

    run(scene())


@pytest.mark.parametrize(
    "quirk",
    [Quirk.DUPLICATE_EXECUTION, Quirk.STALE_SUBMITTED, Quirk.WARNING_AFTER_FILLED,
     Quirk.DUPLICATE_STATUS],
)  # fmt: skip
def test_what_is_said_twice_or_too_late_changes_nothing(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, quirk: Quirk
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting(quirk)
            desk.fill(order, 100)
            await desk.until_status(order, S.FILLED)
            await asyncio.sleep(0.05)
            assert desk.status(order) is S.FILLED
            assert desk.reports(order.client_order_id)[-1].status is S.FILLED
            assert [int(fill.quantity) for fill in desk.now(order).fills] == [100]

    run(scene())


def test_a_fill_without_any_word_before_it(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        peer.call(peer.world.quote, SPY.con_id, 390, 391)
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.faults.on_next, Quirk.NO_SUBMITTED, Quirk.PARTIAL_FILLS)
            (order,) = await desk.submit(desk.request())
            await desk.until_status(order, S.FILLED)
            assert len(desk.now(order).fills) >= 3
            assert desk.now(order).cum_quantity == 100

    run(scene())


def test_a_corrected_execution_counts_once(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting(Quirk.CORRECTED_EXECUTION)
            desk.fill(order, 100)
            await until(lambda: [f.revision for f in desk.now(order).fills] == [2])
            after = desk.now(order)
            assert (after.status, int(after.cum_quantity)) == (S.FILLED, 100)
            assert after.average_price == Decimal("400.01")
            snapshot, result = await desk.reconcile()
            assert len(known(snapshot.executions)) == 1
            assert result.findings == ()

    run(scene())


# ---- cancel and fill meet ----


@pytest.mark.parametrize("code", [10148, 161, 136])
def test_a_fill_that_wins_against_the_cancel(
    code: int, peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(setattr, peer.faults, "done_cancel_code", code)
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting(Quirk.CANCEL_RACE)
            await desk.cancel(order)
            await desk.until_status(order, S.FILLED)
            assert desk.now(order).cum_quantity == 100

    run(scene())


@pytest.mark.parametrize("code", [10147, 135])
def test_a_cancel_of_what_tws_does_not_know(
    code: int, peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(setattr, peer.faults, "unknown_cancel_code", code)
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.faults.on_next, Quirk.DROP_BEFORE_ACCEPT)
            order = desk.born(desk.request())
            await outcome_of(desk.trading.submit([order]))
            await desk.close()
            await desk.open()
            await desk.cancel(order)
            await until(lambda: desk.sink.of(CancelRefused))
            assert desk.status(order) is not S.CANCELED

    run(scene())


def test_a_202_alone_is_looked_into(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            asked = len(desk.sent(99))
            say_error(desk, number(desk), 202, "Order Canceled - reason:")
            await until(lambda: len(desk.sent(99)) > asked)
            assert desk.status(order) is S.WORKING

    run(scene())


# ---- the line breaks ----


@pytest.mark.parametrize(
    ("quirk", "status"),
    [(Quirk.DROP_BEFORE_ACCEPT, S.REJECTED), (Quirk.DROP_AFTER_ACCEPT, S.WORKING)],
)
def test_a_line_that_breaks_under_an_order_proves_nothing_and_the_next_snapshot_tells(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, quirk: Quirk, status: OrderStatus
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.faults.on_next, quirk)
            order = desk.born(desk.request())
            error = await outcome_of(desk.trading.submit([order]))
            assert error.outcome is Outcome.UNKNOWN
            await desk.close()
            await desk.open()
            await desk.reconcile()
            assert desk.status(order) is status
            assert len(desk.sent(PLACE)) == 1

    run(scene())


def test_a_cut_under_a_bracket_leaves_no_leg_alone(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.faults.on_next, Quirk.DROP_AFTER_ACCEPT)
            orders = [desk.born(r) for r in bracket(desk.request(), Decimal(500), Decimal(390))]
            error = await outcome_of(desk.trading.submit(orders))
            assert error.outcome is Outcome.UNKNOWN
            await desk.close()
            await desk.open()
            await desk.reconcile()
            listed = {r.client_order_id for r in known((await desk.trading.snapshot()).orders)}
            for order in orders:
                is_listed = order.client_order_id in listed
                assert desk.status(order).is_open == is_listed

    run(scene())


def test_silence_is_asked_about_and_the_order_is_not_taken_for_lost(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.brokers.ibkr_tws.orders.NO_ANSWER_S", 0.2)
    monkeypatch.setattr("app.brokers.ibkr_tws.orders.FIRST_WORD_S", 0.05)

    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(setattr, peer.faults, "mute", True)
            (order,) = await desk.submit(desk.request())
            assert desk.status(order) is S.PENDING_NEW
            peer.call(setattr, peer.faults, "mute", False)
            await desk.until_status(order, S.WORKING)  # the answer to our asking
            assert desk.accepted(order) == 1

    run(scene())


def test_while_an_order_is_unanswered_its_absence_proves_nothing(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            assert (await desk.trading.snapshot()).is_complete_since is not None
            peer.call(peer.world.lose_ibkr)  # TWS keeps it and says nothing
            (order,) = await desk.submit(desk.request())
            snapshot, _ = await desk.reconcile()
            assert snapshot.is_complete_since is None
            assert desk.status(order) is S.UNKNOWN
            peer.call(peer.world.restore_ibkr)
            await desk.until_status(order, S.WORKING)
            assert (await desk.trading.snapshot()).is_complete_since is not None

    run(scene())


def test_filled_while_away(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order, canceled, kept = [await desk.resting() for _ in range(3)]
            await desk.close()
            desk.fill(order, 100)
            peer.call(peer.world.cancel, canceled.client_order_id)
            await desk.open()
            _, result = await desk.reconcile()
            assert [desk.status(o) for o in (order, canceled, kept)] == [
                S.FILLED, S.CANCELED, S.WORKING,
            ]  # fmt: skip
            assert any("recovered a fill" in finding for finding in result.findings)

    run(scene())


def test_a_restart_of_tws_keeps_orders_and_numbers(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            await asyncio.to_thread(peer.restart, 0.05)
            await until(lambda: desk.lost)
            await desk.close()
            await asyncio.sleep(0.1)
            await desk.open()
            await desk.reconcile()
            later = await desk.resting()
            assert desk.status(order) is S.WORKING
            assert desk.accepted(order) == desk.accepted(later) == 1

    run(scene())


def test_garbage_and_split_frames_lose_no_fill(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(setattr, peer.faults, "split_bytes", 5)
        async with trading_at(peer, tmp_path) as desk:
            doubts: list[str] = []
            desk.line.on_doubt(doubts.append)
            order = await desk.resting(Quirk.GARBAGE)
            desk.fill(order, 100)
            await desk.until_status(order, S.FILLED)
            assert doubts  # everything is read again because of what could not be read

    run(scene())


# ---- read-only ----


def test_a_read_only_tws_is_found_out_at_the_start(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(setattr, peer.faults, "read_only", True)
        async with trading_at(peer, tmp_path, read=False) as desk:
            assert desk.trading.is_read_only
            notice = desk.sink.of(Notice)[-1]
            assert notice.severity is Severity.WARNING
            assert "untick Read-Only API" in notice.text
            snapshot = await desk.trading.snapshot()
            assert known(snapshot.accounts)
            assert known(snapshot.positions) == ()
            assert known(snapshot.executions) == ()
            assert "Read-Only API" in str(snapshot.orders)
            error = await outcome_of(desk.trading.submit([desk.born(desk.request())]))
            assert error.outcome is Outcome.NOT_SENT
            assert "Read-Only API" in str(error)
            preview = await outcome_of(desk.trading.preview(desk.request()))
            assert "Read-Only API" in str(preview)
            assert len(desk.sent(PLACE)) == 1  # the preview's question

    run(scene())


def test_read_only_that_is_ticked_later(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(setattr, peer.faults, "read_only", True)
            (order,) = await desk.submit(desk.request())
            await desk.until_status(order, S.REJECTED)
            assert "Read-Only API" in desk.now(order).reason
            assert desk.trading.is_read_only

    run(scene())

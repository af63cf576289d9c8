"""Orders on the wire: what leaves, what comes back, what it proves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.base.errors import Outcome
from app.brokers.ibkr_tws.send_queue import Lane
from app.domain.groups import bracket, oco
from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce
from app.domain.reports import CancelRefused, Notice, ReplaceRefused
from app.domain.request import OrderChange
from tests.brokers.ibkr_tws.trading_desk import outcome_of, trading_at
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import Quirk
from tests.doubles.tws.world import SPY

S = OrderStatus
PLACE, CANCEL = 3, 4


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as started:
        yield started


def test_an_order_rests_and_is_filled_in_parts(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            desk.fill(order, 30)
            await desk.until_status(order, S.PARTIALLY_FILLED)
            desk.fill(order, 70, 399)
            await desk.until_status(order, S.FILLED)
            await until(lambda: all(f.fee is not None for f in desk.now(order).fills))
            after = desk.now(order)
            assert [(int(f.quantity), int(f.price)) for f in after.fills] == [(30, 400), (70, 399)]
            assert after.perm_id
            assert after.broker_order_id
            assert after.broker_order_id.startswith("17/")
            assert desk.accepted(order) == 1

    run(scene())


def test_a_number_is_on_disk_before_the_order_leaves(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            client = desk.line.client
            seen: list[bool] = []
            place = client.placeOrder

            def watched(order_id: int, *rest: object) -> None:
                text = next(tmp_path.glob("*.txt")).read_text()
                seen.append(f"{order_id} 17 " in text)
                place(order_id, *rest)

            client.placeOrder = watched
            await desk.resting()
            assert seen == [True]

    run(scene())


def test_numbers_never_come_back_after_a_restart(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
        peer.call(peer.world.next_ids.clear)  # as TWS can be told to
        async with trading_at(peer, tmp_path) as again:
            later = await again.resting()
        numbers = [int(fields[1]) for fields in desk.sent(PLACE)]
        assert len(set(numbers)) == len(numbers) == 2
        assert numbers == sorted(numbers)
        assert desk.accepted(order) == again.accepted(later) == 1

    run(scene())


def test_a_full_disk_sends_nothing(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:

            def full(*_: object) -> None:
                raise OSError(28, "No space left on device")

            monkeypatch.setattr("app.brokers.ibkr_tws.order_ids.OrderIds.write", full)
            order = desk.born(desk.request())
            error = await outcome_of(desk.trading.submit([order]))
            assert error.outcome is Outcome.NOT_SENT
            assert "No space left" in str(error)
            assert desk.sent(PLACE) == []

    run(scene())


@pytest.mark.parametrize(
    ("terms", "wire"),
    [
        ({"order_type": OrderType.MARKET}, {"orderType": "MKT", "tif": "DAY"}),
        ({"order_type": OrderType.STOP, "stop_price": Decimal(500)},
         {"orderType": "STP", "auxPrice": "500"}),
        ({"order_type": OrderType.STOP_LIMIT, "stop_price": Decimal(500),
          "limit_price": Decimal("500.5")}, {"orderType": "STP LMT", "lmtPrice": "500.5"}),
        ({"order_type": OrderType.TRAILING_STOP, "trail_amount": Decimal(2)},
         {"orderType": "TRAIL", "auxPrice": "2", "trailingPercent": ""}),
        ({"order_type": OrderType.TRAILING_STOP, "trail_percent": Decimal("1.5")},
         {"orderType": "TRAIL", "auxPrice": "", "trailingPercent": "1.5"}),
        ({"order_type": OrderType.MARKET, "time_in_force": TimeInForce.CLS},
         {"orderType": "MOC", "tif": "DAY"}),
        ({"time_in_force": TimeInForce.CLS}, {"orderType": "LOC", "tif": "DAY"}),
        ({"time_in_force": TimeInForce.OPG}, {"orderType": "LMT", "tif": "OPG"}),
        ({"time_in_force": TimeInForce.GTC, "outside_hours": True},
         {"tif": "GTC", "outsideRth": "1"}),
    ],
)  # fmt: skip
def test_every_kind_of_order_is_taken(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path, terms: dict[str, object], wire: dict[str, str]
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting(**terms)
            theirs = peer.call(peer.world.order, order.client_order_id).terms
            assert {name: theirs[name] for name in wire} == wire
            assert theirs["account"] == "DU1000001"
            assert theirs["orderRef"] == order.client_order_id

    run(scene())


def test_a_bracket_leaves_in_one_breath_and_only_its_last_leg_lets_it_go(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            legs = bracket(desk.request(), Decimal(500), Decimal(390))
            entry, target, stop = await desk.submit(*legs)
            await desk.until_status(entry, S.WORKING)
            await desk.until_status(target, S.HELD)
            await desk.until_status(stop, S.HELD)
            theirs = [peer.call(peer.world.order, o.client_order_id) for o in (entry, target, stop)]
            assert [o.terms["transmit"] for o in theirs] == ["0", "0", "1"]
            assert [o.parent_id for o in theirs] == [0, theirs[0].order_id, theirs[0].order_id]
            desk.fill(entry, 100)
            await desk.until_status(target, S.WORKING)
            await desk.until_status(stop, S.WORKING)
            desk.fill(target, 100, 500)
            await desk.until_status(target, S.FILLED)
            await desk.until_status(stop, S.CANCELED)

    run(scene())


def test_a_pair_needs_nobody_to_let_it_go(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            pair = oco(desk.request(), desk.request(limit_price=Decimal(390)))
            first, second = await desk.submit(*pair)
            await desk.until_status(first, S.WORKING)
            await desk.until_status(second, S.WORKING)
            desk.fill(second, 100, 390)
            await desk.until_status(second, S.FILLED)
            await desk.until_status(first, S.CANCELED)
            assert (desk.now(second).cum_quantity, desk.now(first).fills) == (Decimal(100), ())

    run(scene())


def test_a_child_may_follow_its_parent_later(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            parent = await desk.resting()
            child = desk.request(side=Side.SELL, limit_price=Decimal(500),
                                 parent_id=parent.client_order_id)  # fmt: skip
            (child_order,) = await desk.submit(child)
            await desk.until_status(child_order, S.HELD)
            await desk.cancel(parent)
            await desk.until_status(child_order, S.CANCELED)
            late = desk.born(desk.request(parent_id=parent.client_order_id))
            error = await outcome_of(desk.trading.submit([late]))
            assert error.outcome is Outcome.NOT_SENT

    run(scene())


def test_an_order_is_changed_under_its_own_number(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            await desk.modify(order, quantity=Decimal(200), limit_price=Decimal("399.5"))
            await desk.until_status(order, S.WORKING)
            after = desk.now(order)
            assert (after.quantity, after.limit_price) == (Decimal(200), Decimal("399.5"))
            first, second = desk.sent(PLACE)
            assert first[1] == second[1]
            assert desk.accepted(order) == 1

    run(scene())


def test_a_change_after_a_restart_sends_the_whole_order_again(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            legs = bracket(desk.request(), Decimal(500), Decimal(390))
            _, _, stop = await desk.submit(*legs)
            await desk.until_status(stop, S.HELD)
            before = peer.call(lambda: dict(peer.world.order(stop.client_order_id).terms))
            sink = desk.sink
        async with trading_at(peer, tmp_path, read=False) as desk:
            desk.sink = sink
            refused = await outcome_of(desk.trading.cancel(desk.born(desk.request())))
            assert refused.outcome is Outcome.NOT_SENT
        async with trading_at(peer, tmp_path, read=False) as desk:
            desk.sink.book = sink.book
            await desk.reconcile()
            await desk.modify(stop, stop_price=Decimal(395))
            await until(lambda: desk.now(stop).stop_price == 395)
            after = peer.call(lambda: dict(peer.world.order(stop.client_order_id).terms))
            assert after == {**before, "auxPrice": "395"}

    run(scene())


def test_a_trailing_stop_keeps_its_trigger_when_its_quantity_changes(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(peer.world.quote, SPY.con_id, 450, "450.01")
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting(
                side=Side.SELL, order_type=OrderType.TRAILING_STOP, trail_amount=Decimal(5)
            )
            peer.call(peer.world.quote, SPY.con_id, 460, "460.01")
            await desk.listed(order.client_order_id)
            await desk.modify(order, quantity=Decimal(50))
            await until(lambda: desk.now(order).quantity == 50)
            theirs = peer.call(peer.world.order, order.client_order_id)
            assert Decimal(theirs.terms["trailStopPrice"]) >= 445

    run(scene())


def test_what_ended_or_was_never_confirmed_is_not_changed(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            await desk.cancel(order)
            await desk.until_status(order, S.CANCELED)
            change = OrderChange(quantity=Decimal(5))
            ended = await outcome_of(desk.trading.modify(desk.now(order), change))
            assert ended.outcome is Outcome.REJECTED
            peer.call(setattr, peer.faults, "mute", True)
            silent = desk.born(desk.request())
            await desk.trading.submit([silent])
            unheard = await outcome_of(desk.trading.modify(silent, change))
            assert unheard.outcome is Outcome.NOT_SENT
            assert len(desk.sent(PLACE)) == 2
            peer.call(setattr, peer.faults, "mute", False)

    run(scene())


def test_a_cancel_ends_the_order_and_a_second_one_is_refused(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            await desk.cancel(order)
            await desk.until_status(order, S.CANCELED)
            await desk.trading.cancel(desk.now(order))
            await until(lambda: desk.sink.of(CancelRefused))
            assert "Cancelled" in desk.sink.of(CancelRefused)[-1].reason
            assert desk.status(order) is S.CANCELED

    run(scene())


def test_a_refused_order_is_rejected_in_tws_s_words(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            peer.call(peer.faults.next_rejection.append, "YOUR ORDER IS TOO BIG")
            (order,) = await desk.submit(desk.request())
            await desk.until_status(order, S.REJECTED)
            assert "YOUR ORDER IS TOO BIG" in desk.now(order).reason

    run(scene())


def test_a_refused_change_leaves_the_order_as_it_was(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting(Quirk.REJECT_MODIFY)
            await desk.modify(order, limit_price=Decimal(395))
            await until(lambda: desk.sink.of(ReplaceRefused))
            await desk.until_status(order, S.WORKING)
            assert desk.now(order).limit_price == 400

    run(scene())


def test_everything_is_canceled_at_once(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            orders = [await desk.resting() for _ in range(3)]
            await desk.trading.cancel_everything()
            for order in orders:
                await desk.until_status(order, S.CANCELED)
                assert desk.now(order).fills == ()

    run(scene())


def test_a_preview_tells_margins_and_sends_nothing(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        peer.call(peer.world.quote, SPY.con_id, 450, "450.01")
        async with trading_at(peer, tmp_path) as desk:
            preview = await desk.trading.preview(desk.request())
            assert preview.initial_margin
            assert preview.commission
            peer.call(setattr, peer.faults, "preview_unset_first", True)
            assert (await desk.trading.preview(desk.request())).initial_margin
            assert peer.call(lambda: dict(peer.world.accepted)) == {}

    run(scene())


def test_a_line_that_is_down_sends_nothing(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            peer.cut()
            await until(lambda: not desk.line.is_up)
            for call in (
                desk.trading.submit([desk.born(desk.request())]),
                desk.trading.cancel(order),
                desk.trading.preview(desk.request()),
                desk.trading.cancel_everything(),
            ):
                assert (await outcome_of(call)).outcome is Outcome.NOT_SENT

    run(scene())


def test_an_order_that_waits_in_the_queue_when_the_line_dies_was_not_sent(
    peer: TwsPeer, run: LoopRunner, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            for _ in range(45):
                desk.line.queue.send(Lane.CANCEL, lambda: None)
            order = desk.born(desk.request())
            waiting = asyncio.ensure_future(desk.trading.submit([order]))
            await asyncio.sleep(0)
            peer.cut()
            error = await outcome_of(waiting)
            assert error.outcome is Outcome.NOT_SENT
            assert desk.accepted(order) == 0

    run(scene())


def test_nothing_is_sent_twice(peer: TwsPeer, run: LoopRunner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with trading_at(peer, tmp_path) as desk:
            order = await desk.resting()
            await desk.trading.submit([order])
            assert "not sent again" in desk.sink.of(Notice)[-1].text
        async with trading_at(peer, tmp_path) as desk:
            await desk.trading.submit([order])
            assert desk.accepted(order) == 1
            assert len(desk.sent(PLACE)) == 1

    run(scene())

"""New terms from a form: asked about wherever they may raise the risk and nothing is armed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from app.base.errors import UserError
from app.base.paths import Paths
from app.commands.changes import change_from_form, only_lowers
from app.commands.stops import is_looser
from app.domain.ids import ClientOrderId
from app.domain.order import Order
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderChange
from tests.doubles.loop import LoopRunner
from tests.unit.commands.test_exits import stop
from tests.unit.commands.trade_desk import TradeDesk, trade_desk

CENT = Decimal("0.01")
Make = Callable[[TradeDesk], OrderChange]


async def entry(desk: TradeDesk) -> Order:
    """A bid that waits."""
    return await desk.send(Side.BUY, 5, limit=desk.bid - 5)


async def protective(desk: TradeDesk) -> Order:
    """A stop under ten that are held."""
    await desk.hold(10)
    return await desk.send(Side.SELL, 10, stop=desk.bid - 5)


async def target(desk: TradeDesk) -> Order:
    """A limit over ten that are held."""
    await desk.hold(10)
    return await desk.send(Side.SELL, 10, limit=desk.ask + 5)


def larger(_desk: TradeDesk) -> OrderChange:
    return OrderChange(quantity=Decimal(12))


def smaller(_desk: TradeDesk) -> OrderChange:
    return OrderChange(quantity=Decimal(3))


def dearer(desk: TradeDesk) -> OrderChange:
    return OrderChange(limit_price=desk.bid - 4)


def cheaper_and_smaller(desk: TradeDesk) -> OrderChange:
    return OrderChange(quantity=Decimal(3), limit_price=desk.bid - 6)


def looser(desk: TradeDesk) -> OrderChange:
    return OrderChange(stop_price=desk.bid - 6)


def tighter(desk: TradeDesk) -> OrderChange:
    return OrderChange(stop_price=desk.bid - 4)


def nearer(desk: TradeDesk) -> OrderChange:
    return OrderChange(limit_price=desk.ask + 4)


CASES = [
    (entry, larger, True),
    (entry, dearer, True),
    (entry, cheaper_and_smaller, True),
    (entry, smaller, False),
    (protective, looser, True),
    (protective, smaller, True),
    (protective, larger, True),  # beyond what is held it would open the other side
    (protective, tighter, False),
    (target, larger, True),
    (target, smaller, False),
    (target, nearer, False),
]


@pytest.mark.parametrize(("make", "wish", "is_risky"), CASES)
def test_what_may_raise_the_risk_is_asked_about_unless_armed(
    home: Paths,
    run: LoopRunner,
    make: Callable[[TradeDesk], Awaitable[Order]],
    wish: Make,
    is_risky: bool,
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await make(desk)
            wanted = wish(desk)
            own_id = order.client_order_id
            assert only_lowers(desk.context, order, wanted) is not is_risky
            desk.shell.says_yes = False
            await change_from_form(desk.context, own_id, wanted)
            assert len(desk.shell.asked) == int(is_risky)
            if is_risky:
                [(question, [now, then])] = desk.shell.asked
                assert question.endswith("It may raise the risk, and trading is not armed.")
                assert now.startswith("Now: ")
                assert then.startswith("Then: ")
                assert "called off" in desk.said[-1][1]
                assert desk.now(order) == order
                desk.arm()
                await change_from_form(desk.context, own_id, wanted)
                assert len(desk.shell.asked) == 1
            assert desk.now(order) != order

    run(scenario())


@pytest.mark.parametrize(("says_yes", "is_changed"), [(True, True), (False, False)])
def test_where_it_is_wished_everything_is_asked_about(
    home: Paths, run: LoopRunner, says_yes: bool, is_changed: bool
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await entry(desk)
            low = order.limit_price
            desk.settle(confirm_changes=True)
            desk.arm()
            desk.shell.says_yes = says_yes
            await change_from_form(desk.context, order.client_order_id, smaller(desk))
            [(question, lines)] = desk.shell.asked
            assert "not armed" not in question
            assert lines == [f"Now: BUY 5 INDA LMT {low} DAY", f"Then: BUY 3 INDA LMT {low} DAY"]
            await desk.until(lambda: (desk.now(order).quantity == 3) is is_changed)

    run(scenario())


def test_terms_that_changed_behind_the_question_are_not_sent(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await entry(desk)
            own_id = order.client_order_id

            async def meanwhile() -> None:
                await desk.engine.orders.modify(own_id, OrderChange(quantity=Decimal(4)))
                await desk.until(lambda: desk.now(order).quantity == 4)

            desk.shell.while_asked = meanwhile
            wanted = dearer(desk)
            with pytest.raises(UserError, match="changed while you were asked"):
                await change_from_form(desk.context, own_id, wanted)
            assert desk.now(order).limit_price == order.limit_price

    run(scenario())


def test_a_dry_run_asks_nothing_and_tells(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            order = await entry(desk)
            desk.dry_run.set(True)
            await change_from_form(desk.context, order.client_order_id, dearer(desk))
            assert desk.shell.asked == []
            assert "DRY RUN: would change BUY 5 INDA limit" in desk.said[-1][1]
            assert desk.now(order) == order

    run(scenario())


def test_an_order_that_nobody_knows_is_said_to_be_none(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await change_from_form(desk.context, ClientOrderId("nobody"), smaller(desk))
            assert "there is no order nobody" in desk.said[-1][1]

    run(scenario())


def _trailing(amount: str | None, percent: str | None) -> Order:
    order = stop(Side.SELL, "99.00")
    return replace(
        order,
        request=replace(order.request, order_type=OrderType.TRAILING_STOP),
        stop_price=None,
        trail_amount=None if amount is None else Decimal(amount),
        trail_percent=None if percent is None else Decimal(percent),
    )


@pytest.mark.parametrize(
    ("order", "wanted", "is_so"),
    [
        (stop(Side.SELL, "99.00"), OrderChange(stop_price=Decimal("98.99")), True),
        (stop(Side.SELL, "99.00"), OrderChange(stop_price=Decimal("99.01")), False),
        (stop(Side.BUY, "99.00"), OrderChange(stop_price=Decimal("99.01")), True),
        (stop(Side.SELL, "99.00", "98.50"), OrderChange(limit_price=Decimal("98.60")), True),
        (stop(Side.SELL, "99.00", "98.50"), OrderChange(limit_price=Decimal("98.40")), False),
        (stop(Side.BUY, "99.00", "99.50"), OrderChange(limit_price=Decimal("99.40")), True),
        (_trailing("1.00", None), OrderChange(trail_amount=Decimal("1.01")), True),
        (_trailing("1.00", None), OrderChange(trail_amount=Decimal("0.99")), False),
        (_trailing(None, "1"), OrderChange(trail_percent=Decimal(2)), True),
        (_trailing("1.00", None), OrderChange(trail_percent=Decimal(1)), True),
        (_trailing("1.00", None), OrderChange(quantity=Decimal(1)), False),
    ],
)
def test_what_makes_a_stop_looser(order: Order, wanted: OrderChange, is_so: bool) -> None:
    assert is_looser(order, wanted) is is_so

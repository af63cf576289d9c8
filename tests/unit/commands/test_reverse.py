"""Reverse opens what the trader was asked about, and only while it is still wanted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.base.errors import UserError
from app.base.paths import Paths
from app.commands.position_rows import reverse_position
from app.domain.events import PositionView
from app.domain.order_types import Side
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import PAPER, TradeDesk, trade_desk


def view_of(desk: TradeDesk) -> PositionView:
    assert desk.selection.account_id is not None
    view = desk.engine.portfolio.position(PAPER, desk.selection.account_id, desk.instrument.key)
    assert view is not None
    return view


@pytest.mark.parametrize(
    "no_more", [lambda desk: desk.arming.disarm("a test"), lambda desk: desk.dry_run.set(True)]
)
def test_nothing_is_opened_after_it_was_disarmed_or_is_only_rehearsed(
    home: Paths, run: LoopRunner, no_more: Callable[[TradeDesk], None]
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            desk.arm()
            desk.commands.run("trading.reverse_position", desk.context)
            await desk.until(lambda: len(desk.orders()) == 2)  # the market stands still
            no_more(desk)
            await desk.control("replay.play")
            await desk.settled()
            assert "closed, but nothing was opened" in desk.said[-1][1]
            assert desk.held == 0
            assert desk.engine.orders.book.open_orders() == []

    run(scenario())


@pytest.mark.parametrize("by_row", [False, True])
def test_another_position_than_was_asked_about_is_not_reversed(
    home: Paths, run: LoopRunner, by_row: bool
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            desk.settle(staged_orders=True)
            desk.arm()
            shown, confirm = view_of(desk), desk.shell.confirm

            async def slowly(*args: object, **more: object) -> bool:
                await desk.control("replay.play")
                await desk.send(Side.BUY, 290, stale_quote_ok=True)
                await desk.until(lambda: desk.held == 300)
                return await confirm(*args, **more)  # type: ignore[arg-type]  # passed on as it came

            desk.shell.confirm = slowly  # type: ignore[method-assign]  # an answer that takes long
            if by_row:
                with pytest.raises(UserError, match="now it is 300"):
                    await reverse_position(desk.context, shown)
            else:
                said = await desk.press("trading.reverse_position")
                assert "10 INDA were held when you were asked, now it is 300" in said
            assert desk.held == 300
            assert len(desk.orders()) == 2

    run(scenario())

"""Partial exits, one side's cancels, flattening an account: rounded down, told apart."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

import pytest

from app.base.paths import Paths
from app.commands.context import CommandContext
from app.commands.exits import tell_flat
from app.domain.order_types import Side
from app.domain.reports import Severity
from app.domain.verdict import Deed, Verdict
from tests.doubles.loop import LoopRunner
from tests.unit.commands.test_exits import stop
from tests.unit.commands.trade_desk import PAPER, TradeDesk, trade_desk


@pytest.mark.parametrize(
    ("held", "name", "left"),
    [
        (10, "quarter", 8),  # 2.5 are rounded down
        (10, "half", 5),
        (10, "three_quarters", 3),
        (-10, "three_quarters", -3),
        (1, "quarter", 1),
        (1, "half", 1),
        (1, "three_quarters", 1),
        (2, "three_quarters", 1),
    ],
)
def test_a_part_is_rounded_down_and_never_more_than_is_held(
    home: Paths, run: LoopRunner, held: int, name: str, left: int
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(held)
            await desk.control("replay.play")
            said = await desk.press(f"trading.close_{name}")
            if left == held:
                assert "that part is less than the smallest step, 1" in said
                assert desk.said[-1][0] is Severity.ERROR
                assert len(desk.orders()) == 1
            else:
                await desk.until(lambda: desk.held == left)
                assert desk.orders()[-1].request.reduce_only
                assert " of INDA: closing" in said

    run(scenario())


def test_nothing_is_held_so_nothing_is_sent(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            for name in ("quarter", "half", "three_quarters"):
                assert "there is no position" in await desk.press(f"trading.close_{name}")
            assert desk.orders() == []

    run(scenario())


async def waiting(desk: TradeDesk) -> None:
    """A bid and an offer that wait."""
    await desk.send(Side.BUY, 1, limit=desk.bid - Decimal("0.50"))
    await desk.send(Side.SELL, 1, limit=desk.ask + Decimal("0.50"))


@pytest.mark.parametrize("scope", ["account", "everywhere"])
@pytest.mark.parametrize(("name", "left"), [("bids", Side.SELL), ("asks", Side.BUY)])
def test_one_side_further_than_the_symbol(
    home: Paths, run: LoopRunner, scope: str, name: str, left: Side
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await waiting(desk)
            await desk.press(f"trading.cancel_{name}_{scope}")
            await desk.until(lambda: len(desk.engine.orders.book.open_orders()) == 1)
            [order] = desk.engine.orders.book.open_orders()
            assert order.request.side is left

    run(scenario())


def test_an_account_is_flattened_after_one_question_with_the_list(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            assert "nothing is open in" in await desk.press("trading.flatten_account")
            assert desk.shell.asked == []
            await desk.hold(10)
            await waiting(desk)
            desk.shell.says_yes = False
            assert "called off" in await desk.press("trading.flatten_account")
            assert desk.held == 10
            [(_, lines)] = desk.shell.asked
            heads = [line.partition(":")[0] for line in lines]
            assert heads == ["Position", "Order", "Order", "All positions in USD"]
            assert desk.shell.where == [PAPER]
            desk.shell.says_yes = True
            await desk.control("replay.play")
            said = await desk.press("trading.flatten_account")
            assert said == "Flatten Account: 2 orders canceled, 1 position closing"
            await desk.until(lambda: desk.held == 0)
            assert desk.engine.orders.book.open_orders() == []

    run(scenario())


def test_flatten_tells_cancels_from_closes(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await waiting(desk)
            assert await desk.press("trading.flatten_symbol") == (
                "Flatten INDA: 2 orders canceled, no position"
            )
            await desk.hold(10)
            await desk.control("replay.play")
            assert (await desk.press("trading.flatten_symbol")).startswith(
                "Flatten INDA: closing 10 of 10"
            )

    run(scenario())


class Ear:
    """Fits CommandContext as far as telling goes."""

    def __init__(self) -> None:
        self.said: list[tuple[Severity, str]] = []

    def notify(self, severity: Severity, text: str) -> None:
        self.said.append((severity, text))


ORDER = stop(Side.SELL, "99")
DONE = Verdict(True, "it is Canceled", ORDER, Deed.CANCEL)
STUCK = Verdict(False, "sell 100 SPY stop is still PendingCancel", ORDER, Deed.CANCEL)
CLOSING = Verdict(True, "closing 100 of 100: sent", ORDER, Deed.CLOSE)
NOT_CLOSED = Verdict(False, "not closed: no line", deed=Deed.CLOSE)
NOTHING = Verdict(True, "there is no position", deed=Deed.CLOSE)


@pytest.mark.parametrize(
    ("verdicts", "severity", "text"),
    [
        ([DONE, CLOSING], Severity.INFO, "1 order canceled, 1 position closing"),
        ([DONE, DONE, NOTHING], Severity.INFO, "2 orders canceled, no position"),
        ([NOTHING, NOTHING], Severity.INFO, "nothing was open"),
        ([NOTHING], Severity.INFO, "there is no position"),
        ([CLOSING, CLOSING, NOTHING], Severity.INFO, "2 positions closing"),
        (
            [DONE, STUCK, NOT_CLOSED],
            Severity.ERROR,
            "1 of 2 orders canceled, 0 of 1 position closing;"
            " sell 100 SPY stop is still PendingCancel; not closed: no line",
        ),
    ],
)
def test_every_outcome_has_its_words(
    verdicts: list[Verdict], severity: Severity, text: str
) -> None:
    ear = Ear()
    tell_flat(cast(CommandContext, ear), "Flatten", verdicts, "nothing was open")
    assert ear.said == [(severity, f"Flatten: {text}")]

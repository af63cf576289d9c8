"""Dry run: everything as always, and nothing that could raise the risk leaves."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from app.base.paths import Paths
from app.commands.heads_up import heads_up
from app.domain.order_types import Side
from app.domain.reports import Severity
from app.domain.risk_limits import TradingState
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import TradeDesk, trade_desk

ENTRIES = ("buy_market", "sell_market", "buy_ask", "sell_bid", "join_bid", "join_ask")


async def rehearsing(desk: TradeDesk) -> None:
    await desk.press("trading.toggle_dry_run")
    desk.arm()


@pytest.mark.parametrize("name", ENTRIES)
def test_entries_are_told_and_not_sent(home: Paths, run: LoopRunner, name: str) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            assert not desk.dry_run.is_on
            await rehearsing(desk)
            said = await desk.press(f"trading.{name}")
            side = "BUY" if name in {"buy_market", "buy_ask", "join_bid"} else "SELL"
            assert said.startswith(f"DRY RUN: would {side} 10 INDA ")
            assert said.endswith(f" in {desk.selection.account_id} at paper")
            assert desk.said[-1][0] is Severity.WARNING
            assert desk.orders() == []
            assert list(desk.services.journal.read_order_events()) == []

    run(scenario())


def test_it_needs_armed_keys_as_the_real_thing_does(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.press("trading.toggle_dry_run")
            assert "not armed" in await desk.press("trading.buy_market")

    run(scenario())


def test_it_tells_what_the_gate_would_say(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await rehearsing(desk)
            desk.engine.risk.set_state(TradingState.HALTED, "a test")
            said = await desk.press("trading.buy_ask")
            assert said.startswith("DRY RUN: denied, it would BUY 10 INDA LMT")
            assert "trading is halted" in said
            desk.engine.risk.set_state(TradingState.ACTIVE, "a test")
            settings = desk.engine.settings
            desk.engine.apply_settings(
                replace(settings, risk=replace(settings.risk, max_orders_per_minute=1))
            )
            for _ in range(3):  # rehearsals use up no rate and are no duplicates
                assert (await desk.press("trading.buy_ask")).startswith("DRY RUN: would BUY")

    run(scenario())


def test_a_staged_order_is_only_told(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await rehearsing(desk)
            desk.settle(staged_orders=True)
            await desk.press("trading.join_bid")
            said = await desk.press("trading.send_staged_order")
            assert said.startswith("DRY RUN: would BUY 10 INDA LMT")
            assert desk.staging.staged is None
            assert desk.orders() == []

    run(scenario())


def test_reverse_is_only_told(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            await rehearsing(desk)
            said = await desk.press("trading.reverse_position")
            assert said.startswith("DRY RUN: would close 10 INDA long and open 10 short")
            assert len(desk.orders()) == 1
            assert desk.held == 10

    run(scenario())


def test_ways_out_are_real(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            order = await desk.send(Side.BUY, 1, limit=desk.bid - Decimal("0.50"))
            await desk.press("trading.toggle_dry_run")
            await desk.press("trading.cancel_account")
            await desk.until(lambda: desk.now(order).status.is_closed)
            await desk.control("replay.play")
            await desk.press("trading.close_position")
            await desk.until(lambda: desk.held == 0)

    run(scenario())


def test_its_end_disarms_and_both_switches_drop_what_is_staged(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            heard: list[bool] = []
            desk.dry_run.listen(heard.append)
            desk.settle(staged_orders=True)
            toggle = desk.commands.get("trading.toggle_dry_run")
            for is_on in (True, False):
                await desk.press("trading.join_bid")
                assert desk.staging.staged is not None
                desk.arm()
                await desk.press(toggle.id)
                assert heads_up(desk.context).state != "STAGED"
                assert toggle.is_on is not None
                assert toggle.is_on(desk.context) is is_on
                assert desk.arming.is_armed is is_on
            assert heard == [True, False]
            assert desk.orders() == []

    run(scenario())

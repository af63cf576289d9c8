"""The heads-up words agree with what the keys then do."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from app.base.paths import Paths
from app.commands.context import Selection
from app.commands.heads_up import every_entry, heads_up
from app.commands.ticket import describe
from app.domain.order_types import Side
from app.domain.sizing import parse_size
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import PAPER, trade_desk


def test_a_connection_that_is_down_is_named_instead_of_prices(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            assert heads_up(desk.context).would.startswith("BUY")
            await desk.engine.connections.disconnect(PAPER)
            assert heads_up(desk.context).would == "paper is offline: keys send nothing"

    run(scenario())


def test_before_anything_is_chosen(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home, connect=False) as desk:
            desk.selection = Selection()
            up = heads_up(desk.context)
            assert (up.state, up.is_paper) == ("DISARMED", None)
            assert up.account == "no account is chosen"
            assert "Ctrl+K" in up.symbol
            assert (up.would, up.position, up.order) == ("", "", "")

    run(scenario())


def test_it_names_account_size_prices_position_and_order(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.settle(size_presets=(parse_size("$5000"),))
            await desk.press("trading.set_size_1")
            size = f"{desk.size:f}"
            up = heads_up(desk.context)
            assert up.is_paper is True
            assert up.account == f"{desk.selection.account_id} at paper"
            assert up.what == f"INDA  ·  size {size} ($5000)"
            assert up.would == f"BUY {size} @ {desk.ask} / SELL {size} @ {desk.bid}"
            assert up.held == "flat"
            await desk.hold(10)
            order = await desk.send(Side.SELL, 4, limit=desk.ask + Decimal("0.50"))
            desk.order_focus.set(order.client_order_id)
            up = heads_up(desk.context)
            assert up.position.startswith("long 10 @ ")
            assert up.order == f"order SELL 4 INDA LMT {desk.ask + Decimal('0.50')} DAY"

    run(scenario())


def test_the_state_that_matters_most_is_named(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            assert heads_up(desk.context).state == "DISARMED"
            desk.arm()
            assert heads_up(desk.context).state == "ARMED"
            desk.settle(staged_orders=True)
            assert heads_up(desk.context).would.startswith("stage BUY")
            await desk.press("trading.join_bid")
            up = heads_up(desk.context)
            assert up.state == "STAGED"
            assert up.would == f"Enter: BUY 10 INDA LMT {desk.bid} DAY, Esc drops"
            await desk.press("trading.toggle_dry_run")
            assert heads_up(desk.context).state == "DRY RUN"

    run(scenario())


def test_without_a_fresh_quote_no_price_is_promised(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            settings = desk.engine.settings
            desk.engine.apply_settings(
                replace(settings, risk=replace(settings.risk, quote_max_age_s=0.000001))
            )
            assert heads_up(desk.context).would == "old quote: keys send nothing"
            assert all("are allowed" in line for line in every_entry(desk.context))

    run(scenario())


def test_what_is_said_of_each_entry_is_what_it_sends(home: Paths, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            desk.arm()
            told = dict(zip(("buy_market", "sell_market", "buy_ask", "sell_bid", "join_bid",
                             "join_ask"), every_entry(desk.context), strict=True))  # fmt: skip
            for name in ("buy_ask", "join_bid"):
                await desk.press(f"trading.{name}")
                assert told[name].endswith(": " + describe(desk.orders()[-1].request))
                assert desk.keymap.text_of(f"trading.{name}") in told[name]

    run(scenario())

"""The clockwork: what happens by itself, in the adapter's own thread as in the real program."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.brokers.paper.adapter import PaperBroker
from app.brokers.runner import BrokerRunner
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, Side
from app.domain.reports import (
    AccountReport,
    BrokerReport,
    ExecutionReport,
    HealthReport,
    Light,
    Notice,
)
from tests.brokers.driving import known, submitted
from tests.brokers.paper.driver import SHARE, START_S, PaperDriver, write_bars, write_manifest
from tests.brokers.paper.trader import Run, Trader, trading
from tests.doubles.loop import LoopRunner, until
from tests.surprises import LogWatch

S = OrderStatus
D = Decimal


def pass_time(trader: Trader, seconds: float) -> None:
    """Let the wall clock run and the session notice."""

    async def wait() -> None:
        trader.market.clock.advance(seconds)
        await asyncio.sleep(0.06)
        await trader.market.settle()

    trader.run(wait())


def test_in_a_runner_it_trades_in_its_own_thread(
    tmp_path: Path, run: LoopRunner, expected_logs: LogWatch
) -> None:
    driver = PaperDriver(tmp_path)
    heard: list[BrokerReport] = []
    failures: list[BaseException] = []

    async def scene() -> None:
        context = driver.context()
        runner = BrokerRunner(
            context.config,
            loop=asyncio.get_running_loop(),
            on_reports=heard.extend,
            on_failure=failures.append,
            clock=context.clock,
            data_dir=context.data_dir,
            resources=context.resources,
            secret=context.secret,
        )
        capabilities = await runner.start()
        assert capabilities.replay
        instrument = (await runner.call(lambda b: b.search("XYZ"), 5))[0]
        await runner.call(lambda b: b.subscribe(instrument), 5)
        trader = Trader(driver, run)
        driver.instrument = instrument
        order = submitted(trader.request(Side.BUY, 10), OrderBook(), context.clock.now())
        await runner.call(lambda b: b.control("replay.step", seconds=30), 5)
        await runner.call(lambda b: b.submit([order]), 5)
        await until(lambda: any(isinstance(report, ExecutionReport) for report in heard))
        quotes, _ = runner.drain_market()
        assert instrument.key in quotes
        assert await runner.stop()

    run(scene())
    assert failures == []
    assert sum(isinstance(report, ExecutionReport) for report in heard) == 1


def test_a_day_ends_by_the_clock_without_a_single_tick(tmp_path: Path, run: Run) -> None:
    """The data ends before the close; where gaps are played, the close comes all the same."""
    write_bars(tmp_path / "XYZ_1min.csv", count=320)
    with (tmp_path / "XYZ_1min.csv").open("a") as bars:
        at = datetime.fromtimestamp(START_S + 86_400, UTC).strftime("%Y-%m-%d %H:%M:%S")
        bars.write(f"{at},100,100,100,100,5\n")
    market = str(write_manifest(tmp_path, SHARE))
    with trading(tmp_path, run, file=market, skip_gaps=False, speed=500.0) as trader:
        trader.control("replay.seek", at_s=START_S + 325 * 60)
        order = trader.buy(10, limit="99")
        pass_time(trader, 1.5)
        pass_time(trader, 1.5)
        assert trader.status(order) is S.EXPIRED


def test_the_position_of_the_replay_is_kept_as_it_goes(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run, speed=100.0) as trader:
        store = trader.market.broker.session.store
        before = store.get_state("replay")
        pass_time(trader, 6.0)
        after = store.get_state("replay")
        assert before is None or after["position_s"] > before["position_s"]
        assert after["position_s"] > 0


def test_balances_are_told_when_a_position_changes_its_worth(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run, speed=0.1) as trader:
        trader.print("100", 1)
        trader.buy(10)
        pass_time(trader, 1.5)
        told = len(trader.market.sink.of(AccountReport))
        pass_time(trader, 1.5)
        assert len(trader.market.sink.of(AccountReport)) == told
        trader.print("110", 1)
        pass_time(trader, 1.5)
        reports = trader.market.sink.of(AccountReport)
        assert len(reports) == told + 1
        worth = reports[-1].balances[0].net_liquidation
        assert worth == D("100099.90")


def test_a_failure_inside_ends_the_connection_and_leaves_the_record_alone(
    tmp_path: Path, run: Run, expected_logs: LogWatch
) -> None:
    with trading(tmp_path, run) as trader:
        order = trader.sell(5, trail_amount="1")
        record = trader.record()
        with expected_logs("the paper account stopped", level="ERROR"):
            trader.on_loop(lambda: trader.market.broker.session.guarded(_broken))
        assert trader.market.sink.of(HealthReport)[-1].health.transport is Light.FAILED
        trader.print("99", 1)
        assert trader.now(order).status is S.WORKING
        trader.restart()
        assert trader.record() == record


def _broken() -> None:
    raise RuntimeError("a bug")


def test_a_market_of_quotes_has_no_last_price(tmp_path: Path, run: Run) -> None:
    ticks = tmp_path / "EURUSD_ticks.csv"
    rows = [f"20240312 14{m:02d}00000,1.1000{m % 10},1.10017,0" for m in range(60)]
    ticks.write_text("\n".join(rows) + "\n")
    market = PaperDriver(tmp_path, {"file": str(ticks)})
    run(market.open())
    run(market.broker.subscribe(market.instrument))
    quote = market.sink.quotes[-1]
    assert quote.last != quote.last
    assert quote.bid < quote.ask
    mark = market.broker.session.exchange.markets[market.key].mark()
    assert mark is not None
    assert D("1.1") <= mark <= D("1.10017")
    run(market.close())


def test_changing_a_trailing_stop_moves_it_at_once(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        trader.print("100", 1)
        order = trader.sell(5, trail_amount="1")
        trader.print("105", 1)
        trader.modify(order, trail_amount="3")
        assert trader.told(order).stop_price == D("102.00")
        assert trader.now(order).trail_amount == 3


def test_a_held_exit_can_be_changed_before_it_works(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        entry = trader.request(Side.BUY, 10, limit="99.50")
        child = trader.request(Side.SELL, 10, limit="101", parent_id=entry.client_order_id)
        orders = trader.send(entry, child)
        trader.modify(orders[1], limit="102")
        assert trader.status(orders[1]) is S.HELD
        trader.print("99.50", 10, Side.SELL)
        assert trader.status(orders[1]) is S.WORKING
        assert trader.now(orders[1]).limit_price == 102


def test_a_child_the_account_cannot_carry_is_rejected_when_it_is_released(
    tmp_path: Path, run: Run
) -> None:
    with trading(tmp_path, run, account_type="cash", initial_cash="10000") as trader:
        parent = trader.request(Side.BUY, 90, limit="99.50")
        child = trader.request(Side.BUY, 90, limit="99", parent_id=parent.client_order_id)
        orders = trader.send(parent, child)
        trader.print("99.50", 90, Side.SELL)
        assert [trader.status(o) for o in orders] == [S.FILLED, S.REJECTED]
        assert "insufficient buying power" in trader.told(orders[1]).reason


def test_a_share_too_small_to_trade_is_canceled(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        parent = trader.request(Side.BUY, 100, limit="99.50")
        child = trader.request(Side.BUY, 10, limit="99", parent_id=parent.client_order_id)
        orders = trader.send(parent, child)
        trader.print("99.50", 5, Side.SELL)
        trader.cancel(orders[0])
        assert trader.status(orders[1]) is S.CANCELED
        assert "too small" in trader.told(orders[1]).reason


def test_a_new_market_is_announced(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        other = write_bars(tmp_path / "ABC_1min.csv", price=50)
        trader.control("replay.open", path=str(other))
        assert trader.market.sink.of(Notice)[-1].text == "Now plays ABC_1min.csv: ABC"


def test_an_order_in_a_market_that_is_gone_waits_and_can_be_canceled(
    tmp_path: Path, run: Run
) -> None:
    with trading(tmp_path, run) as trader:
        order = trader.buy(10, limit="99")
        trader.control("replay.open", path=str(write_bars(tmp_path / "ABC_1min.csv", price=50)))
        assert trader.status(order) is S.WORKING
        trader.modify(order, limit="98")
        assert trader.now(order).limit_price == 98
        trader.cancel(order)
        assert trader.status(order) is S.CANCELED


@pytest.mark.parametrize("settings", [{"latency_ms": 30.0}])
def test_latency_lies_between_the_order_and_its_fill(
    tmp_path: Path, run: Run, settings: dict[str, Any]
) -> None:
    with trading(tmp_path, run, **settings) as trader:
        order = submitted(
            trader.request(Side.BUY, 10), trader.market.sink.book, trader.market.clock.now()
        )

        async def scene() -> float:
            loop = asyncio.get_running_loop()
            began = loop.time()
            await trader.market.broker.submit([order])
            await until(lambda: trader.market.sink.fills(order.client_order_id))
            return loop.time() - began

        assert run(scene()) >= 0.028
        snapshot = run(trader.market.broker.snapshot())
        assert [o.status for o in known(snapshot.orders)] == [S.FILLED]


def test_environment_and_settings_are_read_before_anything_is_touched(tmp_path: Path) -> None:
    from app.base.errors import UserError

    context = PaperDriver(tmp_path).context()
    settings = {**context.config.settings, "fee_overrides": ("gold:none",)}
    with pytest.raises(UserError, match="gold:none"):
        PaperBroker(replace(context, config=replace(context.config, settings=settings)))
    assert not context.data_dir.exists()

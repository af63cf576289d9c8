"""paper.db: what was told is on disk, before it is told, over restarts, crashes and full disks."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from app.base.errors import StoreError
from app.brokers.paper.record import Record, read_record
from app.brokers.paper.schema import VERSION
from app.domain.order_types import OrderStatus, Side
from app.domain.reports import ExecutionReport, HealthReport, Light
from tests.brokers.driving import known
from tests.brokers.paper.driver import PaperDriver
from tests.brokers.paper.trader import Run, trading
from tests.surprises import LogWatch

S = OrderStatus
D = Decimal


def assert_consistent(record: Record) -> None:
    """Orders, executions, positions and cash tell one story."""
    held: dict[str, Decimal] = {}
    cash = record.initial_cash + record.settled.get(record.base_currency, D(0))
    for execution in record.executions:
        key = execution.instrument.key
        held[key] = held.get(key, D(0)) + execution.signed_quantity
        cash -= execution.signed_quantity * execution.price + (execution.fee or D(0))
    assert record.positions == {key: quantity for key, quantity in held.items() if quantity}
    assert record.cash == {record.base_currency: cash}
    for order in record.orders:
        mine = [e for e in record.executions if e.client_order_id == order.client_order_id]
        assert order.filled == sum((e.quantity for e in mine), D(0))
        assert (order.status is S.FILLED) == (order.filled == order.quantity)
    numbers = [e.exec_id for e in record.executions]
    assert len(set(numbers)) == len(numbers)


def test_everything_is_there_after_a_restart(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        filled, resting = trader.buy(10), trader.buy(20, limit="99")
        trailing = trader.sell(5, trail_amount="1")
        trader.print("103", 1)
        before = run(trader.market.broker.snapshot())
        trader.restart()
        after = run(trader.market.broker.snapshot())
        assert known(after.orders) == known(before.orders)
        assert known(after.executions) == known(before.executions)
        assert after.is_complete_since == before.is_complete_since
        assert trader.position() == 10
        assert {o.client_order_id for o in trader.record().orders} == {
            order.client_order_id for order in (filled, resting, trailing)
        }
        trader.print("102", 1)
        assert trader.status(trailing) is S.TRIGGERED
        trader.print("99", 50, Side.SELL)
        assert trader.status(resting) is S.FILLED
        assert_consistent(trader.record())


def test_numbers_are_never_used_again(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        first = trader.buy(1)
        trader.restart()
        trader.quote("99.99", "100.01")
        second = trader.buy(1)
        order_id, exec_id = trader.told(first).broker_order_id, trader.executions(first)[0].exec_id
        assert trader.told(second).broker_order_id != order_id
        assert trader.executions(second)[0].exec_id != exec_id
    for path in (tmp_path / "brokers" / "paper").iterdir():
        path.unlink()
    # A fresh account in the same place begins to count again, and still repeats no number.
    with trading(tmp_path, run) as trader:
        fresh = trader.buy(1)
        assert trader.told(fresh).broker_order_id != order_id
        assert trader.executions(fresh)[0].exec_id != exec_id


def test_an_order_that_was_never_answered_is_answered_after_the_restart(
    tmp_path: Path, run: Run
) -> None:
    with trading(tmp_path, run) as trader:
        request = trader.request(Side.BUY, 10, limit="99")
        trader.market.broker.session.exchange.receive([request])
        trader.restart()
        (order,) = trader.record().orders
        assert order.status is S.WORKING


def test_the_replay_goes_on_where_it_stood(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        trader.control("replay.seek", at_s=trader.control("replay.state")["start_s"] + 7000)
        trader.control("replay.speed", value=25)
        trader.control("replay.loop", on=True)
        trader.control("replay.pause")
        before = trader.control("replay.state")
        trader.restart()
        after = trader.control("replay.state")
        assert after == before
        assert (after["speed"], after["paused"], after["loop"]) == (25.0, True, True)


def test_other_settings_start_anew(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        trader.control("replay.speed", value=25)
    with trading(tmp_path, run, speed=4.0) as trader:
        assert trader.control("replay.state")["speed"] == 4.0


def test_a_newer_file_is_left_untouched(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "brokers" / "paper" / "paper.db"
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="written by a newer Moorgate"):
        run(PaperDriver(tmp_path).open())
    assert path.read_bytes() == before


def test_a_corrupt_file_is_refused(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "brokers" / "paper" / "paper.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, whatever it is called\n" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="cannot be used"):
        run(PaperDriver(tmp_path).open())
    assert path.read_bytes() == before


def test_a_full_disk_ends_the_connection_and_tells_nothing_that_is_not_kept(
    tmp_path: Path, run: Run, expected_logs: LogWatch
) -> None:
    with trading(tmp_path, run) as trader:
        trader.buy(10)
        store = trader.market.broker.session.store
        # No page more than there are: what SQLite says then is what it says on a full disk.
        store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        told = len(trader.market.sink.of(ExecutionReport))
        with expected_logs("the paper account stopped", level="ERROR"):
            trader.buy(200, limit="99")
            for _ in range(200):
                trader.print("99", 1, Side.SELL)
                if trader.market.broker.session.is_over:
                    break
        assert trader.market.sink.of(HealthReport)[-1].health.transport is Light.FAILED
        record = trader.record()
        assert_consistent(record)
        assert len(record.executions) == len(trader.market.sink.of(ExecutionReport))
        assert len(record.executions) >= told


CHILD = """
import asyncio, sys
from decimal import Decimal
from pathlib import Path
from app.domain.groups import bracket
from app.domain.order_book import OrderBook
from app.domain.order_types import Side
from tests.brokers.driving import submitted
from tests.brokers.paper.driver import PaperDriver
from tests.brokers.paper.trader import Trader

async def main(folder):
    market = PaperDriver(folder, {"fee_model": "per_share"})
    await market.open()
    trader = Trader(market, None)
    market.quote("99.99", "100.01")
    print("ready", flush=True)
    turn = 0
    while True:
        turn += 1
        entry = trader.request(Side.BUY, 10, limit="99.90")
        legs = bracket(entry, Decimal("100.20"), Decimal("99.70"))
        orders = [submitted(leg, market.sink.book, market.clock.now()) for leg in legs]
        await market.broker.submit(orders)
        await asyncio.sleep(0)
        market.print("99.90", 4, Side.SELL)
        market.print("99.90", 6, Side.SELL)
        if turn % 2:
            market.print("100.20", 7, Side.BUY)
        market.print("99.70", 1)
        market.quote("99.99", "100.01", 3, 3)
        await market.settle()

asyncio.run(main(Path(sys.argv[1])))
"""


def test_after_kill_nine_the_record_is_one_story(tmp_path: Path, run: Run) -> None:
    """Killed at any moment: told or not, an order, its fills, cash and position agree."""
    seed = random.Random(11)
    database = tmp_path / "brokers" / "paper" / "paper.db"
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[3],
            env={**os.environ, "PYTHONPATH": "."},
        )
        assert child.stdout is not None
        assert child.stderr is not None
        with child.stdout, child.stderr:
            assert child.stdout.readline() == b"ready\n", child.stderr.read().decode()
            time.sleep(seed.uniform(0.02, 0.25))
            child.send_signal(signal.SIGKILL)
            child.wait()
        assert_consistent(read_record(database))
    with trading(tmp_path, run, fee_model="per_share") as trader:
        record = trader.record()
        assert len(record.executions) > 10
        snapshot = run(trader.market.broker.snapshot())
        assert known(snapshot.executions) == record.executions
        assert_consistent(record)

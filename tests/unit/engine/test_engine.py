"""The engine as a whole, on the real paper broker: start, trade, end, and start again."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest

from app.base.errors import StoreError
from app.base.paths import Paths
from app.bootstrap import Services, build
from app.domain.events import NoticeRaised, OrderChanged, Reconciled, RiskChanged
from app.domain.ids import ConnectionId
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.reports import Light
from app.domain.request import OrderRequest
from app.domain.risk_limits import TradingState
from app.engine.connections import ConnectionState
from app.engine.engine import Engine
from tests.doubles.loop import LoopRunner, until

PAPER = ConnectionId("paper")
SETTINGS = """
[[connection]]
id = "paper"
broker = "paper"
environment = "paper"
[connection.settings]
source = "synthetic"
instruments = 3
quotes_per_second = 60
latency_ms = 1
"""


@pytest.fixture
def paths(home: Paths) -> Paths:
    home.settings_file.write_text(SETTINGS)
    return home


async def ready(engine: Engine) -> Instrument:
    """Started and connected in the background, with a quote; the instrument to trade."""
    await engine.start()
    await until(lambda: engine.connections.is_trading_open(PAPER) is None)
    [instrument] = await engine.instruments.search(PAPER, "SYN001")
    engine.market.subscribe(PAPER, instrument)
    await until(lambda: engine.market.quote((PAPER, instrument.key)))
    return instrument


def buy(engine: Engine, instrument: Instrument, limit: Decimal | None = None) -> OrderRequest:
    return OrderRequest(
        connection_id=PAPER,
        account_id=engine.connections.accounts(PAPER)[0].account_id,
        instrument=instrument,
        side=Side.BUY,
        order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        quantity=Decimal(2),
        limit_price=limit,
    )


async def bought(engine: Engine, instrument: Instrument) -> Order:
    [order] = await engine.orders.submit([buy(engine, instrument)])
    await until(lambda: engine.orders.book.get(order.client_order_id).status.is_closed)  # type: ignore[union-attr]  # just submitted
    filled = engine.orders.book.get(order.client_order_id)
    assert filled is not None
    assert filled.status is OrderStatus.FILLED
    return filled


async def far_below(engine: Engine, instrument: Instrument) -> Order:
    """A limit order that will not trade."""
    quote = engine.market.quote((PAPER, instrument.key))
    assert quote is not None
    price = instrument.round_price(Decimal(repr(quote.bid)) * Decimal("0.97"))
    [order] = await engine.orders.submit([buy(engine, instrument, price)])
    await until(lambda: engine.orders.book.get(order.client_order_id).status is OrderStatus.WORKING)  # type: ignore[union-attr]  # just submitted
    return order


def finish(services: Services, run: LoopRunner) -> None:
    assert run(services.engine.stop()) == []
    services.close()


def test_what_was_traded_is_there_after_a_restart(paths: Paths, run: LoopRunner) -> None:
    async def first(engine: Engine) -> tuple[Order, Order]:
        instrument = await ready(engine)
        return await bought(engine, instrument), await far_below(engine, instrument)

    services = build(paths)
    filled, working = run(first(services.engine))
    finish(services, run)

    async def second(engine: Engine) -> None:
        findings: list[Reconciled] = []
        engine.bus.subscribe(Reconciled, findings.append)
        await engine.start(autoconnect=False)
        restored = engine.orders.book.get(filled.client_order_id)
        assert restored == filled
        key, account = filled.request.instrument.key, filled.request.account_id
        position = engine.portfolio.position(PAPER, account, key)
        assert position is not None
        assert (position.quantity, position.is_verified) == (Decimal(2), False)
        await engine.connections.connect(PAPER)
        position = engine.portfolio.position(PAPER, account, key)
        assert position is not None
        assert (position.quantity, position.is_verified) == (Decimal(2), True)
        still = engine.orders.book.get(working.client_order_id)
        assert still is not None
        assert still.status is OrderStatus.WORKING
        assert [f.result.findings for f in findings] == [()]

    services = build(paths)
    run(second(services.engine))
    finish(services, run)


def test_nothing_connects_that_does_not_want_to(paths: Paths, run: LoopRunner) -> None:
    paths.settings_file.write_text(
        SETTINGS.replace('environment = "paper"', 'environment = "paper"\nautoconnect = false')
    )
    services = build(paths)
    run(services.engine.start())
    run(asyncio.sleep(0.05))
    assert services.engine.connections.state(PAPER) is ConnectionState.OFFLINE
    finish(services, run)


def test_ending_is_quick_while_connecting_and_trading(paths: Paths, run: LoopRunner) -> None:
    async def scenario(engine: Engine) -> None:
        instrument = await ready(engine)
        order = asyncio.ensure_future(bought(engine, instrument))
        await asyncio.sleep(0)
        began = time.monotonic()
        assert await engine.stop() == []
        assert time.monotonic() - began < 5
        order.cancel()
        await asyncio.gather(order, return_exceptions=True)  # however far it came

    services = build(paths)
    run(scenario(services.engine))
    services.close()


def test_an_engine_that_never_started_can_be_stopped(paths: Paths, run: LoopRunner) -> None:
    finish(build(paths), run)


def test_new_limits_hold_at_once(paths: Paths, run: LoopRunner) -> None:
    async def scenario(engine: Engine) -> None:
        instrument = await ready(engine)
        told: list[RiskChanged] = []
        engine.bus.subscribe(RiskChanged, told.append)
        strict = replace(engine.settings.risk, max_order_quantity=Decimal(1))
        engine.apply_settings(replace(engine.settings, risk=strict))
        assert len(told) == 1
        [order] = await engine.orders.submit([buy(engine, instrument)])
        assert order.status is OrderStatus.DENIED
        own = replace(strict, max_order_quantity=Decimal(1))
        loose = replace(strict, max_order_quantity=None)
        engine.apply_settings(replace(engine.settings, risk=loose, connection_risk={PAPER: own}))
        [order] = await engine.orders.submit([buy(engine, instrument)])
        assert order.status is OrderStatus.DENIED, "the stricter of the two decides"
        engine.apply_settings(replace(engine.settings, risk=loose, connection_risk={}))
        await bought(engine, instrument)

    services = build(paths)
    run(scenario(services.engine))
    finish(services, run)


def test_the_profit_method_follows_the_settings(paths: Paths, run: LoopRunner) -> None:
    services = build(paths)
    engine = services.engine
    assert engine.portfolio.method.value == "fifo"
    general = replace(engine.settings.general, profit_method="average")
    engine.apply_settings(replace(engine.settings, general=general))
    assert engine.portfolio.method.value == "average"
    finish(services, run)


def test_the_kill_switch_outlives_a_restart(paths: Paths, run: LoopRunner) -> None:
    services = build(paths)
    services.engine.risk.set_state(TradingState.HALTED, "hand")
    finish(services, run)
    services = build(paths)
    assert services.engine.risk.state is TradingState.HALTED
    finish(services, run)


def test_a_cut_line_comes_back_and_says_what_happened(paths: Paths, run: LoopRunner) -> None:
    async def scenario(engine: Engine) -> None:
        instrument = await ready(engine)
        order = await far_below(engine, instrument)
        closed: list[str] = []
        engine.bus.subscribe(NoticeRaised, lambda n: closed.append(n.text))
        await engine.connections.call(PAPER, lambda b: b.control("faults.disconnect"))
        await until(lambda: engine.connections.is_trading_open(PAPER))
        [refused] = await engine.orders.submit([buy(engine, instrument)])
        assert refused.status is OrderStatus.DENIED
        await until(lambda: engine.connections.is_trading_open(PAPER) is None, 20)
        again = engine.orders.book.get(order.client_order_id)
        assert again is not None
        assert again.status is OrderStatus.WORKING
        engine.market.flush()
        await until(lambda: (engine.market.age_s((PAPER, instrument.key)) or 9) < 1)
        await bought(engine, instrument)

    services = build(paths)
    run(scenario(services.engine), timeout_s=60)
    finish(services, run)


def test_the_fourth_light_of_the_paper_feed(paths: Paths, run: LoopRunner) -> None:
    async def scenario(engine: Engine) -> None:
        await ready(engine)
        await until(lambda: engine.connections.health(PAPER).data_age is Light.OK, 3)
        health = engine.connections.health(PAPER)
        assert {health.transport, health.authentication} == {Light.OK}

    services = build(paths)
    run(scenario(services.engine))
    finish(services, run)


def test_what_happens_to_connections_is_in_the_audit(paths: Paths, run: LoopRunner) -> None:
    services = build(paths)
    run(ready(services.engine))
    run(services.engine.stop())
    kinds = [r.kind for r in services.journal.read_audit() if r.connection_id == PAPER]
    services.close()
    assert kinds == [
        "connection.connecting",
        "connection.reconciling",
        "connection.ready",
        "connection.offline",
    ]


def test_one_home_has_one_terminal(paths: Paths, run: LoopRunner) -> None:
    services = build(paths)
    with pytest.raises(StoreError, match="another Moorgate"):
        build(paths)
    finish(services, run)
    finish(build(paths), run)


def test_a_damaged_history_lets_go_of_the_journal(paths: Paths, run: LoopRunner) -> None:
    paths.history_file.write_bytes(b"no database at all")
    with pytest.raises(StoreError, match=r"history\.db"):
        build(paths)
    paths.history_file.unlink()
    finish(build(paths), run)


def test_a_journal_that_lost_a_record_stops_the_start(paths: Paths, run: LoopRunner) -> None:
    async def one_order(engine: Engine) -> None:
        await bought(engine, await ready(engine))

    services = build(paths)
    run(one_order(services.engine))
    finish(services, run)
    with closing(sqlite3.connect(paths.journal_file)) as database:
        database.execute("DELETE FROM events WHERE seq = 2")
        database.commit()
    services = build(paths)
    changed: list[OrderChanged] = []
    services.engine.bus.subscribe(OrderChanged, changed.append)
    with pytest.raises(StoreError, match="record"):
        run(services.engine.start())
    assert services.engine.connections.state(PAPER) is ConnectionState.OFFLINE
    assert changed == []
    finish(services, run)

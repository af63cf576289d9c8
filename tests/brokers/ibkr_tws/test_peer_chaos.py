"""The peer under faults by chance: its own books must stay right whatever befalls the line.

Also how fast it is, and that it runs as a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.brokers.ibkr_tws.order_client import SPY, OrderClient
from tests.brokers.ibkr_tws.raw_client import RawClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.load import Load
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import FaultPlan, Quirk

SDKS, PARTS = ("ib_insync", "ib_async"), ("client", "Decoder")
ORDERS = 150  # of which the first 120 draw every quirk with the seed below


@pytest.fixture
def quiet_sdk() -> Iterator[None]:
    """What the SDK logs of broken lines and garbage depends on when they break."""
    loggers = [logging.getLogger(f"{name}.{part}") for name in SDKS for part in PARTS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


async def answer(client: OrderClient, order_id: int) -> None:
    """Wait for any word about an order, or for the end of the line, or for half a second."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            while client.raw.send.isConnected():
                if client.raw.heard("openOrder", order_id) or client.raw.heard("error", order_id):
                    break
                await asyncio.sleep(0.001)


async def send_until_cut(peer: TwsPeer, sent: list[str]) -> None:
    """Send orders that nobody has sent yet, until the line breaks or all are out."""
    async with OrderClient.at(peer) as client:
        while len(sent) < ORDERS and client.raw.send.isConnected():
            number = len(sent)
            sent.append(f"order-{number}")
            kind, side = ("MKT", "LMT")[number % 2], ("BUY", "SELL")[number // 2 % 2]
            price = {"lmtPrice": 499 if side == "BUY" else 501} if kind == "LMT" else {}
            order_id = client.place(side, 3, kind, orderRef=sent[-1], **price)
            await answer(client, order_id)
            if number % 5 == 1:
                client.limit(side, 3, 498 if side == "BUY" else 502, order_id=order_id,
                             orderRef=sent[-1])  # fmt: skip
            if number % 5 == 3:
                client.raw.send.cancelOrder(order_id)


@pytest.mark.usefixtures("quiet_sdk")
def test_the_books_stay_right_under_every_fault(run: LoopRunner) -> None:
    async def scenario(peer: TwsPeer, plan: FaultPlan) -> None:
        sent: list[str] = []
        while len(sent) < ORDERS:
            with contextlib.suppress(OSError, TimeoutError):
                await send_until_cut(peer, sent)
            await asyncio.sleep(0.02)
        peer.until(lambda: not peer.world.waiting and peer.world.timing.waiting() == 0)
        world = peer.world
        assert set(plan.drawn) == set(Quirk), "a quirk was never drawn"
        assert set(world.accepted.values()) == {1}
        assert set(world.accepted) <= set(sent)
        by_order: Counter[int] = Counter()
        held = Decimal(0)
        for fill in world.fills:
            if not fill.is_replaced:
                by_order[fill.perm_id] += int(fill.quantity)
                held += fill.quantity if fill.side == "BOT" else -fill.quantity
        assert {o.perm_id: int(o.filled) for o in world.orders.values() if o.filled} == by_order
        assert world.accounts["DU1000001"].holdings[SPY].quantity == held
        assert all(o.filled == o.quantity for o in world.orders.values() if o.status == "Filled")

    with TwsPeer() as peer:
        plan = FaultPlan.everything(seed=7, rate=0.05, line_rate=0.015)
        peer.faults.plan = plan
        run(scenario(peer, plan), timeout_s=90)


def test_the_same_seed_draws_the_same_faults() -> None:
    draws = [[plan.draw() for _ in range(200)] for plan in map(FaultPlan.everything, (3, 3, 4))]
    assert draws[0] == draws[1] != draws[2]


def test_thousands_of_ticks_a_second_arrive(run: LoopRunner) -> None:
    async def scenario(peer: TwsPeer) -> None:
        async with RawClient.to(peer) as client:
            contract = client.ib.Contract(conId=SPY, exchange="SMART")
            client.send.reqMktData(7, contract, "", False, False, [])
            await client.told("priceSizeTick", 7)
            client.forget()
            load = peer.call(peer.world.part, Load)
            peer.call(load.start, [SPY], 8000)
            began = time.monotonic()
            await client.told("priceSizeTick", 7, count=8000, timeout_s=10)
            took = time.monotonic() - began
            peer.call(load.stop)
        assert took < 4, f"8000 ticks took {took:.1f} s"

    with TwsPeer() as peer:
        run(scenario(peer))


@pytest.mark.parametrize("ended", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_as_a_process_with_a_market_that_moves(
    ended: signal.Signals, run: LoopRunner
) -> None:
    async def scenario(port: int) -> None:
        client = RawClient()
        await client.send.connectAsync("127.0.0.1", port, 1, timeout=5)
        assert client.send.getAccounts() == ["U7"]
        contract = client.ib.Contract(conId=SPY, exchange="SMART")
        client.send.reqMktData(7, contract, "", False, False, [])
        await client.told("priceSizeTick", 7, count=20)
        client.send.disconnect()
        await asyncio.sleep(0)

    command = [sys.executable, "-m", "tests.doubles.tws", "--live", "--account", "U7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("listening on ")
        run(scenario(int(first.split()[-1])))
        process.send_signal(ended)
        assert process.wait(10) == 0

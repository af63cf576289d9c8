"""The real engine without a window, trading at random until it is killed.

`python -m tests.crash.trader` imports everything once and then lives as often as it is told to:
each line `live HOME SEED` on standard input forks a child that trades until kill -9, and
`settle HOME SEED` one that only reconciles, tells the broker's books, and ends in order. A child
says on standard output when it has begun, when its trading is open, and what went wrong.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import sys
import traceback
from decimal import Decimal
from pathlib import Path
from typing import Any

# Imported before the first fork, so that a life begins within milliseconds.
import app.brokers.paper.adapter
from app.base.paths import resolve_home
from app.bootstrap import Services, build
from app.brokers import registry
from app.brokers.base import Broker
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderChange, OrderRequest
from app.engine.engine import Engine
from tests.crash import remote_broker

CONNECTION = ConnectionId("crash")
BOOKS = "books.pickle"
PAUSE_S = 0.012
assert app.brokers.paper.adapter is not None


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def open_trading(engine: Engine) -> None:
    """Until the connection is reconciled."""
    async with asyncio.timeout(30):
        while engine.connections.is_trading_open(CONNECTION):  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0.002)


async def trade(services: Services, seed: int) -> None:
    """Orders, changes and cancels at random, for ever."""
    engine, dice = services.engine, random.Random(seed)
    await engine.start()
    say("begun")
    await open_trading(engine)
    account = engine.connections.accounts(CONNECTION)[0].account_id
    found = await engine.connections.call(CONNECTION, lambda broker: broker.search(""))
    for instrument in found:
        engine.market.subscribe(CONNECTION, instrument)
    async with asyncio.timeout(10):
        while any(engine.market.quote((CONNECTION, i.key)) is None for i in found):  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0.002)
    say("open")
    doing: set[asyncio.Task[Any]] = set()
    while True:
        task = asyncio.ensure_future(act(engine, dice, account, dice.choice(found)))
        doing.add(task)
        task.add_done_callback(doing.discard)
        await asyncio.sleep(dice.expovariate(1 / PAUSE_S))


async def act(
    engine: Engine, dice: random.Random, account: AccountId, instrument: Instrument
) -> None:
    """One thing that a hurried trader does."""
    live = [o for o in engine.orders.book.open_orders() if not o.status.is_in_flight]
    roll = dice.random()
    if live and roll < 0.25:
        await engine.orders.cancel(dice.choice(live).client_order_id)
    elif live and roll < 0.5:
        order = dice.choice(live)
        if order.limit_price is not None:
            step = instrument.tick_size * dice.randint(1, 5)
            price = order.request.instrument.round_price(order.limit_price - step)
            await engine.orders.modify(order.client_order_id, OrderChange(limit_price=price))
    else:
        await engine.orders.submit([draw_order(engine, dice, account, instrument)])


def draw_order(
    engine: Engine, dice: random.Random, account: AccountId, instrument: Instrument
) -> OrderRequest:
    """A market order, or a limit near the market that fills soon, late or never."""
    quote = engine.market.quote((CONNECTION, instrument.key))
    assert quote is not None, "waited for before"
    is_market = dice.random() < 0.4
    near = Decimal(repr(round(quote.bid * dice.uniform(0.98, 1.01), 6)))
    return OrderRequest(
        connection_id=CONNECTION,
        account_id=account,
        instrument=instrument,
        side=dice.choice([Side.BUY, Side.SELL]),
        order_type=OrderType.MARKET if is_market else OrderType.LIMIT,
        quantity=instrument.min_quantity * dice.randint(1, 9),
        limit_price=None if is_market else instrument.round_price(near),
    )


async def settle(services: Services) -> None:
    """Reconcile, let everything in flight be answered, and write down the broker's books."""
    engine = services.engine
    await engine.start()
    say("begun")
    await open_trading(engine)
    async with asyncio.timeout(30):
        while any(o.status.is_in_flight for o in engine.orders.book.open_orders()):  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0.05)
    await engine.orders.cancel_many(connection_id=CONNECTION)
    await asyncio.sleep(0.3)
    await engine.reconciler.reconcile(CONNECTION)
    books = await engine.connections.call(CONNECTION, _record)
    (services.paths.home / BOOKS).write_bytes(pickle.dumps(books))
    await engine.stop()
    services.close()
    say("settled")


async def _record(broker: Broker) -> Any:
    if isinstance(broker, remote_broker.RemoteBroker):
        return await broker.record()
    return None, None, await broker.snapshot()


def live(command: str, home: str, seed: int) -> None:
    """The whole life of one child."""
    try:
        services = build(resolve_home(home, {}))
        asyncio.run(trade(services, seed) if command == "live" else settle(services))
    except BaseException:  # noqa: BLE001 - whatever it is, the test must hear of it
        say("failed", traceback.format_exc().replace("\n", " | "))
        os._exit(1)
    os._exit(0)


def main() -> None:
    registry.MODULES["remote"] = "tests.crash.remote_broker"
    say("ready")
    for line in sys.stdin:
        command, home, seed = line.split()
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            live(command, home, int(seed))
        say("child", child)
        os.waitpid(child, 0)
        say("ended", child)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()

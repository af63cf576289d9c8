"""A whole terminal without its window at a TWS peer: the engine, the adapter, a journal on disk."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from functools import partial

from app.base.clock import SystemClock
from app.base.errors import UserError
from app.base.paths import Paths, resources_dir
from app.brokers.base import Broker
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.risk_limits import RiskLimits
from app.engine.engine import Engine
from app.store.history import History
from app.store.journal import Journal
from app.store.settings import Settings
from tests.doubles.tws.contracts import Market
from tests.doubles.tws.feed import Feed
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.world import World

CONNECTION, ACCOUNT = ConnectionId("tws"), AccountId("DU1000001")
AAPL, SPY = 265598, 756733
WALK_S = 0.03
# What is typed to find each instrument, and what the answer has to be.
SEARCHES = (("SPY", AssetClass.ETF), ("AAPL", AssetClass.EQUITY), ("ES", AssetClass.FUTURE))
NO_LIMITS = RiskLimits(
    max_order_value=None, price_collar_percent=None, quote_max_age_s=None, max_open_orders=None,
    max_orders_per_minute=None, duplicate_window_s=None,
)  # fmt: skip


class Walk:
    """The market: every traded contract wanders within one percent. Peer thread."""

    def __init__(self, world: World, con_ids: list[int], seed: int) -> None:
        self._world, self._con_ids, self._dice = world, con_ids, random.Random(f"walk {seed}")
        self._middles = {
            con_id: world.part(Feed).quote_of(con_id).mark or Decimal(100) for con_id in con_ids
        }
        self._away = dict.fromkeys(con_ids, 0)
        world.timing.every(WALK_S, self._step)

    def _step(self) -> None:
        for con_id in self._con_ids:
            tick = self._world.contracts[con_id].min_tick
            middle, away = self._middles[con_id], self._away[con_id] + self._dice.randint(-3, 3)
            far = int(middle / 100 / tick)
            self._away[con_id] = away = max(-far, min(far, away))
            at = middle + away * tick
            self._world.quote(con_id, at - tick, at + tick)


def prepare(world: World, seed: int) -> dict[int, str]:
    """A rich account and a market that moves; the conIds that are traded. Peer thread."""
    world.accounts[ACCOUNT].cash["USD"] = Decimal("1e9")
    front = world.part(Market).of_symbol("ES", "FUT")[0].con_id
    traded = {SPY: "SPY", AAPL: "AAPL", front: "ES"}
    Walk(world, list(traded), seed)
    return traded


def settings_for(peer: TwsPeer) -> Settings:
    """One connection to the peer, and no limit in its way."""
    values = {
        "host": peer.host, "port": peer.port, "client_id": 17, "accounts": (),
        "market_data": "live", "connect_timeout_s": 3.0, "request_timeout_s": 3.0,
        "heartbeat_s": 1.0,
    }  # fmt: skip
    config = ConnectionConfig(CONNECTION, "ibkr-tws", "paper", values)
    return Settings(risk=NO_LIMITS, connections=(config,))


def _no_secret(connection_id: ConnectionId, name: str) -> str:
    raise UserError(f"TWS needs no secret, not even {name!r} of {connection_id}")


@contextlib.asynccontextmanager
async def life(peer: TwsPeer, paths: Paths) -> AsyncIterator[Engine]:
    """One run of the terminal: restored from the journal, and stopped in order at the end."""
    clock = SystemClock()
    with (
        Journal(paths.journal_file, clock) as journal,
        contextlib.closing(History(paths.history_file)) as history,
    ):
        engine = Engine.create(
            settings_for(peer), paths, clock, journal, history, _no_secret, resources_dir()
        )
        await engine.start()
        try:
            yield engine
        finally:
            stuck = await engine.stop()
            assert not stuck, f"threads that would not end: {stuck}"


async def until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait for plain state. Raises TimeoutError that says what did not happen."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_s:g} s: {what}")
        await asyncio.sleep(0.01)


async def trading_open(engine: Engine, timeout_s: float = 40.0) -> None:
    """Until the connection is reconciled and orders may go out."""
    await until(
        lambda: engine.connections.is_trading_open(CONNECTION) is None,
        timeout_s,
        f"trading open; {engine.connections.is_trading_open(CONNECTION)}",
    )


async def _search(text: str, broker: Broker) -> tuple[Instrument, ...]:
    return await broker.search(text)


async def traded_instruments(engine: Engine) -> list[Instrument]:
    """Found as a trader finds them, by typing."""
    found = []
    for text, kind in SEARCHES:
        answers = await engine.connections.call(CONNECTION, partial(_search, text), 20.0)
        fitting = [i for i in answers if i.asset_class is kind and i.currency == "USD"]
        assert fitting, f"{text}: nothing but {answers}"
        found.append(fitting[0])
    return found

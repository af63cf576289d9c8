"""A thousand orders through the whole engine while everything that can go wrong does.

`python -m tests.brokers.ibkr_tws.faults_run --orders 1000 --seed 7` prints what happened as JSON
and ends with 1 when something was lost, doubled or shown wrongly. The same seed draws the same
faults and the same wishes; what meets when is up to the clocks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.base.paths import Paths, resolve_home
from app.domain.ids import MarketKey
from app.domain.order_types import OrderStatus
from app.engine.engine import Engine
from tests.brokers.ibkr_tws.faults_chaos import Chaos
from tests.brokers.ibkr_tws.faults_desk import (
    CONNECTION,
    life,
    prepare,
    traded_instruments,
    trading_open,
    until,
)
from tests.brokers.ibkr_tws.faults_proof import (
    Truth,
    problems,
    read_journal,
    told_lives,
    truth_of,
)
from tests.brokers.ibkr_tws.faults_trader import Trader
from tests.brokers.ibkr_tws.faults_watch import Complaints, Watch
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import FaultPlan

IMPATIENT_S = 1.0
QUIET_S = 0.6  # longer than any fault lasts
FRESH_S = 5.0
SETTLE_S = 30.0
LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"


class Run:
    """One run: some lives of the terminal against one peer."""

    def __init__(self, options: argparse.Namespace, paths: Paths, peer: TwsPeer) -> None:
        self._options, self._paths, self._peer = options, paths, peer
        self._names = peer.call(prepare, peer.world, options.seed)
        peer.call(setattr, peer.faults, "slow_answers_s", options.delay_s)
        self.trader = Trader(peer, self._names, options.seed)
        self.watch = Watch(peer)
        self.plan = FaultPlan.everything(options.seed, options.rate, options.line_rate)
        self.chaos = Chaos(peer.world, options.seed, options.chaos_s)
        self.found: list[str] = []

    async def live(self) -> None:
        """All lives, and the proof at the end."""
        lives = self._options.lives
        for number in range(1, lives + 1):
            target = self._options.orders * number // lives
            async with life(self._peer, self._paths) as engine:
                await self._trade(engine, target)
                if number == lives:
                    await self._settle(engine)

    async def _trade(self, engine: Engine, target: int) -> None:
        await trading_open(engine)
        self.watch.start(engine)
        instruments = await traded_instruments(engine)
        for instrument in instruments:
            engine.market.subscribe(CONNECTION, instrument)
        keys = [(CONNECTION, instrument.key) for instrument in instruments]
        await until(lambda: all(engine.market.quote(k) for k in keys), 20, "quotes")
        self._peer.call(setattr, self._peer.faults, "plan", self.plan)
        self._peer.call(self.chaos.start)
        pressing = asyncio.create_task(self._press_connect(engine))
        await self.trader.trade(engine, instruments, target)
        self._peer.call(setattr, self._peer.faults, "plan", None)
        self._peer.call(self.chaos.stop)
        if target == self._options.orders:
            await asyncio.sleep(QUIET_S)
            await trading_open(engine)
            await self._until_answered(engine)
            await self._require_data(engine, keys)
        pressing.cancel()
        await asyncio.gather(pressing, return_exceptions=True)
        await self.watch.stop()

    async def _press_connect(self, engine: Engine) -> None:
        """The trader does not wait for the next attempt when the last ones were many."""
        while True:
            await asyncio.sleep(IMPATIENT_S)
            if "next attempt in" in engine.connections.text(CONNECTION):
                await engine.connections.connect(CONNECTION)

    async def _until_answered(self, engine: Engine) -> None:
        def answered() -> bool:
            waiting = (o for o in engine.orders.book.open_orders())
            return not any(
                o.status.is_in_flight or o.status is OrderStatus.UNKNOWN for o in waiting
            )

        try:
            await until(answered, SETTLE_S, "every order answered")
        except TimeoutError:
            left = [
                f"{o.client_order_id} is still {o.status.value} ({o.reason})"
                for o in engine.orders.book.open_orders()
                if o.status.is_in_flight or o.status is OrderStatus.UNKNOWN
            ]
            self.found += left

    async def _require_data(self, engine: Engine, keys: Sequence[MarketKey]) -> None:
        """Every subscription lives on, whatever the line went through."""

        def stale() -> list[str]:
            ages = {key[1]: engine.market.age_s(key) for key in keys}
            return [f"{name}: {age}" for name, age in ages.items() if age is None or age > 1]

        try:
            await until(lambda: not stale(), FRESH_S, "fresh quotes")
        except TimeoutError:
            self.found.append(f"no quotes any more, age in seconds: {', '.join(stale())}")

    async def _settle(self, engine: Engine) -> None:
        """Compare while orders still live, then cancel them all and compare again."""
        await engine.reconciler.reconcile(CONNECTION)
        truth = self._truth()
        positions = engine.portfolio.positions()
        self.found += [f"live: {text}" for text in problems(engine.orders.book, truth, positions)]
        await engine.orders.cancel_many(connection_id=CONNECTION)
        await self._until_answered(engine)
        await asyncio.sleep(QUIET_S)
        await engine.reconciler.reconcile(CONNECTION)
        await self._compare_at_end(engine)

    async def _compare_at_end(self, engine: Engine) -> None:
        truth, positions = self._truth(), engine.portfolio.positions()
        book = read_journal(self._paths)
        self.found += problems(book, truth, positions)

    def _truth(self) -> Truth:
        return self._peer.call(truth_of, self._peer.world, self._names)

    def report(self, seconds: float, complaints: Sequence[str]) -> dict[str, Any]:
        """What happened, in words and figures."""
        world, watch = self._peer.world, self.watch
        found = [*self.found, *watch.problems(), *self.trader.crashes]
        found += [f"logged: {text}" for text in dict.fromkeys(complaints)]
        return {
            "seed": self._options.seed,
            "orders": self.trader.sent,
            "accepted": sum(n for ref, n in world.accepted.items() if ref),
            "fills": len(world.fills),
            "lines": watch.lines,
            "faults": {quirk.name: count for quirk, count in self.plan.drawn.items()},
            "chaos": dict(self.chaos.happened),
            "done": dict(self.trader.done),
            "denied": dict(self.trader.denied),
            "unknown": len(watch.unknown_orders),
            "worst_unknown_s": round(watch.unknown.seconds, 2),
            "worst_live_shown_dead_s": round(watch.dead.seconds, 2),
            "worst_dead_shown_live_s": round(watch.live.seconds, 2),
            "seconds": round(seconds, 1),
            "problems": found[:60],
            "problem_count": len(found),
            "lives": told_lives(self._paths, found),
        }


def run(options: argparse.Namespace) -> dict[str, Any]:
    """One run in a folder that is deleted afterwards."""
    begun = time.monotonic()
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    if options.log:
        written = logging.FileHandler(options.log, mode="w")
        written.setFormatter(logging.Formatter(LINE))
        logging.getLogger().addHandler(written)
        logging.getLogger("moorgate").setLevel(logging.INFO)
    with tempfile.TemporaryDirectory() as folder, TwsPeer(version=options.version) as peer:
        one = Run(options, resolve_home(str(Path(folder) / "home"), {}), peer)
        asyncio.run(one.live())
        return one.report(time.monotonic() - begun, complaints.said)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.brokers.ibkr_tws.faults_run")
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lives", type=int, default=2, help="the terminal is restarted between")
    parser.add_argument("--version", type=int, default=178, help="server version")
    parser.add_argument("--rate", type=float, default=0.03, help="of each fault of an order")
    parser.add_argument("--line-rate", type=float, default=0.004, help="of each fault of the line")
    parser.add_argument("--chaos-s", type=float, default=6.0, help="between two incidents")
    parser.add_argument("--delay-s", type=float, default=0.03, help="of everything TWS says")
    parser.add_argument("--log", help="file for everything that is logged")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the JSON; 1 where something was wrong."""
    told = run(parse(arguments))
    json.dump(told, sys.stdout, indent=1)
    print()
    return 1 if told["problem_count"] else 0


if __name__ == "__main__":
    sys.exit(main())

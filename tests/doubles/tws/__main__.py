"""A TWS of nobody's in a process of its own: `python -m tests.doubles.tws --live`.

Prints "listening on PORT" and runs until it is told to end (Ctrl+C, SIGTERM).
"""

from __future__ import annotations

import argparse
import random
import signal
import threading
from collections.abc import Sequence
from decimal import Decimal

from tests.doubles.tws.feed import Feed
from tests.doubles.tws.load import Load
from tests.doubles.tws.market import Lines
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import FaultPlan
from tests.doubles.tws.world import World

WALK_S = 0.25


class Walk:
    """A market that moves by itself: every contract that somebody looks at, a tick at a time."""

    def __init__(self, world: World, ticks_per_s: float, seed: int = 1) -> None:
        self._world = world
        self._ticks_per_s = ticks_per_s
        self._dice = random.Random(seed)
        self._loaded: tuple[int, ...] = ()

    def start(self) -> None:
        """Move from now on. Peer thread."""
        self._world.timing.every(WALK_S, self._step)

    def _step(self) -> None:
        seen = {
            line.con_id
            for session in self._world.sessions
            for line in session.part(Lines).open.values()
        }
        seen.update(o.contract.con_id for o in self._world.orders.values() if not o.is_done)
        for con_id in sorted(seen):
            self._move(con_id)
        if self._ticks_per_s and tuple(sorted(seen)) != self._loaded:
            self._loaded = tuple(sorted(seen))
            load = self._world.part(Load)
            load.start(self._loaded, self._ticks_per_s) if seen else load.stop()

    def _move(self, con_id: int) -> None:
        world = self._world
        quote = world.part(Feed).quote_of(con_id)
        tick = world.part(Feed).listing(con_id).contract.min_tick
        bid = quote.bid if quote.bid is not None else quote.mark or Decimal(100)
        bid = max(tick, bid + tick * self._dice.choice((-1, 0, 1)))
        ask = bid + tick * self._dice.choice((1, 2))
        world.quote(con_id, bid, ask, bid_size=self._dice.randint(1, 20) * 100)
        if quote.last is not None:  # a currency pair has no prints
            world.print(con_id, self._dice.choice((bid, ask)), self._dice.randint(1, 5) * 100)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.tws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--version", type=int, default=178, help="server version, 157 to 178")
    parser.add_argument("--account", action="append", default=[], help="one or more accounts")
    parser.add_argument("--live", action="store_true", help="let the market move by itself")
    parser.add_argument("--quotes-per-second", type=float, default=0.0, help="load, in all")
    parser.add_argument("--chaos", type=int, metavar="SEED", help="faults by chance on new orders")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal comes."""
    options = parse(arguments)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    world = World(*options.account, version=options.version)
    if options.chaos is not None:
        world.faults.plan = FaultPlan.everything(options.chaos)
    with TwsPeer(port=options.port, world=world) as peer:
        if options.live or options.quotes_per_second:
            peer.call(Walk(world, options.quotes_per_second).start)
        print(f"listening on {peer.port}", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()

"""Market data by the thousand: ticks of a random walk to everybody who has subscribed.

`peer.call(peer.world.part(Load).start, [265598, 756733], 5000)`, and `stop` at the end. One packet
every ten milliseconds, as a network would batch them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

from tests.doubles.tws.feed import Feed
from tests.doubles.tws.market import ASK, BID, Line, Lines
from tests.doubles.tws.message_numbers import Tell
from tests.doubles.tws.timing import Timer
from tests.doubles.tws.wire import message
from tests.doubles.tws.world import World

INTERVAL_S = 0.01


class Load:
    """World part; peer thread only. `sent` counts the tick messages of all clients."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._feed = world.part(Feed)
        self._dice = random.Random(1)
        self._timer: Timer | None = None
        self._con_ids: tuple[int, ...] = ()
        self._each_s = 0.0
        self._owed = 0.0
        self._middles: dict[int, Decimal] = {}
        self.sent = 0

    def start(self, con_ids: Sequence[int], ticks_per_s: float) -> None:
        """So many ticks every second from now on, spread over these contracts."""
        self.stop()
        self._con_ids, self._each_s = tuple(con_ids), ticks_per_s
        self._timer = self._world.timing.every(INTERVAL_S, self._batch)

    def stop(self) -> None:
        """No more ticks."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _batch(self) -> None:
        self._owed += self._each_s * INTERVAL_S
        count, self._owed = int(self._owed), self._owed % 1
        if self._feed.is_dark:
            return
        lines = {
            session: list(session.part(Lines).open.values()) for session in self._world.sessions
        }
        for _ in range(count):
            con_id = self._dice.choice(self._con_ids)
            tick = self._walk(con_id)
            for session, open_lines in lines.items():
                for line in open_lines:
                    if line.con_id == con_id:
                        session.write(self._message(line, *tick))
                        self.sent += 1

    def _walk(self, con_id: int) -> tuple[int, Decimal, Decimal]:
        """One side moves, at most three ticks from the middle; the sides never cross."""
        quote, tick = self._feed.quote_of(con_id), self._feed.listing(con_id).contract.min_tick
        middle = self._middles.setdefault(con_id, quote.mark or self._feed.listing(con_id).price)
        away = tick * self._dice.randint(1, 3)
        size = Decimal(self._dice.randint(1, 50) * 100)
        if self._dice.random() < 0.5:
            quote.bid, quote.bid_size = middle - away, size
            return BID, middle - away, size
        quote.ask, quote.ask_size = middle + away, size
        return ASK, middle + away, size

    def _message(self, line: Line, tick: int, price: Decimal, size: Decimal) -> bytes:
        line.sent[tick] = price
        return message(Tell.TICK_PRICE, 6, line.req_id, line.number(tick), price, size, 1)

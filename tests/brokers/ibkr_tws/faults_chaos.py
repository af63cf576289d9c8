"""What befalls TWS as a whole, at moments that no order chooses. All of it in the peer's thread."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from tests.doubles.tws.incidents import send_garbage, send_huge_length
from tests.doubles.tws.timing import Timer
from tests.doubles.tws.world import World

SLOW_S = 0.3
LISTS = ("positions", "open_orders", "completed_orders", "executions")


class Chaos:
    """One incident after the other, about every `every_s`; `stop` leaves everything healed."""

    def __init__(self, world: World, seed: int, every_s: float) -> None:
        self._world, self._dice, self._every_s = world, random.Random(f"chaos {seed}"), every_s
        self._timer: Timer | None = None
        self._heal: list[Callable[[], None]] = []
        self.happened: Counter[str] = Counter()
        self._incidents: tuple[Callable[[], None], ...] = (
            self.silence, self.stale_session, self.dialog, self.missing_end, self.slow,
            self.huge_length, self.garbage, self.no_ibkr, self.farm,
        )  # fmt: skip

    def start(self) -> None:
        """The first incident comes after a while."""
        wait_s = self._dice.uniform(0.5, 1.5) * self._every_s
        self._timer = self._world.timing.later(wait_s, self._next)

    def stop(self) -> None:
        """No more of it, and everything works again."""
        if self._timer is not None:
            self._timer.cancel()
        while self._heal:
            self._heal.pop()()

    def _next(self) -> None:
        incident = self._dice.choice(self._incidents)
        self.happened[incident.__name__] += 1
        incident()
        self.start()

    def _for_a_while(self, heal: Callable[[], None], most_s: float = 2.0) -> None:
        def end() -> None:
            if heal in self._heal:
                self._heal.remove(heal)
                heal()

        self._heal.append(heal)
        self._world.timing.later(self._dice.uniform(0.3, most_s), end)

    def _cut(self) -> None:
        for session in tuple(self._world.connections):
            session.abort()

    def silence(self) -> None:
        """The line is dead and does not say so; what TWS does meanwhile nobody hears."""
        faults = self._world.faults
        faults.mute = True
        self._for_a_while(lambda: setattr(faults, "mute", False), 3.0)

    def stale_session(self) -> None:
        """The line breaks, and TWS holds our client id for a dead session."""
        faults = self._world.faults
        faults.refuse_326 = True
        self._cut()
        self._for_a_while(lambda: setattr(faults, "refuse_326", False))

    def dialog(self) -> None:
        """The line breaks, and TWS asks its user whether we may come back."""
        faults = self._world.faults
        faults.accept_dialog = True
        self._cut()

        def accepted() -> None:
            faults.accept_dialog = False
            self._cut()  # what was not accepted in time is closed

        self._for_a_while(accepted)

    def missing_end(self) -> None:
        """A list never ends: it must not be taken for whole."""
        missing = self._world.faults.missing_end
        name = self._dice.choice(LISTS)
        missing.add(name)
        self._for_a_while(lambda: missing.discard(name))

    def slow(self) -> None:
        """Everything arrives later than usual."""
        faults = self._world.faults
        if faults.slow_answers_s == SLOW_S:
            return
        usual = faults.slow_answers_s
        faults.slow_answers_s = SLOW_S
        self._for_a_while(lambda: setattr(faults, "slow_answers_s", usual))

    def huge_length(self) -> None:
        """A corrupt length: nothing after it can be read."""
        for session in tuple(self._world.sessions):
            send_huge_length(session)

    def garbage(self) -> None:
        """Messages that nobody can read, between good ones."""
        for session in tuple(self._world.sessions):
            send_garbage(session)

    def no_ibkr(self) -> None:
        """TWS loses IBKR for longer; orders wait in it."""
        world = self._world
        if world.is_ibkr_up:
            world.lose_ibkr()
            kept = self._dice.random() < 0.5

            def restore() -> None:
                if not world.is_ibkr_up:
                    world.restore_ibkr(kept=kept)

            self._for_a_while(restore, 3.0)

    def farm(self) -> None:
        """A data farm breaks and comes back."""
        name = self._dice.choice(["market", "history", "contracts"])
        self._world.set_farm(name, is_ok=False)
        self._for_a_while(lambda: self._world.set_farm(name, is_ok=True))

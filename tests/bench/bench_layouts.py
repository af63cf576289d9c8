"""Switching layouts: `python -m tests.bench.bench_layouts [ROUNDS]` (default 3).

The window as it begins, connected to the paper broker's replay, 1600 by 1000. Each round shows
Scalp, Overview and Day as they came with the program, then the same with one more chart in Day,
which is put back from what was remembered, and then with that chart in a second window. A JSON
line for each switch: how long the command took, and the longest time for which the GUI thread did
nothing else (goal: under 50 ms; the first is a part of the second). Both in milliseconds, and of
the second also what the thread itself used, which other programs spoil less. Runs offscreen unless
QT_QPA_PLATFORM says otherwise.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from app.base.paths import resolve_home
from app.bootstrap import build
from app.ui.app import Session, WindowOptions, make_application
from tests.bench.load import tell

TICK_S, SETTLE_S, AFTER_S = 0.002, 3.0, 0.7
NAMES = {1: "Day", 2: "Scalp", 3: "Overview"}


class Stalls:
    """Notes (wall, own) seconds between two turns of the loop."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []

    async def feel(self) -> None:
        while True:
            began, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK_S)
            waited = time.perf_counter() - began - TICK_S
            self.seen.append((waited, time.thread_time() - used))


async def measure(session: Session, rounds: int) -> None:
    """Everything up to the end of the session."""
    await asyncio.sleep(SETTLE_S)
    stalls = Stalls()
    feeling = asyncio.create_task(stalls.feel())
    for what, then in (("shipped", "new_chart"), ("changed", "new_window"), ("windows", "")):
        for turn in range(1, rounds + 1):
            for number in (2, 3, 1):
                await asyncio.sleep(AFTER_S)
                stalls.seen.clear()
                began = time.perf_counter()
                session.desk.run(f"view.switch_layout_{number}")
                took = time.perf_counter() - began
                await asyncio.sleep(AFTER_S)
                wall, own = max(stalls.seen)
                figures = {"command": took, "stall": wall, "stall_own": own}
                rounded = {f"{name}_ms": round(1000 * s, 1) for name, s in figures.items()}
                tell("layouts.switch", of=what, to=NAMES[number], round=turn, **rounded)
        if then:
            session.desk.run(f"view.{then}")
            await asyncio.sleep(SETTLE_S)
    feeling.cancel()
    session.close()


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory(prefix="moorgate-layouts-") as folder:
        services = build(resolve_home(folder, {}))
        app = make_application(services.settings)
        session = Session(app, services, WindowOptions())
        session.window.resize(1600, 1000)
        session.loop.call_later(
            2.0, lambda: session.tasks.spawn(measure(session, rounds), "measuring")
        )
        session.run()
        services.close()


if __name__ == "__main__":
    main()

"""The Journal over 100,000 fills: one JSON line a measurement; exit code 1 over a limit.

    python -m tests.bench.bench_trade_journal [--fills N]

The fills are in the engine's books already, as they are after a start. A probe in the window's
thread tells the longest time in which it did nothing else: while the panel reads them all, opens
days, takes one more fill, and filters. Offscreen unless QT_QPA_PLATFORM says otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.base import log as base_log
from app.base.paths import Paths
from app.bootstrap import build
from app.commands.catalog import all_commands
from app.domain.events import ExecutionBooked
from app.domain.execution import Execution
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import Side
from app.store.settings import Settings
from app.ui.aio import Tasks, make_loop
from app.ui.app import make_application
from app.ui.bridge import EngineBridge
from app.ui.desk import Desk
from app.ui.desk_core import DeskCore
from app.ui.garbage import GuiGarbage
from app.ui.panels.journal import JournalPanel
from tests.bench.load import tell

LONGEST_STALL_MS = 50.0
PROBE_MS = 2
SWITCH_INTERVAL_S = 0.0005  # as the program sets it
INSTRUMENTS = [
    Instrument(f"S{number:02d}", AssetClass.EQUITY, "USD", session="us-equity")
    for number in range(20)
]
ACCOUNTS = (AccountId("A1"), AccountId("A2"))
PAPER = ConnectionId("paper")
FIRST = datetime(2025, 1, 6, 14, 30, tzinfo=UTC)


def executions(count: int) -> list[Execution]:
    """Purchases and sales in turn, spread over 250 trading days."""
    chance, made = random.Random(5), []
    a_day = max(1, count // 250)
    for number in range(count):
        day, place = divmod(number, a_day)
        at = FIRST + timedelta(days=day // 5 * 7 + day % 5, seconds=place * 20_000 / a_day)
        price = Decimal(100) + Decimal(chance.randrange(-500, 500)) / 100
        made.append(
            Execution(
                PAPER,
                ACCOUNTS[number % 2],
                ExecId(f"x{number:06d}"),
                ClientOrderId(f"o{number:06d}"),
                None,
                INSTRUMENTS[number // 4 % 20],
                Side.BUY if number // 2 % 2 == 0 else Side.SELL,
                Decimal(chance.choice((10, 100, 200))),
                price,
                at,
                fee=Decimal("1.25"),
            )
        )
    return made


class Probe(QTimer):
    """The longest time between two turns of the window's loop."""

    def __init__(self) -> None:
        super().__init__()
        self.setInterval(PROBE_MS)
        self.timeout.connect(self._beat)
        self.worst_s, self._last = 0.0, time.perf_counter()
        self.start()

    def again(self) -> None:
        """Begin anew."""
        self.worst_s, self._last = 0.0, time.perf_counter()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.worst_s = max(self.worst_s, now - self._last - PROBE_MS / 1000)
        self._last = now


class Run:
    """One desk on a home of its own."""

    def __init__(self, app: QApplication, home: Path, count: int) -> None:
        paths = Paths(home)
        self.services = build(paths, _offline)
        make_application(self.services.settings)
        self.loop = make_loop(app)
        asyncio._set_running_loop(self.loop)
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.loop, lambda error, _what: self.failures.append(error))
        engine = self.engine = self.services.engine
        self.bridge = EngineBridge(engine.bus)
        commands = all_commands([], engine.connections.ids())
        store, vault = self.services.settings_store, self.services.vault
        self.core = DeskCore(engine, self.bridge, commands, store, paths, self.tasks, vault=vault)
        self.desk = Desk(self.core)
        self.fills = executions(count)
        began = time.perf_counter()
        engine.portfolio.rebuild(self.fills)
        tell("engine books", fills=count, ms=round((time.perf_counter() - began) * 1000, 1))
        self.garbage = GuiGarbage()
        self.garbage.settle()
        self.probe, self.is_fine = Probe(), True

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self.loop.create_task(work)
        task.add_done_callback(lambda _: self.loop.stop())
        while not task.done():
            self.loop.run_forever()
        asyncio._set_running_loop(self.loop)
        task.result()

    def measure(self, name: str, act: Callable[[], object], holds: Callable[[], object]) -> None:
        """What `act` itself takes, how long until `holds`, and the longest stall until then."""

        async def run() -> None:
            await asyncio.sleep(0.1)
            self.probe.again()
            began = time.perf_counter()
            act()
            acted_s = time.perf_counter() - began
            while not holds():  # noqa: ASYNC110 - a probe: nobody is asked to tell it
                await asyncio.sleep(0.005)
            shown_s = time.perf_counter() - began
            await asyncio.sleep(0.1)  # what was shown is painted too
            stall_ms = self.probe.worst_s * 1000
            self.is_fine = self.is_fine and stall_ms < LONGEST_STALL_MS
            tell(
                name,
                stall_ms=round(stall_ms, 1),
                act_ms=round(acted_s * 1000, 1),
                shown_ms=round(shown_s * 1000, 1),
            )

        self.do(run())
        if self.failures:
            raise self.failures[0]

    def end(self) -> None:
        self.probe.stop()
        self.garbage.stop()
        self.do(self.engine.stop())
        self.do(self.tasks.cancel_all(2.0))
        self.bridge.close()
        asyncio._set_running_loop(None)
        self.loop.close()
        self.services.close()
        base_log.shut_down()


def _offline(settings: Settings) -> Settings:
    apart = tuple(replace(one, autoconnect=False) for one in settings.connections)
    return replace(settings, connections=apart)


def measure(run: Run) -> None:
    """Every measurement in turn."""
    count = len(run.fills)
    began = time.perf_counter()
    panel = JournalPanel(run.desk)
    panel.resize(1280, 500)
    panel.show()
    tell("journal made", ms=round((time.perf_counter() - began) * 1000, 1))
    model = panel.model
    run.measure("journal read", lambda: None, lambda: panel.view is not None)
    days = model.rowCount()
    run.measure("journal day opened", lambda: model.toggle(0), lambda: model.rowCount() > days)
    later = replace(
        run.fills[-1], exec_id=ExecId("later"), at=run.fills[-1].at + timedelta(seconds=1)
    )

    def counted(wanted: int) -> bool:
        view = panel.view
        return view is not None and view.total == wanted

    run.measure(
        "journal one more fill",
        lambda: run.engine.bus.publish(ExecutionBooked(later)),
        lambda: counted(count + 1),
    )

    def symbols(wanted: str) -> bool:
        view = panel.view
        return view is not None and view.filters.symbol == wanted

    run.measure("journal filtered", lambda: panel.bar.search.setText("S01"), lambda: symbols("S01"))
    run.measure("journal all again", panel.bar.clear, lambda: symbols(""))
    run.measure(
        "journal every day opened",
        lambda: panel.fold_all(folded=False),
        lambda: model.rowCount() > count,
    )
    panel.close()
    panel.deleteLater()


def main() -> int:
    """Exit code 1 where the window stood still for too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fills", type=int, default=100_000)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    app = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        run = Run(app, Path(folder), arguments.fills)
        measure(run)
        run.end()
    return 0 if run.is_fine else 1


if __name__ == "__main__":
    sys.exit(main())

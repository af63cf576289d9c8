"""From key press to the broker's thread: `python -m tests.bench.bench_keys [ORDERS]`.

A key goes into the real window through the key filter; the order that it means is built from the
newest quote, checked, journaled on disk, handed to the runner, and taken by the adapter in its
thread. JSON lines, in milliseconds, while 200 instruments stream a thousand, five thousand and ten
thousand quotes a second into watchlist and chart. "handed" is from the press of an entry key until
its order is on disk and with the runner, "taken" until the adapter begins with it in its thread,
which draws the quotes too; "cancel_handed" and "cancel_taken" are the same for a cancel key.
"late" is how late the window's loop runs a timer. Target: handed p99 below 5 ms.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from app.base.paths import resolve_home
from app.bootstrap import build
from app.brokers import registry
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.order_types import OrderStatus
from app.ui.app import Session, WindowOptions, make_application
from app.ui.panels.watchlist import WatchlistPanel
from tests.bench.load import INSTRUMENTS, LoadBroker, note_hand_over, percentiles, tell
from tests.ui.key_events import modifier_presses

CONNECTION = ConnectionId("load")
PAUSE_S = 0.03
TIMEOUT_S = 10.0
TARGET_MS = 5.0
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
PRESS, RELEASE = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
NONE = Qt.KeyboardModifier.NoModifier
SETTINGS = f"""
[risk]
max_orders_per_minute = "off"
max_open_orders = "off"
duplicate_window_s = "off"
[notifications]
sounds = false
[[connection]]
id = "{CONNECTION}"
broker = "load"
environment = "paper"
autoconnect = false
"""


class Keys:
    """Hands at the keyboard of one window."""

    def __init__(self, session: Session) -> None:
        self._session, self._desk = session, session.desk
        self._hand_overs = note_hand_over(session.desk.engine)

    async def ready(self) -> None:
        """Connected, every instrument streaming, one of them chosen, armed."""
        engine, desk = self._desk.engine, self._desk
        LoadBroker.rate = 1_000
        await engine.connections.connect(CONNECTION)
        watchlist = self._session.window.findChild(WatchlistPanel)
        assert watchlist is not None
        for instrument in INSTRUMENTS:
            watchlist.add(CONNECTION, instrument)
        desk.select(connection_id=CONNECTION, instrument=INSTRUMENTS[0])
        await self._until(lambda: engine.market.quote((CONNECTION, INSTRUMENTS[0].key)) is not None)
        self._session.window.setFocus()
        desk.arming.arm()

    async def measure(self, count: int, rate: int) -> None:
        """`count` orders that join the bid, each canceled again by a key."""
        LoadBroker.rate = rate
        await asyncio.sleep(1.0)
        entered: list[tuple[float, float]] = []
        canceled: list[tuple[float, float]] = []
        late: list[float] = []
        watching = asyncio.get_running_loop().create_task(_watch(late))
        for _ in range(count):
            entered.append(await self._press(Qt.Key.Key_J, CTRL | ALT, LoadBroker.handed))
            await self._until(lambda: self._open() == [OrderStatus.WORKING])
            await asyncio.sleep(PAUSE_S)
            canceled.append(await self._press(Qt.Key.Key_F6, NONE, LoadBroker.canceled))
            await self._until(lambda: not self._open())
            await asyncio.sleep(PAUSE_S)
        watching.cancel()
        handed, taken = zip(*entered, strict=True)
        tell("keys.handed", rate=rate, target_p99_ms=TARGET_MS, **percentiles(handed))
        tell("keys.taken", rate=rate, **percentiles(taken))
        handed, taken = zip(*canceled, strict=True)
        tell("keys.cancel_handed", rate=rate, **percentiles(handed))
        tell("keys.cancel_taken", rate=rate, **percentiles(taken))
        tell("keys.late", rate=rate, **percentiles(late))

    async def _press(
        self, key: Qt.Key, held: Qt.KeyboardModifier, arrivals: dict[ClientOrderId, float]
    ) -> tuple[float, float]:
        """Seconds from the press until the runner has it, and until the adapter has."""
        before, began = set(arrivals), 0.0
        self._hand_overs.clear()

        def act() -> None:
            nonlocal began
            window, event = self._session.window.windowHandle(), QKeyEvent(PRESS, key, held)
            for one in modifier_presses(held):
                QApplication.sendEvent(window, one)
            began = time.perf_counter()
            QApplication.sendEvent(window, event)
            QApplication.sendEvent(window, QKeyEvent(RELEASE, key, held))

        asyncio.get_running_loop().call_soon(act)
        await self._until(lambda: len(arrivals) > len(before))
        [new] = set(arrivals) - before
        handed = self._hand_overs[0]  # a cancel is handed over again, where it had not left yet
        return handed - began, arrivals[new] - began

    def _open(self) -> list[OrderStatus]:
        return [order.status for order in self._desk.engine.orders.book.open_orders()]

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not holds():  # noqa: ASYNC110 - the broker's thread tells nobody
                await asyncio.sleep(0.002)


async def _watch(late: list[float]) -> None:
    while True:
        due = time.perf_counter() + 0.005
        await asyncio.sleep(0.005)
        late.append(time.perf_counter() - due)


def main() -> None:
    registry.MODULES["load"] = "tests.bench.load"
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory(prefix="moorgate-keys-") as folder:
        paths = resolve_home(folder, {})
        paths.settings_file.write_text(SETTINGS)
        services = build(paths)
        app = make_application(services.settings)
        session = Session(app, services, WindowOptions())
        keys = Keys(session)

        failed: list[Exception] = []

        async def run() -> None:
            try:
                await keys.ready()
                for rate in (1_000, 5_000, 10_000):
                    await keys.measure(count, rate)
            except Exception as error:  # noqa: BLE001 - raised below, once the window is gone
                failed.append(error)
            session.close()

        session.loop.call_later(2.0, lambda: session.tasks.spawn(run(), "keys"))
        session.run()
        services.close()
        if failed:
            raise failed[0]


if __name__ == "__main__":
    main()

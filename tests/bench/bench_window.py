"""The whole window under load: `python -m tests.bench.bench_window [MINUTES]` (default 1; goal 10).

Every panel open, 200 instruments in the watchlist, 10,000 quotes a second from the paper broker's
synthetic feed, a chart of one of them, an order twice a second. Told every ten seconds, in JSON
lines: how late a 5 ms timer of the GUI thread fired (a stall; goal: none over 50 ms), how long an
order took from submit to its acceptance on the screen's side, and resident memory. Runs offscreen
unless QT_QPA_PLATFORM says otherwise.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from decimal import Decimal

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from app.base.paths import resolve_home
from app.bootstrap import Services, build
from app.domain.events import OrderChanged
from app.domain.ids import ClientOrderId
from app.domain.instrument import Instrument
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderRequest
from app.ui.app import Session, WindowOptions, make_application
from app.ui.panels.watchlist import WatchlistPanel
from tests.bench.bench_soak import CONNECTION, SETTINGS, every_instrument, resident_mib
from tests.bench.load import percentiles, tell

TICK_S, STEP_S, SETTLE_S, ORDER_EVERY_S = 0.005, 10.0, 10.0, 0.5


class Load:
    """Feeds one session and keeps the samples of the present ten seconds."""

    def __init__(self, session: Session, services: Services) -> None:
        self._services = services
        self.session, self.engine = session, session.desk.engine
        self.stalls_s: list[float] = []
        self.answers_s: list[float] = []
        self._sent: dict[ClientOrderId, float] = {}
        self.engine.bus.subscribe(OrderChanged, self._on_order)

    async def run(self, minutes: float) -> None:
        """Everything from connecting to the last line; ends the session."""
        await self.engine.connections.connect(CONNECTION)
        found = await every_instrument(self._services)
        watchlist = self.session.window.findChild(WatchlistPanel)
        assert watchlist is not None
        for instrument in found:
            watchlist.add(CONNECTION, instrument)
        account = self.engine.connections.accounts(CONNECTION)[0].account_id
        self.session.desk.select(connection_id=CONNECTION, account_id=account, instrument=found[0])
        await asyncio.sleep(SETTLE_S)
        tasks = [asyncio.create_task(work) for work in (self._feel_stalls(), self._trade(found[1]))]
        base, end = resident_mib(), time.perf_counter() + minutes * 60
        while time.perf_counter() < end:
            self.stalls_s.clear()
            self.answers_s.clear()
            await asyncio.sleep(STEP_S)
            tell("window.stall", **percentiles(self.stalls_s))
            tell("window.order", **percentiles(self.answers_s), rss_mib=round(resident_mib(), 1))
        tell("window.growth", minutes=minutes, mib=round(resident_mib() - base, 1))
        for task in tasks:
            task.cancel()
        self.session.close()

    async def _feel_stalls(self) -> None:
        due = time.perf_counter()
        while True:
            due = max(due + TICK_S, time.perf_counter())
            await asyncio.sleep(due - time.perf_counter())
            self.stalls_s.append(max(0.0, time.perf_counter() - due))

    async def _trade(self, instrument: Instrument) -> None:
        number = 0
        while True:
            request = OrderRequest(
                connection_id=CONNECTION,
                account_id=self.engine.connections.accounts(CONNECTION)[0].account_id,
                instrument=instrument,
                side=Side.SELL if number % 2 else Side.BUY,
                order_type=OrderType.MARKET,
                quantity=Decimal(1),
            )
            self._sent[request.client_order_id] = time.perf_counter()
            await self.engine.orders.submit([request])
            number += 1
            await asyncio.sleep(ORDER_EVERY_S)

    def _on_order(self, event: OrderChanged) -> None:
        if event.order.status in (OrderStatus.WORKING, OrderStatus.FILLED, OrderStatus.DENIED):
            began = self._sent.pop(event.order.client_order_id, None)
            if began is not None:
                self.answers_s.append(time.perf_counter() - began)


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory(prefix="moorgate-window-") as folder:
        paths = resolve_home(folder, {})
        paths.settings_file.write_text(SETTINGS)
        services = build(paths)
        app = make_application(services.settings)
        session = Session(app, services, WindowOptions())
        session.window.resize(1600, 1000)
        session.loop.call_later(
            2.0, lambda: session.tasks.spawn(Load(session, services).run(minutes), "load")
        )
        session.run()
        services.close()


if __name__ == "__main__":
    main()

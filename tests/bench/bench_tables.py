"""Quotes and rows on the screen: one JSON line a measurement; exit code 1 over a limit.

    python -m tests.bench.bench_tables [--seconds N]

A feed in a thread of its own makes 10,000 and 50,000 quotes a second over 200 instruments; the
newest of each goes over bus and bridge into a watchlist table 60 times a second, as in the
program. Offscreen unless QT_QPA_PLATFORM says otherwise.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.base.bus import EventBus
from app.domain.events import PositionView, QuotesFlushed
from app.domain.ids import AccountId, ConnectionId, MarketKey
from app.domain.market import DataKind, Quote
from app.ui import theme
from app.ui.bridge import EngineBridge
from app.ui.models.columns import Column, Kind
from app.ui.models.position_sums import Money, position_groupings
from app.ui.models.positions import position_columns
from app.ui.models.row_filter import RowFilter, Texts, parse
from app.ui.models.table import RowModel
from app.ui.models.watchlist import WatchColumns, WatchRow
from app.ui.widgets.table_view import TableView
from tests.bench.load import INSTRUMENTS, percentiles, tell

LONGEST_STALL_MS = 50.0
FRAME_MS, PROBE_MS = 16, 5
SWITCH_INTERVAL_S = 0.0005  # as the program sets it
LOAD = ConnectionId("load")
Index = QModelIndex | QPersistentModelIndex


class Feed(threading.Thread):
    """Makes quotes at a rate and keeps the newest of each instrument."""

    def __init__(self, rate: int) -> None:
        super().__init__(name="feed", daemon=True)
        self._rate = rate
        self._newest: dict[MarketKey, Quote] = {}
        self._ending = threading.Event()
        self.made = 0

    def run(self) -> None:
        chance, started = random.Random(11), time.perf_counter()
        prices = [100.0 + number for number in range(len(INSTRUMENTS))]
        while not self._ending.wait(0.002):
            while self.made < self._rate * (time.perf_counter() - started):
                at = chance.randrange(len(INSTRUMENTS))
                prices[at] = round(prices[at] + chance.choice((-0.01, 0.0, 0.01)), 2)
                self._put(at, prices[at])
                self.made += 1

    def take(self) -> dict[MarketKey, Quote]:
        """Everything that moved since the last time."""
        taken, self._newest = self._newest, {}
        return taken

    def end(self) -> None:
        self._ending.set()
        self.join()

    def _put(self, at: int, last: float) -> None:
        key = INSTRUMENTS[at].key
        self._newest[LOAD, key] = Quote(
            key, last - 0.01, last + 0.01, 100, 200, last, datetime.now(UTC), time.monotonic(),
            DataKind.LIVE, volume=1e6, previous_close=100.0,
        )  # fmt: skip


class Watched:
    """A watchlist table of every instrument behind a bus and a bridge."""

    def __init__(self, *, sort_by_last: bool) -> None:
        columns = WatchColumns(time.monotonic, 10.0, lambda _key: "").columns()
        self.model = RowModel(columns, frame_ms=33)
        self.view = TableView(self.model, name="Bench", empty_text="")
        self.model.setParent(self.view)
        self.bus = EventBus()
        self.bridge = EngineBridge(self.bus)
        self.bridge.quotes_flushed.connect(self._on_quotes)
        for instrument in INSTRUMENTS:
            self.model.upsert((LOAD, instrument.key), WatchRow(LOAD, instrument))
        self.model.flush()
        if sort_by_last:
            self.view.sortByColumn(self.model.column_index("last"), Qt.SortOrder.DescendingOrder)
        self.took_s: list[float] = []
        self.view.resize(900, 800)
        self.view.show()

    def flush(self, feed: Feed) -> None:
        quotes = feed.take()
        if quotes:
            started = time.perf_counter()
            self.bus.publish(QuotesFlushed(quotes, {}))
            self.took_s.append((time.perf_counter() - started) / len(quotes))

    def _on_quotes(self, event: QuotesFlushed) -> None:
        for key, quote in event.quotes.items():
            row = self.model.get(key)
            if row is not None:
                self.model.upsert(key, WatchRow(row.connection_id, row.instrument, quote))


def measure_lag(app: QApplication, rate: int, seconds: float, *, sort_by_last: bool) -> float:
    """How late the window's loop turns while quotes stream; its longest own work in ms.

    Lateness on a busy machine is also others' work; `longest_work_ms` is the processor time of
    the window's thread between two turns, which is ours alone.
    """
    watched, feed = Watched(sort_by_last=sort_by_last), Feed(rate)
    late_s: list[float] = []
    work_s: list[float] = []
    last = [0.0, 0.0]

    def probe() -> None:
        now, used = time.perf_counter(), time.thread_time()
        if last[0]:
            late_s.append(max(0.0, now - last[0] - PROBE_MS / 1000))
            work_s.append(used - last[1])
        last[:] = now, used

    timers = [_every(PROBE_MS, probe), _every(FRAME_MS, lambda: watched.flush(feed))]
    feed.start()
    QTimer.singleShot(int(seconds * 1000), app.quit)
    cpu, started = time.thread_time(), time.perf_counter()
    app.exec()
    busy = (time.thread_time() - cpu) / (time.perf_counter() - started)
    feed.end()
    for timer in timers:
        timer.stop()
    figures = percentiles(late_s)
    upsert = sorted(watched.took_s)[len(watched.took_s) // 2]
    tell(
        "table loop lag",
        quotes_per_s=round(feed.made / seconds),
        rows=len(INSTRUMENTS),
        sorted_by_last=sort_by_last,
        gui_busy_percent=round(busy * 100, 1),
        upsert_us=round(upsert * 1e6, 2),
        longest_work_ms=round(max(work_s) * 1000, 2),
        **figures,
    )
    watched.bridge.close()
    watched.view.deleteLater()
    return max(work_s) * 1000


def _every(interval_ms: int, run: Callable[[], None]) -> QTimer:
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(interval_ms)
    timer.timeout.connect(run)
    timer.start()
    return timer


def measure_sorting(rows: int) -> None:
    """One click on a header, by the model and by a proxy that asks Python for each comparison."""
    column = Column[float]("value", "Value", lambda v: v, str, Kind.NUMBER)
    model = RowModel([column])
    chance = random.Random(3)
    for number in range(rows):
        model.upsert(number, chance.random())
    started = time.perf_counter()
    model.flush()
    filled = time.perf_counter()
    model.sort(0)
    done = time.perf_counter()
    model.sort(-1)
    proxy = _Proxy()
    proxy.setSourceModel(model)
    before = time.perf_counter()
    proxy.sort(0)
    tell(
        "table sort",
        rows=rows,
        fill_ms=round((filled - started) * 1000, 2),
        sort_ms=round((done - filled) * 1000, 2),
        proxy_sort_ms=round((time.perf_counter() - before) * 1000, 2),
    )


def measure_many_rows(rows: int) -> None:
    """A filter typed into and groups over a large table; then one frame's news in it."""
    model = RowModel(position_columns(lambda: datetime.now(UTC)), natural=lambda v: v.account_id)
    views: dict[Hashable, PositionView] = {number: _position(number) for number in range(rows)}
    model.replace_all(views)
    texts = Texts([column for column in model.columns if not column.hidden])

    def search(words: str) -> float:
        accepts = RowFilter(parse(words, model.columns), texts, model.columns).accepts
        return _took_ms(lambda: model.set_search(accepts))

    first_ms, next_ms = search("symbol7 1"), search("symbol7 12")
    clear_ms = _took_ms(lambda: model.set_search(None))
    money = Money(lambda: "USD", lambda amount, *_: amount, lambda _: "PAPER")
    group_ms = _took_ms(lambda: model.set_grouping(position_groupings(money)[0]))

    def news() -> None:
        for number in range(100):
            model.upsert(number, replace(views[number], mark=Decimal(number)))
        model.flush()

    news_ms = _took_ms(news)
    tell(
        "table of many rows",
        rows=rows,
        first_word_ms=round(first_ms, 2),
        next_word_ms=round(next_ms, 2),
        clear_ms=round(clear_ms, 2),
        group_ms=round(group_ms, 2),
        frame_of_100_ms=round(news_ms, 2),
    )


def _took_ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _position(number: int) -> PositionView:
    instrument = INSTRUMENTS[number % len(INSTRUMENTS)]
    return PositionView(
        LOAD, AccountId(f"A{number}"), instrument, Decimal(number), Decimal(100), Decimal(101),
        Decimal(number), Decimal(-1), datetime.now(UTC), True,
    )  # fmt: skip


class _Proxy(QSortFilterProxyModel):
    def lessThan(self, left: Index, right: Index) -> bool:
        model = self.sourceModel()
        assert isinstance(model, RowModel)
        return bool(model.row_at(left.row()) < model.row_at(right.row()))


def main() -> int:
    """Measure everything; 1 when the promised load stalls the window for longer than promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_tables")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each streaming measurement")
    seconds = parser.parse_args().seconds
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    app = QApplication(sys.argv[:1])
    theme.apply(app, "dark")
    worst_ms = max(
        measure_lag(app, 10_000, seconds, sort_by_last=False),
        measure_lag(app, 10_000, seconds, sort_by_last=True),
    )
    measure_lag(app, 50_000, seconds, sort_by_last=False)
    for rows in (200, 5_000):
        measure_sorting(rows)
        measure_many_rows(rows)
    return 1 if worst_ms > LONGEST_STALL_MS else 0


if __name__ == "__main__":
    sys.exit(main())

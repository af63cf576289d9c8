"""A desk without a window: the real engine, the paper broker, and one panel at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.base import log as base_log
from app.base.paths import Paths
from app.bootstrap import build
from app.commands.arrangement import Arrangement
from app.commands.catalog import all_commands
from app.commands.flatten_report import FlattenReport
from app.commands.tables import TableActs
from app.domain.events import PositionView
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_events import OrderEvent
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderRequest
from app.engine.health import ConnectionState
from app.store.settings import Settings
from app.ui import table_focus
from app.ui.aio import Tasks, make_loop
from app.ui.app import make_application
from app.ui.bridge import EngineBridge
from app.ui.desk import Desk, Message
from app.ui.desk_core import DeskCore
from app.ui.widgets.table_panel import TablePanel
from tests.doubles.loop import PATIENCE_S

P = TypeVar("P", bound=QWidget)
PAPER = ConnectionId("paper")
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def _by_hand(settings: Settings) -> Settings:
    offline = tuple(replace(one, autoconnect=False) for one in settings.connections)
    return replace(settings, connections=offline)


class Window:
    """Fits `commands.context.Shell`: answers questions as the test says and notes them."""

    def __init__(self) -> None:
        self.says_yes = True
        self.asked: list[tuple[str, list[str]]] = []
        self.on_ask: Callable[[], object] | None = None
        self.suggested: list[str] = []
        self.chosen_file: Path | None = None

    async def confirm(
        self,
        title: str,
        question: str,
        lines: Sequence[str],
        accept: str,
        *,
        where: Sequence[ConnectionId] = (),
        opens: bool = False,
    ) -> bool:
        self.asked.append((f"{title}: {question}", list(lines)))
        if self.on_ask is not None:
            self.on_ask()
        return self.says_yes

    async def in_vault(self, work: Callable[[], Any]) -> Any:
        return work()

    def show_panel(self, panel_id: str) -> None: ...
    def toggle_panel(self, panel_id: str) -> None: ...
    def is_panel_open(self, panel_id: str) -> bool:
        return True

    def reopen_panel(self) -> bool:
        return False

    def search_symbol(self) -> None: ...
    @property
    def arrangement(self) -> Arrangement:
        raise AssertionError("a panel that stands alone has no arrangement")

    async def ask_text(self, title: str, label: str, text: str) -> str | None:
        return None

    def set_theme(self, name: str) -> None: ...
    def toggle_full_screen(self) -> None: ...
    def show_dialog(self, name: str) -> None: ...
    def open_folder(self, path: Path) -> None: ...
    def request_exit(self) -> None: ...
    def show_flatten_report(self, report: FlattenReport) -> None: ...
    async def export(self, what: str, path: Path) -> None: ...
    async def choose_file(
        self, title: str, file_filter: str, *, suggested_name: str = ""
    ) -> Path | None:
        self.suggested.append(suggested_name)
        return self.chosen_file

    def table(self) -> TableActs | None:
        return table_focus.table_in_use()

    def chosen_orders(self) -> Sequence[Order]:
        return table_focus.chosen_orders()

    def chosen_positions(self) -> Sequence[PositionView]:
        return table_focus.chosen_positions()

    def show_order_detail(self, order: Order) -> None:
        table_focus.show_order_detail(order)

    def change_order(self, order: Order) -> None:
        table_focus.change_order(order)


class TableDesk:
    """One run of everything below the window on one home."""

    def __init__(self, app: QApplication, home: Paths) -> None:
        self.services = build(home, _by_hand)
        make_application(self.services.settings)
        self.loop = make_loop(app)
        asyncio._set_running_loop(self.loop)
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.loop, lambda error, what: self.failures.append(error))
        self.engine = self.services.engine
        self.bridge = EngineBridge(self.engine.bus)
        self.window = Window()
        self.core = DeskCore(
            self.engine,
            self.bridge,
            all_commands([], self.engine.connections.ids()),
            self.services.settings_store,
            home,
            self.tasks,
            vault=self.services.vault,
        )
        self.desk = Desk(self.core)
        self.desk.set_shell(self.window)
        self.messages: list[Message] = []
        self.desk.noticed.connect(self.messages.append)
        self.panels: list[QWidget] = []

    def panel(self, kind: Callable[[Desk], P], width: int = 1280, height: int = 300) -> P:
        """The panel, shown."""
        made = kind(self.desk)
        self.panels.append(made)
        made.resize(width, height)
        made.show()
        return made

    def do(self, work: Awaitable[Any]) -> Any:
        """Wait for something on the loop of the desk.

        Not run_until_complete: that one ends with a round of Qt events without a running loop.
        """
        task = asyncio.ensure_future(work, loop=self.loop)
        task.add_done_callback(lambda _: self.loop.stop())
        while not task.done():
            self.loop.run_forever()
        # Outside of it pytest-qt turns Qt events too, and what they wake expects a running loop.
        asyncio._set_running_loop(self.loop)
        return task.result()

    def until(self, holds: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        """Let everything run until `holds()`."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < deadline, f"never came true; said: {self.said()}"
            self.rest()
        assert self.failures == []

    def replay(self, verb: str, **terms: Any) -> None:
        """One command of the transport: pause, play, step."""
        calling = self.engine.connections.call
        self.do(calling(PAPER, lambda broker: broker.control(f"replay.{verb}", **terms)))

    def act(self, deed: Callable[[], object]) -> None:
        """Do what the trader does, with the loop running as it is in the program."""
        done = self.loop.create_future()

        def run() -> None:
            try:
                done.set_result(deed())
            except BaseException as error:  # noqa: BLE001 - handed on to the test
                done.set_exception(error)

        async def wait() -> None:
            await done

        self.loop.call_soon(run)
        self.do(wait())

    def click(self, panel: TablePanel, key: Hashable, column: str) -> None:
        """Click one cell."""
        at, view = cell(panel, key, column), panel.table.viewport()
        self.act(lambda: QTest.mouseClick(view, LEFT, pos=at))

    def double_click(self, panel: TablePanel, key: Hashable, column: str) -> None:
        """Double-click one cell, as a mouse sends it."""
        at, view = cell(panel, key, column), panel.table.viewport()
        self.act(lambda: QTest.mouseClick(view, LEFT, pos=at))
        self.act(lambda: QTest.mouseDClick(view, LEFT, pos=at))
        self.act(lambda: QTest.mouseRelease(view, LEFT, pos=at))

    def press(self, widget: QWidget, key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        """Press and release one key."""
        self.act(lambda: QTest.keyClick(widget, key, held))

    def rest(self, seconds: float = 0.005) -> None:
        """Let everything run for a moment."""
        self.do(asyncio.sleep(seconds))

    def start(self, *, connect: bool = True) -> None:
        """Read the journal and, unless told otherwise, connect the paper account."""
        self.do(self.engine.start(autoconnect=False))
        if connect:
            self.do(self.engine.connections.connect(PAPER))
            self.until(lambda: self.engine.connections.state(PAPER) is ConnectionState.READY)

    @property
    def account(self) -> AccountId:
        """The paper account."""
        return self.engine.connections.accounts(PAPER)[0].account_id

    def instrument(self, symbol: str) -> Instrument:
        """One instrument of the paper account's market."""
        found = self.do(self.engine.connections.call(PAPER, lambda b: b.search(symbol)))
        instrument = found[0]
        assert isinstance(instrument, Instrument)
        return instrument

    def quoted(self, symbol: str) -> Instrument:
        """The same, once there is a quote of it; somebody stays subscribed."""
        instrument = self.instrument(symbol)
        self.act(lambda: self.engine.market.subscribe(PAPER, instrument))
        self.until(lambda: self.engine.market.quote((PAPER, instrument.key)) is not None)
        return instrument

    def order(self, instrument: Instrument, side: Side = Side.BUY, **terms: Any) -> Order:
        """Send one order, at the market unless told otherwise."""
        wanted: dict[str, Any] = {"order_type": OrderType.MARKET, "quantity": Decimal(1), **terms}
        request = OrderRequest(PAPER, self.account, instrument, side, **wanted)
        return self.do(self.engine.orders.submit([request]))[0]  # type: ignore[no-any-return] # do

    def resting(self, instrument: Instrument, **terms: Any) -> Order:
        """A bid too low to trade, working at the broker."""
        quote = self.engine.market.quote((PAPER, instrument.key))
        assert quote is not None
        low = instrument.round_price(Decimal(repr(quote.bid)) * Decimal("0.97"))
        sent = self.order(instrument, order_type=OrderType.LIMIT, limit_price=low, **terms)
        self.until(lambda: self.now(sent).status.value in {"Working", "Unknown", "Held"})
        return self.now(sent)

    def now(self, order: Order) -> Order:
        """The order as the book has it."""
        current = self.engine.orders.book.get(order.client_order_id)
        assert current is not None
        return current

    def record(self, *events: OrderEvent) -> None:
        """Let these events have happened, journal and all."""

        async def write() -> None:
            await self.engine.recorder.record(events)

        self.do(write())

    def fault(self, name: str, **switch: Any) -> None:
        """Arm a fault of the paper broker."""
        self.do(
            self.engine.connections.call(
                PAPER, lambda b: b.control("faults.set", name=name, **switch)
            )
        )

    def said(self) -> list[str]:
        """Every sentence the trader was shown."""
        return [message.text for message in self.messages]

    def end(self) -> None:
        """Stop everything in order."""
        while self.panels:
            panel = self.panels.pop()
            panel.close()
            panel.deleteLater()
        self.do(self.engine.stop())
        self.do(self.tasks.cancel_all(2.0))
        self.bridge.close()
        self.desk.arming.disarm("the test is over")
        self.desk.deleteLater()
        self.bridge.deleteLater()
        asyncio._set_running_loop(None)
        self.loop.close()
        asyncio.set_event_loop(None)
        # Its cancelled calls still hold Qt timers. Were it left to the garbage collector, which
        # may run in a broker's thread, those timers would outlive it and fire into nothing.
        self.loop._timer.deleteLater()  # type: ignore[attr-defined] # a part of qasync's loop
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        self.services.close()
        base_log.shut_down()


@pytest.fixture
def begin(qapp: QApplication, home: Paths) -> Iterator[Callable[[], TableDesk]]:
    """Starts a desk on the home of this test; the one before it ends."""
    running: list[TableDesk] = []

    def start() -> TableDesk:
        while running:
            running.pop().end()
        running.append(TableDesk(qapp, home))
        return running[-1]

    yield start
    while running:
        running.pop().end()


@pytest.fixture
def table_desk(begin: Callable[[], TableDesk]) -> TableDesk:
    """A desk, not started yet."""
    return begin()


def cell(panel: TablePanel, key: Hashable, column: str) -> QPoint:
    """The middle of one cell, in the table's viewport."""
    panel.model.flush()
    position = panel.model.position_of(key)
    assert position is not None, f"{key!r} is not shown"
    index = panel.model.index(position, panel.model.column_index(column))
    panel.table.scrollTo(index)
    return panel.table.visualRect(index).center()


def texts(panel: TablePanel, column: str) -> list[str]:
    """What one column shows, from the top."""
    panel.model.flush()
    number = panel.model.column_index(column)
    return [panel.model.index(at, number).data() for at in range(panel.model.rowCount())]

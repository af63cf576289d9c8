"""A desk without a window for trading commands: the real engine on the embedded paper broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from app.base import log as base_log
from app.base.paths import Paths
from app.bootstrap import build
from app.commands import trading
from app.commands.arming import Arming
from app.commands.context import CommandContext, Selection
from app.commands.dry_run import DryRun
from app.commands.flatten_report import FlattenReport
from app.commands.keymap import Keymap
from app.commands.next_size import quantity
from app.commands.order_focus import OrderFocus
from app.commands.registry import CommandRegistry
from app.commands.staging import Staging
from app.commands.ticket import TicketDraft
from app.domain.ids import ConnectionId
from app.domain.instrument import Instrument
from app.domain.market import Quote
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.reports import Severity
from app.domain.request import OrderRequest
from app.domain.sizing import SizePreset, units
from app.engine.health import ConnectionState
from app.store.settings import Settings
from tests.doubles.clock import FakeClock
from tests.doubles.loop import PATIENCE_S, until

PAPER = ConnectionId("paper")


class Window:
    """Answers questions as the test says and notes them."""

    def __init__(self) -> None:
        self.says_yes = True
        self.asked: list[tuple[str, list[str]]] = []
        self.lines: Sequence[str] = ()
        self.where: list[ConnectionId] = []
        self.reports: list[FlattenReport] = []
        self.while_asked: Callable[[], Awaitable[object] | None] = lambda: None

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
        self.lines, self.where = lines, list(where)
        if (meanwhile := self.while_asked()) is not None:
            await meanwhile
        return self.says_yes

    def show_flatten_report(self, report: FlattenReport) -> None:
        self.reports.append(report)


class TradeDesk:
    """Fits `commands.context.CommandContext`; `run` presses a key. Its market stands still."""

    def __init__(self, home: Paths) -> None:
        self.services = build(home, _by_hand)
        self.engine, self.settings_store = self.services.engine, self.services.settings_store
        self.vault, self.home = self.services.vault, home.home
        self.hand = FakeClock()  # what the idle and the staging time are measured with
        self.arming = Arming(self.hand)
        self.staging, self.dry_run, self.order_focus = Staging(self.hand), DryRun(), OrderFocus()
        self.commands = CommandRegistry(trading.COMMANDS)
        self.keymap = Keymap(self.commands)
        self.shell = Window()
        self.selection, self.size_choice, self.size_problem = Selection(), units(10), ""
        self.draft = TicketDraft()
        self.filled: list[TicketDraft] = []
        self.shown: list[Order] = []
        self.said: list[tuple[Severity, str]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    # -- the context -----------------------------------------------------------------------------

    def choose_size(self, choice: SizePreset) -> None:
        self.size_choice, self.size_problem = choice, ""

    @property
    def size(self) -> Decimal:
        """What a key would send now."""
        return quantity(self.context)

    def fill_ticket(self, draft: TicketDraft) -> None:
        self.draft = draft
        self.filled.append(draft)

    def show_order(self, order: Order) -> None:
        self.shown.append(order)

    def save_setting(self, section: str, key: str, value: Any) -> bool:
        self.engine.apply_settings(self.settings_store.save_value(section, key, value))
        return True

    def notify(self, severity: Severity, text: str) -> None:
        self.said.append((severity, text))

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> object:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def context(self) -> CommandContext:
        """Itself, as commands see it."""
        return cast(CommandContext, self)

    # -- what a test does ------------------------------------------------------------------------

    async def press(self, command_id: str) -> str:
        """Run a command to its end; the last sentence that was said."""
        self.commands.run(command_id, self.context)
        await self.settled()
        return self.said[-1][1] if self.said else ""

    async def settled(self) -> None:
        """Until what was begun has come to its end."""
        async with asyncio.timeout(PATIENCE_S):
            while self._tasks:
                await asyncio.wait(set(self._tasks))

    async def until(self, holds: Callable[[], object]) -> None:
        await until(holds)

    def settle(self, **trading_settings: Any) -> None:
        """Other values in [trading]."""
        settings = self.engine.settings
        changed = replace(settings.trading, **trading_settings)
        self.engine.apply_settings(replace(settings, trading=changed))

    def arm(self) -> None:
        self.arming.arm()

    async def begin(self) -> None:
        """Connect, choose INDA, and let the market stand still at a quote."""
        await self.engine.start(autoconnect=False)
        await self.engine.connections.connect(PAPER)
        await self.until(lambda: self.engine.connections.state(PAPER) is ConnectionState.READY)
        account = self.engine.connections.accounts(PAPER)[0].account_id
        self.selection = Selection(PAPER, account, await self.find("INDA"))
        await self.control("replay.pause")
        await asyncio.sleep(0.05)

    async def find(self, symbol: str) -> Instrument:
        """An instrument with a quote."""
        [instrument, *_] = await self.engine.connections.call(PAPER, lambda b: b.search(symbol))
        self._kept = self.engine.market.subscribe(PAPER, instrument)
        await self.until(lambda: self.engine.market.quote((PAPER, instrument.key)) is not None)
        return instrument

    async def control(self, name: str, **arguments: Any) -> Any:
        return await self.engine.connections.call(PAPER, lambda b: b.control(name, **arguments))

    @property
    def instrument(self) -> Instrument:
        assert self.selection.instrument is not None
        return self.selection.instrument

    @property
    def quote(self) -> Quote:
        quote = self.engine.market.quote((PAPER, self.instrument.key))
        assert quote is not None
        return quote

    @property
    def bid(self) -> Decimal:
        return self.instrument.round_price(Decimal(repr(self.quote.bid)))

    @property
    def ask(self) -> Decimal:
        return self.instrument.round_price(Decimal(repr(self.quote.ask)))

    @property
    def held(self) -> Decimal:
        assert self.selection.account_id is not None
        view = self.engine.portfolio.position(PAPER, self.selection.account_id, self.instrument.key)
        return Decimal(0) if view is None else view.quantity

    def orders(self) -> list[Order]:
        return list(self.engine.orders.book)

    def now(self, order: Order) -> Order:
        return self.engine.orders.order(order.client_order_id)

    async def hold(self, quantity: int) -> None:
        """Own (or owe) so many units, bought at the market."""
        await self.control("replay.play")
        side = Side.BUY if quantity > 0 else Side.SELL
        await self.send(side, abs(quantity), stale_quote_ok=True)
        await self.until(lambda: self.held == quantity)
        await self.control("replay.pause")
        await asyncio.sleep(0.05)

    async def send(
        self, side: Side, quantity: int, *, limit: Any = None, stop: Any = None, **more: Any
    ) -> Order:
        """One order, working or filled."""
        kind = {
            (True, True): OrderType.MARKET,
            (False, True): OrderType.LIMIT,
            (True, False): OrderType.STOP,
            (False, False): OrderType.STOP_LIMIT,
        }[limit is None, stop is None]
        assert self.selection.account_id is not None
        request = OrderRequest(
            PAPER,
            self.selection.account_id,
            self.instrument,
            side,
            kind,
            Decimal(quantity),
            limit_price=None if limit is None else Decimal(str(limit)),
            stop_price=None if stop is None else Decimal(str(stop)),
            **more,
        )
        [order] = await self.engine.orders.submit([request])
        await self.until(lambda: self.now(order).status is not OrderStatus.PENDING_NEW)
        return self.now(order)


def _by_hand(settings: Settings) -> Settings:
    offline = tuple(replace(one, autoconnect=False) for one in settings.connections)
    return replace(settings, connections=offline)


@asynccontextmanager
async def trade_desk(home: Paths, *, connect: bool = True) -> AsyncIterator[TradeDesk]:
    """A desk that is stopped in order, whatever the test does."""
    desk = TradeDesk(home)
    try:
        if connect:
            await desk.begin()
        yield desk
    finally:
        await desk.settled()
        await desk.engine.stop()
        desk.services.close()
        base_log.shut_down()

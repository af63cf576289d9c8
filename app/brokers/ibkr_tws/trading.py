"""Orders, fills, positions and accounts of one line, wired together.

Made before the line is opened, so that nothing is missed; `start` it when the line is up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.base.errors import BrokerError, Outcome
from app.brokers.base import BrokerContext, Preview
from app.brokers.ibkr_tws.accounts import Accounts
from app.brokers.ibkr_tws.errors import READ_ONLY_SENTENCE
from app.brokers.ibkr_tws.foreign import OpenOrdersWatch
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.naming import Instruments, Naming
from app.brokers.ibkr_tws.order_ids import OrderIds
from app.brokers.ibkr_tws.order_stream import OrderStream
from app.brokers.ibkr_tws.order_table import OrderTable
from app.brokers.ibkr_tws.orders import Orders
from app.brokers.ibkr_tws.positions import Positions
from app.brokers.ibkr_tws.preview import Previews
from app.brokers.ibkr_tws.profit import Profits
from app.brokers.ibkr_tws.questions import Questions
from app.brokers.ibkr_tws.requests import Requests
from app.brokers.ibkr_tws.reread import Reread
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.settings import TwsSettings
from app.brokers.ibkr_tws.snapshot import Snapshots
from app.brokers.ibkr_tws.voice import Voice
from app.domain.capabilities import Capabilities
from app.domain.order import Order
from app.domain.reports import Severity, Snapshot
from app.domain.request import OrderChange, OrderRequest

IDS_FILE = "tws-order-numbers.txt"


class Trading:
    """Adapter's thread and loop. Methods raise as brokers.base says."""

    def __init__(
        self,
        context: BrokerContext,
        settings: TwsSettings,
        line: Line,
        requests: Requests,
        instruments: Instruments,
    ) -> None:
        """Raises BrokerError NOT_SENT where the file of order numbers cannot be opened."""
        self._line, self._chosen = line, settings.accounts
        self._is_data_only = context.config.read_only
        try:
            context.data_dir.mkdir(parents=True, exist_ok=True)
            self._ids = OrderIds(context.data_dir / IDS_FILE)
        except OSError as error:
            text = f"the order numbers in {context.data_dir} cannot be read or written: {error}"
            raise BrokerError(text, Outcome.NOT_SENT) from error
        self._voice = voice = Voice(context.config.id, context.sink, context.clock)
        self._questions = questions = Questions(line, requests)
        self._reread = Reread(self._read_again)
        ask = self._reread.ask
        self._naming = naming = Naming(instruments, voice, line.doubt)
        table = OrderTable(self._ids)
        self._stream = OrderStream(
            line, requests, questions, table, naming, voice, self._is_wanted, ask
        )
        self._accounts = Accounts(line, requests, voice, self._accounts_now)
        self._positions = Positions(line, requests, questions, naming, voice, self._is_wanted, ask)
        self._profits = Profits(line, voice)
        self._orders = Orders(line, questions, instruments, self._ids, self._stream, voice, ask)
        self._previews = Previews(line, requests, instruments, voice)
        self._watch = OpenOrdersWatch(line, questions, self._stream, ask)
        self._snapshots = Snapshots(
            line, questions, self._stream, self._accounts, self._positions, naming, voice,
            self._may_lack_orders,
        )  # fmt: skip
        self._stream.on_execution = self._positions.add_fill
        self._positions.on_held = self._profits.follow

    @property
    def is_read_only(self) -> bool:
        """Whether TWS takes no orders from programs; known after `start`."""
        return self._questions.is_read_only

    def capabilities(self, of_broker: Capabilities) -> Capabilities:
        """What of `of_broker` this TWS allows."""
        if not self.is_read_only:
            return of_broker
        return replace(
            of_broker, order_types={}, times_in_force={}, modify=False, bracket=False, oco=False,
            preview=False, global_cancel=False, foreign_orders=READ_ONLY_SENTENCE,
        )  # fmt: skip

    async def start(self) -> None:
        """The line is up: number from where we left off, and find out whether TWS takes orders.

        Raises BrokerError where a chosen account is not one of this login.
        """
        strangers = [account for account in self._chosen if account not in self._line.accounts]
        if strangers:
            raise BrokerError(
                f"this login has no account {', '.join(strangers)}, it has"
                f" {', '.join(self._line.accounts)}: correct the accounts of this connection",
                Outcome.REJECTED,
                "no-such-account",
            )
        self._line.raise_ids(self._ids.highest(self._line.client_id) + 1)
        if self._line.client_id == 0:
            self._line.queue.send(Lane.CONTROL, lambda: self._line.client.reqAutoOpenOrders(True))
        await self._find_out_write_access()
        self._profits.follow_accounts(self._accounts_now())
        self._watch.start()

    async def _find_out_write_access(self) -> None:
        try:
            await self._questions.write_access()
        except BrokerError:
            if not self.is_read_only:
                return  # no answer: the first snapshot tells what is the matter
            # On a connection that is only for data it is as it should be.
            severity = Severity.INFO if self._is_data_only else Severity.WARNING
            self._voice.notice(severity, READ_ONLY_SENTENCE)

    def close(self) -> None:
        """Let go of everything. A second time does no harm."""
        self._watch.close()
        self._reread.close()
        self._naming.close()
        self._voice.close()
        self._ids.close()

    async def snapshot(self) -> Snapshot:
        """Everything TWS holds for us."""
        return await self._snapshots.read()

    async def submit(self, orders: Sequence[Order]) -> None:
        """Send one order or one group."""
        await self._orders.submit(orders)

    async def cancel(self, order: Order) -> None:
        """Ask for a cancel."""
        await self._orders.cancel(order)

    async def modify(self, order: Order, change: OrderChange) -> None:
        """Ask for new terms."""
        await self._orders.modify(order, change)

    async def cancel_everything(self) -> None:
        """Ask for a cancel of every order of the login."""
        await self._orders.cancel_everything()

    async def preview(self, request: OrderRequest) -> Preview:
        """What an order would cost."""
        return await self._previews.ask(request)

    def _may_lack_orders(self) -> bool:
        """Whether an order of ours may live that no list of this line holds."""
        if self._questions.sees_own_only and not self._ids.is_only(self._line.client_id):
            return True
        return self._orders.unanswered

    def _accounts_now(self) -> tuple[str, ...]:
        return self._chosen or self._line.accounts

    def _is_wanted(self, account: str) -> bool:
        return account in self._chosen if self._chosen else True

    async def _read_again(self) -> None:
        await self._snapshots.reread()

"""A portfolio with everything around it, and what it published."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.base.bus import EventBus
from app.domain.events import (
    AccountChanged,
    AccountView,
    ExecutionBooked,
    PositionChanged,
    PositionView,
)
from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order_types import Side
from app.domain.reports import (
    AccountReport,
    Balance,
    Known,
    PositionReport,
)
from app.engine.market_data import MarketData
from app.engine.portfolio import Portfolio
from app.store.history import History
from tests.doubles.clock import FakeClock
from tests.doubles.market import Feed
from tests.doubles.orders import ACCOUNT, CONNECTION, SPY, fill

D = Decimal


class Shelf:
    """Fits StatePort: what is on disk."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def get_state(self, key: str) -> Any:
        return self.kept.get(key)

    def put_state(self, key: str, value: Any) -> None:
        self.kept[key] = value


class Books:
    """A portfolio with everything around it, and what it published."""

    def __init__(self, clock: FakeClock, history: History, shelf: Shelf, **options: Any) -> None:
        self.clock, self.bus, self.feed = clock, EventBus(), Feed(clock)
        self.market = MarketData(self.bus, clock, self.feed, history)
        self.portfolio = Portfolio(self.bus, clock, self.market, state=shelf, **options)
        self.told: list[PositionView] = []
        self.accounts: list[AccountView] = []
        self.bus.subscribe(PositionChanged, lambda event: self.told.append(event.position))
        self.bus.subscribe(AccountChanged, lambda event: self.accounts.append(event.account))
        self._count = 0

    def trade(self, quantity: int | str, price: int | str = 10, **changes: Any) -> Execution:
        """A fill of `quantity` units, sold where negative, as the journal announces it."""
        self._count += 1
        units = D(quantity)
        side = Side.BUY if units > 0 else Side.SELL
        named = {"at": self.clock.now(), "price": D(price), "side": side, **changes}
        execution = fill(str(abs(units)), f"e{self._count:03}", **named)
        self.bus.publish(ExecutionBooked(execution))
        return execution

    def word(
        self,
        quantity: int | str,
        average: int | str | None = None,
        instrument: Instrument = SPY,
        connection_id: ConnectionId = CONNECTION,
        account_id: AccountId = ACCOUNT,
    ) -> PositionReport:
        price = None if average is None else D(average)
        return PositionReport(
            connection_id, account_id, instrument, D(quantity), price, self.clock.now()
        )

    def list(self, *words: PositionReport, connection_id: ConnectionId = CONNECTION) -> None:
        """The broker's whole list."""
        self.portfolio.on_positions(connection_id, Known(tuple(words), self.clock.now()))

    def account(
        self,
        connection_id: ConnectionId = CONNECTION,
        account_id: AccountId = ACCOUNT,
        *,
        is_paper: bool = True,
        base: str = "USD",
    ) -> AccountReport:
        balance = (Balance(base, D(1000)),)
        return AccountReport(
            connection_id, account_id, "Test", is_paper, base, balance, self.clock.now()
        )

    def quote(self, bid: float, ask: float, last: float, **where: Any) -> None:
        self.market.subscribe(where.get("connection_id", CONNECTION), where.get("of", SPY))
        self.feed.quote(bid, ask, last, **where)
        self.market.flush()

    def position(
        self,
        instrument: Instrument = SPY,
        connection_id: ConnectionId = CONNECTION,
        account_id: AccountId = ACCOUNT,
    ) -> PositionView:
        view = self.portfolio.position(connection_id, account_id, instrument.key)
        assert view is not None
        return view


def facts(*values: object) -> tuple[object, ...]:
    """Values of several types, to be compared with plain numbers."""
    return values

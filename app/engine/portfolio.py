"""What we hold everywhere, what it is worth and what it earned."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import isnan
from typing import Any, Protocol

from app.base.bus import EventBus
from app.base.clock import Clock
from app.domain.booked import TradeRecord
from app.domain.events import (
    AccountChanged,
    AccountView,
    ConnectionChanged,
    ConnectionRemoved,
    ExecutionBooked,
    PositionChanged,
    PositionView,
    QuotesFlushed,
)
from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId, InstrumentKey, MarketKey
from app.domain.instrument import Instrument
from app.domain.market import Quote
from app.domain.position import CostMethod
from app.domain.reports import (
    AccountReport,
    BrokerReport,
    Known,
    PositionReport,
    ProfitReport,
    Snapshot,
    Unavailable,
)
from app.engine.consolidation import Consolidated, consolidate
from app.engine.holding import Anchor, Holding
from app.engine.live_bars import PLAYED
from app.engine.market_data import MarketData, Subscription
from app.engine.rates import Rates

__all__ = ["Consolidated", "DayProfit", "Portfolio", "StatePort"]

log = logging.getLogger("moorgate.portfolio")
Place = tuple[ConnectionId, AccountId, InstrumentKey]
AccountKey = tuple[ConnectionId, AccountId]
STATE_KEY = "position_anchors"
_ZERO = Decimal(0)
# While the line is up the broker's word holds; connections name their states in words.
_LINE_DOWN = frozenset({"offline", "connecting", "reconnecting", "failed"})


class StatePort(Protocol):
    """Small values that survive a restart (store.journal)."""

    def get_state(self, key: str) -> Any: ...

    def put_state(self, key: str, value: Any) -> object: ...


@dataclass(frozen=True, slots=True)
class DayProfit:
    """Profit of a trading day in one currency as far as it is known, and what is not."""

    known: Decimal
    unknown: tuple[str, ...]


@dataclass(slots=True)
class _Account:
    report: AccountReport
    verified_at: datetime
    is_verified: bool = True


class Portfolio:
    """Positions, accounts and profit. Engine's loop only.

    Listens on the bus to executions, quotes and connections by itself; executions may also be
    handed in, as often as one likes. `state` keeps, over a restart, where a broker's word took the
    place of our own fills.
    """

    def __init__(
        self,
        bus: EventBus,
        clock: Clock,
        market: MarketData,
        method: CostMethod = CostMethod.AVERAGE,
        state: StatePort | None = None,
    ) -> None:
        self._bus, self._clock, self._market, self._state = bus, clock, market, state
        self._method = method
        self._holdings: dict[Place, Holding] = {}
        self._at_market: dict[MarketKey, list[Holding]] = {}
        self._accounts: dict[AccountKey, _Account] = {}
        self._account_profits: dict[AccountKey, ProfitReport] = {}
        self._verified: set[ConnectionId] = set()
        self._told_positions: dict[Place, PositionView] = {}
        self._told_accounts: dict[AccountKey, AccountView] = {}
        self._followed: dict[Place, Subscription] = {}
        self._rates = Rates()
        bus.subscribe(ExecutionBooked, lambda event: self.on_execution(event.execution))
        bus.subscribe(QuotesFlushed, lambda event: self._on_quotes(event.quotes))
        bus.subscribe(ConnectionChanged, self._on_connection)
        bus.subscribe(ConnectionRemoved, self._on_removed)

    # ---- what may be asked ----

    @property
    def method(self) -> CostMethod:
        """How profit is computed."""
        return self._method

    def position(
        self, connection_id: ConnectionId, account_id: AccountId, key: InstrumentKey
    ) -> PositionView | None:
        """One position, flat ones too; None where nothing was ever heard of it."""
        holding = self._holdings.get((connection_id, account_id, key))
        return None if holding is None else self._view(holding)

    def positions(self, *, include_flat: bool = False) -> list[PositionView]:
        """Every open position, by connection and account; with `include_flat` closed ones too."""
        views = (self._view(holding) for holding in self._holdings.values())
        return [view for view in views if include_flat or view.quantity]

    def records(self) -> list[TradeRecord]:
        """What each fill of every holding did; cheap, whatever their number."""
        return [holding.record for holding in self._holdings.values()]

    def is_verified(self, connection_id: ConnectionId) -> bool:
        """Whether the broker's whole list is known: what it lacks is then flat."""
        return connection_id in self._verified

    def accounts(self) -> list[AccountView]:
        """Every account that was ever reported."""
        return [self._account_view(key) for key in self._accounts]

    def account(self, connection_id: ConnectionId, account_id: AccountId) -> AccountView | None:
        """One account, None where it was never reported."""
        key = (connection_id, account_id)
        return self._account_view(key) if key in self._accounts else None

    def day_profit(self, connection_id: ConnectionId, currency: str) -> DayProfit:
        """Realized today and unrealized on one connection, converted where a rate is known."""
        known, unknown = _ZERO, []
        for holding in self._holdings.values():
            if holding.connection_id != connection_id:
                continue
            for amount in (self._realized(holding, currency), self._unrealized(holding, currency)):
                if amount is None:
                    unknown.append(holding.instrument.symbol)
                else:
                    known += amount
        return DayProfit(known, tuple(dict.fromkeys(unknown)))

    def consolidated(self, base_currency: str, environment: str) -> Consolidated:
        """Positions of all "paper" or of all "live" accounts, netted by instrument.

        Paper and live are never added together; an account counts where its broker says it
        belongs, and accounts not heard of count nowhere. Money is in `base_currency`.
        """
        wants_paper = environment == "paper"
        chosen = [
            self._view(holding)
            for holding in self._holdings.values()
            if self._is_paper(holding.connection_id, holding.account_id) is wants_paper
        ]
        return consolidate(chosen, base_currency, self._rates)

    def rate(self, base: str, quoted: str) -> Decimal | None:
        """Units of `quoted` for one `base`; None when nobody said."""
        found = self._rates.find(base, quoted)
        return None if found is None else found.value

    def convert(
        self, amount: Decimal, base: str, quoted: str, connection_id: ConnectionId
    ) -> Decimal | None:
        """`amount` of `base` in `quoted` by the rates that hold at a connection, None without."""
        return self._rates.convert(amount, base, quoted, connection_id)

    # ---- what may be set ----

    def set_rate(self, base: str, quoted: str, rate: Decimal, source: str) -> None:
        """One `base` costs `rate` of `quoted`. Raises ValueError unless it is above zero."""
        self._rates.set(base, quoted, rate, source)
        self._tell_accounts(self._accounts)

    def use(self, method: CostMethod) -> None:
        """Compute all profit by another method, from the first fill on."""
        self._method = method
        for holding in self._holdings.values():
            holding.use(method)
            self._tell(holding)
        self._tell_accounts(self._accounts)

    # ---- what comes in ----

    def rebuild(self, executions: Iterable[Execution]) -> None:
        """Everything on record, once at start: computed, and not verified by anybody."""
        by_place: dict[Place, list[Execution]] = {}
        keys: dict[int, InstrumentKey] = {}  # by id: the executions hold their instruments
        for execution in executions:
            instrument = execution.instrument
            key = keys.get(id(instrument)) or keys.setdefault(id(instrument), instrument.key)
            place = (execution.connection_id, execution.account_id, key)
            by_place.setdefault(place, []).append(execution)
        anchors = self._stored_anchors()
        for place, fills in by_place.items():
            holding = self._holding(place[0], place[1], fills[-1].instrument)
            holding.restore(fills, anchors.get("\n".join(place), ()))
            self._tell(holding)

    def on_execution(self, execution: Execution) -> None:
        """One fill, or a correction of one. Known ones change nothing."""
        holding = self._holding(execution.connection_id, execution.account_id, execution.instrument)
        anchors = len(holding.anchors)
        if holding.add(execution, self._clock.monotonic()):
            self._keep_anchors(holding, anchors)
            self._tell(holding)
            self._tell_accounts([(execution.connection_id, execution.account_id)])

    def on_reports(self, connection_id: ConnectionId, reports: Sequence[BrokerReport]) -> None:
        """Positions and accounts out of a connection's stream; other reports are not for us."""
        for report in reports:
            if isinstance(report, PositionReport):
                self.on_position(report)
            elif isinstance(report, AccountReport):
                self.on_account(report)
            elif isinstance(report, ProfitReport):
                self.on_profit(report)

    def on_snapshot(self, connection_id: ConnectionId, snapshot: Snapshot) -> None:
        """Accounts and positions of a whole answer."""
        self.on_accounts(connection_id, snapshot.accounts)
        self.on_positions(connection_id, snapshot.positions)

    def on_position(self, report: PositionReport) -> None:
        """One position from the stream; the others stay as they are."""
        holding = self._holding(report.connection_id, report.account_id, report.instrument)
        self._hear(holding, report.quantity, report.average_price, report.at, is_whole=False)
        self._tell_accounts([(report.connection_id, report.account_id)])

    def on_positions(
        self,
        connection_id: ConnectionId,
        part: Known[tuple[PositionReport, ...]] | Unavailable,
    ) -> None:
        """The broker's whole list: what it lacks is flat. Without an answer nothing is concluded.

        Every fill the broker listed with it must have been booked before.
        """
        if isinstance(part, Unavailable):
            self._lose_sight(connection_id)
            return
        self._verified.add(connection_id)
        listed: set[Place] = set()
        for report in part.value:
            holding = self._holding(connection_id, report.account_id, report.instrument)
            listed.add((connection_id, report.account_id, report.instrument.key))
            self._hear(holding, report.quantity, report.average_price, part.as_of, is_whole=True)
        for place, holding in tuple(self._holdings.items()):
            if place[0] == connection_id and place not in listed:
                self._hear(holding, _ZERO, None, part.as_of, is_whole=True)
        self._tell_accounts([key for key in self._accounts if key[0] == connection_id])

    def on_accounts(
        self,
        connection_id: ConnectionId,
        part: Known[tuple[AccountReport, ...]] | Unavailable,
    ) -> None:
        """The broker's whole list of accounts; one that is missing in it is not verified."""
        for key, account in self._accounts.items():
            if key[0] == connection_id:
                account.is_verified = False
        if isinstance(part, Known):
            for report in part.value:
                account = _Account(report, part.as_of)
                self._accounts[connection_id, report.account_id] = account
        self._tell_accounts([key for key in self._accounts if key[0] == connection_id])

    def on_account(self, report: AccountReport) -> None:
        """One account from the stream."""
        key = (report.connection_id, report.account_id)
        self._accounts[key] = _Account(report, report.at)
        self._tell_accounts([key])

    def on_profit(self, report: ProfitReport) -> None:
        """The broker's own reckoning; shown beside ours, never booked."""
        key = (report.connection_id, report.account_id)
        if report.instrument is None:
            self._account_profits[key] = report
            self._tell_accounts([key])
            return
        holding = self._holding(*key, report.instrument)
        holding.broker_profit = report
        self._tell(holding)

    def stop(self) -> None:
        """Let go of the quotes of open positions."""
        for subscription in self._followed.values():
            subscription.close()
        self._followed.clear()

    # ---- listening ----

    def _on_quotes(self, quotes: Mapping[MarketKey, Quote]) -> None:
        touched: dict[AccountKey, None] = {}
        for key, quote in quotes.items():
            if key[1].startswith("FX|"):
                self._hear_rate(key, quote)
            for holding in self._at_market.get(key, ()):
                if self._tell(holding):
                    touched[holding.connection_id, holding.account_id] = None
        if touched:
            self._tell_accounts(touched)

    def _hear_rate(self, key: MarketKey, quote: Quote) -> None:
        _, base, quoted, *_ = key[1].split("|")
        if not isnan(quote.mid):
            scope = key[0] if quote.kind in PLAYED else None
            self._rates.set(base, quoted, Decimal(repr(quote.mid)), f"quotes of {key[0]}", scope)

    def _on_connection(self, event: ConnectionChanged) -> None:
        if event.state.lower() in _LINE_DOWN:
            self._lose_sight(event.connection_id)

    def _on_removed(self, event: ConnectionRemoved) -> None:
        """Its accounts are no longer ours to show; its positions stay, as of when last seen."""
        for key in [key for key in self._accounts if key[0] == event.connection_id]:
            del self._accounts[key]
            self._told_accounts.pop(key, None)

    def _lose_sight(self, connection_id: ConnectionId) -> None:
        """The broker cannot be asked: everything stays as it was last, and says so."""
        self._verified.discard(connection_id)
        for holding in self._holdings.values():
            if holding.connection_id == connection_id:
                holding.is_verified = False
                holding.broker_profit = None
                self._tell(holding)
        keys = [key for key in self._accounts if key[0] == connection_id]
        for key in keys:
            self._accounts[key].is_verified = False
            self._account_profits.pop(key, None)
        self._tell_accounts(keys)

    # ---- inside ----

    def _holding(
        self, connection_id: ConnectionId, account_id: AccountId, instrument: Instrument
    ) -> Holding:
        place = (connection_id, account_id, instrument.key)
        holding = self._holdings.get(place)
        if holding is None:
            holding = Holding(connection_id, account_id, instrument, self._method)
            self._holdings[place] = holding
            self._at_market.setdefault((connection_id, instrument.key), []).append(holding)
        return holding

    def _hear(
        self,
        holding: Holding,
        quantity: Decimal,
        average: Decimal | None,
        at: datetime,
        *,
        is_whole: bool,
    ) -> None:
        anchors = len(holding.anchors)
        holding.hear(quantity, average, at, self._clock.monotonic(), is_whole=is_whole)
        self._keep_anchors(holding, anchors)
        self._tell(holding)

    def _view(self, holding: Holding) -> PositionView:
        return holding.view(self._mark(holding), self._clock.now())

    def _mark(self, holding: Holding) -> Decimal | None:
        quote = self._market.quote((holding.connection_id, holding.instrument.key))
        if quote is None or isnan(mark := quote.mark):
            return None
        return Decimal(repr(mark))

    def _tell(self, holding: Holding) -> bool:
        """Publish a position that looks different now; one that never was there is no news."""
        place = (holding.connection_id, holding.account_id, holding.instrument.key)
        self._follow(place, holding)
        told = self._told_positions.get(place)
        if told is not None and not told.quantity and not holding.quantity:
            mark = told.mark  # the price of what is not held is no news
        else:
            mark = self._mark(holding)
        view = holding.view(mark, self._clock.now())
        if view == told or (told is None and not (view.quantity or view.realized or view.fees)):
            return False
        self._told_positions[place] = view
        self._bus.publish(PositionChanged(view))
        return True

    def _follow(self, place: Place, holding: Holding) -> None:
        """Have quotes for what is held, so that its profit is known."""
        if bool(holding.quantity) is (place in self._followed):
            return
        if holding.quantity:
            self._followed[place] = self._market.subscribe(place[0], holding.instrument)
        else:
            self._followed.pop(place).close()

    def _tell_accounts(self, keys: Iterable[AccountKey]) -> None:
        for key in tuple(keys):
            if key not in self._accounts:
                continue
            view = self._account_view(key)
            if view != self._told_accounts.get(key):
                self._told_accounts[key] = view
                self._bus.publish(AccountChanged(view))

    def _account_view(self, key: AccountKey) -> AccountView:
        account = self._accounts[key]
        currency = account.report.base_currency
        own = [h for p, h in self._holdings.items() if (p[0], p[1]) == key]
        return AccountView(
            report=account.report,
            realized_today=_sum(self._realized(holding, currency) for holding in own),
            unrealized=_sum(self._unrealized(holding, currency) for holding in own),
            verified_at=account.verified_at,
            is_verified=account.is_verified,
            broker_profit=self._account_profits.get(key),
        )

    def _realized(self, holding: Holding, currency: str) -> Decimal | None:
        """Realized today in `currency`, foreign fees included."""
        day, scope = holding.day_of(self._clock.now()), holding.connection_id
        own = holding.realized_on(day)
        if own is None:
            return None
        amounts = [self._rates.convert(own, holding.instrument.currency, currency, scope)]
        for fee_currency, fee in holding.foreign_fees_on(day).items():
            amounts.append(self._rates.convert(-fee, fee_currency, currency, scope))
        return _sum(amounts)

    def _unrealized(self, holding: Holding, currency: str) -> Decimal | None:
        place = (holding.connection_id, holding.account_id, holding.instrument.key)
        amount = (self._told_positions.get(place) or self._view(holding)).unrealized
        if amount is None:
            return None
        return self._rates.convert(
            amount, holding.instrument.currency, currency, holding.connection_id
        )

    def _is_paper(self, connection_id: ConnectionId, account_id: AccountId) -> bool | None:
        account = self._accounts.get((connection_id, account_id))
        return None if account is None else account.report.is_paper

    # ---- over a restart ----

    def _keep_anchors(self, holding: Holding, before: int) -> None:
        if self._state is None or len(holding.anchors) == before:
            return
        stored = {
            "\n".join(place): [anchor.to_json() for anchor in holding.anchors]
            for place, holding in self._holdings.items()
            if holding.anchors
        }
        self._state.put_state(STATE_KEY, stored)

    def _stored_anchors(self) -> dict[str, list[Anchor]]:
        stored = None if self._state is None else self._state.get_state(STATE_KEY)
        if stored is None:
            return {}
        try:
            return {place: [Anchor.from_json(a) for a in rows] for place, rows in stored.items()}
        except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError):
            log.warning("where positions of old start could not be read: %r", stored)
            return {}


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, None when a part of it is not known."""
    total = _ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total

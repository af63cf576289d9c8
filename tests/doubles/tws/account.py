"""Positions, account values, portfolio and results: 6, 61-64, 74-77, 92-95.

Layouts: `position`, `positionMulti`, `updatePortfolio`, `updateAccountValue`, `accountUpdateMulti`,
`accountSummary`, `pnl` and `pnlSingle` in the decoders of ib_insync and ib_async.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tests.doubles.tws.account_values import account_values, ledger_values, summary_values, text
from tests.doubles.tws.ledger import Ledger
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.order_messages import local_time
from tests.doubles.tws.records import ZERO, Account, Holding
from tests.doubles.tws.session import Handler, Session
from tests.doubles.tws.wire import UNSET_DOUBLE, Field

PUSH_S = 1.0  # between two looks at results that are subscribed to


class Watch:
    """What one client listens to about accounts. Session part."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.ledger = session.world.part(Ledger)
        self.positions = False
        self.account = ""  # of reqAccountUpdates: one at a time
        self.positions_multi: dict[int, str] = {}  # by request: account, empty for all
        self.updates_multi: dict[int, str] = {}
        self.summaries: dict[int, str] = {}  # by request: tags
        self.results: dict[int, Callable[[], list[Field]]] = {}
        self._told: dict[int, list[Field]] = {}
        self.ledger.on_change.append(self._changed)
        timer = session.world.timing.every(PUSH_S, self.push_results)
        session.on_close.append(timer.cancel)
        session.on_close.append(lambda: self.ledger.on_change.remove(self._changed))

    def tell_account(self, account: Account) -> None:
        """Values, portfolio and time of the account that is listened to."""
        send, world = self.session.send, self.session.world
        for tag, value, currency in account_values(world, account):
            send(Tell.ACCOUNT_VALUE, 2, tag, value, currency, account.account_id)
        for holding in self.ledger.held(account):
            send(*portfolio_value(self.ledger, account, holding))
        at = local_time(world, world.timing.now()).split()[1][:5]
        send(Tell.ACCOUNT_TIME, 1, at)

    def tell_summary(self, req_id: int) -> None:
        """The rows of one summary: tags, `$LEDGER`, `$LEDGER:EUR` or `$LEDGER:ALL`."""
        tags = self.summaries[req_id].split(",")
        for account in self.session.world.accounts.values():
            rows = [v for v in summary_values(self.session.world, account) if v.tag in tags]
            for tag in tags:
                name, _, currency = tag.partition(":")
                wanted = currency or "BASE"
                rows += [
                    v
                    for v in ledger_values(self.session.world, account)
                    if name == "$LEDGER" and wanted in ("ALL", v.currency)
                ]
            if "AccountType" in tags:
                head = (Tell.ACCOUNT_SUMMARY, 1, req_id, account.account_id)
                self.session.send(*head, "AccountType", "INDIVIDUAL", "")
            for row in rows:
                self.session.send(Tell.ACCOUNT_SUMMARY, 1, req_id, account.account_id, *row)

    def tell_multi(self, req_id: int) -> None:
        """The values of reqAccountUpdatesMulti."""
        wanted = self.updates_multi[req_id]
        for account in self.session.world.accounts.values():
            if wanted in ("", account.account_id):
                head = (Tell.ACCOUNT_UPDATE_MULTI, 1, req_id, account.account_id, "")
                for row in account_values(self.session.world, account):
                    self.session.send(*head, *row)

    def push_results(self) -> None:
        """Results that have changed since they were last told."""
        if not self.session.world.is_ibkr_up:
            return
        for req_id, make in self.results.items():
            fields = make()
            if self._told.get(req_id) != fields:
                self._told[req_id] = fields
                self.session.send(*fields)

    def stop_results(self, req_id: int) -> None:
        self.results.pop(req_id, None)
        self._told.pop(req_id, None)

    def _changed(self, account: Account, holding: Holding | None) -> None:
        if not self.session.world.is_ibkr_up:
            return
        name = account.account_id
        if holding is not None:
            if self.positions:
                self.session.send(*position(account, holding))
            for req_id, wanted in self.positions_multi.items():
                if wanted in ("", name):
                    self.session.send(*position_multi(req_id, account, holding))
            if self.account == name and not holding.quantity:
                self.session.send(*portfolio_value(self.ledger, account, holding))
        if self.account == name:
            self.tell_account(account)
        for req_id, wanted in self.updates_multi.items():
            if wanted in ("", name):
                self.tell_multi(req_id)
        self.push_results()


def position(account: Account, holding: Holding) -> list[Field]:
    """Message 61; the exchange is empty, as TWS sends it."""
    fields = [*holding.contract.fields(exchange=""), holding.quantity, holding.average_cost]
    return [Tell.POSITION, 3, account.account_id, *fields]


def position_multi(req_id: int, account: Account, holding: Holding) -> list[Field]:
    """Message 71."""
    fields = [*holding.contract.fields(exchange=""), holding.quantity, holding.average_cost]
    return [Tell.POSITION_MULTI, 1, req_id, account.account_id, *fields, ""]


def portfolio_value(ledger: Ledger, account: Account, holding: Holding) -> list[Field]:
    """Message 7: the contract with its primary exchange, then what it is worth."""
    return [
        Tell.PORTFOLIO_VALUE,
        8,
        *holding.contract.fields(exchange=holding.contract.primary_exchange),
        holding.quantity,
        ledger.mark(holding),
        text(ledger.value(holding)),
        holding.average_cost,
        text(ledger.unrealized(holding)),
        text(holding.realized),
        account.account_id,
    ]


def positions(session: Session, fields: list[str]) -> None:
    """61 1: all that is held, then every change; a position that is closed comes once with 0."""
    watch = session.part(Watch)
    watch.positions = True
    for account in session.world.accounts.values():
        for holding in watch.ledger.held(account):
            session.send(*position(account, holding))
    _end(session, "positions", Tell.POSITION_END, 1)


def cancel_positions(session: Session, fields: list[str]) -> None:
    """64 1."""
    session.part(Watch).positions = False


def positions_multi(session: Session, fields: list[str]) -> None:
    """74 1 reqId account model."""
    watch, req_id, wanted = session.part(Watch), int(fields[2]), fields[3]
    watch.positions_multi[req_id] = wanted
    for account in session.world.accounts.values():
        for holding in watch.ledger.held(account) if wanted in ("", account.account_id) else ():
            session.send(*position_multi(req_id, account, holding))
    _end(session, "positions", Tell.POSITION_MULTI_END, 1, req_id)


def cancel_positions_multi(session: Session, fields: list[str]) -> None:
    """75 1 reqId."""
    session.part(Watch).positions_multi.pop(int(fields[2]), None)


def account_updates(session: Session, fields: list[str]) -> None:
    """6 2 subscribe account: one account at a time, an empty name is the only one."""
    watch = session.part(Watch)
    watch.account = ""
    if fields[2] != "1":
        return
    name = fields[3] or next(iter(session.world.accounts))
    account = session.world.accounts.get(name)
    if account is None:
        text_ = "Error validating request.-'bM' : cause - Invalid account code"
        session.error(-1, 321, text_)
        return
    watch.account = name
    watch.tell_account(account)
    _end(session, "account", Tell.ACCOUNT_DOWNLOAD_END, 1, name)


def account_updates_multi(session: Session, fields: list[str]) -> None:
    """76 1 reqId account model ledgerAndNLV."""
    watch, req_id = session.part(Watch), int(fields[2])
    if fields[3] and fields[3] not in session.world.accounts:
        text_ = "Error validating request.-'bM' : cause - Invalid account code"
        session.error(req_id, 321, text_)
        return
    watch.updates_multi[req_id] = fields[3]
    watch.tell_multi(req_id)
    _end(session, "account", Tell.ACCOUNT_UPDATE_MULTI_END, 1, req_id)


def cancel_account_updates_multi(session: Session, fields: list[str]) -> None:
    """77 1 reqId."""
    session.part(Watch).updates_multi.pop(int(fields[2]), None)


def account_summary(session: Session, fields: list[str]) -> None:
    """62 1 reqId group tags: at most two at a time, as at TWS."""
    watch, req_id = session.part(Watch), int(fields[2])
    if len(watch.summaries) >= 2:
        session.error(req_id, 322, "Error processing request. Maximum number of account summary")
        return
    watch.summaries[req_id] = fields[4]
    watch.tell_summary(req_id)
    _end(session, "summary", Tell.ACCOUNT_SUMMARY_END, 1, req_id)


def cancel_account_summary(session: Session, fields: list[str]) -> None:
    """63 1 reqId."""
    session.part(Watch).summaries.pop(int(fields[2]), None)


def pnl(session: Session, fields: list[str]) -> None:
    """92 reqId account model: told at once, then every second in which it has changed."""
    watch, req_id, account = session.part(Watch), int(fields[1]), _account(session, fields[2])

    def make() -> list[Field]:
        figures = watch.ledger.figures(account)
        amounts = (figures.net - account.start, figures.unrealized, figures.realized)
        return [Tell.PNL, req_id, *map(text, amounts)]

    watch.results[req_id] = make
    watch.push_results()


def pnl_single(session: Session, fields: list[str]) -> None:
    """94 reqId account model conId: the same for one position."""
    watch, req_id, account = session.part(Watch), int(fields[1]), _account(session, fields[2])
    con_id = int(fields[4])

    def make() -> list[Field]:
        holding = account.holdings.get(con_id)
        if holding is None:
            return [Tell.PNL_SINGLE, req_id, 0, *[UNSET_DOUBLE] * 4]
        gain, value = watch.ledger.unrealized(holding), watch.ledger.value(holding)
        amounts: tuple[Decimal, ...] = (gain + holding.realized, gain, holding.realized, value)
        return [Tell.PNL_SINGLE, req_id, holding.quantity, *map(text, amounts)]

    watch.results[req_id] = make
    watch.push_results()


def cancel_results(session: Session, fields: list[str]) -> None:
    """93 reqId and 95 reqId."""
    session.part(Watch).stop_results(int(fields[1]))


def _account(session: Session, name: str) -> Account:
    return session.world.accounts.get(name) or Account(name, cash={}, start=ZERO)


def _end(session: Session, what: str, *fields: Field) -> None:
    if what not in session.world.faults.missing_end:
        session.send(*fields)


HANDLERS: dict[int, Handler] = {
    Ask.ACCOUNT_UPDATES: account_updates,
    Ask.POSITIONS: positions,
    Ask.CANCEL_POSITIONS: cancel_positions,
    Ask.POSITIONS_MULTI: positions_multi,
    Ask.CANCEL_POSITIONS_MULTI: cancel_positions_multi,
    Ask.ACCOUNT_UPDATES_MULTI: account_updates_multi,
    Ask.CANCEL_ACCOUNT_UPDATES_MULTI: cancel_account_updates_multi,
    Ask.ACCOUNT_SUMMARY: account_summary,
    Ask.CANCEL_ACCOUNT_SUMMARY: cancel_account_summary,
    Ask.PNL: pnl,
    Ask.CANCEL_PNL: cancel_results,
    Ask.PNL_SINGLE: pnl_single,
    Ask.CANCEL_PNL_SINGLE: cancel_results,
}

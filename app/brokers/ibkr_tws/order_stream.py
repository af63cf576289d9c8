"""What TWS says of orders and fills, as it comes: raw callbacks in, reports out.

The table of orders here is the adapter's only memory of them; the SDK's Trade objects, which
change on error messages that change nothing at IBKR, do not exist.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.brokers.ibkr_tws.errors import READ_ONLY_SENTENCE, Context, Meaning, Verdict, judge
from app.brokers.ibkr_tws.executions import Executions
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.naming import Naming
from app.brokers.ibkr_tws.order_map import decimal_of
from app.brokers.ibkr_tws.order_reports import (
    hear_finished,
    hear_order,
    hear_word,
    is_waiting,
    report_of,
)
from app.brokers.ibkr_tws.order_table import Entry, OrderTable
from app.brokers.ibkr_tws.questions import COMPLETED, OPEN, Questions
from app.brokers.ibkr_tws.requests import Requests
from app.brokers.ibkr_tws.voice import Voice
from app.domain.instrument import Instrument
from app.domain.reports import (
    CancelRefused,
    ExecutionReport,
    OrderReport,
    ReplaceRefused,
    Severity,
)

log = logging.getLogger("moorgate.tws")

# Executions follow a status within moments; after this they are asked for.
MISSING_FILLS_S = 1.0
# So long may the orderStatus behind a 202 take.
CONFIRM_S = 1.0
_ABOUT_CANCEL = frozenset({135, 136, 161, 202, 10147, 10148})
# On an order that lives these say that the exchange or IBKR has thrown it out.
_THROWN_OUT = frozenset({201, 203})
_UNSET_LONG = 2**63 - 1  # how TWS writes a permanent id that there is none


class OrderStream:
    """Adapter's thread and loop.

    `reread(reason)` is called where only TWS can say what is so. While `is_held_back`, which it
    is until the first snapshot, orders that the engine does not know are left to the snapshot.
    """

    def __init__(
        self,
        line: Line,
        requests: Requests,
        questions: Questions,
        table: OrderTable,
        naming: Naming,
        voice: Voice,
        is_wanted: Callable[[str], bool],
        reread: Callable[[str], None],
    ) -> None:
        self._line, self._requests, self._questions = line, requests, questions
        self.table, self._naming, self._voice = table, naming, voice
        self._is_wanted, self._reread = is_wanted, reread
        self.executions = Executions(voice.connection_id, self._owner, self._say_execution)
        self.is_held_back = True
        self.on_answer: Callable[[Entry], None] = _nobody
        self.on_execution: Callable[[Any, Decimal], None] = _nobody_of_fills
        line.on("openOrder", self._on_open_order)
        line.on("orderStatus", self._on_status)
        line.on("completedOrder", self._on_completed)
        line.on("execDetails", self._on_execution)
        line.on("commissionReport", self._on_commission)
        line.on_error(self._on_error)

    @property
    def _only_account(self) -> str:
        """Whose an order is of which TWS does not say so; empty where it may be several."""
        accounts = self._line.accounts
        return accounts[0] if len(accounts) == 1 else ""

    # ---- orders ----

    def _on_open_order(self, order_id: int, contract: Any, order: Any, state: Any) -> None:
        order.account = order.account or self._only_account
        if order.whatIf or not self._is_wanted(order.account):
            return
        entry = self.table.heard(order.clientId, order_id, _perm(order.permId), order.orderRef)
        hear_order(entry, contract, order)
        if entry.word != "Filled" or self._questions.asking[OPEN]:
            hear_word(entry, state.status)
        self._requests.add(OPEN, entry)
        self._answered(entry)

    def _on_status(
        self,
        order_id: int,
        status: str,
        filled: float,
        remaining: float,
        average: float,
        perm_id: int,
        parent_id: int,
        last_price: float,
        client_id: int,
        why_held: str,
        *_: Any,
    ) -> None:
        entry = self.table.find(client_id, order_id, _perm(perm_id))
        if entry is None or entry.terms is None:
            self._reread("the status of an order came that is not known")
            return
        entry.perm_id = _perm(perm_id) or entry.perm_id
        self.table.enter(entry)
        if entry.word == "Filled" and status != "Filled":
            log.info("order %s is Filled: a stale %s is left out", entry.number, status)
            return
        entry.filled = max(entry.filled, decimal_of(filled) or Decimal(0))
        entry.why_held = why_held
        hear_word(entry, status)
        self._answered(entry)

    def _on_completed(self, contract: Any, order: Any, state: Any) -> None:
        order.account = order.account or self._only_account
        if not self._is_wanted(order.account):
            return
        entry = self.table.heard(0, 0, _perm(order.permId), order.orderRef)
        self.table.number_by_reference(entry)
        was = entry.word
        hear_finished(entry, contract, order, state)
        self._requests.add(COMPLETED, entry)
        if entry.word != was:
            self._answered(entry)

    def _answered(self, entry: Entry) -> None:
        self.tell(entry)
        self.on_answer(entry)
        if entry.word == "Filled":
            for child in self.table.children(entry):
                self.tell(child)
        if self._lacks_fills(entry):
            self._voice.after(MISSING_FILLS_S, lambda: self._ask_for_fills(entry))

    def tell(self, entry: Entry) -> None:
        """Report an order as it now stands, as soon as its instrument is known."""
        if self.is_held_back and not entry.is_told:
            return
        if entry.instrument is not None:
            self._say(entry, entry.instrument)
        else:
            self._naming.then(entry.contract, lambda instrument: self._say(entry, instrument))

    def report(self, entry: Entry, instrument: Instrument) -> OrderReport:
        """The order as it now stands."""
        entry.instrument, entry.is_told = instrument, True
        parent = self.table.get(entry.client_id, entry.parent_id)
        waits = is_waiting(
            entry, parent, is_parent_filled=parent is not None and self._is_full(parent)
        )
        return report_of(
            entry,
            instrument,
            self._voice.connection_id,
            None if parent is None else parent.ref,
            self._voice.now(),
            waits=waits,
        )

    def _say(self, entry: Entry, instrument: Instrument) -> None:
        self._voice.say(self.report(entry, instrument))

    def _is_full(self, entry: Entry) -> bool:
        if entry.word == "Filled":
            return True
        return entry.terms is not None and self._filled(entry) >= entry.terms.quantity

    # ---- fills ----

    def _on_execution(self, req_id: int, contract: Any, wire: Any) -> None:
        wire.acctNumber = wire.acctNumber or self._only_account
        if not self._is_wanted(wire.acctNumber):
            return
        if req_id >= 0:
            self._requests.add(req_id, (contract, wire))
        else:
            self.hear_execution(contract, wire)

    def hear_execution(self, contract: Any, wire: Any) -> None:
        """One fill; it is reported where it is news."""
        entry = self.table.find(wire.clientId, wire.orderId, _perm(wire.permId))
        if entry is not None:
            entry.is_heard = entry.is_acked = True
            self.on_answer(entry)
        if entry is not None and entry.instrument is not None:
            self._take_execution(entry.instrument, contract, wire)
        else:
            self._naming.then(
                contract, lambda instrument: self._take_execution(instrument, contract, wire)
            )

    def _take_execution(self, instrument: Instrument, contract: Any, wire: Any) -> None:
        before = self.executions.filled(wire.permId)
        execution = self.executions.hear(instrument, wire)
        change = (self.executions.filled(wire.permId) - before) * execution.side.sign
        if change:
            self.on_execution((wire.acctNumber, contract.conId), change)

    def _on_commission(self, told: Any) -> None:
        self.executions.hear_fee(told.execId, told.commission, told.currency)

    def _owner(self, wire: Any) -> Any:
        number = (wire.clientId, wire.orderId, _perm(wire.permId))
        if wire.orderRef:
            return self.table.owner(wire.orderRef, *number)
        entry = self.table.find(*number)
        return None if entry is None else entry.ref

    def _say_execution(self, execution: Any) -> None:
        self._voice.say(ExecutionReport(execution))

    def _filled(self, entry: Entry) -> Decimal:
        return self.executions.filled(entry.perm_id)

    def _lacks_fills(self, entry: Entry) -> bool:
        """Whether TWS counts more than it has told of."""
        known = self._filled(entry)
        if entry.word == "Filled" and entry.terms is not None:
            return known < max(entry.filled, entry.terms.quantity)
        return known < entry.filled

    def _ask_for_fills(self, entry: Entry) -> None:
        at = (entry.word, entry.filled)
        if self._lacks_fills(entry) and entry.fills_asked_at != at:
            entry.fills_asked_at = at  # fills of another day are on no list any more
            self._reread(f"the fills of order {entry.number} have not come")

    # ---- errors ----

    def _on_error(self, key: int, code: int, text: str) -> bool:
        entry = self.table.get(self._line.client_id, key)
        if entry is None:
            return False
        verdict = judge(code, _context(entry, code), text)
        log.info("order %s: %s, %s", entry.number, verdict.meaning.name, verdict.text)
        if "read-only" in text.lower():
            self._questions.is_read_only = True
            verdict = Verdict(
                verdict.meaning, Severity.ERROR, READ_ONLY_SENTENCE, verdict.must_reread
            )
        entry.is_doubted |= verdict.must_reread
        act = _ACTIONS.get(verdict.meaning)
        if act is not None:
            act(self, entry, code, verdict)
        elif not entry.is_done:
            self._voice.notice(verdict.severity, _about(entry, verdict.text), str(code))
        if verdict.must_reread and not entry.is_done and verdict.meaning is not Meaning.CANCELED:
            self._reread(f"order {entry.number}: {verdict.text}")
        return True

    def _rejected(self, entry: Entry, code: int, verdict: Verdict) -> None:
        entry.is_refused = entry.is_heard = True
        entry.reason, entry.wanted, entry.is_canceling = verdict.text, None, False
        self.tell(entry)
        self.on_answer(entry)

    def _canceled(self, entry: Entry, code: int, verdict: Verdict) -> None:
        entry.reason = verdict.text
        self._voice.after(CONFIRM_S, lambda: self._ask_for_end(entry))

    def _ask_for_end(self, entry: Entry) -> None:
        if not entry.is_done:
            self._reread(f"nothing confirms that order {entry.number} is canceled")

    def _change_refused(self, entry: Entry, code: int, verdict: Verdict) -> None:
        entry.wanted = None
        own_id = entry.ref or entry.own_id
        if own_id is not None:
            connection_id, now = self._voice.connection_id, self._voice.now()
            self._voice.say(ReplaceRefused(connection_id, own_id, verdict.text, now))

    def _cancel_refused(self, entry: Entry, code: int, verdict: Verdict) -> None:
        entry.is_canceling = False
        own_id = entry.ref or entry.own_id
        if own_id is not None:
            connection_id, now = self._voice.connection_id, self._voice.now()
            self._voice.say(CancelRefused(connection_id, own_id, verdict.text, now))

    def _doubtful(self, entry: Entry, code: int, verdict: Verdict) -> None:
        if code in _THROWN_OUT and entry.is_acked:
            entry.is_refused, entry.reason = True, verdict.text
            if entry.is_done:
                self.tell(entry)
        text = f"{verdict.text}. What became of it is being asked"
        self._voice.notice(verdict.severity, _about(entry, text), str(code))


_ACTIONS: dict[Meaning, Callable[[OrderStream, Entry, int, Verdict], None]] = {
    Meaning.REJECTED: OrderStream._rejected,
    Meaning.CANCELED: OrderStream._canceled,
    Meaning.CHANGE_REFUSED: OrderStream._change_refused,
    Meaning.CANCEL_REFUSED: OrderStream._cancel_refused,
    Meaning.REREAD: OrderStream._doubtful,
}


def _context(entry: Entry, code: int) -> Context:
    """What an error is about, by what is known of the order."""
    is_only_canceled = entry.wanted is None and (entry.is_acked or not entry.is_sent)
    if entry.is_canceling and (is_only_canceled or code in _ABOUT_CANCEL):
        return Context.ORDER_CANCEL
    if entry.is_done:
        return Context.ORDER_DONE
    if entry.wanted is not None:
        return Context.ORDER_CHANGE
    return Context.ORDER_LIVE if entry.is_acked else Context.ORDER_NEW


def _about(entry: Entry, text: str) -> str:
    assert entry.terms is not None
    symbol = "" if entry.contract is None else entry.contract.symbol
    return f"{entry.terms.side.value} {entry.terms.quantity} {symbol}: {text}"


def _perm(perm_id: int) -> int:
    return 0 if perm_id in (0, _UNSET_LONG) else perm_id


def _nobody(entry: Entry) -> None:
    """Nobody waits for an answer."""


def _nobody_of_fills(place: Any, change: Decimal) -> None:
    """Nobody counts."""

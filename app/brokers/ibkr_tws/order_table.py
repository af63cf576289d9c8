"""Every order TWS has told of on one line, found by any of its names; and whose it is. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.brokers.ibkr_tws.executions import number_of
from app.brokers.ibkr_tws.order_ids import OrderIds
from app.brokers.ibkr_tws.order_map import DONE_WORDS, Terms
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId
from app.domain.instrument import Instrument

# What Moorgate puts into orderRef, this one or another at the same TWS.
_OUR_REF = re.compile(r"[0-9a-f]{32}")
# Beside a refusal these words mean that it is over.
_NEVER_WORKED = frozenset({"", "ApiPending", "PendingSubmit", "Inactive"})
_NO_ACCOUNT = AccountId("")
Number = tuple[int, int]  # client id, order id


@dataclass(slots=True, eq=False)
class Entry:
    """One order as TWS last told it. Quantities filled come from executions, not from here.

    `client_id` and `order_id` are 0 for an order typed into TWS that nobody has bound. `own_id`
    is the id under which the engine keeps it, known from the first request on for one that is not
    ours. `is_sent`: it went out on this line; `is_heard`: TWS has spoken of it on this line;
    `is_acked`: and has taken it on; `is_doubted`: it has only said what proves nothing, but it
    has answered; `is_told`: the engine has been told of it. `wanted` are the
    terms of a change that is under way, `told` is the SDK's Order as it came. `fills_asked_at`: at
    which word and count its fills were asked for, which is done once.
    """

    client_id: int
    order_id: int
    perm_id: int = 0
    ref: ClientOrderId | None = None
    own_id: ClientOrderId | None = None
    account_id: AccountId = _NO_ACCOUNT
    contract: Any = None
    instrument: Instrument | None = None
    terms: Terms | None = None
    told: Any = None
    parent_id: int = 0
    oca_group: str = ""
    word: str = ""
    why_held: str = ""
    filled: Decimal = Decimal(0)
    is_sent: bool = False
    is_heard: bool = False
    is_acked: bool = False
    is_doubted: bool = False
    is_refused: bool = False
    is_told: bool = False
    wanted: Terms | None = None
    is_canceling: bool = False
    reason: str = ""
    fills_asked_at: tuple[str, Decimal] | None = None

    @property
    def number(self) -> BrokerOrderId | None:
        """TWS's number of it for the trader."""
        return number_of(self.client_id, self.order_id)

    @property
    def is_done(self) -> bool:
        """Whether TWS has said that nothing more of it will trade."""
        return self.word in DONE_WORDS or (self.is_refused and self.word in _NEVER_WORKED)


class OrderTable:
    """The orders of one line. Adapter's thread.

    `ids` is what this connection has ever given numbers to.
    """

    def __init__(self, ids: OrderIds) -> None:
        self._ids = ids
        self._by_number: dict[Number, Entry] = {}
        self._by_perm: dict[int, Entry] = {}
        self._by_ref: dict[ClientOrderId, Entry] = {}

    def __iter__(self) -> Iterator[Entry]:
        entries = (*self._by_number.values(), *self._by_perm.values(), *self._by_ref.values())
        return iter(dict.fromkeys(entries))

    def get(self, client_id: int, order_id: int) -> Entry | None:
        """The order with this number."""
        return self._by_number.get((client_id, order_id)) if order_id else None

    def of(self, own_id: ClientOrderId | None) -> Entry | None:
        """The order the engine calls so."""
        return None if own_id is None else self._by_ref.get(own_id)

    def of_perm(self, perm_id: int) -> Entry | None:
        """The order with this permanent id."""
        return self._by_perm.get(perm_id) if perm_id else None

    def children(self, parent: Entry) -> list[Entry]:
        """The orders that wait for `parent`."""
        if not parent.order_id:
            return []
        return [
            entry
            for (client_id, _), entry in self._by_number.items()
            if client_id == parent.client_id and entry.parent_id == parent.order_id
        ]

    def find(self, client_id: int, order_id: int, perm_id: int) -> Entry | None:
        """The order a message speaks of; None for one that was never heard of.

        An order that is listed twice, as typed in and as bound, is one by its permanent id. A
        number that comes back with another permanent id is another order: TWS can be told to
        begin its numbers anew.
        """
        entry = self.of_perm(perm_id)
        if entry is not None:
            return entry
        entry = self.get(client_id, order_id)
        if entry is not None and perm_id and entry.perm_id:
            return None
        return entry

    def heard(self, client_id: int, order_id: int, perm_id: int, ref: str) -> Entry:
        """The order a message speaks of, entered where it is new, under all the names it has."""
        entry = self.find(client_id, order_id, perm_id) or self._by_reference(
            ref, client_id, order_id, perm_id
        )
        if entry is None:
            entry = Entry(client_id, order_id)
        if order_id:  # a listing without one takes none away
            entry.client_id, entry.order_id = client_id, order_id
        entry.perm_id = perm_id or entry.perm_id
        entry.ref = entry.ref or self.owner(ref, client_id, order_id, perm_id)
        self.enter(entry)
        return entry

    def enter(self, entry: Entry) -> None:
        """Find it from now on by every name it has."""
        if entry.order_id:
            self._by_number[entry.client_id, entry.order_id] = entry
        if entry.perm_id:
            self._by_perm[entry.perm_id] = entry
        for own_id in (entry.ref, entry.own_id):
            if own_id is not None:
                self._by_ref[own_id] = entry

    def forget(self, entry: Entry) -> None:
        """It never left."""
        self._by_number.pop((entry.client_id, entry.order_id), None)
        if entry.ref is not None:
            self._by_ref.pop(entry.ref, None)

    def number_by_reference(self, entry: Entry) -> None:
        """Give a finished order of ours, which TWS lists without one, the number it had."""
        given = self._ids.of(entry.ref)
        if given is not None and not entry.order_id:
            entry.client_id, entry.order_id = given.client_id, given.order_id

    def owner(self, ref: str, client_id: int, order_id: int, perm_id: int) -> ClientOrderId | None:
        """Which order of a Moorgate carries this reference; None for one that carries none.

        A reference is free text and may be copied in TWS together with the order: it holds for
        the order we gave it to. One that no order of ours has may be another Moorgate's.
        """
        if not _OUR_REF.fullmatch(ref):
            return None
        own_id = ClientOrderId(ref)
        entry, given = self._by_ref.get(own_id), self._ids.of(own_id)
        if entry is not None and entry.perm_id and perm_id:
            return own_id if entry.perm_id == perm_id else None
        number = (client_id, order_id)
        if entry is not None and entry.order_id and order_id:
            return own_id if (entry.client_id, entry.order_id) == number else None
        if entry is None and given is not None and order_id:
            return own_id if (given.client_id, given.order_id) == number else None
        return own_id

    def _by_reference(self, ref: str, client_id: int, order_id: int, perm_id: int) -> Entry | None:
        """An order of ours of which no number is told, as finished ones are listed."""
        own_id = self.owner(ref, client_id, order_id, perm_id)
        return None if own_id is None else self._by_ref.get(own_id)

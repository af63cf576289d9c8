"""What TWS says of fills: one Execution a fill, its corrections and its fee folded in.

The id of an execution ends in a number that a correction raises ("...01.01" -> "...01.02"): what
stands before it is the fill, the number is its revision (TWS API, "Executions and Commissions").
The fee comes in a message of its own, before or after, for the id with its last part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Any

from app.brokers.ibkr_tws.order_map import decimal_of
from app.domain.execution import Execution
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId, ExecId
from app.domain.instrument import Instrument
from app.domain.order_types import Side

_SIDES = {"BOT": Side.BUY, "SLD": Side.SELL}
# TWS API, "Execution": lastLiquidity 1 added, 2 removed, 3 routed out.
_LIQUIDITY = {1: "maker", 2: "taker"}
_Fee = tuple[Decimal, str]


def split_exec_id(text: str) -> tuple[ExecId, int]:
    """The fill's own id and the revision; one without a number at its end is its first."""
    head, dot, last = text.rpartition(".")
    if dot and head and last.isdecimal():
        return ExecId(head), int(last)
    return ExecId(text), 0


def number_of(client_id: int, order_id: int) -> BrokerOrderId | None:
    """TWS's number of an order in one word; None for one that was typed in and never bound.

    A number means something under its client id only, so both are in it.
    """
    return BrokerOrderId(f"{client_id}/{order_id}") if order_id else None


class Executions:
    """Every fill heard of on this line, in its newest revision. Adapter's thread.

    `owner` says which order of ours an SDK Execution belongs to, `report` gets what is news.
    """

    def __init__(
        self,
        connection_id: ConnectionId,
        owner: Callable[[Any], ClientOrderId | None],
        report: Callable[[Execution], None],
    ) -> None:
        self._connection_id, self._owner, self._report = connection_id, owner, report
        self._known: dict[ExecId, Execution] = {}
        self._told: dict[ExecId, Execution] = {}
        self._of_order: dict[str, set[ExecId]] = {}
        self._fees: dict[tuple[ExecId, int], _Fee] = {}

    def filled(self, perm_id: int) -> Decimal:
        """Units of an order for which executions are known."""
        ids = self._of_order.get(str(perm_id), ())
        return sum((self._known[exec_id].quantity for exec_id in ids), Decimal(0))

    def hear(self, instrument: Instrument, wire: Any) -> Execution:
        """One fill out of the stream or out of an answer to a question of ours; news is reported.

        Answers what is known of the fill now. Raises ValueError for what cannot be understood.
        """
        execution = self.keep(instrument, wire)
        self._tell(execution)
        return execution

    def keep(self, instrument: Instrument, wire: Any) -> Execution:
        """Like `hear`, but nothing is reported: the caller hands it on himself."""
        execution = self._read(instrument, wire)
        known = self._known.get(execution.exec_id)
        if known is not None and known.revision >= execution.revision:
            return known
        self._known[execution.exec_id] = execution
        self._of_order.setdefault(execution.perm_id, set()).add(execution.exec_id)
        return execution

    def hear_fee(self, exec_id: str, commission: float, currency: str) -> None:
        """The fee of one revision of a fill, which may not have been heard of yet."""
        fee = decimal_of(commission)
        if fee is None:
            return
        key = split_exec_id(exec_id)
        self._fees[key] = (fee, currency)
        known = self._known.get(key[0])
        if known is None or known.revision != key[1] or known.fee is not None:
            return
        self._known[key[0]] = with_fee = replace(known, fee=fee, fee_currency=currency)
        if key[0] in self._told:
            self._tell(with_fee)

    def _tell(self, execution: Execution) -> None:
        if self._told.get(execution.exec_id) != execution:
            self._told[execution.exec_id] = execution
            self._report(execution)

    def _read(self, instrument: Instrument, wire: Any) -> Execution:
        exec_id, revision = split_exec_id(wire.execId)
        side = _SIDES.get(wire.side.strip().upper())
        quantity, price = decimal_of(wire.shares), decimal_of(wire.price)
        if side is None or quantity is None or price is None or not exec_id:
            text = f"{wire.side!r} {wire.shares!r} at {wire.price!r}, id {wire.execId!r}"
            raise ValueError(f"an execution that cannot be understood: {text}")
        fee, currency = self._fees.get((exec_id, revision), (None, ""))
        return Execution(
            connection_id=self._connection_id,
            account_id=AccountId(wire.acctNumber),
            exec_id=exec_id,
            client_order_id=self._owner(wire),
            broker_order_id=number_of(wire.clientId, wire.orderId),
            instrument=instrument,
            side=side,
            quantity=quantity,
            price=price,
            at=wire.time.astimezone(UTC),
            fee=fee,
            fee_currency=currency,
            revision=revision,
            liquidity=_LIQUIDITY.get(wire.lastLiquidity, ""),
            perm_id=str(wire.permId) if wire.permId else "",
        )

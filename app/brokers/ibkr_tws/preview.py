"""What an order would cost, asked of TWS by an order that is marked as a mere question."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.base.errors import BrokerError, Outcome
from app.brokers.base import Preview
from app.brokers.ibkr_tws.errors import Context, Meaning, judge
from app.brokers.ibkr_tws.line import Line, not_connected
from app.brokers.ibkr_tws.naming import Instruments
from app.brokers.ibkr_tws.order_map import decimal_of, order_fields
from app.brokers.ibkr_tws.requests import Requests, TwsError
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.voice import Voice
from app.domain.request import OrderRequest

# The first answer may come before the margins are worked out; the second follows within this.
SECOND_ANSWER_S = 0.5


class Previews:
    """Adapter's thread and loop."""

    def __init__(
        self, line: Line, requests: Requests, instruments: Instruments, voice: Voice
    ) -> None:
        self._line, self._requests = line, requests
        self._instruments, self._voice = instruments, voice
        line.on("openOrder", self._on_open_order)

    async def ask(self, request: OrderRequest) -> Preview:
        """Margins are what the order would change, all in the account's base currency.

        What TWS would refuse comes as a Preview that says so. Raises BrokerError without an answer.
        """
        if not self._line.is_up:
            raise not_connected()
        instrument = request.instrument
        contract = self._instruments.contract_now(instrument)
        contract = contract or await self._instruments.contract(instrument)
        try:
            fields = order_fields(request)
        except ValueError as error:
            raise BrokerError(str(error), Outcome.NOT_SENT) from error
        fields |= {"whatIf": True, "orderRef": ""}
        wire = ib.Order(**fields)
        try:
            rows = await self._requests.ask(
                # With the orders: they share their numbers, which TWS wants in ascending order.
                Lane.ORDER,
                lambda req_id: self._line.client.placeOrder(req_id, contract, wire),
            )
        except TwsError as error:
            verdict = judge(error.code, Context.REQUEST, error.text)
            if verdict.meaning is Meaning.READ_ONLY:
                raise BrokerError(verdict.text, Outcome.REJECTED, str(error.code)) from error
            return Preview(None, None, None, None, f"TWS would refuse it: {verdict.text}")
        return _preview(rows[-1])

    def _on_open_order(self, order_id: int, contract: Any, order: Any, state: Any) -> None:
        if not order.whatIf:
            return
        self._requests.add(order_id, state)
        if _told(state.initMarginChange) is None:
            self._voice.after(SECOND_ANSWER_S, lambda: self._requests.finish(order_id))
        else:
            self._requests.finish(order_id)


def _preview(state: Any) -> Preview:
    commission, highest = _told(state.commission), _told(state.maxCommission)
    lowest = _told(state.minCommission)
    texts = [state.warningText] if state.warningText else []
    if commission is None and highest is not None:
        commission = highest
        if lowest is not None and lowest != highest:
            texts.append(f"commission between {lowest} and {highest} {state.commissionCurrency}")
    return Preview(
        cost=None,
        commission=commission,
        initial_margin=_told(state.initMarginChange),
        maintenance_margin=_told(state.maintMarginChange),
        text="; ".join(texts),
    )


def _told(value: Any) -> Decimal | None:
    """A figure, None where there is none or "N/A"."""
    try:
        return decimal_of(value)
    except ValueError:
        return None

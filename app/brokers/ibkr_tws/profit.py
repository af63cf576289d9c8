"""The broker's own profit figures: of each account, and of each position while it is held.

Source: TWS API, "Profit And Loss (P&L)" (interactivebrokers.github.io/tws-api/pnl.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from app.base.errors import BrokerError
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.order_map import decimal_of
from app.brokers.ibkr_tws.positions import Place
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.voice import Voice
from app.domain.ids import AccountId
from app.domain.instrument import Instrument
from app.domain.reports import ProfitReport

TELL_EVERY_S = 0.5
_Figures = tuple[Decimal | None, Decimal | None, Decimal | None]  # daily, unrealized, realized


class Profits:
    """Adapter's thread and loop. TWS sends a figure about once a second while it moves."""

    def __init__(self, line: Line, voice: Voice) -> None:
        self._line, self._voice = line, voice
        self._of_request: dict[int, tuple[str, Instrument | None]] = {}
        self._of_account: dict[str, int] = {}
        self._of_place: dict[Place, int] = {}
        self._told: dict[int, _Figures] = {}
        self._waiting: dict[int, _Figures] = {}
        line.on("pnl", self._on_account)
        line.on("pnlSingle", self._on_position)

    def follow_accounts(self, accounts: Iterable[str]) -> None:
        """From now on, each once."""
        for account in accounts:
            if account not in self._of_account:
                req_id = self._of_account[account] = self._line.next_id()
                self._of_request[req_id] = (account, None)
                self._ask(self._line.client.reqPnL, req_id, account, "")

    def follow(self, place: Place, instrument: Instrument | None) -> None:
        """A position while it is held; None where it is flat."""
        req_id = self._of_place.get(place)
        if instrument is not None and req_id is None:
            req_id = self._of_place[place] = self._line.next_id()
            self._of_request[req_id] = (place[0], instrument)
            self._ask(self._line.client.reqPnLSingle, req_id, place[0], "", place[1])
        elif instrument is None and req_id is not None:
            del self._of_place[place], self._of_request[req_id]
            self._ask(self._line.client.cancelPnLSingle, req_id)

    def _ask(self, send: Callable[..., None], *arguments: object) -> None:
        try:
            self._line.queue.send(Lane.HISTORY, lambda: send(*arguments))
        except BrokerError:
            return  # the line is going down; a new one asks anew

    def _on_account(self, req_id: int, daily: float, unrealized: float, realized: float) -> None:
        self._hear(req_id, (decimal_of(daily), decimal_of(unrealized), decimal_of(realized)))

    def _on_position(
        self,
        req_id: int,
        units: float,
        daily: float,
        unrealized: float,
        realized: float,
        value: float,
    ) -> None:
        self._on_account(req_id, daily, unrealized, realized)

    def _hear(self, req_id: int, figures: _Figures) -> None:
        if req_id not in self._of_request or figures == self._told.get(req_id):
            return
        if req_id not in self._waiting:
            self._voice.after(TELL_EVERY_S, lambda: self._tell(req_id))
        self._waiting[req_id] = figures

    def _tell(self, req_id: int) -> None:
        figures = self._told[req_id] = self._waiting.pop(req_id)
        account, instrument = self._of_request.get(req_id, ("", None))
        if not account:
            return  # let go of meanwhile
        self._voice.say(
            ProfitReport(
                self._voice.connection_id,
                AccountId(account),
                instrument,
                self._voice.now(),
                *figures,
            )
        )

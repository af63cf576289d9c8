"""What the account holds, in the words of the port."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from app.brokers.paper.config import PaperConfig
from app.brokers.paper.funds import FundsCheck
from app.brokers.paper.ledger import Ledger, PaperPosition
from app.brokers.paper.store import Account
from app.domain.ids import InstrumentKey
from app.domain.instrument import AssetClass
from app.domain.reports import AccountReport, Balance, PositionReport

_CENT = Decimal("0.01")
_INTRADAY, _OVERNIGHT = 4, 2


class Statements:
    """Balances and positions as reports. `is_regular` tells an instrument's hours."""

    def __init__(
        self,
        config: PaperConfig,
        account: Account,
        ledger: Ledger,
        funds: FundsCheck,
        is_regular: Callable[[InstrumentKey], bool],
    ) -> None:
        self._config, self._account = config, account
        self._ledger, self._funds, self._is_regular = ledger, funds, is_regular

    def position(self, position: PaperPosition, at: datetime) -> PositionReport:
        """One position; a flat one has a quantity of zero."""
        return PositionReport(
            self._config.connection_id,
            self._account.account_id,
            position.instrument,
            position.quantity,
            position.average_price,
            at,
        )

    def positions(self, at: datetime) -> tuple[PositionReport, ...]:
        """Everything that is not flat."""
        held = [p for p in self._ledger.positions.values() if p.quantity]
        return tuple(self.position(position, at) for position in held)

    def account(self, at: datetime) -> AccountReport:
        """All balances."""
        held = {p.instrument.currency for p in self._ledger.positions.values() if p.quantity}
        currencies = sorted(held | set(self._ledger.cash))
        return AccountReport(
            connection_id=self._config.connection_id,
            account_id=self._account.account_id,
            title=f"Paper {'margin' if self._config.is_margin else 'cash'} account",
            is_paper=True,
            base_currency=self._account.base_currency,
            balances=tuple(self._balance(currency) for currency in currencies),
            at=at,
        )

    def _balance(self, currency: str) -> Balance:
        funds = self._funds.of_currency(currency)
        net = funds.net_liquidation
        return Balance(
            currency=currency,
            cash=funds.cash,
            net_liquidation=None if net is None else _cents(net),
            buying_power=_cents(max(Decimal(0), funds.available) * self._leverage()),
            initial_margin=_cents(funds.initial),
            maintenance_margin=_cents(funds.maintenance),
        )

    def _leverage(self) -> int:
        """How many times over shares may be bought now."""
        if not self._config.is_margin:
            return 1
        shares = (AssetClass.EQUITY, AssetClass.ETF)
        keys = [
            key
            for key, market in self._funds.markets.items()
            if market.instrument.asset_class in shares
        ]
        is_regular = not keys or any(self._is_regular(key) for key in keys)
        return _INTRADAY if is_regular else _OVERNIGHT


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_EVEN)

"""What fills do to an account: holdings, cash, realized results, margins.

Plain rules where IBKR's are many: half of a stock's value as initial margin and a quarter as
maintenance, a tenth for futures, premiums in full for options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.doubles.tws.records import ZERO, Account, Contract, Fill, Holding

if TYPE_CHECKING:
    from tests.doubles.tws.world import World

MARKED = ("FUT", "CFD", "IND")  # only gains and losses reach the cash
INITIAL = {"STK": Decimal("0.5"), "FUT": Decimal("0.1"), "CASH": Decimal("0.05")}


@dataclass(frozen=True)
class Figures:
    """An account in its base currency."""

    cash: Decimal
    gross: Decimal
    unrealized: Decimal
    realized: Decimal
    initial: Decimal
    maintenance: Decimal
    net: Decimal

    @property
    def available(self) -> Decimal:
        return self.net - self.initial

    @property
    def excess(self) -> Decimal:
        return self.net - self.maintenance


class Ledger:
    """Books fills; whoever shows accounts hears of it through `on_change(account, con_id)`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.on_change: list[Callable[[Account, Holding | None], None]] = []
        self._opening: dict[tuple[str, int], tuple[Decimal, Decimal]] = {}

    def commission(self, contract: Contract, quantity: Decimal, price: Decimal) -> Decimal:
        """What a fill costs; the world may have a rule of its own."""
        if self.world.commission is not None:
            return self.world.commission
        if contract.sec_type == "STK":
            dear = max(Decimal(1), quantity * Decimal("0.005"))
            return min(dear, max(Decimal("0.01"), quantity * price / 100))
        each = {"OPT": "0.65", "FOP": "1.42", "FUT": "2.25"}.get(contract.sec_type, "0")
        return max(Decimal(each) * quantity, Decimal(1))

    def book(self, fill: Fill) -> None:
        """Put a fill into its account and write what it realized into it."""
        account = self.world.accounts[fill.account]
        holding = self._holding(account, fill.contract)
        fill.realized = self._count(holding, fill)
        self._pay(account, fill, 1)
        self._tell(account, holding)

    def correct(self, old: Fill, new: Fill) -> None:
        """Put `new` in the place of `old`; the holding is counted again from its beginning."""
        account = self.world.accounts[old.account]
        holding = self._holding(account, old.contract)
        self._pay(account, old, -1)
        key = (account.account_id, old.contract.con_id)
        holding.quantity, holding.average_cost = self._opening.get(key, (ZERO, ZERO))
        holding.realized = ZERO
        for fill in self.world.fills:
            if not fill.is_replaced and (fill.account, fill.contract.con_id) == key:
                fill.realized = self._count(holding, fill)
        self._pay(account, new, 1)
        self._tell(account, holding)

    def set_position(
        self, account_id: str, contract: Contract, quantity: Decimal, cost: Decimal
    ) -> None:
        """Hold this from now on, for no money."""
        account = self.world.accounts[account_id]
        holding = self._holding(account, contract)
        holding.quantity, holding.average_cost = quantity, cost
        self._opening[account_id, contract.con_id] = (quantity, cost)
        self._tell(account, holding)

    def rate(self, account: Account, currency: str) -> Decimal:
        """Units of the account's base currency for one of this."""
        rates = self.world.rates
        return rates.get(currency, Decimal(1)) / rates.get(account.base, Decimal(1))

    def mark(self, holding: Holding) -> Decimal:
        """What one unit is worth now; what it cost, where there is no quote."""
        quote = self.world.quotes.get(holding.contract.con_id)
        price = quote.mark if quote else None
        return holding.average_cost / holding.contract.size if price is None else price

    def value(self, holding: Holding) -> Decimal:
        """The market value of a holding, in its currency."""
        return holding.quantity * self.mark(holding) * holding.contract.size

    def unrealized(self, holding: Holding) -> Decimal:
        """The result that selling now would make, in its currency."""
        return self.value(holding) - holding.quantity * holding.average_cost

    def held(self, account: Account) -> Iterator[Holding]:
        """The holdings that are not zero."""
        return (holding for holding in account.holdings.values() if holding.quantity)

    def figures(self, account: Account) -> Figures:
        """The account as it stands, in its base currency."""
        cash = sum((v * self.rate(account, c) for c, v in account.cash.items()), ZERO)
        gross = unrealized = initial = worth = realized = ZERO
        for holding in account.holdings.values():
            rate = self.rate(account, holding.contract.currency)
            realized += holding.realized * rate
            if not holding.quantity:
                continue
            value, kind = self.value(holding) * rate, holding.contract.sec_type
            gain = self.unrealized(holding) * rate
            unrealized += gain
            gross += abs(value) if kind not in ("CASH", *MARKED) else ZERO
            worth += gain if kind in MARKED else ZERO if kind == "CASH" else value
            initial += abs(value) * INITIAL.get(kind, Decimal(1))
        return Figures(cash, gross, unrealized, realized, initial, initial / 2, cash + worth)

    def _holding(self, account: Account, contract: Contract) -> Holding:
        return account.holdings.setdefault(contract.con_id, Holding(contract))

    def _count(self, holding: Holding, fill: Fill) -> Decimal | None:
        """Average in what opens, realize what closes; the commission is part of the cost."""
        signed = fill.quantity if fill.side == "BOT" else -fill.quantity
        fee = fill.commission if self.world.cost_has_commission else ZERO
        cost = fill.price * holding.contract.size + fee / signed
        before = holding.quantity
        closing = min(abs(before), abs(signed)) if before * signed < 0 else ZERO
        opening = abs(signed) - closing
        holding.quantity = before + signed
        if opening:
            kept = abs(before) if not closing else ZERO
            holding.average_cost, old = (
                (kept * holding.average_cost + opening * cost) / (kept + opening),
                holding.average_cost,
            )
        else:
            old = holding.average_cost
        if not closing:
            return None
        realized = closing * (cost - old) * (1 if before > 0 else -1)
        holding.realized += realized
        return realized

    def _pay(self, account: Account, fill: Fill, times: int) -> None:
        contract, currency = fill.contract, fill.contract.currency
        signed = fill.quantity if fill.side == "BOT" else -fill.quantity
        if contract.sec_type in MARKED:
            fee = ZERO if self.world.cost_has_commission else fill.commission
            paid = (fill.realized or ZERO) - fee
        else:
            paid = -signed * fill.price * contract.size - fill.commission
        account.cash[currency] = account.cash.get(currency, ZERO) + times * paid
        if contract.sec_type == "CASH":
            account.cash[contract.symbol] = account.cash.get(contract.symbol, ZERO) + times * signed

    def _tell(self, account: Account, holding: Holding | None) -> None:
        for hear in tuple(self.on_change):
            hear(account, holding)

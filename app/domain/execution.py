"""A fill: what really traded. Positions and profit are built from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId, ExecId
from app.domain.instrument import Instrument
from app.domain.order_types import Side


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill, keyed by (connection, `exec_id`); a higher `revision` replaces a lower one.

    `exec_id` comes without the broker's correction suffix; the suffix becomes `revision`. A
    quantity of zero in a higher revision takes the fill back. `fee` is in `fee_currency`, positive
    when paid, None while the broker has not told it.
    """

    connection_id: ConnectionId
    account_id: AccountId
    exec_id: ExecId
    client_order_id: ClientOrderId | None
    broker_order_id: BrokerOrderId | None
    instrument: Instrument
    side: Side
    quantity: Decimal
    price: Decimal
    at: datetime
    fee: Decimal | None = None
    fee_currency: str = ""
    revision: int = 0
    liquidity: str = ""  # "maker", "taker" or empty where not told
    perm_id: str = ""
    market_at: datetime | None = None  # the market's own time where it differs: a replay's

    @property
    def signed_quantity(self) -> Decimal:
        """Positive for a buy, negative for a sale."""
        return self.quantity * self.side.sign

    def supersedes(self, known: Execution) -> bool:
        """Whether this takes the place of `known`: a correction, or its fee told later."""
        if self.revision == known.revision:
            return known.fee is None and self.fee is not None
        return self.revision > known.revision

"""What quotes, order books and live bars have in common: a question that goes on being answered."""

from __future__ import annotations

import asyncio
from typing import Any

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.instruments import Instruments
from app.domain.instrument import Instrument


class Subscription:
    """One stream of one instrument, for as long as the engine wants it. Adapter's loop."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.req_id = 0  # 0: TWS was not asked, or has refused
        self.is_asked = False  # the question has left
        self.verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task: asyncio.Task[None] | None = None

    def settle(self, error: BrokerError | None = None) -> bool:
        """The first word on whether anything comes; False when that was told before."""
        if self.verdict.done():
            return False
        if error is None:
            self.verdict.set_result(None)
        else:
            self.verdict.set_exception(error)
            self.verdict.exception()  # taken note of, even if nobody waits any more
        return True


async def subscribed_contract(instruments: Instruments, instrument: Instrument) -> Any:
    """The contract to subscribe to. Raises BrokerError.

    It is REJECTED, a definite no, where TWS has answered: a reconnect would not change it.
    """
    try:
        return await instruments.contract(instrument)
    except BrokerError as error:
        outcome = Outcome.REJECTED if error.code else error.outcome
        raise BrokerError(str(error), outcome, error.code) from error

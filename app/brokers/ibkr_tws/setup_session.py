"""Logging on to TWS for a page of the wizard, and what it means when that fails. Needs the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.base.errors import BrokerError
from app.brokers.ibkr_tws.ports import is_this_computer
from app.brokers.ibkr_tws.setup_answers import CLIENT_ID, address_of, own_client_id, where
from app.brokers.ibkr_tws.setup_troubles import trouble
from app.brokers.ibkr_tws.trial import Trial, session
from app.brokers.setup import Answers, Trouble

FIRST_CLIENT_ID, CLIENT_IDS_TRIED = 17, 10
REMINDER_S = 2.0


@asynccontextmanager
async def logged_on(
    answers: Answers,
    patience_s: float,
    doing: Callable[[str], None],
    *,
    again: bool = False,
) -> AsyncIterator[Trial]:
    """A session at the address of the answers; says what to do when TWS takes its time."""
    address = address_of(answers)
    if address is None:
        raise BrokerError("no port was chosen")
    host, port = address
    ids = client_ids(own_client_id(answers), answers.get(CLIENT_ID))
    is_again = again and isinstance(answers.get(CLIENT_ID), int)
    reminder = asyncio.get_running_loop().call_later(REMINDER_S, doing, _waiting_for(host))
    try:
        async with session(host, port, ids, patience_s, again=is_again) as trial:
            reminder.cancel()
            yield trial
    finally:
        reminder.cancel()


def _waiting_for(host: str) -> str:
    place = "" if is_this_computer(host) else f" on {host}"
    return (
        f"Waiting for TWS{place}: if it asks whether to accept an incoming connection, answer Yes"
    )


def client_ids(*known: object) -> list[int]:
    """The ids to try: those that are known, then the first ten from 17.

    0 is never tried: it would take charge of the orders typed into TWS.
    """
    usual = range(FIRST_CLIENT_ID, FIRST_CLIENT_ID + CLIENT_IDS_TRIED)
    mine = [one for one in known if isinstance(one, int) and one > 0]
    return list(dict.fromkeys([*mine, *usual]))


def failure(answers: Answers, error: BrokerError) -> Trouble:
    """The text of its own that a failure has."""
    detail = str(error) if error.code in {"", "client-id-in-use"} else ""
    return trouble(error.code or "no-answer", where(answers), detail)

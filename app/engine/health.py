"""The four lights of a connection, put together from what is known. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import Enum

from app.base.errors import UserError
from app.domain.instrument import Instrument
from app.domain.reports import Health, Light
from app.domain.session import calendar

# Subscribed data that is older than this in an open market is called old.
DATA_AGE_LIMIT_S = 15.0


class ConnectionState(Enum):
    """Where one connection is in its life; orders are sent in READY only."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    RECONCILING = "reconciling"
    READY = "ready"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


def lights(state: ConnectionState, reported: Health | None, text: str, is_refused: bool) -> Health:
    """What to show in `state`: the adapter's own word while its line is up.

    `is_refused` means that a failed connection failed at the log-in and not on the way there.
    """
    if state is ConnectionState.OFFLINE:
        return Health(text=text)
    if state is ConnectionState.CONNECTING:
        health = reported or Health(transport=Light.PENDING, authentication=Light.PENDING)
        return replace(health, text=health.text or text)
    if state is ConnectionState.FAILED and is_refused:
        return Health(transport=Light.OK, authentication=Light.FAILED, text=text)
    if state is ConnectionState.FAILED or (
        state is ConnectionState.RECONNECTING and reported is None
    ):
        return Health(transport=Light.FAILED, text=text)
    if reported is None:  # connect() returned, which means up and authenticated
        return Health(transport=Light.OK, authentication=Light.OK, text=text)
    return replace(reported, text=text or reported.text)


def data_age_light(reported: Light, has_data: bool, age_s: float, market_is_open: bool) -> Light:
    """The fourth light where something is subscribed; `age_s` is that of the newest data.

    The adapter's alarm stands; its "all well" is checked by the clock.
    """
    if reported in (Light.WARNING, Light.FAILED, Light.PENDING):
        return reported
    if age_s > DATA_AGE_LIMIT_S and market_is_open:
        return Light.WARNING
    return Light.OK if has_data else Light.PENDING


def line_trouble(health: Health) -> str | None:
    """Why orders cannot go out on this line; None when nothing speaks against it."""
    if health.transport in (Light.OFF, Light.FAILED):
        return health.text or "the line is down"
    if health.authentication is Light.FAILED:
        return health.text or "the broker ended the session"
    return None


def is_waiting(health: Health) -> bool:
    """Whether the adapter itself is bringing the line back."""
    return Light.PENDING in (health.transport, health.authentication)


def any_market_open(instruments: Iterable[Instrument], now: datetime) -> bool:
    """Whether data may be expected for at least one of `instruments`."""
    return any(_is_open(instrument, now) for instrument in instruments)


def _is_open(instrument: Instrument, now: datetime) -> bool:
    try:
        return calendar(instrument.session).is_open(now, outside_hours=True)
    except UserError:  # an unknown calendar: rather one warning too many
        return True

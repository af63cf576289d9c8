"""The long lists that a setting may be chosen from: time zones and currencies."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime

# The currencies of the accounts that brokers offer most; any other may be typed.
_CURRENCIES = (
    "USD EUR GBP CHF JPY CAD AUD NZD HKD SGD CNH INR KRW SEK NOK DKK PLN CZK HUF ZAR MXN ILS AED"
)


def zones() -> list[tuple[str, str]]:
    """(text, value) of every zone this computer knows, its own first."""
    here = datetime.now(UTC).astimezone().tzname() or "local"
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name)
    listed = [name for name in names if not name.startswith(("Etc/", "SystemV/"))]
    return [(f"This computer's own ({here})", "local"), ("UTC", "UTC")] + [
        (name, name) for name in listed
    ]


def currencies() -> list[tuple[str, str]]:
    """(text, value) of the usual account currencies."""
    return [(code, code) for code in _CURRENCIES.split()]

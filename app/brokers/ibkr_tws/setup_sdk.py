"""Whether the package that speaks with TWS is here, without importing it unless it is."""

from __future__ import annotations

import importlib
import importlib.util

from app.base.errors import UserError
from app.brokers.ibkr_tws.setup_troubles import trouble
from app.brokers.setup import Trouble

LIBRARIES = ("ib_insync", "ib_async")


def sdk_trouble() -> Trouble | None:
    """Why TWS cannot be spoken with in this installation; None when it can.

    Imports the SDK where it is there, which takes a moment; the thread must have an event loop.
    """
    importlib.invalidate_caches()  # it may have been installed since the program started
    found = [name for name in LIBRARIES if importlib.util.find_spec(name) is not None]
    if not found:
        return trouble("no-sdk")
    if len(found) > 1:
        return trouble("two-sdks")
    try:
        importlib.import_module("app.brokers.ibkr_tws.sdk")
    except (ImportError, UserError) as error:
        return trouble("no-sdk", "", f"{found[0]} is there but cannot be used: {error}")
    return None

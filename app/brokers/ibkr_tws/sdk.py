"""The one file that imports the SDK: ib_async where it is installed, else ib_insync.

May be imported in any thread, with or without an event loop. Of the SDK we use the socket client,
its decoder and its plain records (Contract, Order, ExecutionFilter ...); its Trade, Ticker and IB
state are never looked at, because both libraries change them on error messages that change nothing
at the broker.
"""

from __future__ import annotations

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Any

from app.base.errors import UserError


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _imported(name: str) -> Any:
    """Import in a thread of its own that has a loop: ib_insync's event library asks for one.

    It remembers that loop for `emit_threadsafe` only, which nobody calls.
    """
    loop = asyncio.SelectorEventLoop()
    try:
        with ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(loop,)) as thread:
            return thread.submit(importlib.import_module, name).result()
    finally:
        loop.close()


def _chosen() -> Any:
    if _is_installed("ib_async") and _is_installed("ib_insync"):
        # eventkit and aeventkit share one folder: whichever came last has overwritten the other.
        raise UserError(
            "ib_insync and ib_async are both installed and break one another: run"
            " pip uninstall ib_insync ib_async eventkit aeventkit, then"
            " pip install 'moorgate[ibkr]'"
        )
    try:
        return _imported("ib_async")
    except ModuleNotFoundError as error:
        if error.name != "ib_async":
            raise
        return _imported("ib_insync")


ib: Any = _chosen()  # the package: ib.IB, ib.Contract, ib.Order, ib.ExecutionFilter ...
NAME: str = ib.__name__
VERSION: str = metadata.version(NAME)
UNSET_DOUBLE: float = ib.util.UNSET_DOUBLE
UNSET_INTEGER: int = ib.util.UNSET_INTEGER

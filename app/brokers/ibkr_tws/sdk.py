"""The one file that imports the SDK: ib_async where it is installed, else ib_insync.

May be imported in any thread, with or without an event loop. Of the SDK we use the socket client,
its decoder and its plain records (Contract, Order, ExecutionFilter ...); its Trade, Ticker and IB
state are never looked at, because both libraries change them on error messages that change nothing
at the broker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from app.base.errors import UserError


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


@contextmanager
def _some_loop() -> Iterator[None]:
    """A loop for the time of the import: ib_insync's event library wants one and keeps no hold.

    It only remembers it for `emit_threadsafe`, which we never call.
    """
    policy = asyncio.get_event_loop_policy()
    local: Any = getattr(policy, "_local", None)
    if asyncio._get_running_loop() is not None or getattr(local, "_loop", None) is not None:
        yield
        return
    loop = asyncio.SelectorEventLoop()
    policy.set_event_loop(loop)
    try:
        yield
    finally:
        policy.set_event_loop(None)
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
        import ib_async
    except ModuleNotFoundError as error:
        if error.name != "ib_async":
            raise
        import ib_insync

        return ib_insync
    return ib_async


with _some_loop():
    ib: Any = _chosen()  # the package: ib.IB, ib.Contract, ib.Order, ib.ExecutionFilter ...
NAME: str = ib.__name__
VERSION: str = metadata.version(NAME)
UNSET_DOUBLE: float = ib.util.UNSET_DOUBLE
UNSET_INTEGER: int = ib.util.UNSET_INTEGER

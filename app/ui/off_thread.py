"""Work that may block, off the GUI thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def off_thread(work: Callable[[], T]) -> T:
    """Run `work` in a thread of its own; its answer, or what it raises. GUI thread.

    For what may wait for a person: a keyring asks in a window of its own, and nobody may be there.
    The thread does not keep a closed program alive, which asyncio.to_thread would.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def give(result: T | None, error: BaseException | None) -> None:
        if answer.done():  # nobody waits any more
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]  # None only where T has it

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as caught:  # noqa: BLE001 - it is raised again where it is awaited
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(give, result, error)

    threading.Thread(target=run, name="off the window", daemon=True).start()
    return await answer

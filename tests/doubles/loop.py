"""Running coroutines from tests that need no Qt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_S = 30.0
"""Costs nothing while things are well, and a busy machine may need much of it."""


async def until(holds: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    """Wait for plain state that has no event of its own. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.002)


class LoopRunner:
    """One event loop for a whole test; call it with a coroutine to get its result.

    Each call gives up after `timeout_s` with TimeoutError. A task that still runs when the test
    ends is a leak: `close` cancels it and answers its description.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def __call__(self, coro: Coroutine[Any, Any, T], timeout_s: float = 2 * PATIENCE_S) -> T:
        async def bounded() -> T:
            async with asyncio.timeout(timeout_s):
                return await coro

        return self._runner.run(bounded())

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._runner.get_loop()

    def close(self) -> list[str]:
        left = [f"task {task!r}" for task in asyncio.all_tasks(self._runner.get_loop())]
        self._runner.close()
        return left


def run_async(coro: Coroutine[Any, Any, T], timeout_s: float = 2 * PATIENCE_S) -> T:
    """Run one coroutine in a loop of its own; for the bodies of property tests."""
    runner = LoopRunner()
    try:
        result = runner(coro, timeout_s)
    except BaseException:
        runner.close()
        raise
    left = runner.close()
    assert not left, "left running: " + "; ".join(left)
    return result

"""A sentence belongs to the command that was begun, tasks of tasks included."""

from __future__ import annotations

import asyncio

from app.commands.running import as_command, current
from tests.doubles.loop import LoopRunner


def test_it_is_known_within_and_forgotten_after(run: LoopRunner) -> None:
    heard: list[str] = []

    async def deep() -> None:
        await asyncio.sleep(0)
        heard.append(current())

    async def work() -> None:
        await asyncio.create_task(deep())
        heard.append(current())

    async def scenario() -> None:
        with as_command("trading.buy_market"):
            first = asyncio.create_task(work())
            with as_command("trading.sell_market"):
                second = asyncio.create_task(deep())
            assert current() == "trading.buy_market"
        assert current() == ""
        await asyncio.gather(first, second)

    run(scenario())
    assert sorted(heard) == ["trading.buy_market", "trading.buy_market", "trading.sell_market"]

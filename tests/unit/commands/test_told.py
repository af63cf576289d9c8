"""Work whose errors become sentences: what it answers, raises and hands on, and how it is ended."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

from app.base.errors import UserError
from app.commands.told import Told


async def answer(what: str) -> str:
    await asyncio.sleep(0)
    return what


async def refuse() -> None:
    await asyncio.sleep(0)
    raise UserError("no")


async def fail() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError


def test_answers_and_errors() -> None:
    said: list[str] = []

    async def main() -> None:
        def told(error: Exception) -> None:
            said.append(str(error))

        assert await asyncio.create_task(Told(Told(answer("yes"), told), told)) == "yes"
        assert await Told(answer("also"), told) == "also"
        assert await asyncio.create_task(Told(Told(refuse(), told), told)) is None
        assert said == ["no"]  # once, by the inner one
        assert await Told(refuse(), told) is None
        assert said == ["no", "no"]
        with pytest.raises(ZeroDivisionError):
            await asyncio.create_task(Told(fail(), told))

    asyncio.run(main())
    assert said == ["no", "no"]


def test_cancelling_reaches_the_work_and_what_it_raises_then_is_told() -> None:
    said: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise UserError("gave up") from None

    async def main() -> None:
        plain = asyncio.create_task(Told(asyncio.sleep(60), lambda e: said.append(str(e))))
        loud = asyncio.create_task(Told(stubborn(), lambda e: said.append(str(e))))
        await asyncio.sleep(0)
        plain.cancel()
        loud.cancel()
        await asyncio.wait([plain, loud])
        assert plain.cancelled()
        assert loud.result() is None

    asyncio.run(main())
    assert said == ["gave up"]


@pytest.mark.parametrize("is_closed", [True, False])
def test_one_that_never_began_is_given_up_without_a_warning(is_closed: bool) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work = Told(Told(answer("never"), print), print)
        if is_closed:
            work.close()
        del work
        gc.collect()
    assert caught == []

"""However often and whenever Close and Flatten are pressed, a position never changes its sign."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.order_types import OrderType, Side
from app.domain.verdict import Verdict
from app.engine.exits import Exits
from tests.doubles.desk import Desk
from tests.doubles.loop import run_async
from tests.doubles.orders import ACCOUNT, CONNECTION, SPY, request

HERE = (CONNECTION, ACCOUNT, SPY.key)
START = 4
FRACTIONS = [Decimal("0.25"), Decimal("0.5"), Decimal("0.75"), Decimal(1)]
STEPS = st.one_of(
    st.tuples(st.just("close"), st.sampled_from(range(4))),
    st.tuples(st.just("flatten"), st.just(0)),
    st.tuples(st.just("fill"), st.integers(1, 4)),
    st.tuples(st.just("fill all"), st.just(0)),
    st.tuples(st.just("deliver"), st.sampled_from([1, 2, 9, 9])),
    st.tuples(st.just("fault"), st.integers(0, 5)),
    st.tuples(st.just("hold disk"), st.just(0)),
    st.tuples(st.just("release disk"), st.just(0)),
    st.tuples(st.just("wait"), st.just(0)),
    st.tuples(st.just("ask"), st.just(0)),
)
FAULTS = ["drop before", "drop after", "lost answer", "refuse", "not sent", "late fill"]


class Presses:
    """One run: the steps, and the position as the broker has it."""

    def __init__(self, sign: int, resting: int) -> None:
        self.sign = sign
        self.desk = Desk(poll_s=0.0)
        self.exits = Exits(
            self.desk.orders,
            self.desk.recorder,
            self.desk.positions,
            self.desk.connection,
            self.desk.clock,
            poll_s=0.0,
        )
        # What is held at the start is no fill of the venue: its own list would not know it.
        self.desk.venue.unreadable = {"positions": "not part of this test"}
        self.desk.positions.held[ACCOUNT, SPY.key] = Decimal(sign * START)
        self.resting = resting
        self.tasks: list[asyncio.Task[list[Verdict]]] = []

    def position(self) -> Decimal:
        """Units held at the broker, positive while the sign is as it was."""
        return (self.sign * START + self.desk.venue.position()) * self.sign

    async def play(self, steps: list[tuple[str, int]]) -> None:
        if self.resting:
            side = Side.SELL if self.sign > 0 else Side.BUY
            order = request(side=side, quantity=Decimal(self.resting))
            await self.desk.orders.submit([order])
        for step, value in steps:
            await self.step(step, value)
            assert self.position() >= 0, "the position was turned round"

    async def step(self, step: str, value: int) -> None:
        desk = self.desk
        if step == "close" and not self.resting:
            self.press(self.exits.close_position(*HERE, FRACTIONS[value]))
        elif step in ("close", "flatten"):
            self.press(self.exits.flatten(*HERE))
        elif step == "fill" and desk.venue.live():
            number = desk.venue.live()[value % len(desk.venue.live())]
            desk.venue.fill(number, min(Decimal(value), desk.venue.orders[number].leaves))
        elif step == "fill all":
            for number in desk.venue.live():
                desk.venue.fill(number)
        elif step == "deliver":
            said = desk.venue.outbox[:value]
            del desk.venue.outbox[:value]
            desk.orders.on_reports(CONNECTION, said)
        elif step == "fault":
            desk.venue.faults[FAULTS[value]] = 1
        elif step == "hold disk":
            desk.memory.is_held = True
        elif step == "release disk":
            desk.memory.is_held = False
            desk.memory.release()
        elif step == "wait":
            desk.clock.advance(4)
        elif not desk.memory.is_held:
            self.press(self.ask())
        await desk.settle()

    async def ask(self) -> list[Verdict]:
        await self.desk.reconciler.reconcile(CONNECTION)
        return []

    def press(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        self.tasks.append(asyncio.ensure_future(work))

    async def finish(self) -> None:
        """No more faults: once everything is heard, one Flatten leaves nothing."""
        self.desk.venue.faults.clear()
        for _ in range(6):
            for step in ("release disk", "wait", "ask"):
                await self.step(step, 0)
            await self.step("deliver", 99)
        await asyncio.gather(*self.tasks)
        last = asyncio.ensure_future(self.exits.flatten(*HERE))
        for _ in range(8):
            await self.desk.settle()
            await self.step("deliver", 99)
        verdicts = await last
        for number in self.desk.venue.live():
            if self.desk.venue.orders[number].report.order_type is OrderType.MARKET:
                self.desk.venue.fill(number)
        await self.step("deliver", 99)
        assert self.position() == 0, verdicts
        assert self.desk.book.open_orders() == []

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.exits.stop()
        await self.desk.stop()


@pytest.mark.no_cover  # twice as fast; other tests see every branch
@settings(max_examples=500)
@given(
    steps=st.lists(STEPS, max_size=30),
    sign=st.sampled_from([1, -1]),
    resting=st.sampled_from([0, 0, 2, 4]),
)
def test_exits_never_turn_a_position_round(
    steps: list[tuple[str, int]], sign: int, resting: int
) -> None:
    async def scenario() -> None:
        presses = Presses(sign, resting)
        try:
            await presses.play(steps)
            await presses.finish()
        finally:
            await presses.end()

    run_async(scenario())


def test_a_fill_behind_a_confirmed_cancel_is_not_closed_again() -> None:
    async def scenario() -> None:
        presses = Presses(1, 0)
        steps = [("flatten", 0), ("fault", 5), ("flatten", 0), ("deliver", 2), ("fill all", 0)]
        try:
            await presses.play(steps)
            await presses.finish()
        finally:
            await presses.end()

    run_async(scenario())

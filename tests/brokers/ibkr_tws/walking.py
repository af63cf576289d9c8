"""Walks the pages of the way to TWS as the wizard does: the work of a page, its answers kept."""

from __future__ import annotations

from typing import Any

from app.brokers.ibkr_tws.setup import TwsSetup
from app.brokers.setup import Check, CheckState, Progress, WorkResult


class Walk:
    """One run of the wizard's broker pages, without a window. Use it inside a loop."""

    def __init__(self, *, patience_s: float = 1.0, **answers: Any) -> None:
        self.setup = TwsSetup(dialog_patience_s=patience_s, data_patience_s=0.5)
        self.answers: dict[str, Any] = {"way": "tws", "host": "127.0.0.1", **answers}
        self.said: list[Progress] = []

    async def page(self, page_id: str) -> WorkResult:
        """Enter a page: do its work, keep what it found, take the first option there is."""
        result = await self.setup.work(page_id, dict(self.answers), self.said.append)
        self.answers |= result.answers
        can_be_had = [option.value for option in result.options if option.is_available]
        if can_be_had and self.answers.get(page_id) not in can_be_had:
            self.answers[page_id] = can_be_had[0]
        return result

    def problem(self, page_id: str) -> str | None:
        return self.setup.problem(page_id, self.answers)


def check(result: WorkResult, check_id: str) -> Check:
    """One line of the checklist that a page's work left."""
    return next(one for one in result.checks if one.id == check_id)


def states(result: WorkResult) -> dict[str, CheckState]:
    """The state of each line."""
    return {one.id: one.state for one in result.checks}

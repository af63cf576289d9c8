"""Steps with a verdict, a time and a detail: how selfcheck and `connections test` report."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from app.base.errors import MoorgateError
from app.cli.output import say, stop_talking

OK, FAILED, SKIPPED = "ok", "failed", "skipped"


class StepError(MoorgateError):
    """A step that does not hold; the text says what was seen."""


@dataclass
class Report:
    """Runs steps one after the other and says each as it ends; stops asking after a failure."""

    as_json: bool
    verdicts: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every step so far was ok."""
        return all(verdict == OK for verdict in self.verdicts)

    async def step(self, name: str, work: Callable[[], Awaitable[str]]) -> bool:
        """One step; `work` answers the detail or raises. Skipped once another one failed."""
        if not self.holds:
            self.add(name, SKIPPED, 0.0, "an earlier step failed")
            return False
        return await self.always(name, work)

    async def always(self, name: str, work: Callable[[], Awaitable[str]]) -> bool:
        """One step that is done whatever the others came to."""
        began = time.perf_counter()
        try:
            verdict, detail = OK, await work()
        except MoorgateError as error:
            verdict, detail = FAILED, str(error)
        except TimeoutError:
            verdict, detail = FAILED, "nothing happened in time"
        self.add(name, verdict, (time.perf_counter() - began) * 1000, detail)
        return verdict == OK

    def add(self, name: str, verdict: str, ms: float, detail: str) -> None:
        """Say one line."""
        self.verdicts.append(verdict)
        fields = {"name": name, "verdict": verdict, "ms": round(ms, 1), "detail": detail}
        text = f"{name:<12} {verdict:<8} {ms:8.0f} ms  {detail}"
        try:
            say(json.dumps(fields, ensure_ascii=False) if self.as_json else text)
        except BrokenPipeError:  # nobody reads on; what was begun is finished all the same
            stop_talking()

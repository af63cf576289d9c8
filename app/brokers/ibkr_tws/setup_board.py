"""A checklist while it is being worked through: which lines are ticked, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.brokers.setup import Check, CheckState, Progress


class Board:
    """The checks of one page; every change is told at once. One thread."""

    def __init__(
        self, checks: Sequence[Check], progress: Callable[[Progress], None], text: str
    ) -> None:
        self._checks = {check.id: check for check in checks}
        self._progress, self._text = progress, text
        self._tell()

    @property
    def checks(self) -> tuple[Check, ...]:
        """All of them in their order."""
        return tuple(self._checks.values())

    def doing(self, text: str) -> None:
        """What is being done now."""
        self._text = text
        self._tell()

    def passed(self, check: Check, finding: str) -> None:
        """It is as it must be."""
        self._set(check, CheckState.PASSED, finding)

    def warn(self, check: Check, finding: str) -> None:
        """It works with a limit, or no more could be found out."""
        self._set(check, CheckState.WARNING, finding)

    def failed(self, check: Check, finding: str) -> None:
        """It is not as it must be."""
        self._set(check, CheckState.FAILED, finding)

    def _set(self, check: Check, state: CheckState, finding: str) -> None:
        self._checks[check.id] = replace(check, state=state, finding=finding)
        self._tell()

    def _tell(self) -> None:
        self._progress(Progress(self._text, checks=self.checks))

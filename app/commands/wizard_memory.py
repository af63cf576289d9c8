"""What the wizard remembers of each page, and what the work of a page rested on. No Qt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.brokers.setup import (
    Answers,
    Check,
    Option,
    Page,
    PageKind,
    Progress,
    Trouble,
    WorkResult,
)
from app.commands.wizard_fields import values

_MISSING = object()


class Watched(Mapping[str, Any]):
    """Answers that note which of them were looked at; the worker's thread may read them."""

    def __init__(self, answers: Answers) -> None:
        self._answers = dict(answers)
        self._read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self._read.add(key)
        return self._answers[key]

    def __iter__(self) -> Iterator[str]:
        self._read.update(self._answers)
        return iter(self._answers)

    def __len__(self) -> int:
        self._read.update(self._answers)
        return len(self._answers)

    def needs(self, own: frozenset[str]) -> dict[str, Any]:
        """What was looked at, but for what the page itself asks for."""
        return {key: self._answers.get(key, _MISSING) for key in self._read - own}


def still_hold(needs: Mapping[str, Any], answers: Answers) -> bool:
    """Whether everything that was looked at is as it was."""
    return all(answers.get(key, _MISSING) == value for key, value in needs.items())


@dataclass
class Memory:
    """One page as it was left."""

    page: Page | None = None  # as it was when last entered
    entered: dict[str, Any] = field(default_factory=dict)  # by hand, and options chosen for him
    result: WorkResult | None = None
    progress: Progress | None = None
    failure: Trouble | None = None  # the work came to no end of its own
    needs: dict[str, Any] = field(default_factory=dict)

    @property
    def trouble(self) -> Trouble | None:
        """What stands in the way, as far as the work found out."""
        return self.failure or (self.result.trouble if self.result else None)

    def forget_work(self) -> None:
        """As if the work of the page had never been done."""
        self.result = self.progress = self.failure = None
        self.needs = {}

    @property
    def options(self) -> tuple[Option, ...]:
        """Those that were found, else those of the page."""
        for found in (self.progress, self.result):
            if found is not None and found.options:
                return found.options
        return self.page.options if self.page else ()

    @property
    def checks(self) -> tuple[Check, ...]:
        """Those that were found, else those of the page."""
        for found in (self.progress, self.result):
            if found is not None and found.checks:
                return found.checks
        return self.page.checks if self.page else ()

    def answers(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What this page adds to the answers; `given` stands below what was entered."""
        if self.page is None:
            return {}
        found = dict(self.result.answers) if self.result else {}
        known = {**given, **found, **self.entered}
        fields = values(self.page.fields, known)
        others = (own_keys(self) | found.keys()) - {one.name for one in self.page.fields}
        added = {key: known[key] for key in others if known.get(key) not in (None, "")}
        return {**added, **fields}


def own_keys(memory: Memory) -> frozenset[str]:
    """Every key of the answers that is asked for on this page."""
    page = memory.page
    if page is None:
        return frozenset()
    ticks = {f"{page.id}.{check.id}" for check in memory.checks}
    choice = {page.id} if page.kind in (PageKind.CHOICE, PageKind.SEARCH) else set()
    return frozenset({one.name for one in page.fields} | ticks | choice)

"""The port of a broker's own way into the wizard: what it asks, probes and finds out.

A `Setup` has no widgets and keeps nothing: commands.wizard walks its pages and keeps the answers,
ui.wizard draws them. Pages are data; `work` is what a page does when it is entered or tried again.
One object serves one run of the wizard. `work` runs in the wizard's own thread and loop (a
SelectorEventLoop that is set for the thread, as SDKs expect) and may be canceled at any await;
everything else is pure and runs in the GUI thread.

Answers are a flat mapping:

| key                    | value                                                              |
|------------------------|--------------------------------------------------------------------|
| page id                | `Option.value` that was chosen on a CHOICE or SEARCH page          |
| field name             | what was entered in a `SettingField` of any page                   |
| "<page id>.<check id>" | True where the trader ticked a check that no probe can tell        |
| anything else          | what `WorkResult.answers` added: found out, not entered            |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from app.brokers.base import SettingField
from app.domain.connection_config import ConnectionConfig

Answers = Mapping[str, Any]


class PageKind(Enum):
    """How a page is drawn."""

    CHOICE = "choice"  # one of `options`
    SEARCH = "search"  # `work` finds options; one is chosen, or `fields` are filled in by hand
    CHECKLIST = "checklist"  # `checks`, ticked by `work` or by hand
    FORM = "form"  # `fields`


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. One that is not available is shown with its `text` and cannot be chosen."""

    value: str
    title: str
    text: str = ""
    badge: str = ""  # a short word beside the title: PAPER, LIVE, not available
    is_available: bool = True


class CheckState(Enum):
    """What is known of one line of a checklist."""

    UNTESTED = "untested"
    BY_HAND = "by hand"  # no probe can tell: the trader ticks it
    PASSED = "passed"
    WARNING = "warning"  # works, with a limit that `finding` names
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One setting at the broker's end: where it is, how it must be, what a probe found."""

    id: str
    title: str
    path: str = ""  # the exact menu path
    text: str = ""  # how it must be, and why
    state: CheckState = CheckState.UNTESTED
    finding: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure with a page text of its own: what happened, and the next steps in order.

    A trouble that is not `is_blocking` is shown and may be passed over.
    """

    id: str
    title: str
    text: str
    steps: tuple[str, ...] = ()
    is_blocking: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `work` names what is done on entering it, empty where nothing is."""

    id: str
    title: str
    text: str
    kind: PageKind
    options: tuple[Option, ...] = ()
    fields: tuple[SettingField, ...] = ()
    checks: tuple[Check, ...] = ()
    work: str = ""  # "Looking for TWS and IB Gateway"


@dataclass(frozen=True, slots=True)
class WorkResult:
    """What the work of a page found: it replaces the page's options or checks where given.

    `answers` are merged into the answers, and into the fields on the page. `text` is one sentence
    for the page's result line.
    """

    options: tuple[Option, ...] = ()
    checks: tuple[Check, ...] = ()
    answers: Answers = field(default_factory=dict)
    trouble: Trouble | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work of a page is; options and checks are those known so far."""

    text: str
    options: tuple[Option, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """The connection that the answers make; `summary` lines go onto the last page."""

    environment: str  # "paper" or "live", from the account itself
    settings: Mapping[str, Any]
    suggested_id: str
    summary: tuple[tuple[str, str], ...] = ()  # (label, value)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    read_only: bool = False


class Setup(ABC):
    """One run of a broker's part of the wizard."""

    @abstractmethod
    def pages(self, answers: Answers) -> tuple[Page, ...]:
        """Every page on the way that these answers take, in order. Pure."""

    def problem(self, page_id: str, answers: Answers) -> str | None:
        """Why one may not go on from this page yet, None when one may. Pure."""
        return None

    async def work(
        self, page_id: str, answers: Answers, progress: Callable[[Progress], None]
    ) -> WorkResult:
        """What this page does when it is entered; never raises for what a broker may do wrong.

        Called for pages that name a `work` only.
        """
        return WorkResult()

    @abstractmethod
    def draft(self, answers: Answers) -> Draft:
        """The connection that complete answers make. Pure."""

    @abstractmethod
    def answers(self, config: ConnectionConfig) -> dict[str, Any]:
        """The answers that would have made `config`, for changing a connection. Pure."""

"""What the wizard shows: plain values, made anew after every change. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from app.brokers.setup import Check, Option, Page, Trouble


class Kind(Enum):
    """How a page is drawn: the kinds of the port, and the wizard's own last three."""

    CHOICE = "choice"
    SEARCH = "search"
    CHECKLIST = "checklist"
    FORM = "form"
    LIMITS = "limits"
    NAME = "name"
    FINISH = "finish"


class StepState(Enum):
    """Where a step lies on the way."""

    DONE = "done"
    CURRENT = "current"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the list at the left."""

    id: str
    title: str
    state: StepState


@dataclass(frozen=True, slots=True)
class NameEntry:
    """The page that names the connection. `is_fixed`: it exists already under this id."""

    id: str
    autoconnect: bool = True
    read_only: bool = False
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class LimitsEntry:
    """The page of risk limits as entered: (is on, text) for each rule, and banned symbols."""

    rules: Mapping[str, tuple[bool, str]]
    banned: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The last page: everything that will be saved, in words."""

    environment: str
    lines: tuple[tuple[str, str], ...]
    limits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class View:
    """One page as it stands. `problem` is why one may not go on, None when one may.

    `chosen` is the value of the option, `values` what stands in the fields, `ticks` the checks
    that were ticked by hand.
    """

    id: str
    title: str
    text: str
    kind: Kind
    page: Page | None = None
    options: tuple[Option, ...] = ()
    checks: tuple[Check, ...] = ()
    chosen: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    ticks: frozenset[str] = frozenset()
    is_working: bool = False
    progress: str = ""
    found: str = ""
    trouble: Trouble | None = None
    problem: str | None = None
    can_retry: bool = False
    name: NameEntry | None = None
    limits: LimitsEntry | None = None
    summary: Summary | None = None

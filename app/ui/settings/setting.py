"""One setting as a page shows it: where it stands, how it is called, what it does. No widgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.store.settings import Settings
from app.store.settings_fields import SECTIONS, Field


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked once before a setting changes; `accept` names the deed."""

    title: str
    text: str
    accept: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. Kind, limits and default come from the store's schema and stand nowhere else.

    `words` says what the choices mean, `unit` stands behind a number, `question` answers what is
    to be asked before this value holds, None where it may hold at once.
    """

    section: str
    key: str
    title: str
    help: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    question: Callable[[Any], Question | None] | None = None

    @property
    def id(self) -> str:
        """`section.key`, as an error message of the file has it."""
        return f"{self.section}.{self.key}"

    @property
    def schema(self) -> Field:
        """Its kind and limits."""
        return SECTIONS[self.section][self.key]

    @property
    def default(self) -> Any:
        """What a first start has."""
        return self.schema.default

    def held(self, settings: Settings) -> Any:
        """What these settings say."""
        return getattr(getattr(settings, self.section), self.key)

    def text(self, value: Any) -> str:
        """A value in words."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, tuple):
            return ", ".join(map(str, value)) or "none"
        if isinstance(value, str):
            return self.words.get(value, value)
        return f"{value:g}{self.unit}" if isinstance(value, float) else f"{value}{self.unit}"


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that stand together below one heading."""

    title: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """Something that the search finds on a page: the row it leads to, its title and more words."""

    row: str
    title: str
    text: str = ""


def terms(groups: Sequence[Group]) -> list[Term]:
    """What the search may find of these groups."""
    return [
        Term(one.id, one.title, " ".join((group.title, one.help, one.key, *one.words.values())))
        for group in groups
        for one in group.settings
    ]

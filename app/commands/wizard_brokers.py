"""The wizard's first questions: which broker, and through which of its ways. No Qt."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import cast

from app.base.errors import UserError
from app.brokers import registry
from app.brokers.base import BrokerInfo
from app.brokers.setup import (
    Answers,
    Draft,
    Option,
    Page,
    PageKind,
    Progress,
    Setup,
    WorkResult,
)
from app.commands.wizard_plain import PlainSetup
from app.domain.connection_config import ConnectionConfig

FAMILY, MEMBER = "wizard-family", "wizard-member"


def known_brokers() -> list[BrokerInfo]:
    """Every broker of the registry."""
    return [registry.broker_info(broker_id) for broker_id in registry.broker_ids()]


def family_of(info: BrokerInfo) -> str:
    """The name under which the first page lists it."""
    return info.family or info.title


def load_setup(info: BrokerInfo) -> Setup:
    """The broker's own pages, or a plain form where it has none. Raises UserError."""
    if not info.setup:
        return PlainSetup(info)
    module_name, class_name = info.setup.split(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UserError(missing_text(info, error)) from error
    return cast(Setup, getattr(module, class_name)())


def missing_text(info: BrokerInfo, error: ModuleNotFoundError) -> str:
    """What to install, in words."""
    if not info.extra or (error.name or "").startswith("app."):
        return f"{info.title} cannot be used in this installation: {error}"
    return f"Needs the package {error.name}: run pip install 'moorgate[{info.extra}]'"


def trouble_with(info: BrokerInfo) -> str:
    """Why a broker's software cannot be used here, empty when it can. Imports it: may take long.

    Call it in a thread that has an event loop set, which some SDKs ask for.
    """
    try:
        importlib.import_module(info.adapter.split(":")[0])
    except ModuleNotFoundError as error:
        return missing_text(info, error)
    except UserError as error:
        return str(error)
    return ""


class BrokerChoice(Setup):
    """One line for each family; a second page where a family has several ways."""

    def __init__(
        self,
        brokers: Sequence[BrokerInfo],
        trouble: Callable[[BrokerInfo], str] = trouble_with,
    ) -> None:
        self._brokers, self._trouble = tuple(brokers), trouble

    def chosen(self, answers: Answers) -> BrokerInfo | None:
        """The broker that these answers name, None while there is none."""
        members = self._members(answers.get(FAMILY))
        if len(members) == 1:
            return members[0]
        return next((info for info in members if info.id == answers.get(MEMBER)), None)

    def pages(self, answers: Answers) -> tuple[Page, ...]:
        first = Page(
            FAMILY,
            "Broker",
            "Which account do you want to connect?",
            PageKind.CHOICE,
            options=tuple(self._family(name, {}) for name in self._families()),
            work="Looking at what is installed",
        )
        members = self._members(answers.get(FAMILY))
        if len(members) < 2:
            return (first,)
        second = Page(
            MEMBER,
            "Way",
            f"How does this computer reach {answers[FAMILY]}?",
            PageKind.CHOICE,
            options=tuple(Option(info.id, info.title, info.summary) for info in members),
        )
        return (first, second)

    async def work(
        self, page_id: str, answers: Answers, progress: Callable[[Progress], None]
    ) -> WorkResult:
        troubles = {info.id: self._trouble(info) for info in self._brokers}
        return WorkResult(tuple(self._family(name, troubles) for name in self._families()))

    def draft(self, answers: Answers) -> Draft:
        raise UserError("no connection is made of a broker's name alone")

    def answers(self, config: ConnectionConfig) -> dict[str, str]:
        info = registry.broker_info(config.broker)
        return {FAMILY: family_of(info), MEMBER: info.id}

    def _families(self) -> list[str]:
        return list(dict.fromkeys(family_of(info) for info in self._brokers))

    def _members(self, family: object) -> list[BrokerInfo]:
        return [info for info in self._brokers if family_of(info) == family]

    def _family(self, name: str, troubles: dict[str, str]) -> Option:
        members = self._members(name)
        found = [troubles.get(info.id, "") for info in members]
        text = members[0].summary if len(members) == 1 else " · ".join(m.title for m in members)
        if not all(found):
            return Option(name, name, text)
        return Option(name, name, found[0], "NOT INSTALLED", is_available=False)

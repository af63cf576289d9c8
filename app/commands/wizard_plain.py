"""Pages for a broker that brings none of its own: its settings as they stand in the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.brokers.base import BrokerInfo, SettingField
from app.brokers.setup import Answers, Draft, Option, Page, PageKind, Progress, Setup, WorkResult
from app.commands.wizard_fields import shown
from app.domain.connection_config import ConnectionConfig

ENVIRONMENT, SETTINGS = "environment", "settings"
_TEXTS = {
    "paper": ("Paper", "Simulated money: nothing you do here reaches a market"),
    "live": ("Live", "Real money: every order reaches the market"),
}


class PlainSetup(Setup):
    """Asks for paper or live where there is a choice, then for every setting and secret."""

    def __init__(self, info: BrokerInfo) -> None:
        self._info = info

    def pages(self, answers: Answers) -> tuple[Page, ...]:
        form = Page(
            SETTINGS,
            "Settings",
            f"What {self._info.title} needs to know. The defaults are fine to begin with.",
            PageKind.FORM,
            fields=self._info.settings,
        )
        if len(self._info.environments) < 2:
            return (form,)
        options = tuple(
            Option(name, *_TEXTS.get(name, (name, "")), badge=name.upper())
            for name in self._info.environments
        )
        text = f"Which kind of account at {self._info.title}?"
        return (Page(ENVIRONMENT, "Account", text, PageKind.CHOICE, options=options), form)

    async def work(
        self, page_id: str, answers: Answers, progress: Callable[[Progress], None]
    ) -> WorkResult:
        return WorkResult()

    def draft(self, answers: Answers) -> Draft:
        environments = self._info.environments
        environment = answers.get(ENVIRONMENT, environments[0])
        fields = self._info.settings
        values = {field.name: answers.get(field.name, field.default) for field in fields}
        return Draft(
            environment,
            {field.name: values[field.name] for field in fields if not field.secret},
            suggested_id=self._info.id
            if len(environments) < 2
            else f"{self._info.id}-{environment}",
            summary=tuple(
                _line(field, values[field.name])
                for field in fields
                if not field.secret and values[field.name] != field.default
            ),
            secrets={
                field.name: str(values[field.name])
                for field in fields
                if field.secret and values[field.name]
            },
        )

    def answers(self, config: ConnectionConfig) -> dict[str, Any]:
        return {ENVIRONMENT: config.environment, **config.settings}


def _line(field: SettingField, value: Any) -> tuple[str, str]:
    return field.title, shown(value)

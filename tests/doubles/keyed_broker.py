"""A broker that needs secrets: the paper account behind an API key. For the tests of the vault.

`install(monkeypatch)` puts it into the registry as "keyed", beside the real ones; it is reached as
they are, from settings.toml to its own thread.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.brokers import registry
from app.brokers.base import SettingField
from app.brokers.paper import INFO as PAPER
from app.brokers.paper.adapter import PaperBroker

BROKER = "keyed"
READ: list[tuple[str, str]] = []


class KeyedBroker(PaperBroker):
    """Asks for its secrets when it connects, in the connection's own thread."""

    async def connect(self) -> None:
        READ.extend((field, self.context.secret(field)) for field in ("api_key", "api_secret"))
        await super().connect()


INFO = replace(
    PAPER,
    id=BROKER,
    title="Keyed broker",
    adapter=f"{__name__}:KeyedBroker",
    settings=(
        *PAPER.settings,
        SettingField("api_key", "text", "", "API key", secret=True),
        SettingField("api_secret", "text", "", "API secret", secret=True),
    ),
)
CONNECTION = """\
[[connection]]
id = "alpha-paper"
broker = "keyed"
environment = "paper"
autoconnect = {autoconnect}
"""


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the registry know it until the end of the test."""
    monkeypatch.setitem(registry.MODULES, BROKER, __name__)
    registry.broker_info.cache_clear()
    READ.clear()

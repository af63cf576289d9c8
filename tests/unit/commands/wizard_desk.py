"""A wizard on a scripted broker, driven without a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.brokers.base import BrokerInfo
from app.brokers.setup import Setup
from app.commands.wizard import Wizard
from app.commands.wizard_brokers import BrokerChoice
from app.commands.wizard_ending import Ending
from app.commands.wizard_plain import PlainSetup
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from tests.doubles.loop import until
from tests.doubles.scripted_setup import INFO, Script, ScriptedSetup, usual_script

OTHER = replace(INFO, id="other", title="Plain broker", family="", summary="")
STORED = ConnectionConfig(
    ConnectionId("old"),
    INFO.id,
    "paper",
    {
        "host": "10.0.0.7",
        "port": 7497,
        "client_id": 5,
        "market_data": "delayed",
        "heartbeat_s": 4.0,
    },
    autoconnect=False,
)


class WizardDesk:
    """The wizard, its script, and how often it has said that something changed."""

    def __init__(
        self,
        script: Script | None = None,
        editing: ConnectionConfig | None = None,
        *,
        taken: tuple[str, ...] = ("old",),
        trouble: Callable[[BrokerInfo], str] = lambda _: "",
        on_record: tuple[str, ...] = (),
    ) -> None:
        self.script = script or usual_script()
        self.setups: list[Setup] = []
        brokers = [INFO, OTHER]
        self.ending = Ending(taken, lambda name: name in on_record, editing)
        choice = BrokerChoice(brokers, trouble)
        self.wizard = Wizard(brokers, self.ending, editing, choice=choice, load=self._load)
        self.changes = 0
        self.wizard.on_change = self._note

    def _load(self, info: BrokerInfo) -> Setup:
        setup = ScriptedSetup(self.script) if info.id == INFO.id else PlainSetup(info)
        self.setups.append(setup)
        return setup

    def _note(self) -> None:
        self.changes += 1

    async def idle(self) -> None:
        """Until the page has done its work."""
        await self.until(lambda: not self.wizard.view().is_working)

    async def until(self, holds: Callable[[], object]) -> None:
        await until(holds)

    async def begin(self) -> Wizard:
        """The first page, its work done."""
        self.wizard.start()
        await self.idle()
        return self.wizard

    async def on(self, times: int = 1) -> Any:
        """Next, so many times; ticks what must be ticked. The view that is shown then."""
        for _ in range(times):
            if self.wizard.current == "checks":
                self.wizard.tick("restart", True)
            assert self.wizard.next(), self.wizard.problem()
            await self.idle()
        return self.wizard.view()

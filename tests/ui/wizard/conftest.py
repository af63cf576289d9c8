"""The whole program with a wizard on a scripted broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.brokers import registry
from app.commands.wizard import Wizard
from app.commands.wizard_brokers import BrokerChoice
from app.commands.wizard_ending import Ending
from app.commands.wizard_plain import PlainSetup
from tests.doubles.scripted_setup import INFO, Script, ScriptedSetup, usual_script
from tests.ui.shell.conftest import Driver, driver, start
from tests.ui.wizard.pages import Pages

__all__ = ["driver", "start"]


@pytest.fixture
def script() -> Script:
    return usual_script()


@pytest.fixture
def scripted(script: Script) -> Callable[[], Wizard]:
    """Makes a wizard on the scripted broker and on the paper broker's plain form."""

    def make() -> Wizard:
        brokers = [INFO, registry.broker_info("paper")]
        return Wizard(
            brokers,
            Ending({"paper"}),
            choice=BrokerChoice(brokers, lambda _: ""),
            load=lambda info: ScriptedSetup(script) if info is INFO else PlainSetup(info),
        )

    return make


@pytest.fixture
def pages(driver: Driver, scripted: Callable[[], Wizard]) -> Pages:
    """That wizard, opened."""
    return Pages(driver, scripted)

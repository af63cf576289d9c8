"""A broker's part of the wizard whose probes find what the test says, when the test says so.

It implements brokers.setup.Setup for real: program, checklist, account, fields. Its work waits
for `release()` where the test has called `hold()`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.brokers.base import BrokerInfo, SettingField
from app.brokers.setup import (
    Answers,
    Check,
    CheckState,
    Draft,
    Option,
    Page,
    PageKind,
    Progress,
    Setup,
    Trouble,
    WorkResult,
)
from app.domain.capabilities import Capabilities
from app.domain.connection_config import ConnectionConfig

PROGRAM, CHECKS, CLIENT, DATA = "program", "checks", "client", "data"
HOST = SettingField("host", "text", "127.0.0.1", "Host", "where the program runs")
PORT = SettingField("port", "int", 7497, "Port", "its socket port", minimum=1, maximum=65535)
CLIENT_ID = SettingField("client_id", "int", 17, "Client id", "a number of our own", minimum=0)
TOKEN = SettingField("token", "text", "", "Access token", "from the broker's site", secret=True)
MARKET_DATA = SettingField(
    "market_data", "choice", "live", "Market data", choices=("live", "delayed")
)
EXTRA = SettingField("heartbeat_s", "float", 5.0, "Heartbeat", "which is not asked about")
PAPER_PORT = Option("7497", "Terminal 1.2", "on port 7497, logged in to DU1234567", "PAPER")
LIVE_PORT = Option("7496", "Terminal 1.2", "on port 7496, logged in to U7654321", "LIVE")
NO_PROGRAM = Trouble(
    "nothing-listening",
    "No program is listening",
    "Nothing answers on the ports that the program uses.",
    ("Start the program and log in.", "Press Try again."),
)
ALL_FOUND = WorkResult((LIVE_PORT, PAPER_PORT), text="2 programs found")
CHECKS_LISTED = (
    Check("api", "Enable socket clients", "Settings > API > Sockets", "so that we are let in"),
    Check("read", "Read-only off", "Settings > API > Read-Only", "so that orders go out"),
    Check("restart", "Auto restart", "Settings > Restart", "so that it stays up at night",
          CheckState.BY_HAND),
)  # fmt: skip
CHECKS_MADE = (
    Check("api", "Enable socket clients", "Settings > API > Sockets", "", CheckState.PASSED,
          "it lets us in"),
    Check("read", "Read-only off", "Settings > API > Read-Only", "", CheckState.WARNING,
          "orders are refused while it is on"),
    CHECKS_LISTED[2],
)  # fmt: skip
INFO = BrokerInfo(
    id="ibkr-tws",  # so that the settings file knows its fields
    title="Scripted broker",
    adapter="tests.doubles.broker:VenueBroker",
    environments=("paper", "live"),
    settings=(HOST, PORT, CLIENT_ID, TOKEN, MARKET_DATA, EXTRA),
    capabilities=Capabilities(),
    family="Scripted family",
    summary="Through its own terminal",
)


@dataclass
class Script:
    """What the probes find; `asked` and `seen` are what they were asked, in order."""

    results: dict[str, list[WorkResult | Exception]] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    canceled: int = 0
    is_held: bool = False

    def hold(self) -> None:
        """From now on work goes on only until its first await."""
        self.is_held = True

    def release(self) -> None:
        """Let what is held go on."""
        self.is_held = False

    def next_result(self, page_id: str) -> WorkResult:
        """The next one in the list; the last one stays."""
        found = self.results.get(page_id, [WorkResult()])
        result = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(result, Exception):
            raise result
        return result


def usual_script() -> Script:
    """Everything is found and fine."""
    return Script(
        {
            PROGRAM: [ALL_FOUND],
            CHECKS: [WorkResult(checks=CHECKS_MADE, text="2 of 2 tested")],
            CLIENT: [WorkResult(answers={"client_id": 18, "account": "DU1234567"}, text="18")],
        }
    )


class ScriptedSetup(Setup):
    """Four pages: a search, a checklist, a form with a probe, a form without one."""

    def __init__(self, script: Script) -> None:
        self.script = script

    def pages(self, answers: Answers) -> tuple[Page, ...]:
        program = Page(
            PROGRAM, "Program", "Which program is it?", PageKind.SEARCH, fields=(HOST, PORT),
            work="Looking for programs",
        )  # fmt: skip
        checks = Page(
            CHECKS, "Settings", "Make these settings there.", PageKind.CHECKLIST,
            checks=CHECKS_LISTED, work="Testing the settings",
        )  # fmt: skip
        client = Page(
            CLIENT, "Client id", "A number of our own.", PageKind.FORM, fields=(CLIENT_ID,),
            work="Looking for a free number",
        )  # fmt: skip
        data = Page(DATA, "Data", "What to stream.", PageKind.FORM, fields=(TOKEN, MARKET_DATA))
        if answers.get(PROGRAM) == LIVE_PORT.value:
            return (program, checks, client)
        return (program, checks, client, data)

    def problem(self, page_id: str, answers: Answers) -> str | None:
        if page_id == CHECKS and not answers.get("checks.restart"):
            return "Tick Auto restart when it is set"
        return None

    async def work(
        self, page_id: str, answers: Answers, progress: Callable[[Progress], None]
    ) -> WorkResult:
        script = self.script
        script.asked.append(page_id)
        script.threads.add(threading.get_ident())
        script.seen.append(_looked_at(page_id, answers))
        if page_id in script.progress:
            progress(script.progress[page_id])
        try:
            while script.is_held:  # noqa: ASYNC110 - released by another thread
                await asyncio.sleep(0.002)
        except asyncio.CancelledError:
            script.canceled += 1
            raise
        return script.next_result(page_id)

    def draft(self, answers: Answers) -> Draft:
        port = int(answers.get(PROGRAM) or answers["port"])
        environment = "live" if port == 7496 else "paper"
        return Draft(
            environment,
            {
                "host": answers["host"],
                "port": port,
                "client_id": answers["client_id"],
                "market_data": answers.get("market_data", "live"),
            },
            suggested_id=f"scripted-{environment}",
            summary=(("Program", f"port {port}"), ("Account", str(answers.get("account")))),
            secrets={"token": answers["token"]} if answers.get("token") else {},
            read_only="read" in answers,
        )

    def answers(self, config: ConnectionConfig) -> dict[str, Any]:
        port = str(config.settings["port"])
        return {PROGRAM: port, "checks.restart": True, **config.settings}


def _looked_at(page_id: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What the probe of a page looks at, and nothing else."""
    keys = {PROGRAM: ("host", "port"), CHECKS: (PROGRAM,), CLIENT: (PROGRAM, "client_id")}
    return {key: answers.get(key) for key in keys.get(page_id, ())}

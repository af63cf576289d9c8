"""`moorgate connections`: list, test and remove what settings.toml holds."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from app.base.clock import SystemClock
from app.base.errors import MoorgateError, UserError
from app.base.paths import Paths, resources_dir
from app.bootstrap import open_settings
from app.brokers import registry
from app.brokers.base import ConnectionConfig
from app.brokers.runner import BrokerRunner
from app.cli.output import Exit, Row, as_json, complain, say, table
from app.cli.process import open_home
from app.cli.steps import FAILED, OK, Report, StepError
from app.commands.secrets import wanted_secrets
from app.domain.reports import Known, Snapshot
from app.store.settings import Settings
from app.store.vault import Vault

COLUMNS = ["id", "broker", "environment", "autoconnect", "read_only"]
CONNECT_TIMEOUT_S, SNAPSHOT_TIMEOUT_S, STOP_TIMEOUT_S = 30.0, 30.0, 5.0


def list_connections(arguments: argparse.Namespace) -> int:
    """What settings.toml holds."""
    settings = open_settings(open_home(arguments.home)).load()
    rows = [_row(config) for config in settings.connections]
    if arguments.json:
        sys.stdout.write(as_json(rows))
    elif rows:
        say(table(rows, COLUMNS))
    else:
        say("no connections yet")
    return Exit.OK


def remove_connection(arguments: argparse.Namespace) -> int:
    """Take one out of settings.toml, and its secrets; what the journal knows of it stays."""
    paths = open_home(arguments.home)
    store = open_settings(paths)
    config = find(store.load(), arguments.id)
    if not arguments.yes and not _is_sure(config):
        complain(f"{config.id} was not removed; say --yes to remove it without being asked")
        return Exit.USAGE
    store.remove_connection(config.id)
    say(f"removed {config.id}; its orders and executions stay in the journal")
    return _forget_secrets(config, Vault(paths, os.environ))


def _forget_secrets(config: ConnectionConfig, vault: Vault) -> Exit:
    try:
        gone = vault.delete_all(config.id, (field for _, field in wanted_secrets([config])))
    except MoorgateError as error:
        complain(f"its secrets are still kept: {error}. Then use moorgate secrets delete")
        return Exit.FAILED
    if gone:
        say(f"deleted its secrets: {', '.join(gone)}")
    return Exit.OK


def test_connection(arguments: argparse.Namespace) -> int:
    """Connect once and read everything; sends no order."""
    paths = open_home(arguments.home)
    config = find(open_settings(paths).load(), arguments.id)
    report, vault = Report(arguments.json), Vault(paths, os.environ)
    if _is_embedded(config):
        # The window may be trading on its state this very moment.
        with tempfile.TemporaryDirectory(prefix="moorgate-test-") as folder:
            return asyncio.run(_test(config, Path(folder), vault, report))
    return asyncio.run(_test(config, _data_dir(paths, config), vault, report))


def find(settings: Settings, connection_id: str) -> ConnectionConfig:
    """The connection with this id. Raises UserError that names those there are."""
    for config in settings.connections:
        if config.id == connection_id:
            return config
    known = ", ".join(config.id for config in settings.connections) or "none"
    raise UserError(f"there is no connection {connection_id!r}; known are: {known}")


async def _test(config: ConnectionConfig, data_dir: Path, vault: Vault, report: Report) -> int:
    runner = BrokerRunner(
        config,
        loop=asyncio.get_running_loop(),
        on_reports=lambda _: None,
        on_failure=lambda _: None,
        clock=SystemClock(),
        data_dir=data_dir,
        resources=resources_dir(),
        secret=partial(vault.read, config.id),
    )

    async def connect() -> str:
        await runner.start(CONNECT_TIMEOUT_S)
        return f"{registry.broker_info(config.broker).title} answers"

    try:
        if not await report.step("connect", connect):
            return Exit.NO_CONNECTION
        snapshot = await runner.call(lambda broker: broker.snapshot(), SNAPSHOT_TIMEOUT_S)
        _tell(config, snapshot, report)
        return Exit.OK if report.holds else Exit.FAILED
    finally:
        await runner.stop(STOP_TIMEOUT_S)


def _tell(config: ConnectionConfig, snapshot: Snapshot, report: Report) -> None:
    parts: dict[str, tuple[Any, Callable[[Any], str]]] = {
        "accounts": (snapshot.accounts, lambda accounts: _accounts_detail(config, accounts)),
        "orders": (snapshot.orders, lambda found: f"{_open(found)} open of {len(found)} listed"),
        "executions": (snapshot.executions, lambda found: f"{len(found)} listed"),
        "positions": (snapshot.positions, lambda found: f"{len(found)} held"),
    }
    for name, (part, detail) in parts.items():
        if not isinstance(part, Known):
            report.add(name, FAILED, 0.0, f"could not be read: {part.reason}")
            continue
        try:
            report.add(name, OK, 0.0, detail(part.value))
        except StepError as error:
            report.add(name, FAILED, 0.0, str(error))


def _accounts_detail(config: ConnectionConfig, accounts: Any) -> str:
    expects_paper = config.environment == "paper"
    wrong = [a.account_id for a in accounts if a.is_paper is not expects_paper]
    if wrong:
        word = "live" if expects_paper else "paper"
        raise StepError(
            f"the settings say {config.environment}, but {', '.join(wrong)} is a {word} account"
        )
    return ", ".join(f"{a.account_id} ({config.environment})" for a in accounts) or "none"


def _open(orders: Any) -> int:
    return sum(1 for order in orders if order.status.is_open)


def _is_embedded(config: ConnectionConfig) -> bool:
    return registry.broker_info(config.broker).capabilities.faults


def _data_dir(paths: Paths, config: ConnectionConfig) -> Path:
    folder = paths.broker_dir(config.id)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _row(config: ConnectionConfig) -> Row:
    return {
        "id": config.id,
        "broker": config.broker,
        "environment": config.environment,
        "autoconnect": "yes" if config.autoconnect else "no",
        "read_only": "yes" if config.read_only else "no",
    }


def _is_sure(config: ConnectionConfig) -> bool:
    if not sys.stdin.isatty():
        return False
    answer = input(f"Remove {config.id} ({config.broker}, {config.environment})? [y/N] ")
    return answer.strip().lower() in ("y", "yes")

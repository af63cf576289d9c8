"""`moorgate selfcheck`: the trial on a paper connection, beside an open window or without one."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import replace

from app.base.errors import UserError
from app.base.paths import Paths, resolve_home
from app.bootstrap import Services, build, open_settings
from app.brokers import registry
from app.brokers.base import ConnectionConfig
from app.cli.connections import find
from app.cli.output import Exit
from app.cli.process import open_home
from app.cli.steps import Report
from app.cli.trial import Trial
from app.store.settings import Settings


def run_selfcheck(arguments: argparse.Namespace) -> int:
    """Exit 0 only if every step holds; 3 without a connection. Raises UserError on a live one.

    The embedded paper broker is tried in a home of its own, which disturbs nobody. Another
    broker's connection needs the real home, because nobody else may use its session meanwhile:
    StoreError tells that a window is open there.
    """
    paths = open_home(arguments.home)
    settings = open_settings(paths).load()
    config = _chosen(settings, arguments.connection)
    report = Report(arguments.json)
    if config is not None and not registry.broker_info(config.broker).capabilities.faults:
        return _run(paths, settings, config, arguments.symbol, report)
    with tempfile.TemporaryDirectory(prefix="moorgate-selfcheck-") as folder:
        aside = resolve_home(folder, {})
        if config is None:
            settings = open_settings(aside).load()
            config = _first_paper(settings)
            assert config is not None, "a fresh home has a paper connection"
        return _run(aside, settings, config, arguments.symbol, report)


def _chosen(settings: Settings, connection_id: str | None) -> ConnectionConfig | None:
    if connection_id is None:
        return _first_paper(settings)
    config = find(settings, connection_id)
    if config.environment != "paper":
        raise UserError(
            f"{config.id} is a {config.environment} connection; the self-check sends orders and"
            " runs on paper connections only"
        )
    return config


def _first_paper(settings: Settings) -> ConnectionConfig | None:
    return next((c for c in settings.connections if c.environment == "paper"), None)


def _run(
    paths: Paths, settings: Settings, config: ConnectionConfig, symbol: str | None, report: Report
) -> int:
    alone = replace(settings, connections=(config,))
    services = build(paths, lambda _: alone)
    try:
        return asyncio.run(_trade(services, config, symbol, report))
    finally:
        services.close()


async def _trade(
    services: Services, config: ConnectionConfig, symbol: str | None, report: Report
) -> int:
    engine = services.engine
    try:
        await engine.start(autoconnect=False)
        trial = Trial(engine, config.id, symbol, report)
        if await trial.run():
            return Exit.OK
        return Exit.FAILED if trial.is_connected else Exit.NO_CONNECTION
    finally:
        await engine.stop()

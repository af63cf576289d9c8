"""Making the source that the settings, or the trader since, have chosen; and remembering it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.base.clock import Clock
from app.base.errors import UserError
from app.brokers.paper.config import PaperConfig
from app.brokers.paper.manifest import open_market
from app.brokers.paper.replay import FASTEST, SLOWEST, Replay, Transport
from app.brokers.paper.store import PaperStore
from app.brokers.paper.synthetic import Synthetic

SAMPLE = Path("replay", "manifest.toml")
_STATE = "replay"


@dataclass(frozen=True, slots=True)
class Opened:
    """A source, the file it plays (None: the sample or no file), and what went wrong before it."""

    source: Replay | Synthetic
    path: Path | None
    warning: str = ""


class MarketSources:
    """Opens sources; everything slow happens in a thread. Belongs to the adapter's loop."""

    def __init__(
        self, config: PaperConfig, store: PaperStore, resources: Path, clock: Clock
    ) -> None:
        self._config, self._store = config, store
        self._resources, self._clock = resources, clock

    async def first(self) -> Opened:
        """What was played last, where it stood; else what the settings name. Raises UserError."""
        known = self._remembered()
        path = Path(known["path"]) if known.get("path") else None
        if path is not None:
            try:
                return Opened(await self._replay(path, _transport(known, self._config)), path)
            except UserError as error:
                warning = f"What was replayed last cannot be opened any more: {error}"
                opened = await self.configured({})
                return Opened(opened.source, opened.path, warning)
        return await self.configured(known)

    async def configured(self, known: dict[str, Any] | None = None) -> Opened:
        """What the settings name, at its begin or where `known` says. Raises UserError."""
        config = self._config
        if config.source == "synthetic":
            now_s = lambda: self._clock.now().timestamp()  # noqa: E731 - one expression, used once
            made = await asyncio.to_thread(
                Synthetic, config.instruments, config.quotes_per_second, config.seed, now_s
            )
            return Opened(made, None)
        path = config.file if config.source == "file" else self._resources / SAMPLE
        assert path is not None  # read_config refuses source "file" without one
        return Opened(await self._replay(path, _transport(known or {}, config)), None)

    async def file(self, name: str) -> Opened:
        """A file the trader picked, from its begin. Raises UserError; nothing changes then."""
        path = Path(os.path.abspath(os.path.expanduser(name)))  # noqa: ASYNC240 - no disk is touched
        return Opened(await self._replay(path, _transport({}, self._config)), path)

    def remember(self, opened: Opened) -> None:
        """Keep what is played and where it stands. Raises StoreError."""
        if isinstance(opened.source, Replay):
            value = {
                "settings": self._fingerprint(),
                "path": "" if opened.path is None else str(opened.path),
                **asdict(opened.source.transport),
            }
            self._store.put_state(_STATE, value)

    def _remembered(self) -> dict[str, Any]:
        """What was kept, unless the settings have been changed since."""
        known = self._store.get_state(_STATE)
        if not isinstance(known, dict) or known.get("settings") != self._fingerprint():
            return {}
        return known

    def _fingerprint(self) -> list[Any]:
        config = self._config
        return [config.source_name, config.speed, config.loop, config.skip_gaps, config.seed]

    async def _replay(self, path: Path, transport: Transport) -> Replay:
        return await asyncio.to_thread(self._build, path, transport)

    def _build(self, path: Path, transport: Transport) -> Replay:
        config = self._config
        market = open_market(path, config.file_zone, config.currency)
        return Replay(market, transport, seed=config.seed, skip_gaps=config.skip_gaps)


def _transport(known: dict[str, Any], config: PaperConfig) -> Transport:
    speed = float(known.get("speed", config.speed))
    return Transport(
        position_s=float(known.get("position_s", 0.0)),
        speed=min(max(speed, SLOWEST), FASTEST),
        paused=bool(known.get("paused", False)),
        loop=bool(known.get("loop", config.loop)),
    )

"""A market as calm as a test needs it: quotes that stand still, so every order has one outcome.

Two instruments, ACME and BETA. Before the replay begins their prices have moved, so charts have a
shape; from then on a quote comes twice a second and never changes: bid 99.98, ask 100.02.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

BID, ASK, MIDDLE = "99.98", "100.02", 100.0
SYMBOLS = ("ACME", "BETA")
BEGIN = datetime(2025, 6, 2, 14, 30, tzinfo=UTC)
_HISTORY_S, _HISTORY_STEP_S = 4 * 3600, 20
_CALM_S, _CALM_STEP_S = 1800, 0.5
_HEADER = "timestamp,bid,ask,bid_size,ask_size,price,size"
_TAPE = """
[[tape]]
file = "{symbol}.csv"
begin = {begin}

[tape.instrument]
symbol = "{symbol}"
asset_class = "equity"
currency = "USD"
description = "{symbol} Corporation"
tick_size = "0.01"
session = "always"
"""
_SETTINGS = """
[general]
timezone = "UTC"

[trading]
size_presets = [1, 20, 50]
risk_stop_ticks = 20
target_ticks = 40

[notifications]
sounds = false

[[connection]]
id = "paper"
broker = "paper"
environment = "paper"
autoconnect = false
[connection.settings]
source = "file"
file = '{manifest}'
latency_ms = 5
"""


def prepare_home(home: Path) -> None:
    """Write the market and the settings that replay it into a home that is to be used."""
    home.mkdir(parents=True, exist_ok=True)
    tapes = [_TAPE.format(symbol=symbol, begin=f"{BEGIN:%Y-%m-%dT%H:%M:%SZ}") for symbol in SYMBOLS]
    manifest = home / "calm.toml"
    manifest.write_text('title = "A calm market"\n' + "".join(tapes), encoding="utf-8")
    for symbol in SYMBOLS:
        (home / f"{symbol}.csv").write_text(_ticks(), encoding="utf-8")
    (home / "settings.toml").write_text(_SETTINGS.format(manifest=manifest), encoding="utf-8")


def _ticks() -> str:
    begin = BEGIN.timestamp()
    past = [-_HISTORY_S + step * _HISTORY_STEP_S for step in range(_HISTORY_S // _HISTORY_STEP_S)]
    lines = [_HEADER, *(_row(begin + s, _wave(s)) for s in past)]
    calm = range(int(_CALM_S / _CALM_STEP_S))
    lines += [_row(begin + step * _CALM_STEP_S, MIDDLE) for step in calm]
    return "\n".join(lines) + "\n"


def _wave(seconds: float) -> float:
    """Two waves that end where the calm begins."""
    return MIDDLE + 1.5 * math.sin(seconds / 2400) + 0.4 * math.sin(seconds / 170)


def _row(at_s: float, middle: float) -> str:
    at = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")
    return f"{at},{middle - 0.02:.2f},{middle + 0.02:.2f},50000,50000,{middle:.2f},100"

"""A market to replay, described in TOML: which files, which instruments, where each begins."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from app.base.errors import UserError
from app.brokers.paper.files import open_recording
from app.brokers.paper.recording import Recording
from app.brokers.paper.table import NOTHING_LOADED
from app.domain.instrument import AssetClass, Instrument
from app.domain.session import calendar

_DECIMALS = ("tick_size", "quantity_step", "min_quantity", "multiplier")
_TEXTS = ("symbol", "currency", "description", "exchange", "market", "underlying", "session")
_FIAT = ("USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "NZD", "SEK", "NOK", "CNH", "INR", "SGD")
_COIN_QUOTES = ("USDT", "USDC", "USD", "EUR")
_COINS = ("BTC", "XBT", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "BNB", "AVAX", "DOT", "LINK")


@dataclass(frozen=True, slots=True)
class ContractMargin:
    """Margin of one futures contract, in the instrument's currency."""

    initial: Decimal
    maintenance: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """One instrument of a market to replay. `begin_s` is UTC epoch seconds, None: at its head."""

    instrument: Instrument
    recording: Recording
    begin_s: float | None = None
    margin: ContractMargin | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that one replay plays."""

    title: str
    entries: tuple[Entry, ...]


def open_market(path: Path, zone: str, currency: str) -> Market:
    """A manifest (.toml) or one file of bars or ticks. Blocking. Raises UserError in words."""
    if path.suffix.lower() == ".toml":
        return _open_manifest(path, zone)
    recording = open_recording(path, zone)
    return Market(path.name, (Entry(guessed_instrument(recording, currency), recording),))


def guessed_instrument(recording: Recording, currency: str) -> Instrument:
    """What a bare file probably holds; a manifest says it exactly. Always open, multiplier 1."""
    symbol = recording.symbol
    asset, quote = _asset_of(symbol.replace("-", ""), currency)
    return Instrument(
        symbol=symbol,
        asset_class=asset,
        currency=quote,
        description=f"opened from {recording.path.name}",
        tick_size=recording.tick_size,
        quantity_step=recording.quantity_step,
        min_quantity=recording.quantity_step,
    )


def _asset_of(symbol: str, currency: str) -> tuple[AssetClass, str]:
    if len(symbol) == 6 and symbol[:3] in _FIAT and symbol[3:] in _FIAT:
        return AssetClass.FOREX, symbol[3:]
    coin = next((c for c in _COINS if symbol.startswith(c)), None)
    if coin is not None:
        quote = next((q for q in _COIN_QUOTES if symbol[len(coin) :] == q), currency)
        # Where dollars are tokens, the account's dollars pay for it all the same.
        return AssetClass.CRYPTO, currency if quote in ("USDT", "USDC") else quote
    return AssetClass.EQUITY, currency


def _open_manifest(path: Path, zone: str) -> Market:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: {error}. {NOTHING_LOADED}") from error
    tapes = tables.get("tape", [])
    if not isinstance(tapes, list) or not tapes:
        raise UserError(f"{path}: names no [[tape]]. {NOTHING_LOADED}")
    entries = tuple(_entry(path, tape, zone) for tape in tapes)
    return Market(str(tables.get("title", path.stem)), entries)


def _entry(path: Path, tape: Mapping[str, Any], zone: str) -> Entry:
    try:
        instrument = _instrument(tape["instrument"])
        margin = tape.get("margin")
        contract = margin and ContractMargin(
            Decimal(str(margin["initial"])), Decimal(str(margin["maintenance"]))
        )
        begin = tape.get("begin")
        recording_path = path.parent / str(tape["file"])
    except KeyError as error:
        raise UserError(f"{path}: a [[tape]] lacks {error}. {NOTHING_LOADED}") from error
    except (ValueError, TypeError, InvalidOperation) as error:
        raise UserError(f"{path}: {error}. {NOTHING_LOADED}") from error
    if begin is not None and not (isinstance(begin, datetime) and begin.tzinfo is not None):
        raise UserError(
            f"{path}: begin of {instrument.symbol} must be a time with its zone, like"
            f" 2025-06-02T14:30:00Z, was {begin}. {NOTHING_LOADED}"
        )
    calendar(instrument.session)
    recording = open_recording(recording_path, zone)
    begin_s = begin.timestamp() if begin is not None else None
    if begin_s is not None and not recording.first_s <= begin_s < recording.last_s:
        raise UserError(
            f"{path}: begin of {instrument.symbol}, {begin}, lies outside of what"
            f" {recording_path.name} holds. {NOTHING_LOADED}"
        )
    return Entry(
        instrument=instrument,
        recording=recording,
        begin_s=begin_s,
        margin=contract or None,
        source=" ".join(str(tape.get("source", "")).split()),
    )


def _instrument(table: Mapping[str, Any]) -> Instrument:
    values: dict[str, Any] = {name: str(table[name]) for name in _TEXTS if name in table}
    values |= {name: Decimal(str(table[name])) for name in _DECIMALS if name in table}
    expiry = table.get("expiry")
    if expiry is not None and not isinstance(expiry, date):
        raise ValueError(f"expiry must be a date, was {expiry!r}")
    unknown = set(table) - {*_TEXTS, *_DECIMALS, "asset_class", "expiry"}
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]!r} of an instrument")
    return Instrument(asset_class=AssetClass(table["asset_class"]), expiry=expiry, **values)

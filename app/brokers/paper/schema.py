"""The tables of paper.db. A change of them raises VERSION and is told in CHANGELOG."""

from __future__ import annotations

VERSION = 1

TABLES = """
CREATE TABLE account (
    account_id TEXT PRIMARY KEY,
    token TEXT NOT NULL,           -- part of every order and execution number: never reused
    base_currency TEXT NOT NULL,
    initial_cash TEXT NOT NULL,
    born_at TEXT NOT NULL
) STRICT;
CREATE TABLE cash (currency TEXT PRIMARY KEY, amount TEXT NOT NULL) STRICT;
CREATE TABLE orders (
    client_order_id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    broker_order_id TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    status TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    quantity TEXT NOT NULL,
    filled TEXT NOT NULL,
    limit_price TEXT,
    stop_price TEXT,
    trail_amount TEXT,
    trail_percent TEXT,
    oco_filled TEXT NOT NULL,
    value TEXT NOT NULL,
    fees TEXT NOT NULL,
    priority INTEGER NOT NULL,
    is_triggered INTEGER NOT NULL,
    has_rested INTEGER NOT NULL,
    extreme TEXT,
    session TEXT NOT NULL,
    was_open INTEGER NOT NULL,
    follows INTEGER NOT NULL,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX open_orders ON orders (number) WHERE is_open;
CREATE TABLE executions (
    exec_id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    client_order_id TEXT NOT NULL REFERENCES orders,
    broker_order_id TEXT NOT NULL,
    instrument_key TEXT NOT NULL,
    instrument TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity TEXT NOT NULL,
    price TEXT NOT NULL,
    fee TEXT NOT NULL,
    fee_currency TEXT NOT NULL,
    liquidity TEXT NOT NULL,
    at TEXT NOT NULL,
    market_at TEXT NOT NULL        -- the replay's own date
) STRICT;
CREATE TABLE positions (
    instrument_key TEXT PRIMARY KEY,
    instrument TEXT NOT NULL,
    quantity TEXT NOT NULL,
    cost TEXT NOT NULL,
    settled TEXT NOT NULL,
    realized TEXT NOT NULL
) STRICT;
CREATE TABLE settlements (
    number INTEGER PRIMARY KEY,
    instrument_key TEXT NOT NULL,
    price TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""

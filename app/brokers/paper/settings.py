"""The settings a paper connection takes in settings.toml, for validation, the wizard and help."""

from __future__ import annotations

from app.brokers.base import SettingField

FIELDS: tuple[SettingField, ...] = (
    SettingField(
        "source", "choice", "replay", "Market data",
        "replay: the recorded sample that comes with Moorgate; file: a file of yours;"
        " synthetic: invented prices, for load",
        choices=("replay", "file", "synthetic"),
    ),
    SettingField(
        "file", "path", "", "File",
        "CSV (also .gz) or Parquet of bars or ticks, or a .toml that names several",
    ),
    SettingField(
        "file_timezone", "text", "UTC", "Time zone of the file",
        "for times that name no zone themselves, for example America/New_York",
    ),
    SettingField(
        "speed", "float", 1.0, "Speed", "market seconds a second", minimum=0.1, maximum=500
    ),
    SettingField(
        "skip_gaps", "bool", True, "Skip closed hours",
        "jump over silences longer than five minutes",
    ),
    SettingField("loop", "bool", False, "Loop", "begin anew at the end"),
    SettingField(
        "seed", "int", 1, "Seed", "the same seed makes the same ticks", minimum=0,
        maximum=2**31 - 1,
    ),
    SettingField("initial_cash", "decimal", "100000", "Initial cash", minimum=0),
    SettingField("currency", "text", "USD", "Currency of the account"),
    SettingField(
        "account_type", "choice", "margin", "Account type",
        "margin: shares 4:1 in regular hours, 2:1 outside of them; cash: nothing is lent",
        choices=("margin", "cash"),
    ),
    SettingField("allow_short", "bool", True, "Short selling"),
    SettingField(
        "fee_model", "choice", "per_share", "Fee model", choices=("per_share", "percent", "none")
    ),
    SettingField("fee_per_share", "decimal", "0.005", "Fee per share or contract", minimum=0),
    SettingField("fee_minimum", "decimal", "1.00", "Least fee of an order", minimum=0),
    SettingField("fee_percent", "decimal", "0.1", "Fee in per cent", minimum=0, maximum=100),
    SettingField(
        "fee_overrides", "list", ("future:per_share:2.25", "crypto:percent:0.05"),
        "Fees by asset class",
        "asset:per_share:amount[:minimum], asset:percent:rate or asset:none",
    ),
    SettingField(
        "slippage_ticks", "int", 0, "Slippage", "ticks a market order is filled worse",
        minimum=0, maximum=1000,
    ),
    SettingField(
        "latency_ms", "float", 40.0, "Latency", "until an answer, in milliseconds", minimum=0,
        maximum=10_000,
    ),
    SettingField(
        "instruments", "int", 200, "Synthetic: instruments", minimum=1, maximum=2000
    ),
    SettingField(
        "quotes_per_second", "float", 10_000.0, "Synthetic: quotes a second, all together",
        minimum=0.1, maximum=200_000,
    ),
)  # fmt: skip

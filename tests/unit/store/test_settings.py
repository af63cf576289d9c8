"""Reading settings.toml: everything that may stand there, and by line what may not."""

from __future__ import annotations

import dataclasses
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from app.base.errors import SettingsError, StoreError
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits
from app.domain.sizing import parse_size, units
from app.store.settings import (
    NO_LIMITS,
    GeneralSettings,
    NotificationSettings,
    Settings,
    SettingsStore,
    TradingSettings,
)
from app.store.settings_fields import SECTIONS
from tests.unit.store.brokers import broker_ids, broker_info

CONNECTION = '[[connection]]\nid = "ib"\nbroker = "ibkr-tws"\nenvironment = "live"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def store_of(file: Path) -> SettingsStore:
    return SettingsStore(file, broker_info, broker_ids)


def load(file: Path, text: str) -> Settings:
    file.write_bytes(text.encode())
    return store_of(file).load()


def refused(file: Path, text: str) -> SettingsError:
    with pytest.raises(SettingsError) as info:
        load(file, text)
    assert file.read_bytes() == text.encode()  # never overwritten
    assert str(info.value).startswith(f"{file}:{info.value.line}")
    return info.value


def test_a_first_run_writes_the_defaults_with_a_paper_connection(file: Path) -> None:
    settings = store_of(file).load()
    paper = ConnectionConfig(
        id=ConnectionId("paper"),
        broker="paper",
        environment="paper",
        settings={
            "cash": Decimal(100000),
            "speed": 1.0,
            "source": "replay",
            "file": "",
            "symbols": (),
        },
    )
    assert settings == Settings(connections=(paper,))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.read_text()
    assert store_of(file).load() == settings
    assert file.read_text() == written


def test_the_defaults_that_a_first_run_writes_name_every_key(file: Path) -> None:
    store_of(file).load()
    text = file.read_text()
    for section, known in SECTIONS.items():
        assert f"[{section}]" in text
        assert all(f"\n{name} = " in text for name in known)


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ("general", GeneralSettings),
        ("trading", TradingSettings),
        ("notifications", NotificationSettings),
        ("risk", RiskLimits),
    ],
)
def test_every_field_can_be_set(section: str, kind: type) -> None:
    assert list(SECTIONS[section]) == [field.name for field in dataclasses.fields(kind)]


def test_an_empty_file_is_all_defaults(file: Path) -> None:
    assert load(file, "") == Settings()


EVERYTHING = """
[general]
theme = "light"
up_color = "red"
timezone = "Europe/Berlin"
confirm_exit = false
idle_disarm_minutes = 2.5
profit_method = "average"
base_currency = "EUR"
[trading]
default_quantity = 0.10
size_presets = [0.1, 1, 2.50, "10 %"]
confirm_orders = false
staged_orders = true
answer_timeout_s = 3
[notifications]
sounds = false
volume_percent = 5
[risk]
max_order_quantity = 1_000
max_order_value = "off"
price_collar_percent = 2.5
quote_max_age_s = false
max_open_orders = "OFF"
max_daily_loss = 0.1
max_orders_per_minute = 7
duplicate_window_s = 0.5
banned = ["gme", " AMC "]
[keys]
"trading.buy_market" = "Ctrl+Alt+B"
order.sell_market = ""
"""


def test_everything_is_read_exactly(file: Path) -> None:
    settings = load(file, EVERYTHING)
    assert settings.general == GeneralSettings(
        theme="light",
        up_color="red",
        timezone="Europe/Berlin",
        confirm_exit=False,
        idle_disarm_minutes=2.5,
        profit_method="average",
        base_currency="EUR",
    )
    assert settings.general.down_color == "green"
    assert settings.trading == TradingSettings(
        default_quantity=Decimal("0.10"),
        size_presets=(units(Decimal("0.1")), units(1), units(Decimal("2.50")), parse_size("10%")),
        confirm_orders=False,
        staged_orders=True,
        answer_timeout_s=3.0,
    )
    assert str(settings.trading.default_quantity) == "0.10"
    assert settings.notifications == NotificationSettings(sounds=False, volume_percent=5)
    assert settings.risk == RiskLimits(
        max_order_quantity=Decimal(1000),
        max_order_value=None,
        price_collar_percent=Decimal("2.5"),
        quote_max_age_s=None,
        max_open_orders=None,
        max_daily_loss=Decimal("0.1"),
        max_orders_per_minute=7,
        duplicate_window_s=0.5,
        banned=("GME", "AMC"),
    )
    assert settings.keys == {"trading.buy_market": "Ctrl+Alt+B", "order.sell_market": None}


def test_a_connection_is_read_with_its_defaults_and_limits(file: Path) -> None:
    settings = load(
        file,
        CONNECTION
        + """autoconnect = false
read_only = true
[connection.settings]
port = 7497
kinds = ["future", "stock"]
[connection.risk]
max_order_quantity = 5
banned = ["xyz"]
[[connection]]
id = "p-1"
broker = "paper"
environment = "paper"
settings = { cash = "2500.00", speed = 10 }
""",
    )
    live, paper = settings.connections
    assert live == ConnectionConfig(
        id=ConnectionId("ib"),
        broker="ibkr-tws",
        environment="live",
        settings={
            "host": "127.0.0.1",
            "port": 7497,
            "fast": False,
            "kinds": ("future", "stock"),
            "route": "",
        },
        autoconnect=False,
        read_only=True,
    )
    assert (paper.settings["cash"], paper.settings["speed"]) == (Decimal("2500.00"), 10.0)
    assert paper.autoconnect
    # What a connection does not limit itself is left to the global limits.
    own = dataclasses.replace(NO_LIMITS, max_order_quantity=Decimal(5), banned=("XYZ",))
    assert settings.connection_risk == {"ib": own}
    assert own.max_order_value is None


WRONG = [
    ("[general\n", 1, "", "a mistake", "valid TOML"),
    ("\n[general]\ntheme = dark\n", 3, "", "a mistake", "valid TOML"),
    ("[general]\ntheme = 'a'\ntheme = 'b'\n", 3, "", "a mistake", "valid TOML"),
    ("x = [", 1, "", "a mistake", "valid TOML"),
    ("[genral]\n", 1, "genral", "an unknown key", "did you mean 'general'?"),
    (
        "[appearance]\n",
        1,
        "appearance",
        "an unknown key",
        "general, keys, notifications, risk, trading",
    ),
    ("# a\n[general]\ntehme = 'dark'\n", 3, "general.tehme", "an unknown", "mean 'theme'?"),
    ("[general]\nconfirm-exit = true\n", 2, "general.confirm-exit", "an", "mean 'confirm_exit'?"),
    ("[general]\ntheme = 'Dark'\n", 2, "general.theme", '"Dark"', 'mean \'dark\'? "dark", "li'),
    ("[general]\ntheme = 1\n", 2, "general.theme", "1", '"dark", "light"'),
    ("[general]\nconfirm_exit = 1\n", 2, "general.confirm_exit", "1", "true or false"),
    ("[general]\ntimezone = 'Europe/Berln'\n", 2, "general.timezone", '"E', "'Europe/Berlin'?"),
    ("[general]\ntimezone = '../etc'\n", 2, "general.timezone", '"../etc"', '"local" or a zone'),
    ("[general]\ntimezone = 1\n", 2, "general.timezone", "1", '"local" or a zone'),
    ("[general]\nidle_disarm_minutes = 0\n", 2, "general.idle_disarm_minutes", "0", "1 to 1440"),
    ("[general]\nidle_disarm_minutes = nan\n", 2, "general.idle_disarm_minutes", "NaN", "finite"),
    ("[general]\nbase_currency = 'euro'\n", 2, "general.base_currency", '"euro"', "in capitals"),
    ("general = 1\n", 1, "general", "1", "a table, [general]"),
    ("[trading]\ndefault_quantity = 0\n", 2, "trading.default_quantity", "0", "above 0"),
    ("[trading]\ndefault_quantity = true\n", 2, "trading.default_quantity", "true", "a number"),
    ("[trading]\nsize_presets = [1, -2]\n", 2, "trading.size_presets", "-2", "above 0"),
    ("[trading]\nsize_presets = 5\n", 2, "trading.size_presets", "5", "a list of at most 12 sizes"),
    ("[risk]\nmax_order_value = 0\n", 2, "risk.max_order_value", "0", 'above 0, or "off"'),
    ("[risk]\nmax_order_value = 'none'\n", 2, "risk.max_order_value", '"none"', 'or "off"'),
    ("[risk]\nmax_open_orders = 2.5\n", 2, "risk.max_open_orders", "2.5", "a whole number"),
    ("[risk]\nbanned = 'GME'\n", 2, "risk.banned", '"GME"', "a list of texts"),
    ("[risk]\nbanned = [1]\n", 2, "risk.banned", "a list", "a list of texts"),
    ("[keys]\nbuy = 'B'\n", 2, "keys.buy", "the command 'buy'", '"trading.buy_market"'),
    ("[keys]\n'a.b' = 1\n", 2, "keys.a.b", "1", '"" for none'),
    ("[keys]\n'a.b' = 'X'\na.b = 'Y'\n", 3, "keys.a", "'a.b' twice", "each command once"),
    ("connection = 5\n", 1, "connection", "5", "[[connection]]"),
    ("[connection]\nid = 'x'\n", 1, "connection", "a table", "[[connection]]"),
    ("\n[[connection]]\n", 2, "connection", "no id", 'id = "…"'),
    ("[[connection]]\nid = 'x'\n", 1, "connection", "no broker", 'broker = "…"'),
    ("[[connection]]\nid = 'X y'\n", 2, "connection.id", '"X y"', "lower-case letters"),
    (f"[[connection]]\nid = '{'x' * 41}'\n", 2, "connection.id", '"x', "1 to 40"),
    ("[[connection]]\nid = ''\n", 2, "connection.id", '""', "1 to 40"),
    ("[[connection]]\nid = '../up'\n", 2, "connection.id", '"../up"', "lower-case letters"),
    (CONNECTION + CONNECTION, 6, "connection.id", '"ib" a second time', "no other one has"),
    (CONNECTION.replace("tws", "tsw"), 3, "connection.broker", '"ibkr-tsw"', "mean 'ibkr-tws'?"),
    (CONNECTION.replace("live", "demo"), 4, "connection.environment", '"demo"', '"paper", "live"'),
    (CONNECTION + "autoconect = true\n", 5, "connection.autoconect", "an", "mean 'autoconnect'?"),
    (CONNECTION + "read_only = 'no'\n", 5, "connection.read_only", '"no"', "true or false"),
    (CONNECTION + "settings = 1\n", 5, "connection.settings", "1", "a table"),
    (
        CONNECTION + "[connection.settings]\nprot = 1\n",
        *(6, "connection.settings.prot", "an unknown key", "did you mean 'port'?"),
    ),
    (
        CONNECTION + "[connection.settings]\nport = '7497'\n",
        *(6, "connection.settings.port", '"7497"', "a whole number from 1 to 65535"),
    ),
    (
        CONNECTION + "settings.port = 70000\n",
        *(5, "connection.settings.port", "70000", "a whole number from 1 to 65535"),
    ),
    (
        CONNECTION + "[connection.settings]\nhost = 5\n",
        *(6, "connection.settings.host", "5", "a text in quotes"),
    ),
    (
        CONNECTION + "[connection.settings]\nkinds = ['stok']\n",
        *(6, "connection.settings.kinds", '"stok"', "did you mean 'stock'?"),
    ),
    (
        CONNECTION + "[connection.risk]\nmax_order = 1\n",
        *(6, "connection.risk.max_order", "an unknown key", "max_order_value"),
    ),
    (
        "[[connection]]\nid='p'\nbroker='paper'\nenvironment='paper'\nsettings.cash = -1\n",
        *(5, "connection.settings.cash", "-1", "a number of at least 0"),
    ),
    (
        "[[connection]]\nid='p'\nbroker='paper'\nenvironment='paper'\nsettings.cash = 'much'\n",
        *(5, "connection.settings.cash", '"much"', "a number of at least 0"),
    ),
]


@pytest.mark.parametrize(("text", "line", "key", "found", "allowed"), WRONG)
def test_what_may_not_stand_there_is_refused_by_line(
    file: Path, text: str, line: int, key: str, found: str, allowed: str
) -> None:
    error = refused(file, text)
    assert (error.line, error.key) == (line, key)
    assert found in error.found
    assert allowed in error.allowed


def test_a_secret_is_refused_and_not_repeated(file: Path) -> None:
    error = refused(file, CONNECTION + "[connection.settings]\npassword = 'hunter2'\n")
    assert (error.line, error.found) == (6, "a secret")
    assert "hunter2" not in str(error)
    assert "keyring" in error.allowed


def test_nesting_without_end_is_refused(file: Path) -> None:
    text = "x = " + "[" * 100_000
    with pytest.raises(SettingsError, match="valid TOML"):
        load(file, text)


def test_a_number_of_any_length_is_answered(file: Path) -> None:
    with pytest.raises(SettingsError):
        load(file, f"[trading]\ndefault_quantity = {'9' * 5000}\n")


def test_a_text_in_another_encoding_is_refused_by_line(file: Path) -> None:
    file.write_bytes("[general]\n# größer\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"settings\.toml:2: found the byte 0xf6"):
        store_of(file).load()


def test_an_editor_that_marks_its_files_does_no_harm(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf[general]\r\ntheme = 'light'\r\n")
    assert store_of(file).load().general.theme == "light"


def test_what_cannot_be_read_is_left_alone(file: Path) -> None:
    file.mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        store_of(file).load()
    assert file.is_dir()


def test_a_first_run_without_a_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        store_of(tmp_path / "nowhere" / "settings.toml").load()

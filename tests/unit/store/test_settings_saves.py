"""Saving settings: what the trader wrote by hand stays, a wrong file is never written over."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import SettingsError, StoreError, UserError
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits
from app.store.settings import NO_LIMITS, Settings, SettingsStore
from tests.unit.store.brokers import broker_ids, broker_info

IB, PAPER = ConnectionId("ib"), ConnectionId("paper")
TEXT = """\
# my desk
[general]
theme = "dark"  # easy on the eyes
# end of general

# about trading
[trading]
size_presets = [
  1,  # one
  10,
]

[risk]
max_order_value = 10_000  # enough

[[connection]]
id = "paper"
broker = "paper"
environment = "paper"
settings = { speed = 10.0 }  # fast

# the real one
[[connection]]
id = "ib"
broker = "ibkr-tws"
environment = "paper"  # for now
[connection.settings]
port = 7_497  # TWS
[connection.risk]
max_order_quantity = 5

[keys]
order.buy_market = "Ctrl+Alt+B"
"""


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    return store_with(TEXT, tmp_path)


def store_with(text: str, folder: Path) -> SettingsStore:
    file = folder / "settings.toml"
    file.write_text(text)
    return SettingsStore(file, broker_info, broker_ids)


def differences(store: SettingsStore, before: str = TEXT) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came."""
    old, new = Counter(before.splitlines()), Counter(store.path.read_text().splitlines())
    return list((old - new).elements()), list((new - old).elements())


def connection(store: SettingsStore, connection_id: ConnectionId) -> ConnectionConfig:
    return next(c for c in store.load().connections if c.id == connection_id)


@pytest.mark.parametrize(
    ("section", "key", "value", "went", "came"),
    [
        (
            *("general", "theme", "light"),
            ['theme = "dark"  # easy on the eyes'],
            ['theme = "light"  # easy on the eyes'],
        ),
        ("general", "theme", "dark", [], []),
        ("general", "confirm_exit", False, [], ["confirm_exit = false"]),
        (
            *("risk", "max_order_value", None),
            ["max_order_value = 10_000  # enough"],
            ['max_order_value = "off"  # enough'],
        ),
        ("risk", "banned", ("GME",), [], ['banned = ["GME"]']),
        ("trading", "default_quantity", Decimal("0.050"), [], ["default_quantity = 0.050"]),
        ("general", "idle_disarm_minutes", 20.0, [], ["idle_disarm_minutes = 20"]),
    ],
)
def test_a_saved_value_touches_its_own_line(
    store: SettingsStore, section: str, key: str, value: Any, went: list[str], came: list[str]
) -> None:
    settings = store.save_value(section, key, value)
    assert differences(store) == (went, came)
    assert getattr(getattr(settings, section), key) == value
    assert store.load() == settings


def test_a_new_key_stands_with_its_section_and_not_under_the_next_comment(
    store: SettingsStore,
) -> None:
    store.save_value("general", "confirm_exit", value=False)
    lines = store.path.read_text().splitlines()
    assert lines.index("confirm_exit = false") == lines.index("[general]") + 2


@pytest.mark.parametrize(
    ("command", "key", "went", "came"),
    [
        (
            *("order.buy_market", "F9"),
            ['order.buy_market = "Ctrl+Alt+B"'],
            ['order.buy_market = "F9"'],
        ),
        (
            *("order.buy_market", None),
            ['order.buy_market = "Ctrl+Alt+B"'],
            ['order.buy_market = ""'],
        ),
        ("order.sell_market", "F8", [], ['"order.sell_market" = "F8"']),
    ],
)
def test_keys_are_saved_as_they_were_written(
    store: SettingsStore, command: str, key: str | None, went: list[str], came: list[str]
) -> None:
    settings = store.save_value("keys", command, key)
    assert settings.keys == {"order.buy_market": "Ctrl+Alt+B", command: key}
    assert differences(store) == (went, came)


def test_all_keys_at_once_leave_nothing_of_the_old_ones(store: SettingsStore) -> None:
    settings = store.save_keys({"order.sell_market": "F8", "order.cancel": None})
    assert settings.keys == {"order.sell_market": "F8", "order.cancel": None}
    went, came = differences(store)
    assert went == ['order.buy_market = "Ctrl+Alt+B"']
    assert came == ['"order.sell_market" = "F8"', '"order.cancel" = ""']
    assert store.save_keys({"order.cancel": "F3"}).keys == {"order.cancel": "F3"}
    assert store.save_keys({}).keys == {}


def test_of_wrong_keys_none_is_saved(store: SettingsStore) -> None:
    with pytest.raises(SettingsError, match="command id"):
        store.save_keys({"order.sell_market": "F8", "nonsense": "F9"})
    assert differences(store) == ([], [])


@pytest.mark.parametrize(
    ("section", "key", "value", "complaint"),
    [
        ("general", "theme", "pink", '"dark", "light"'),
        ("general", "colour", "pink", "an unknown key"),
        ("connection", "id", "x", "an unknown key"),
        ("risk", "max_order_value", Decimal(-1), "above 0"),
        ("general", "theme", None, '"dark", "light"'),
        ("keys", "buy", "B", "command id"),
        ("keys", "order.buy", 5, "a key such as"),
    ],
)
def test_a_value_that_does_not_fit_is_not_saved(
    store: SettingsStore, section: str, key: str, value: Any, complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint) as info:
        store.save_value(section, key, value)
    assert info.value.line == 0
    assert store.path.read_text() == TEXT


SAVES: list[Callable[[SettingsStore], Settings]] = [
    lambda store: store.save_value("general", "theme", "light"),
    lambda store: store.save_value("keys", "order.buy", "B"),
    lambda store: store.save_risk(RiskLimits()),
    lambda store: store.save_connection(
        ConnectionConfig(ConnectionId("new"), "paper", "paper", {})
    ),
    lambda store: store.remove_connection(PAPER),
]


@pytest.mark.parametrize("save", SAVES)
def test_a_file_that_became_wrong_meanwhile_is_not_written_over(
    store: SettingsStore, save: Callable[[SettingsStore], Settings]
) -> None:
    store.load()
    wrong = TEXT.replace('theme = "dark"', "theme = dark")
    store.path.write_text(wrong)
    with pytest.raises(SettingsError) as info:
        save(store)
    assert info.value.line == 3
    assert store.path.read_text() == wrong


@pytest.mark.parametrize("save", SAVES)
def test_what_was_edited_by_hand_meanwhile_is_kept(
    store: SettingsStore, save: Callable[[SettingsStore], Settings]
) -> None:
    store.load()
    store.path.write_text(TEXT.replace("7_497  # TWS", "4002  # gateway"))
    settings = save(store)
    assert "port = 4002  # gateway" in store.path.read_text()
    assert settings.connections[-2:] != ()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_global_limits_are_saved_where_they_differ(store: SettingsStore) -> None:
    limits = RiskLimits(
        max_order_value=Decimal(20000), max_daily_loss=Decimal("99.50"), banned=("GME", "AMC")
    )
    assert store.save_risk(limits).risk == limits
    assert differences(store) == (
        ["max_order_value = 10_000  # enough"],
        [
            "max_order_value = 20000  # enough",
            "max_daily_loss = 99.50",
            'banned = ["GME", "AMC"]',
        ],
    )


@pytest.mark.parametrize("connection_id", [IB, PAPER])
def test_a_connection_gets_its_own_limits(
    store: SettingsStore, connection_id: ConnectionId
) -> None:
    limits = replace(NO_LIMITS, max_order_value=Decimal(500), duplicate_window_s=2.0)
    settings = store.save_risk(limits, connection_id)
    assert settings.connection_risk[connection_id] == limits
    assert settings.risk == RiskLimits(max_order_value=Decimal(10000))
    assert store.load().connection_risk[connection_id] == limits
    cleared = store.save_risk(NO_LIMITS, connection_id)
    assert cleared.connection_risk[connection_id] == NO_LIMITS


def test_limits_that_do_not_fit_are_not_saved(store: SettingsStore) -> None:
    for connection_id in (None, IB):
        with pytest.raises(SettingsError, match="above 0"):
            store.save_risk(RiskLimits(max_open_orders=0), connection_id)
    assert store.path.read_text() == TEXT


def test_a_new_connection_stands_at_the_end(store: SettingsStore) -> None:
    config = ConnectionConfig(
        id=ConnectionId("ib-live"),
        broker="ibkr-tws",
        environment="live",
        settings={"port": 7496, "kinds": ("future",), "host": "127.0.0.1"},
        autoconnect=False,
        read_only=True,
    )
    settings = store.save_connection(config, replace(NO_LIMITS, max_order_quantity=Decimal(2)))
    assert store.path.read_text() == TEXT + (
        "\n[[connection]]\n"
        'id = "ib-live"\nbroker = "ibkr-tws"\nenvironment = "live"\n'
        "autoconnect = false\nread_only = true\n"
        '[connection.settings]\nport = 7496\nkinds = ["future"]\n'
        "[connection.risk]\nmax_order_quantity = 2\n"
    )
    saved = settings.connections[-1]
    assert saved == replace(config, settings={**config.settings, "fast": False, "route": ""})
    assert settings.connection_risk[ConnectionId("ib-live")].max_order_quantity == 2


def test_a_changed_connection_keeps_its_comments(store: SettingsStore) -> None:
    config = connection(store, IB)
    changed = replace(
        config,
        environment="live",
        read_only=True,
        settings={**config.settings, "port": 7496, "host": "10.0.0.1"},
    )
    settings = store.save_connection(changed)
    assert settings.connections == (connection(store, PAPER), changed)
    assert settings.connection_risk[IB].max_order_quantity == 5
    assert differences(store) == (
        ['environment = "paper"  # for now', "port = 7_497  # TWS"],
        [
            'environment = "live"  # for now',
            "read_only = true",
            "port = 7496  # TWS",
            'host = "10.0.0.1"',
        ],
    )


def test_a_connection_saved_as_it_is_changes_nothing(store: SettingsStore) -> None:
    for config in store.load().connections:
        store.save_connection(config)
    assert store.path.read_text() == TEXT


def test_a_default_may_be_what_no_file_can_say(store: SettingsStore) -> None:
    config = connection(store, IB)
    back = store.save_connection(replace(config, settings={**config.settings, "port": None}))
    assert back.connections[1].settings["port"] is None
    assert differences(store) == (["port = 7_497  # TWS"], [])


def test_a_default_that_no_file_may_hold_is_saved_by_taking_the_key_out(
    store: SettingsStore,
) -> None:
    config = connection(store, IB)
    store.save_connection(replace(config, settings={**config.settings, "route": "smart"}))
    assert connection(store, IB).settings["route"] == "smart"
    store.save_connection(config)
    assert connection(store, IB) == config
    assert store.path.read_text() == TEXT


def test_another_broker_takes_the_old_settings_out(store: SettingsStore) -> None:
    moved = ConnectionConfig(IB, "paper", "paper", {"cash": Decimal("5000.00")})
    settings = store.save_connection(moved)
    assert settings.connections[1].settings["cash"] == Decimal(5000)
    assert differences(store) == (
        ['broker = "ibkr-tws"', "port = 7_497  # TWS"],
        ['broker = "paper"', "cash = 5000.00"],
    )


def test_inline_settings_are_changed_in_place(store: SettingsStore) -> None:
    config = connection(store, PAPER)
    settings = {**config.settings, "speed": 2.5, "file": 'C:\\data\\"x".csv'}
    assert store.save_connection(replace(config, settings=settings)).connections[0].settings == (
        settings
    )
    assert differences(store)[1] == [
        'settings = { speed = 2.5, file = "C:\\\\data\\\\\\"x\\".csv" }  # fast'
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"broker": "ibkr"}, "did you mean 'ibkr-tws'"),
        ({"environment": "demo"}, '"paper", "live"'),
        ({"id": "Not good"}, "lower-case"),
        ({"settings": {"port": 0}}, "1 to 65535"),
        ({"settings": {"prot": 1}}, "did you mean 'port'"),
        ({"settings": {"password": "hunter2"}}, "no secret in this file"),
    ],
)
def test_a_connection_that_does_not_fit_is_not_saved(
    store: SettingsStore, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint) as info:
        store.save_connection(replace(connection(store, IB), **change))
    assert "hunter2" not in str(info.value)
    assert store.path.read_text() == TEXT


@pytest.mark.parametrize("connection_id", [IB, PAPER])
def test_a_removed_connection_takes_nothing_else_along(
    store: SettingsStore, connection_id: ConnectionId
) -> None:
    before = store.load()
    settings = store.remove_connection(connection_id)
    assert [c.id for c in settings.connections] == [{IB: PAPER, PAPER: IB}[connection_id]]
    assert connection_id not in settings.connection_risk
    assert (settings.general, settings.trading, settings.risk, settings.keys) == (
        before.general,
        before.trading,
        before.risk,
        before.keys,
    )
    assert "# the real one" in store.path.read_text()


def test_an_unknown_connection_is_named(store: SettingsStore) -> None:
    complaint = r"no connection 'ibx'.*known: paper, ib"
    with pytest.raises(UserError, match=complaint):
        store.remove_connection(ConnectionId("ibx"))
    with pytest.raises(UserError, match=complaint):
        store.save_risk(NO_LIMITS, ConnectionId("ibx"))


@pytest.mark.parametrize(
    ("text", "save"),
    [
        (
            "connection = [{ id = 'paper', broker = 'paper', environment = 'paper' }]\n",
            lambda store: store.remove_connection(PAPER),
        ),
        (
            "connection = [{ id = 'paper', broker = 'paper', environment = 'paper' }]\n",
            SAVES[3],
        ),
        (
            "[[connection]]\nid = 'paper'\nbroker = 'paper'\nenvironment = 'paper'\n"
            "[general]\ntheme = 'light'\n[connection.settings]\nspeed = 2\n",
            lambda store: store.remove_connection(PAPER),
        ),
    ],
)
def test_a_layout_that_cannot_be_edited_safely_is_left_to_the_trader(
    tmp_path: Path, text: str, save: Callable[[SettingsStore], Settings]
) -> None:
    store = store_with(text, tmp_path)
    with pytest.raises(StoreError, match="Make this change in the file itself"):
        save(store)
    assert store.path.read_text() == text


def test_a_save_after_the_file_was_deleted_begins_with_the_defaults(store: SettingsStore) -> None:
    store.path.unlink()
    settings = store.save_value("general", "theme", "light")
    assert settings.general.theme == "light"
    assert [c.id for c in settings.connections] == ["paper"]
    assert store.load() == settings


def test_a_link_stays_a_link(store: SettingsStore, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.toml"
    store.path.rename(target)
    store.path.symlink_to(target)
    store.save_value("general", "theme", "light")
    assert store.path.is_symlink()
    assert 'theme = "light"' in target.read_text()


_amounts = st.none() | st.decimals("0.001", "99999", places=3)
_limits = st.builds(
    RiskLimits,
    max_order_quantity=_amounts,
    max_order_value=_amounts,
    price_collar_percent=_amounts,
    quote_max_age_s=st.none() | st.floats(0.1, 100),
    max_open_orders=st.none() | st.integers(1, 500),
    banned=st.lists(st.text("ABC", min_size=1), max_size=3).map(tuple),
)
_saves = st.one_of(
    st.tuples(st.just("save_risk"), _limits),
    st.tuples(st.just("save_risk"), _limits, st.sampled_from([IB, PAPER])),
    st.tuples(st.just("save_value"), st.just("general"), st.just("timezone"), st.just("UTC")),
    st.tuples(
        st.just("save_value"),
        st.just("keys"),
        st.sampled_from(["order.buy_market", "order.sell_market", "view.zoom_in"]),
        st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Z"]), max_size=9),
    ),
    st.tuples(
        st.just("save_connection"),
        st.builds(
            ConnectionConfig,
            id=st.sampled_from([IB, PAPER, ConnectionId("third")]),
            broker=st.just("ibkr-tws"),
            environment=st.sampled_from(["paper", "live"]),
            settings=st.fixed_dictionaries(
                # A key that goes takes the comment on its line along, so the port stays.
                {"port": st.integers(1, 65535)},
                optional={
                    "host": st.text(st.characters(codec="utf-8"), max_size=9),
                    "kinds": st.lists(st.sampled_from(["stock", "future"])).map(tuple),
                },
            ),
            autoconnect=st.booleans(),
        ),
    ),
)


@settings(max_examples=40)  # each writes files
@given(st.lists(_saves, max_size=6))
def test_any_saves_keep_every_comment_and_agree_with_the_file(saves: list[Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        store = store_with(TEXT.replace("settings = { speed = 10.0 }  # fast\n", ""), Path(folder))
        comments = [line for line in store.path.read_text().splitlines() if "#" in line]
        for name, *arguments in saves:
            settings = getattr(store, name)(*arguments)
            assert store.load() == settings
            if name == "save_risk":
                limits = arguments[0]
                kept = (
                    settings.risk
                    if len(arguments) == 1
                    else settings.connection_risk.get(arguments[1], NO_LIMITS)
                )
                assert kept == limits
        text = store.path.read_text()
        for line in comments:
            assert line.partition("#")[2] in text
        order = [text.index(line.partition("#")[2]) for line in comments]
        assert order == sorted(order)

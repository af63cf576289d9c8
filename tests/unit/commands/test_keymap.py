"""Keys: one spelling, defaults and overrides apart, conflicts shown, plain keys never trade."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import UserError
from app.commands import link_groups
from app.commands.catalog import all_commands
from app.commands.context import CommandContext
from app.commands.key_press import KeyPress
from app.commands.keymap import Keymap, is_plain, normalize
from app.commands.registry import Command
from app.domain.ids import ConnectionId

PANELS = [(name, name.title()) for name in ("watchlist", "chart", "ticket", "orders")]


def nothing(_context: CommandContext) -> None:
    """A command that does nothing."""


def command(command_id: str, key: str | None, *, risky: bool = False) -> Command:
    return Command(command_id, command_id, nothing, increases_risk=risky, default_key=key)


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("shift + ctrl+b", "Ctrl+Shift+B"),
        ("Alt+Meta+f12", "Meta+Alt+F12"),
        ("shift+escape", "Shift+Esc"),
        ("/", "/"),
        ("ctrl++", "Ctrl++"),
        ("+", "+"),
        ("control+pagedown", "Ctrl+PgDown"),
    ],
)
def test_one_spelling(written: str, spelled: str) -> None:
    assert normalize(written) == spelled
    assert normalize(spelled) == spelled


@pytest.mark.parametrize("wrong", ["", "Ctrl+", "Hyper+B", "Ctrl+Nonsense", "F36", "Ctrl+Alt"])
def test_what_is_no_key_is_refused(wrong: str) -> None:
    with pytest.raises(UserError, match="is no"):
        normalize(wrong)


@given(
    st.sets(st.sampled_from(["Meta", "Ctrl", "Alt", "Shift"])),
    st.sampled_from(["A", "7", "F9", "Esc", "/", "+", "Space", "Left"]),
    st.randoms(),
)
def test_order_and_case_do_not_matter(held: set[str], key: str, random: object) -> None:
    parts = [part.lower() for part in sorted(held, reverse=True)]
    text = "+".join([*parts, key])
    assert normalize(text) == normalize(normalize(text))
    assert set(normalize(text).removesuffix(key).split("+")) - {""} == held


def test_plain_keys_are_told_from_others() -> None:
    assert is_plain("B")
    assert is_plain("Shift+B")
    assert is_plain("Return")
    assert is_plain("+")
    assert not is_plain("Ctrl+B")
    assert not is_plain("Ctrl++")
    assert not is_plain("F9")
    assert not is_plain("Shift+Esc")


def test_the_shipped_keys_have_no_conflict() -> None:
    keymap = Keymap(all_commands(PANELS, [ConnectionId("paper")]))
    assert keymap.conflicts() == {}
    assert keymap.problems == []
    assert keymap.command_for("Ctrl+Alt+B") == "trading.buy_market"
    assert keymap.command_for("Shift+Esc") == "trading.cancel_symbol"
    assert keymap.keys_of("view.search_symbol") == ("Ctrl+K", "/")


def test_shipped_trading_keys_follow_the_conventions() -> None:
    """Entries are Ctrl+Alt+letter, ways out F-keys or Shift+Esc; F1, F5, F11, Alt+F4 are free.

    Keys of a staged order are plain: they mean nothing while none is.
    """
    registry = all_commands(PANELS, [ConnectionId("paper")])
    keymap = Keymap(registry)
    for one in registry:
        for key in keymap.keys_of(one.id):
            assert key not in {"F1", "F5", "Alt+F4"}
            if one.while_staged:
                assert keymap.command_for(key) is None
            elif one.increases_risk:
                assert key.startswith("Ctrl+Alt+")
                assert len(key) == len("Ctrl+Alt+B")
            elif one.works_while_typing and one.id.startswith("trading.cancel"):
                assert key == "Shift+Esc" or key.rpartition("+")[2].startswith("F")


def test_a_staged_order_has_its_keys_first_and_only_while_there_is_one() -> None:
    drop = replace(command("trading.drop", "Esc"), while_staged=True)
    send = replace(command("trading.send", "Return", risky=True), while_staged=True)
    keymap = Keymap([command("view.close", "Esc"), drop, send, command("a.one", "F6")])
    assert keymap.conflicts() == {}
    escape, enter, other = (KeyPress(None, (key,)) for key in ("Esc", "Return", "F6"))
    assert _id(keymap, escape, is_staged=True) == "trading.drop"
    assert _id(keymap, escape, is_staged=False) == "view.close"
    assert _id(keymap, enter, is_staged=True) == "trading.send"
    assert _id(keymap, enter, is_staged=False) is None
    assert _id(keymap, other, is_staged=True) == "a.one"
    keymap.override("trading.send", "Space")  # plain, and all the same of no use otherwise
    assert _id(keymap, KeyPress(None, ("Space",)), is_staged=False) is None


def _id(keymap: Keymap, press: KeyPress, *, is_staged: bool) -> str | None:
    meant = keymap.meaning(press, is_staged=is_staged).command
    return None if meant is None else meant.id


def test_a_new_default_never_takes_the_traders_key() -> None:
    overrides = {"a.one": "Ctrl+Alt+X"}
    before = Keymap([command("a.one", "F6"), command("a.two", None)], overrides)
    assert before.command_for("Ctrl+Alt+X") == "a.one"
    after = Keymap([command("a.one", "F6"), command("a.two", "Ctrl+Alt+X")], overrides)
    assert after.command_for("Ctrl+Alt+X") == "a.one"
    assert after.command_for("F6") is None
    assert after.overrides == overrides


def test_equal_claims_fire_neither_and_are_shown() -> None:
    keymap = Keymap([command("a.one", "F6"), command("a.two", "F6"), command("a.three", "F7")])
    assert keymap.command_for("F6") is None
    assert keymap.conflicts() == {"F6": ("a.one", "a.two")}
    keymap.override("a.two", "F8")
    assert keymap.conflicts() == {}
    assert keymap.command_for("F6") == "a.one"


def test_unbound_is_none_and_reset_brings_the_default_back() -> None:
    keymap = Keymap([command("a.one", "F6")])
    keymap.override("a.one", None)
    assert keymap.command_for("F6") is None
    assert keymap.text_of("a.one") == ""
    assert keymap.overrides == {"a.one": None}
    keymap.reset("a.one")
    assert keymap.command_for("F6") == "a.one"
    assert keymap.overrides == {}


def test_plain_letters_never_trade() -> None:
    keymap = Keymap([command("trading.buy_market", None, risky=True)])
    with pytest.raises(UserError, match="plain keys never trade"):
        keymap.override("trading.buy_market", "b")
    assert keymap.command_for("B") is None
    told = Keymap(
        [command("trading.buy_market", "Ctrl+Alt+B", risky=True)],
        {"trading.buy_market": "b", "no.such": "F6", "trading.buy_market2": None},
    )
    assert len(told.problems) == 3
    assert told.command_for("Ctrl+Alt+B") == "trading.buy_market"


def test_a_panel_is_linked_by_key_also_from_a_field() -> None:
    """In a ticket that is where the keyboard always is."""
    assert all(command.works_while_typing for command in link_groups.COMMANDS)

"""Trading keys stay at their places on every layout; what all programs share goes by its label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commands.catalog import all_commands
from app.commands.context import CommandContext
from app.commands.key_labels import PLACES, KeyLabels, split_key, unshifted
from app.commands.key_press import KeyPress
from app.commands.keymap import Keymap, normalize
from app.commands.registry import Command

US = dict(zip(PLACES, PLACES, strict=True))
# The unshifted labels of the keys, place by place.
FRENCH = dict(zip(PLACES, "²&é\"'(-è_çà)=AZERTYUIOP^$*QSDFGHJKLMùWXCVBN,;:!", strict=True))
GERMAN = dict(zip(PLACES, "^1234567890ß´QWERTZUIOPÜ+#ASDFGHJKLÖÄYXCVBNM,.-", strict=True))
SPANISH = dict(zip(PLACES, "º1234567890'¡QWERTYUIOP`+ÇASDFGHJKLÑ´ZXCVBNM,.-", strict=True))
LAYOUTS = {"us": US, "fr": FRENCH, "de": GERMAN, "es": SPANISH}


def nothing(_context: CommandContext) -> None:
    """A command that does nothing."""


def command(
    command_id: str, key: str | None, *, risky: bool = False, by_label: bool = False
) -> Command:
    return Command(
        command_id, command_id, nothing, increases_risk=risky, default_key=key, by_label=by_label
    )


def pressed(layout: dict[str, str], held: str, place: str) -> KeyPress:
    """The key at a place of a layout, as the window tells it."""
    return KeyPress(normalize(held + place), (normalize(held + layout[place]),))


def meant(keymap: Keymap, press: KeyPress) -> str | None:
    found = keymap.meaning(press).command
    return found.id if found else None


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("place", "QAZWYM1B")
def test_a_trading_key_stays_at_its_place(layout: dict[str, str], place: str) -> None:
    keymap = Keymap([command("trading.buy", f"Ctrl+Alt+{place}", risky=True)])
    assert meant(keymap, pressed(layout, "Ctrl+Alt+", place)) == "trading.buy"


def test_what_all_programs_share_goes_by_its_label() -> None:
    keymap = Keymap([command("file.exit", "Ctrl+Q", by_label=True)])
    assert meant(keymap, pressed(FRENCH, "Ctrl+", "A")) == "file.exit"  # printed Q
    assert meant(keymap, pressed(FRENCH, "Ctrl+", "Q")) is None  # printed A, which is Select All
    assert meant(keymap, pressed(US, "Ctrl+", "Q")) == "file.exit"


def test_where_no_latin_letter_is_printed_the_place_says_it_all() -> None:
    keymap = Keymap([command("file.exit", "Ctrl+Q", by_label=True)])
    assert meant(keymap, KeyPress("Ctrl+Q", ("Ctrl+Й",))) == "file.exit"
    assert meant(keymap, KeyPress("Ctrl+Q")) == "file.exit"


def test_a_press_without_a_place_goes_by_its_label() -> None:
    keymap = Keymap([command("trading.buy", "Ctrl+Alt+B", risky=True)])
    assert meant(keymap, KeyPress(None, ("Ctrl+Alt+B",))) == "trading.buy"
    assert meant(keymap, KeyPress()) is None


def test_a_free_place_leaves_the_label_to_decide() -> None:
    """xdotool and remote desktops look for the key that writes the letter they were asked for."""
    keymap = Keymap([command("trading.arm", "Ctrl+Shift+A")])
    assert meant(keymap, pressed(FRENCH, "Ctrl+Shift+", "A")) == "trading.arm"
    assert meant(keymap, pressed(FRENCH, "Ctrl+Shift+", "Q")) == "trading.arm"


def test_an_entry_never_guesses_between_place_and_label() -> None:
    buy = command("trading.buy", "Ctrl+Alt+A", risky=True)
    sell = command("trading.sell", "Ctrl+Alt+Q", risky=True)
    keymap = Keymap([buy, sell])
    for place, one, other in (("A", buy, sell), ("Q", sell, buy)):
        found = keymap.meaning(pressed(FRENCH, "Ctrl+Alt+", place))
        assert (found.command, found.rival) == (one, other)
        assert found.is_unclear
        assert not keymap.meaning(pressed(US, "Ctrl+Alt+", place)).is_unclear


def test_a_way_out_at_its_place_is_never_unclear() -> None:
    keymap = Keymap(
        [
            command("trading.flatten", "Ctrl+Alt+A"),
            command("trading.buy", "Ctrl+Alt+Q", risky=True),
        ]
    )
    found = keymap.meaning(pressed(FRENCH, "Ctrl+Alt+", "A"))
    assert found.command is not None
    assert found.command.id == "trading.flatten"
    assert not found.is_unclear


@pytest.mark.parametrize("layout", ["fr", "de", "es"])
def test_no_shipped_entry_is_unclear_on_these_layouts(layout: str) -> None:
    keymap = Keymap(all_commands([], []))
    for held in ("Ctrl+", "Ctrl+Alt+", "Ctrl+Shift+", "Ctrl+Alt+Shift+", "Alt+"):
        for place in PLACES:
            found = keymap.meaning(pressed(LAYOUTS[layout], held, place))
            assert not found.is_unclear, f"{held}{place}: {found}"


def test_keys_are_shown_as_they_are_printed() -> None:
    labels = KeyLabels()
    keymap = Keymap(
        [
            command("trading.buy", "Ctrl+Alt+Q", risky=True),
            command("file.exit", "Ctrl+Q", by_label=True),
            command("view.search", "/"),
            command("trading.flatten", "F12"),
        ],
        labels=labels,
    )
    assert not labels.is_known
    assert keymap.text_of("trading.buy") == "Ctrl+Alt+Q"
    assert labels.replace(FRENCH)
    assert keymap.text_of("trading.buy") == "Ctrl+Alt+A"
    assert keymap.keys_of("trading.buy") == ("Ctrl+Alt+Q",)
    assert keymap.text_of("file.exit") == "Ctrl+Q"
    assert keymap.text_of("view.search") == "/"
    assert keymap.text_of("trading.flatten") == "F12"


def test_labels_are_learned_key_by_key_and_a_new_layout_forgets_the_old() -> None:
    labels = KeyLabels()
    assert not labels.learn("B", "B")  # known now, and called as before
    assert labels.is_known
    assert labels.learn("Q", "A")
    assert not labels.learn("Q", "A")
    assert labels.moved == {"Q": "A"}
    assert labels.learn("A", "Q")
    assert labels.learn("Q", "Q")  # back on a US layout: nothing else is sure any more
    assert labels.moved == {}


def test_what_is_no_label_is_not_taken() -> None:
    labels = KeyLabels()
    assert not labels.replace({"Q": "", "W": "\x11", "E": " ", "F12": "X", "R": "ab"})
    assert not labels.is_known
    labels.replace({"-": "ß"})
    assert labels.shown("Ctrl+-") == "Ctrl+ß"


@given(st.sampled_from([*PLACES, "+", "F9", "Esc"]), st.sets(st.sampled_from(["Ctrl", "Alt"])))
def test_keys_come_apart_and_together(main: str, held: set[str]) -> None:
    key = normalize("+".join([*held, main]))
    modifiers, name = split_key(key)
    assert (set(modifiers), name) == (held, main)


def test_the_key_behind_a_character_with_shift() -> None:
    assert unshifted("!") == "1"
    assert unshifted("?") == "/"
    assert unshifted("1") == "1"

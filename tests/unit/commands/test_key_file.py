"""Keys as text: written, read back, refused by line, and compared before anything changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import UserError
from app.commands.catalog import all_commands
from app.commands.key_changes import Share, bound, check, kept, marks, reset, rivals
from app.commands.key_file import changes, needed, read, written
from app.commands.key_sheet import grouped, sheet
from app.commands.keymap import Keymap
from app.commands.registry import Command, CommandRegistry

FRENCH_A_Q = {"A": "Q", "Q": "A"}


def make(*commands: Command, overrides: dict[str, str | None] | None = None) -> Keymap:
    return Keymap(commands, overrides)


def command(command_id: str, key: str | None, more: tuple[str, ...] = (), *, risky: bool = False):  # type: ignore[no-untyped-def] # keeps the line short
    return Command(
        command_id, command_id.upper(), lambda _: None, default_key=key, more_keys=more,
        increases_risk=risky,
    )  # fmt: skip


ONE, TWO, THREE = command("a.one", "F6"), command("a.two", "F7", ("/",)), command("a.three", None)
BUY = command("trading.buy", "Ctrl+Alt+B", risky=True)
TITLES = {one.id: one.title for one in (ONE, TWO, THREE, BUY)}


def test_a_file_holds_the_overrides_with_their_titles_as_remarks() -> None:
    keymap = make(ONE, TWO, BUY, overrides={"a.two": None, "trading.buy": "Ctrl+Alt+X"})
    lines = written(keymap, TITLES).splitlines()
    assert lines[-4:] == ["# A.TWO", "a.two =", "# TRADING.BUY", "trading.buy = Ctrl+Alt+X"]


@given(
    st.dictionaries(
        st.sampled_from(["a.one", "a.two", "a.three", "trading.buy"]),
        st.sampled_from([None, "F3", "Ctrl+Alt+X", "Ctrl++", "Ctrl+=", "Ctrl+#", 'Ctrl+"']),
    )
)
def test_what_is_written_reads_back(overrides: dict[str, str | None]) -> None:
    keymap = make(ONE, TWO, THREE, BUY, overrides=overrides)
    assert read(written(keymap, TITLES), keymap) == overrides


def test_spaces_remarks_quotes_and_spelling_do_not_matter() -> None:
    text = '\ufeff# mine\n\n  a.one=ctrl + f3  \na.two = ""\na.three = "F4"\n'
    keymap = make(ONE, TWO, THREE)
    assert read(text, keymap) == {"a.one": "Ctrl+F3", "a.two": None, "a.three": "F4"}


def test_every_wrong_line_is_told_with_its_number() -> None:
    text = "a.one = F3\nnonsense\nno.such = F4\ntrading.buy = b\na.one = F5\na.two = Ctrl+What\n"
    with pytest.raises(UserError) as info:
        read(text, make(ONE, TWO, BUY))
    told = str(info.value).splitlines()
    assert [line.partition(":")[0] for line in told] == [f"line {n}" for n in (2, 3, 4, 5, 6)]
    assert "trading.buy_market = Ctrl+Alt+B" in told[0]
    assert "no command 'no.such'" in told[1]
    assert "plain keys never trade" in told[2]
    assert "named twice" in told[3]
    assert "no key" in told[4]


def test_the_preview_lists_what_differs_and_nothing_else() -> None:
    before, after = make(ONE, TWO, BUY), make(ONE, TWO, BUY, overrides={"a.two": "F9"})
    assert [str(change) for change in changes(before, after, TITLES)] == ["A.TWO: F7 or / -> F9"]
    gone = make(ONE, TWO, BUY, overrides={"a.one": None})
    assert [str(change) for change in changes(before, gone, TITLES)] == ["A.ONE: F6 -> no key"]


def test_an_override_that_says_what_the_default_says_is_none() -> None:
    keymap = make(ONE, TWO, THREE)
    asked: dict[str, str | None] = {"a.one": "F6", "a.two": "F7", "a.three": None}
    assert needed(keymap, asked) == {"a.two": "F7"}  # without its second key


def test_a_key_is_taken_from_the_other_which_keeps_what_else_it_has() -> None:
    keymap = make(ONE, TWO)
    assert rivals(keymap, "a.one", "f7") == ["a.two"]
    assert bound(keymap, "a.one", "F7") == {"a.one": "F7", "a.two": "/"}
    assert bound(keymap, "a.two", "F6") == {"a.two": "F6", "a.one": None}


def test_or_neither_gets_it() -> None:
    assert bound(make(ONE, TWO), "a.one", "F7", Share.NEITHER) == {"a.one": None, "a.two": "/"}


def test_a_free_key_concerns_nobody_else() -> None:
    assert bound(make(ONE, TWO), "a.one", "F3") == {"a.one": "F3"}
    assert bound(make(ONE, TWO), "a.one", None) == {"a.one": None}
    back = make(ONE, TWO, overrides={"a.one": "F3"})
    assert bound(back, "a.one", "F6") == {}
    assert reset(back, "a.one") == {}
    assert reset(make(ONE, TWO), "a.one") == {}


def test_plain_keys_are_refused_for_trading() -> None:
    with pytest.raises(UserError, match="plain keys never trade"):
        bound(make(BUY), "trading.buy", "B")


@given(st.data())
def test_taking_keys_never_leaves_a_conflict(data: st.DataObject) -> None:
    commands = (ONE, TWO, THREE, BUY)
    overrides: dict[str, str | None] = {}
    for _ in range(data.draw(st.integers(1, 6))):
        who = data.draw(st.sampled_from(commands)).id
        key = data.draw(st.sampled_from([None, "F6", "F7", "Ctrl+Alt+B", "F3"]))
        overrides = bound(make(*commands, overrides=overrides), who, key)
        keymap = make(*commands, overrides=overrides)
        assert keymap.conflicts() == {}
        assert keymap.problems == []
        assert keymap.keys_of(who)[:1] == ((key,) if key else ())
        for one in commands:
            for heard in keymap.keys_of(one.id):
                assert keymap.command_for(heard) == one.id


def test_what_this_program_does_not_know_stays_in_the_settings() -> None:
    stored = {"a.one": "F3", "newer.command": "F4"}
    assert kept(stored, make(ONE), {}) == {"newer.command": "F4"}


def test_marks_say_what_a_key_does_not_do() -> None:
    fighting = make(command("a.one", "F6"), command("a.two", "F6"), BUY)
    assert marks(fighting, ONE, TITLES) == ["F6 is not heard here: A.TWO has it too"]
    shadowed = make(ONE, TWO, overrides={"a.one": "F7"})
    assert "A.ONE has it too" in marks(shadowed, TWO, TITLES)[0]
    assert marks(shadowed, ONE, TITLES) == []
    assert marks(make(BUY), BUY, TITLES) == ["armed only"]
    copying = make(ONE, overrides={"a.one": "Ctrl+C"})
    assert marks(copying, ONE, TITLES) == ["Copy in fields"]


def test_marks_tell_of_two_commands_on_one_key_of_this_keyboard() -> None:
    sell = command("trading.sell", "Ctrl+Alt+Q", risky=True)
    buy = command("trading.buy", "Ctrl+Alt+A", risky=True)
    keymap = make(buy, sell)
    assert marks(keymap, buy, TITLES) == ["armed only"]
    keymap.labels.replace(FRENCH_A_Q)
    assert "TRADING.SELL is printed on the same key" in marks(keymap, buy, TITLES)[1]


def test_a_keymap_that_fights_with_itself_is_refused() -> None:
    check(make(ONE, TWO))
    with pytest.raises(UserError, match=r"F6 is claimed by a\.one and a\.two"):
        check(make(ONE, TWO, overrides={"a.one": "F6", "a.two": "F6"}))
    with pytest.raises(UserError, match="no command"):
        check(make(ONE, overrides={"no.such": "F6"}))


def test_the_sheet_has_every_key_by_menu() -> None:
    registry: CommandRegistry = all_commands([("orders", "Orders")], [])
    text = sheet(registry, Keymap(registry), "1.0")
    for one in registry:
        for key in Keymap(registry).keys_of(one.id):
            assert key.replace('"', "&quot;") in text
    headings = [text.index(f"<h2>{title}</h2>") for title in ("File", "View", "Trade", "Window")]
    assert headings == sorted(headings)
    assert "Buy Market*" in text
    assert sum(map(len, grouped(registry).values())) == len(registry)

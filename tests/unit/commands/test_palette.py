"""Commands are found by a few of their letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commands.catalog import all_commands
from app.commands.palette import RECENT_KEPT, Entry, Recent, match, search
from app.commands.registry import Command

KEYS = {"trading.cancel_account": "F8"}


def found(query: str, recent: Recent | None = None) -> list[Entry]:
    return search(
        all_commands([("orders", "Orders")], []),
        query,
        recent or Recent(),
        lambda command_id: KEYS.get(command_id, ""),
    )


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("buy market", "trading.buy_market"),
        ("bm", "trading.buy_market"),
        ("sb", "trading.sell_bid"),
        ("flat", "trading.flatten_symbol"),
        ("flatten ev", "trading.flatten_everything"),
        ("cancel all acc", "trading.cancel_account"),
        ("F8", "trading.cancel_account"),
        ("go ord", "view.focus_orders"),
        ("trading.arm", "trading.arm_keys"),
        ("FULLSCREEN", "view.toggle_full_screen"),
    ],
)
def test_a_few_letters_find_the_command(query: str, first: str) -> None:
    assert found(query)[0].command.id == first


def test_menus_and_ids_are_found_by_whole_words_only() -> None:
    """Else three letters find half of the commands somewhere in their menu and title."""
    group = Command("table.group_by_symbol", "Group by Symbol", lambda _: None, menu="View/Table")
    for query, count in (("buy", 0), ("iew table", 0), ("table", 1), ("group_by", 1)):
        rows = search((group,), query, Recent(), lambda _: "")
        assert len(rows) == count, query
    assert "trading.halt_trading" in [entry.command.id for entry in found("kill switch")]


def test_words_from_menu_and_help_are_found_after_all_else() -> None:
    both = [
        Command(f"connections.{word.lower()}_ib", word, lambda _: None, menu="Connections/ib-paper")
        for word in ("Disconnect", "Connect")
    ]
    ask = Command("orders.ask", "Ask Again", lambda _: None, help="Resolve: what became of it")
    found = search([*both, ask], "connect ib", Recent(), lambda _: "")
    assert [entry.command.title for entry in found] == ["Connect", "Disconnect"]
    assert [entry.command for entry in search([ask], "resolve", Recent(), lambda _: "")] == [ask]
    assert search([ask], "resolve never", Recent(), lambda _: "") == []


def test_letters_in_the_wrong_order_find_nothing() -> None:
    assert found("zzz") == []
    assert match("ab", "ba") is None


def test_beginnings_and_rows_count_more() -> None:
    def score(query: str, text: str) -> int:
        way = match(query, text)
        assert way is not None
        return way[0]

    assert score("ca", "Cancel Asks") > score("ca", "Focus Chart")
    assert score("br", "Breakeven") > score("br", "Buy at Bracket")  # in a row
    assert score("cb", "Cancel Bids") > score("cb", "Acrobat")


def test_a_whole_word_is_found_as_one_piece() -> None:
    """Not its first letters and the beginning of the next word."""
    found = match("close", "Close Selected Positions")
    assert found is not None
    assert found[1] == (0, 1, 2, 3, 4)


def test_marks_show_where_the_letters_are() -> None:
    assert match("cb", "Cancel Bids") == (50, (0, 7))
    assert found("cb")[0].marks == (0, 7)
    assert match("", "Anything") == (0, ())


def test_what_is_in_the_title_comes_first() -> None:
    titles = [entry.command.title for entry in found("trade")]
    first_without = next(i for i, title in enumerate(titles) if match("trade", title) is None)
    assert all(match("trade", title) is None for title in titles[first_without:])


def test_the_menu_and_the_key_are_shown() -> None:
    entry = found("cancel all acc")[0]
    assert entry.key == "F8"
    assert entry.path.startswith("Trade")
    assert "/" not in found("dark")[0].path


def test_without_a_query_the_ones_used_last_come_first() -> None:
    recent = Recent()
    assert len(found("", recent)) == len(all_commands([("orders", "Orders")], []))
    recent.note("view.use_dark_theme")
    recent.note("trading.buy_market")
    recent.note("view.use_dark_theme")
    first = [entry.command.id for entry in found("", recent)[:2]]
    assert first == ["view.use_dark_theme", "trading.buy_market"]


def test_between_equals_the_one_used_last_wins() -> None:
    recent = Recent()
    one, two = (Command(f"a.{name}", "Same", lambda _: None) for name in ("one", "two"))

    def first() -> str:
        entries = search((one, two), "same", recent, lambda _: "")
        return entries[0].command.id

    assert first() == "a.one"
    recent.note("a.two")
    assert first() == "a.two"


def test_only_the_last_few_are_remembered() -> None:
    recent = Recent()
    for number in range(RECENT_KEPT + 5):
        recent.note(f"a.c{number}")
    assert recent.rank("a.c0") == RECENT_KEPT
    assert recent.rank(f"a.c{RECENT_KEPT + 4}") == 0


@given(st.text(max_size=8), st.text(max_size=20))
def test_marks_spell_the_query(query: str, text: str) -> None:
    way = match(query, text)
    letters = [letter for letter in query.lower() if not letter.isspace()]
    if way is None:
        return
    places = way[1]
    assert list(places) == sorted(set(places))
    assert [text[place].lower() for place in places] == letters or len(text.lower()) != len(text)


@given(st.text(alphabet="abc AB", max_size=12), st.data())
def test_what_is_in_the_text_is_found(text: str, data: st.DataObject) -> None:
    places = data.draw(st.sets(st.sampled_from(range(len(text))))) if text else set()
    assert match("".join(text[place] for place in sorted(places)), text) is not None

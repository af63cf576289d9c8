"""What traders type becomes a bounded number of questions and a list with the best first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.base.errors import Outcome
from app.brokers.ibkr_tws import search
from app.brokers.ibkr_tws.search_forms import (
    expiry_text,
    explicit_queries,
    normalized,
    pattern_of,
)
from app.domain.instrument import AssetClass
from tests.brokers.ibkr_tws.data_desk import AAPL, desk_at, refusal
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.contracts import Market
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.session import Handler

TODAY = date(2026, 11, 21)


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


# ---- the forms ----


def forms(text: str) -> list[tuple[object, ...]]:
    """Of each question: kind, symbol, place, currency, expiry, strike, right, local symbol."""
    return [
        (q.secType, q.symbol or q.localSymbol, q.exchange, q.currency,
         q.lastTradeDateOrContractMonth, q.strike, q.right)
        for q in explicit_queries(normalized(text), TODAY)
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["EUR.USD", "eur/usd", "EURUSD", "EUR USD", "eur-usd", "EUR"])
def test_pairs(text: str) -> None:
    assert forms(text) == [("CASH", "EUR", "IDEALPRO", "USD", "", 0.0, "")]


def test_pairs_of_other_currencies() -> None:
    assert forms("USDJPY")[0][1:4] == ("USD", "IDEALPRO", "JPY")
    assert forms("USD") == []
    assert forms("USDUSD") == []
    assert forms("ABCDEF") == []


@pytest.mark.parametrize("text", ["BTC", "btc.usd", "BTC/USD", "BTC-USD", "BTCUSD"])
def test_coins_at_each_custodian(text: str) -> None:
    assert [row[:4] for row in forms(text)] == [
        ("CRYPTO", "BTC", "PAXOS", "USD"),
        ("CRYPTO", "BTC", "ZEROHASH", "USD"),
    ]


@pytest.mark.parametrize(
    "text",
    ["AAPL 20261218 200 C", "aapl 2026-12-18 200 call", "AAPL 18DEC26 200 C", "AAPL 261218 C 200",
     "AAPL 18DEC2026 200C", "AAPL 20261218 CALL 200", "AAPL 261218C00200000",
     "AAPL  261218C00200000"],
)  # fmt: skip
def test_options(text: str) -> None:
    by_terms, by_name, on_future = forms(text)
    assert by_terms == ("OPT", "AAPL", "SMART", "USD", "20261218", 200.0, "C")
    assert by_name[:4] == ("OPT", "AAPL  261218C00200000", "SMART", "USD")
    assert on_future == ("FOP", "AAPL", "", "", "20261218", 200.0, "C")


def test_options_of_a_month_of_a_share_class_and_on_a_future() -> None:
    assert [row[4] for row in forms("AAPL 202612 200 P")] == ["202612", "202612"]
    assert [row[4] for row in forms("AAPL DEC26 200 P")] == ["202612", "202612"]
    assert forms("BRK.B 20261218 400.5 P")[0][1:6] == (
        "BRK B", "SMART", "USD", "20261218", 400.5,
    )  # fmt: skip
    assert [row[0] for row in forms("ES 20261218 5000 C")] == ["FOP", "OPT"]


@pytest.mark.parametrize("text", ["ES 202612", "es 2026-12", "ES DEC26", "ESZ6", "ESZ26"])
def test_futures(text: str) -> None:
    assert forms(text) == [("FUT", "ES", "", "", "202612", 0.0, "")]


def test_futures_by_day_and_of_later_years() -> None:
    assert forms("ES 20261218")[0][4] == "20261218"
    assert forms("CLF7")[0][1:5] == ("CL", "", "", "202701")
    assert forms("ESZ5")[0][4] == "203512", "December 2025 is over for ten years"


def test_expiries_in_words_and_numbers() -> None:
    typed = ("5MAR27", "MAR27", "260319", "202603", "2026-03-19")
    assert [expiry_text(text) for text in typed] == [
        "20270305", "202703", "20260319", "202603", "20260319",
    ]  # fmt: skip


def test_what_is_no_name_of_a_share_is_not_searched_for() -> None:
    for text in ("AAPL 20261218 200 C", "AAPL 261218C00200000", "ES 202612", "EUR.USD",
                 "AAPL 20261218 C 200"):  # fmt: skip
        assert pattern_of(text) == ""
    assert pattern_of("BRK.B") == pattern_of("BRK/B") == "BRK B"
    assert pattern_of("ESZ6") == "ESZ6"
    assert pattern_of("APPLE INC") == "APPLE INC"


# ---- at TWS ----


def answer(peer: TwsPeer, handler: Handler) -> None:
    """Answer symbol searches like this."""

    def change() -> None:
        for session in peer.world.sessions:
            session._handlers = {**session._handlers, int(Ask.MATCHING_SYMBOLS): handler}

    peer.call(change)


def test_a_share_comes_first_and_twins_are_told_apart(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            found = await desk.search.find("msft")
            shares = [f for f in found if f.asset_class is AssetClass.EQUITY]
            assert [(f.exchange, f.currency) for f in shares] == [
                ("NASDAQ", "USD"), ("BVL", "USD"), ("AEQLIT", "CAD"),
            ]  # fmt: skip
            assert len({f.key for f in shares}) == 3
            assert found[0].description == "MICROSOFT CORP"

    run(scenario())


@pytest.mark.parametrize("text", ["BRK.B", "brk b", "BRK/B"])
def test_classes_of_shares_are_found_however_written(
    text: str, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            assert [f.key for f in await desk.search.find(text)] == ["SEC|BRK.B|USD"]

    run(scenario())


def test_a_name_is_found_as_well(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            assert [f.symbol for f in await desk.search.find("nestl")] == ["NESN"]

    run(scenario())


def test_a_root_gives_the_front_month_first(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            found = await desk.search.find("ES")
            futures = [f for f in found if f.asset_class is AssetClass.FUTURE]
            expiries = [f.expiry for f in futures if f.underlying == "ES"]
            listed = peer.call(peer.world.part, Market).of_symbol("ES", "FUT")
            assert len(expiries) == len(listed)
            assert expiries == sorted(d for d in expiries if d is not None)
            assert found[0] == futures[0]
            (same,) = await desk.search.find(futures[0].symbol)
            assert same == futures[0]
            assert futures[1].expiry is not None
            (second,) = await desk.search.find(f"ES {futures[1].expiry:%Y%m}")
            assert second == futures[1]

    run(scenario())


def test_a_root_nobody_thought_of_is_told_by_tws(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "ROOTS", frozenset())

    async def scenario() -> None:
        async with desk_at(peer) as desk:
            found = await desk.search.find("MES")
            assert found[0].asset_class is AssetClass.FUTURE
            assert found[0].underlying == "MES"

    run(scenario())


def test_pairs_coins_and_options_at_tws(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            assert [f.key for f in await desk.search.find("EURUSD")] == ["FX|EUR|USD"]
            assert (await desk.search.find("BTC"))[0].key == "CRYPTO|BTC|USD"
            option = peer.call(peer.world.part, Market).of_symbol("AAPL", "OPT")[0].contract
            typed = f"AAPL {option.expiry} {option.strike} {option.right}"
            (found,) = await desk.search.find(typed)
            assert found.asset_class is AssetClass.OPTION
            (again,) = await desk.search.find(found.symbol)
            assert again == found, "what is shown can be typed"

    run(scenario())


def test_nothing_is_an_answer(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            assert await desk.search.find("no such symbol at all") == ()
            assert await desk.search.find("   ") == ()
            assert await desk.search.find("AAPL 20261218 200 CC") == ()
            assert await desk.search.find("XX 20991218 200 C") == ()

    run(scenario())


def test_questions_are_bounded_and_not_repeated(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        twin = peer.call(lambda: peer.world.listings[AAPL])
        for number in range(30):
            contract = replace(twin.contract, con_id=9000 + number, symbol=f"QQ{number:02}")
            peer.call(
                peer.world.listings.__setitem__, 9000 + number, replace(twin, contract=contract)
            )
            peer.call(peer.world.contracts.__setitem__, 9000 + number, contract)
        async with desk_at(peer) as desk:
            found = await desk.search.find("QQ")
            assert len(found) == search.MOST_DETAILS
            assert len(desk.asked(Ask.CONTRACT_DETAILS)) == search.MOST_DETAILS
            assert await desk.search.find("qq") == found
            assert len(desk.asked(Ask.MATCHING_SYMBOLS)) == 1
            assert len(desk.asked(Ask.CONTRACT_DETAILS)) == search.MOST_DETAILS

    run(scenario())


def test_while_typing_only_the_newest_is_asked(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            typing = []
            for text in ("A", "AA", "AAP", "AAPL"):
                typing.append(asyncio.create_task(desk.search.find(text)))
                await asyncio.sleep(0.02)
            found = await asyncio.gather(*typing)
            assert found[-1][0].key == "SEC|AAPL|USD"
            assert [fields[2] for fields in desk.asked(Ask.MATCHING_SYMBOLS)] == ["A", "AAPL"]
            asked_at = peer.call(
                lambda: [
                    r.at
                    for r in peer.world.received
                    if r.fields[0] == str(int(Ask.MATCHING_SYMBOLS))
                ]
            )
            assert asked_at[1] - asked_at[0] >= 0.95

    run(scenario())


def test_no_answer_at_all_is_no_empty_result(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "DEADLINE_S", 0.3)

    async def scenario() -> None:
        async with desk_at(peer, heartbeat_s=30.0) as desk:
            peer.call(setattr, peer.faults, "mute", True)
            error = await refusal(desk.search.find("AAPL"))
            assert error.outcome is Outcome.UNKNOWN
            desk.line.close()
            error = await refusal(desk.search.find("EUR.USD"))
            assert error.outcome is Outcome.NOT_SENT

    run(scenario())


def test_a_refused_search_says_why(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            answer(peer, lambda s, f: s.error(int(f[1]), 321, "no search today"))
            error = await refusal(desk.search.find("NOSUCH"))
            assert error.outcome is Outcome.REJECTED
            assert "no search today" in str(error)
            (found,) = await desk.search.find("AAPL")
            assert found.key == "SEC|AAPL|USD"

    run(scenario())


def test_no_such_symbol_may_come_as_an_error(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            answer(peer, lambda s, f: s.error(int(f[1]), 200, "No security definition"))
            assert await desk.search.find("NOSUCH") == ()

    run(scenario())


def test_a_share_is_found_by_its_name_where_the_search_says_nothing(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PATIENCE_S", 0.1)

    async def scenario() -> None:
        async with desk_at(peer) as desk:
            answer(peer, lambda s, f: None)
            (found,) = await desk.search.find("brk.b")
            assert found.symbol == "BRK B"
            assert len(desk.asked(Ask.CONTRACT_DETAILS)) == 1

    run(scenario())


def test_answers_are_kept_but_not_for_ever(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MATCHING_PAUSE_S", 0.0)
    monkeypatch.setattr(search, "_REMEMBERED", 2)

    async def scenario() -> None:
        async with desk_at(peer) as desk:
            for text in ("AAPL", "SPY", "INDA", "AAPL"):
                assert (await desk.search.find(text))[0].symbol == text
            assert len(desk.asked(Ask.MATCHING_SYMBOLS)) == 4

    run(scenario())


def test_what_came_before_the_deadline_is_shown(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "DEADLINE_S", 0.4)

    async def scenario() -> None:
        async with desk_at(peer) as desk:
            answer(peer, lambda s, f: None)
            found = await desk.search.find("EUR")
            assert [f.key for f in found] == ["FX|EUR|USD"]

    run(scenario())


def test_expired_futures_are_left_out(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        today = datetime.now(UTC).date()
        async with desk_at(peer) as desk:
            found = await desk.search.find("MES")
            assert not [f for f in found if f.is_expired(today)]

    run(scenario())

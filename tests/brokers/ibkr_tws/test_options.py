"""Option chains, and one contract of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.base.errors import Outcome
from app.brokers.ibkr_tws.options import Parameters, chain_of
from app.domain.instrument import AssetClass, Instrument, OptionRight
from tests.brokers.ibkr_tws.data_desk import AAPL, MSFT, desk_at, refusal
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.contracts import Market, contract_details
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.session import Handler, Session

SHARE = Instrument("AAPL", AssetClass.EQUITY, "USD")


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


def answer(peer: TwsPeer, handler: Handler) -> None:
    """Answer questions for option parameters like this."""

    def change() -> None:
        for session in peer.world.sessions:
            session._handlers = {**session._handlers, int(Ask.OPTION_PARAMETERS): handler}

    peer.call(change)


def test_chains_are_complete_and_the_smart_one_is_first(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await desk.instrument(AAPL)
            chains = await desk.options.chains(aapl)
            listed = peer.call(peer.world.part, Market).of_symbol("AAPL", "OPT")
            assert chains[0].exchange == "SMART"
            assert len(chains) == len(listed[0].places)
            assert chains[0].underlying is aapl
            assert (chains[0].trading_class, chains[0].multiplier) == ("AAPL", Decimal(100))
            strikes = sorted({one.contract.strike for one in listed})
            assert chains[0].strikes == tuple(strikes)
            assert [f"{day:%Y%m%d}" for day in chains[0].expiries] == sorted(
                {one.contract.expiry for one in listed}
            )
            (asked,) = desk.asked(Ask.OPTION_PARAMETERS)
            assert asked[2:] == ["AAPL", "", "STK", str(AAPL)]

    run(scenario())


def test_options_on_a_future_are_asked_for_at_its_exchange(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            future = await desk.future()
            assert await desk.options.chains(future) == ()
            assert desk.asked(Ask.OPTION_PARAMETERS)[0][2:5] == ["ES", "CME", "FUT"]

    run(scenario())


def test_one_option_of_a_chain(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await desk.instrument(AAPL)
            chain = (await desk.options.chains(aapl))[0]
            expiry, strike = chain.expiries[0], chain.strikes[3]
            found = await desk.options.option(chain, expiry, strike, OptionRight.PUT)
            assert (found.expiry, found.strike, found.right) == (expiry, strike, OptionRight.PUT)
            assert (found.underlying, found.exchange) == ("AAPL", "SMART")
            contract = desk.instruments.contract_now(found)
            assert contract is not None
            assert contract.right == "P"

    run(scenario())


def test_a_combination_that_is_not_listed_is_no_contract(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            chain = (await desk.options.chains(await desk.instrument(AAPL)))[0]
            day = chain.expiries[0] + timedelta(1)
            error = await refusal(
                desk.options.option(chain, day, chain.strikes[0], OptionRight.CALL)
            )
            assert (error.code, error.outcome) == ("no-contract", Outcome.REJECTED)
            assert "is not listed at SMART" in str(error)
            future = await desk.future()
            on_future = replace(chain, underlying=future, exchange="CME", trading_class="ES")
            error = await refusal(
                desk.options.option(on_future, day, Decimal(5000), OptionRight.CALL)
            )
            assert error.code == "no-contract"
            assert desk.asked(Ask.CONTRACT_DETAILS)[-1][4:6] == ["ES", "FOP"]

    run(scenario())


def test_another_option_than_the_one_asked_for_is_not_taken(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            chain = (await desk.options.chains(await desk.instrument(AAPL)))[0]

            strike = str(chain.strikes[1])

            def another(session: Session, fields: list[str]) -> None:
                contract_details(session, [*fields[:7], strike, *fields[8:]])

            def confuse() -> None:
                for session in peer.world.sessions:
                    session._handlers = {
                        **session._handlers, int(Ask.CONTRACT_DETAILS): another,
                    }  # fmt: skip

            peer.call(confuse)
            error = await refusal(
                desk.options.option(chain, chain.expiries[0], chain.strikes[0], OptionRight.CALL)
            )
            assert error.code == "no-contract"

    run(scenario())


def test_an_underlying_without_options_has_no_chain(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            msft = await desk.instrument(MSFT)
            assert await desk.options.chains(msft) == ()
            answer(peer, lambda s, f: s.error(int(f[1]), 200, "No security definition"))
            assert await desk.options.chains(msft) == ()

    run(scenario())


def test_a_refusal_is_told(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            msft = await desk.instrument(MSFT)
            answer(peer, lambda s, f: s.error(int(f[1]), 321, "not today"))
            error = await refusal(desk.options.chains(msft))
            assert error.outcome is Outcome.REJECTED
            assert "not today" in str(error)
            unknown = Instrument("NOSUCH", AssetClass.EQUITY, "USD")
            assert (await refusal(desk.options.chains(unknown))).code == "no-contract"

    run(scenario())


def row(**changes: object) -> Parameters:
    known = Parameters("SMART", 1, "AAPL", "100", ["20261218", "20260918"], [200.0, 190.0])
    return known._replace(**changes)  # type: ignore[arg-type]  # a test may say anything


def test_rows_become_chains_in_order() -> None:
    chain = chain_of(SHARE, row())
    assert chain is not None
    assert chain.expiries == (date(2026, 9, 18), date(2026, 12, 18))
    assert chain.strikes == (Decimal(190), Decimal(200))


@pytest.mark.parametrize(
    "changes",
    [{"expirations": []}, {"expirations": ["soon"]}, {"strikes": []}, {"strikes": [0.0]},
     {"multiplier": "many"}, {"multiplier": "-1"}],
)  # fmt: skip
def test_rows_of_which_nothing_can_be_traded_are_left_out(changes: dict[str, object]) -> None:
    assert chain_of(SHARE, row(**changes)) is None


def test_a_chain_without_a_multiplier_counts_single_units() -> None:
    chain = chain_of(SHARE, row(multiplier=""))
    assert chain is not None
    assert chain.multiplier == 1

"""The catalog: whatever the desk has met, and what brokers find."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.base.bus import EventBus
from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.domain.capabilities import Capabilities
from app.domain.events import InstrumentFound, OrderChanged, PositionChanged, PositionView
from app.domain.instrument import AssetClass, Instrument, OptionRight
from app.domain.option_chain import OptionChain
from app.engine.instruments import InstrumentCatalog
from tests.doubles.clock import FakeClock
from tests.doubles.loop import LoopRunner
from tests.doubles.market import Feed
from tests.doubles.orders import ACCOUNT, CONNECTION, QQQ, SPY, born, life

SPYG = Instrument("SPYG", AssetClass.ETF, "USD", description="Growth")


class Shelf:
    def __init__(self, clock: Clock) -> None:
        self.bus, self.feed = EventBus(), Feed(clock)
        self.catalog = InstrumentCatalog(self.bus, self.feed)
        self.found: list[Instrument] = []
        self.bus.subscribe(InstrumentFound, lambda event: self.found.append(event.instrument))


@pytest.fixture
def shelf(clock: FakeClock) -> Shelf:
    return Shelf(clock)


def test_the_first_description_stays_and_is_published_once(shelf: Shelf) -> None:
    shelf.catalog.remember(SPY)
    shelf.catalog.remember(replace(SPY, description="another broker's words"))
    assert shelf.catalog.known(SPY.key) is SPY
    assert shelf.found == [SPY]
    assert shelf.catalog.known(QQQ.key) is None


def test_orders_and_positions_are_met_by_themselves(shelf: Shelf) -> None:
    shelf.bus.publish(OrderChanged(life(), born()))
    view = PositionView(
        CONNECTION, ACCOUNT, QQQ, Decimal(1), None, None, None, Decimal(0), None, False
    )
    shelf.bus.publish(PositionChanged(view))
    assert shelf.catalog.all() == [SPY, QQQ]


def test_a_search_asks_the_broker_and_remembers(shelf: Shelf, run: LoopRunner) -> None:
    shelf.feed.listed = (SPY, SPYG, QQQ)
    assert run(shelf.catalog.search(CONNECTION, "  spy ")) == [SPY, SPYG]
    assert shelf.feed.calls == ["search spy"]
    assert shelf.found == [SPY, SPYG]


def test_nothing_typed_asks_nobody(shelf: Shelf, run: LoopRunner) -> None:
    assert run(shelf.catalog.search(CONNECTION, "   ")) == []
    assert shelf.feed.calls == []


def test_a_long_text_is_cut(shelf: Shelf, run: LoopRunner) -> None:
    run(shelf.catalog.search(CONNECTION, "x" * 1000))
    assert shelf.feed.calls == ["search " + "x" * 64]


@pytest.mark.parametrize("is_offline", [True, False])
def test_without_a_search_the_desk_s_own_memory_answers(
    shelf: Shelf, run: LoopRunner, is_offline: bool
) -> None:
    if is_offline:
        shelf.feed.errors += [BrokerError("offline", Outcome.NOT_SENT)] * 3
    else:
        shelf.feed.can = Capabilities()
    for instrument in (SPYG, QQQ, SPY):
        shelf.catalog.remember(instrument)
    assert run(shelf.catalog.search(CONNECTION, "spy")) == [SPY, SPYG]
    assert run(shelf.catalog.search(CONNECTION, "growth")) == [SPYG]
    assert run(shelf.catalog.search(CONNECTION, "moon")) == []


def test_a_search_that_fails_says_so(shelf: Shelf, run: LoopRunner) -> None:
    shelf.feed.errors.append(BrokerError("no answer"))
    with pytest.raises(BrokerError, match="no answer"):
        run(shelf.catalog.search(CONNECTION, "spy"))


def test_an_option_of_a_chain_is_remembered(shelf: Shelf, run: LoopRunner) -> None:
    expiry, strike = date(2026, 12, 18), Decimal(500)
    chain = OptionChain(SPY, "SMART", "SPY", Decimal(100), (expiry,), (strike,))
    shelf.feed.chains = (chain,)
    assert run(shelf.catalog.option_chains(CONNECTION, SPY)) == (chain,)
    found = run(shelf.catalog.option(CONNECTION, chain, expiry, strike, OptionRight.CALL))
    assert shelf.feed.calls == ["chains SPY", "option 2026-12-18 500 call"]
    assert shelf.catalog.known(found.key) is found


def test_an_option_that_is_not_listed_is_not_remembered(shelf: Shelf, run: LoopRunner) -> None:
    chain = OptionChain(SPY, "SMART", "SPY", Decimal(100), (), ())
    shelf.feed.errors.append(BrokerError("not listed", Outcome.REJECTED, "no-contract"))
    with pytest.raises(BrokerError, match="not listed"):
        run(
            shelf.catalog.option(CONNECTION, chain, date(2026, 12, 18), Decimal(1), OptionRight.PUT)
        )
    assert shelf.catalog.all() == []

"""The fourth light: how old the data is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.brokers.base import Broker
from app.domain.market import DataKind, Quote, TradePrint
from app.domain.reports import (
    Light,
)
from app.engine.health import line_trouble
from tests.doubles.loop import LoopRunner
from tests.doubles.scripted_desk import (
    AT,
    PAPER,
    QUOTE,
    SHARE,
    UP,
    Desk,
    health,
)


def test_the_fourth_light_watches_the_age_of_subscribed_data(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        connections = desk.connections

        def light() -> Light:
            connections.check_data_age()
            return connections.health(PAPER).data_age

        async def tick(quote: Quote) -> None:
            async def publish(broker: Broker) -> None:
                broker.context.sink.quote(quote)
                broker.context.sink.trade(TradePrint(quote.instrument, 1.0, 1.0, AT))

            await connections.call(PAPER, publish)
            quotes, prints = connections.drain_market(PAPER)
            assert (list(quotes.values()), len(prints)) == ([quote], 1)

        await connections.connect(PAPER)
        assert light() is Light.OFF, "nothing is subscribed"
        desk.subscribed = [SHARE]
        assert light() is Light.PENDING
        await tick(QUOTE)
        assert light() is Light.OK
        desk.clock.advance(14)
        assert light() is Light.OK
        desk.clock.advance(2)
        assert light() is Light.WARNING
        assert desk.changes[-1].health.data_age is Light.WARNING
        assert connections.is_trading_open(PAPER) is None, "age warns, it does not close"
        await tick(QUOTE)
        assert light() is Light.OK
        desk.clock.set_now(AT + timedelta(hours=14))  # the night
        desk.clock.advance(3600)
        assert light() is Light.OK, "a closed market owes no data"
        await tick(replace(QUOTE, kind=DataKind.REPLAY))
        desk.clock.advance(20)
        assert light() is Light.WARNING, "a replay has no night"
        await desk.say(health(data_age=Light.PENDING, text="paused"))
        assert light() is Light.PENDING, "the adapter knows why"
        await connections.stop()
        assert light() is Light.OFF

    run(scenario())


def test_an_unknown_calendar_is_taken_for_open(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.connections.connect(PAPER)
        desk.subscribed = [replace(SHARE, session="moonbase")]
        desk.connections.check_data_age()
        desk.clock.advance(16)
        desk.connections.check_data_age()
        assert desk.connections.health(PAPER).data_age is Light.WARNING
        await desk.connections.stop()

    run(scenario())


def test_what_is_known_of_a_line_in_trouble() -> None:
    assert line_trouble(UP) is None
    assert line_trouble(replace(UP, transport=Light.OFF)) == "the line is down"
    assert line_trouble(replace(UP, authentication=Light.FAILED)) == "the broker ended the session"
    assert line_trouble(replace(UP, subscriptions=Light.FAILED)) is None

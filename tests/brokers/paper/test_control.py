"""The transport, and the clockwork that moves a session by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.base.clock import SystemClock
from app.base.errors import BrokerError, Outcome, UserError
from app.brokers.paper.adapter import PaperBroker
from app.domain.market import DataKind, Timeframe
from app.domain.order_types import Side
from app.domain.reports import HealthReport, Light, Notice
from tests.brokers.driving import submitted
from tests.brokers.paper.driver import PaperDriver, write_bars
from tests.brokers.paper.trader import Run, Trader, trading
from tests.doubles.loop import until


@pytest.fixture
def trader(tmp_path: Path, run: Run) -> Iterator[Trader]:
    with trading(tmp_path, run) as open_trader:
        yield open_trader


def test_the_state_tells_a_replay_and_its_date(trader: Trader) -> None:
    state = trader.control("replay.state")
    assert state["kind"] == "replay"
    assert state["title"] == "XYZ_1min.csv"
    assert state["date"] == state["dates"][trader.market.key] == "2024-03-12T15:30:00+00:00"
    assert state["position_s"] == state["start_s"] + 3600.0
    assert state["end_s"] == state["start_s"] + 300 * 60
    assert (state["speed"], state["paused"], state["loop"]) == (1.0, False, False)


def test_a_step_plays_and_matches_at_once(trader: Trader) -> None:
    trader.run(trader.market.broker.subscribe(trader.market.instrument))
    trader.control("replay.pause")
    order = trader.buy(10, limit="100.00")
    before = trader.control("replay.state")
    after = trader.control("replay.step", seconds=1200)
    assert after["position_s"] == before["position_s"] + 1200
    assert len(trader.market.sink.trades) > 100
    assert trader.fills(order)
    assert trader.control("replay.state")["paused"]


def test_a_seek_matches_nothing_in_between(trader: Trader) -> None:
    order = trader.buy(10, limit="99.98")
    trader.run(trader.market.broker.subscribe(trader.market.instrument))
    state = trader.control("replay.state")
    trader.control("replay.seek", at_s=state["start_s"] + 9000)
    assert trader.fills(order) == []
    quote = trader.market.sink.quotes[-1]
    assert quote.at == datetime.fromtimestamp(state["start_s"] + 9000, UTC)
    assert quote.kind is DataKind.REPLAY


def test_a_seek_back_takes_history_back(trader: Trader) -> None:
    state = trader.control("replay.state")

    def count() -> int:
        broker, instrument = trader.market.broker, trader.market.instrument
        start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
        return len(trader.run(broker.history(instrument, Timeframe.M1, start, end)))

    assert count() == 60
    trader.control("replay.seek", at_s=state["start_s"] + 600)
    assert count() == 10


def test_opening_a_file_replaces_the_market(trader: Trader, tmp_path: Path) -> None:
    other = write_bars(tmp_path / "ABC_1min.csv", price=50)
    state = trader.control("replay.open", path=str(other))
    assert state["title"] == "ABC_1min.csv"
    (found,) = trader.run(trader.market.broker.search("abc"))
    assert found.symbol == "ABC"
    assert trader.run(trader.market.broker.search("xyz")) == ()
    trader.run(trader.market.close())
    trader.run(trader.market.open())
    assert trader.control("replay.state")["title"] == "ABC_1min.csv"
    assert trader.control("replay.open", path="")["title"] == "XYZ_1min.csv"


def test_a_refused_file_changes_nothing(trader: Trader, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("timestamp,open,high,low,close\n2024-01-02,1,1,x,1\n")
    before = trader.control("replay.state")
    with pytest.raises(UserError, match=r"bad\.csv:2: 'low' is no number"):
        trader.control("replay.open", path=str(bad))
    assert trader.control("replay.state") == before


def test_a_file_that_is_gone_falls_back_to_the_settings(trader: Trader, tmp_path: Path) -> None:
    other = write_bars(tmp_path / "ABC_1min.csv", price=50)
    trader.control("replay.open", path=str(other))
    trader.run(trader.market.close())
    other.unlink()
    trader.run(trader.market.open())
    assert trader.control("replay.state")["title"] == "XYZ_1min.csv"
    assert "cannot be opened any more" in trader.market.sink.of(Notice)[-1].text


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        ("replay.rewind", {}, "knows no command 'replay.rewind'"),
        ("session.stop", {}, "knows no command 'session.stop'"),
        ("replay.speed", {"value": 0}, "speed must be 0.1 to 500"),
        ("replay.speed", {"value": "fast"}, "value must be a number, was 'fast'"),
        ("replay.seek", {"at_s": float("nan")}, "at_s cannot be nan"),
        ("replay.step", {"seconds": -1}, "seconds cannot be -1"),
        ("replay.step", {}, "missing a required argument: 'seconds'"),
    ],
)
def test_commands_that_cannot_be_done(
    trader: Trader, command: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(BrokerError, match=message) as caught:
        trader.control(command, **arguments)
    assert caught.value.outcome is Outcome.NOT_SENT


def test_paused_and_playing_show_in_the_lights(trader: Trader) -> None:
    def light() -> Light:
        return trader.market.sink.of(HealthReport)[-1].health.data_age

    assert light() is Light.OK
    trader.control("replay.pause")
    assert light() is Light.PENDING
    trader.control("replay.play")
    assert light() is Light.OK


def test_left_alone_it_plays_by_itself(tmp_path: Path, run: Run) -> None:
    """With real clocks: quotes come, stay fresh, and a market order fills."""
    market = PaperDriver(tmp_path, {"speed": 100.0, "latency_ms": 20.0})
    market.clock = SystemClock()  # type: ignore[assignment]  # the real one, for once

    async def scene() -> None:
        await market.open()
        await market.broker.subscribe(market.instrument)
        request = Trader(market, run).request(Side.BUY, 10)
        order = submitted(request, market.sink.book, market.clock.now())
        await market.broker.submit([order])
        assert market.sink.fills(order.client_order_id) == []
        await until(lambda: market.sink.fills(order.client_order_id))
        await until(lambda: len(market.sink.trades) > 5)
        assert len(market.sink.fills(order.client_order_id)) == 1
        assert (await market.broker.control("replay.state"))["elapsed_s"] > 2
        await market.broker.control("replay.pause")
        await asyncio.sleep(0.1)
        heard = len(market.sink.quotes)
        await asyncio.sleep(0.2)
        assert len(market.sink.quotes) == heard
        await market.close()

    run(scene())


def test_quotes_that_stand_are_confirmed_while_it_plays(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run, speed=0.1) as trader:
        trader.run(trader.market.broker.subscribe(trader.market.instrument))

        async def wait() -> None:
            trader.market.clock.advance(3.0)
            await asyncio.sleep(0.06)

        before = len(trader.market.sink.quotes)
        trader.run(wait())
        quotes = trader.market.sink.quotes[before:]
        assert quotes
        assert quotes[-1].received == trader.market.clock.monotonic()


def test_two_adapters_in_turn_leave_nothing_running(tmp_path: Path, run: Run) -> None:
    driver = PaperDriver(tmp_path)
    for _ in range(2):
        run(driver.open())
        with pytest.raises(BrokerError, match="connected already"):
            run(driver.broker.connect())
        run(driver.close())
    with pytest.raises(BrokerError, match="not connected"):
        run(PaperBroker(driver.context()).snapshot())

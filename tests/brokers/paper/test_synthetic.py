"""The invented market: seeded, quick, and matched like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.base.errors import BrokerError
from app.brokers.paper.synthetic import Synthetic
from app.brokers.paper.tick import Tick
from app.domain.market import DataKind, Timeframe
from app.domain.order_types import OrderStatus
from tests.brokers.paper.driver import START_S
from tests.brokers.paper.trader import Run, trading


def ticks_of(seed: int, seconds: float = 0.5) -> list[Tick]:
    source = Synthetic(20, 2000.0, seed, lambda: float(START_S))
    return list(source.advance(seconds))


def test_the_same_seed_makes_the_same_sequence() -> None:
    assert repr(ticks_of(1)) == repr(ticks_of(1))
    assert repr(ticks_of(1)) != repr(ticks_of(2))


def test_the_rate_is_kept_over_uneven_beats() -> None:
    source = Synthetic(20, 2000.0, 1, lambda: float(START_S))
    beats = (0.0101, 0.0303, 0.0004, 0.1592, 0.3)
    assert sum(len(source.advance(beat)) for beat in beats) == int(2000 * sum(beats))


def test_prices_move_by_ticks_and_the_spread_never_crosses() -> None:
    last: dict[str, float] = {}
    for tick in ticks_of(3):
        assert 0 < tick.bid < tick.ask
        middle = (tick.bid + tick.ask) / 2
        assert abs(middle - last.get(tick.key, middle)) < 0.0101
        last[tick.key] = middle
    assert len(last) == 20


def test_paused_it_is_silent() -> None:
    source = Synthetic(2, 100.0, 1, lambda: float(START_S))
    source.set_paused(True)
    assert source.advance(0.5) == ()


def test_it_has_a_past_that_meets_the_present() -> None:
    source = Synthetic(2, 1000.0, 1, lambda: float(START_S))
    key = next(iter(source.instruments))
    prices = [t.price for t in source.advance(0.5) if t.key == key and t.price == t.price]
    bars, native_s = source.bars(key)
    assert native_s == 60
    assert len(bars) > 1000
    assert bars.close[-1] == prices[-1]
    assert (bars.high >= bars.low).all()
    assert (bars.start_s[1:] > bars.start_s[:-1]).all()
    assert abs(bars.close[-2] - prices[0]) < 5.0


def test_orders_trade_on_it(tmp_path: Path, run: Run) -> None:
    settings: dict[str, Any] = {"source": "synthetic", "instruments": 3, "quotes_per_second": 100.0}
    with trading(tmp_path, run, **settings) as trader:
        market, broker = trader.market, trader.market.broker
        assert not broker.capabilities.replay
        run(broker.subscribe(market.instrument))
        assert market.sink.quotes[-1].kind is DataKind.SYNTHETIC
        trader.quote("99.99", "100.01")
        assert trader.status(trader.buy(10)) is OrderStatus.FILLED
        state = trader.control("replay.state")
        assert state["kind"] == "synthetic"
        assert trader.control("replay.pause")["paused"]
        for command, arguments in (
            ("replay.seek", {"at_s": 0}),
            ("replay.step", {"seconds": 1}),
            ("replay.speed", {"value": 2}),
        ):
            with pytest.raises(BrokerError, match="invented prices cannot be"):
                trader.control(command, **arguments)
        end = market.clock.now()
        bars = run(broker.history(market.instrument, Timeframe.M5, end.replace(day=1), end))
        assert len(bars) > 100

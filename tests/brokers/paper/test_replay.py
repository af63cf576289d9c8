"""A replay plays what was recorded, the same every time, and knows nothing of the future."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import BrokerError
from app.brokers.paper.aggregate import in_timeframe
from app.brokers.paper.files import open_recording
from app.brokers.paper.manifest import Entry, Market, guessed_instrument, open_market
from app.brokers.paper.recording import Recording
from app.brokers.paper.replay import Replay, Transport
from app.brokers.paper.tick import Tick
from app.domain.bars import BarSeries
from app.domain.market import Timeframe
from app.domain.session import calendar
from tests.brokers.paper.driver import START_S, write_bars

BAR_COUNT = 40


def bars(count: int = BAR_COUNT, gaps: dict[int, int] | None = None) -> BarSeries:
    """Minutes with a random walk; `gaps` puts seconds of silence before some of them."""
    random = np.random.default_rng(5)
    starts = START_S + 60 * np.arange(count, dtype=np.int64)
    for row, seconds in (gaps or {}).items():
        starts[row:] += seconds
    close = np.round(100 + np.cumsum(random.normal(0, 0.05, count)), 2)
    opened = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(opened, close) + 0.02
    low = np.minimum(opened, close) - 0.02
    volume = random.integers(0, 500, count).astype(np.float64)
    return BarSeries(starts, opened, high.round(2), low.round(2), close, volume)


def recording(series: BarSeries, symbol: str = "XYZ") -> Recording:
    return Recording(Path(f"{symbol}.csv"), symbol, Decimal("0.01"), Decimal(1), series, bar_s=60)


def replay(*series: BarSeries, seed: int = 1, skip_gaps: bool = True, begin: int = 0) -> Replay:
    found = [recording(one, f"X{number}") for number, one in enumerate(series)]
    entries = tuple(
        Entry(guessed_instrument(r, "USD"), r, float(s.start_s[begin]))
        for r, s in zip(found, series, strict=True)
    )
    return Replay(Market("test", entries), Transport(), seed=seed, skip_gaps=skip_gaps)


def played_out(source: Replay) -> list[Tick]:
    return source.play(source.end_s - source.transport.position_s)


def prints(ticks: list[Tick]) -> list[tuple[float, float, float]]:
    return [(t.at_s, t.price, t.size) for t in ticks]


def test_every_bar_is_played_as_recorded() -> None:
    series = bars()
    source = replay(series)
    ticks = played_out(source)
    for row in range(len(series)):
        bar = series.bar(row)
        mine = [t for t in ticks if bar.start_s <= t.at_s < bar.start_s + 60]
        assert (mine[0].price, mine[-1].price) == (bar.open, bar.close)
        assert max(t.price for t in mine) == bar.high
        assert min(t.price for t in mine) == bar.low
        assert sum(t.size for t in mine) == bar.volume


@settings(max_examples=25)
@given(st.lists(st.floats(0.0, 700.0), max_size=12))
def test_in_pieces_or_at_once_it_is_the_same(pieces: list[float]) -> None:
    whole = played_out(replay(bars()))
    source = replay(bars())
    found: list[Tick] = []
    for seconds in pieces:
        found += source.play(seconds)
    found += played_out(source)
    assert prints(found) == prints(whole)


def test_the_seed_decides() -> None:
    first, same, other = (played_out(replay(bars(), seed=seed)) for seed in (1, 1, 2))
    assert prints(first) == prints(same)
    assert prints(first) != prints(other)


@given(st.floats(0.0, 60.0 * BAR_COUNT - 1))
@settings(max_examples=25)
def test_after_a_seek_it_goes_on_as_if_it_had_been_played(position: float) -> None:
    whole = replay(bars())
    whole.play(position)
    rest = played_out(whole)
    jumped = replay(bars())
    jumped.seek(position)
    assert prints(played_out(jumped)) == prints(rest)


def test_ticks_of_several_recordings_come_in_one_order() -> None:
    late = bars()
    shifted = BarSeries(
        late.start_s + 10_000_000, late.open, late.high, late.low, late.close, late.volume
    )
    source = replay(bars(), shifted)
    first, second = source.instruments
    ticks = source.play(600.0)
    positions = [t.at_s - START_S - (10_000_000 if t.key == second else 0) for t in ticks]
    assert positions == sorted(positions)
    assert {t.key for t in ticks} == {first, second}
    assert source.market_s(second) - source.market_s(first) == 10_000_000


@given(st.floats(0.0, 60.0 * BAR_COUNT))
@settings(max_examples=25)
def test_history_ends_with_the_present_and_agrees_with_what_was_played(position: float) -> None:
    source = replay(bars())
    (key,) = source.instruments
    played = source.play(position)
    series, native_s = source.bars(key)
    now_s = source.market_s(key)
    assert native_s == 60
    assert (series.start_s <= now_s).all()
    assert series.volume.sum() == pytest.approx(sum(t.size for t in played))
    if played:
        assert series.close[-1] == played[-1].price
        assert series.high.max() == max(t.price for t in played)
        assert series.low.min() == min(t.price for t in played)


@pytest.mark.parametrize("skip", [True, False])
def test_a_gap_is_jumped_over_or_waited_for(skip: bool) -> None:
    source = replay(bars(10, {5: 7200}), skip_gaps=skip)
    (key,) = source.instruments
    ticks = source.play(300.0 + 60.0)
    after = [t for t in ticks if t.at_s >= START_S + 300 + 7200]
    assert bool(after) is skip
    assert source.end_s == (600.0 if skip else 7800.0)
    if skip:
        assert after[0].reopens
        assert not any(t.reopens for t in ticks if t is not after[0])
        assert "nothing was recorded from 2024-03-12T14:3" in source.notices()[0]
        assert source.state()["jumps"][key][1].startswith("2024-03-12T16:35")


def test_short_silences_are_not_jumped_over() -> None:
    assert replay(bars(10, {5: 299})).end_s == 899.0


def test_it_pauses_at_the_end_and_begins_anew_when_played() -> None:
    source = replay(bars(), begin=10)
    source.play(1e9)
    assert source.transport.paused
    assert source.advance(1.0) == ()
    generation = source.generation
    source.set_paused(False)
    assert source.transport.position_s == 0.0
    assert source.generation > generation


def test_it_loops() -> None:
    source = replay(bars())
    source.transport.loop = True
    first = prints(source.play(1e9))
    assert source.transport.position_s == 0.0
    assert not source.transport.paused
    assert prints(source.play(source.end_s - 1.0)) == [t for t in first if t[0] < START_S + 2399]


def test_the_begin_leaves_history_behind_it() -> None:
    source = replay(bars(), begin=10)
    (key,) = source.instruments
    assert (source.start_s, source.end_s) == (-600.0, 1800.0)
    assert len(source.bars(key)[0]) == 10
    source.seek(-1e9)
    assert source.transport.position_s == -600.0
    source.seek_date(START_S + 1200.0)
    assert source.transport.position_s == 600.0


def test_speed_is_bounded_and_long_sleeps_are_not_played() -> None:
    source = replay(bars())
    source.set_speed(500.0)
    source.advance(3600.0)
    assert source.transport.position_s == 250.0
    for value in (0.0, -1.0, 501.0):
        with pytest.raises(BrokerError, match="speed must be"):
            source.set_speed(value)
    assert source.transport.speed == 500.0


def test_the_day_so_far_is_known_at_once() -> None:
    series = bars(3000)
    source = replay(series, begin=1500)
    (key,) = source.instruments
    day = source.present(key).day
    midnight = 86_400 * (START_S // 86_400 + 1)
    today = series.between(midnight, int(series.start_s[1500]))
    assert len(today)
    assert day.open == today.open[0]
    assert (day.high, day.low) == (today.high.max(), today.low.min())
    assert day.volume == today.volume.sum()
    assert day.previous_close == series.between(0, midnight).close[-1]


def test_recorded_ticks_are_played_as_they_are(tmp_path: Path) -> None:
    rows = ["time,price,size,buyer_maker"]
    for number in range(1200):
        at = datetime.fromtimestamp(START_S + number * 0.25, UTC).isoformat()
        rows.append(f"{at},{100 + number % 7 / 100:.2f},{number + 1},{number % 2 == 0}")
    path = tmp_path / "XYZ.csv"
    path.write_text("\n".join(rows) + "\n")
    source = Replay(open_market(path, "UTC", "USD"), Transport(), seed=1, skip_gaps=True)
    (key,) = source.instruments
    first = source.play(100.0)
    ticks = [*first, *played_out(source)]
    # The first row stands at the begin and is there before anything is played.
    assert [t.size for t in ticks] == [float(n + 1) for n in range(1, 1200)]
    for tick in ticks:
        assert tick.price == (tick.ask if tick.aggressor > 0 else tick.bid)
    series, native_s = source.bars(key)
    seconds = in_timeframe(series, native_s, Timeframe.S1, calendar("always"))
    assert seconds.volume.sum() == sum(range(1, 1201))
    assert len(seconds) == 300


def test_longer_timeframes_are_gathered_and_shorter_ones_refused() -> None:
    series = bars()
    five = in_timeframe(series, 60, Timeframe.M5, calendar("always"))
    assert five.volume.sum() == series.volume.sum()
    assert five.high[1] == series.between(int(five.start_s[1]), int(five.start_s[2])).high.max()
    with pytest.raises(BrokerError, match="bars of 60 s") as caught:
        in_timeframe(series, 60, Timeframe.S30, calendar("always"))
    assert caught.value.code == "timeframe"


def test_a_manifest_that_is_wrong_is_refused(tmp_path: Path) -> None:
    from app.base.errors import UserError

    write_bars(tmp_path / "a.csv")
    path = tmp_path / "m.toml"
    head = '[[tape]]\nfile = "a.csv"\n'
    instrument = '[tape.instrument]\nsymbol = "A"\nasset_class = "etf"\ncurrency = "USD"\n'
    for text, message in (
        ("", r"names no \[\[tape\]\]"),
        ("x = [", "m.toml"),
        (head, "lacks 'instrument'"),
        (head + instrument.replace("etf", "coin"), "'coin' is not a valid AssetClass"),
        (head + instrument + 'tick_size = "x"\n', "m.toml"),
        (head + instrument + 'tick = "1"\n', "unknown key 'tick'"),
        (head + instrument + 'expiry = "soon"\n', "expiry must be a date"),
        (head + instrument + 'session = "mars"\n', "no trading calendar called 'mars'"),
        (head + "begin = 2024-01-01\n" + instrument, "must be a time with its zone"),
        (head.replace("a.csv", "b.csv") + instrument, "No such file"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            open_market(path, "UTC", "USD")
    path.write_text(head + instrument)
    assert open_recording(tmp_path / "a.csv").symbol == "A"
    assert [e.instrument.symbol for e in open_market(path, "UTC", "USD").entries] == ["A"]

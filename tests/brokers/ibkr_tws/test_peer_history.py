"""The peer's past, asked for through the real SDK."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from app.domain.market import Timeframe
from tests.brokers.ibkr_tws.raw_client import RawClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.bars import BAR_SIZES, PastBar, bars
from tests.doubles.tws.history import Archive
from tests.doubles.tws.listings import Listing
from tests.doubles.tws.peer import TwsPeer

AAPL, EURUSD, BTC = 265598, 12087792, 479624278
FRIDAY = "20260320 16:00:00 US/Eastern"  # the end of a regular session


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        peer.call(peer.world.part, Archive)
        yield peer


def archive_of(peer: TwsPeer) -> Archive:
    return peer.call(peer.world.part, Archive)


def ask(
    client: RawClient, req_id: int, *, con_id: int = AAPL, exchange: str = "SMART",
    end: str = FRIDAY, duration: str = "1 D", size: str = "1 hour", what: str = "TRADES",
    regular: bool = True, form: int = 1, updates: bool = False,
) -> None:  # fmt: skip
    contract = client.ib.Contract(conId=con_id, exchange=exchange)
    client.send.reqHistoricalData(
        req_id, contract, end, duration, size, what, regular, form, updates, []
    )


async def rows(client: RawClient, req_id: int, **more: Any) -> list[Any]:
    ask(client, req_id, **more)
    await client.told("historicalDataEnd", req_id)
    return [bar for _, bar in client.heard("historicalData", req_id)]


async def refused(client: RawClient, req_id: int, **more: Any) -> tuple[int, str]:
    ask(client, req_id, **more)
    row = (await client.told("error", req_id))[-1]
    return int(row[1]), str(row[2])


def test_the_hours_of_a_day(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            day = await rows(client, 5)
            assert [bar.date[9:14] for bar in day] == [
                "09:30", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00",
            ]  # fmt: skip
            assert day[0].date == "20260320 09:30:00 US/Eastern"
            for bar in day:
                assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
                assert bar.volume > 0
                assert bar.barCount > 0
            epoch = await rows(client, 6, form=2)
            first = datetime(2026, 3, 20, 13, 30, tzinfo=UTC)
            assert epoch[0].date == str(int(first.timestamp()))
            whole = await rows(client, 7, regular=False, end="20260321-00:00:00")
            assert whole[0].date == "20260320 04:00:00 US/Eastern"
            assert len(whole) == 16

    run(scenario())


def test_days_weeks_and_months(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            days = await rows(client, 5, size="1 day", duration="5 D", form=2)
            assert [bar.date for bar in days] == [f"202603{day}" for day in range(16, 21)]
            weeks = await rows(client, 6, size="1 week", duration="1 M")
            assert weeks[-1].date == "20260320"
            months = await rows(client, 7, size="1 month", duration="1 Y")
            assert 12 <= len(months) <= 13
            assert months[-1].date == "20260320"
            assert months[-2].date == "20260227"

    run(scenario())


def test_pages_agree_where_they_overlap(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            long = await rows(client, 5, duration="3 D", size="5 mins")
            short = await rows(client, 6, duration="1 D", size="5 mins")
            assert long[-len(short) :] == short
            half = await rows(client, 7, duration="3600 S", size="5 secs", form=2)
            assert len(half) == 720
            # A page that ends before the opening is the day before.
            early = await rows(
                client, 8, duration="1800 S", size="30 secs", end="20260323-13:00:00"
            )
            assert early[-1].date == "20260320 15:59:30 US/Eastern"

    run(scenario())


def test_every_timeframe_can_be_asked_for(peer: TwsPeer, run: LoopRunner) -> None:
    sizes = {
        "s": "secs", "m": "mins", "h": "hours", "d": "day", "w": "week", "mo": "month",
    }  # fmt: skip

    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            for req_id, frame in enumerate(Timeframe, 5):
                unit = frame.value.lstrip("0123456789")
                count = frame.value.removesuffix(unit)
                text = f"{count} {sizes[unit]}"
                text = {"1 mins": "1 min", "1 hours": "1 hour"}.get(text, text)
                assert BAR_SIZES[text] == frame.seconds
                duration = (
                    "1800 S" if frame.seconds <= 30 else "1 D" if frame.seconds < 3600 else "2 M"
                )
                assert await rows(client, req_id, size=text, duration=duration)

    run(scenario())


def test_quotes_of_pairs_have_no_volume(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            more: dict[str, Any] = {"con_id": EURUSD, "exchange": "IDEALPRO"}
            bar = (await rows(client, 5, what="MIDPOINT", **more))[0]
            assert (bar.volume, bar.barCount) == (-1, -1)
            code, text = await refused(client, 6, **more)
            assert code == 162
            assert "No historical market data" in text
            coin: dict[str, Any] = {"con_id": BTC, "exchange": "PAXOS"}
            assert (await refused(client, 7, **coin))[0] == 10299
            assert await rows(client, 8, what="AGGTRADES", **coin)

    run(scenario())


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"size": "7 mins"}, 321),
        ({"what": "GUESSES"}, 321),
        ({"duration": "1 X"}, 321),
        ({"duration": "0 D"}, 321),
        ({"duration": "90000 S"}, 321),
        ({"duration": "400 D"}, 321),
        ({"duration": "1 D", "size": "5 secs"}, 162),
        ({"duration": "3600 S", "size": "1 secs"}, 162),
        ({"updates": True}, 321),
        ({"updates": True, "end": "", "size": "1 secs", "duration": "60 S"}, 321),
        ({"what": "ADJUSTED_LAST"}, 321),
        ({"end": "yesterday"}, 10314),
        ({"end": "20260320 16:00:00 Nowhere/Else"}, 10314),
        ({"end": "19990101-00:00:00"}, 162),
        ({"exchange": ""}, 321),
        ({"con_id": 4711}, 200),
    ],
)
def test_what_is_refused(peer: TwsPeer, run: LoopRunner, more: dict[str, Any], code: int) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            assert (await refused(client, 5, **more))[0] == code
            assert not client.heard("historicalDataEnd")

    run(scenario())


def test_an_end_without_a_zone_is_warned_of(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            assert await rows(client, 5, end="20260320 16:00:00")
            assert await client.refused(5) == 2174

    run(scenario())


def test_the_worlds_troubles(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        archive = archive_of(peer)
        async with RawClient.to(peer) as client:
            peer.faults.pacing_162 = True
            code, text = await refused(client, 5)
            assert (code, "pacing violation" in text) == (162, True)
            peer.faults.pacing_162 = False
            archive.without_permission.add(AAPL)
            assert "No market data permissions" in (await refused(client, 6))[1]
            archive.without_permission.clear()
            peer.call(peer.world.set_farm, "history", is_ok=False)
            assert "HMDS" in (await refused(client, 7))[1]

    run(scenario())


def test_the_pace_of_small_bars(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        archive_of(peer).keeps_pace = True
        small: dict[str, Any] = {"size": "5 secs", "duration": "60 S"}
        async with RawClient.to(peer) as client:
            assert await rows(client, 5, **small)
            assert "pacing" in (await refused(client, 6, **small))[1]  # the same again
            for req_id in (7, 8, 9):
                end = f"20260320-19:00:0{req_id}"
                assert await rows(client, req_id, end=end, **small)
            end = "20260320-19:30:00"
            assert "pacing" in (await refused(client, 10, end=end, **small))[1]  # six in 2 s
            assert await rows(client, 11, size="1 min")
            assert await rows(client, 12, size="1 min")

    run(scenario())


def test_cancel(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        archive_of(peer).answer_after_s = 30
        async with RawClient.to(peer) as client:
            ask(client, 5)
            client.send.cancelHistoricalData(5)
            _, code, text, _ = (await client.told("error", 5))[0]
            assert code == 162
            assert text.endswith("API historical data query cancelled: 5")
            client.send.cancelHistoricalData(6)
            assert await client.refused(6) == 366
            for req_id in range(10, 61):
                ask(client, req_id)
            assert await client.refused(60) == 322

    run(scenario())


def test_bars_that_are_kept_up_to_date(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.call(peer.world.timing.set, datetime(2026, 3, 20, 15, 0, 20, tzinfo=UTC))
        async with RawClient.to(peer) as client:
            past = await rows(
                client, 5, end="", duration="3600 S", size="1 min", form=2, updates=True
            )
            peer.call(peer.world.print, AAPL, 500, 10)
            ((_, bar),) = await client.told("historicalDataUpdate", 5)
            assert (bar.date, bar.high, bar.close) == (past[-1].date, 500, 500)
            assert bar.volume == past[-1].volume + 10
            peer.call(peer.world.timing.move, 60)
            peer.call(peer.world.print, AAPL, 501, 7)
            (_, bar) = (await client.told("historicalDataUpdate", 5, 2))[-1]
            assert int(bar.date) == int(past[-1].date) + 60
            assert (bar.open, bar.volume, bar.barCount) == (501, 7, 1)
            client.send.cancelHistoricalData(5)
            assert await client.refused(5) == 162
            client.forget()
            peer.call(peer.world.print, AAPL, 502, 7)
            client.send.reqCurrentTime()
            await client.told("currentTime")
            assert not client.heard("historicalDataUpdate")

    run(scenario())


def test_bars_of_the_tests_own(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        at = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)
        one = Decimal(100)
        bar = PastBar(at, one, one + 2, one - 2, one + 1, 77, one, 5)
        own = [replace(bar, start=at + timedelta(minutes=minute)) for minute in range(3)]
        peer.call(archive_of(peer).put, AAPL, "1 min", own)
        async with RawClient.to(peer) as client:
            got = await rows(client, 5, size="1 min", form=2)
            assert [(row.high, row.low, row.volume) for row in got] == [(102, 98, 77)] * 3

    run(scenario())


def test_the_earliest_moment(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            contract = client.ib.Contract(conId=AAPL, exchange="SMART")
            client.send.reqHeadTimeStamp(5, contract, "TRADES", True, 1)
            assert await client.told("headTimestamp", 5) == [(5, "20040123-14:30:00")]
            client.send.cancelHeadTimeStamp(5)
            client.send.reqHeadTimeStamp(6, contract, "TRADES", True, 2)
            assert (await client.told("headTimestamp", 6))[0][1].isdigit()

    run(scenario())


def test_ticks_of_the_past(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            contract = client.ib.Contract(conId=AAPL, exchange="SMART")
            for req_id, what, name in (
                (5, "TRADES", "historicalTicksLast"),
                (6, "BID_ASK", "historicalTicksBidAsk"),
                (7, "MIDPOINT", "historicalTicks"),
            ):
                client.send.reqHistoricalTicks(
                    req_id, contract, "", FRIDAY, 20, what, True, False, []
                )
                ((_, ticks, done),) = await client.told(name, req_id)
                assert (len(ticks), done) == (20, True)
                assert all(
                    later.time - earlier.time == timedelta(seconds=1)
                    for earlier, later in pairwise(ticks)
                )
            client.send.reqHistoricalTicks(8, contract, "", "never", 20, "TRADES", True, False, [])
            assert await client.refused(8) == 10314

    run(scenario())


def test_bars_of_all_sizes_open_and_close_alike(peer: TwsPeer) -> None:
    listing: Listing = peer.world.listings[AAPL]
    begin = datetime(2026, 3, 20, 13, 30, tzinfo=UTC)
    end = begin + timedelta(hours=6.5)
    day = bars(listing, "1 day", begin, end, regular=True)[0]
    for size in ("1 min", "1 hour"):
        parts = bars(listing, size, begin, end, regular=True)
        assert (parts[0].open, parts[-1].close) == (day.open, day.close)

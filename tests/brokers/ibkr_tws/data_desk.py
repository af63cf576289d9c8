"""Instruments, search, market data, depth and history on one line at a TWS peer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from app.base.clock import Clock, SystemClock
from app.base.errors import BrokerError
from app.brokers.ibkr_tws.depth import Depths
from app.brokers.ibkr_tws.history import BarDownloads
from app.brokers.ibkr_tws.instruments import Instruments
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.live_bars import BarStreams
from app.brokers.ibkr_tws.market_data import MarketStreams
from app.brokers.ibkr_tws.options import Options
from app.brokers.ibkr_tws.requests import Requests
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.search import Search
from app.domain.ids import ConnectionId
from app.domain.instrument import Instrument
from app.domain.reports import Notice
from tests.brokers.driving import RecordingSink
from tests.brokers.ibkr_tws.line_desk import settings
from tests.doubles.loop import until
from tests.doubles.tws.contracts import Market
from tests.doubles.tws.feed import Feed
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer

AAPL, SPY, BRK_B, MSFT = 265598, 756733, 72063691, 272093
MSFT_CAD, MSFT_LIMA, NESN, EUR_USD, BTC = 518960325, 64317929, 29624227, 12087792, 479624278
NAME = ConnectionId("tws")
T = TypeVar("T")


@contextmanager
def quoted(version: int) -> Iterator[TwsPeer]:
    """A TWS with a market in AAPL."""
    with TwsPeer(version=version) as peer:
        peer.call(peer.world.quote, AAPL, "230.00", "230.02", bid_size=300, ask_size=500)
        peer.call(peer.world.print, AAPL, "230.01", 100)
        yield peer


class ShiftedClock(SystemClock):
    """The computer's clock, set to another day; seconds pass as they do."""

    def __init__(self, now: datetime) -> None:
        self._shift = now - datetime.now(UTC)

    def now(self) -> datetime:
        return super().now() + self._shift


class DataDesk:
    """Everything this side of the wire, and a hand on the other."""

    def __init__(self, peer: TwsPeer, clock: Clock, **others: Any) -> None:
        self.peer, self.clock = peer, clock
        self.lost: list[str] = []
        chosen = settings(peer.port, **others)
        self.line = Line(chosen, SystemClock(), self.lost.append)
        self.requests = Requests(self.line, chosen.request_timeout_s)
        self.sink = RecordingSink()
        self.instruments = Instruments(self.line, self.requests)
        self.search = Search(self.line, self.requests, self.instruments, clock)
        self.options = Options(self.line, self.requests, self.instruments)
        self.market = MarketStreams(self.line, self.instruments, self.sink, clock, chosen, NAME)
        self.depth = Depths(self.line, self.instruments, self.sink, clock, NAME)
        self.history = BarDownloads(
            self.line, self.requests, self.instruments, self.sink, clock, NAME,
            backoff_s=(0.01, 0.02),
        )  # fmt: skip
        self.bars = BarStreams(
            self.line, self.instruments, self.sink, clock, NAME, self.history.pacing
        )

    @property
    def feed(self) -> Feed:
        """The peer's markets; reach it by `there`."""
        return self.peer.call(self.peer.world.part, Feed)

    def asked(self, number: Ask) -> list[list[str]]:
        """The fields of every message of this kind that the peer has received."""
        received = self.peer.call(lambda: list(self.peer.world.received))
        return [message.fields for message in received if message.fields[0] == str(int(number))]

    def notices(self) -> list[str]:
        """What the trader was told."""
        return [notice.text for notice in self.sink.of(Notice)]

    async def instrument(self, con_id: int) -> Instrument:
        """By IBKR's number."""
        return await self.instruments.instrument(ib.Contract(conId=con_id))

    async def future(self, root: str = "ES") -> Instrument:
        """The front month."""
        market = self.peer.call(self.peer.world.part, Market)
        return await self.instrument(self.peer.call(market.of_symbol, root, "FUT")[0].con_id)

    async def settled(self) -> None:
        """Until everything that the peer has said by now was heard."""
        await self.requests.single("settled", 2, self.line.client.reqCurrentTime)  # type: ignore[arg-type]  # Lane.CONTROL by its number

    async def quotes(self, count: int = 1) -> None:
        """Until so many quotes came."""
        await until(lambda: len(self.sink.quotes) >= count)

    async def close(self) -> None:
        self.market.close()
        self.depth.close()
        self.bars.close()
        self.instruments.close()
        self.line.close()
        await self.line.ended()


@asynccontextmanager
async def desk_at(
    peer: TwsPeer, *, clock: Clock | None = None, **others: Any
) -> AsyncIterator[DataDesk]:
    """An open desk at a peer."""
    desk = DataDesk(peer, clock or SystemClock(), **others)
    await desk.line.open()
    desk.line.on("currentTime", lambda _: desk.requests.finish("settled"))
    try:
        yield desk
    finally:
        await desk.close()
        await asyncio.sleep(0)  # what was cancelled ends


async def refusal(work: Any) -> BrokerError:
    """The BrokerError that `work` ends with."""
    try:
        await work
    except BrokerError as error:
        return error
    raise AssertionError("it was not refused")


async def on(desk: DataDesk, con_id: int) -> Instrument:
    """Subscribed, with what was told at first forgotten."""
    instrument = await desk.instrument(con_id)
    await desk.market.subscribe(instrument)
    await desk.settled()
    desk.sink.quotes.clear()
    return instrument


def prints(desk: DataDesk) -> list[tuple[float, float]]:
    """Price and size of every trade that was told."""
    return [(trade.price, trade.size) for trade in desk.sink.trades]

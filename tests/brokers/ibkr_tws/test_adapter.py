"""The adapter as a whole at a TWS peer: connecting, letting go, and every method of the port."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.base.clock import Clock, SystemClock
from app.base.errors import BrokerError, Outcome
from app.brokers.base import Broker, BrokerContext, ConnectionConfig
from app.brokers.ibkr_tws.abilities import CAPABILITIES
from app.brokers.ibkr_tws.adapter import TwsBroker
from app.brokers.ibkr_tws.session import SESSION_FILE
from app.domain.ids import ConnectionId
from app.domain.instrument import AssetClass, Instrument, OptionRight
from app.domain.market import Timeframe
from app.domain.option_chain import OptionChain
from app.domain.order_types import OrderType, Side
from app.domain.reports import HealthReport, Known, Light, Notice
from app.domain.request import OrderChange, OrderRequest
from app.engine.health import is_waiting, line_trouble
from tests.brokers.driving import RecordingSink, submitted
from tests.brokers.ibkr_tws.line_desk import say
from tests.doubles.clock import FakeClock
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.wire import message
from tests.doubles.tws.world import SPY, World

NAME = ConnectionId("ib")


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


class Desk:
    """One adapter after the other with the same settings and the same folder."""

    def __init__(self, peer: TwsPeer, folder: Path, **others: Any) -> None:
        self.sink, self.folder = RecordingSink(), folder
        self.clock: Clock = SystemClock()
        quick = {"connect_timeout_s": 2.0, "request_timeout_s": 2.0}
        settings = {"port": peer.port, **quick, **others}
        self._config = ConnectionConfig(NAME, "ibkr-tws", "paper", settings)
        self.broker = self.new()

    def new(self) -> TwsBroker:
        context = BrokerContext(
            self._config, self.sink, self.clock, self.folder, self.folder, lambda name: name
        )
        self.broker = TwsBroker(context)
        return self.broker

    async def refusal(self) -> BrokerError:
        with pytest.raises(BrokerError) as refused:
            await self.new().connect()
        return refused.value

    @property
    def lights(self) -> list[HealthReport]:
        return self.sink.of(HealthReport)


@asynccontextmanager
async def connected(peer: TwsPeer, folder: Path, **others: Any) -> AsyncIterator[Desk]:
    desk = Desk(peer, folder, **others)
    await desk.broker.connect()
    try:
        yield desk
    finally:
        await desk.broker.disconnect()


def sockets(peer: TwsPeer) -> int:
    return peer.call(lambda: len(peer.world.connections))


def spy() -> Instrument:
    return Instrument("SPY", AssetClass.ETF, "USD")


def request(instrument: Instrument) -> OrderRequest:
    return OrderRequest(
        connection_id=NAME, account_id="DU1000001",  # type: ignore[arg-type]  # a NewType of str
        instrument=instrument, side=Side.BUY, order_type=OrderType.LIMIT, quantity=Decimal(1),
        limit_price=Decimal(400),
    )  # fmt: skip


def test_the_whole_port_is_there() -> None:
    """What the capabilities promise is implemented, not inherited from the port's refusals."""
    for name, method in inspect.getmembers(Broker, inspect.iscoroutinefunction):
        own = getattr(TwsBroker, name)
        assert (own is method) is (name == "control"), name
        assert list(inspect.signature(own).parameters) == list(inspect.signature(method).parameters)
    assert CAPABILITIES.history
    assert CAPABILITIES.depth


def test_connect_and_disconnect(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connected(peer, tmp_path) as desk:
            assert desk.broker.capabilities == CAPABILITIES
            assert desk.lights[-1].health.transport is Light.OK
            assert desk.lights[-1].connection_id == NAME
            with pytest.raises(BrokerError, match="already") as refused:
                await desk.broker.connect()
            assert refused.value.outcome is Outcome.NOT_SENT
            assert sockets(peer) == 1
        told = len(desk.sink.reports)
        await until(lambda: sockets(peer) == 0)
        await desk.broker.disconnect()
        await desk.new().disconnect()  # one that never connected
        assert len(desk.sink.reports) == told
        assert not (tmp_path / SESSION_FILE).exists()

    run(scenario())


@pytest.mark.parametrize("when", ["never connected", "disconnected", "line lost"])
def test_without_a_line_nothing_is_sent(
    run: LoopRunner, peer: TwsPeer, tmp_path: Path, when: str
) -> None:
    async def scenario() -> None:
        desk = Desk(peer, tmp_path)
        broker = desk.broker
        if when != "never connected":
            await broker.connect()
        if when == "disconnected":
            await broker.disconnect()
        if when == "line lost":
            peer.cut()
            await until(lambda: line_trouble(desk.lights[-1].health))
        chain = OptionChain(
            spy(), "SMART", "SPY", Decimal(100), (date(2030, 1, 18),), (Decimal(5),)
        )
        order = submitted(request(spy()), desk.sink.book, desk.clock.now())
        now = datetime.now(UTC)
        change = OrderChange(limit_price=Decimal(401))
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "submit": lambda: broker.submit([order]),
            "cancel": lambda: broker.cancel(order),
            "modify": lambda: broker.modify(order, change),
            "preview": lambda: broker.preview(request(spy())),
            "search": lambda: broker.search("SPY"),
            "subscribe": lambda: broker.subscribe(spy()),
            "history": lambda: broker.history(spy(), Timeframe.M1, now - timedelta(hours=1), now),
            "option_chains": lambda: broker.option_chains(spy()),
            "option": lambda: broker.option(chain, date(2030, 1, 18), Decimal(5), OptionRight.CALL),
            "subscribe_depth": lambda: broker.subscribe_depth(spy(), 5),
            "cancel_everything": broker.cancel_everything,
        }
        for name, call in calls.items():
            with pytest.raises(BrokerError) as refused:
                await call()
            assert refused.value.outcome is Outcome.NOT_SENT, name
        await broker.disconnect()
        assert peer.call(lambda: not peer.world.accepted)

    run(scenario())


def test_a_day_at_the_desk(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    """Every method once, against the peer."""

    async def scenario() -> None:
        peer.call(peer.world.quote, SPY.con_id, 500, 500.02)
        async with connected(peer, tmp_path) as desk:
            broker, sink = desk.broker, desk.sink
            found = await broker.search("SPY")
            etf = found[0]
            assert (etf.symbol, etf.asset_class) == ("SPY", AssetClass.ETF)
            snapshot = await broker.snapshot()
            parts = (snapshot.accounts, snapshot.orders, snapshot.executions, snapshot.positions)
            assert all(isinstance(part, Known) for part in parts)
            await broker.subscribe(etf)
            await until(lambda: sink.quotes and sink.quotes[-1].ask == 500.02)
            await broker.subscribe_depth(etf, 5)
            await until(lambda: sink.depths)
            order = submitted(request(etf), sink.book, desk.clock.now())
            assert (await broker.preview(order.request)).initial_margin is not None
            await broker.submit([order])
            await until(lambda: peer.call(lambda: len(peer.world.accepted)) == 1)
            await broker.modify(order, OrderChange(limit_price=Decimal(401)))
            await broker.cancel_everything()
            now = desk.clock.now()
            bars = await broker.history(etf, Timeframe.D1, now - timedelta(days=10), now)
            assert len(bars) > 0
            chains = await broker.option_chains((await broker.search("AAPL"))[0])
            expiry, strike = chains[0].expiries[0], chains[0].strikes[0]
            option = await broker.option(chains[0], expiry, strike, OptionRight.CALL)
            assert option.strike == strike
            await broker.unsubscribe(etf)
            await broker.unsubscribe_depth(etf)

    run(scenario())


def test_an_account_that_the_login_has_not(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    async def scenario() -> None:
        refused = await Desk(peer, tmp_path, accounts=["DU1000001", "U77"]).refusal()
        assert refused.outcome is Outcome.REJECTED
        assert "U77" in str(refused)
        assert "DU1000001" in str(refused)
        await until(lambda: sockets(peer) == 0)

    run(scenario())


def test_client_id_in_use_names_a_free_one(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            connected(peer, tmp_path / "a", client_id=17),
            connected(peer, tmp_path / "b", client_id=18),
        ):
            refused = await Desk(peer, tmp_path / "c", client_id=17).refusal()
            assert (refused.code, refused.outcome) == ("client-id-in-use", Outcome.REJECTED)
            assert "19 is free" in str(refused)
            await until(lambda: sockets(peer) == 2)

    run(scenario())


def test_no_client_id_is_free(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    async def scenario() -> None:
        peer.faults.refuse_326 = True
        refused = await Desk(peer, tmp_path).refusal()
        assert (refused.code, refused.outcome) == ("client-id-in-use", Outcome.REJECTED)
        assert "is free" not in str(refused)
        peer.faults.refuse_326 = False
        await until(lambda: sockets(peer) == 0)

    run(scenario())


def test_our_own_dead_session(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    """TWS has not noticed that the line broke: that ends by itself, so it is tried again."""

    async def scenario() -> None:
        desk = Desk(peer, tmp_path)
        desk.clock = clock = FakeClock()
        await desk.new().connect()
        peer.cut()
        await until(lambda: line_trouble(desk.lights[-1].health))
        await desk.broker.disconnect()
        assert (tmp_path / SESSION_FILE).exists()
        peer.faults.refuse_326 = True
        refused = await desk.refusal()
        assert (refused.code, refused.outcome) == ("client-id-in-use", Outcome.NOT_SENT)
        clock.advance(14 * 60)
        assert (await desk.refusal()).outcome is Outcome.NOT_SENT
        clock.advance(2 * 60)
        assert (await desk.refusal()).outcome is Outcome.REJECTED
        peer.faults.refuse_326 = False
        await desk.new().connect()
        await desk.broker.disconnect()
        peer.faults.refuse_326 = True
        assert (await desk.refusal()).outcome is Outcome.REJECTED

    run(scenario())


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("17 ", Outcome.NOT_SENT),  # this computer broke down
        ("18 ", Outcome.REJECTED),  # the settings have changed since
        ("17 nonsense", Outcome.REJECTED),
        ("", Outcome.REJECTED),
    ],
)
def test_what_the_last_session_left(
    run: LoopRunner, peer: TwsPeer, tmp_path: Path, text: str, outcome: Outcome
) -> None:
    async def scenario() -> None:
        (tmp_path / SESSION_FILE).write_text(text)
        peer.faults.refuse_326 = True
        assert (await Desk(peer, tmp_path).refusal()).outcome is outcome

    run(scenario())


def test_a_folder_where_the_file_should_be(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    """The session's own file is a help, never a condition."""

    async def scenario() -> None:
        (tmp_path / SESSION_FILE).mkdir()
        async with connected(peer, tmp_path) as desk:
            assert desk.lights[-1].health.transport is Light.OK

    run(scenario())


def test_lost_line(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connected(peer, tmp_path, heartbeat_s=0.2) as desk:
            peer.faults.half_open = True
            await until(lambda: line_trouble(desk.lights[-1].health))
            assert "not answered" in desk.lights[-1].health.text
            assert sum(line_trouble(report.health) is not None for report in desk.lights) == 1

    run(scenario())


def test_ibkr_lost_and_back(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    """After 1101 the quotes come again although nobody asks for them."""

    async def scenario() -> None:
        peer.call(peer.world.quote, SPY.con_id, 500, 500.02)
        async with connected(peer, tmp_path) as desk:
            etf = (await desk.broker.search("SPY"))[0]
            await desk.broker.subscribe(etf)
            await until(lambda: desk.sink.quotes)
            peer.call(peer.world.lose_ibkr)
            await until(lambda: is_waiting(desk.lights[-1].health))
            assert desk.lights[-1].health.transport is Light.OK
            peer.call(peer.world.restore_ibkr, kept=False)
            await until(lambda: not is_waiting(desk.lights[-1].health))
            desk.sink.quotes.clear()

            def has_moved() -> bool:
                peer.call(peer.world.quote, SPY.con_id, 501, 501.02)
                return any(quote.ask == 501.02 for quote in desk.sink.quotes)

            await until(has_moved)
            assert sockets(peer) == 1

    run(scenario())


def test_ibkr_lost_for_longer_than_the_heartbeat(
    run: LoopRunner, peer: TwsPeer, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with connected(peer, tmp_path, heartbeat_s=0.2) as desk:
            peer.call(peer.world.lose_ibkr)
            await until(lambda: is_waiting(desk.lights[-1].health))
            peer.faults.slow_answers_s = 0.5  # later than the heartbeat allows
            for _ in range(8):
                peer.call(peer.world.notice, 1100, "Connectivity has been lost")
                await asyncio.sleep(0.2)  # a heartbeat is made of nothing but time
            assert line_trouble(desk.lights[-1].health) is None
            peer.faults.slow_answers_s = 0.0

    run(scenario())


def test_farms(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connected(peer, tmp_path) as desk:
            peer.call(peer.world.set_farm, "market", is_ok=False)
            await until(lambda: desk.lights[-1].health.subscriptions is Light.WARNING)
            assert not is_waiting(desk.lights[-1].health)
            peer.call(peer.world.set_farm, "market", is_ok=True)
            await until(lambda: desk.lights[-1].health.subscriptions is Light.OK)

    run(scenario())


def test_garbage_makes_the_engine_read_again(
    run: LoopRunner, peer: TwsPeer, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with connected(peer, tmp_path) as desk:
            before = len(desk.lights)
            say(peer, message(3, "torn"))
            await until(lambda: len(desk.lights) == before + 2)
            assert [is_waiting(r.health) for r in desk.lights[before:]] == [True, False]

    run(scenario())


def test_words_of_tws_that_belong_to_nobody(run: LoopRunner, peer: TwsPeer, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connected(peer, tmp_path) as desk:
            peer.call(peer.world.notice, 1300, "TWS socket port has been reset: \u00fc 7500")
            await until(lambda: "1300" in [notice.code for notice in desk.sink.of(Notice)])
            assert "has been reset: \u00fc 7500" in desk.sink.of(Notice)[-1].text
            assert desk.broker.session.line.is_up

    run(scenario())


def test_two_connections_at_once(run: LoopRunner, tmp_path: Path) -> None:
    async def scenario() -> None:
        with TwsPeer(world=World("DU1", version=176)) as one, TwsPeer(world=World("DU2")) as two:
            async with (
                connected(one, tmp_path / "one") as first,
                connected(two, tmp_path / "two") as second,
            ):
                for desk, account in ((first, "DU1"), (second, "DU2")):
                    assert desk.broker.session.line.accounts == (account,)
                one.cut()
                await until(lambda: line_trouble(first.lights[-1].health))
                assert line_trouble(second.lights[-1].health) is None

    run(scenario())

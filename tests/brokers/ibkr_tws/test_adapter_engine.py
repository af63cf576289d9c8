"""The adapter in its own thread under the real engine: what the trader sees of the line's fate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from app.base.paths import Paths
from app.bootstrap import build
from app.domain.events import ConnectionChanged, NoticeRaised, QuotesFlushed, Reconciled
from app.domain.ids import ConnectionId
from app.domain.reports import Light
from app.engine.connections import ConnectionState
from app.engine.engine import Engine
from tests.brokers.ibkr_tws.line_desk import say
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.wire import message

NAME = ConnectionId("ib")
SETTINGS = """
[[connection]]
id = "ib"
broker = "ibkr-tws"
environment = "paper"
autoconnect = false
[connection.settings]
port = {port}
heartbeat_s = {heartbeat_s}
connect_timeout_s = 2
request_timeout_s = 2
"""


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


class Desk:
    """The engine and what it told of its one connection."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.changes: list[ConnectionChanged] = []
        self.notices: list[NoticeRaised] = []
        self.reconciled: list[Reconciled] = []
        engine.bus.subscribe(ConnectionChanged, self.changes.append)
        engine.bus.subscribe(NoticeRaised, self.notices.append)
        engine.bus.subscribe(Reconciled, self.reconciled.append)

    @property
    def is_open(self) -> bool:
        return self.engine.connections.is_trading_open(NAME) is None

    def states(self) -> list[str]:
        """Each state once, in order."""
        states = [change.state for change in self.changes]
        return [s for at, s in enumerate(states) if at == 0 or s != states[at - 1]]


def trade(
    run: LoopRunner,
    paths: Paths,
    peer: TwsPeer,
    play: Callable[[Desk], Awaitable[None]],
    heartbeat_s: float = 5.0,
    *,
    is_read_only: bool = False,
) -> None:
    text = SETTINGS.format(port=peer.port, heartbeat_s=heartbeat_s)
    if is_read_only:
        text = text.replace("[connection.settings]", "read_only = true\n[connection.settings]")
    paths.settings_file.write_text(text)
    services = build(paths)

    async def scenario() -> None:
        desk = Desk(services.engine)
        await services.engine.start()
        await play(desk)

    run(scenario())
    assert run(services.engine.stop()) == []
    services.close()


def test_ready_and_offline(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        connections = desk.engine.connections
        assert await connections.connect(NAME) is ConnectionState.READY
        assert [a.account_id for a in connections.accounts(NAME)] == ["DU1000001"]
        assert connections.is_paper(NAME) is True
        assert connections.health(NAME).transport is Light.OK
        await connections.disconnect(NAME)
        assert desk.states() == ["connecting", "reconciling", "ready", "offline"]
        assert desk.notices == []

    trade(run, home, peer, play)


def test_a_data_only_connection_serves_while_tws_is_read_only(
    run: LoopRunner, home: Paths, peer: TwsPeer
) -> None:
    peer.call(setattr, peer.faults, "read_only", True)

    async def play(desk: Desk) -> None:
        connections = desk.engine.connections
        assert await connections.connect(NAME) is ConnectionState.READY
        assert "orders could not be read" in connections.text(NAME)
        assert "read-only" in (connections.is_trading_open(NAME) or "")
        [spy, *_] = await desk.engine.instruments.search(NAME, "SPY")
        heard: list[QuotesFlushed] = []
        desk.engine.bus.subscribe(QuotesFlushed, heard.append)
        desk.engine.market.subscribe(NAME, spy)
        await asyncio.sleep(0.2)
        peer.call(peer.world.quote, 756733, 500, 500.01)
        await until(lambda: any((NAME, spy.key) in event.quotes for event in heard))

    trade(run, home, peer, play, is_read_only=True)


def test_nightly_restart(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    """The port refuses for a while; the connection comes back by itself with the same id."""

    async def play(desk: Desk) -> None:
        await desk.engine.connections.connect(NAME)
        peer.restart(1.0)
        await until(lambda: not desk.is_open)
        await until(lambda: desk.is_open)
        assert "failed" not in desk.states()
        assert len(desk.reconciled) == 2

    trade(run, home, peer, play)


def test_half_open(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        await desk.engine.connections.connect(NAME)
        peer.faults.half_open = True
        await until(lambda: not desk.is_open)
        assert "not answered" in desk.engine.connections.text(NAME)
        peer.faults.half_open = False
        await until(lambda: desk.is_open)

    trade(run, home, peer, play, heartbeat_s=0.3)


@pytest.mark.parametrize("kept", [True, False])
def test_ibkr_lost_and_back(run: LoopRunner, home: Paths, peer: TwsPeer, kept: bool) -> None:
    """On the same socket: trading closes, everything is read again, trading opens."""

    async def play(desk: Desk) -> None:
        await desk.engine.connections.connect(NAME)
        peer.call(peer.world.lose_ibkr)
        await until(lambda: not desk.is_open)
        assert desk.engine.connections.health(NAME).transport is Light.OK
        assert desk.engine.connections.health(NAME).authentication is Light.PENDING
        for _ in range(3):
            peer.call(peer.world.notice, 1100, "Connectivity has been lost")
        peer.call(peer.world.restore_ibkr, kept=kept)
        await until(lambda: desk.is_open)
        assert len(desk.reconciled) == 2
        assert "connecting" not in desk.states()[1:]
        told = [notice.text for notice in desk.notices if "1100" in notice.text]
        assert len(told) == 1

    trade(run, home, peer, play)


def test_garbage(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        await desk.engine.connections.connect(NAME)
        say(peer, message(3, "torn") + message(999))
        await until(lambda: len(desk.reconciled) >= 2)
        await until(lambda: desk.is_open)
        assert "connecting" not in desk.states()[1:]

    trade(run, home, peer, play)


def test_client_id_in_use_is_final(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        peer.faults.refuse_326 = True
        connections = desk.engine.connections
        assert await connections.connect(NAME) is ConnectionState.FAILED
        assert "Client id 17" in connections.text(NAME)
        assert connections.health(NAME).authentication is Light.FAILED
        peer.faults.refuse_326 = False
        assert await connections.connect(NAME) is ConnectionState.READY

    trade(run, home, peer, play)

"""What TWS says of its lines, and which lights come on."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.brokers.ibkr_tws import lights as lights_module
from app.brokers.ibkr_tws.lights import PATIENCE_S, Lights
from app.brokers.ibkr_tws.reset_times import is_reset_time
from app.domain.ids import ConnectionId
from app.domain.reports import BrokerReport, Health, HealthReport, Light, Notice, Severity
from app.engine.health import is_waiting, line_trouble
from tests.doubles.clock import FakeClock
from tests.doubles.loop import LoopRunner, until

LOST = "Connectivity between IB and Trader Workstation has been lost."
BACK = "Connectivity between IB and Trader Workstation has been restored - data maintained."
BACK_LOST = "Connectivity between IB and Trader Workstation has been restored - data lost."
BROKEN = "Market data farm connection is broken:usfarm"
OK = "Market data farm connection is OK:usfarm"
WELL = Health(Light.OK, Light.OK, Light.OK, Light.OK)


class Board:
    """The lights, what they reported, and who was called when."""

    def __init__(self, clock: FakeClock) -> None:
        self.reports: list[BrokerReport] = []
        self.calls: list[str] = []
        self.lights = Lights(ConnectionId("ib"), clock, self._report)
        self.lights.on_subscriptions_lost = lambda: self.calls.append("lost")
        self.lights.on_feed_back = lambda: self.calls.append("back")

    def _report(self, report: BrokerReport) -> None:
        self.reports.append(report)
        self.calls.append("report")

    def up(self) -> None:
        self.lights.up()
        self.reports.clear()
        self.calls.clear()

    def hear(self, code: int, text: str = "words") -> bool:
        return self.lights.hear(-1, code, text)

    @property
    def health(self) -> list[Health]:
        return [report.health for report in self.reports if isinstance(report, HealthReport)]

    @property
    def notices(self) -> list[tuple[Severity, str]]:
        return [(r.severity, r.code) for r in self.reports if isinstance(r, Notice)]


@pytest.fixture
def board(clock: FakeClock) -> Board:
    return Board(clock)


def test_up_and_down(run: LoopRunner, board: Board) -> None:
    async def scenario() -> None:
        board.lights.up()
        assert board.health == [WELL]
        board.lights.down("TWS ended the connection")
        assert line_trouble(board.health[-1]) == "TWS ended the connection"
        board.reports.clear()
        board.lights.doubt("nothing is said after the end")
        board.hear(2103, BROKEN)
        assert board.health == []

    run(scenario())


@pytest.mark.parametrize("code", [1100, 2110])
def test_line_lost(run: LoopRunner, board: Board, code: int) -> None:
    """Said once however often TWS repeats it; the socket is kept for hours."""

    async def scenario() -> None:
        board.up()
        for _ in range(5):
            assert board.hear(code, LOST)
        assert board.notices == [(Severity.WARNING, str(code))]
        (health,) = board.health
        assert is_waiting(health)
        assert line_trouble(health) is None
        assert health.transport is Light.OK
        assert health.patience_s == PATIENCE_S
        assert LOST in health.text
        assert board.lights.is_line_broken
        board.lights.stop()

    run(scenario())


@pytest.mark.parametrize(
    ("code", "text", "calls"),
    [
        (1101, BACK_LOST, ["lost", "report", "report", "report"]),
        (1102, BACK, ["report", "report", "report"]),
    ],
)
@pytest.mark.parametrize("was_told", [True, False])
def test_line_back(
    run: LoopRunner, board: Board, code: int, text: str, calls: list[str], was_told: bool
) -> None:
    """PENDING, then OK: the engine reads everything again even where no 1100 came before."""

    async def scenario() -> None:
        board.up()
        if was_told:
            board.hear(1100, LOST)
            board.reports.clear()
            board.calls.clear()
        board.hear(code, text)
        assert board.calls == calls  # subscriptions are known to be lost before the engine hears
        assert [is_waiting(health) for health in board.health] == [True, False]
        assert board.health[-1] == WELL
        assert board.notices == [(Severity.INFO, str(code))]
        assert not board.lights.is_line_broken
        board.hear(1100, LOST)  # and the next time it is news again
        assert is_waiting(board.health[-1])
        board.lights.stop()

    run(scenario())


def test_line_lost_before_the_session_was_ready(run: LoopRunner, board: Board) -> None:
    async def scenario() -> None:
        board.hear(1100, LOST)
        board.hear(2103, BROKEN)
        assert board.health == []
        board.lights.up()
        assert is_waiting(board.health[-1])
        assert LOST in board.health[-1].text
        board.lights.stop()

    run(scenario())


def test_2110_ends_with_a_working_farm(run: LoopRunner, board: Board) -> None:
    async def scenario() -> None:
        board.up()
        board.hear(2110, LOST)
        board.hear(2106, "HMDS data farm connection is OK:ushmds")
        assert is_waiting(board.health[-1])
        board.hear(2104, OK)
        assert board.health[-1] == WELL
        board.hear(1100, LOST)
        board.hear(2104, OK)
        assert is_waiting(board.health[-1])  # a 1100 ends with 1101 or 1102 only
        board.lights.stop()

    run(scenario())


def test_alarm(run: LoopRunner, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lights_module, "ALARM_AFTER_S", 0.05)

    async def scenario() -> None:
        board.up()
        board.hear(1100, LOST)
        await until(lambda: len(board.notices) == 2)
        assert board.notices[-1] == (Severity.ERROR, "1100")
        await asyncio.sleep(0.1)
        assert len(board.notices) == 2
        board.hear(1102, BACK)
        board.hear(1100, LOST)
        board.hear(1102, BACK)
        await asyncio.sleep(0.1)
        assert Severity.ERROR not in [severity for severity, _ in board.notices[2:]]

    run(scenario())


def test_no_alarm_while_ibkr_resets(
    run: LoopRunner, board: Board, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lights_module, "ALARM_AFTER_S", 0.05)
    monkeypatch.setattr(lights_module, "LOOK_AGAIN_S", 0.05)
    clock.set_now(datetime(2026, 11, 18, 0, 30, tzinfo=ZoneInfo("America/New_York")))

    async def scenario() -> None:
        board.up()
        board.hear(1100, LOST)
        await asyncio.sleep(0.2)
        assert len(board.notices) == 1
        clock.advance(3600 * 1.5)
        await until(lambda: len(board.notices) == 2)

    run(scenario())


def test_farms(run: LoopRunner, board: Board) -> None:
    async def scenario() -> None:
        board.up()
        board.hear(2104, OK)  # routine at every start
        assert board.reports == []
        board.hear(2103, BROKEN)
        board.hear(2103, BROKEN)
        board.hear(2105, "HMDS data farm connection is broken:ushmds")
        assert board.notices == [(Severity.WARNING, "2103"), (Severity.WARNING, "2105")]
        assert board.health[-1].subscriptions is Light.WARNING
        assert board.health[-1].transport is board.health[-1].authentication is Light.OK
        assert "usfarm" in board.health[-1].text
        board.hear(2104, OK)
        assert board.calls[-1] == "back"
        assert board.health[-1].subscriptions is Light.WARNING
        board.hear(2106, "HMDS data farm connection is OK:ushmds")
        assert board.health[-1] == WELL
        assert board.calls.count("back") == 2
        board.hear(2157, "Sec-def data farm connection is broken:secdefil")
        board.hear(2158, "Sec-def data farm connection is OK:secdefil")
        assert board.health[-1] == WELL

    run(scenario())


def test_doubt(run: LoopRunner, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first at once, a burst of others as one, nothing while the line is broken anyway."""
    monkeypatch.setattr(lights_module, "DOUBT_PAUSE_S", 0.1)

    async def scenario() -> None:
        board.up()
        board.lights.doubt("a message could not be read")
        assert [is_waiting(health) for health in board.health] == [True, False]
        assert board.health[0].text == "a message could not be read"
        for _ in range(10):
            board.lights.doubt("and more")
        assert len(board.health) == 2
        await until(lambda: len(board.health) == 4)
        board.hear(1100, LOST)
        count = len(board.health)
        await asyncio.sleep(0.15)
        board.lights.doubt("it is all read again when the line is back")
        assert len(board.health) == count
        board.lights.stop()

    run(scenario())


def test_a_doubt_that_waits_when_the_line_breaks(
    run: LoopRunner, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lights_module, "DOUBT_PAUSE_S", 0.05)

    async def scenario() -> None:
        board.up()
        board.lights.doubt("one")
        board.lights.doubt("two")
        board.hear(1100, LOST)
        count = len(board.health)
        await asyncio.sleep(0.1)
        assert len(board.health) == count
        assert is_waiting(board.health[-1])
        board.lights.stop()

    run(scenario())


def test_other_words_of_tws(run: LoopRunner, board: Board) -> None:
    async def scenario() -> None:
        board.up()
        assert board.hear(1300, "TWS socket port has been reset: 7500")
        assert board.hear(2107, "HMDS data farm connection is inactive:ushmds")
        assert board.hear(99999, "what nobody knows")
        assert board.notices == [
            (Severity.ERROR, "1300"), (Severity.INFO, "2107"), (Severity.WARNING, "99999"),
        ]  # fmt: skip
        assert not board.lights.hear(17, 366, "No historical data query found")
        assert board.lights.hear(17, 1100, LOST)  # whatever number it carries
        board.lights.stop()

    run(scenario())


@pytest.mark.parametrize(
    ("zone", "wall", "holds"),
    [
        ("America/New_York", "2026-11-18 00:15", True),
        ("America/New_York", "2026-11-18 03:00", False),
        ("America/New_York", "2026-11-20 23:30", True),  # a Friday
        ("America/New_York", "2026-11-19 23:30", False),
        ("America/New_York", "2026-11-21 02:59", True),  # a Saturday
        ("Europe/Zurich", "2026-07-01 07:00", True),  # in summer as well
        ("Asia/Hong_Kong", "2026-11-18 20:30", True),
        ("America/New_York", "2026-11-18 10:00", False),
    ],
)
def test_reset_times(zone: str, wall: str, holds: bool) -> None:
    moment = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone))
    assert is_reset_time(moment) is holds

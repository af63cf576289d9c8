"""What TWS says of its own lines, as the four lights of the connection.

The socket to TWS may be up while TWS has lost IBKR (1100) or one of its data farms (2103, 2105,
2157); TWS then brings its line back by itself, so the socket is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from app.base.clock import Clock
from app.brokers.ibkr_tws.errors import Context, Meaning, Verdict, judge
from app.brokers.ibkr_tws.reset_times import is_reset_time
from app.domain.ids import ConnectionId
from app.domain.reports import BrokerReport, Health, HealthReport, Light, Notice, Severity

# The nightly reset and a Gateway that waits for its log-in: the socket is worth keeping so long.
PATIENCE_S = 3 * 3600.0
ALARM_AFTER_S = 15 * 60.0
LOOK_AGAIN_S = 60.0
# A burst of doubts is one re-read.
DOUBT_PAUSE_S = 1.0
_ALL_WELL = Health(Light.OK, Light.OK, Light.OK, Light.OK)
_LINE = frozenset({Meaning.LINE_BROKEN, Meaning.LINE_BACK_LOST, Meaning.LINE_BACK_KEPT})
_FEED = frozenset({Meaning.FEED_BROKEN, Meaning.FEED_OK})
_NAMES_FARM = frozenset({2103, 2104, 2105, 2106, 2157, 2158})
_MARKET_DATA_OK = 2104
_RESTORES_ITSELF = 2110


class Lights:
    """The lights of one session. Adapter's thread and loop.

    `on_subscriptions_lost()` is called when TWS has dropped every subscription, `on_feed_back()`
    when a farm that was broken is said to work again: both before the engine hears of it.
    """

    def __init__(
        self, connection_id: ConnectionId, clock: Clock, report: Callable[[BrokerReport], None]
    ) -> None:
        self._connection_id, self._clock, self._report = connection_id, clock, report
        self.on_subscriptions_lost: Callable[[], None] = _nothing
        self.on_feed_back: Callable[[], None] = _nothing
        self.health = Health()
        self._broken_farms: dict[str, str] = {}
        self._broken_by = 0  # the code that told that TWS has no line, 0 while it has one
        self._broken_text = ""
        self._alarm: asyncio.TimerHandle | None = None
        self._doubted_at = -DOUBT_PAUSE_S
        self._doubt: asyncio.TimerHandle | None = None
        self._is_up = False

    @property
    def is_line_broken(self) -> bool:
        """Whether TWS has lost IBKR."""
        return self._broken_by != 0

    def up(self) -> None:
        """The session is ready."""
        self._is_up = True
        self._show()

    def down(self, reason: str) -> None:
        """The session has ended by itself."""
        self.stop()
        self._tell(Health(Light.FAILED, Light.OFF, Light.OFF, Light.OFF, reason))

    def stop(self) -> None:
        """Say nothing more, start nothing more."""
        self._is_up = False
        for timer in (self._alarm, self._doubt):
            if timer is not None:
                timer.cancel()
        self._alarm = self._doubt = None

    def doubt(self, reason: str) -> None:
        """Let the engine close trading, read everything and open it again."""
        if not self._is_up or self.is_line_broken or self._doubt is not None:
            return  # everything is read again when the line is back, or in a moment
        loop = asyncio.get_running_loop()
        wait_s = self._doubted_at + DOUBT_PAUSE_S - loop.time()
        if wait_s > 0:
            self._doubt = loop.call_later(wait_s, self._doubt_now, reason)
        else:
            self._doubt_now(reason)

    def hear(self, key: int, code: int, text: str) -> bool:
        """An error of TWS that nobody else claimed; whether it was about its lines."""
        verdict = judge(code, Context.SYSTEM, text)
        if verdict.meaning in _LINE:
            self._hear_line(code, verdict)
        elif verdict.meaning in _FEED:
            self._hear_feed(code, text, verdict)
        elif key > 0:
            return False  # about a question that is closed
        else:
            self.notice(verdict.severity, verdict.text, code)
        return True

    def notice(self, severity: Severity, text: str, code: int = 0) -> None:
        """A sentence for the log."""
        word = str(code) if code else ""
        self._report(Notice(self._connection_id, severity, text, self._clock.now(), word))

    # ---- TWS's line to IBKR ----

    def _hear_line(self, code: int, verdict: Verdict) -> None:
        if verdict.meaning is Meaning.LINE_BROKEN:
            if not self.is_line_broken:  # 1100 repeats every few seconds
                self._broken_by, self._broken_text = code, verdict.text
                self.notice(Severity.WARNING, verdict.text, code)
                self._alarm_in(ALARM_AFTER_S)
                self._show()
            return
        if verdict.meaning is Meaning.LINE_BACK_LOST:
            self.on_subscriptions_lost()
        self.notice(Severity.INFO, verdict.text, code)
        self._line_is_back(verdict.text)

    def _line_is_back(self, text: str) -> None:
        self._broken_by = 0
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._doubt_now(text)

    def _alarm_in(self, seconds: float) -> None:
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._raise_alarm)

    def _raise_alarm(self) -> None:
        if is_reset_time(self._clock.now()):
            self._alarm_in(LOOK_AGAIN_S)
            return
        self._alarm = None
        self.notice(
            Severity.ERROR,
            f"TWS has had no line to IBKR for {ALARM_AFTER_S / 60:.0f} minutes, outside of IBKR's"
            " reset times: look at TWS, it may be waiting for your log-in",
            self._broken_by,
        )

    # ---- its data farms ----

    def _hear_feed(self, code: int, text: str, verdict: Verdict) -> None:
        farm = text.rpartition(":")[2].strip() if code in _NAMES_FARM else ""
        if verdict.meaning is Meaning.FEED_BROKEN:
            if farm not in self._broken_farms:
                self._broken_farms[farm] = verdict.text
                self.notice(Severity.WARNING, verdict.text, code)
                self._show()
            return
        if self._broken_farms.pop(farm, None) is not None:
            self.notice(Severity.INFO, verdict.text, code)
            self._show()
            self.on_feed_back()
        if self._broken_by == _RESTORES_ITSELF and code == _MARKET_DATA_OK:
            self._line_is_back(verdict.text)  # no 1101 or 1102 need follow a 2110

    # ---- telling ----

    def _doubt_now(self, reason: str) -> None:
        """Trading closes on the first report; what is then read begins after the second."""
        self._doubt = None
        if not self._is_up or self.is_line_broken:
            return
        self._doubted_at = asyncio.get_running_loop().time()
        pending = replace(self._seen(), authentication=Light.PENDING, text=reason)
        self._tell(pending)
        self._show()

    def _show(self) -> None:
        if self._is_up:
            self._tell(self._seen())

    def _seen(self) -> Health:
        farms = "; ".join(self._broken_farms.values())
        health = _ALL_WELL
        if self._broken_farms:
            health = replace(health, subscriptions=Light.WARNING, text=farms)
        if self.is_line_broken:
            health = replace(
                health,
                authentication=Light.PENDING,
                subscriptions=Light.WARNING,
                text=self._broken_text,
                patience_s=PATIENCE_S,
            )
        return health

    def _tell(self, health: Health) -> None:
        if health != self.health:
            self.health = health
            self._report(HealthReport(self._connection_id, health, self._clock.now()))


def _nothing() -> None:
    """Nobody listens."""

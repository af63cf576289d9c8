"""Everything that lives between connect and disconnect: the account, its market and the clockwork.

Time passes in beats of the loop. A beat lets the source move on, matches, and sends what is new.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from math import isnan

from app.base.errors import BrokerError, MoorgateError, Outcome
from app.brokers.base import BrokerContext
from app.brokers.paper.config import PaperConfig
from app.brokers.paper.delay_line import DelayLine
from app.brokers.paper.exchange import Exchange
from app.brokers.paper.faults import Faults
from app.brokers.paper.market_source import MarketSources, Opened
from app.brokers.paper.replay import Replay
from app.brokers.paper.store import PaperStore
from app.brokers.paper.tick import Tick
from app.domain.ids import AccountId, InstrumentKey
from app.domain.market import Aggressor, TradePrint
from app.domain.reports import (
    Balance,
    BrokerReport,
    Health,
    HealthReport,
    Light,
    Notice,
    Severity,
)

log = logging.getLogger("moorgate.paper")
BEAT_S = 0.02
# Quotes that stand are confirmed so often, and balances told while positions move in value.
CONFIRM_S = 1.0
REMEMBER_S = 5.0
_STEP_S = 600.0  # market seconds in one go, then others get their turn
_AGGRESSORS = {1: Aggressor.BUY, -1: Aggressor.SELL, 0: Aggressor.UNKNOWN}


class PaperSession:
    """Wires account, market, latency and faults to the sink. Belongs to the adapter's loop."""

    def __init__(self, context: BrokerContext, config: PaperConfig, store: PaperStore) -> None:
        self._context, self.config, self.store = context, config, store
        self._sink, self._clock = context.sink, context.clock
        self.sources = MarketSources(config, store, context.resources, context.clock)
        self.faults = Faults()
        self.subscribed: set[InstrumentKey] = set()
        self.exchange: Exchange
        self.opened: Opened
        self.is_cut = self.is_over = False
        self._lights = Health()
        self._told_balances: tuple[Balance, ...] = ()
        self._is_broken = False
        self._inbox: DelayLine[Callable[[], None]] = DelayLine(self.guarded)
        self._outbox: DelayLine[BrokerReport] = DelayLine(self._send)
        self._timer: asyncio.TimerHandle | None = None
        self.transport = asyncio.Lock()
        self._is_started = False
        self._generation = 0
        self._last_beat = self._last_confirm = self._last_remember = 0.0

    @property
    def latency_s(self) -> float:
        """One way."""
        return self.config.latency_s / 2 + self.faults.delay_s

    async def start(self) -> None:
        """Open the account and its market, and set the clockwork going. Raises UserError."""
        account_id = AccountId(self.config.connection_id.upper())
        account = self.store.account(
            account_id, self.config.currency, self.config.initial_cash, self._clock.now()
        )
        self.opened = await self.sources.first()
        source = self.opened.source
        self.exchange = Exchange(
            self.config,
            account,
            self.store,
            source,
            self._clock,
            self._tell,
            lambda: self.faults.take("reject"),
        )
        self._is_started = True
        self._generation = source.generation
        for order_id in self.exchange.undecided():
            self.later(partial(self.exchange.decide, [order_id]))
        if self.opened.warning:
            self.notice(Severity.WARNING, self.opened.warning)
        self.report_health()
        self._last_beat = self._last_confirm = self._last_remember = self._clock.monotonic()
        self._wind()

    def stop(self) -> None:
        """Let go of everything and remember where the replay stood."""
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._inbox.clear()
        self._outbox.clear()
        try:
            if self._is_started and not self._is_broken:
                self.sources.remember(self.opened)
                self.exchange.save_drift()
        except MoorgateError:
            log.warning("the replay's position could not be kept", exc_info=True)
        finally:
            self.store.close()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on its way in either direction."""
        return not (len(self._inbox) or len(self._outbox))

    def later(self, action: Callable[[], None]) -> None:
        """Do something at the broker's end of the line, after the latency."""
        self._inbox.put(action, self.latency_s)

    def use(self, opened: Opened) -> None:
        """Trade on another market from now on. Raises StoreError."""
        self.opened = opened
        self.exchange.use(opened.source)
        self._generation = opened.source.generation
        self.sources.remember(opened)
        symbols = [instrument.symbol for instrument in opened.source.instruments.values()]
        title = opened.source.state()["title"]
        self.notice(Severity.INFO, f"Now plays {title}: {', '.join(symbols[:5])}")
        self._resend()
        self.report_health()

    async def step(self, seconds: float) -> None:
        """Play some market seconds at once; other work goes on in between."""
        source = self.opened.source
        if not isinstance(source, Replay):
            raise BrokerError("only a replay can be stepped", Outcome.NOT_SENT)
        while seconds > 0 and not self.is_over:
            part = min(seconds, _STEP_S)
            seconds -= part
            self.guarded(partial(self.feed, source.play(part), self._clock.monotonic()))
            self.guarded(self._follow_jump)
            await asyncio.sleep(0)
            if source.transport.position_s >= source.end_s:
                break
        self.report_health()

    def settle(self) -> None:
        """After the transport was moved: stand anew where it jumped, and tell the lights."""
        self.guarded(self._follow_jump)
        self.report_health()

    def report_health(self, text: str = "") -> None:
        """Tell the four lights as they are."""
        source = self.opened.source
        age = Light.OK if source.is_moving else Light.PENDING
        words = text or (source.state()["title"] + ("" if source.is_moving else ", paused"))
        if self.faults.is_muted:
            age, words = Light.WARNING, "the feed is muted by a fault switch"
        lights = Health(Light.OK, Light.OK, Light.OK, age, words)
        if self.is_cut:
            lights = Health(Light.FAILED, Light.OFF, Light.OFF, Light.OFF, words)
        if lights != self._lights:
            self._lights = lights
            self._sink.report(HealthReport(self.config.connection_id, lights, self._clock.now()))

    def notice(self, severity: Severity, text: str) -> None:
        """A sentence for the log."""
        self._sink.report(Notice(self.config.connection_id, severity, text, self._clock.now()))

    def cut(self, why: str) -> None:
        """The line is lost: nothing goes out any more, the broker's side lives on."""
        self.is_cut = True
        self.report_health(why)

    def resend_quote(self, key: InstrumentKey) -> None:
        """Send the quote that stands, with the age it really has."""
        market = self.exchange.markets.get(key)
        if market is not None and not (self.faults.is_muted or self.is_cut):
            self._sink.quote(market.quote(self.opened.source.kind))

    def _resend(self) -> None:
        for key in self.subscribed:
            self.resend_quote(key)

    def _wind(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    def _beat(self) -> None:
        now = self._clock.monotonic()
        passed, self._last_beat = now - self._last_beat, now
        if not self.transport.locked():
            self.guarded(partial(self._move_on, passed, now))
        if not self.is_over:
            self._wind()

    def _move_on(self, passed_s: float, now: float) -> None:
        source = self.opened.source
        was_moving = source.is_moving
        ticks = source.advance(passed_s)
        if ticks:
            self.feed(ticks, now)
        self._follow_jump()
        if source.is_moving != was_moving:
            self.report_health()
        if now - self._last_confirm >= CONFIRM_S:
            self._last_confirm = now
            self._confirm(now)
        if now - self._last_remember >= REMEMBER_S:
            self._last_remember = now
            if source.is_moving:
                self.sources.remember(self.opened)
            self.exchange.save_drift()

    def feed(self, ticks: Sequence[Tick], now: float) -> None:
        """Match what happened in the market, and send what is subscribed."""
        exchange, sink, kind = self.exchange, self._sink, self.opened.source.kind
        is_silent = self.faults.is_muted or self.is_cut
        for tick in ticks:
            market = exchange.on_tick(tick, now)
            if is_silent or tick.key not in self.subscribed:
                continue
            if not isnan(tick.price) and not isnan(tick.size):
                at = datetime.fromtimestamp(tick.at_s, UTC)
                aggressor = _AGGRESSORS[tick.aggressor]
                sink.trade(TradePrint(tick.key, tick.price, tick.size, at, aggressor))
            sink.quote(market.quote(kind))

    def _follow_jump(self) -> None:
        """After a seek, a loop's end or a gap: stand anew, and say so."""
        source = self.opened.source
        for text in source.notices():
            self.notice(Severity.INFO, text)
        if source.generation != self._generation:
            self._generation = source.generation
            self.exchange.moved()
            self._resend()

    def _confirm(self, now: float) -> None:
        """A running market's quote stands until it changes: say so, that it does not look old."""
        source = self.opened.source
        if source.is_moving:
            for key in self.exchange.markets:
                self.exchange.on_clock(key, source.market_s(key))
        if self.is_cut:
            return
        if source.is_moving and not self.faults.is_muted:
            for key in self.subscribed:
                market = self.exchange.markets.get(key)
                if market is not None and market.received_s < now - CONFIRM_S:
                    market.received_s = now
                    self._sink.quote(market.quote(source.kind))
        report = self.exchange.statements.account(self._clock.now())
        if report.balances != self._told_balances:
            self._told_balances = report.balances
            self._tell([report])

    def _tell(self, reports: Sequence[BrokerReport]) -> None:
        for report in reports:
            self._outbox.put(report, self.latency_s)

    def _send(self, report: BrokerReport) -> None:
        if self.is_cut or self.is_over:
            return
        for sent in self.faults.bend(report):
            self._sink.report(sent)

    def guarded(self, action: Callable[[], None]) -> None:
        """Whatever fails at the broker's end ends the connection; paper.db tells the truth."""
        if self.is_over:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is logged and told
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """What is in memory can no longer be trusted: no more of it, until the next connect."""
        self.is_over = self._is_broken = True
        log.error("the paper account stopped", exc_info=error)
        self.cut(f"the paper account stopped: {error}")

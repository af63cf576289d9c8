"""The life of one connection: connect, reconcile, serve, lose the line, come back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

from app.base.backoff import Backoff
from app.base.bus import EventBus
from app.base.clock import Clock
from app.base.errors import BrokerError, MoorgateError, Outcome, UserError
from app.brokers import registry
from app.brokers.base import Broker, BrokerContext, ConnectionConfig
from app.brokers.call import Call
from app.brokers.runner import BrokerRunner
from app.domain.capabilities import Capabilities
from app.domain.events import ConnectionChanged, NoticeRaised
from app.domain.ids import ConnectionId
from app.domain.reconcile import Reconciliation
from app.domain.reports import (
    AccountReport,
    BrokerReport,
    Health,
    HealthReport,
    Known,
    Light,
    Severity,
    Snapshot,
)
from app.engine.health import ConnectionState, is_waiting, lights, line_trouble

log = logging.getLogger("moorgate.connections")
T = TypeVar("T")
S = ConnectionState

# A line that the adapter says it is bringing back itself gets this long before we start afresh.
LINE_PATIENCE_S = 60.0
# Only a line that held this long makes the next reconnect start from the shortest delay again.
STABLE_AFTER_S = 30.0
# So many threads that would not end are left behind before we stop making new ones.
MAX_STUCK_THREADS = 3


@dataclass
class Surroundings:
    """What every connection is given by the engine. All callables run on the engine's loop."""

    bus: EventBus
    clock: Clock
    data_dir: Callable[[ConnectionId], Path]
    resources: Path
    secret: Callable[[ConnectionId, str], str]
    audit: Callable[[str, str, ConnectionId], object]
    on_reports: Callable[[ConnectionId, list[BrokerReport]], None]
    reconcile: Callable[[ConnectionId], Awaitable[Reconciliation]]
    resubscribe: Callable[[ConnectionId], Awaitable[object]]
    make_broker: Callable[[BrokerContext], Broker] = registry.create_broker
    make_backoff: Callable[[], Backoff] = Backoff
    connect_timeout_s: float = 30.0
    stop_timeout_s: float = 5.0


class _LineLost(Exception):  # noqa: N818 - it is no error but the end of a phase
    """The line of a connection that was up is gone; the text says why."""


class Link:
    """One connection. A supervisor task makes a new runner and adapter for every attempt.

    `connect` and `disconnect` may be called at any time, from several tasks; everything belongs
    to the engine's loop.
    """

    def __init__(self, config: ConnectionConfig, around: Surroundings) -> None:
        self.config, self._around = config, around
        self.state = S.OFFLINE
        self.text = ""
        self.accounts: tuple[AccountReport, ...] = ()
        self.runner: BrokerRunner | None = None
        self.stuck_threads = 0  # threads of ours that would not end
        self._capabilities: Capabilities | None = None
        self._reported: Health | None = None
        self._data_age = Light.OFF
        self._is_refused = False
        self._ready_since_s: float | None = None
        self._is_serving = False  # connected, and the supervisor listens to the line
        self._is_ending = False  # the adapter is being taken down
        self._alarmed = ""
        self._doubts = 0  # counts every reason to read everything again
        self._verified_at_doubt = -1
        self._lost = ""
        self._wake = asyncio.Event()
        self._switch = asyncio.Lock()
        self._is_retired = False
        self._supervisor: asyncio.Task[None] | None = None
        self._settled: asyncio.Future[ConnectionState] | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self._last_published: ConnectionChanged | None = None

    # ---- what may be asked ----

    @property
    def health(self) -> Health:
        """The four lights with a sentence."""
        known = lights(self.state, self._reported, self.text, self._is_refused)
        return replace(known, data_age=self._data_age) if self.is_up else known

    @property
    def is_stuck(self) -> bool:
        """Whether a thread of ours would not end, so that the process must be ended harder."""
        return self.stuck_threads > 0

    @property
    def is_up(self) -> bool:
        """Whether the adapter says its line is up and we are not about to leave it."""
        return self.state in (S.RECONCILING, S.READY)

    @property
    def reported_data_age(self) -> Light:
        """The adapter's own word on the fourth light."""
        return self._reported.data_age if self._reported else Light.OFF

    @property
    def is_paper(self) -> bool | None:
        """The accounts' own word; one live account makes it a live connection."""
        return all(account.is_paper for account in self.accounts) if self.accounts else None

    @property
    def capabilities(self) -> Capabilities:
        """What can be done now, or what the broker promises while not connected."""
        if self._capabilities is not None:
            return self._capabilities
        try:
            return registry.broker_info(self.config.broker).capabilities
        except UserError:
            return Capabilities()

    def closed_reason(self) -> str | None:
        """Why no order may go out here, None when one may."""
        name = self.config.id
        if self.state is not S.READY:
            detail = f": {self.text}" if self.text else ""
            return f"{name} is {self.state.value}{detail}"
        if self._is_ending:
            return f"{name} is being disconnected"
        if mismatch := self._environment_mismatch():
            return mismatch
        if self.config.read_only:
            return f"{name} is read-only by its settings"
        return None

    # ---- commands ----

    async def connect(self) -> ConnectionState:
        """Connect, or try again at once; answers how the coming attempt ended."""
        async with self._switch:
            if self.state is S.READY or self._is_retired:
                return self.state
            if self._settled is None or self._settled.done():
                self._settled = asyncio.get_running_loop().create_future()
            settled = self._settled
            if self._supervisor is None or self._supervisor.done():
                self._supervisor = self._spawn(self._live())
            else:
                self._wake.set()
        return await asyncio.shield(settled)

    async def disconnect(self) -> None:
        """Leave in good order; always ends, and ends whatever was under way."""
        async with self._switch:
            if self._supervisor is not None:
                self._supervisor.cancel()
                await asyncio.wait((self._supervisor,))
                self._supervisor = None
            await self._end_runner()
            for task in tuple(self._tasks):
                task.cancel()
            if self.state is not S.OFFLINE:
                self._enter(S.OFFLINE, "")
            self._settle()

    async def retire(self) -> None:
        """Leave for good: whoever asks to connect meanwhile, or waits to, finds it offline."""
        self._is_retired = True
        try:
            await self.disconnect()
        except BaseException:  # called off: it goes on living
            self._is_retired = False
            raise

    async def call(self, function: Callable[[Broker], Awaitable[T]], timeout_s: float) -> T:
        """Run `function` with the adapter. Raises BrokerError; see BrokerRunner.call."""
        answer = await self._running().call(function, timeout_s)
        if isinstance(answer, Snapshot) and isinstance(answer.accounts, Known):
            # Judged here, before anybody opens trading on the strength of this snapshot.
            self.accounts = answer.accounts.value
        return answer

    def prepare(self, function: Callable[[Broker], Awaitable[T]]) -> Call[T]:
        """A call that waits to be handed over. Raises BrokerError; see BrokerRunner.prepare."""
        return self._running().prepare(function)

    def _running(self) -> BrokerRunner:
        if self.runner is None:
            raise BrokerError(f"{self.config.id} is {self.state.value}", Outcome.NOT_SENT)
        return self.runner

    # ---- what comes in ----

    def on_health(self, report: HealthReport) -> None:
        """The adapter's lights. A lost line closes trading in this very call."""
        if self._is_ending:
            return  # what an adapter says while it is being taken down is no news
        self._reported = report.health
        if self._is_serving:
            self._judge_line(report.health)
        self.publish()

    def on_account(self, report: AccountReport) -> None:
        """One account's newest word, from the stream."""
        others = [a for a in self.accounts if a.account_id != report.account_id]
        self.accounts = (*others, report)
        self._alarm_on_mismatch()
        self.publish()

    def set_data_age(self, light: Light) -> None:
        """The fourth light, as the clock sees it."""
        if light is not self._data_age:
            self._data_age = light
            self.publish()

    # ---- the supervisor ----

    async def _live(self) -> None:
        backoff = self._around.make_backoff()
        try:
            while True:
                error = await self._attempt()
                if self._held_long_enough():
                    backoff.reset()
                if self._is_final(error):
                    self._is_refused = isinstance(error, BrokerError)
                    self._enter(S.FAILED, str(error))
                    break
                delay_s = backoff.next_delay_s()
                self._enter(S.RECONNECTING, f"{error}; next attempt in {delay_s:.0f} s")
                self._wake.clear()
                self._settle()
                await self._pause(delay_s)
        except Exception as error:
            log.exception("the supervisor of %s failed", self.config.id)
            self._enter(S.FAILED, f"internal error: {error}")
        self._settle()

    async def _attempt(self) -> Exception:
        """One life of one adapter; answers why it ended."""
        self._reported, self._lost, self._is_refused = None, "", False
        self._data_age, self._ready_since_s = Light.OFF, None
        self._enter(S.CONNECTING, "")
        try:
            runner = self.runner = self._make_runner()
            self._capabilities = await runner.start(self._around.connect_timeout_s)
            await self._serve()
        except (MoorgateError, OSError, _LineLost) as error:
            return error
        finally:
            self._is_serving = False
            await self._end_runner()

    async def _serve(self) -> NoReturn:
        """Until the line is lost, which it raises."""
        pauses = self._around.make_backoff()
        self._is_serving = True
        self._doubt(S.RECONCILING, "reading orders and positions")
        if self._reported is not None:  # it may have changed while connect() came back to us
            self._judge_line(self._reported)
        while not self._lost:
            self._wake.clear()
            if self.state is S.RECONNECTING:
                await self._pause(self._patience_s())
                self._lose_patience()
            elif self._verified_at_doubt == self._doubts:
                await self._wake.wait()
            elif await self._reconcile():
                pauses.reset()
            else:
                self._settle()
                await self._pause(pauses.next_delay_s())
        raise _LineLost(self._lost)

    async def _reconcile(self) -> bool:
        """Read everything; READY when it was complete and nothing happened meanwhile.

        A connection that never sends an order is of use without its orders, too: a broker that
        takes none from us may keep them to itself.
        """
        doubts, lacking = self._doubts, ""
        try:
            result = await self._around.reconcile(self.config.id)
        except MoorgateError as error:
            trouble = f"orders and positions could not be reconciled: {error}"
        else:
            trouble = "; ".join(_in_words(part) for part in result.unavailable)
            if self.config.read_only and all(p.startswith("orders: ") for p in result.unavailable):
                trouble, lacking = "", trouble
        if self._lost or doubts != self._doubts:
            return False
        self._spawn(self._resubscribe())
        if trouble:
            self._enter(S.RECONCILING, f"{trouble}; trading stays closed and it is tried again")
            return False
        self._verified_at_doubt = doubts
        self._ready_since_s = self._around.clock.monotonic()
        self._enter(S.READY, lacking)
        self._alarm_on_mismatch()
        self._settle()
        return True

    async def _resubscribe(self) -> None:
        try:
            await self._around.resubscribe(self.config.id)
        except MoorgateError as error:
            self._notice(Severity.WARNING, f"market data could not be renewed: {error}")

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    def _make_runner(self) -> BrokerRunner:
        around, name = self._around, self.config.id
        data_dir = around.data_dir(name)
        data_dir.mkdir(parents=True, exist_ok=True)
        return BrokerRunner(
            self.config,
            loop=asyncio.get_running_loop(),
            on_reports=partial(around.on_reports, name),
            on_failure=self._on_failure,
            clock=around.clock,
            data_dir=data_dir,
            resources=around.resources,
            secret=partial(around.secret, name),
            make_broker=around.make_broker,
        )

    async def _end_runner(self) -> None:
        runner, self._capabilities = self.runner, None
        if runner is None:
            return
        self._is_ending = True
        ended = await runner.stop(self._around.stop_timeout_s)
        self.runner, self._reported, self._is_ending = None, None, False
        if not ended:
            self.stuck_threads += 1
            self._notice(
                Severity.ERROR,
                "the broker's software does not end; its thread was left behind."
                " Restart Moorgate when your orders are safe.",
            )

    # ---- trouble ----

    def _lose(self, reason: str) -> None:
        """The line is gone: close trading now, let the supervisor do the rest."""
        if self._lost:
            return
        self._lost = reason
        self._enter(S.RECONNECTING, reason)
        self._wake.set()
        if self.runner is not None:  # ends the calls under way, a snapshot among them
            self._spawn(self.runner.stop(self._around.stop_timeout_s))

    def _judge_line(self, health: Health) -> None:
        if trouble := line_trouble(health):
            self._lose(trouble)
        elif not is_waiting(health):
            if self.state is S.RECONNECTING and not self._lost:
                self._doubt(S.RECONCILING, "the line is back: reading orders and positions")
        elif self.state is not S.RECONNECTING:
            self._doubt(S.RECONNECTING, health.text or "the broker's line is interrupted")

    def _patience_s(self) -> float:
        own = None if self._reported is None else self._reported.patience_s
        return LINE_PATIENCE_S if own is None else own

    def _lose_patience(self) -> None:
        if self.state is S.RECONNECTING:
            self._lose(f"{self.text}; it did not come back by itself")

    def _doubt(self, state: ConnectionState, text: str) -> None:
        """What was verified is no longer: everything must be read again before trading."""
        self._doubts += 1
        self._enter(state, text)
        self._wake.set()

    def _on_failure(self, error: BaseException) -> None:
        if self.runner is None or self._lost:
            return
        if not self.runner.is_running:
            self._lose(str(error))
            return
        self._notice(Severity.ERROR, f"a part of Moorgate failed on this connection: {error!r}")
        if self.is_up:
            self._doubt(S.RECONCILING, "reading everything again after an internal error")

    def _held_long_enough(self) -> bool:
        since = self._ready_since_s
        return since is not None and self._around.clock.monotonic() - since >= STABLE_AFTER_S

    def _is_final(self, error: Exception) -> bool:
        """Whether trying again cannot help: bad settings, the broker's definite no, no threads."""
        if isinstance(error, BrokerError):
            return error.outcome is Outcome.REJECTED or self.stuck_threads >= MAX_STUCK_THREADS
        return isinstance(error, UserError | OSError)

    def _environment_mismatch(self) -> str | None:
        name, expected = self.config.id, self.config.environment
        if self.is_paper is None:
            return f"{name} named no account, so nobody knows whether it is live"
        wrong = [a.account_id for a in self.accounts if a.is_paper is not (expected == "paper")]
        if not wrong:
            return None
        word = "live" if expected == "paper" else "paper"
        return (
            f"{name} is set up as {expected} but account {', '.join(wrong)} is a {word} account;"
            " trading stays closed until the settings agree with the account"
        )

    def _alarm_on_mismatch(self) -> None:
        mismatch = self._environment_mismatch() or ""
        if mismatch and mismatch != self._alarmed:
            self._notice(Severity.ERROR, mismatch)
            self._around.audit("connection.mismatch", mismatch, self.config.id)
        self._alarmed = mismatch

    # ---- telling ----

    def _enter(self, state: ConnectionState, text: str) -> None:
        was, self.state, self.text = self.state, state, text
        if was is not state:
            sentence = f"{self.config.id} is {state.value}" + (f": {text}" if text else "")
            log.info("%s", sentence)
            self._around.audit(f"connection.{state.value}", sentence, self.config.id)
        self.publish()

    def publish(self) -> None:
        """Tell the listeners, when there is anything new to tell."""
        event = ConnectionChanged(
            self.config.id,
            self.state.value,
            self.health,
            self.closed_reason() is None,
            self.is_paper,
            self.text,
        )
        if event != self._last_published:
            self._last_published = event
            self._around.bus.publish(event)

    def _notice(self, severity: Severity, text: str) -> None:
        now = self._around.clock.now()
        self._around.bus.publish(NoticeRaised(severity, self.config.id, text, now))

    def _settle(self) -> None:
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(self.state)

    def _spawn(self, work: Awaitable[T]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _in_words(part: str) -> str:
    """'positions: timed out' -> 'positions could not be read: timed out'."""
    name, _, reason = part.partition(": ")
    return f"{name} could not be read: {reason}"

"""One thread and one asyncio loop for each connection: calls go in, two lanes come out."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.brokers import registry
from app.brokers.base import Broker, BrokerContext, ConnectionConfig
from app.brokers.call import Call
from app.brokers.lanes import MarketLane, ReportLane, RunnerSink
from app.domain.capabilities import Capabilities
from app.domain.ids import InstrumentKey
from app.domain.market import BarUpdate, Depth, Quote, TradePrint
from app.domain.reports import BrokerReport

log = logging.getLogger("moorgate.runner")
T = TypeVar("T")


class BrokerRunner:
    """One adapter in its own thread. Every method belongs to the engine's loop.

    A runner lives once: start, calls, stop. `on_reports` and `on_failure` are called on the
    engine's loop; `on_failure` hears of handlers that raised, of errors nobody awaited in the
    adapter's loop and of the thread's own unexpected end (`is_running` is False then).
    """

    def __init__(
        self,
        config: ConnectionConfig,
        *,
        loop: asyncio.AbstractEventLoop,
        on_reports: Callable[[list[BrokerReport]], None],
        on_failure: Callable[[BaseException], None],
        clock: Clock,
        data_dir: Path,
        resources: Path,
        secret: Callable[[str], str],
        make_broker: Callable[[BrokerContext], Broker] = registry.create_broker,
    ) -> None:
        self.config = config
        self._engine_loop, self._on_failure, self._make_broker = loop, on_failure, make_broker
        self._market = MarketLane()
        self._reports = ReportLane(loop, on_reports, on_failure)
        self._sink = RunnerSink(self._reports, self._market)
        self._context = BrokerContext(config, self._sink, clock, data_dir, resources, secret)
        self._thread = threading.Thread(target=self._run, name=f"broker {config.id}", daemon=False)
        self._loop: asyncio.SelectorEventLoop | None = None
        self._broker: Broker | None = None
        self._ended = asyncio.Event()
        self._is_stopping = False
        self._is_serving = False  # adapter's thread
        self._disconnect_timeout_s = 3.0
        self._stop_task: asyncio.Task[bool] | None = None
        self._calls: set[Call[Any]] = set()  # engine's loop
        self._tasks: set[asyncio.Task[None]] = set()  # adapter's thread

    @property
    def is_running(self) -> bool:
        """Whether calls reach the adapter."""
        return self._thread.is_alive() and self._loop is not None and not self._is_stopping

    async def start(self, timeout_s: float = 30.0) -> Capabilities:
        """Start the thread, make the adapter, connect, and say what the connection can do.

        Raises what the adapter raised (BrokerError, UserError); BrokerError UNKNOWN after
        `timeout_s`. Stop the runner afterwards whether it came up or not.
        """
        self._loop = asyncio.SelectorEventLoop()
        self._thread.start()
        return await self.call(_connect, timeout_s)

    async def call(self, function: Callable[[Broker], Awaitable[T]], timeout_s: float) -> T:
        """Run `function` with the adapter in its thread and loop; its result or its error.

        Raises BrokerError: NOT_SENT where the function provably never began (stopped runner, a
        thread too busy to take it), UNKNOWN on a time-out or when it was broken off; then it is
        cancelled in the thread. Foreign exceptions are logged and become UNKNOWN.
        """
        call = self.prepare(function)
        call.hand_over()
        return await call.result(timeout_s)

    def prepare(self, function: Callable[[Broker], Awaitable[T]]) -> Call[T]:
        """The same question, that waits for its `hand_over`. Raises BrokerError NOT_SENT where
        the runner is stopped."""
        if not self.is_running:
            raise BrokerError(f"{self.config.id} is not connected", Outcome.NOT_SENT)
        name = str(self.config.id)
        call: Call[T] = Call(lambda: function(self._adapter()), name, self._admit, self._tasks)
        self._calls.add(call)
        call.answer.add_done_callback(lambda _: self._calls.discard(call))
        return call

    def drain_market(self) -> tuple[dict[InstrumentKey, Quote], list[TradePrint]]:
        """The newest quote of each instrument that moved, and the prints, since the last drain."""
        if self._market.dropped_prints:
            lost, self._market.dropped_prints = self._market.dropped_prints, 0
            log.warning("%s: %d trade prints were shed while nobody drew", self.config.id, lost)
        return self._market.drain()

    def drain_depths(self) -> dict[InstrumentKey, Depth]:
        """The newest order book of each instrument that moved since the last drain."""
        return self._market.drain_depths()

    def drain_bars(self) -> list[BarUpdate]:
        """The newest word on each bar since the last drain, oldest bar first."""
        return self._market.drain_bars()

    async def stop(self, timeout_s: float = 5.0) -> bool:
        """Disconnect, end the thread and join it; False when it would not end within `timeout_s`.

        Calls that are under way end as BrokerError. May be called at any time and twice.
        """
        if self._stop_task is None:
            self._stop_task = asyncio.ensure_future(self._stop(timeout_s))
        return await asyncio.shield(self._stop_task)

    async def _stop(self, timeout_s: float) -> bool:
        loop = self._loop
        if loop is None or self._thread.ident is None:
            return True
        self._disconnect_timeout_s = timeout_s * 0.6
        self._is_stopping = True
        self._post(self._leave)
        try:
            async with asyncio.timeout(timeout_s):
                await self._ended.wait()
        except TimeoutError:
            log.warning("the thread of %s does not end; it is left behind", self.config.id)
            self._reports.close()
            return False
        finally:
            self._reports.flush()
            self._give_up_calls()
        self._thread.join(1.0)
        return not self._thread.is_alive()

    def _adapter(self) -> Broker:
        if self._broker is None:
            self._broker = self._make_broker(self._context)
        return self._broker

    def _give_up_calls(self) -> None:
        """End the calls whose thread is gone or stuck; a late answer is then ignored."""
        for call in tuple(self._calls):
            call.give_up(f"{self.config.id} was disconnected before the answer came")

    def _admit(self, function: Callable[[], object]) -> None:
        """Any thread: run something of a call in the adapter's thread, unless that is ending."""
        if not self._is_stopping:
            self._post(function)

    def _post(self, function: Callable[[], object]) -> None:
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function)
        except RuntimeError:  # closed: the thread is gone already
            log.debug("%s: the thread had ended", self.config.id)

    # ---- in the adapter's thread ----

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        self._sink.owner = threading.get_ident()
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(self._on_loop_error)
        # Blocking SDK calls wait here; the thread ends only when they have.
        executor = ThreadPoolExecutor(4, thread_name_prefix=f"broker {self.config.id} blocking")
        loop.set_default_executor(executor)
        self._is_serving = True
        try:
            loop.run_forever()
        except BaseException as error:  # noqa: BLE001 - even SystemExit ends only this connection
            self._tell_failure(error)
        finally:
            self._is_serving = False
            self._close(loop, executor)
            self._tell_engine(self._on_thread_end)

    def _leave(self) -> None:
        # A thread that ended by itself is closing already, and that runs the loop too.
        if self._is_serving and self._loop is not None:
            self._loop.stop()

    def _close(self, loop: asyncio.SelectorEventLoop, executor: ThreadPoolExecutor) -> None:
        try:
            if self._broker is not None:
                loop.run_until_complete(self._disconnect(self._broker))
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            executor.shutdown(wait=True, cancel_futures=True)
        except Exception as error:  # noqa: BLE001 - the thread must end whatever an SDK left behind
            self._tell_failure(error)
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    async def _disconnect(self, broker: Broker) -> None:
        try:
            async with asyncio.timeout(self._disconnect_timeout_s):
                await broker.disconnect()
        except TimeoutError:
            log.info("%s: the adapter did not disconnect in time", self.config.id)
        except Exception:
            log.exception("%s: disconnect() raised, which it must never do", self.config.id)

    def _on_loop_error(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if not isinstance(error, BaseException):
            error = RuntimeError(str(context.get("message")))
        self._tell_failure(error)

    def _tell_failure(self, error: BaseException) -> None:
        log.error("%s: uncaught in its thread: %s", self.config.id, error, exc_info=error)
        self._tell_engine(self._on_failure, error)

    def _tell_engine(self, function: Callable[..., object], *arguments: object) -> None:
        try:
            self._engine_loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the engine's loop is closed
            log.debug("%s ended after the engine", self.config.id)

    # ---- on the engine's loop again ----

    def _on_thread_end(self) -> None:
        self._ended.set()
        if not self._is_stopping:
            self._is_stopping = True
            self._give_up_calls()
            self._on_failure(BrokerError(f"the thread of {self.config.id} ended by itself"))


async def _connect(broker: Broker) -> Capabilities:
    await broker.connect()
    return broker.capabilities

"""A TWS on a loopback socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import ParamSpec, TypeVar

from tests.doubles.loop import PATIENCE_S
from tests.doubles.tws.faults import Faults
from tests.doubles.tws.session import Session, gather
from tests.doubles.tws.world import World

P = ParamSpec("P")
T = TypeVar("T")

# Below the ports that systems hand out to clients: one that tries again and again to connect to
# such a port while nobody listens there is connected to itself at last.
PORTS = range(20000, 32000)


class TwsPeer:
    """Listens while it is entered.

        with TwsPeer(version=176) as peer:
            peer.call(peer.world.quote, 756733, 500, 500.01)
            ...connect a client to 127.0.0.1 and peer.port...

    `world` and `faults` belong to the peer's thread: reach them by `call`. One peer may be given
    the world of another.
    """

    def __init__(
        self, *, version: int = 178, port: int = 0, host: str = "127.0.0.1",
        world: World | None = None,
    ) -> None:  # fmt: skip
        self.world = world or World(version=version)
        self.host = host
        self.port = port
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._run, name="tws-peer", daemon=True)
        self._handlers = gather()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.world.restart = self._restart

    @property
    def faults(self) -> Faults:
        """The switches; change them by `call`."""
        return self.world.faults

    def __enter__(self) -> TwsPeer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; `port` is known afterwards."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(PATIENCE_S)

    def stop(self) -> None:
        """Close everything and end the thread; a second time does no harm."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE_S)
        if not self._loop.is_closed():
            self._loop.close()

    def call(self, run: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something in the peer's thread and give its result, or raise what it raised."""
        if threading.current_thread() is self._thread:
            return run(*args, **kwargs)
        future: Future[T] = Future()

        def there() -> None:
            try:
                future.set_result(run(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - it is raised again where it was asked for
                future.set_exception(error)

        self._loop.call_soon_threadsafe(there)
        return future.result(PATIENCE_S)

    def until(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        """Wait until it holds, asked in the peer's thread. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while not self.call(condition):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true within {timeout_s} s")
            time.sleep(0.002)

    def drained(self) -> None:
        """Return when everything that was said has been handed to the operating system."""
        self.until(lambda: all(s.is_drained() for s in self.world.connections))

    def cut(self) -> None:
        """Break every line at once; what was on its way is lost."""
        self.call(self._cut)

    def restart(self, down_s: float = 0.0) -> None:
        """Close every line and refuse new ones for so long; the world is the same afterwards.

        Returns when the port refuses; it listens again by itself.
        """
        self.call(self._restart, down_s)

    # In the peer's thread.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _cut(self) -> None:
        for session in tuple(self.world.connections):
            session.abort()

    async def _listen(self) -> None:
        listening = self._bound()
        self.port = listening.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Session(self.world, self._handlers), sock=listening
        )

    def _bound(self) -> socket.socket:
        for port in [self.port] if self.port else random.sample(PORTS, 100):
            try:
                return socket.create_server((self.host, port))
            except OSError as error:
                if self.port or error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRINUSE, f"no free port in {PORTS}")

    def _unlisten(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _restart(self, down_s: float) -> None:
        self._cut()
        self._unlisten()
        for earlier in self._tasks:
            earlier.cancel()

        async def again() -> None:
            await asyncio.sleep(down_s)
            await self._listen()

        task = self._loop.create_task(again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.world.timing.cancel_all()
        self._unlisten()
        self._cut()
        for _ in range(3):  # what was cut is told of its end in the next turn of the loop
            await asyncio.sleep(0)

"""The switches of the embedded broker, for the toolbar and the menu.

| command           | arguments                | answer                                           |
|-------------------|--------------------------|--------------------------------------------------|
| replay.state      |                          | dict, see below                                  |
| replay.play       |                          | the state                                        |
| replay.pause      |                          | the state                                        |
| replay.step       | seconds                  | the state; plays them at once, paused or not     |
| replay.seek       | at_s                     | the state; nothing in between is played          |
| replay.speed      | value, 0.1 to 500        | the state                                        |
| replay.loop       | on                       | the state                                        |
| replay.open       | path ("": as configured) | the state; a refused file leaves all as it is    |
| faults.state      |                          | dict name -> count, switch or milliseconds       |
| faults.set        | name, on or count        | the faults' state                                |
| faults.disconnect |                          | None; the line is lost until the next connect    |

State: kind "replay" | "synthetic", title, date (ISO, of the first instrument), dates (by instrument
key), speed, paused, loop, position_s, start_s, end_s (UTC epoch seconds of the first instrument's
own dates, which at_s is too; end_s is 0 where there is no end), elapsed_s (played seconds since the
begin, negative before it), skip_gaps, jumps (by key: the last gap jumped over, from and to).

Faults: see brokers.paper.faults; on=True stays on, count=n strikes n times ("delay": n ms).
Refusals are BrokerError NOT_SENT; an unreadable file UserError.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

from app.base.errors import BrokerError, Outcome
from app.brokers.paper.replay import Replay
from app.brokers.paper.session import PaperSession


class Controls:
    """Runs one command at a time. Belongs to the adapter's loop."""

    def __init__(self, session: PaperSession) -> None:
        self._session = session

    async def run(self, command: str, arguments: dict[str, Any]) -> Any:
        """See the table above. Raises BrokerError NOT_SENT for what cannot be done."""
        area, _, verb = command.partition(".")
        method = getattr(self, f"_{area}_{verb}", None) if area in ("replay", "faults") else None
        if method is None:
            raise BrokerError(f"the paper broker knows no command {command!r}", Outcome.NOT_SENT)
        try:
            inspect.signature(method).bind(**arguments)
        except TypeError as error:
            raise BrokerError(f"{command}: {error}", Outcome.NOT_SENT) from error
        async with self._session.transport:
            return await method(**arguments)

    async def _replay_state(self) -> dict[str, Any]:
        return self._session.opened.source.state()

    async def _replay_play(self) -> dict[str, Any]:
        return self._paused(False)

    async def _replay_pause(self) -> dict[str, Any]:
        return self._paused(True)

    async def _replay_step(self, seconds: float) -> dict[str, Any]:
        self._replay("stepped")
        await self._session.step(_number("seconds", seconds, least=0.0))
        return await self._replay_state()

    async def _replay_seek(self, at_s: float) -> dict[str, Any]:
        self._replay("moved").seek_date(_number("at_s", at_s))
        return self._settled()

    async def _replay_speed(self, value: float) -> dict[str, Any]:
        self._replay("sped up").set_speed(_number("value", value))
        return self._settled()

    async def _replay_loop(self, on: bool) -> dict[str, Any]:
        self._replay("looped").transport.loop = bool(on)
        return self._settled()

    async def _replay_open(self, path: str) -> dict[str, Any]:
        sources = self._session.sources
        opened = await (sources.file(path) if path else sources.configured())
        self._session.use(opened)
        return await self._replay_state()

    async def _faults_state(self) -> dict[str, Any]:
        return self._session.faults.state()

    async def _faults_set(
        self, name: str, on: bool | None = None, count: int | None = None
    ) -> dict[str, Any]:
        session = self._session
        if name == "disconnect" and on is not False:
            await self._faults_disconnect()
        else:
            session.faults.set(name, on=on, count=count)
            if name == "mute_feed":
                session.report_health()
        return await self._faults_state()

    async def _faults_disconnect(self) -> None:
        self._session.cut("the line was cut by a fault switch; connect again")

    def _paused(self, paused: bool) -> dict[str, Any]:
        self._session.opened.source.set_paused(paused)
        return self._settled()

    def _settled(self) -> dict[str, Any]:
        self._session.settle()
        return self._session.opened.source.state()

    def _replay(self, done: str) -> Replay:
        source = self._session.opened.source
        if not isinstance(source, Replay):
            raise BrokerError(
                f'invented prices cannot be {done}: set source = "replay" or open a file',
                Outcome.NOT_SENT,
            )
        return source


def _number(name: str, value: Any, least: float = -math.inf) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BrokerError(f"{name} must be a number, was {value!r}", Outcome.NOT_SENT) from None
    if not math.isfinite(number) or number < least:
        raise BrokerError(f"{name} cannot be {value!r}", Outcome.NOT_SENT)
    return number

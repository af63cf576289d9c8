"""Our own queue before the SDK's throttle, so that a cancel never waits behind market data.

TWS closes the socket of a client that sends more than 50 messages a second (error 100; TWS API,
"Pacing Limitations"), and the SDK delays everything beyond 45 a second, first come, first served.
Here the lanes share 45 a second: each lane stops at its own mark, so that what is left above it
belongs to the better ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from enum import IntEnum

from app.base.errors import BrokerError, Outcome

log = logging.getLogger("moorgate.tws")


class Lane(IntEnum):
    """What is sent; the smaller the number, the sooner it goes."""

    CANCEL = 0
    ORDER = 1
    CONTROL = 2  # heartbeat, re-reads
    DATA = 3
    HISTORY = 4


# A message of a lane goes while fewer than so many went out within the window.
ROOM = {Lane.CANCEL: 45, Lane.ORDER: 43, Lane.CONTROL: 38, Lane.DATA: 30, Lane.HISTORY: 30}
# A hair more than the second in which the SDK counts, so that its own queue stays empty.
WINDOW_S = 1.02


class _Entry:
    """One message that waits. `sent` is None where nobody waits for it."""

    __slots__ = ("function", "messages", "sent")

    def __init__(
        self, function: Callable[[], None], messages: int, sent: asyncio.Future[None] | None
    ) -> None:
        self.function, self.messages, self.sent = function, messages, sent

    @property
    def is_dropped(self) -> bool:
        """Whether whoever wanted it has given up waiting."""
        return self.sent is not None and self.sent.done()


class SendQueue:
    """At most 45 messages in any second, at most 30 while the last of them is data.

    Belongs to the adapter's thread and loop. Each function sends one message, or as many as told.
    """

    def __init__(self) -> None:
        self._waiting: dict[Lane, deque[_Entry]] = {lane: deque() for lane in Lane}
        self._went: deque[float] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed_because = ""

    def __len__(self) -> int:
        """How many messages wait."""
        return sum(len(waiting) for waiting in self._waiting.values())

    def send(self, lane: Lane, function: Callable[[], None]) -> None:
        """Send now where the lane has room and nothing as good waits, else when there is.

        Raises BrokerError NOT_SENT when the line is down. What waits when the line goes down is
        dropped in silence; use `sent` where that matters.
        """
        self._is_sent_now(lane, _Entry(function, 1, None))

    async def sent(self, lane: Lane, function: Callable[[], None], messages: int = 1) -> None:
        """Like `send`, and return when it went out; `messages` are what `function` sends at once.

        Raises BrokerError NOT_SENT when the line went down before, and what `function` raises.
        Cancelling takes a message that still waits out of the queue.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._is_sent_now(lane, _Entry(function, messages, done)):
            await done

    def close(self, reason: str = "the line to TWS is down") -> None:
        """End: what still waits was provably not sent, and so is everything that comes later."""
        if self._closed_because:
            return
        self._closed_because = reason
        if self._timer is not None:
            self._timer.cancel()
        for waiting in self._waiting.values():
            for entry in waiting:
                if entry.sent is not None and not entry.is_dropped:
                    entry.sent.set_exception(self._not_sent())
            waiting.clear()

    def _is_sent_now(self, lane: Lane, entry: _Entry) -> bool:
        if self._closed_because:
            raise self._not_sent()
        is_next = not any(self._waiting[other] for other in Lane if other <= lane)
        if is_next and self._has_room(lane, entry):
            self._send_now(entry)
            return True
        self._waiting[lane].append(entry)
        self._wake_in_time()
        return False

    def _has_room(self, lane: Lane, entry: _Entry) -> bool:
        now = asyncio.get_running_loop().time()
        while self._went and now - self._went[0] >= WINDOW_S:
            self._went.popleft()
        return self._too_many(lane, entry) <= 0

    def _too_many(self, lane: Lane, entry: _Entry) -> int:
        """How many messages must leave the window before `entry` may go."""
        room = ROOM[lane]
        return len(self._went) + min(entry.messages, room) - room

    def _send_now(self, entry: _Entry) -> None:
        try:
            entry.function()
        except ConnectionError as error:
            raise BrokerError(f"the line to TWS is down: {error}", Outcome.NOT_SENT) from error
        now = asyncio.get_running_loop().time()
        self._went.extend([now] * entry.messages)

    def _wake_in_time(self) -> None:
        """Be back when there is room for the best of what waits, which may have just come."""
        loop = asyncio.get_running_loop()
        lane = next(lane for lane in Lane if self._waiting[lane])
        too_many = self._too_many(lane, self._waiting[lane][0])
        at = self._went[too_many - 1] + WINDOW_S if too_many > 0 else loop.time()
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._drain)

    def _drain(self) -> None:
        self._timer = None
        for lane in Lane:
            waiting = self._waiting[lane]
            while waiting and (waiting[0].is_dropped or self._has_room(lane, waiting[0])):
                self._send_entry(waiting.popleft())
            if waiting:
                self._wake_in_time()
                return

    def _send_entry(self, entry: _Entry) -> None:
        if entry.is_dropped:
            return
        try:
            self._send_now(entry)
        except Exception as error:
            if entry.sent is not None:
                entry.sent.set_exception(error)
            else:
                log.exception("a message to TWS could not be sent")
        else:
            if entry.sent is not None:
                entry.sent.set_result(None)

    def _not_sent(self) -> BrokerError:
        return BrokerError(f"{self._closed_because}: it was not sent", Outcome.NOT_SENT)

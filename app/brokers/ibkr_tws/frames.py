"""Cutting the stream of TWS into messages. No I/O.

Each message has its length before it, four bytes, highest first (TWS API, EReader). A length that
no TWS would send means that we have lost the place in the stream, and then nothing that follows
can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator

# IBKR's own client refuses longer messages (ibapi, comm.py: MAX_MSG_LEN).
LONGEST_MESSAGE = 0xFFFFFF
_PREFIX = 4


class CorruptStreamError(Exception):
    """The stream is not, or no longer, one of TWS messages. Carries its first bytes."""

    def __init__(self, beginning: bytes) -> None:
        super().__init__(f"no message begins with {beginning[:16]!r}")
        self.beginning = beginning


class Frames:
    """Bytes in, whole messages out, however the packets were cut."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that `data` completes. Raises CorruptStreamError after the last good one."""
        stream = self._bytes
        stream += data
        at = 0
        try:
            while len(stream) - at >= _PREFIX:
                end = at + _PREFIX + int.from_bytes(stream[at : at + _PREFIX], "big")
                if end - at - _PREFIX > LONGEST_MESSAGE:
                    raise CorruptStreamError(bytes(stream[at:]))
                if end > len(stream):
                    return
                message = bytes(stream[at + _PREFIX : end])
                at = end
                yield message
        finally:
            del stream[:at]


def framed(message: bytes) -> bytes:
    """A message as it stands in the stream."""
    return len(message).to_bytes(_PREFIX, "big") + message


def fields_of(message: bytes) -> list[str]:
    """The text fields of a message, each of which ends in NUL."""
    return message.decode("utf-8", "backslashreplace").split("\0")[:-1]

"""Bytes of the TWS socket protocol: frames of NUL-terminated text fields.

Sources: the TWS API documentation (interactivebrokers.github.io/tws-api, "EClientSocket" and
"Connection") and what the decoders of ib_insync 0.9.86 and ib_async 2.1.0 accept.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from decimal import Decimal

UNSET_DOUBLE = "1.7976931348623157E308"  # how TWS says that a price or an amount is not set
UNSET_INTEGER = "2147483647"
UNSET_LONG = "9223372036854775807"
MAX_LENGTH = 0xFFFFFF  # the longest message of IBKR's own client

Field = str | int | float | Decimal | bool | None


class WireError(Exception):
    """What came is not a message of this protocol."""


def text_of(field: Field) -> str:
    """One field as TWS writes it: None is empty, a bool 0 or 1, a Decimal without exponent."""
    if field is None:
        return ""
    if isinstance(field, bool):
        return "1" if field else "0"
    if isinstance(field, Decimal):
        return format(field.normalize() if field else Decimal(0), "f")
    return field if isinstance(field, str) else str(field)


def payload(fields: Iterable[Field]) -> bytes:
    """The fields of one message without its length."""
    return "".join([text_of(field) + "\0" for field in fields]).encode()


def frame(data: bytes) -> bytes:
    """A length and what it counts."""
    return struct.pack(">I", len(data)) + data


def message(*fields: Field) -> bytes:
    """One whole message, ready for the socket."""
    return frame(payload(fields))


def escaped(text: str) -> str:
    r"""Text as TWS puts it into errors and long names: beyond ASCII as \uXXXX, one or two."""
    units = struct.iter_unpack(">H", text.encode("utf-16-be", "surrogatepass"))
    return "".join(chr(unit) if unit < 0x80 else f"\\u{unit:04x}" for (unit,) in units)


class FrameReader:
    """Cuts what arrives into messages, however the network has split it."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._has_greeting = False

    def feed(self, data: bytes) -> Iterator[list[str]]:
        """The messages that are complete now; the first is the client's version range.

        Raises WireError when the client does not begin with `API\\0` or a length is absurd.
        """
        self._data += data
        if not self._has_greeting:
            if len(self._data) < 4:
                return
            if self._data[:4] != b"API\0":
                raise WireError(f"not a TWS client: {bytes(self._data[:4])!r}")
            del self._data[:4]
            self._has_greeting = True
        while len(self._data) >= 4:
            (length,) = struct.unpack(">I", self._data[:4])
            if length > MAX_LENGTH:
                raise WireError(f"a message of {length} bytes")
            if len(self._data) < 4 + length:
                return
            body = bytes(self._data[4 : 4 + length])
            del self._data[: 4 + length]
            yield body.decode(errors="backslashreplace").removesuffix("\0").split("\0")


class FieldReader:
    """Takes the fields of one message one after the other."""

    def __init__(self, fields: list[str]) -> None:
        self._fields = fields
        self._at = 0

    def text(self) -> str:
        """The next field. Raises WireError when there is none."""
        if self._at >= len(self._fields):
            raise WireError(f"message ends after {self._at} fields")
        field = self._fields[self._at]
        self._at += 1
        return field

    def integer(self) -> int:
        """The next field as a whole number; empty is 0. Raises WireError."""
        field = self.text()
        try:
            return int(field or 0)
        except ValueError:
            raise WireError(f"no whole number in field {self._at - 1}: {field!r}") from None

    def flag(self) -> bool:
        """The next field as yes or no; empty is no. Raises WireError."""
        return bool(self.integer())

    def number(self) -> Decimal | None:
        """The next field as a number; None where it is not set. Raises WireError."""
        return number(self.text())

    def named(self, names: Iterable[str]) -> dict[str, str]:
        """The next fields under these names."""
        return {name: self.text() for name in names}

    def rest(self) -> list[str]:
        """All that is left."""
        left = self._fields[self._at :]
        self._at = len(self._fields)
        return left


def number(field: str) -> Decimal | None:
    """A number of the wire; None where it is empty or the unset mark. Raises WireError."""
    if field in ("", UNSET_DOUBLE, UNSET_INTEGER, UNSET_LONG):
        return None
    try:
        return Decimal(field)
    except ArithmeticError:
        raise WireError(f"no number: {field!r}") from None

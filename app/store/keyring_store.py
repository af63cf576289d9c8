"""Secrets in the system's keyring, whatever their length.

A value that fits stands in its entry as it is, so other programs and people can read it there. One
that does not fit is cut into parts, ASCII all of them, so that no keyring can change them:

    user "<id>/<field>"       "moorgate-parts:1:<set>:<count>:<SHA-256>"
    user "<id>/<field>#<set>1", "#<set>2", ...

There are two sets, a and b. New parts go into the set that is not in use, then the head entry is
replaced, then the old parts go: whenever the program is killed, the head leads to the old value or
to the new one, and the digest proves it. A keyring cannot list its entries, so each set is written
upwards and cleared downwards: what a killed program left is found by counting up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from app.base.redaction import redact
from app.store.keyring_backend import Found, find_backend
from app.store.vault_errors import KeyringError

SERVICE = "moorgate"
_HEAD = "moorgate-parts:"
_HEAD_FORM = re.compile(r"moorgate-parts:1:([ab]):(\d{1,4}):([0-9a-f]{64})")
_PART_LENGTH = 1200
_READINGS = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Head:
    letter: str
    count: int
    digest: str

    def __str__(self) -> str:
        return f"{_HEAD}1:{self.letter}:{self.count}:{self.digest}"


class KeyringStore:
    """Values by user name, under the service "moorgate".

    Any thread but the window's: every call may wait for the person at the screen. Calls come one
    after the other, because not every backend bears more. They raise KeyringError when the keyring
    is locked, refuses or fails; what it holds is then as it was.
    """

    def __init__(self, find: Callable[[], Found | None] = find_backend) -> None:
        self._find = find
        self._turn = threading.RLock()

    def title(self) -> str | None:
        """The keyring in words, None where there is none. It may be locked all the same."""
        found = self._find()
        return None if found is None else found.title

    def get(self, user: str) -> str | None:
        """The value, None where there is none or no keyring."""
        with self._turn:
            found = self._find()
            return None if found is None else self._read(found, user)

    def set(self, user: str, value: str) -> None:
        """Keep a value in place of the old one."""
        with self._turn:
            found = self._required()
            old = _parsed(_get(found, user))
            if _fits(value, found.units):
                _set(found, user, value)
                self._clear(found, user, "ab")
            else:
                self._write_parts(found, user, value, "b" if old and old.letter == "a" else "a")
            if self._read(found, user) != value:
                raise KeyringError(f"{found.title} did not keep what was written to it")

    def delete(self, user: str) -> bool:
        """Forget a value and its parts; whether there was one."""
        with self._turn:
            found = self._required()
            was_there = _get(found, user) is not None
            if was_there:
                _delete(found, user)
            self._clear(found, user, "ab")
            if _get(found, user) is not None:
                raise KeyringError(f"{found.title} still holds {user} after it was deleted")
            return was_there

    def _required(self) -> Found:
        found = self._find()
        if found is None:
            raise KeyringError("no keyring works here")
        return found

    def _read(self, found: Found, user: str) -> str | None:
        """Read again where another process replaced the value under our eyes."""
        trouble = ""
        for _ in range(_READINGS):
            text = _get(found, user)
            if text is None or not text.startswith(_HEAD):
                return text
            head = _parsed(text)
            if head is None:
                trouble = "its head entry is damaged"
                continue
            parts = [_get(found, _part(user, head.letter, n + 1)) for n in range(head.count)]
            joined = "".join(part or "" for part in parts)
            if _digest(joined) == head.digest:
                return _decoded(joined)
            trouble = f"{sum(part is None for part in parts)} of {head.count} parts are missing"
            trouble = trouble if None in parts else "its parts do not fit together"
        raise KeyringError(
            f"{found.title} holds {user} in parts that cannot be put together: {trouble}."
            " Enter the secret again"
        )

    def _write_parts(self, found: Found, user: str, value: str, letter: str) -> None:
        text = base64.b64encode(value.encode()).decode()
        parts = [text[at : at + _PART_LENGTH] for at in range(0, len(text), _PART_LENGTH)]
        try:
            for number, part in enumerate(parts, start=1):
                _set(found, _part(user, letter, number), part)
        except KeyringError:
            self._clear(found, user, letter)
            raise
        _set(found, user, str(_Head(letter, len(parts), _digest(text))))
        self._clear(found, user, letter, keep=len(parts))
        self._clear(found, user, "b" if letter == "a" else "a")

    def _clear(self, found: Found, user: str, letters: str, keep: int = 0) -> None:
        for letter in letters:
            last = keep
            while _get(found, _part(user, letter, last + 1)) is not None:
                last += 1
            for number in range(last, keep, -1):
                _delete(found, _part(user, letter, number))


def _part(user: str, letter: str, number: int) -> str:
    return f"{user}#{letter}{number}"


def _parsed(text: str | None) -> _Head | None:
    form = _HEAD_FORM.fullmatch(text or "")
    return form and _Head(form[1], int(form[2]), form[3])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise KeyringError("a value in the keyring is not one that Moorgate wrote") from None


def _fits(value: str, units: int | None) -> bool:
    """Whether it may stand in one entry as it is: short enough, and no letter that gets lost."""
    if value.startswith(_HEAD) or not value.isprintable():
        return False
    return units is None or len(value.encode("utf-16-le")) <= 2 * units


def _get(found: Found, user: str) -> str | None:
    return _asked(found, "read", lambda: found.backend.get_password(SERVICE, user))


def _set(found: Found, user: str, value: str) -> None:
    _asked(found, "write", lambda: found.backend.set_password(SERVICE, user, value))


def _delete(found: Found, user: str) -> None:
    _asked(found, "delete", lambda: found.backend.delete_password(SERVICE, user))


def _asked(found: Found, what: str, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - D-Bus, Windows, macOS: it may be anything
        reason = redact(str(error)) or type(error).__name__
        raise KeyringError(f"{found.title} did not {what}: {reason}") from None

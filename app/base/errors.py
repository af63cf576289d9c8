"""The exception tree. A message here may be shown to the trader as it stands.

MoorgateError
├── UserError           bad input: says what was found, what is allowed, what to do
│   └── SettingsError   settings.toml: file, line, key, found, allowed
├── StoreError          a file of ours cannot be read or written (disk full, corrupt, newer)
├── BrokerError         a broker call did not give an answer; `outcome` says what that proves
└── OrderStateError     an event that the order table does not allow
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path


class MoorgateError(Exception):
    """Base of every error raised on purpose."""


class UserError(MoorgateError):
    """Input that cannot be used; the text tells what was found and what is allowed."""


class SettingsError(UserError):
    """A settings file that is refused; it is never overwritten.

    `line` is 1-based and 0 where no line can be named.
    """

    def __init__(self, path: Path, line: int, key: str, found: str, allowed: str) -> None:
        where = f"{path}:{line}" if line else str(path)
        at_key = f", key {key!r}" if key else ""
        super().__init__(f"{where}{at_key}: found {found}; allowed: {allowed}")
        self.path, self.line, self.key = path, line, key
        self.found, self.allowed = found, allowed


class StoreError(MoorgateError):
    """A file of ours that cannot be read or written; nothing was changed."""


class OrderStateError(MoorgateError):
    """An order event that the transition table does not allow."""


class Outcome(Enum):
    """What a failed broker call proves about the thing that was asked for."""

    NOT_SENT = "not sent"  # provably never left this computer
    REJECTED = "rejected"  # the broker answered, and the answer is a definite no
    UNKNOWN = "unknown"  # timeout, dropped line, 5xx, unreadable answer: nothing is proved


class BrokerError(MoorgateError):
    """A broker call that failed. `outcome` decides what may be concluded, never the text."""

    def __init__(self, message: str, outcome: Outcome = Outcome.UNKNOWN, code: str = "") -> None:
        super().__init__(message)
        self.outcome, self.code = outcome, code

"""Which command is being run, so that what it says can be told from what others say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_command_id: ContextVar[str] = ContextVar("command_id", default="")


def current() -> str:
    """The id of the command that runs here, empty outside of one.

    A task that a command starts belongs to it, and so do the tasks that it starts in turn.
    """
    return _command_id.get()


@contextmanager
def as_command(command_id: str) -> Iterator[None]:
    """Within this block, and in tasks begun within it, `current` answers `command_id`."""
    token = _command_id.set(command_id)
    try:
        yield
    finally:
        _command_id.reset(token)

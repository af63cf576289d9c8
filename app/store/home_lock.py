"""One terminal for one home: two writers of one journal would each miss what the other sends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from app.base.errors import StoreError

# Where Windows locks a byte nobody can read it, so the byte lies behind the text.
_LOCKED_BYTE = 1 << 20


class HomeLock:
    """Held from construction until `release`; the system lets go of it when the process dies.

    The file stays behind and means nothing by itself. Raises StoreError when another process (or
    another part of this one) holds it. Any thread.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"the lock file {path} cannot be opened ({error.strerror}); nothing was changed."
                " Check free space and permissions of its folder"
            ) from error
        try:
            _lock(self._handle)
        except OSError as error:
            owner = self._owner()
            os.close(self._handle)
            if not isinstance(error, BlockingIOError | PermissionError):
                raise StoreError(
                    f"{path} cannot be locked on this kind of disk ({error.strerror}), so nothing"
                    " would keep two terminals apart; choose a local disk with --home DIR"
                ) from error
            raise StoreError(
                f"another Moorgate{owner} works on {path.parent} already. Go on in its window, or"
                " close it first, or start this one with another --home DIR"
            ) from error
        with contextlib.suppress(OSError):  # only a help for the reader of the error above
            os.truncate(self._handle, 0)
            os.write(self._handle, str(os.getpid()).encode())

    def release(self) -> None:
        """Let the next one in. Once is enough, more does no harm."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _owner(self) -> str:
        try:
            text = os.read(self._handle, 20).decode(errors="replace").strip()
        except OSError:
            return ""
        return f" (process {text})" if text.isdigit() else ""


if sys.platform == "win32":

    def _lock(handle: int) -> None:
        import msvcrt

        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(handle, 0, os.SEEK_SET)

else:

    def _lock(handle: int) -> None:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

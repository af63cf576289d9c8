"""Which order number was given to which of our orders: on disk before anything is sent.

TWS does not tell two orders with the same reference apart from one that was sent twice; the order
number is what makes sending safe: the same number is never a second order (TWS API, "Placing
Orders": the next valid id). So a number is written down with the order it belongs to, and never
given again, whatever becomes of the line, of this program or of the computer.

One text line an order: number, client id, our order id. The file is laid out in blocks ahead of
what is written, so that a write needs no new space on the disk and is quick to reach it.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from app.domain.ids import ClientOrderId

log = logging.getLogger("moorgate.tws")

BLOCK_BYTES = 64 * 1024
KEEP = 5_000
_LINE = re.compile(rb"(\d{1,10}) (\d{1,10}) ([0-9a-f]{32})")
# macOS and Windows have only the slower of the two.
_to_disk = getattr(os, "fdatasync", os.fsync)


class Numbered(NamedTuple):
    """One order and its number at TWS; numbers belong to a client id."""

    order_id: int
    client_id: int
    ref: ClientOrderId


class OrderIds:
    """The file of numbers. One thread; every method may raise OSError where it says so."""

    def __init__(self, path: Path, *, keep: int = KEEP, block_bytes: int = BLOCK_BYTES) -> None:
        """Open or make it, and shorten it to the newest `keep` where it has grown past twice that.

        Raises OSError.
        """
        self._path, self._block = path, block_bytes
        self._by_ref: dict[ClientOrderId, Numbered] = {}
        self._highest: dict[int, int] = {}
        known, end = _read(path)
        if len(known) > 2 * keep:
            known = _newest(known, keep)
            end = _rewrite(path, known)
        for numbered in known:
            self._note(numbered)
        self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT | _O_BINARY, 0o600)
        self._end = end
        self._size = os.fstat(self._file).st_size
        self._begin_line()

    def __len__(self) -> int:
        return len(self._by_ref)

    def of(self, ref: ClientOrderId | None) -> Numbered | None:
        """The number an order of ours was given."""
        return None if ref is None else self._by_ref.get(ref)

    def is_only(self, client_id: int) -> bool:
        """Whether no order of ours was ever numbered under another client id."""
        return self._highest.keys() <= {client_id}

    def highest(self, client_id: int) -> int:
        """The highest number ever given under this client id, 0 where none was."""
        return self._highest.get(client_id, 0)

    def write(self, given: Sequence[Numbered]) -> None:
        """Put numbers on disk, all in one write; they are there when this returns. Raises OSError.

        After an OSError nothing may be sent under them.
        """
        assert self._file is not None, "the file of order numbers is closed"
        data = b"".join(f"{n.order_id} {n.client_id} {n.ref}\n".encode() for n in given)
        self._reserve(len(data))
        self._write_at(self._end, data)
        _to_disk(self._file)
        self._end += len(data)
        for numbered in given:
            self._note(numbered)

    def close(self) -> None:
        """Let go of the file; a second time does no harm."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _note(self, numbered: Numbered) -> None:
        self._by_ref[numbered.ref] = numbered
        highest = self._highest.get(numbered.client_id, 0)
        self._highest[numbered.client_id] = max(highest, numbered.order_id)

    def _begin_line(self) -> None:
        """Blank what a crash left of a torn line, so that it never becomes a part of the next."""
        assert self._file is not None
        if self._end < self._size:
            self._write_at(self._end, b"\n" * (self._size - self._end))
        self._reserve(1)
        _to_disk(self._file)

    def _reserve(self, count: int) -> None:
        """Lay the file out to hold `count` bytes more."""
        if self._end + count > self._size:
            more = max(self._block, count)
            self._write_at(self._size, b"\n" * more)
            self._size += more

    def _write_at(self, offset: int, data: bytes) -> None:
        assert self._file is not None
        os.lseek(self._file, offset, os.SEEK_SET)
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]


_O_BINARY = getattr(os, "O_BINARY", 0)  # Windows would turn line ends around


def _read(path: Path) -> tuple[list[Numbered], int]:
    """What is legible, oldest first, and where the last of it ends."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    known: list[Numbered] = []
    end = at = 0
    illegible = 0
    for line in data.split(b"\n"):
        found = _LINE.fullmatch(line)
        is_whole = at + len(line) < len(data)  # a newline follows
        at += len(line) + 1
        if found is not None and is_whole:
            order_id, client_id = int(found[1]), int(found[2])
            known.append(Numbered(order_id, client_id, ClientOrderId(found[3].decode())))
            end = at
        elif line.strip(b"\0 "):
            illegible += 1
    if illegible:
        log.info("%s: %d lines cannot be read and are left out", path.name, illegible)
    return known, end


def _newest(known: Sequence[Numbered], keep: int) -> list[Numbered]:
    """The last `keep`, and before them the highest of each client id."""
    highest: dict[int, Numbered] = {}
    for numbered in known:
        best = highest.get(numbered.client_id)
        if best is None or numbered.order_id >= best.order_id:
            highest[numbered.client_id] = numbered
    newest = list(known[-keep:])
    return [n for n in highest.values() if n not in newest] + newest


def _rewrite(path: Path, known: Sequence[Numbered]) -> int:
    """Put `known` in the place of the file, whole or not at all; answers its length."""
    data = b"".join(f"{n.order_id} {n.client_id} {n.ref}\n".encode() for n in known)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return len(data)

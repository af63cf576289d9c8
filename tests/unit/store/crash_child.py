"""Run as a program: appends to a journal until it is killed, and tells what was acknowledged.

    python -m tests.unit.store.crash_child JOURNAL SEED

Each acknowledged append is one line, the number of its last order. Event n has the id "n"; its
`perm_id` says "first-last" of the append that it came with.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from app.domain.ids import ClientOrderId
from app.domain.order_events import OrderAccepted
from app.store.journal import Journal

# Not from the samples: they import hypothesis, and this program starts thirty times in a row.
AT = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)


def main(path: Path, seed: int) -> None:
    dice = random.Random(seed)
    journal = Journal(path)
    number = sum(1 for _ in journal.read_order_events())
    os.write(1, b"open\n")
    waiting: list[Future[None]] = []
    while True:
        last = number + dice.randrange(1, 6) - 1
        events = [
            OrderAccepted(client_order_id=ClientOrderId(str(n)), at=AT, perm_id=f"{number}-{last}")
            for n in range(number, last + 1)
        ]
        future = journal.append(events)
        future.add_done_callback(_acknowledging(last))
        number = last + 1
        waiting.append(future)
        if len(waiting) > dice.randrange(1, 20):
            waiting.pop(0).result()
            del waiting[:-20]


def _acknowledging(last: int) -> Callable[[Future[None]], None]:
    def tell(done: Future[None]) -> None:
        if done.exception() is None:
            os.write(1, f"{last}\n".encode())

    return tell


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

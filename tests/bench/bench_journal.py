"""How fast an order event is on disk: one JSON line a measurement.

    python -m tests.bench.bench_journal [FOLDER]

FOLDER decides which disk is measured; without it, the system's temporary folder.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from app.domain.order_events import OrderEvent
from app.store.journal import Journal
from tests.unit.store.samples import accepted, filled, initialized

SINGLES, BATCHED, PER_APPEND = 500, 20_000, 10


def life(number: int) -> list[OrderEvent]:
    """Three events of one order, as a quick fill writes them."""
    order_id = f"o{number}"
    return [initialized(order_id), accepted(order_id), filled(order_id)]


def tell(name: str, **values: float) -> None:
    """One measurement as one line."""
    print(json.dumps({"bench": name} | {k: round(v, 3) for k, v in values.items()}), flush=True)


def measure_singles(journal: Journal) -> None:
    """One event at a time, each waited for: what an order waits before it may be sent."""
    events = [initialized(f"s{n}") for n in range(SINGLES)]
    took_ms: list[float] = []
    for event in events:
        began = time.perf_counter()
        journal.append([event]).result()
        took_ms.append((time.perf_counter() - began) * 1000)
    took_ms.sort()
    tell(
        "journal append to durable",
        p50_ms=took_ms[SINGLES // 2],
        p99_ms=took_ms[SINGLES * 99 // 100],
        max_ms=took_ms[-1],
    )


def measure_batched(journal: Journal) -> None:
    """Appends that do not wait for one another: group commit at work."""
    events = [event for n in range(BATCHED // 3) for event in life(n)]
    began = time.perf_counter()
    for at in range(0, len(events), PER_APPEND):
        journal.append(events[at : at + PER_APPEND])
    queued_s = time.perf_counter() - began
    journal.append([]).result()
    total_s = time.perf_counter() - began
    tell(
        "journal batched",
        events_per_s=len(events) / total_s,
        caller_us_per_event=queued_s / len(events) * 1e6,
    )


def measure_restart(path: Path) -> None:
    """Opening with its integrity check, and reading everything back."""
    began = time.perf_counter()
    journal = Journal(path)
    opened_s = time.perf_counter() - began
    began = time.perf_counter()
    count = sum(1 for _ in journal.read_order_events())
    read_s = time.perf_counter() - began
    journal.close()
    tell(
        "journal restart",
        events=count,
        megabytes=path.stat().st_size / 1e6,
        open_ms=opened_s * 1000,
        read_events_per_s=count / read_s,
    )


def main(folder: str | None) -> None:
    """Measure in a fresh folder below `folder` and leave nothing behind."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        path = Path(made) / "journal.db"
        with Journal(path) as journal:
            measure_singles(journal)
            measure_batched(journal)
        measure_restart(path)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)

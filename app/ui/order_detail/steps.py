"""The way of an order in time: how long each step took, from the journal's own timestamps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain import order_events as ev
from app.ui import format as fmt
from app.ui.models.columns import Column, Kind
from app.ui.models.order_history import Recorded, event_words, utc_text

_ANSWERS = (
    ev.OrderAccepted, ev.OrderHeld, ev.OrderRejected, ev.OrderFilled, ev.OrderTriggered,
    ev.OrderCanceled, ev.OrderExpired, ev.OrderSuspended,
)  # fmt: skip
_AFTER_CHANGE = (ev.OrderReplaced, ev.OrderReplaceRejected)
_AFTER_CANCEL = (ev.OrderCanceled, ev.OrderCancelRejected, ev.OrderFilled, ev.OrderExpired)


@dataclass(frozen=True, slots=True)
class Step:
    """One step, when it was reached, and how long after `since` that was."""

    name: str
    at: datetime
    took_s: float | None = None
    since: str = ""
    note: str = ""


def steps(life: Sequence[Recorded], handed_at: datetime | None) -> list[Step]:
    """The steps in the order of what happened; empty without a beginning.

    `handed_at` is when the order was on disk and given to its broker's thread; it is known for
    orders of this run only, None otherwise.
    """
    if not life or not isinstance(life[0].event, ev.OrderInitialized):
        return []
    born = life[0]
    asked = born.event.at
    found = [Step("Asked for", asked), _step("Given to the journal", born.recorded_at, asked)]
    if handed_at is not None:
        note = "on disk, and given to the thread of the broker; known for orders of this run"
        found.append(_step("On disk, handed over", handed_at, asked, note=note))
    found += _way_out(life[1:], asked, handed_at)
    found += _requests(life)
    return sorted(found, key=lambda step: step.at)


def latency(seconds: float | None) -> str:
    """A span as short as they are here: 0.42 ms, 7.3 ms, 43 ms, 2.4 s, 3:05."""
    if seconds is None:
        return ""
    if seconds < 0:
        return fmt.UNKNOWN  # a clock was set back meanwhile
    if seconds >= 1:
        return fmt.duration(seconds)
    millis = seconds * 1000
    return f"{fmt.number(millis, 2 if millis < 1 else 1 if millis < 10 else 0)}{fmt.THIN_SPACE}ms"


def step_columns() -> Sequence[Column[Step]]:
    """Every column of the steps."""
    return (
        Column("name", "Step", lambda s: s.name, lambda s: s.name,
               sample="Broker's answer: accepted", required=True,
               tooltip=lambda s: s.note),
        Column("took", "Took", lambda s: s.took_s, lambda s: latency(s.took_s), Kind.NUMBER,
               sample="123.45 ms", hint="Time it took"),
        Column("since", "Since", lambda s: s.since, lambda s: s.since, sample="handed over",
               hint="What the time is counted from"),
        Column("at", "At", lambda s: s.at, lambda s: fmt.clock_time(s.at, millis=True),
               sample="00:00:00.000", tooltip=lambda s: both_times(s.at)),
    )  # fmt: skip


def both_times(at: datetime) -> str:
    """A moment in the trader's zone and in UTC."""
    return f"{fmt.date_time(at, millis=True)}\n{utc_text(at)}"


def _way_out(life: Sequence[Recorded], asked: datetime, handed_at: datetime | None) -> list[Step]:
    """What came back: the first answer, the first fill, the last one."""
    found: list[Step] = []
    heard = [one.event for one in life if isinstance(one.event, _ANSWERS)]
    denied = next((one.event for one in life if isinstance(one.event, ev.OrderDenied)), None)
    if denied is not None and not heard:
        found.append(_step("Denied here, not sent", denied.at, asked, note=denied.reason))
    first = next((event for event in heard if not event.reconciliation), None)
    if first is not None:
        start, since = (asked, "asked for") if handed_at is None else (handed_at, "handed over")
        name = f"Broker's answer: {event_words(first).lower()}"
        found.append(_step(name, first.at, start, since))
    fills = [event for event in heard if isinstance(event, ev.OrderFilled)]
    if fills:
        found.append(_step("First fill", fills[0].at, asked))
    if len(fills) > 1:
        found.append(_step(f"Last of {len(fills)} fills", fills[-1].at, asked))
    return found


def _requests(life: Sequence[Recorded]) -> list[Step]:
    """Changes and cancels, each with the answer to it."""
    found: list[Step] = []
    for at, one in enumerate(life):
        later = [after.event for after in life[at + 1 :]]
        if isinstance(one.event, ev.OrderReplaceRequested):
            found.append(Step("Change asked for", one.event.at))
            found += _answered("Change", later, _AFTER_CHANGE, one.event.at)
        elif isinstance(one.event, ev.OrderCancelRequested):
            found.append(Step("Cancel asked for", one.event.at))
            found += _answered("Cancel", later, _AFTER_CANCEL, one.event.at)
    return found


def _answered(
    what: str, later: Sequence[ev.OrderEvent], kinds: tuple[type[ev.OrderEvent], ...], at: datetime
) -> list[Step]:
    answer = next((event for event in later if isinstance(event, kinds)), None)
    if answer is None:
        return []
    name = f"{what} answered: {event_words(answer).lower()}"
    return [_step(name, answer.at, at, f"{what.lower()} asked for")]


def _step(
    name: str, at: datetime, start: datetime, since: str = "asked for", note: str = ""
) -> Step:
    return Step(name, at, (at - start).total_seconds(), since, note)

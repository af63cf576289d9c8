"""The one table of what may follow what. Everything an order does is a row here."""

from __future__ import annotations

from enum import Enum

from app.domain.order_types import OrderStatus as S


class Trigger(Enum):
    """What moves an order; a fill is partial or complete by the sum of executions."""

    DENY = "deny"
    SUBMIT = "submit"
    HOLD = "hold"
    ACCEPT = "accept"
    REJECT = "reject"
    TRIGGER = "trigger"
    PARTIAL_FILL = "partial fill"
    COMPLETE_FILL = "complete fill"
    REQUEST_REPLACE = "request replace"
    REPLACED = "replaced"
    REFUSE_REPLACE = "refuse replace"
    REQUEST_CANCEL = "request cancel"
    REFUSE_CANCEL = "refuse cancel"
    CANCEL = "cancel"
    EXPIRE = "expire"
    SUSPEND = "suspend"
    LOSE_SIGHT = "lose sight"


T = Trigger
# Stands for "back to what it was before the request": the order remembers.
RESUME = None


def _live(here: S) -> dict[tuple[S, Trigger], S | None]:
    """The rows that every order at rest with the broker shares."""
    return {
        (here, T.REJECT): S.REJECTED,
        (here, T.TRIGGER): S.TRIGGERED,
        (here, T.PARTIAL_FILL): S.PARTIALLY_FILLED,
        (here, T.COMPLETE_FILL): S.FILLED,
        (here, T.REQUEST_REPLACE): S.PENDING_REPLACE,
        (here, T.REPLACED): here,  # changed from another program
        (here, T.REFUSE_REPLACE): here,  # late answer to a request already settled
        (here, T.REQUEST_CANCEL): S.PENDING_CANCEL,
        (here, T.REFUSE_CANCEL): here,
        (here, T.CANCEL): S.CANCELED,
        (here, T.EXPIRE): S.EXPIRED,
        (here, T.SUSPEND): S.SUSPENDED,
        (here, T.LOSE_SIGHT): S.UNKNOWN,
    }


def _closed(here: S) -> dict[tuple[S, Trigger], S | None]:
    """A closed order is only left by evidence; late refusals change nothing."""
    return {
        (here, T.COMPLETE_FILL): S.FILLED,
        (here, T.REFUSE_CANCEL): here,
        (here, T.REFUSE_REPLACE): here,
        (here, T.LOSE_SIGHT): S.UNKNOWN,  # a query tells of fills that nobody can list
    }


TRANSITIONS: dict[tuple[S, Trigger], S | None] = {
    # Draft: ours, or adopted from the broker in whatever state it is there.
    (S.DRAFT, T.DENY): S.DENIED,
    (S.DRAFT, T.SUBMIT): S.PENDING_NEW,
    (S.DRAFT, T.HOLD): S.HELD,
    (S.DRAFT, T.ACCEPT): S.WORKING,
    (S.DRAFT, T.PARTIAL_FILL): S.PARTIALLY_FILLED,
    (S.DRAFT, T.COMPLETE_FILL): S.FILLED,
    # PendingNew: on disk, handed over, nothing heard.
    (S.PENDING_NEW, T.DENY): S.DENIED,  # it provably never left
    (S.PENDING_NEW, T.HOLD): S.HELD,
    (S.PENDING_NEW, T.ACCEPT): S.WORKING,
    (S.PENDING_NEW, T.REJECT): S.REJECTED,
    (S.PENDING_NEW, T.TRIGGER): S.TRIGGERED,
    (S.PENDING_NEW, T.PARTIAL_FILL): S.PARTIALLY_FILLED,  # a fill may overtake the acknowledgement
    (S.PENDING_NEW, T.COMPLETE_FILL): S.FILLED,
    (S.PENDING_NEW, T.REQUEST_CANCEL): S.PENDING_CANCEL,
    (S.PENDING_NEW, T.CANCEL): S.CANCELED,  # IOC and FOK without a trade
    (S.PENDING_NEW, T.EXPIRE): S.EXPIRED,
    (S.PENDING_NEW, T.SUSPEND): S.SUSPENDED,
    (S.PENDING_NEW, T.LOSE_SIGHT): S.UNKNOWN,
    # At rest with the broker.
    **_live(S.HELD),
    (S.HELD, T.HOLD): S.HELD,
    (S.HELD, T.ACCEPT): S.WORKING,
    **_live(S.WORKING),
    (S.WORKING, T.HOLD): S.HELD,
    (S.WORKING, T.ACCEPT): S.WORKING,
    **_live(S.TRIGGERED),
    (S.TRIGGERED, T.HOLD): S.HELD,
    (S.TRIGGERED, T.ACCEPT): S.WORKING,
    **_live(S.SUSPENDED),
    (S.SUSPENDED, T.HOLD): S.HELD,
    (S.SUSPENDED, T.ACCEPT): S.WORKING,
    **_live(S.PARTIALLY_FILLED),
    (S.PARTIALLY_FILLED, T.HOLD): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, T.ACCEPT): S.PARTIALLY_FILLED,  # late acknowledgement
    (S.PARTIALLY_FILLED, T.TRIGGER): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, T.REJECT): S.CANCELED,  # what is refused is only the rest
    # A change is on its way.
    (S.PENDING_REPLACE, T.HOLD): S.PENDING_REPLACE,
    (S.PENDING_REPLACE, T.ACCEPT): S.PENDING_REPLACE,
    (S.PENDING_REPLACE, T.REJECT): S.REJECTED,
    (S.PENDING_REPLACE, T.TRIGGER): S.PENDING_REPLACE,
    (S.PENDING_REPLACE, T.PARTIAL_FILL): S.PENDING_REPLACE,
    (S.PENDING_REPLACE, T.COMPLETE_FILL): S.FILLED,
    (S.PENDING_REPLACE, T.REQUEST_REPLACE): S.PENDING_REPLACE,
    (S.PENDING_REPLACE, T.REPLACED): RESUME,
    (S.PENDING_REPLACE, T.REFUSE_REPLACE): RESUME,
    (S.PENDING_REPLACE, T.REQUEST_CANCEL): S.PENDING_CANCEL,
    (S.PENDING_REPLACE, T.REFUSE_CANCEL): S.PENDING_REPLACE,
    (S.PENDING_REPLACE, T.CANCEL): S.CANCELED,
    (S.PENDING_REPLACE, T.EXPIRE): S.EXPIRED,
    (S.PENDING_REPLACE, T.SUSPEND): S.SUSPENDED,
    (S.PENDING_REPLACE, T.LOSE_SIGHT): S.UNKNOWN,
    # A cancel is on its way; fills may still win the race.
    (S.PENDING_CANCEL, T.DENY): S.DENIED,  # what it cancels provably never left
    (S.PENDING_CANCEL, T.HOLD): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, T.ACCEPT): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, T.REJECT): S.REJECTED,
    (S.PENDING_CANCEL, T.TRIGGER): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, T.PARTIAL_FILL): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, T.COMPLETE_FILL): S.FILLED,
    (S.PENDING_CANCEL, T.REPLACED): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, T.REFUSE_REPLACE): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, T.REQUEST_CANCEL): S.PENDING_CANCEL,  # pressing again is always allowed
    (S.PENDING_CANCEL, T.REFUSE_CANCEL): RESUME,
    (S.PENDING_CANCEL, T.CANCEL): S.CANCELED,
    (S.PENDING_CANCEL, T.EXPIRE): S.EXPIRED,
    (S.PENDING_CANCEL, T.SUSPEND): S.SUSPENDED,
    (S.PENDING_CANCEL, T.LOSE_SIGHT): S.UNKNOWN,
    # Unknown: may be live or dead; any evidence ends it, and a cancel may always be tried.
    (S.UNKNOWN, T.DENY): S.DENIED,  # late proof that it never left
    (S.UNKNOWN, T.HOLD): S.HELD,
    (S.UNKNOWN, T.ACCEPT): S.WORKING,
    (S.UNKNOWN, T.REJECT): S.REJECTED,
    (S.UNKNOWN, T.TRIGGER): S.TRIGGERED,
    (S.UNKNOWN, T.PARTIAL_FILL): S.PARTIALLY_FILLED,
    (S.UNKNOWN, T.COMPLETE_FILL): S.FILLED,
    (S.UNKNOWN, T.REPLACED): S.WORKING,
    (S.UNKNOWN, T.REFUSE_REPLACE): S.UNKNOWN,
    (S.UNKNOWN, T.REQUEST_CANCEL): S.PENDING_CANCEL,
    (S.UNKNOWN, T.REFUSE_CANCEL): S.UNKNOWN,
    (S.UNKNOWN, T.CANCEL): S.CANCELED,
    (S.UNKNOWN, T.EXPIRE): S.EXPIRED,
    (S.UNKNOWN, T.SUSPEND): S.SUSPENDED,
    (S.UNKNOWN, T.LOSE_SIGHT): S.UNKNOWN,
    # Closed. A partial fill on a filled order means a correction cut it: nobody knows the rest.
    **_closed(S.FILLED),
    (S.FILLED, T.PARTIAL_FILL): S.UNKNOWN,
    (S.FILLED, T.REPLACED): S.PARTIALLY_FILLED,  # enlarged after all
    **_closed(S.CANCELED),
    (S.CANCELED, T.PARTIAL_FILL): S.CANCELED,  # fills may arrive after the cancel's confirmation
    **_closed(S.EXPIRED),
    (S.EXPIRED, T.PARTIAL_FILL): S.EXPIRED,
    # A fill on an order that was refused proves the refusal wrong.
    **_closed(S.REJECTED),
    (S.REJECTED, T.PARTIAL_FILL): S.PARTIALLY_FILLED,
    **_closed(S.DENIED),
    (S.DENIED, T.PARTIAL_FILL): S.PARTIALLY_FILLED,
}

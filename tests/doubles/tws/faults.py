"""What can go wrong at the peer; tests switch it on and off at any time, in the peer's thread."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tests.doubles.tws.quirks import FaultPlan, Quirk

READ_ONLY = "The API interface is currently in Read-Only mode."
UNTIL_DROP_S = 0.05  # between a silence and the end of the line, for quirks by chance


@dataclass
class Faults:
    """Every switch off: a well-behaved TWS."""

    accept_dialog: bool = False  # TCP is accepted, nothing is ever said
    api_off: bool = False  # closes during the handshake
    not_tws: bool = False  # answers like a web server
    old_version: int = 0  # names this server version instead of its own
    refuse_326: bool = False  # every client id is in use
    close_after_start: bool = False  # closes after startApi without a word (an untrusted address)
    read_only: bool = False  # 321 to everything that touches orders
    half_open: bool = False  # neither hears nor says anything, and does not close
    mute: bool = False  # hears and acts, but nothing arrives at the client
    slow_answers_s: float = 0.0  # every byte arrives so much later
    split_bytes: int = 0  # everything is cut into pieces of so many bytes
    # Lists whose End never comes: positions open_orders completed_orders executions account summary
    missing_end: set[str] = field(default_factory=set)
    pacing_162: bool = False  # history is refused for pacing
    preview_unset_first: bool = False  # a what-if is answered twice, first without numbers
    unknown_cancel_code: int = 10147  # or 135
    done_cancel_code: int = 10148  # or 161, 136
    next_rejection: deque[str] = field(default_factory=deque)  # 201 with this reason
    always: set[Quirk] = field(default_factory=set)  # on every new order
    plan: FaultPlan | None = None
    _next: deque[frozenset[Quirk]] = field(default_factory=deque)

    def on_next(self, *quirks: Quirk) -> None:
        """Give these quirks to the next new order; called again, to the one after it."""
        self._next.append(frozenset(quirks))

    def draw(self) -> frozenset[Quirk]:
        """The quirks of the order that arrives now."""
        quirks = frozenset(self.always)
        if self._next:
            quirks |= self._next.popleft()
        return quirks | self.plan.draw() if self.plan else quirks

"""What can go wrong at the peer; tests switch it on and off at any time, in the peer's thread."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Faults:
    """Every switch off: a well-behaved TWS."""

    accept_dialog: bool = False  # TCP is accepted, nothing is ever said
    api_off: bool = False  # closes during the handshake
    not_tws: bool = False  # answers like a web server
    old_version: int = 0  # names this server version instead of its own
    refuse_326: bool = False  # every client id is in use
    read_only: bool = False  # 321 to everything that touches orders
    half_open: bool = False  # neither hears nor says anything, and does not close
    mute: bool = False  # hears and acts, but nothing arrives at the client
    slow_answers_s: float = 0.0  # every byte arrives so much later
    split_bytes: int = 0  # everything is cut into pieces of so many bytes
    missing_end: set[str] = field(default_factory=set)

"""What became of one thing that was asked for, in words for the trader."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from app.domain.order import Order


class Deed(Enum):
    """What a verdict is about, where an answer mixes several kinds."""

    OTHER = "other"
    CANCEL = "cancel"  # of one order
    CLOSE = "close"  # of one position


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ok` means that the request is on its way, or that there was nothing to do."""

    ok: bool
    text: str
    order: Order | None = None
    deed: Deed = Deed.OTHER

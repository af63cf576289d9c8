"""What became of one thing that was asked for, in words for the trader."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.order import Order


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ok` means that the request is on its way, or that there was nothing to do."""

    ok: bool
    text: str
    order: Order | None = None

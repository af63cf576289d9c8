"""Dry run: entries are built and checked as always, then told instead of sent.

Cancels, closes and tightened stops are really sent: a way out must never be a pretence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.commands.registry import Command
from app.commands.ticket import describe
from app.commands.trade_menu import ARM, MENU
from app.domain.reports import Severity
from app.domain.request import OrderRequest

if TYPE_CHECKING:
    from app.commands.context import CommandContext

PREFIX = "DRY RUN"


class DryRun:
    """Whether entries are only rehearsed. Off at start; one for the program. GUI thread."""

    def __init__(self) -> None:
        self._is_on = False
        self._listeners: list[Callable[[bool], None]] = []

    @property
    def is_on(self) -> bool:
        """Whether nothing that could open or enlarge a position is sent."""
        return self._is_on

    def listen(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(is_on)` at every change."""
        self._listeners.append(listener)

    def set(self, is_on: bool) -> None:
        """Switch it."""
        if is_on is not self._is_on:
            self._is_on = is_on
            for listener in tuple(self._listeners):
                listener(is_on)


def would(requests: Sequence[OrderRequest]) -> str:
    """What would be sent, and where, in words."""
    first = requests[0]
    orders = ", then ".join(describe(request) for request in requests)
    return f"would {orders} in {first.account_id} at {first.connection_id}"


def rehearse(context: CommandContext, requests: Sequence[OrderRequest]) -> None:
    """Check the orders as if they were sent, and tell; nothing is journaled, nothing leaves."""
    refusal = context.engine.orders.refusal(requests)
    text = f"{PREFIX}: {would(requests)}"
    if refusal is not None:
        text = f"{PREFIX}: denied, it {would(requests)}: {refusal.reason}"
    context.notify(Severity.WARNING, text)


def toggle(context: CommandContext) -> None:
    """Into the dry run and out of it. Out of it the keys are dead until they are armed anew."""
    context.staging.drop("the dry run was switched")
    context.dry_run.set(not context.dry_run.is_on)
    if context.dry_run.is_on:
        text = "is on: entries are checked and told, not sent. Cancels and exits really work"
    else:
        context.arming.disarm("the dry run has ended")
        text = "is off: orders are sent again once you arm"
    context.notify(Severity.WARNING, f"{PREFIX} {text}")


COMMANDS = (
    Command(
        "trading.toggle_dry_run",
        "Dry Run",
        toggle,
        menu=MENU,
        section=ARM,
        default_key="Ctrl+Alt+D",
        help="Entries are built and checked but not sent; cancels and exits really work",
        is_on=lambda context: context.dry_run.is_on,
    ),
)

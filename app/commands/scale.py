"""How large everything is drawn: larger, smaller, and as designed."""

from __future__ import annotations

from app.commands.context import CommandContext
from app.commands.registry import Command
from app.domain.reports import Severity

# In percent; the settings page takes any number between the first and the last.
STEPS = (80, 90, 100, 110, 125, 150, 175, 200)
USUAL = 100
_MENU, _SECTION = "View/Scale", 1


def next_step(percent: int, direction: int) -> int | None:
    """The nearest step above (+1) or below (-1), None at the end."""
    if direction > 0:
        return next((step for step in STEPS if step > percent), None)
    return next((step for step in reversed(STEPS) if step < percent), None)


def _now(context: CommandContext) -> int:
    return context.engine.settings.general.ui_scale_percent


def _use(context: CommandContext, percent: int) -> None:
    if context.save_setting("general", "ui_scale_percent", percent):
        context.notify(Severity.INFO, f"Everything is drawn at {percent} %")


def _step(context: CommandContext, direction: int) -> None:
    percent = next_step(_now(context), direction)
    if percent is not None:
        _use(context, percent)


def _larger_refusal(context: CommandContext) -> str | None:
    is_last = next_step(_now(context), +1) is None
    return f"{STEPS[-1]} % is the largest" if is_last else None


def _smaller_refusal(context: CommandContext) -> str | None:
    is_last = next_step(_now(context), -1) is None
    return f"{STEPS[0]} % is the smallest" if is_last else None


def _usual_refusal(context: CommandContext) -> str | None:
    return f"it is {USUAL} % already" if _now(context) == USUAL else None


COMMANDS: tuple[Command, ...] = (
    Command(
        "view.increase_scale",
        "Larger",
        lambda context: _step(context, +1),
        _larger_refusal,
        works_while_typing=True,
        menu=_MENU,
        section=_SECTION,
        default_key="Ctrl++",
        more_keys=("Ctrl+=",),
        by_label=True,
        help="Text, rows, buttons and icons one step larger, up to 200 %",
    ),
    Command(
        "view.decrease_scale",
        "Smaller",
        lambda context: _step(context, -1),
        _smaller_refusal,
        works_while_typing=True,
        menu=_MENU,
        section=_SECTION,
        default_key="Ctrl+-",
        by_label=True,
        help="Text, rows, buttons and icons one step smaller, down to 80 %",
    ),
    Command(
        "view.reset_scale",
        "Actual Size",
        lambda context: _use(context, USUAL),
        _usual_refusal,
        works_while_typing=True,
        menu=_MENU,
        section=_SECTION,
        default_key="Ctrl+0",
        by_label=True,
        help="Everything as large as it was designed",
    ),
)

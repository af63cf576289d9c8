"""What other hands write into settings.toml holds, is told, and is never written over unseen."""

from __future__ import annotations

from app.commands.settings_files import changes_in_words
from app.domain.reports import Severity
from app.store.settings import Settings
from app.ui.desk import Desk

ANEW = "Nothing was saved: look at it, then do it again if you still want to."
_MOST_NAMED = 3
_LOOSER = "LOOSER"


def taken_over(desk: Desk, *, is_newer: bool = False) -> str:
    """Let hold what settings.toml says by now; what that changes, in words, empty for nothing.

    Connections are set up by their own wizard: what is said of them is taken over without a word,
    and by itself only from a file that `is_newer` than the one that was read last.
    For the GUI thread, which it blocks for one small file. Raises SettingsError and StoreError
    for a file that cannot be used; what held goes on holding.
    """
    held, written = desk.settings, desk.settings_store.load()
    lines = _changes(held, written)
    is_other = bool(lines) or (is_newer and written != held)
    if not is_other or not desk.save_settings(lambda: written) or not lines:
        return ""
    if (held.risk, held.connection_risk) != (written.risk, written.connection_risk):
        desk.engine.risk.limits_changed("the risk limits were changed in settings.toml")
    named = "; ".join(lines[:_MOST_NAMED])
    more = f"; and {len(lines) - _MOST_NAMED} more" if len(lines) > _MOST_NAMED else ""
    text = f"settings.toml was changed outside of this window, and holds: {named}{more}"
    is_looser = lines[0].startswith(_LOOSER)
    desk.notify(Severity.WARNING if is_looser else Severity.INFO, text)
    return f"{text}."


def _changes(held: Settings, written: Settings) -> list[str]:
    lines = changes_in_words(held, written)
    before, after = held.connection_risk, written.connection_risk
    scopes = sorted(one for one in {*before, *after} if before.get(one) != after.get(one))
    return lines + [f"risk limits of {one}" for one in scopes]

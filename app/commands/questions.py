"""Everything that is asked before it is done, and what may switch the question off. No Qt.

The page Confirmations is made of this, and a test compares it with every place that asks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: before what deed, which functions ask it (`module:function`), and the setting
    (`section.key`) that switches it off; without one it is always asked."""

    deed: str
    askers: tuple[str, ...]
    setting: str = ""


ASKED: tuple[Asked, ...] = (
    Asked("Flatten Everything and Flatten Account", ("commands.exits:_flatten_all",)),
    Asked("Cancel Everything at the Broker", ("commands.exits:_cancel_at_broker",)),
    Asked(
        "Reversing a position by a click, or by its key in staged mode",
        ("commands.position_rows:reverse_position", "commands.exits:_may_reverse"),
    ),
    Asked(
        "Closing or flattening a position that the broker has not confirmed",
        ("commands.position_rows:_may_guess", "commands.exits:_sure_of_doubtful"),
    ),
    Asked("Taking an Unknown order for dead", ("commands.order_rows:write_off",)),
    Asked(
        "Raising a risk limit while a live account is connected", ("ui.settings.risk_page:_ask",)
    ),
    Asked("Switching off one of the questions on this page", ("ui.settings.form:_ask",)),
    Asked("Removing a connection", ("commands.wizard_save:remove",)),
    Asked("Discarding what was entered for a connection", ("ui.wizard.dialog:_ask",)),
    Asked("Deleting a secret", ("ui.settings.vault_page:_forget",)),
    Asked("Clearing stored bars", ("ui.settings.data_page:_clear",)),
    Asked(
        "Saving or importing a layout over another one",
        ("commands.arrangement:_save_as", "commands.layout_files:import_layouts"),
    ),
    Asked(
        "Resetting a page of the settings or all keys, and importing keys or settings",
        (
            "commands.settings_files:import_settings",
            "ui.settings.dialog:_ask_to_reset",
            "ui.settings.hotkeys_page:_reset_all",
            "ui.settings.hotkeys_files:import_keys",
        ),
    ),
    Asked("", ("ui.panels.ticket:_ask",), "trading.confirm_orders"),
    Asked("", ("commands.position_rows:_says_so",), "trading.confirm_close_by_click"),
    Asked("", ("commands.order_rows:_says_so",), "trading.confirm_close_by_click"),
    Asked("", ("commands.changes:_may_change",), "trading.confirm_changes"),
    Asked("", ("ui.shell:_may_exit",), "general.confirm_exit"),
)


def always_asked() -> list[str]:
    """What is asked about whatever is set."""
    return [asked.deed for asked in ASKED if not asked.setting]

"""A command for each page of the settings, so that the palette and keys lead to it at once."""

from __future__ import annotations

from app.commands.registry import Command

# (id, title) in the order of the dialog's list; the dialog adds the widgets.
PAGES = (
    ("general", "General"),
    ("appearance", "Appearance"),
    ("hotkeys", "Hotkeys"),
    ("trading", "Trading"),
    ("confirmations", "Confirmations"),
    ("risk", "Risk Limits"),
    ("connections", "Connections"),
    ("data", "Data"),
    ("vault", "Vault"),
    ("notifications", "Notifications"),
)


def _show(page_id: str, title: str) -> Command:
    return Command(
        f"settings.show_{page_id}",
        f"Settings: {title}…",
        lambda context: context.shell.show_dialog(f"settings:{page_id}"),
        works_while_typing=True,
        help=f"Open the page {title} of the settings",
    )


COMMANDS: tuple[Command, ...] = tuple(_show(*page) for page in PAGES)

"""The tables of README.md that the program itself knows best.

`python -m tests.readme` writes them anew; tests/test_readme.py fails while they differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.brokers.registry import broker_ids, broker_info
from app.commands.catalog import all_commands
from app.commands.registry import Command

README = Path(__file__).resolve().parents[1] / "README.md"

PANELS = [(panel, panel.title()) for panel in (
    "watchlist", "chart", "ticket", "orders", "executions", "positions", "account", "log",
    "journal",
)]  # fmt: skip
# Commands that differ by a number only share one row.
FAMILIES = {
    "view.focus_": ("Go to a panel", "Watchlist, Chart, Ticket and so on, in the order of View"),
    "view.switch_layout_": ("Layout", "Day, Scalp, Overview, then your own, as in View > Layouts"),
    "view.link_group_": (
        "Link to a group",
        "The panel with the keyboard joins group A (blue), B (orange), C (violet) or D (teal)",
    ),
    "trading.set_size_": ("Size preset", "The sizes of [trading] in settings.toml"),
}


def keys_table() -> str:
    """Every command that has a key, in menu order."""
    lines = ["| Key | Command | What it does |", "|---|---|---|"]
    shown: set[str] = set()
    commands = [command for command in all_commands(PANELS, []) if command.default_key]
    for command in commands:
        family = next((prefix for prefix in FAMILIES if command.id.startswith(prefix)), None)
        if family is None:
            armed = " **Only when armed.**" if command.increases_risk else ""
            sentence = command.help or "In a replay"
            lines.append(f"| {_keys(command)} | {command.title} | {sentence}.{armed} |")
        elif family not in shown:
            shown.add(family)
            title, sentence = FAMILIES[family]
            own = [c.default_key for c in commands if c.id.startswith(family)]
            lines.append(f"| {_code(own[0])} to {_code(own[-1])} | {title} | {sentence}. |")
    return "\n".join(lines)


def _keys(command: Command) -> str:
    return ", ".join(_code(key) for key in (command.default_key, *command.more_keys))


def _code(key: str | None) -> str:
    return f"`{key}`"


def brokers_table() -> str:
    """Every broker of the registry."""
    lines = ["| `broker =` | Broker | Environments | Extra to install |", "|---|---|---|---|"]
    for info in map(broker_info, broker_ids()):
        extra = f"`pip install 'moorgate[{info.extra}]'`" if info.extra else "none"
        lines.append(f"| `{info.id}` | {info.title} | {', '.join(info.environments)} | {extra} |")
    return "\n".join(lines)


TABLES = {"keys": keys_table, "brokers": brokers_table}


def blocks(text: str) -> dict[str, str]:
    """What stands between `<!-- name -->` and `<!-- /name -->`, by name."""
    return dict(re.findall(r"(?s)<!-- (\w+) -->\n(.*?)\n<!-- /\1 -->", text))


def renewed(text: str) -> str:
    """`text` with every table as it should be."""
    for name, table in TABLES.items():
        block = f"<!-- {name} -->\n{table()}\n<!-- /{name} -->"
        text = re.sub(rf"(?s)<!-- {name} -->.*?<!-- /{name} -->", lambda _: block, text)  # noqa: B023 - called at once
    return text


def code_blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


def linked_files(text: str) -> Iterator[str]:
    """Paths in the checkout that links and pictures point to."""
    targets: Iterable[str] = re.findall(r"\]\(([^)#\s]+)\)", text)
    return (target for target in targets if "://" not in target)


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")

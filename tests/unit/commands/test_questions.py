"""The list of what is asked is that of the places that ask."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from app.commands.questions import ASKED, always_asked
from app.store.settings_fields import SECTIONS

APP = Path(__file__).resolve().parents[3] / "app"
ASKS = {"confirm", "asked", "ConfirmDialog", "ConfirmOrderDialog"}
PASSES_ON = {"ui.shell:confirm", "commands.exits:asked"}


def askers() -> Iterator[str]:
    """Every function that brings up a question."""
    for path in APP.rglob("*.py"):
        module = ".".join(path.relative_to(APP).with_suffix("").parts)
        text = path.read_text(encoding="utf-8")
        if not any(f"{name}(" in text for name in ASKS):
            continue  # cheaper than taking it apart
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if ASKS & {_called(inner) for inner in ast.walk(node)}:
                yield f"{module}:{node.name}"


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def test_every_place_that_asks_is_listed_and_none_besides() -> None:
    listed = [asker for asked in ASKED for asker in asked.askers]
    assert len(listed) == len(set(listed))
    assert set(askers()) - PASSES_ON == set(listed)


def test_what_is_always_asked_names_both_ways_to_flatten_all() -> None:
    listed = " ".join(always_asked())
    for words in ("Flatten Everything", "Flatten Account", "Cancel Everything at the Broker"):
        assert words in listed


def test_what_can_be_switched_off_names_a_setting_and_the_rest_a_deed() -> None:
    for asked in ASKED:
        section, _, key = asked.setting.partition(".")
        assert not asked.setting or SECTIONS[section][key].kind == "bool"
        assert bool(asked.deed) is not bool(asked.setting)

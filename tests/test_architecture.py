"""The rules of the house as tests: sizes, layers, imports, names, docstrings."""

from __future__ import annotations

import ast
import os
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import app

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES, FUNCTION_LINES = 600, 60
MEDIAN_FILE_LINES, MEDIAN_FUNCTION_LINES = 150, 10

QT = ("PySide6", "shiboken6", "pyqtgraph", "qasync")
# Loaded by the code that needs them, when it needs them: they cost start-up time and may be absent.
LAZY = ("pandas", "keyring", "pyarrow", "ib_insync", "ib_async", "alpaca", "kiteconnect")
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}
TOP_LEVEL = {
    *("app", "resources", "tests", "packaging"),
    *("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def sources(*folders: str) -> tuple[Path, ...]:
    """Every Python file of the project, or of some of its folders."""
    found = (ROOT / folder for folder in folders or ("app", "packaging", "tests"))
    return tuple(sorted(path for folder in found for path in folder.rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """(module, line) of every import in a file, lazy ones too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or "", node.lineno


def assert_none(wrong: Iterable[str]) -> None:
    """Fail with the whole list, one a line."""
    found = list(wrong)
    assert not found, "\n" + "\n".join(found)


def at(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_no_file_and_no_function_is_too_long() -> None:
    long_files = [at(path, lines(path)) for path in sources() if lines(path) > FILE_LINES]
    long_functions = [
        f"{at(path, function.lineno)} {function.name} has {length(function)} lines"
        for path in sources()
        for function in functions(path)
        if length(function) > FUNCTION_LINES
    ]
    assert_none(long_files + long_functions)


def test_most_files_and_functions_are_short() -> None:
    sizes = [lines(path) for path in sources("app") if lines(path)]
    lengths = [length(function) for path in sources("app") for function in functions(path)]
    assert statistics.median(sizes) < MEDIAN_FILE_LINES
    assert statistics.median(lengths) < MEDIAN_FUNCTION_LINES


def test_the_budget_for_complexity_stands() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert lint["mccabe"]["max-complexity"] == 12
    assert "C90" in lint["select"]
    assert not any(
        "C90" in code for codes in lint["per-file-ignores"].values() for code in codes
    ), "no file may leave the budget"
    done = run_tool("-m", "ruff", "check", "--select", "C901", "app", "packaging", "tests")
    assert done.returncode == 0, done.stdout


def run_tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_import_contracts_are_kept() -> None:
    done = run_tool(
        "-c",
        "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--cache-dir",
        str(ROOT / ".venv" / "cache" / "import-linter"),
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_concrete_broker_is_protected() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    protected = {
        module
        for contract in contracts["contracts"]
        if contract["type"] == "protected"
        for module in contract["protected_modules"]
    }
    folders = (ROOT / "app" / "brokers").iterdir()
    assert protected == {
        f"app.brokers.{folder.name}" for folder in folders if (folder / "__init__.py").exists()
    }


def test_qt_is_imported_only_in_the_window() -> None:
    wrong = [
        f"{at(path, line)} imports {module}"
        for path in sources("app", "packaging")
        if not path.is_relative_to(ROOT / "app" / "ui")
        for module, line in imported(path)
        if module.split(".")[0] in QT
    ]
    assert_none(wrong)


IMPORT_ALL = """
import importlib, pkgutil, sys
import app
names = sys.argv[1].split(",")
for package in names:
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), package + "."):
        if not found.name.startswith("app.brokers.") or found.name.count(".") == 2:
            importlib.import_module(found.name)
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def modules_after_importing(*packages: str) -> set[str]:
    """Top-level modules of a fresh process that has imported `packages` and all below them.

    Of a concrete broker only its package: what the adapter needs is loaded when it connects.
    """
    done = run_tool("-c", IMPORT_ALL, ",".join(packages))
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_nothing_below_the_window_loads_qt_or_a_heavy_package() -> None:
    packages = ("base", "domain", "store", "analytics", "brokers", "engine", "commands")
    loaded = modules_after_importing(*(f"app.{name}" for name in packages))
    assert loaded & {*QT, *LAZY} == set()


def test_the_window_loads_no_heavy_package_before_it_is_needed() -> None:
    loaded = modules_after_importing("app.ui", "app.bootstrap", "app.cli")
    assert "PySide6" in loaded
    assert loaded & set(LAZY) == set()


def test_imports_are_absolute() -> None:
    relative = [
        at(path, node.lineno)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert_none(relative)


def test_no_name_says_nothing() -> None:
    parts = {
        part: at(path, 1) for path in sources() for part in path.relative_to(ROOT).parts[:-1]
    } | {path.stem: at(path, 1) for path in sources()}
    assert {name: where for name, where in parts.items() if name in VAGUE_NAMES} == {}


def test_the_top_level_holds_what_it_should() -> None:
    ignored = {"build", "dist"}
    found = {name for name in os.listdir(ROOT) if not name.startswith(".")}
    assert found - ignored <= TOP_LEVEL
    assert found >= TOP_LEVEL


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == app.__version__
    assert re.search(rf"(?m)^## \[({re.escape(app.__version__)}|Unreleased)\]", changelog())


def changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


DOCUMENTED = [*sources("app/domain"), ROOT / "app" / "brokers" / "base.py"]


@pytest.mark.parametrize("path", DOCUMENTED, ids=lambda path: path.stem)
def test_what_others_build_on_is_documented(path: Path) -> None:
    """Modules, classes, functions and methods; not special methods, nor what is private."""
    assert_none(at(path, line) for line in undocumented(tree(path)))


def undocumented(node: ast.Module | ast.ClassDef) -> Iterator[int]:
    if ast.get_docstring(node) is None and node.body:
        yield getattr(node, "lineno", 1)
    for child in node.body:
        if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if child.name.startswith("_"):
            continue
        if isinstance(child, ast.ClassDef):
            yield from undocumented(child)
        elif ast.get_docstring(child) is None and not is_setter(child):
            yield child.lineno


def is_setter(function: Function) -> bool:
    return any(
        isinstance(decorator, ast.Attribute) and decorator.attr == "setter"
        for decorator in function.decorator_list
    )


def test_every_exception_to_a_rule_gives_its_reason() -> None:
    """`# noqa: CODE - reason`, `# type: ignore[code]  # reason`; never without a code."""
    bare = re.compile(r"#\s*(noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z, -]+\])?)\s*$")
    wrong = [
        f"{at(path, number)} {line.strip()}"
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if bare.search(line)
    ]
    assert_none(wrong)


def test_nothing_is_put_off() -> None:
    later = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|mark\.(skip|xfail)")
    wrong = [
        f"{at(path, number)} {line.strip()}"
        for path in sources()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if later.search(line)
    ]
    assert_none(wrong)

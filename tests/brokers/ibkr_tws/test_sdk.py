"""The door to ib_insync or ib_async: from any thread, with no trace, and never both."""

from __future__ import annotations

import subprocess
import sys
import threading
from importlib import metadata

import pytest

from app.base.errors import UserError
from app.brokers.ibkr_tws import sdk

IMPORT = "from app.brokers.ibkr_tws import sdk; print(sdk.NAME, sdk.VERSION)"
WITHOUT_LOOP = f"""
import asyncio, sys, threading, warnings
warnings.simplefilter("error")
def work():
    {IMPORT}
if sys.argv[1] == "thread":
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
elif sys.argv[1] == "loop":
    async def main():
        work()
    asyncio.run(main())
else:
    work()
assert threading.active_count() == 1
assert "PySide6" not in sys.modules
assert "nest_asyncio" not in sys.modules
"""


@pytest.mark.parametrize("where", ["main", "thread", "loop"])
def test_import_anywhere(where: str) -> None:
    """ib_insync's event library wants a loop in the thread that imports it; we need none."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LOOP, where], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.split() == [sdk.NAME, sdk.VERSION]


def test_what_it_names() -> None:
    assert sdk.NAME in {"ib_insync", "ib_async"}
    assert metadata.version(sdk.NAME) == sdk.VERSION
    assert sdk.UNSET_INTEGER == 2**31 - 1
    assert sdk.UNSET_DOUBLE > 1e308
    assert threading.active_count() == 1


def test_both_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "_is_installed", lambda name: True)
    with pytest.raises(UserError, match="pip uninstall ib_insync ib_async"):
        sdk._chosen()


@pytest.mark.parametrize("missing", ["ib_async", "something_it_needs"])
def test_which_is_taken(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """ib_insync only stands in where ib_async is not there, not where it is there but broken."""
    asked: list[str] = []

    def imported(name: str) -> str:
        asked.append(name)
        if name == "ib_async":
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return name

    monkeypatch.setattr(sdk, "_is_installed", lambda name: False)
    monkeypatch.setattr(sdk, "_imported", imported)
    if missing == "ib_async":
        assert sdk._chosen() == "ib_insync"
        assert asked == ["ib_async", "ib_insync"]
    else:
        with pytest.raises(ModuleNotFoundError):
            sdk._chosen()
        assert asked == ["ib_async"]

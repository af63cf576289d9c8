"""Small shell scripts that stand for system programs and note how they were called."""

from __future__ import annotations

from pathlib import Path


def write_program(folder: Path, name: str, body: str) -> Path:
    """An executable `folder/name` that appends its arguments to `folder/calls`, then does `body`.

    `body` is shell script; it may read the number of calls so far, this one included, as $calls.
    """
    path = folder / name
    path.write_text(
        f'#!/bin/sh\necho "{name} $*" >> {folder}/calls\n'
        f"calls=$(($(/usr/bin/wc -l < {folder}/calls)))\n{body}\n"
    )
    path.chmod(0o755)
    return path


def calls(folder: Path) -> list[str]:
    """Every call so far, in order."""
    noted = folder / "calls"
    return noted.read_text().splitlines() if noted.exists() else []

"""Pictures of everything the program shows, and what is wrong with them:

    python -m tests.desktop.pictures --out DIR [--size 1600x1000] [--theme light] [--scale 150]

Without choices: dark and light, three sizes, at 100 and 150 %. Prints a JSON line for every look,
with what is cut off, overlaps, stands askew or has no name to be told by; exit code 1 when there is
one. Needs no display: the screen is one that Qt only imagines, as large as the window.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZES, THEMES, SCALES = ("1280x800", "1600x1000", "2560x1440"), ("dark", "light"), (100, 150)
TIMEOUT_S = 300.0


def look(size: str, theme: str, scale_percent: int, out: Path | None) -> list[str]:
    """The faults of every stage; with `out` a picture of each as well. Once a process."""
    from PySide6.QtCore import QSize
    from PySide6.QtWidgets import QApplication, QWidget

    from tests.ui.access_faults import nameless
    from tests.ui.layout_faults import faults
    from tests.ui.stages import show_all
    from tests.ui.stages_acting import Stage

    found: list[str] = []

    def look_at(stage: Stage, widget: QWidget) -> None:
        found.extend(f"{stage.name}: {fault}" for fault in faults(widget))
        found.extend(f"{stage.name}: {one} has no name" for one in nameless(widget))
        if out is not None:
            widget.grab().save(str(out / f"{stage.name}-{size}-{theme}-{scale_percent}.png"))

    width, height = map(int, size.split("x"))
    with tempfile.TemporaryDirectory(prefix="moorgate-pictures-") as folder:
        show_all(
            QApplication(sys.argv[:1]),
            Path(folder),
            look_at,
            size=QSize(width, height),
            name=theme,
            scale_percent=scale_percent,
        )
    return found


def apart(
    size: str, theme: str, scale_percent: int, out: Path | None, *, pixel_ratio: int = 1
) -> list[str]:
    """`look` in a process of its own, on a screen of that size. Raises what the process says.

    With a `pixel_ratio` of 2 it is a screen of twice as many pixels each way.
    """
    width, height = map(int, size.split("x"))
    screen = {"name": "screen", "x": 0, "y": 0,
              "width": width * pixel_ratio, "height": height * pixel_ratio,
              "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="moorgate-screen-") as folder:
        config = Path(folder) / "screen.json"
        config.write_text(json.dumps({"screens": [screen]}), encoding="utf-8")
        command = [sys.executable, "-m", "tests.desktop.pictures", "--one", size, theme]
        command += [str(scale_percent), "" if out is None else str(out)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={
                **os.environ,
                "QT_QPA_PLATFORM": f"offscreen:configfile={config}",
                "QT_SCALE_FACTOR": str(pixel_ratio),
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"no pictures at {size}, {theme}, {scale_percent} %:\n{done.stderr}")
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--size", choices=SIZES)
    parser.add_argument("--theme", choices=THEMES)
    parser.add_argument("--scale", type=int, help="80 to 200")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        size, theme, scale, out = arguments.one
        print(json.dumps(look(size, theme, int(scale), Path(out) if out else None)))
        return 0
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
    chosen = (
        (arguments.size,) if arguments.size else SIZES,
        (arguments.theme,) if arguments.theme else THEMES,
        (arguments.scale,) if arguments.scale else SCALES,
    )
    worst = 0
    for size, theme, scale in itertools.product(*chosen):
        found = apart(size, theme, scale, arguments.out)
        worst = max(worst, len(found))
        print(json.dumps({"size": size, "theme": theme, "scale": scale, "faults": found}))
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())

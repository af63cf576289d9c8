"""Cold start to a painted, interactive window, against a bare PySide6 + pyqtgraph window.

    python -m tests.bench.bench_startup [--runs N]

Both are started as processes of their own, by turns, in the same run, on the same display
(offscreen unless QT_QPA_PLATFORM says otherwise). The terminal's first launch makes its home and
is not counted. One JSON line for each figure; exit code 1 when the ratio is above the target.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TARGET_RATIO = 3.0
DEADLINE_S = 60.0
BARE = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph
class Plot(pyqtgraph.PlotWidget):
    done = False
    def paintEvent(self, event):
        super().paintEvent(event)
        if not self.done:
            self.done = True
            QTimer.singleShot(0, lambda: print("moorgate interactive", flush=True))
app = QApplication(sys.argv)
window = QMainWindow()
plot = Plot()
plot.plot([1, 3, 2])
window.setCentralWidget(plot)
window.resize(1440, 900)
window.show()
app.exec()
"""


def time_to(line: str, command: list[str], environ: dict[str, str]) -> float:
    """Milliseconds from the start of the process until it prints `line`; then it is ended."""
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ, text=True
    ) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(DEADLINE_S, process.kill)
        watchdog.start()
        try:
            for said in process.stdout:
                if said.strip() == line:
                    return (time.perf_counter() - start) * 1000
        finally:
            watchdog.cancel()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
    raise RuntimeError(f"{command[:4]} never said {line!r}")


def measure(runs: int) -> dict[str, list[float]]:
    """The times of both, by turns, in milliseconds."""
    environ = {**os.environ, "MOORGATE_BENCH": "1"}
    environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    found: dict[str, list[float]] = {"bare": [], "painted": [], "interactive": []}
    with tempfile.TemporaryDirectory() as folder:
        terminal = [sys.executable, "-m", "app", "--home", str(Path(folder) / "home"), "run"]
        bare = [sys.executable, "-c", BARE]
        time_to("moorgate interactive", terminal, environ)
        time_to("moorgate interactive", bare, environ)
        for _ in range(runs):
            found["bare"].append(time_to("moorgate interactive", bare, environ))
            found["painted"].append(time_to("moorgate painted", terminal, environ))
            found["interactive"].append(time_to("moorgate interactive", terminal, environ))
    return found


def main() -> int:
    """Measure and print; 1 when the terminal is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=5)
    times = measure(parser.parse_args().runs)
    middle = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        line = {"name": f"startup.{name}_ms", "median": round(middle[name], 1)}
        print(json.dumps({**line, "runs": [round(value, 1) for value in values]}))
    ratio = middle["interactive"] / middle["bare"]
    holds = ratio <= TARGET_RATIO
    verdict = {"name": "startup.ratio", "value": round(ratio, 2), "target": TARGET_RATIO}
    print(json.dumps({**verdict, "holds": holds}))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())

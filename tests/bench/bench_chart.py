"""How smooth the chart is with a long history, beside an empty plot: one JSON line a measurement.

    python -m tests.bench.bench_chart [--frames N]

Every figure is the time from the change until the picture of it is painted: by the wall clock, and
the processor's own (cpu), which a busy machine does not change. The chart carries own orders as it
does in the program. The empty plot is a bare pyqtgraph plot of the same size with a grid and both
axes, panned in the same run before and after. Offscreen unless QT_QPA_PLATFORM says otherwise. Exit
code 1 when the processor needs longer than half a frame for a pan, a tick or the crosshair.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QWidget

from app.domain.bars import BarSeries
from app.ui import theme
from app.ui.chart.axes import PriceTag
from app.ui.chart.levels import Level
from app.ui.chart.view import ChartView
from tests.bench.load import tell

SIZE = (1280, 720)
COUNTS = (100_000, 1_000_000)
VISIBLE = (300, 30_000)
# Sixty pictures a second, of which half is left to everything else.
TARGET_P95_MS = 8.3


def walk(count: int) -> BarSeries:
    """A random walk in minutes, the same every time."""
    random = np.random.default_rng(7)
    close = 100 + np.cumsum(random.normal(0, 0.02, count))
    opened = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(opened, close) + random.random(count) * 0.02
    low = np.minimum(opened, close) - random.random(count) * 0.02
    times = 1_500_000_000 + 60 * np.arange(count, dtype=np.int64)
    return BarSeries(times, opened, high, low, close, random.integers(1, 500, count).astype(float))


@dataclass(frozen=True)
class Took:
    """Milliseconds of one picture, by the wall and by the processor."""

    wall_ms: float
    cpu_ms: float


def painted(app: QApplication, change: Callable[[], object]) -> Took:
    """How long from `change` until the picture is there."""
    wall_s, cpu_s = time.perf_counter(), time.thread_time()
    change()
    app.processEvents()
    return Took((time.perf_counter() - wall_s) * 1000, (time.thread_time() - cpu_s) * 1000)


def figures(samples: Sequence[Took]) -> dict[str, float]:
    """The middle and the 95th percentile of both, and the worst."""
    wall = statistics.quantiles([took.wall_ms for took in samples], n=20)
    cpu = statistics.quantiles([took.cpu_ms for took in samples], n=20)
    return {
        "p50_ms": round(wall[9], 2),
        "p95_ms": round(wall[18], 2),
        "worst_ms": round(max(took.wall_ms for took in samples), 2),
        "cpu_p50_ms": round(cpu[9], 2),
        "cpu_p95_ms": round(cpu[18], 2),
    }


def shown(app: QApplication, view: QWidget) -> None:
    """Put it on the screen and let it settle."""
    view.resize(*SIZE)
    view.show()
    app.processEvents()


def pan(
    app: QApplication, view: pg.PlotWidget, visible: int, count: int, frames: int
) -> list[Took]:
    """Walk to the left from the end, a hundredth of the view a frame."""
    box = view.getViewBox()
    samples = []
    for frame in range(frames):
        right = count - frame * visible / 100
        move = partial(box.setXRange, right - visible, right, padding=0)
        samples.append(painted(app, move))
    return samples


def bench_empty(app: QApplication, frames: int, when: str) -> None:
    """The bare plot."""
    view = pg.PlotWidget(axisItems={"right": pg.AxisItem("right")})
    view.hideAxis("left")
    view.showAxis("right")
    view.showGrid(x=True, y=True, alpha=0.12)
    view.getViewBox().disableAutoRange()
    shown(app, view)
    view.getViewBox().setYRange(90, 110)
    tell("chart.empty_plot_pan", when=when, **figures(pan(app, view, 300, 100_000, frames)))
    view.close()


def dressed(view: ChartView, price: float) -> None:
    """Own orders, as on a busy day."""
    colors = [theme.color(name) for name in ("buy", "sell", "text")]
    levels = [
        Level(price + (n - 4) * 0.05, f"BUY {n} LMT", colors[n % 3], Qt.PenStyle.SolidLine)
        for n in range(8)
    ]
    tags = [PriceTag(level.price, level.color, QColor("black")) for level in levels]
    view.show_levels(levels, tags, theme.color("panel"))


def bench_chart(app: QApplication, count: int, frames: int) -> list[str]:
    """Everything with a history of `count` bars; answers what took longer than the target."""
    series = walk(count + frames)
    late: list[str] = []
    view = ChartView(UTC)
    shown(app, view)
    first = painted(app, lambda: view.set_bars(series[:count]))
    tell("chart.first_paint", bars=count, ms=round(first.wall_ms, 2), cpu_ms=round(first.cpu_ms, 2))
    dressed(view, float(series.close[count - 1]))
    for visible in VISIBLE:
        for name, samples in (
            ("pan", pan(app, view, visible, count, frames)),
            ("tick", tick(app, view, series, visible, frames)),
            ("crosshair", point(app, view, frames)),
        ):
            found = figures(samples)
            tell(f"chart.{name}", bars=count, visible=visible, **found)
            if found["cpu_p95_ms"] > TARGET_P95_MS:
                late.append(f"{name}, {visible} of {count} bars: {found['cpu_p95_ms']} ms")
    view.close()
    return late


def tick(
    app: QApplication, view: ChartView, series: BarSeries, visible: int, frames: int
) -> list[Took]:
    """The last bar moves with every frame; every twentieth begins another."""
    count = len(series) - frames
    view.set_bars(series[:count])
    view.getViewBox().setXRange(count - visible, count + 8, padding=0)
    app.processEvents()
    samples = []
    for frame in range(frames):
        end = count + frame // 20
        series.close[end - 1] += 0.01 if frame % 2 else -0.01
        samples.append(painted(app, partial(view.update_bars, series[:end], end - 2)))
    return samples


def point(app: QApplication, view: ChartView, frames: int) -> list[Took]:
    """The pointer goes from left to right."""
    area = view.getViewBox().sceneBoundingRect()
    samples = []
    for frame in range(frames):
        share = (frame + 1) / (frames + 2)
        at = QPointF(area.left() + share * area.width(), area.top() + share * area.height())
        samples.append(painted(app, partial(view.scene().sigMouseMoved.emit, at)))
    view.crosshair.hide()
    return samples


def main() -> int:
    """Measure and print; 1 when something does not fit into a frame."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=200)
    frames = parser.parse_args().frames
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication([])
    theme.apply(app, "dark")
    bench_empty(app, frames, "before")
    late = [found for count in COUNTS for found in bench_chart(app, count, frames)]
    bench_empty(app, frames, "after")
    tell("chart.verdict", target_cpu_p95_ms=TARGET_P95_MS, holds=not late, late=late)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())

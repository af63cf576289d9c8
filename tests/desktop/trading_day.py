"""A whole trading day by keys alone: `python -m tests.desktop.trading_day --keymap fr`.

The real program runs on a screen of its own with a calm market behind the embedded paper broker.
Every step is a key press and then a look at something that a person would look at: a window's
title, the journal, the screen. Prints JSON lines; a failure leaves a picture of the screen.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.commands.catalog import all_commands
from app.domain.ids import ConnectionId
from app.ui import theme
from app.ui.panels import PANELS
from tests.desktop.market import ASK, BID, prepare_home
from tests.desktop.screen import Screen, ScreenError, missing_programs

ROOT = Path(__file__).resolve().parents[2]
MOORGATE = (sys.executable, "-P", "-m", "app")
KEYMAPS = ("us", "fr", "de")  # what all tests take; others by hand
PAPER = ConnectionId("paper")
SYMBOL, SIZE, HALF = "BETA", 20, 10
# From the average price, 20 ticks down and 40 up; the stop is moved by one.
STOP_PRICE, TARGET_PRICE, MOVED_STOP = "99.82", "100.42", "99.83"
FAR_PRICE = "99"
TO_PRICE = 5  # presses of Tab from the ticket's size to its price
EXPORT_S, QUIT_S = 60.0, 30.0
CANDLES = 300  # pixels in the colours of rising and falling bars that a chart shows at least

Row = dict[str, Any]


class Day:
    """One run of the program, used by keys and looked at from outside."""

    def __init__(self, screen: Screen, home: Path) -> None:
        self.screen, self.home = screen, home
        commands = all_commands([(spec.id, spec.title) for spec in PANELS], [PAPER])
        self._keys = {c.id: (c.default_key, c.by_label) for c in commands}
        self._program: subprocess.Popen[bytes] | None = None

    # -- hands ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Start the program and wait for its window."""
        command = [*MOORGATE, "--home", str(self.home)]
        more = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "PYTHONPATH": str(ROOT)}
        self._program = self.screen.start(command, "moorgate", more)
        self.screen.until(lambda: self.has_ended() or self._is_in_front(""), "the window")

    def command(self, command_id: str) -> None:
        """Press the key of a command."""
        key, by_label = self._keys[command_id]
        assert key is not None, f"{command_id} has no key"
        self.screen.press(key, by_label=by_label)

    def overwrite(self, text: str) -> None:
        """Write over what stands in the field that has the keyboard."""
        self.screen.press("Home", "Shift+End")
        self.screen.write(text)

    # -- eyes ----------------------------------------------------------------------------------

    def title(self, text: str) -> None:
        """Wait for the window in front to be called so."""
        self.screen.until(
            lambda: self._is_in_front(text) or self.has_ended(),
            f"a window called {text!r} (in front is {self.screen.title_in_front()!r})",
        )

    def export(self, what: str) -> list[Row]:
        """What the program's own command line tells of the journal."""
        done = subprocess.run(
            [*MOORGATE, "export", what, "--home", str(self.home), "--format", "json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=EXPORT_S,
            check=False,
        )
        if done.returncode != 0:
            raise ScreenError(f"export {what}: {done.stderr.strip()}")
        rows: list[Row] = json.loads(done.stdout)
        return rows

    def orders(self) -> list[Row]:
        """Every order of the journal, oldest first."""
        return sorted(self.export("orders"), key=lambda row: str(row["created_at"]))

    def until_orders(self, *wanted: str) -> None:
        """Wait for the journal to hold exactly these orders, in these words."""
        seen: list[str] = []

        def holds() -> bool:
            seen[:] = [in_words(row) for row in self.orders()]
            return sorted(seen) == sorted(wanted)

        try:
            self.screen.until(holds, "the orders")
        except ScreenError as error:
            raise ScreenError(f"{error}: wanted {list(wanted)}, the journal has {seen}") from None

    def until_held(self, quantity: int) -> None:
        """Wait for the position, summed over everything that was traded."""

        def holds() -> bool:
            held = [Decimal(str(row["quantity"])) for row in self.export("positions")]
            return sum(held) == quantity and (quantity != 0 or not any(held))

        self.screen.until(holds, f"a position of {quantity}")

    def until_audit(self, kind: str, count: int) -> None:
        """Wait until something was written into the audit trail so often."""
        self.screen.until(
            lambda: [row["kind"] for row in self.export("audit")].count(kind) == count,
            f"{kind} no. {count} in the audit trail",
        )

    def candles(self) -> int:
        """How many pixels of the screen, of every second one, have the colours of bars."""
        image = self.screen.picture()
        colors = {theme.color(name).rgb() for name in ("up", "down")}
        places = itertools.product(range(0, image.width(), 2), range(0, image.height(), 2))
        return sum(image.pixel(x, y) in colors for x, y in places)

    def until_layout(self, name: str) -> None:
        """Wait until the program has written down that it shows this layout."""
        path = self.home / "layouts" / "last.json"
        wanted = f'"current": "{name}"'
        self.screen.until(
            lambda: path.exists() and wanted in path.read_text(encoding="utf-8"),
            f"the layout {name!r}",
        )

    def complaints(self) -> list[str]:
        """Warnings and worse in the program's log, and everything it said on its way."""
        lines = self._log().splitlines() + self.screen.output("moorgate").splitlines()
        return [line for line in lines if line.strip() and " INFO " not in line]

    def log_tail(self) -> str:
        """The last lines of the program's log."""
        return "\n".join(self._log().splitlines()[-15:])

    def _log(self) -> str:
        path = self.home / "logs" / "moorgate.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _is_in_front(self, text: str) -> bool:
        title = self.screen.title_in_front()
        return text in title and bool(title)

    def has_ended(self) -> bool:
        """Whether the program is gone, and went without complaint."""
        assert self._program is not None
        code = self._program.poll()
        if code:
            raise ScreenError(f"the program ended with {code}: {self.screen.output('moorgate')}")
        return code == 0


def in_words(row: Row) -> str:
    """An order as this file writes it: buy 10 BETA limit 100.02 Filled."""
    prices = [str(row[name]) for name in ("limit_price", "stop_price") if row[name] is not None]
    words = [row["side"], row["quantity"], row["symbol"], row["type"], *prices, row["status"]]
    return " ".join(map(str, words))


# -- the day -------------------------------------------------------------------------------------


def order(side: str, size: int, terms: str, status: str = "Filled") -> str:
    return f"{side} {size} {SYMBOL} {terms} {status}"


FIRST = order("buy", SIZE, f"limit {ASK}")
TARGET = order("sell", SIZE, f"limit {TARGET_PRICE}", "Working")
STOP = order("sell", SIZE, f"stop {STOP_PRICE}", "Working")
MOVED = order("sell", SIZE, f"stop {MOVED_STOP}", "Working")
PART = order("sell", HALF, "market")
# Reverse cancels what works, closes the rest and opens as much on the other side.
REVERSED = [
    *(FIRST, PART, TARGET.replace("Working", "Canceled"), MOVED.replace("Working", "Canceled")),
    *[order("sell", HALF, "market")] * 2,
]
JOINED = order("buy", SIZE, f"limit {BID}", "Working")
WRITTEN = order("buy", SIZE, f"limit {FAR_PRICE}", "Working")
CANCELED = [each.replace("Working", "Canceled") for each in (JOINED, WRITTEN)]
WHOLE_DAY = [*REVERSED, *CANCELED, order("buy", HALF, "market")]


def connect(day: Day) -> None:
    """Found by a few letters in the palette."""
    day.command("application.show_palette")
    day.screen.write("connect all")
    day.screen.press("Return")
    day.title("PAPER at paper")


def search(day: Day) -> None:
    """A slash from anywhere, a part of the name, Enter."""
    day.screen.write("/")
    day.screen.write(SYMBOL.lower())
    day.screen.press("Return")
    day.title(SYMBOL)


def look_at_chart(day: Day) -> None:
    """Bars are there to be seen."""
    day.command("view.focus_chart")
    day.screen.until(lambda: day.candles() > CANDLES, "candles on the chart")


def arm(day: Day) -> None:
    day.command("trading.arm_keys")
    day.until_audit("armed", 1)


def buy_at_ask(day: Day) -> None:
    """Size by preset, then one key."""
    day.command("trading.set_size_2")
    day.command("trading.buy_ask")
    day.until_orders(FIRST)
    day.until_held(SIZE)


def add_bracket(day: Day) -> None:
    """A target and a stop around the position."""
    day.command("trading.bracket_position")
    day.until_orders(FIRST, TARGET, STOP)


def move_stop(day: Day) -> None:
    day.command("trading.raise_stop")
    day.until_orders(FIRST, TARGET, MOVED)


def take_half_off(day: Day) -> None:
    day.command("trading.close_half")
    day.until_orders(FIRST, TARGET, MOVED, PART)
    day.until_held(HALF)


def reverse(day: Day) -> None:
    day.command("trading.reverse_position")
    day.until_orders(*REVERSED)
    day.until_held(-HALF)


def join_bid(day: Day) -> None:
    """An order that waits."""
    day.command("trading.join_bid")
    day.until_orders(*REVERSED, JOINED)


def write_ticket(day: Day) -> None:
    """Another one, written field by field and confirmed."""
    day.command("view.focus_ticket")
    day.overwrite(str(SIZE))
    day.screen.press(*["Tab"] * TO_PRICE)
    day.overwrite(FAR_PRICE)
    day.screen.press("Return")
    day.title("Confirm PAPER order")
    day.screen.press("Return")
    day.until_orders(*REVERSED, JOINED, WRITTEN)


def cancel_all(day: Day) -> None:
    day.command("trading.cancel_account")
    day.until_orders(*REVERSED, *CANCELED)


def flatten(day: Day) -> None:
    day.command("trading.flatten_symbol")
    day.until_orders(*WHOLE_DAY)
    day.until_held(0)


def switch_layout(day: Day) -> None:
    """The second one, out of the ticket's field; the program writes down which one it shows."""
    day.command("view.focus_chart")
    day.command("view.switch_layout_2")
    day.until_layout("Scalp")


def disarm(day: Day) -> None:
    """And an entry key after it does nothing; the end of the day proves it."""
    day.command("trading.disarm_keys")
    day.until_audit("disarmed", 1)
    day.command("trading.buy_market")


def leave(day: Day) -> None:
    """Nothing is open, so nobody asks."""
    day.command("file.exit_program")
    day.screen.until(day.has_ended, "the end of the program", QUIT_S)


def check_journal(day: Day) -> None:
    """Exactly the orders that were meant, every fill belongs to one of them, and all is flat."""
    day.until_orders(*WHOLE_DAY)
    day.until_held(0)
    orders = {row["client_order_id"]: row for row in day.orders()}
    filled = dict.fromkeys(orders, Decimal(0))
    for execution in day.export("executions"):
        filled[execution["client_order_id"]] += Decimal(str(execution["quantity"]))
    for own_id, row in orders.items():
        if filled[own_id] != Decimal(str(row["filled"])):
            raise ScreenError(f"fills of {in_words(row)} add up to {filled[own_id]}")
    if trouble := day.complaints():
        raise ScreenError(f"the program complained: {trouble}")


STEPS: tuple[Callable[[Day], None], ...] = (
    *(connect, search, look_at_chart, arm, buy_at_ask, add_bracket, move_stop, take_half_off),
    *(reverse, join_bid, write_ticket, cancel_all, flatten, switch_layout, disarm, leave),
    check_journal,
)


def trade(keymap: str, folder: Path, tell: Callable[..., None]) -> None:
    """The whole day on one keyboard; `folder` gets the home, and a picture when it fails.

    `tell` is called with the facts of every step. Raises ScreenError where something is not as it
    was meant.
    """
    home = folder / "home"
    prepare_home(home)
    with Screen(keymap) as screen:
        day = Day(screen, home)
        step = "open"
        try:
            day.open()
            for do in STEPS:
                step, began = do.__name__, time.monotonic()
                do(day)
                tell(keymap=keymap, step=step, seconds=round(time.monotonic() - began, 2))
        except Exception as error:
            picture = screen.save_picture(folder / f"{keymap}-{step}.png")
            said = screen.output("moorgate")[-2000:]
            raise ScreenError(
                f"{step} on the {keymap} keyboard: {error}\nIn front:"
                f" {screen.title_in_front()!r}\nPicture: {picture}\n{said}\n{day.log_tail()}"
            ) from error


def _tell(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keymap", default="us", help="an X11 layout, such as us, fr, de or es")
    parser.add_argument("--keep", type=Path, help="a folder for the home and pictures")
    arguments = parser.parse_args()
    if missing := missing_programs():
        print(f"a screen needs {', '.join(missing)}: see packaging/dev.py test", file=sys.stderr)
        return 2
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="moorgate-day-"))
    began = time.monotonic()
    try:
        trade(arguments.keymap, folder, _tell)
    except ScreenError as error:
        _tell(keymap=arguments.keymap, ok=False, error=str(error))
        return 1
    seconds = round(time.monotonic() - began, 2)
    _tell(keymap=arguments.keymap, ok=True, seconds=seconds, orders=len(WHOLE_DAY))
    return 0


if __name__ == "__main__":
    sys.exit(main())

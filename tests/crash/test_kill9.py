"""kill -9 at 200 random moments while orders flow: nothing is lost, doubled or silently changed."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.base.paths import Paths, resolve_home
from app.cli import main
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, Origin
from app.domain.reports import Known, OrderReport
from app.store.journal import open_read_only
from tests.crash.trader import BOOKS, CONNECTION

ROOT = Path(__file__).resolve().parents[2]
KILLS_A_ROUND, ROUNDS = 50, 4
EMBEDDED_KILLS = 12
SEED = os.environ.get("MOORGATE_CRASH_SEED", "kill")  # another word makes other moments
pytestmark = pytest.mark.slow


@dataclass
class Zygote:
    """The process that gives birth to traders."""

    process: subprocess.Popen[str]

    def birth(self, command: str, home: Path, seed: int) -> int:
        """A new trader; its process id."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command} {home} {seed}\n")
        self.process.stdin.flush()
        return int(self.until("child").split()[1])

    def until(self, word: str) -> str:
        """The next line that begins with `word`. A trader that failed fails the test."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            assert not line.startswith("failed"), line.replace(" | ", "\n")
            if line.startswith(word):
                return line
        raise AssertionError(f"the traders' process ended before it said {word!r}")

    def ended(self, child: int) -> None:
        assert self.until("ended").split()[1] == str(child)


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@contextmanager
def traders() -> Iterator[Zygote]:
    with started("tests.crash.trader") as process:
        zygote = Zygote(process)
        zygote.until("ready")
        yield zygote


def write_settings(paths: Paths, broker: str, settings: str) -> None:
    paths.settings_file.write_text(
        "[risk]\nmax_order_value = 'off'\nmax_orders_per_minute = 'off'\n"
        "max_open_orders = 'off'\nduplicate_window_s = 'off'\n"
        f"[[connection]]\nid = '{CONNECTION}'\nbroker = '{broker}'\nenvironment = 'paper'\n"
        f"[connection.settings]\n{settings}\n"
    )


def kill_again_and_again(zygote: Zygote, home: Path, kills: int, dice: random.Random) -> None:
    """Most kills hit the open order flow, some the start, the restore and the reconciliation."""
    for _ in range(kills):
        child = zygote.birth("live", home, dice.randrange(2**31))
        if dice.random() < 0.75:
            zygote.until("open")
            time.sleep(dice.uniform(0.0, 0.25))
        else:
            time.sleep(dice.uniform(0.0, 0.3))
        os.kill(child, signal.SIGKILL)
        zygote.ended(child)


@dataclass
class Books:
    """What is left when all is settled: ours and the broker's."""

    sent: Counter[str] | None
    first_terms: dict[str, Order] | None
    listed: dict[str, OrderReport]
    executions: dict[str, tuple[str, Decimal, Decimal]]
    journal: OrderBook


def settle(zygote: Zygote, paths: Paths) -> Books:
    child = zygote.birth("settle", paths.home, 0)
    zygote.until("settled")
    zygote.ended(child)
    sent, first_terms, snapshot = pickle.loads((paths.home / BOOKS).read_bytes())
    assert isinstance(snapshot.orders, Known)
    assert isinstance(snapshot.executions, Known)
    book = OrderBook()
    with open_read_only(paths.journal_file) as reader:
        for event in reader.order_events():
            book.apply(event)  # the journal holds nothing that the order table forbids
    return Books(
        sent,
        first_terms,
        {str(report.client_order_id): report for report in snapshot.orders.value},
        {
            str(e.exec_id): (str(e.client_order_id), e.quantity, e.price)
            for e in snapshot.executions.value
        },
        book,
    )


def compare(books: Books) -> None:
    """Every rule of the trader's trust, order by order."""
    for order in books.journal:
        own_id = str(order.client_order_id)
        assert order.request.origin is not Origin.EXTERNAL, f"{own_id} came back as a stranger"
        report = books.listed.get(own_id)
        if report is None:
            never = (OrderStatus.DENIED, OrderStatus.REJECTED, OrderStatus.CANCELED)
            assert order.status in never, f"{own_id} is {order.status} here, unknown there"
            assert not order.fills
        else:
            compare_order(order, report)
    for own_id in books.listed:
        assert any(str(order.client_order_id) == own_id for order in books.journal), own_id
    ours = {
        str(f.exec_id): (str(f.client_order_id), f.quantity, f.price)
        for f in books.journal.executions()
    }
    assert ours == books.executions


def compare_order(order: Order, report: OrderReport) -> None:
    name = f"{order.client_order_id}: {order.status.value} here, {report.status.value} there"
    assert order.status is report.status, name
    assert order.cum_quantity == report.cum_quantity, name
    assert (order.quantity, order.limit_price) == (report.quantity, report.limit_price), name
    assert (order.request.side, order.request.instrument.key) == (
        report.side,
        report.instrument.key,
    ), name


def compare_sent(books: Books) -> None:
    assert books.sent is not None
    assert books.first_terms is not None
    twice = [own_id for own_id, times in books.sent.items() if times != 1]
    assert twice == []
    for own_id, sent in books.first_terms.items():
        request = next(o.request for o in books.journal if o.client_order_id == own_id)
        assert request == sent.request, "what was sent is not what was journaled"
    unknown_there = set(books.sent) - set(books.listed)
    assert not unknown_there


def exported(paths: Paths, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    words = ["export", "executions", "--format", "json", "--home", str(paths.home)]
    assert main(words) == 0
    return {
        row["exec_id"]: (row["client_order_id"], Decimal(row["quantity"]), Decimal(row["price"]))
        for row in json.loads(capsys.readouterr().out)
    }


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_fifty_kills_against_a_broker_in_another_process(
    round_number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(f"{SEED} {round_number}")
    paths = resolve_home(str(tmp_path / "home"), {})
    folder = tmp_path / "broker"
    folder.mkdir()
    with started("tests.crash.paper_server", str(folder), CONNECTION) as server:
        assert server.stdout is not None
        write_settings(paths, "remote", f"port = {int(server.stdout.readline())}")
        with traders() as zygote:
            kill_again_and_again(zygote, paths.home, KILLS_A_ROUND, dice)
            books = settle(zygote, paths)
    compare(books)
    compare_sent(books)
    assert exported(paths, capsys) == books.executions
    assert len(books.listed) > KILLS_A_ROUND, "too little was traded to prove anything"
    assert len(books.executions) > KILLS_A_ROUND / 2


def test_the_embedded_paper_broker_dies_and_comes_back_with_us(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(f"{SEED} embedded")
    paths = resolve_home(str(tmp_path / "home"), {})
    write_settings(
        paths,
        "paper",
        "source = 'synthetic'\ninstruments = 5\nquotes_per_second = 200\nlatency_ms = 4\n"
        "initial_cash = 100000000",
    )
    with traders() as zygote:
        kill_again_and_again(zygote, paths.home, EMBEDDED_KILLS, dice)
        books = settle(zygote, paths)
    compare(books)
    assert exported(paths, capsys) == books.executions
    assert len(books.executions) > EMBEDDED_KILLS / 2

"""`moorgate export`: what is stored comes out whole, exact and also beside an open window."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.base.paths import Paths
from app.cli import main
from app.domain import order_events as ev
from app.domain.bars import BarSeries
from app.domain.execution import Execution
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Timeframe
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderRequest
from app.store.history import History
from app.store.journal import Journal

AT = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
SPY = Instrument("SPY", AssetClass.ETF, "USD")
BTC = Instrument("BTC", AssetClass.CRYPTO, "USDT", quantity_step=Decimal("0.00000001"))
A, B = ConnectionId("alpha"), ConnectionId("beta")


def order(
    name: str, connection: ConnectionId = A, instrument: Instrument = SPY, side: Side = Side.BUY
) -> list[ev.OrderEvent]:
    own_id = ClientOrderId(name)
    request = OrderRequest(
        connection_id=connection,
        account_id=AccountId("ACC"),
        instrument=instrument,
        side=side,
        order_type=OrderType.LIMIT,
        quantity=Decimal(10),
        limit_price=Decimal("501.20"),
        client_order_id=own_id,
    )
    return [
        ev.OrderInitialized(client_order_id=own_id, at=AT, request=request),
        ev.OrderSubmitted(client_order_id=own_id, at=AT),
        ev.OrderAccepted(client_order_id=own_id, at=AT, broker_order_id=BrokerOrderId(f"#{name}")),
    ]


def fill(
    name: str,
    exec_id: str,
    quantity: str,
    connection: ConnectionId = A,
    instrument: Instrument = SPY,
    side: Side = Side.BUY,
    minutes: int = 1,
    fee: Decimal | None = Decimal("0.35"),
) -> ev.OrderFilled:
    at = AT + timedelta(minutes=minutes)
    execution = Execution(
        connection,
        AccountId("ACC"),
        ExecId(exec_id),
        ClientOrderId(name),
        BrokerOrderId(f"#{name}"),
        instrument,
        side,
        Decimal(quantity),
        Decimal("501.10"),
        at,
        fee,
        "USD" if fee is not None else "",
    )
    return ev.OrderFilled(client_order_id=ClientOrderId(name), at=at, execution=execution)


@pytest.fixture
def stored(home: Paths) -> Paths:
    """Three orders on two connections; the second one is a fraction of a coin."""
    with Journal(home.journal_file) as journal:
        journal.append([*order("o1"), fill("o1", "e1", "4"), fill("o1", "e2", "6", minutes=2)])
        tiny = fill("o2", "e1", "0.00000001", B, BTC, minutes=3, fee=None)
        journal.append([*order("o2", B, BTC), tiny])
        journal.append([*order("o3", side=Side.SELL), fill("o3", "e3", "3", side=Side.SELL)])
        journal.audit("arming.armed", "armed by hand", A, by="hand").result(30)
    return home


def export(capsys: pytest.CaptureFixture[str], home: Paths, *arguments: str) -> str:
    assert main(["export", *arguments, "--home", str(home.home)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_orders_as_csv(stored: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    rows = records(export(capsys, stored, "orders"))
    assert [(r["client_order_id"], r["status"], r["filled"]) for r in rows] == [
        ("o1", "Filled", "10"),
        ("o2", "PartiallyFilled", "0.00000001"),
        ("o3", "PartiallyFilled", "3"),
    ]
    assert rows[0]["average_price"] == "501.10"
    assert rows[0]["limit_price"] == "501.20"
    assert rows[0]["stop_price"] == ""
    assert rows[2]["remaining"] == "7"


def test_executions_as_json_keep_every_digit(
    stored: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = json.loads(export(capsys, stored, "executions", "--format", "json"))
    assert [r["exec_id"] for r in rows] == ["e1", "e3", "e2", "e1"]
    tiny = next(r for r in rows if r["connection"] == "beta")
    assert tiny["quantity"] == "0.00000001"
    assert tiny["fee"] is None
    assert tiny["executed_at"] == "2024-03-12T14:33:00+00:00"


def test_what_is_chosen(stored: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    def chosen(*arguments: str) -> list[str]:
        return [r["client_order_id"] for r in records(export(capsys, stored, *arguments))]

    assert chosen("orders", "--connection", "beta") == ["o2"]
    assert chosen("executions", "--symbol", "spy") == ["o1", "o3", "o1"]
    assert chosen("executions", "--symbol", BTC.key) == ["o2"]
    assert chosen("executions", "--since", "2024-03-12T14:32") == ["o1", "o2"]
    assert chosen("executions", "--since", "2024-03-12T15:33+01:00") == ["o2"]
    assert chosen("orders", "--since", "2024-03-13") == []


def test_positions_are_what_the_executions_make(
    stored: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = records(export(capsys, stored, "positions"))
    assert [
        (r["connection"], r["symbol"], r["quantity"], r["bought"], r["sold"]) for r in rows
    ] == [
        ("alpha", "SPY", "7", "10", "3"),
        ("beta", "BTC", "0.00000001", "0.00000001", "0"),
    ]


def test_the_audit_holds_order_events_and_facts(
    stored: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = records(export(capsys, stored, "audit", "--connection", "alpha"))
    kinds = [r["kind"] for r in rows]
    assert kinds.count("OrderFilled") == 3
    assert kinds[0] == "OrderInitialized"
    armed = next(r for r in rows if r["kind"] == "arming.armed")
    assert (armed["text"], json.loads(armed["fields"])) == ("armed by hand", {"by": "hand"})
    assert {r["connection"] for r in rows} == {"alpha"}


def test_an_export_works_while_the_journal_is_being_written(
    stored: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    with Journal(stored.journal_file) as journal:
        journal.append(order("o4")).result(30)
        rows = records(export(capsys, stored, "orders"))
    assert [r["client_order_id"] for r in rows] == ["o1", "o2", "o3", "o4"]


def test_bars(home: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    start = int(AT.timestamp())
    ones = np.ones(3)
    bars = BarSeries(
        np.array([start, start + 60, start + 120]), ones, ones * 2, ones / 2, ones, ones * np.nan
    )
    history = History(home.history_file)
    history.put("alpha", SPY.key, Timeframe.M1, bars, (start, start + 180))
    history.close()
    text = export(capsys, home, "bars", "--symbol", "SPY", "--timeframe", "1m", "--format", "json")
    rows = json.loads(text)
    assert [r["start"][11:16] for r in rows] == ["14:30", "14:31", "14:32"]
    assert rows[0]["high"] == 2.0
    assert rows[0]["volume"] is None, "not known is not zero"
    since = export(
        capsys, home, "bars", "--symbol", "SPY", "--timeframe", "1m", "--since", "2024-03-12T14:31"
    )
    assert len(records(since)) == 2
    unknown = ["export", "bars", "--symbol", "QQQ", "--timeframe", "1m", "--home", str(home.home)]
    assert main(unknown) == 2
    assert "alpha SEC|SPY|USD 1m" in capsys.readouterr().err


def test_a_file_is_written_whole(
    stored: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "orders.csv"
    assert export(capsys, stored, "orders", "--output", str(target)) == ""
    assert len(records(target.read_text())) == 3
    assert main(["export", "orders", "--home", str(stored.home), "--output", str(tmp_path)]) == 1
    assert "is a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bars"], "needs --symbol and --timeframe"),
        (["orders", "--timeframe", "1m"], "only bars have a --timeframe"),
        (["positions", "--since", "2024-01-01"], "as of now"),
        (["audit", "--symbol", "SPY"], "not by symbol"),
        (["orders", "--since", "yesterday"], "is no day or moment"),
        (["cheese"], "invalid choice"),
    ],
)
def test_what_cannot_be_meant_is_said(
    stored: Paths, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["export", *arguments, "--home", str(stored.home)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("damage", [None, b"this is no database"])
def test_a_journal_that_cannot_be_read_is_said_and_left(
    home: Paths, capsys: pytest.CaptureFixture[str], damage: Any
) -> None:
    if damage:
        home.journal_file.write_bytes(damage)
    assert main(["export", "orders", "--home", str(home.home)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert str(home.journal_file) in said.err
    assert "Traceback" not in said.err
    if damage:
        assert home.journal_file.read_bytes() == damage

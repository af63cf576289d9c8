"""`moorgate selfcheck`: the whole main job on the real engine, and back to flat whatever fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.base.paths import Paths
from app.brokers import registry
from app.cli import main
from app.store.journal import Journal
from tests.unit.cli import stubborn

STEPS = ["connect", "quote", "order", "fill", "position", "modify", "cancel", "flatten"]
FAST = "source = 'synthetic'\ninstruments = 3\nquotes_per_second = 60\nlatency_ms = 1\n"


@pytest.fixture(autouse=True)
def _stubborn_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.MODULES, "stubborn", "tests.unit.cli.stubborn")
    monkeypatch.setattr(stubborn.StubbornBroker, "refused", 0)
    stubborn.submitted.clear()


def write(home: Paths, fault: str = "none", broker: str = "stubborn", more: str = "") -> None:
    home.settings_file.write_text(
        f"[[connection]]\nid = 'trial'\nbroker = '{broker}'\nenvironment = 'paper'\n{more}"
        f"[connection.settings]\n{FAST}" + (f"fault = '{fault}'\n" if broker == "stubborn" else "")
    )


def check(
    home: Paths, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, list[dict[str, str]]]:
    capsys.readouterr()
    code = main(["selfcheck", "--json", "--home", str(home.home), *words])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def verdicts(lines: list[dict[str, str]]) -> dict[str, str]:
    return {line["name"]: line["verdict"] for line in lines}


def test_everything_holds_on_a_fresh_home(home: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = check(home, capsys)
    assert [line["name"] for line in lines] == STEPS
    assert verdicts(lines) == dict.fromkeys(STEPS, "ok")
    assert all(float(line["ms"]) >= 0 and line["detail"] for line in lines)
    assert code == 0
    assert not home.journal_file.exists(), "tried in a home of its own"


def test_people_get_a_line_a_step(home: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    write(home, broker="paper")
    assert main(["selfcheck", "--home", str(home.home), "--symbol", "SYN002"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in said] == [[name, "ok"] for name in STEPS]
    assert all("ms" in line for line in said)
    assert "SYN002 is flat, no order is left" in said[-1]


def test_an_open_window_is_not_disturbed(home: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    write(home, broker="paper")
    with Journal(home.journal_file) as journal:
        code, lines = check(home, capsys)
        assert code == 0
        assert len(lines) == len(STEPS)
        assert list(journal.read_order_events()) == []
    assert not (home.broker_dir("trial")).exists()


def test_another_brokers_connection_needs_the_real_home(
    home: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home)
    code, lines = check(home, capsys)
    assert (code, verdicts(lines)) == (0, dict.fromkeys(STEPS, "ok"))
    with Journal(home.journal_file) as journal:
        assert list(journal.read_order_events()), "journaled like every order"
        assert main(["selfcheck", "--home", str(home.home)]) == 1
        assert "another Moorgate" in capsys.readouterr().err


def test_without_market_orders_a_marketable_limit_does(
    home: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home, "no market orders")
    code, lines = check(home, capsys)
    assert (code, verdicts(lines)) == (0, dict.fromkeys(STEPS, "ok"))
    assert "limit at" in lines[2]["detail"]


@pytest.mark.parametrize(
    ("fault", "failed", "words"),
    [
        ("submit", "order", "margin call"),
        ("positions", "position", "the broker says"),
        ("modify", "modify", "changes are not allowed today"),
        ("cancel", "cancel", "too late to cancel"),
    ],
)
def test_a_step_that_fails_is_named_and_the_account_is_left_flat(
    home: Paths, capsys: pytest.CaptureFixture[str], fault: str, failed: str, words: str
) -> None:
    write(home, fault)
    code, lines = check(home, capsys)
    assert code == 1
    by_name = verdicts(lines)
    place = STEPS.index(failed)
    assert [by_name[name] for name in STEPS[:place]] == ["ok"] * place
    assert by_name[failed] == "failed"
    assert all(by_name[name] == "skipped" for name in STEPS[place + 1 :])
    assert words in lines[place]["detail"]
    if fault == "positions":
        return  # nobody can bring that account to flat; the trial says what is left
    assert by_name["restore"] == "ok"
    assert positions(home, capsys) == {"0"} - ({"0"} if fault == "submit" else set())
    assert open_orders(home, capsys) == []


def positions(home: Paths, capsys: pytest.CaptureFixture[str]) -> set[str]:
    capsys.readouterr()
    main(["export", "positions", "--format", "json", "--home", str(home.home)])
    return {row["quantity"] for row in json.loads(capsys.readouterr().out)}


def open_orders(home: Paths, capsys: pytest.CaptureFixture[str]) -> list[str]:
    main(["export", "orders", "--format", "json", "--home", str(home.home)])
    rows = json.loads(capsys.readouterr().out)
    return [row["status"] for row in rows if row["remaining"] not in ("0", "0.000")]


def test_an_account_that_says_it_is_live_is_never_traded(
    home: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home, "live")
    assert main(["selfcheck", "--home", str(home.home)]) == 2
    said = capsys.readouterr()
    assert "paper accounts only" in said.err
    assert stubborn.submitted == []


def test_a_live_connection_is_refused_before_anything(
    home: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    home.settings_file.write_text(
        "[[connection]]\nid = 'real'\nbroker = 'stubborn'\nenvironment = 'live'\n"
    )
    assert main(["selfcheck", "--connection", "real", "--home", str(home.home)]) == 2
    said = capsys.readouterr()
    assert "real is a live connection" in said.err
    assert said.out == ""
    code, lines = check(home, capsys)
    assert (code, len(lines)) == (0, len(STEPS)), "without a paper connection: in a fresh home"
    assert stubborn.submitted == []


def test_no_connection_is_exit_3(home: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    write(home, "login")
    code, lines = check(home, capsys)
    assert code == 3
    assert "wrong password" in lines[0]["detail"]
    assert [line["verdict"] for line in lines] == ["failed"] + ["skipped"] * 7


@pytest.mark.parametrize(
    ("words", "text"),
    [(["--symbol", "NOPE"], "knows no 'NOPE'"), (["--connection", "moon"], "known are: trial")],
)
def test_what_does_not_exist_is_said(
    home: Paths, capsys: pytest.CaptureFixture[str], words: list[str], text: str
) -> None:
    write(home, broker="paper")
    code = main(["selfcheck", "--home", str(home.home), *words])
    said = capsys.readouterr()
    assert code in (1, 2)
    assert text in said.out + said.err


def test_what_is_held_already_is_not_touched(
    home: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home, "modify")
    check(home, capsys)  # leaves a history
    buy_and_hold(home)
    code, lines = check(home, capsys, "--symbol", "SYN001")
    assert code == 1
    assert "trades only what it can leave as it found it" in lines[1]["detail"]
    write(home)
    code, lines = check(home, capsys)
    assert code == 0
    assert "SYN001" not in lines[1]["detail"], "another one is chosen"
    assert "1" in positions(home, capsys), "what was held is still held"


def buy_and_hold(home: Paths) -> None:
    """One SYN001, bought by somebody before."""
    import asyncio
    from decimal import Decimal

    from app.bootstrap import build
    from app.domain.ids import ConnectionId
    from app.domain.order_types import OrderStatus, OrderType, Side
    from app.domain.request import OrderRequest

    async def buy() -> None:
        engine, name = services.engine, ConnectionId("trial")
        await engine.start(autoconnect=False)
        await engine.connections.connect(name)
        [instrument] = await engine.instruments.search(name, "SYN001")
        engine.market.subscribe(name, instrument)
        async with asyncio.timeout(30):
            while engine.market.quote((name, instrument.key)) is None:  # noqa: ASYNC110 - plain state
                await asyncio.sleep(0.01)
            account = engine.connections.accounts(name)[0].account_id
            request = OrderRequest(
                name, account, instrument, Side.BUY, OrderType.MARKET, Decimal(1)
            )
            [order] = await engine.orders.submit([request])
            while order.status is not OrderStatus.FILLED:
                await asyncio.sleep(0.01)
                order = engine.orders.book.get(order.client_order_id) or order
        await engine.stop()

    services = build(home)
    asyncio.run(buy())
    services.close()


def test_a_connection_is_tested_without_an_order(
    home: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    def tested(fault: str) -> tuple[int, dict[str, str]]:
        write(home, fault)
        code = main(["connections", "test", "trial", "--json", "--home", str(home.home)])
        return code, verdicts([json.loads(x) for x in capsys.readouterr().out.splitlines()])

    names = ["connect", "accounts", "orders", "executions", "positions"]
    assert tested("none") == (0, dict.fromkeys(names, "ok"))
    assert tested("live") == (1, dict.fromkeys(names, "ok") | {"accounts": "failed"})
    assert tested("login") == (3, {"connect": "failed"})
    assert stubborn.submitted == []
    assert not Path(home.journal_file).exists()

"""The page that looks for TWS, with real peers on ports that count as the usual ones."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.brokers.ibkr_tws.ports import DEFAULT_PORTS, PortMeaning
from app.brokers.setup import WorkResult
from tests.brokers.ibkr_tws.walking import Walk
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.peer import TwsPeer

Usual = Callable[..., None]


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> Usual:
    """Let these ports be the only usual ones; the real ones are nobody's business here."""
    for port in tuple(DEFAULT_PORTS):
        monkeypatch.delitem(DEFAULT_PORTS, port)

    def make(**ports: int) -> None:
        meanings = {
            "tws_paper": PortMeaning("TWS", "paper"),
            "tws_live": PortMeaning("TWS", "live"),
            "gateway_live": PortMeaning("IB Gateway", "live"),
        }
        for name, port in ports.items():
            monkeypatch.setitem(DEFAULT_PORTS, port, meanings[name])

    return make


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def found(run: LoopRunner, **answers: Any) -> tuple[WorkResult, Walk]:
    walk = Walk(**answers)
    return run(walk.page("find")), walk


def test_the_usual_ports_are_those_of_ibkr() -> None:
    assert {port: (m.program, m.environment) for port, m in DEFAULT_PORTS.items()} == {
        7496: ("TWS", "live"),
        7497: ("TWS", "paper"),
        4001: ("IB Gateway", "live"),
        4002: ("IB Gateway", "paper"),
    }


def test_what_is_found_is_offered_by_name(run: LoopRunner, peer: TwsPeer, usual: Usual) -> None:
    usual(tws_paper=peer.port, gateway_live=free_port())
    result, walk = found(run)
    assert result.trouble is None
    (option,) = result.options
    assert option.title == f"TWS, paper port {peer.port}, server version 178"
    assert option.value == f"127.0.0.1:{peer.port}"
    assert option.text.startswith("Its clock says 20")
    assert result.text == "Found one TWS or IB Gateway"
    assert walk.problem("find") is None
    assert peer.call(lambda: list(peer.world.received)) == [], "no client id was asked for"


def test_two_are_found(run: LoopRunner, peer: TwsPeer, usual: Usual) -> None:
    with TwsPeer(version=176) as other:
        usual(tws_paper=peer.port, gateway_live=other.port)
        result, _ = found(run)
    assert [one.title for one in result.options] == [
        f"TWS, paper port {peer.port}, server version 178",
        f"IB Gateway, live port {other.port}, server version 176",
    ]
    assert result.text == "Found 2 of them"


def test_nothing_is_there(run: LoopRunner, usual: Usual) -> None:
    usual(tws_paper=free_port(), tws_live=free_port())
    result, walk = found(run)
    assert result.options == ()
    assert result.trouble is not None
    assert result.trouble.id == "nothing-listening"
    assert "7497, 7496, 4002 and 4001" in " ".join(result.trouble.steps)
    assert walk.problem("find") == "Choose a TWS that was found, or enter the port it uses"


@pytest.mark.parametrize(
    ("fault", "value", "trouble", "badge"),
    [
        ("accept_dialog", True, "accept-dialog", "waiting"),
        ("api_off", True, "api-off", "turns down"),
        ("not_tws", True, "no-tws", "no TWS"),
        ("old_version", 100, "old-tws", "too old"),
    ],
)
def test_what_stands_in_the_way_is_shown(
    run: LoopRunner,
    peer: TwsPeer,
    usual: Usual,
    fault: str,
    value: object,
    trouble: str,
    badge: str,
) -> None:
    setattr(peer.faults, fault, value)
    usual(tws_live=free_port(), tws_paper=peer.port)
    result, _ = found(run)
    (option,) = result.options
    assert (option.badge, option.is_available) == (badge, False)
    assert result.trouble is not None
    assert result.trouble.id == trouble
    assert str(peer.port) in result.trouble.text


def test_one_that_works_is_enough(run: LoopRunner, peer: TwsPeer, usual: Usual) -> None:
    with TwsPeer() as other:
        other.faults.api_off = True
        usual(tws_live=other.port, tws_paper=peer.port)
        result, _ = found(run)
    assert result.trouble is None
    assert [one.is_available for one in result.options] == [False, True]


def test_a_port_that_was_entered(run: LoopRunner, peer: TwsPeer, usual: Usual) -> None:
    usual(tws_paper=free_port())
    result, walk = found(run, port=str(peer.port))
    assert result.trouble is None
    (option,) = result.options
    assert option.title == f"TWS or IB Gateway, port {peer.port}, server version 178"
    assert walk.problem("find") is None


def test_an_entered_port_speaks_for_itself(run: LoopRunner, peer: TwsPeer, usual: Usual) -> None:
    usual(tws_paper=peer.port)
    wrong = free_port()
    result, _ = found(run, port=str(wrong))
    assert result.trouble is not None
    assert result.trouble.id == "nothing-listening"
    assert f"127.0.0.1:{wrong}" in result.trouble.text
    assert [one.value for one in result.options] == [f"127.0.0.1:{peer.port}"]


def test_by_hand_the_fields_count(peer: TwsPeer) -> None:
    walk = Walk(find="", host="192.168.1.5", port=" 7000")
    assert walk.problem("find") is None
    settings = walk.setup.draft(walk.answers).settings
    assert (settings["host"], settings["port"]) == ("192.168.1.5", 7000)


@pytest.mark.parametrize("typed", ["0", "65536", "-1", "abc", "7497.5", "\u0667", "1" * 400])
def test_what_is_no_port(typed: str) -> None:
    walk = Walk(find="", port=typed)
    assert walk.problem("find") == f"Port: found {typed}; allowed: a whole number from 1 to 65535"


def test_a_host_that_does_not_exist(run: LoopRunner, usual: Usual) -> None:
    usual(tws_paper=7497)
    result, _ = found(run, host="no-such-host.invalid")
    assert result.trouble is not None
    assert result.trouble.id == "unreachable"
    assert "no-such-host.invalid" in result.trouble.text


def test_the_connection_that_is_changed_keeps_its_address(
    run: LoopRunner, peer: TwsPeer, usual: Usual
) -> None:
    """Else the only TWS that answers would quietly take its place."""
    usual(tws_live=peer.port)
    down = free_port()
    own = f"127.0.0.1:{down}"
    result, walk = found(run, own_address=own, find=own)
    assert [(one.value, one.is_available) for one in result.options] == [
        (own, True),
        (f"127.0.0.1:{peer.port}", True),
    ]
    assert result.options[0].badge == "no answer"
    assert walk.answers["find"] == own
    assert result.trouble is not None
    assert result.trouble.id == "nothing-listening"
    assert own in result.trouble.text


def test_a_tws_on_another_computer_is_named_so(
    run: LoopRunner, peer: TwsPeer, usual: Usual
) -> None:
    usual(tws_paper=peer.port)
    result, _ = found(run, host="127.0.0.2")
    if result.options:  # where the system answers on all of 127.0.0.0/8
        assert result.options[0].title.startswith(f"TWS, paper port {peer.port} at 127.0.0.2")

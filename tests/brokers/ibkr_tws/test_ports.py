"""Paper or live is told by the account number, the program only by its default port."""

from __future__ import annotations

import pytest

from app.brokers.ibkr_tws.ports import environment_of, is_this_computer, program_at


@pytest.mark.parametrize(
    ("account", "environment"),
    [
        ("DU1234567", "paper"),
        ("DF1234567", "paper"),
        (" du1234567 ", "paper"),
        ("DFP12345", "paper"),
        ("U1234567", "live"),
        ("F1234567", "live"),
        ("I1234567", "live"),
        ("D1234567", "live"),  # no letter after the D: not known as paper, so not taken for it
        ("", "live"),
        ("unknown", "live"),
    ],
)
def test_only_a_paper_number_is_paper(account: str, environment: str) -> None:
    assert environment_of(account) == environment


def test_programs_by_port() -> None:
    assert program_at(7496) == "TWS (by its port)"
    assert program_at(4002) == "IB Gateway (by its port)"
    assert program_at(5000) == "TWS or IB Gateway"


def test_names_of_this_computer() -> None:
    assert is_this_computer("127.0.0.1")
    assert is_this_computer(" LocalHost")
    assert not is_this_computer("192.168.1.7")

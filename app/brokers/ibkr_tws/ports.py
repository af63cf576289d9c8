"""What a port number usually means, and what an account number says.

The ports are only the defaults of TWS and IB Gateway and anyone may change them; whether money is
real is told by the account number alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TWS = "TWS"
GATEWAY = "IB Gateway"
THIS_COMPUTER = "127.0.0.1"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class PortMeaning:
    """What IBKR's own defaults make of a port: the program and "paper" or "live"."""

    program: str
    environment: str


# Source: IBKR Campus, TWS API documentation, "TWS Settings": socket port.
DEFAULT_PORTS: dict[int, PortMeaning] = {
    7497: PortMeaning(TWS, "paper"),
    7496: PortMeaning(TWS, "live"),
    4002: PortMeaning(GATEWAY, "paper"),
    4001: PortMeaning(GATEWAY, "live"),
}

# IBKR numbers paper accounts like live ones with a D in front: U1234567, DU1234567; F, DF; I, DI.
_PAPER_NUMBER = re.compile(r"D[A-Z]+\d+[A-Z]*")


def environment_of(account: str) -> str:
    """ "paper" where the account number says so, else "live": the safe side for an unknown kind."""
    return "paper" if _PAPER_NUMBER.fullmatch(account.strip().upper()) else "live"


def program_at(port: int) -> str:
    """The program by its port, in words; "TWS or IB Gateway" where the port is no default."""
    meaning = DEFAULT_PORTS.get(port)
    return f"{meaning.program} (by its port)" if meaning else f"{TWS} or {GATEWAY}"


def is_this_computer(host: str) -> bool:
    """Whether a host name is this computer's own."""
    return host.strip().lower() in _LOOPBACK

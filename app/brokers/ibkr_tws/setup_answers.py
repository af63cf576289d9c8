"""What the pages of the way to TWS note in the answers, besides what is chosen and entered."""

from __future__ import annotations

from app.brokers.ibkr_tws.ports import THIS_COMPUTER
from app.brokers.ibkr_tws.setup_texts import FIND
from app.brokers.setup import Answers

# Found out by the work of a page.
CLIENT_ID = "free_client_id"
SERVER_VERSION = "server_version"
API_READ_ONLY = "api_read_only"
KNOWN_ACCOUNTS = "known_accounts"
DATA_FOUND = "data_found"
# Of the connection that is being changed.
OWN_ADDRESS = "own_address"
OWN_CLIENT_ID = "own_client_id"
KEPT = "kept_settings"  # those that no page asks for

ALL_ACCOUNTS = "all"
HIGHEST_PORT = 65535


def address_of(answers: Answers) -> tuple[str, int] | None:
    """The host and port to use: what was chosen, else what was entered by hand."""
    chosen = answers.get(FIND)
    if chosen:
        return split_address(str(chosen))
    port = port_of(answers)
    return (host_of(answers), port) if port else None


def where(answers: Answers) -> str:
    """The address in words, for texts."""
    address = address_of(answers)
    return f"{address[0]}:{address[1]}" if address else ""


def host_of(answers: Answers) -> str:
    """The host as entered."""
    return str(answers.get("host") or THIS_COMPUTER).strip()


def port_of(answers: Answers) -> int:
    """The port as entered, 0 where that is none."""
    text = str(answers.get("port") or "").strip()
    port = int(text) if len(text) <= 5 and text.isascii() and text.isdigit() else 0
    return port if port <= HIGHEST_PORT else 0


def split_address(address: str) -> tuple[str, int]:
    """ "host:port" as both."""
    host, _, port = address.rpartition(":")
    return host, int(port)


def own_client_id(answers: Answers) -> int | None:
    """The client id of the connection that is being changed, while its TWS stays the same."""
    own = answers.get(OWN_CLIENT_ID)
    is_same = answers.get(OWN_ADDRESS) == where(answers)
    return own if isinstance(own, int) and is_same else None

"""What can stand in the way of a TWS connection, each with its next steps. Words only.

The ids are those of `probe.Verdict` and the codes of the line's BrokerErrors, so that every
failure finds its own text. Menu names: IBKR's guide to TWS, "API", and the TWS API documentation.
"""

from __future__ import annotations

from collections.abc import Callable

from app.brokers.setup import Trouble

TWS_MENU = "File > Global Configuration (in the classic window Edit > Global Configuration)"
GATEWAY_MENU = "Configure > Settings"
API_SETTINGS = f"TWS: {TWS_MENU} > API > Settings. IB Gateway: {GATEWAY_MENU} > API > Settings"
TRY_AGAIN = "Come back here and choose Try Again"


def nothing_listening(where: str = "", _detail: str = "") -> Trouble:
    """Every port refused."""
    at = f" at {where}" if where else " on the ports that TWS and IB Gateway use"
    return Trouble(
        "nothing-listening",
        "Nothing is listening",
        f"No program listens{at}. TWS or IB Gateway is not running, is not logged in yet, has its"
        " API switched off, or uses another port.",
        (
            "Start TWS or IB Gateway and log in to the account you want to use, paper or live",
            f"Open its API settings. {API_SETTINGS}",
            "In TWS tick Enable ActiveX and Socket Clients (IB Gateway always has it on) and"
            " choose Apply",
            "Read the Socket port there. If it is none of 7497, 7496, 4002 and 4001, enter it"
            " here as the port",
            TRY_AGAIN,
        ),
    )


def unreachable(where: str = "", detail: str = "") -> Trouble:
    """The other computer does not answer."""
    return Trouble(
        "unreachable",
        "The computer cannot be reached",
        f"There is no answer from {where or 'that computer'}{_because(detail)}. Nothing is known"
        " of TWS there.",
        (
            "Check the name or address of the computer on which TWS runs; for this computer it"
            " is 127.0.0.1",
            "Check that it is switched on and that no firewall keeps the port closed",
            "In TWS on that computer untick Allow connections from localhost only, and add this"
            f" computer's address to Trusted IPs. {API_SETTINGS}",
            TRY_AGAIN,
        ),
    )


def no_tws(where: str = "", detail: str = "") -> Trouble:
    """Another program has the port."""
    return Trouble(
        "no-tws",
        "That is not TWS",
        f"Something answers at {where or 'this port'}, but it is neither TWS nor IB Gateway"
        f"{_because(detail)}. It was left alone.",
        (
            f"Look up which Socket port TWS really uses. {API_SETTINGS}",
            "If another program has taken that port, end it, or give TWS another Socket port",
            "Enter the port here",
            TRY_AGAIN,
        ),
    )


def accept_dialog(where: str = "", _detail: str = "") -> Trouble:
    """It accepts and stays silent."""
    return Trouble(
        "accept-dialog",
        "TWS is waiting for you",
        f"The program at {where or 'this port'} takes the connection and then says nothing. TWS"
        " does so while it asks whether to accept an incoming connection, while another of its"
        " windows waits for an answer, and while it is still logging in.",
        (
            "Look at TWS or IB Gateway; its question may lie behind other windows",
            "Answer Accept incoming connection attempt with Yes",
            "So that it does not ask each time: add the address of this computer, 127.0.0.1 for"
            f" TWS on this computer, to Trusted IPs. {API_SETTINGS}",
            TRY_AGAIN,
        ),
    )


def api_off(where: str = "", detail: str = "") -> Trouble:
    """It accepts and closes at once."""
    return Trouble(
        "api-off",
        "TWS turned the connection down",
        f"The program at {where or 'this port'} takes the connection and closes it at once"
        f"{_because(detail)}. Its API is switched off, or it does not trust this computer.",
        (
            f"Open its API settings. {API_SETTINGS}",
            "In TWS tick Enable ActiveX and Socket Clients",
            "If TWS runs on another computer: untick Allow connections from localhost only, and"
            " add this computer's address to Trusted IPs",
            "Choose Apply, then OK; if nothing changes, end TWS and start it again",
            TRY_AGAIN,
        ),
    )


def old_tws(where: str = "", detail: str = "") -> Trouble:
    """Its protocol is too old."""
    return Trouble(
        "old-tws",
        "This TWS is too old",
        f"TWS at {where or 'this port'} is older than the API that Moorgate speaks"
        f"{_because(detail)}. It cannot be used until it is renewed.",
        (
            "Get the stable or latest version from interactivebrokers.com, Trading Platforms",
            "Install it, log in, and check its API settings: they are kept as a rule",
            TRY_AGAIN,
        ),
    )


def client_id_in_use(where: str = "", detail: str = "") -> Trouble:
    """Every client id that was tried is taken."""
    return Trouble(
        "client-id-in-use",
        "No free client id",
        f"TWS at {where or 'this port'} says that each of these client ids is in use: {detail}."
        " A client id tells the programs at one TWS apart; TWS serves up to 32 of them.",
        (
            "End programs that use this TWS and are not needed",
            "If none is running, TWS still holds a connection that broke: wait a minute, or"
            " restart TWS",
            TRY_AGAIN,
        ),
    )


def read_only(_where: str = "", _detail: str = "") -> Trouble:
    """321 to what touches orders: may be passed over for data only."""
    return Trouble(
        "read-only",
        "TWS takes no orders from programs",
        "Read-Only API is ticked in TWS. Prices, positions and account values can be read, but"
        " TWS would refuse every order, change and cancel.",
        (
            f"To trade: untick Read-Only API and choose Apply. {API_SETTINGS}",
            TRY_AGAIN,
            "For a connection without trading: leave it ticked, tick Data only here and go on",
        ),
        is_blocking=False,
    )


def competing_session(_where: str = "", detail: str = "") -> Trouble:
    """10197: another log-in of the same user gets the market data."""
    return Trouble(
        "competing-session",
        "Your market data go elsewhere",
        "The same user is logged in at another place (another TWS, the mobile app, Client Portal,"
        " or the live account whose data a paper account shares), and IBKR sends the market data"
        f" there{_because(detail)}. Orders and positions are not affected.",
        (
            "Log out at the other place; a paper account gets its data back when the live user"
            " logs out",
            TRY_AGAIN,
            "Or go on: prices appear when the other log-in ends",
        ),
        is_blocking=False,
    )


def no_market_data(_where: str = "", detail: str = "") -> Trouble:
    """Neither live nor delayed."""
    return Trouble(
        "no-market-data",
        "No market data came",
        f"No quote came for what was tried, neither live nor delayed{_because(detail)}."
        " Orders can be sent all the same, but their prices will not show here.",
        (
            "Subscribe to market data in Client Portal: Settings > Market Data Subscriptions, and"
            " accept the Market Data API agreement there",
            "For a paper account: share the live account's data, in Client Portal under Settings"
            " > Paper Trading Account",
            "Log in to TWS again afterwards, then choose Try Again",
            "Or go on without quotes",
        ),
        is_blocking=False,
    )


def tws_offline(_where: str = "", detail: str = "") -> Trouble:
    """1100 or 2110: TWS itself has no line to IBKR."""
    return Trouble(
        "tws-offline",
        "TWS has no line to IBKR",
        f"TWS answers here, but has lost its own connection to IBKR{_because(detail)}. Until it is"
        " back, orders and prices cannot be checked. IBKR resets its servers once a night.",
        (
            "Look at the connection light in TWS, and wait until it is green",
            "If it stays red: check the network, then log in to TWS again",
            TRY_AGAIN,
            "Or go on: what cannot be checked now shows when the connection is made",
        ),
        is_blocking=False,
    )


def no_answer(where: str = "", detail: str = "") -> Trouble:
    """The session broke or an answer did not come: anything that has no text of its own."""
    return Trouble(
        "no-answer",
        "TWS did not answer",
        f"The connection to TWS at {where or 'this port'} was there, but the answer did not"
        f" come{_because(detail)}. Nothing was changed in TWS.",
        (
            "Look at TWS: a window there may wait for an answer, or it may be restarting",
            TRY_AGAIN,
        ),
    )


def no_sdk(_where: str = "", detail: str = "") -> Trouble:
    """ib_insync or ib_async is missing, or both are there."""
    return Trouble(
        "no-sdk",
        "A Python package is missing",
        f"To speak with TWS, Moorgate needs the package ib_insync (or ib_async){_because(detail)}.",
        (
            "In a terminal, with the Python that runs Moorgate: pip install 'moorgate[ibkr]'",
            "Start Moorgate again; this wizard is under Connections > New Connection",
        ),
    )


def two_sdks(_where: str = "", _detail: str = "") -> Trouble:
    """ib_insync and ib_async overwrite one another's files."""
    return Trouble(
        "two-sdks",
        "Two packages are in each other's way",
        "ib_insync and ib_async are both installed. They share files and break one another; only"
        " one of them may be there.",
        (
            "In a terminal: pip uninstall ib_insync ib_async eventkit aeventkit",
            "Then: pip install 'moorgate[ibkr]'",
            "Start Moorgate again",
        ),
    )


BY_CODE: dict[str, Callable[[str, str], Trouble]] = {
    "nothing-listening": nothing_listening,
    "unreachable": unreachable,
    "no-tws": no_tws,
    "accept-dialog": accept_dialog,
    "api-off": api_off,
    "old-tws": old_tws,
    "client-id-in-use": client_id_in_use,
    "read-only": read_only,
    "competing-session": competing_session,
    "no-market-data": no_market_data,
    "tws-offline": tws_offline,
    "no-answer": no_answer,
    "no-sdk": no_sdk,
    "two-sdks": two_sdks,
}


def trouble(code: str, where: str = "", detail: str = "") -> Trouble:
    """The text of a failure by its code; an unknown code is "no-answer" with its detail."""
    return BY_CODE.get(code, no_answer)(where, detail)


def _because(detail: str) -> str:
    return f" ({detail})" if detail else ""

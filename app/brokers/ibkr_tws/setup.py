"""The way to TWS or IB Gateway in the wizard: five pages, and the connection they make.

Importable without the SDK: what needs it is imported by the work of a page, and the first page
says what to install.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.brokers.ibkr_tws import setup_texts as texts
from app.brokers.ibkr_tws.ports import environment_of, program_at
from app.brokers.ibkr_tws.setup_answers import (
    ALL_ACCOUNTS,
    API_READ_ONLY,
    CLIENT_ID,
    KEPT,
    KNOWN_ACCOUNTS,
    OWN_ADDRESS,
    OWN_CLIENT_ID,
    SERVER_VERSION,
    address_of,
    where,
)
from app.brokers.ibkr_tws.setup_find import find
from app.brokers.ibkr_tws.setup_sdk import sdk_trouble
from app.brokers.setup import Answers, Draft, Page, Progress, Setup, WorkResult
from app.domain.connection_config import ConnectionConfig

DIALOG_PATIENCE_S = 20.0  # for a person to answer TWS's question
DATA_PATIENCE_S = 4.0  # for the first price of a quote
_MARKET_DATA_WORDS = {
    "live": "live",
    "frozen": "live, the last quote of a closed market",
    "delayed": "delayed by 15 to 20 minutes where nothing is subscribed",
    "delayed_frozen": "delayed, the last quote of a closed market",
}


class TwsSetup(Setup):
    """See brokers.setup. The patience is for tests to shorten."""

    def __init__(
        self,
        dialog_patience_s: float = DIALOG_PATIENCE_S,
        data_patience_s: float = DATA_PATIENCE_S,
    ) -> None:
        self._dialog_patience_s, self._data_patience_s = dialog_patience_s, data_patience_s

    def pages(self, answers: Answers) -> tuple[Page, ...]:
        """Always the same five: the Web API cannot be chosen in this version."""
        return texts.PAGES

    def problem(self, page_id: str, answers: Answers) -> str | None:
        """What the wizard cannot see itself: no address, or orders that TWS would refuse."""
        if page_id == texts.FIND and address_of(answers) is None:
            if answers.get("port"):
                return f"Port: found {answers['port']}; allowed: a whole number from 1 to 65535"
            return "Choose a TWS that was found, or enter the port it uses"
        if page_id == texts.SETTINGS:
            if answers.get(CLIENT_ID) is None:
                return "The settings have not been tested yet"
            if answers.get(API_READ_ONLY) and not answers.get(texts.DATA_ONLY):
                return "Untick Read-Only API in TWS and try again, or tick Data only here"
        return None

    async def work(
        self, page_id: str, answers: Answers, progress: Callable[[Progress], None]
    ) -> WorkResult:
        """What each page does when it is entered."""
        if page_id == texts.WAY:
            return WorkResult(trouble=sdk_trouble())
        if page_id == texts.FIND:
            return await find(answers, progress)
        if (missing := sdk_trouble()) is not None:
            return WorkResult(trouble=missing)
        from app.brokers.ibkr_tws import setup_accounts, setup_permissions, setup_settings

        patience_s = self._dialog_patience_s
        if page_id == texts.SETTINGS:
            return await setup_settings.check_settings(answers, progress, patience_s)
        if page_id == texts.ACCOUNT:
            return await setup_accounts.find_accounts(answers, progress, patience_s)
        if page_id == texts.PERMISSIONS:
            return await setup_permissions.check_permissions(
                answers, progress, patience_s, self._data_patience_s
            )
        return await super().work(page_id, answers, progress)

    def draft(self, answers: Answers) -> Draft:
        """Paper or live comes from the account numbers alone."""
        address = address_of(answers)
        host, port = address or ("", 0)
        environment = _environment(answers)
        settings = {
            **answers.get(KEPT, {}),
            "host": host,
            "port": port,
            "client_id": answers.get(CLIENT_ID),
            "accounts": _accounts(answers),
            "market_data": answers.get(texts.MARKET_DATA) or "live",
        }
        return Draft(
            environment,
            settings,
            suggested_id=f"ib-{environment}",
            summary=_summary(answers, port, environment, settings),
            read_only=_is_read_only(answers),
        )

    def answers(self, config: ConnectionConfig) -> dict[str, Any]:
        """The start for changing a connection; its own client id counts as taken by itself."""
        settings = dict(config.settings)
        address = f"{settings['host']}:{settings['port']}"
        accounts = tuple(settings.get("accounts") or ())
        return {
            texts.WAY: texts.WAY_TWS,
            texts.FIND: address,
            "host": settings["host"],
            OWN_ADDRESS: address,
            OWN_CLIENT_ID: settings["client_id"],
            CLIENT_ID: settings["client_id"],
            texts.ACCOUNT: ",".join(accounts) or ALL_ACCOUNTS,
            texts.DATA_ONLY: config.read_only,
            texts.MARKET_DATA: settings.get("market_data", "live"),
            KEPT: settings,
        }


def _accounts(answers: Answers) -> tuple[str, ...]:
    chosen = str(answers.get(texts.ACCOUNT) or ALL_ACCOUNTS)
    return () if chosen == ALL_ACCOUNTS else tuple(chosen.split(","))


def _environment(answers: Answers) -> str:
    accounts = _accounts(answers) or tuple(answers.get(KNOWN_ACCOUNTS, ()))
    kinds = {environment_of(account) for account in accounts}
    return "paper" if kinds == {"paper"} else "live"


def _is_read_only(answers: Answers) -> bool:
    return bool(answers.get(texts.DATA_ONLY) or answers.get(API_READ_ONLY))


def _summary(
    answers: Answers, port: int, environment: str, settings: dict[str, Any]
) -> tuple[tuple[str, str], ...]:
    version = answers.get(SERVER_VERSION)
    accounts = settings["accounts"] or tuple(answers.get(KNOWN_ACCOUNTS, ()))
    names = ", ".join(accounts) + ("" if settings["accounts"] else " (all of this user)")
    return (
        ("Program", program_at(port) + (f", protocol version {version}" if version else "")),
        ("Address", where(answers)),
        ("Client id", str(settings["client_id"])),
        ("Account", f"{names}, {environment}"),
        ("Market data", _MARKET_DATA_WORDS.get(settings["market_data"], settings["market_data"])),
        ("Orders", "none, data only" if _is_read_only(answers) else "can be sent"),
    )

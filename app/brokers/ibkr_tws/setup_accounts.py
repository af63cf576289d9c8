"""The page of accounts: which there are, paper or live, and what they are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation

from app.base.errors import BrokerError
from app.brokers.ibkr_tws import setup_texts as texts
from app.brokers.ibkr_tws.ports import DEFAULT_PORTS, environment_of
from app.brokers.ibkr_tws.setup_answers import ALL_ACCOUNTS, KNOWN_ACCOUNTS, address_of, where
from app.brokers.ibkr_tws.setup_session import failure, logged_on
from app.brokers.ibkr_tws.trial import Worth
from app.brokers.setup import Answers, Option, Progress, WorkResult


async def find_accounts(
    answers: Answers, progress: Callable[[Progress], None], patience_s: float
) -> WorkResult:
    """The accounts of the login, each with its kind and its worth."""

    def doing(text: str) -> None:
        progress(Progress(text))

    doing(f"Asking TWS at {where(answers)} for its accounts")
    try:
        async with logged_on(answers, patience_s, doing) as trial:
            accounts = trial.accounts
            doing("Asking what the accounts are worth")
            worth = await trial.worth()
    except BrokerError as error:
        return WorkResult(trouble=failure(answers, error))
    address = address_of(answers)
    port = address[1] if address else 0
    options = [_account_option(account, worth.get(account), port) for account in accounts]
    options += _group_options(accounts, str(answers.get(texts.ACCOUNT) or ""))
    many = f"This user has {len(accounts)} accounts"
    return WorkResult(
        options=tuple(options),
        answers={KNOWN_ACCOUNTS: accounts},
        text="This user has one account" if len(accounts) == 1 else many,
    )


def _account_option(account: str, worth: Worth | None, port: int) -> Option:
    kind = environment_of(account)
    lines = [f"Net liquidation {_money(worth.value)} {worth.currency}"] if worth else []
    usual = DEFAULT_PORTS.get(port)
    if usual is not None and usual.environment != kind:
        lines.append(
            f"Port {port} is usually the {usual.environment} port of {usual.program}, but this is"
            f" a {kind} account. The account decides: the connection will be {kind}"
        )
    return Option(account, account, ". ".join(lines), badge=kind.upper())


def _group_options(accounts: tuple[str, ...], chosen: str) -> list[Option]:
    if len(accounts) < 2:
        return []
    options = []
    part = tuple(chosen.split(","))
    if len(part) > 1 and set(part) <= set(accounts):
        options.append(Option(chosen, " and ".join(part), "As it is now", _badge(part)))
    text = "Each is shown by itself, and the ticket asks which one an order is for"
    if len({environment_of(account) for account in accounts}) > 1:
        text += ". One of them is live, so the connection counts as live"
    return [
        *options,
        Option(ALL_ACCOUNTS, f"All {len(accounts)} accounts of this user", text, _badge(accounts)),
    ]


def _badge(accounts: Iterable[str]) -> str:
    kinds = {environment_of(account) for account in accounts}
    return "PAPER" if kinds == {"paper"} else "LIVE"


def _money(value: str) -> str:
    try:
        # Grouped as the window does it, by a narrow space that does not break.
        return f"{Decimal(value):,.2f}".replace(",", "\u202f")
    except InvalidOperation:
        return value

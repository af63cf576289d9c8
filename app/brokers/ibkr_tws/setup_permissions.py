"""The page of permissions: which market data come, what may be read, whether orders are taken."""

from __future__ import annotations

from collections.abc import Callable

from app.base.errors import BrokerError
from app.brokers.ibkr_tws import setup_texts as texts
from app.brokers.ibkr_tws.requests import TwsError
from app.brokers.ibkr_tws.setup_answers import DATA_FOUND, where
from app.brokers.ibkr_tws.setup_board import Board
from app.brokers.ibkr_tws.setup_session import failure, logged_on
from app.brokers.ibkr_tws.setup_troubles import trouble
from app.brokers.ibkr_tws.trial import Trial
from app.brokers.ibkr_tws.trial_data import DataAnswer, DataKind, DataTrial, eur_usd, in_words, spy
from app.brokers.setup import Answers, Progress, Trouble, WorkResult


async def check_permissions(
    answers: Answers,
    progress: Callable[[Progress], None],
    patience_s: float,
    data_patience_s: float,
) -> WorkResult:
    """Which data come, whether TWS takes orders, whether orders and history can be read."""
    board = Board(texts.PERMISSIONS_CHECKS, progress, f"Logging on to TWS at {where(answers)}")
    try:
        async with logged_on(answers, patience_s, board.doing) as trial:
            await _note_orders(board, trial, answers)
            data = DataTrial(trial, data_patience_s)
            stock, pair = await _note_data(board, data)
            await _note_history(board, data, stock)
    except BrokerError as error:
        return WorkResult(checks=board.checks, trouble=failure(answers, error))
    found = _best_kind(stock, pair)
    return WorkResult(
        checks=board.checks,
        answers={DATA_FOUND: found, texts.MARKET_DATA: _market_data(found, answers)},
        trouble=_trouble_of_data(stock, pair, trial, where(answers)),
    )


async def _note_orders(board: Board, trial: Trial, answers: Answers) -> None:
    board.doing("Asking whether TWS takes orders")
    try:
        is_read_only = await trial.is_read_only()
    except BrokerError as error:
        if not trial.line.is_up:
            raise
        board.warn(texts.TRADING, f"TWS did not tell: {error}")
        return
    if is_read_only:
        board.warn(texts.TRADING, "No: Read-Only API is on. Data, positions and account only")
        board.warn(texts.ORDERS, "No: Read-Only API keeps them back")
        return
    if answers.get(texts.DATA_ONLY):
        board.passed(texts.TRADING, "TWS would take orders; this connection is for data only")
    else:
        board.passed(texts.TRADING, "TWS takes orders from programs")
    board.doing("Reading open orders")
    try:
        count = await trial.open_orders()
    except (BrokerError, TwsError) as error:
        if not trial.line.is_up:
            raise
        board.failed(texts.ORDERS, in_words(error) if isinstance(error, TwsError) else str(error))
        return
    board.passed(
        texts.ORDERS,
        f"{count} working at this moment" if count else "No order works at this moment",
    )


async def _note_data(board: Board, data: DataTrial) -> tuple[DataAnswer, DataAnswer | None]:
    board.doing("Asking for a quote of SPY")
    stock = await data.best(spy())
    if stock.kind is DataKind.LIVE:
        board.passed(texts.DATA, "Live: a quote of SPY came")
        return stock, None
    if stock.kind is DataKind.DELAYED:
        words = f". {stock.words}" if stock.words else ""
        board.warn(texts.DATA, f"Delayed by 15 to 20 minutes{words}")
        return stock, None
    if stock.kind is DataKind.COMPETING:
        board.warn(texts.DATA, stock.words)
        return stock, None
    board.doing("Asking for a quote of EUR.USD")
    pair = await data.best(eur_usd())
    reason = stock.words or "no price of SPY came; outside trading hours that may be the reason"
    if pair.kind in {DataKind.LIVE, DataKind.DELAYED}:
        board.warn(texts.DATA, f"{pair.kind.value.title()} for EUR.USD, none for SPY: {reason}")
    else:
        board.failed(texts.DATA, f"None. SPY: {reason}. EUR.USD: {pair.words or 'no price came'}")
    return stock, pair


async def _note_history(board: Board, data: DataTrial, stock: DataAnswer) -> None:
    board.doing("Asking for an hour of history")
    is_refused = stock.kind is DataKind.REFUSED
    contract, what = (eur_usd(), "MIDPOINT") if is_refused else (spy(), "TRADES")
    name = "EUR.USD" if is_refused else "SPY"
    try:
        count = await data.bars(contract, what)
    except TwsError as error:
        board.warn(texts.HISTORY, f"{name}: {in_words(error)}")
    except BrokerError as error:
        board.warn(texts.HISTORY, f"{name}: {error}")
    else:
        if count:
            board.passed(texts.HISTORY, f"{name}: {count} bars of the last day")
        else:
            board.warn(texts.HISTORY, f"{name}: TWS has none for the last day")


def _best_kind(stock: DataAnswer, pair: DataAnswer | None) -> str:
    kinds = [stock.kind, *([pair.kind] if pair else [])]
    for kind in (DataKind.LIVE, DataKind.DELAYED, DataKind.COMPETING):
        if kind in kinds:
            return str(kind.value)
    return "none"


def _market_data(found: str, answers: Answers) -> str:
    """The setting: as it was, but delayed where only that works."""
    wanted = str(answers.get(texts.MARKET_DATA) or "live")
    if found != DataKind.DELAYED.value or wanted.startswith("delayed"):
        return wanted
    return "delayed_frozen" if wanted == "frozen" else "delayed"


def _trouble_of_data(
    stock: DataAnswer, pair: DataAnswer | None, trial: Trial, at: str
) -> Trouble | None:
    if trial.offline:
        return trouble("tws-offline", at, trial.offline)
    answers = [stock, *([pair] if pair else [])]
    competing = next((one for one in answers if one.kind is DataKind.COMPETING), None)
    if competing is not None:
        return trouble("competing-session", at, competing.words)
    if any(one.kind in {DataKind.LIVE, DataKind.DELAYED} for one in answers):
        return None
    return trouble("no-market-data", at, stock.words)

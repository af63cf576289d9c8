"""The page of TWS's own settings: each line that can be told from outside is ticked by a test."""

from __future__ import annotations

from collections.abc import Callable

from app.base.errors import BrokerError
from app.brokers.ibkr_tws import setup_texts as texts
from app.brokers.ibkr_tws.setup_answers import (
    API_READ_ONLY,
    CLIENT_ID,
    SERVER_VERSION,
    own_client_id,
    where,
)
from app.brokers.ibkr_tws.setup_board import Board
from app.brokers.ibkr_tws.setup_session import failure, logged_on
from app.brokers.ibkr_tws.setup_troubles import trouble
from app.brokers.ibkr_tws.trial import Trial
from app.brokers.setup import Answers, Progress, Trouble, WorkResult

_SLOW_S = 3.0  # a person answered a question in TWS meanwhile
_FAILED_CHECK = {
    "nothing-listening": texts.SOCKET,
    "api-off": texts.SOCKET,
    "accept-dialog": texts.TRUSTED,
    "client-id-in-use": texts.CLIENT_ID,
}
_FARMS = (2104, 2106, 2158)  # "... farm connection is OK", said at every log-on


async def check_settings(
    answers: Answers, progress: Callable[[Progress], None], patience_s: float
) -> WorkResult:
    """Tick what can be told from outside, and take note of a free client id."""
    board = Board(texts.SETTINGS_CHECKS, progress, f"Logging on to TWS at {where(answers)}")
    try:
        async with logged_on(answers, patience_s, board.doing, again=True) as trial:
            _note_connection(board, answers, trial)
            chosen = _note_client_id(board, answers, trial)
            is_read_only = await _note_read_only(board, trial, answers)
            _note_zone(board, trial)
            _note_language(board, trial)
            found = _trouble_of_settings(is_read_only, trial, answers)
            return WorkResult(
                checks=board.checks,
                answers={
                    CLIENT_ID: chosen,
                    API_READ_ONLY: is_read_only,
                    SERVER_VERSION: trial.line.server_version,
                },
                trouble=found,
                text="" if found else "TWS is ready",
            )
    except BrokerError as error:
        failed = failure(answers, error)
        check = _FAILED_CHECK.get(error.code)
        if check is not None:
            board.failed(check, failed.title)
        return WorkResult(checks=board.checks, trouble=failed)


def _note_connection(board: Board, answers: Answers, trial: Trial) -> None:
    board.passed(
        texts.SOCKET,
        f"TWS answers at {where(answers)}, protocol version {trial.line.server_version}",
    )
    if trial.took_s > _SLOW_S:
        board.warn(
            texts.TRUSTED,
            f"TWS took {trial.took_s:.0f} s to accept. If it asked you, add this computer's"
            " address to Trusted IPs, or it will ask at every connection",
        )
    else:
        board.passed(texts.TRUSTED, "TWS let this computer in without asking")


def _note_client_id(board: Board, answers: Answers, trial: Trial) -> int:
    own = own_client_id(answers)
    if own is not None:
        if own in trial.in_use:
            finding = f"{own} is in use: by this connection itself while it is connected. It stays"
        elif own == trial.client_id:
            finding = f"{own} is free. It stays"
        else:
            finding = f"{own} stays; it takes charge of orders typed into TWS and was not tried"
        board.passed(texts.CLIENT_ID, finding)
        return own
    if trial.in_use:
        taken = ", ".join(str(one) for one in trial.in_use)
        verb = "is" if len(trial.in_use) == 1 else "are"
        finding = f"{taken} {verb} in use by other programs; {trial.client_id} is free and is taken"
    else:
        finding = f"{trial.client_id} is free and is taken"
    board.passed(texts.CLIENT_ID, finding)
    return trial.client_id


async def _note_read_only(board: Board, trial: Trial, answers: Answers) -> bool:
    board.doing("Asking whether TWS takes orders")
    try:
        is_read_only = await trial.is_read_only()
    except BrokerError as error:
        if not trial.line.is_up:
            raise
        board.warn(texts.READ_ONLY, f"TWS did not tell: {error}")
        return False
    if is_read_only and answers.get(texts.DATA_ONLY):
        board.passed(texts.READ_ONLY, "It is on, as is right for data only")
    elif is_read_only:
        board.failed(texts.READ_ONLY, "It is on: TWS would refuse every order")
    elif answers.get(texts.DATA_ONLY):
        board.passed(texts.READ_ONLY, "It is off. Moorgate itself will send no orders")
    else:
        board.passed(texts.READ_ONLY, "It is off: TWS takes orders")
    return is_read_only


def _note_zone(board: Board, trial: Trial) -> None:
    name = getattr(trial.zone, "key", "")
    if name:
        board.passed(texts.ZONE, f"TWS runs in {name}")
    else:
        board.warn(
            texts.ZONE,
            f"TWS names no zone that is known here; its times are taken for {trial.zone}",
        )


def _note_language(board: Board, trial: Trial) -> None:
    said = list(trial.notices.values())
    foreign = next((text for text in said if not text.isascii()), None)
    farms = [trial.notices[code] for code in _FARMS if code in trial.notices]
    if foreign is None and farms and not any("connection" in text.lower() for text in farms):
        foreign = farms[0]
    if foreign is not None:
        board.warn(texts.ENGLISH, f"TWS speaks another language: {foreign}")
    elif farms:
        board.passed(texts.ENGLISH, "TWS's messages are in English")


def _trouble_of_settings(is_read_only: bool, trial: Trial, answers: Answers) -> Trouble | None:
    if trial.offline:
        return trouble("tws-offline", where(answers), trial.offline)
    if is_read_only and not answers.get(texts.DATA_ONLY):
        return trouble("read-only", where(answers))
    return None

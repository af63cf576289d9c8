"""The table of TWS's error codes: every code that is known, in every context.

The rows are those of the TWS API's message codes as measured against live orders; what matters
most is what an error must not be taken for.
"""

from __future__ import annotations

import itertools

import pytest

from app.brokers.ibkr_tws.errors import (
    HARMLESS,
    ORDER_CONTEXTS,
    SENTENCES,
    TABLE,
    TEXTS,
    Context,
    Meaning,
    judge,
)
from app.domain.reports import Severity

C, M = Context, Meaning
# Every code to which a client of TWS must have an answer.
CODES = (
    100, 101, 102, 103, 104, 105, 109, 110, 135, 136, 161, 162, 165, 200, 201, 202, 203, 300, 309,
    317, 320, 321, 322, 326, 354, 366, 399, 404, 420, 430, 434, 435, 460, 502, 504, 1100, 1101,
    1102, 1300, 2100, 2101, 2102, 2103, 2104, 2105, 2106, 2107, 2108, 2109, 2110, 2119, 2157, 2158,
    10089, 10090, 10147, 10148, 10167, 10168, 10190, 10197, 10268, 10349,
)  # fmt: skip
LIVING = (C.ORDER_LIVE, C.ORDER_CHANGE, C.ORDER_CANCEL)


def test_every_code_is_in_the_table() -> None:
    assert set(CODES) <= set(TABLE)
    assert set(SENTENCES) <= set(TABLE)
    assert set(TEXTS) <= set(TABLE)
    assert {len(row) for row in TABLE.values()} == {len(Context)}


@pytest.mark.parametrize(
    ("code", "new", "live", "change", "cancel"),
    [
        # A refusal: of the order while it is new, of what was asked while it lives.
        (109, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        (110, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        (200, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        (201, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        (203, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        (321, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.CANCEL_REFUSED),
        (434, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        (435, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        (460, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        (10268, M.REJECTED, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        # Only a change can be refused by these.
        (104, M.REREAD, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        (105, M.REREAD, M.REREAD, M.CHANGE_REFUSED, M.REREAD),
        # Only a cancel, and that proves nothing about what the order is.
        (135, M.REREAD, M.REREAD, M.CHANGE_REFUSED, M.CANCEL_REFUSED),
        (136, M.REREAD, M.REREAD, M.REREAD, M.CANCEL_REFUSED),
        (161, M.REREAD, M.REREAD, M.REREAD, M.CANCEL_REFUSED),
        (10147, M.REREAD, M.REREAD, M.REREAD, M.CANCEL_REFUSED),
        (10148, M.REREAD, M.REREAD, M.REREAD, M.CANCEL_REFUSED),
        # The one that ends an order.
        (202, M.CANCELED, M.CANCELED, M.CANCELED, M.CANCELED),
        # The order lives, and the trader is told.
        (399, M.WARNING, M.WARNING, M.WARNING, M.WARNING),
        (404, M.WARNING, M.WARNING, M.WARNING, M.WARNING),
        (2102, M.WARNING, M.WARNING, M.WARNING, M.WARNING),
        (2109, M.WARNING, M.WARNING, M.WARNING, M.WARNING),
        (2161, M.WARNING, M.WARNING, M.WARNING, M.WARNING),
        (10349, M.WARNING, M.WARNING, M.WARNING, M.WARNING),
        # Nothing follows.
        (165, M.INFO, M.INFO, M.INFO, M.INFO),
        (2100, M.INFO, M.INFO, M.INFO, M.INFO),
        (2101, M.INFO, M.INFO, M.INFO, M.INFO),
    ],
)
def test_orders(code: int, new: Meaning, live: Meaning, change: Meaning, cancel: Meaning) -> None:
    contexts = (C.ORDER_NEW, C.ORDER_LIVE, C.ORDER_CHANGE, C.ORDER_CANCEL)
    assert [judge(code, context).meaning for context in contexts] == [new, live, change, cancel]


@pytest.mark.parametrize(
    "code",
    [100, 101, 102, 103, 300, 309, 317, 320, 322, 354, 366, 420, 430, 502, 504, 10089, 10090, 10167,
     10168, 10190, 10197, 162, 107, 383, 387, 461, 463, 481, 10000, 10149, 10289, 10311, 10318,
     10329, 10338, 99999],
)  # fmt: skip
def test_an_order_is_asked_for_again(code: int) -> None:
    """Known ones that tell nothing of an order, and unknown ones alike."""
    for context in (C.ORDER_NEW, *LIVING):
        verdict = judge(code, context, "some text")
        assert verdict.meaning is M.REREAD
        assert verdict.severity is Severity.WARNING
        assert verdict.must_reread


def test_only_202_ever_cancels_and_no_living_order_is_rejected() -> None:
    for code, context in itertools.product(range(11000), ORDER_CONTEXTS):
        meaning = judge(code, context, "read-only permission pacing ambiguous").meaning
        assert meaning is not M.CANCELED or code == 202
        assert meaning is not M.REJECTED or context is C.ORDER_NEW


def test_what_ends_or_refuses_is_looked_into() -> None:
    doubtful = {M.REREAD, M.CHANGE_REFUSED, M.CANCEL_REFUSED, M.CANCELED}
    for code, context in itertools.product(CODES, Context):
        verdict = judge(code, context)
        is_order = context in ORDER_CONTEXTS
        assert verdict.must_reread is (is_order and verdict.meaning in doubtful)


def test_a_finished_order_stays_finished() -> None:
    reread = {judge(code, C.ORDER_DONE).meaning for code in (104, 109, 135, 201, 202, 399, 10148)}
    assert reread == {M.INFO}
    assert judge(103, C.ORDER_DONE).meaning is M.REREAD  # its number is used again: by whom?


@pytest.mark.parametrize(
    ("code", "request_meaning", "subscription"),
    [
        (100, M.PACING, M.PACING),
        (101, M.LINES_FULL, M.LINES_FULL),
        (102, M.BUG, M.BUG),
        (200, M.NOT_FOUND, M.NOT_FOUND),
        (203, M.NO_PERMISSION, M.NO_PERMISSION),
        (300, M.BUG, M.BUG),
        (309, M.LINES_FULL, M.LINES_FULL),
        (317, M.INFO, M.BOOK_RESET),
        (320, M.REJECTED, M.REJECTED),
        (321, M.REJECTED, M.REJECTED),
        (322, M.REJECTED, M.REJECTED),
        (354, M.NO_PERMISSION, M.NO_PERMISSION),
        (366, M.INFO, M.INFO),
        (420, M.PACING, M.PACING),
        (430, M.NO_DATA, M.NO_DATA),
        (460, M.NO_PERMISSION, M.NO_PERMISSION),
        (10089, M.NO_PERMISSION, M.NO_PERMISSION),
        (10090, M.NO_PERMISSION, M.NO_PERMISSION),
        (10167, M.DELAYED, M.DELAYED),
        (10168, M.NO_PERMISSION, M.NO_PERMISSION),
        (10186, M.NO_PERMISSION, M.NO_PERMISSION),
        (10190, M.LINES_FULL, M.LINES_FULL),
        (10197, M.COMPETING, M.COMPETING),
        (2150, M.INFO, M.INFO),
        (99999, M.REJECTED, M.REJECTED),
    ],
)
def test_questions(code: int, request_meaning: Meaning, subscription: Meaning) -> None:
    assert judge(code, C.REQUEST).meaning is request_meaning
    assert judge(code, C.SUBSCRIPTION).meaning is subscription


@pytest.mark.parametrize(
    ("code", "text", "meaning"),
    [
        (162, "Historical Market Data Service error message:API historical data query cancelled: 5",
         M.INFO),
        (162, "Historical Market Data Service error message:HMDS query returned no data: X@SMART",
         M.NO_DATA),
        (162, "Historical Market Data Service query message:Historical data pacing violation",
         M.PACING),
        (162, "Historical Market Data Service error message:No market data permissions for NYSE",
         M.NO_PERMISSION),
        (162, "Historical Market Data Service error message:Trading TWS session is connected from"
         " a different IP address", M.COMPETING),
        (162, "something else", M.REJECTED),
        (200, "No security definition has been found for the request", M.NOT_FOUND),
        (200, "The contract description specified for SPY is ambiguous.", M.AMBIGUOUS),
        (321, "Error validating request.-'bW' : The API interface is currently in Read-Only mode.",
         M.READ_ONLY),
        (321, "Error validating request.-'bV' : cause - Missing exchange", M.REJECTED),
        (420, "Invalid Real-time Query:No market data permissions for ARCA STK", M.NO_PERMISSION),
        (420, "Invalid Real-time Query:pacing violation", M.PACING),
    ],
)  # fmt: skip
def test_questions_by_their_text(code: int, text: str, meaning: Meaning) -> None:
    assert judge(code, C.REQUEST, text).meaning is meaning
    assert judge(code, C.SUBSCRIPTION, text).meaning is meaning


def test_read_only_says_what_to_untick() -> None:
    text = "Error validating request.-'bW' : The API interface is currently in Read-Only mode."
    for context, meaning in (
        (C.SYSTEM, M.READ_ONLY),
        (C.ORDER_NEW, M.REJECTED),
        (C.ORDER_CHANGE, M.CHANGE_REFUSED),
        (C.ORDER_CANCEL, M.CANCEL_REFUSED),
    ):
        verdict = judge(321, context, text)
        assert verdict.meaning is meaning
        assert "untick Read-Only API" in verdict.text
        assert text in verdict.text
    assert "untick" not in judge(321, C.ORDER_NEW, "cause - Missing exchange").text


@pytest.mark.parametrize(
    ("code", "meaning", "severity"),
    [
        (1100, M.LINE_BROKEN, Severity.WARNING),
        (1101, M.LINE_BACK_LOST, Severity.INFO),
        (1102, M.LINE_BACK_KEPT, Severity.INFO),
        (1300, M.PORT_CHANGED, Severity.ERROR),
        (2103, M.FEED_BROKEN, Severity.WARNING),
        (2105, M.FEED_BROKEN, Severity.WARNING),
        (2157, M.FEED_BROKEN, Severity.WARNING),
        (2104, M.FEED_OK, Severity.INFO),
        (2106, M.FEED_OK, Severity.INFO),
        (2158, M.FEED_OK, Severity.INFO),
        (2107, M.INFO, Severity.INFO),
        (2108, M.INFO, Severity.INFO),
        (2110, M.LINE_BROKEN, Severity.WARNING),
        (2119, M.INFO, Severity.INFO),
        (2199, M.INFO, Severity.INFO),
        (326, M.CLIENT_ID_IN_USE, Severity.ERROR),
        (99999, M.WARNING, Severity.WARNING),
    ],
)
def test_the_line_itself(code: int, meaning: Meaning, severity: Severity) -> None:
    verdict = judge(code, C.SYSTEM, "words of TWS")
    assert (verdict.meaning, verdict.severity) == (meaning, severity)
    assert not verdict.must_reread


def test_remarks_fail_no_question() -> None:
    remarks = (165, 366, 399, 2100, 2104, 2106, 2107, 2108, 2119, 2158, 10167)
    assert all(judge(code, C.REQUEST).meaning in HARMLESS for code in remarks)
    failures = (162, 200, 321, 354, 420, 99999)
    assert not any(judge(code, C.REQUEST).meaning in HARMLESS for code in failures)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("Order Canceled - reason:", "Order Canceled"),
        ("Order Canceled - reason: ", "Order Canceled"),
        (
            "Order rejected - reason:No trading permissions",
            "Order rejected - reason:No trading permissions",
        ),
        ("reason:", ""),
    ],
)
def test_an_empty_reason_is_not_shown(told: str, said: str) -> None:
    words = judge(202, Context.ORDER_LIVE, told).text
    assert words == judge(202, Context.ORDER_LIVE, said).text
    assert not words.rstrip(")").rstrip().lower().endswith("reason:")


def test_words() -> None:
    assert judge(110, C.ORDER_NEW, "The price").text.endswith("tick size (TWS 110: The price)")
    assert judge(110, C.ORDER_NEW).text.endswith("tick size (TWS 110)")
    assert judge(201, C.ORDER_NEW, "Order rejected - no margin").text == (
        "TWS 201: Order rejected - no margin"
    )
    assert judge(99999, C.ORDER_NEW).text == "TWS error 99999"

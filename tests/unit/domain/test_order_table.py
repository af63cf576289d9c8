"""The table itself: what it must and must never say, whatever its rows."""

from __future__ import annotations

import pytest

from app.domain.order_table import RESUME, TRANSITIONS, Trigger
from app.domain.order_types import CLOSED, IN_FLIGHT, OrderStatus, OrderType, Side, TimeInForce

S, T = OrderStatus, Trigger
LIVE = (S.HELD, S.WORKING, S.PARTIALLY_FILLED, S.TRIGGERED, S.SUSPENDED)
OPEN = (*LIVE, S.PENDING_NEW, S.PENDING_REPLACE, S.PENDING_CANCEL, S.UNKNOWN)


def test_no_event_leads_back_to_draft() -> None:
    assert S.DRAFT not in TRANSITIONS.values()


def test_every_status_can_be_reached() -> None:
    assert set(TRANSITIONS.values()) - {RESUME} == set(S) - {S.DRAFT}


@pytest.mark.parametrize("status", OPEN)
def test_whatever_is_open_can_be_filled_canceled_lost_and_asked_to_cancel(
    status: OrderStatus,
) -> None:
    stays = status in (S.PENDING_CANCEL, S.PENDING_REPLACE)
    assert TRANSITIONS[status, T.PARTIAL_FILL] is (status if stays else S.PARTIALLY_FILLED)
    assert TRANSITIONS[status, T.COMPLETE_FILL] is S.FILLED
    assert TRANSITIONS[status, T.CANCEL] is S.CANCELED
    assert TRANSITIONS[status, T.EXPIRE] is S.EXPIRED
    assert TRANSITIONS[status, T.LOSE_SIGHT] is S.UNKNOWN
    assert TRANSITIONS[status, T.REQUEST_CANCEL] is S.PENDING_CANCEL


@pytest.mark.parametrize("status", [status for status in S if status in CLOSED])
def test_what_is_closed_is_left_by_evidence_only(status: OrderStatus) -> None:
    ways_out = {
        trigger for (here, trigger), there in TRANSITIONS.items() if here is status is not there
    }
    assert ways_out <= {T.PARTIAL_FILL, T.COMPLETE_FILL, T.LOSE_SIGHT, T.REPLACED}
    assert TRANSITIONS[status, T.COMPLETE_FILL] is S.FILLED
    assert (status, T.ACCEPT) not in TRANSITIONS
    assert (status, T.SUBMIT) not in TRANSITIONS


def test_only_a_draft_is_submitted() -> None:
    assert [here for here, trigger in TRANSITIONS if trigger is T.SUBMIT] == [S.DRAFT]


def test_our_own_denial_never_ends_what_the_broker_has() -> None:
    denied = {here for here, trigger in TRANSITIONS if trigger is T.DENY}
    assert denied == {S.DRAFT, S.PENDING_NEW, S.PENDING_CANCEL, S.UNKNOWN}


def test_a_refused_request_falls_back() -> None:
    falls_back = {key for key, there in TRANSITIONS.items() if there is RESUME}
    assert falls_back == {
        (S.PENDING_REPLACE, T.REPLACED),
        (S.PENDING_REPLACE, T.REFUSE_REPLACE),
        (S.PENDING_CANCEL, T.REFUSE_CANCEL),
    }


def test_a_fill_beats_a_cancel() -> None:
    assert TRANSITIONS[S.PENDING_CANCEL, T.COMPLETE_FILL] is S.FILLED
    assert TRANSITIONS[S.CANCELED, T.COMPLETE_FILL] is S.FILLED


def test_words_about_statuses() -> None:
    assert all(status.is_closed for status in CLOSED)
    assert all(status.is_in_flight and status.is_open for status in IN_FLIGHT)
    assert S.UNKNOWN.is_open
    assert not S.DRAFT.is_open
    assert {status for status in S if not (status.is_open or status.is_closed)} == {S.DRAFT}


def test_words_about_orders() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY
    assert [kind for kind in OrderType if kind.has_limit] == [OrderType.LIMIT, OrderType.STOP_LIMIT]
    assert [kind for kind in OrderType if kind.has_stop] == [OrderType.STOP, OrderType.STOP_LIMIT]
    assert TimeInForce("gtc") is TimeInForce.GTC


def test_a_status_can_be_read_by_a_person() -> None:
    assert [status.words for status in (S.WORKING, S.PARTIALLY_FILLED, S.PENDING_NEW)] == [
        "Working",
        "Partially filled",
        "Pending new",
    ]

"""What the journal writes is what it reads, and what it cannot read it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import StoreError
from app.domain.instrument import Instrument
from app.domain.order_events import OrderAccepted, OrderEvent
from app.domain.request import OrderChange, OrderRequest
from app.store.codec import (
    EVENT_KINDS,
    decode,
    decode_event,
    encode,
    encode_event,
    from_json,
    to_json,
)
from tests.unit.store.samples import AT, SPY, accepted, initialized, records, request


@pytest.mark.parametrize("kind", sorted(EVENT_KINDS))
@given(data=st.data())
@settings(max_examples=30)
def test_every_event_comes_back_exactly(kind: str, data: st.DataObject) -> None:
    event = data.draw(records(EVENT_KINDS[kind]))
    stored_kind, text = encode_event(event)
    assert stored_kind == kind
    # repr tells what == does not: trailing zeros, the sign of zero, NaN, the kind of zone.
    assert repr(decode_event(kind, from_json(text))) == repr(event)


@given(st.sampled_from([OrderRequest, OrderChange, Instrument]).flatmap(records))
def test_every_part_comes_back_exactly(value: Any) -> None:
    assert repr(decode(type(value), from_json(to_json(encode(value))))) == repr(value)


def test_no_kind_of_event_is_forgotten() -> None:
    # By name: a class with slots leaves its first version among the subclasses for a while.
    kinds = {k.__name__ for k in OrderEvent.__subclasses__() if k.__module__.startswith("app.")}
    assert kinds == set(EVENT_KINDS)
    assert all(kind.__name__ == name for name, kind in EVENT_KINDS.items())


def test_times_are_stored_in_utc() -> None:
    here = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    _, text = encode_event(OrderAccepted(client_order_id=accepted().client_order_id, at=here))
    assert from_json(text)["at"] == "2024-03-12T14:30:00+00:00"


def test_a_field_that_came_later_may_be_absent() -> None:
    stored = encode(SPY)
    del stored["session"]
    assert decode(Instrument, stored) == SPY


def test_an_order_id_is_never_made_up() -> None:
    stored = encode(request())
    del stored["client_order_id"]
    with pytest.raises(StoreError, match="OrderRequest lacks client_order_id"):
        decode(OrderRequest, stored)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"side": "bought"}, "unknown Side 'bought'"),
        ({"side": 1}, "unknown Side 1"),
        ({"quantity": 10}, "text expected, found 10"),
        ({"quantity": "ten"}, "a decimal expected, found 'ten'"),
        ({"outside_hours": "yes"}, "true or false expected"),
        ({"oco_group": None}, "text expected, found None"),
        ({"instrument": "SPY"}, "Instrument expected, found 'SPY'"),
        ({"instrument": {**encode(SPY), "tick_size": "0"}}, "Instrument is not valid"),
        ({"instrument": {**encode(SPY), "expiry": "soon"}}, "a date expected, found 'soon'"),
        ({"surprise": 1, "another": 2}, "OrderRequest has no field another, surprise"),
        ({"oco_group": ["x" * 100]}, "found .{60}…"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint):
        decode(OrderRequest, {**encode(request()), **change})


@pytest.mark.parametrize(
    ("at", "complaint"),
    [
        ("yesterday", "a time expected"),
        ("2024-03-12T14:30:00", "a time with its zone expected"),
    ],
)
def test_times_without_a_moment_are_refused(at: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint):
        decode_event("OrderAccepted", {**encode(accepted()), "at": at})


@pytest.mark.parametrize("revision", ["1", True, 1.0])
def test_whole_numbers_are_whole_numbers(revision: Any) -> None:
    @dataclass
    class Counted:
        revision: int

    hints: dict[str, Any] = {"revision": int}
    Counted.__annotations__ = hints
    with pytest.raises(StoreError, match="a whole number expected"):
        decode(Counted, {"revision": revision})


def test_unknown_kinds_are_refused() -> None:
    class OrderVanished(OrderEvent):
        """No kind that the journal knows."""

    with pytest.raises(StoreError, match="unknown kind of order event 'OrderVanished'"):
        decode_event("OrderVanished", {})
    with pytest.raises(StoreError, match="OrderVanished is no kind of order event"):
        encode_event(OrderVanished(client_order_id=accepted().client_order_id, at=AT))


def test_a_time_without_a_zone_is_not_written() -> None:
    naive = AT.replace(tzinfo=None)
    with pytest.raises(StoreError, match="names no zone"):
        encode_event(OrderAccepted(client_order_id=accepted().client_order_id, at=naive))


@pytest.mark.parametrize("value", [1.5, [1], object()])
def test_foreign_types_are_not_written(value: Any) -> None:
    @dataclass
    class Holder:
        value: Any

    with pytest.raises(StoreError, match="cannot be stored"):
        encode(Holder(value))


@pytest.mark.parametrize("hint", [float, list[int], int | str | None])
def test_foreign_types_are_not_read(hint: Any) -> None:
    with pytest.raises(StoreError, match="cannot be stored"):
        decode(hint, 1)


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_json_is_strict(value: Any) -> None:
    with pytest.raises(StoreError, match="cannot be stored"):
        to_json({"value": value})


@pytest.mark.parametrize("text", ["", "{", '{"a": 1', "[" * 100_000])
def test_damaged_json_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="a stored record is damaged"):
        from_json(text)


def test_text_of_any_kind_survives() -> None:
    odd = "tab\t nul\x00 half \ud800 emoji \U0001f600"
    assert from_json(to_json(odd)) == odd
    assert to_json(odd).isascii()


def test_decimals_keep_their_zeros() -> None:
    event = initialized()
    _, text = encode_event(event)
    assert from_json(text)["request"]["limit_price"] == "501.20"
    assert decode(Instrument, encode(SPY)).tick_size == Decimal("0.01")
    assert datetime.fromisoformat(from_json(text)["at"]).tzinfo is UTC

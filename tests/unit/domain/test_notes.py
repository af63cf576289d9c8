"""Notes and tags as typed and as kept."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.ids import ClientOrderId, ConnectionId, ExecId
from app.domain.notes import Note, day_subject, fill_subject, one_line, order_subject, tags_of


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ()),
        (" , ; # ", ()),
        ("fomo", ("fomo",)),
        ("#Fomo #late", ("fomo", "late")),
        ("news, News;NEWS", ("news",)),
        ("A+ setup\tgap-up", ("a+", "setup", "gap-up")),
        ("Größe", ("grösse",)),
    ],
)
def test_tags_as_typed(typed: str, kept: tuple[str, ...]) -> None:
    assert tags_of(typed) == kept


def test_a_note_is_one_line() -> None:
    assert one_line("  too early,\r\n\n and too big\t ") == "too early, and too big"


def test_an_empty_note_is_none() -> None:
    assert not Note()
    assert Note("x")
    assert Note("", ("x",))


def test_subjects_are_told_apart() -> None:
    here = ConnectionId("ib")
    subjects = {
        day_subject(date(2026, 3, 2)),
        order_subject(here, ClientOrderId("7")),
        fill_subject(here, ExecId("7")),
        fill_subject(ConnectionId("ib2"), ExecId("7")),
    }
    assert len(subjects) == 4
    assert day_subject(date(2026, 3, 2)) == "day|2026-03-02"

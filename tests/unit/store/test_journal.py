"""The journal: order, durability, atomic appends, the audit trail and durable state."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import StoreError
from app.base.redaction import MASK
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.order_events import OrderEvent, OrderInitialized
from app.store.journal import AuditEntry, Journal, StateEntry, open_read_only
from tests.doubles.clock import FakeClock
from tests.unit.store.samples import AT, accepted, any_event, filled, initialized, request

LIFE: tuple[OrderEvent, ...] = (initialized(), accepted(), filled())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(file: Path) -> Iterator[Journal]:
    with Journal(file) as journal:
        yield journal


def test_what_was_appended_is_read_back_in_order(journal: Journal) -> None:
    journal.append(LIFE[:1]).result(30)
    journal.append(LIFE[1:]).result(30)
    assert tuple(journal.read_order_events()) == LIFE


def test_it_is_all_there_after_a_restart_and_goes_on(file: Path) -> None:
    with Journal(file) as journal:
        journal.append(LIFE[:2])
    with Journal(file) as journal:
        journal.append(LIFE[2:])
    with open_read_only(file) as reader:
        assert tuple(reader.order_events()) == LIFE
        assert [entry.seq for entry in reader.entries()] == [1, 2, 3]


def test_closing_writes_what_waits(file: Path) -> None:
    with Journal(file) as journal:
        futures = [journal.append([initialized(f"o{n}")]) for n in range(500)]
    assert all(future.done() and future.exception() is None for future in futures)
    with open_read_only(file) as reader:
        assert [e.client_order_id for e in reader.order_events()] == [f"o{n}" for n in range(500)]


def test_futures_are_answered_in_order_of_the_appends(journal: Journal) -> None:
    answered: list[int] = []

    def note(number: int) -> Callable[[Future[None]], None]:
        return lambda future: answered.append(number)

    # Whether the writer calls back or, being late, this thread does: never out of turn.
    for number in range(200):
        journal.append([accepted()]).add_done_callback(note(number))
    journal.append([]).result(30)
    assert answered == list(range(200))


def test_an_empty_append_waits_for_what_is_before_it(journal: Journal, file: Path) -> None:
    for _ in range(50):
        journal.append([accepted()])
    journal.append([]).result(30)
    with open_read_only(file) as reader:
        assert len(list(reader.entries())) == 50


def test_a_canceled_waiter_does_not_take_the_event_back(journal: Journal) -> None:
    future = journal.append([accepted()])
    assert not future.cancel()
    journal.append([]).result(30)
    assert list(journal.read_order_events()) == [accepted()]


def test_many_threads_lose_and_mix_nothing(journal: Journal) -> None:
    def write(thread: int) -> None:
        for number in range(50):
            ids = [f"t{thread}-{number}-a", f"t{thread}-{number}-b"]
            journal.append([initialized(order_id) for order_id in ids])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.append([]).result(30)
    ids = [event.client_order_id for event in journal.read_order_events()]
    assert len(ids) == 400
    for thread_number in range(4):
        own = [order_id for order_id in ids if order_id.startswith(f"t{thread_number}-")]
        assert own == [f"t{thread_number}-{n}-{leg}" for n in range(50) for leg in "ab"]
    assert all(b[:-1] == a[:-1] for a, b in zip(ids[::2], ids[1::2], strict=True))


@settings(max_examples=40)  # each writes files
@given(st.lists(st.lists(any_event(), max_size=3), max_size=4))
def test_any_events_survive(appends: list[list[OrderEvent]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        kept: list[OrderEvent] = []
        with Journal(Path(folder) / "journal.db") as journal:
            for events in appends:
                try:
                    future = journal.append(events)
                except StoreError:
                    # Ids that no table can hold (control characters) are refused as they come in.
                    assert any(not _is_storable(event) for event in events)
                else:
                    future.result(30)
                    kept += events
            assert repr(list(journal.read_order_events())) == repr(kept)


def _is_storable(event: OrderEvent) -> bool:
    names = [event.client_order_id]
    if isinstance(event, OrderInitialized):
        names.append(ClientOrderId(event.request.connection_id))
    execution = getattr(event, "execution", None)
    if execution is not None:
        names.append(execution.connection_id)
    return all(name.isprintable() for name in names)


def test_entries_know_their_connection_also_after_a_restart(file: Path) -> None:
    live = ConnectionId("ib-live")
    with Journal(file) as journal:
        journal.append([initialized("o1"), initialized("o2", live), accepted("o2")])
    with Journal(file) as journal:
        journal.append([accepted("o1"), accepted("o2"), accepted("o3"), filled("o3", live)])
        journal.append([accepted("o3")])
    with open_read_only(file) as reader:
        found = [(entry.client_order_id, entry.connection_id) for entry in reader.entries()]
    assert found == [
        *(("o1", "paper"), ("o2", "ib-live"), ("o2", "ib-live")),
        *(("o1", "paper"), ("o2", "ib-live"), ("o3", ""), ("o3", "ib-live"), ("o3", "ib-live")),
    ]


def test_entries_know_when_they_were_recorded(file: Path) -> None:
    clock = FakeClock()
    with Journal(file, clock) as journal:
        journal.append([initialized()]).result(30)
        clock.advance(90)
        journal.append([accepted()]).result(30)
        with open_read_only(file) as reader:
            moments = [entry.recorded_at for entry in reader.entries()]
    assert moments == [clock.now() - timedelta(seconds=90), clock.now()]


def test_the_life_of_one_order_is_read_alone(journal: Journal, file: Path) -> None:
    journal.append([initialized("one"), initialized("two"), accepted("one")]).result(30)
    with open_read_only(file) as reader:
        entries = list(reader.entries_of("one"))
        assert [(entry.seq, entry.event()) for entry in entries] == [
            (1, initialized("one")),
            (3, accepted("one")),
        ]
        assert list(reader.entries_of("nobody")) == []


def test_an_export_reads_beside_the_open_window(journal: Journal, file: Path) -> None:
    journal.append(LIFE[:1]).result(30)
    with open_read_only(file) as reader:
        assert len(list(reader.entries())) == 1
        journal.append(LIFE[1:]).result(30)
        entries = list(reader.entries())
    assert [entry.kind for entry in entries] == ["OrderInitialized", "OrderAccepted", "OrderFilled"]
    assert entries[2].payload["execution"]["price"] == "501.1900"
    assert entries[2].event() == LIFE[2]


def test_a_reader_in_the_middle_does_not_hold_up_the_writer(journal: Journal, file: Path) -> None:
    journal.append([initialized(f"o{n}") for n in range(100)]).result(30)
    with open_read_only(file) as reader:
        reading = reader.entries()
        next(reading)
        journal.append([accepted("o1")]).result(30)
        assert len(list(reading)) == 99


def test_a_reader_changes_nothing(journal: Journal, file: Path) -> None:
    journal.append(LIFE).result(30)
    with open_read_only(file) as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader._connection.execute("DELETE FROM events")
        assert len(list(reader.entries())) == 3


def test_one_append_is_all_or_nothing(journal: Journal) -> None:
    odd: Any = object()
    with pytest.raises(StoreError, match="object cannot be stored"):
        journal.append([initialized(), AuditEntry("arm", "on"), StateEntry("halted", odd)])
    journal.append([]).result(30)
    assert not list(journal.read_order_events())
    assert not list(journal.read_audit())


@pytest.mark.parametrize("order_id", ["a\x00b", "a\nb", "\ud800"])
def test_ids_that_no_table_can_hold_are_refused(journal: Journal, order_id: str) -> None:
    with pytest.raises(StoreError, match="no identifier may have"):
        journal.append([accepted(order_id)])


def test_after_closing_nothing_is_taken(file: Path) -> None:
    journal = Journal(file)
    journal.close()
    journal.close()
    with pytest.raises(StoreError, match="is closed"):
        journal.append([accepted()]).result(0)


def test_files_are_private(journal: Journal, file: Path) -> None:
    journal.append([accepted()]).result(30)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == dict.fromkeys(
        ("journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock"), 0o600
    )


def test_the_log_does_not_grow_without_end(journal: Journal, file: Path) -> None:
    for n in range(12):
        journal.append([initialized(f"{n}-{i}") for i in range(1000)]).result(10)
    journal.append([]).result(30)
    assert file.stat().st_size > 8_000_000
    assert file.with_name("journal.db-wal").stat().st_size < 8_000_000


class TestAudit:
    def test_facts_are_kept_in_order(self, file: Path) -> None:
        clock = FakeClock()
        with Journal(file, clock) as journal:
            journal.audit("trading.armed", "armed by key", "paper", key="Ctrl+Alt+A")
            journal.append([AuditEntry("kill-switch", "halted by the trader")]).result(30)
            records = list(journal.read_audit())
        assert [(r.seq, r.kind, r.connection_id, r.text, r.fields) for r in records] == [
            (1, "trading.armed", "paper", "armed by key", {"key": "Ctrl+Alt+A"}),
            (2, "kill-switch", "", "halted by the trader", {}),
        ]
        assert {record.recorded_at for record in records} == {clock.now()}

    def test_secrets_are_kept_out(self, journal: Journal, file: Path) -> None:
        journal.audit("connect", "token=abcdef123456", url="wss://x?api_key=qwertyuiop").result(30)
        (record,) = journal.read_audit()
        assert record.text == f"token={MASK}"
        assert record.fields == {"url": f"wss://x?api_key={MASK}"}

    def test_text_that_is_no_text_is_kept_readable(self, journal: Journal) -> None:
        journal.audit("open", "file \udcff.csv").result(30)
        assert [record.text for record in journal.read_audit()] == ["file \\udcff.csv"]


class TestState:
    @pytest.mark.parametrize("value", [None, True, "halted", {"a": [1, 2.5]}, []])
    def test_a_value_survives(self, file: Path, value: Any) -> None:
        with Journal(file) as journal:
            journal.put_state("risk", "something else")
            journal.put_state("risk", value).result(30)
            assert journal.get_state("risk") == value
        with Journal(file) as journal:
            assert journal.get_state("risk") == value
            assert journal.get_state("never put") is None
        with open_read_only(file) as reader:
            assert list(reader.state()) == ["risk"]

    def test_what_is_handed_out_is_a_copy(self, journal: Journal) -> None:
        journal.put_state("links", {"red": ["SPY"]}).result(30)
        journal.get_state("links")["red"].append("QQQ")
        assert journal.get_state("links") == {"red": ["SPY"]}


class TestDamage:
    """A changed, missing or unreadable record is named, never skipped or guessed at."""

    def spoil(self, file: Path, *statements: str) -> None:
        with Journal(file) as journal:
            journal.append([*LIFE, accepted(), accepted()])
        with closing(sqlite3.connect(file)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    @pytest.mark.parametrize(
        ("statement", "record"),
        [
            ("UPDATE events SET payload = replace(payload, '501.20', '501.30') WHERE seq = 1", 1),
            ("UPDATE events SET client_order_id = 'o2' WHERE seq = 2", 2),
            ("UPDATE events SET kind = 'OrderCanceled' WHERE seq = 2", 2),
            ("DELETE FROM events WHERE seq = 3", 3),
            ("DELETE FROM events WHERE seq = 1", 1),
        ],
    )
    def test_a_changed_record_is_found(self, file: Path, statement: str, record: int) -> None:
        self.spoil(file, statement)
        with Journal(file) as journal:
            read: list[OrderEvent] = []
            with pytest.raises(StoreError, match=f"at record {record} .*Restore it from a backup"):
                read.extend(journal.read_order_events())
        with open_read_only(file) as reader, pytest.raises(StoreError, match="was changed"):
            list(reader.entries())

    def test_records_in_another_order_are_found(self, file: Path) -> None:
        self.spoil(
            file,
            "UPDATE events SET seq = 99 WHERE seq = 4",
            "UPDATE events SET seq = 4 WHERE seq = 5",
            "UPDATE events SET seq = 5 WHERE seq = 99",
        )
        with Journal(file) as journal, pytest.raises(StoreError, match="at record 4"):
            list(journal.read_order_events())

    def test_damage_that_comes_after_the_opening_is_named(self, file: Path) -> None:
        with Journal(file) as journal:
            journal.append([initialized(f"o{n}") for n in range(200)])
        with open_read_only(file) as reader:
            with file.open("r+b") as stream:
                stream.seek(4096 * 8)
                stream.write(b"\x5a" * 4096 * 8)
            with pytest.raises(StoreError, match="is damaged"):
                list(reader.entries())
        with pytest.raises(StoreError, match=r"cannot be used .*closed"):
            list(reader.entries())

    def test_an_audit_record_that_cannot_be_read_is_named(self, file: Path) -> None:
        with Journal(file) as journal:
            journal.audit("arm", "on")
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("UPDATE audit SET fields = '{'")
            connection.commit()
        with open_read_only(file) as reader, pytest.raises(StoreError, match="at record 1"):
            list(reader.audit())

    def test_a_cut_off_log_leaves_whole_appends(self, file: Path, tmp_path: Path) -> None:
        pairs = [[initialized(f"a{n}"), initialized(f"b{n}")] for n in range(20)]
        with Journal(file) as journal:
            for pair in pairs:
                journal.append(pair).result(30)
            whole = file.with_name("journal.db-wal").read_bytes()
            main = file.read_bytes()
        kept: set[int] = set()
        for size in range(0, len(whole), 3001):
            other = tmp_path / f"cut-{size}"
            other.mkdir()
            (other / "journal.db").write_bytes(main)
            (other / "journal.db-wal").write_bytes(whole[:size])
            with Journal(other / "journal.db") as journal:
                ids = [event.client_order_id for event in journal.read_order_events()]
                journal.append([accepted("later")]).result(30)
                assert len(list(journal.read_order_events())) == len(ids) + 1
            assert ids == [f"{leg}{n}" for n in range(len(ids) // 2) for leg in "ab"]
            kept.add(len(ids))
        assert len(kept) > 5


def test_a_mistake_in_the_writer_hangs_nobody(
    journal: Journal, expected_logs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(rows: Sequence[Any]) -> None:
        raise KeyError("a mistake of ours")

    with expected_logs("failed on something else than the disk", level="ERROR"):
        monkeypatch.setattr(journal, "_numbered", fail)
        with pytest.raises(StoreError, match="a mistake of ours"):
            journal.append([accepted()]).result(30)
    monkeypatch.undo()
    journal.append([accepted()]).result(30)
    assert list(journal.read_order_events()) == [accepted()]


def test_the_request_that_is_journaled_is_the_one_that_was_made(journal: Journal) -> None:
    journal.append([initialized("o7")]).result(30)
    (event,) = journal.read_order_events()
    assert isinstance(event, OrderInitialized)
    assert (event.request, event.at) == (request("o7"), AT)

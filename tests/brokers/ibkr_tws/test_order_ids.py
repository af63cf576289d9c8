"""Numbers of orders are on disk before anything is sent, and never given twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.brokers.ibkr_tws import order_ids
from app.brokers.ibkr_tws.order_ids import Numbered, OrderIds
from app.domain.ids import ClientOrderId, new_client_order_id


def numbered(order_id: int, client_id: int = 17) -> Numbered:
    return Numbered(order_id, client_id, new_client_order_id())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "numbers.txt"


def reopened(path: Path, **more: int) -> OrderIds:
    ids = OrderIds(path, **more)
    ids.close()
    return ids


def test_what_was_written_is_known_after_a_restart(path: Path) -> None:
    ids = OrderIds(path)
    first, second, other = numbered(5), numbered(6), numbered(900, client_id=3)
    ids.write([first])
    ids.write([second, other])
    ids.close()
    ids.close()
    again = reopened(path)
    assert [again.of(n.ref) for n in (first, second, other)] == [first, second, other]
    assert (again.highest(17), again.highest(3), again.highest(4)) == (6, 900, 0)
    assert again.of(None) is None
    assert again.of(ClientOrderId("f" * 32)) is None


def test_a_group_is_one_write_and_then_the_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = OrderIds(path)
    done: list[str] = []
    write, to_disk = os.write, order_ids._to_disk

    def noted_write(file: int, data: bytes) -> int:
        done.append("write")
        return write(file, data)

    def noted_disk(file: int) -> None:
        done.append("disk")
        to_disk(file)

    monkeypatch.setattr(os, "write", noted_write)
    monkeypatch.setattr(order_ids, "_to_disk", noted_disk)
    ids.write([numbered(1), numbered(2), numbered(3)])
    assert done == ["write", "disk"]
    ids.close()


def test_the_file_is_laid_out_ahead(path: Path) -> None:
    ids = OrderIds(path, block_bytes=1024)
    size = path.stat().st_size
    assert size >= 1024
    for order_id in range(20):
        ids.write([numbered(order_id)])
    assert path.stat().st_size == size
    for order_id in range(20, 60):
        ids.write([numbered(order_id)])
    assert path.stat().st_size > size
    ids.close()
    assert len(reopened(path)) == 60


@pytest.mark.parametrize("torn_at", range(1, 40))
def test_a_torn_last_line_costs_only_itself(path: Path, torn_at: int) -> None:
    ids = OrderIds(path)
    kept, torn = numbered(7), numbered(8)
    ids.write([kept])
    end = len(f"7 17 {kept.ref}\n")
    ids.write([torn])
    ids.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: end + torn_at])
    ids = OrderIds(path)
    is_whole = torn_at >= len(f"8 17 {torn.ref}\n")
    assert ids.of(kept.ref) == kept
    assert ids.of(torn.ref) == (torn if is_whole else None)
    later = numbered(9)
    ids.write([later])
    ids.close()
    again = reopened(path)
    assert (again.of(kept.ref), again.of(later.ref)) == (kept, later)


def test_a_block_of_zeros_is_no_order(path: Path) -> None:
    kept = numbered(3)
    path.write_bytes(f"3 17 {kept.ref}\n".encode() + b"\0" * 300)
    ids = OrderIds(path)
    later = numbered(4)
    ids.write([later])
    ids.close()
    assert len(reopened(path)) == 2


def test_rubbish_in_the_middle_is_left_out(path: Path) -> None:
    first, last = numbered(1), numbered(2)
    path.write_text(f"1 17 {first.ref}\nwhat is this\n2 17 {last.ref}\n")
    again = reopened(path)
    assert len(again) == 2
    assert again.highest(17) == 2


def test_it_is_shortened_to_what_is_recent_and_keeps_the_highest(path: Path) -> None:
    ids = OrderIds(path)
    highest_of_three = numbered(900, client_id=3)
    ids.write([numbered(7), highest_of_three, *(numbered(n) for n in range(1, 30))])
    ids.close()
    again = reopened(path, keep=10)
    assert len(again) == 11
    assert (again.highest(3), again.highest(17)) == (900, 29)
    assert len(path.read_bytes().split()) == 33


def test_a_full_disk_is_told_and_nothing_is_known_of_the_order(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = OrderIds(path)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    given = numbered(1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            ids.write([given])
    assert ids.of(given.ref) is None
    later = numbered(2)
    ids.write([later])
    ids.close()
    assert len(reopened(path)) == 1


@settings(max_examples=40)  # each writes files
@given(st.lists(st.integers(1, 2**31 - 1), min_size=1, max_size=30), st.data())
def test_numbers_survive_any_cut(tmp_path_factory: pytest.TempPathFactory,
                                 order_ids: list[int], data: st.DataObject) -> None:  # fmt: skip
    path = tmp_path_factory.mktemp("ids") / "numbers.txt"
    ids = OrderIds(path, block_bytes=256)
    given_out = [numbered(order_id) for order_id in order_ids]
    lengths = []
    for each in given_out:
        ids.write([each])
        lengths.append(len(f"{each.order_id} {each.client_id} {each.ref}\n"))
    ids.close()
    cut = data.draw(st.integers(0, sum(lengths)))
    path.write_bytes(path.read_bytes()[:cut])
    again = reopened(path)
    end = 0
    for each, length in zip(given_out, lengths, strict=True):
        end += length
        assert again.of(each.ref) == (each if end <= cut else None)

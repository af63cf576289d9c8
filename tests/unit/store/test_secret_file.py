"""The encrypted file: what it keeps, what it refuses, and that nobody reads it by the way."""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import stat
import threading
import traceback
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import StoreError, UserError
from app.base.redaction import forget_secrets
from app.store import secret_cipher
from app.store.secret_cipher import DamagedError, Names
from app.store.secret_file import SecretFile
from app.store.vault_errors import VaultLockedError, WrongPassphraseError

CHEAP = 2**10
PASSPHRASE, OTHER = "correct horse battery", "staple of another kind"
KEY = secret_cipher.derive(PASSPHRASE, CHEAP)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secrets.enc"


@pytest.fixture
def file(path: Path) -> SecretFile:
    made = SecretFile(path, CHEAP)
    made.create(PASSPHRASE)
    return made


NAMES = st.text(alphabet="abz-/", min_size=1, max_size=8)


@settings(max_examples=50)
@given(st.dictionaries(NAMES, st.text(max_size=3000), max_size=4), st.frozensets(NAMES, max_size=2))
def test_what_is_sealed_comes_back(values: dict[str, str], ahead: frozenset[str]) -> None:
    sealed = secret_cipher.parse(secret_cipher.seal(KEY, values, ahead))
    assert sealed.names == Names(frozenset(values), ahead & values.keys())
    assert secret_cipher.open_sealed(sealed, KEY) == values


@settings(max_examples=200)
@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    whole = bytearray(secret_cipher.seal(KEY, {"ib/token": "hunter2-hunter2"}))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedError):
        secret_cipher.parse(bytes(whole))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_such_file_are_refused(data: bytes) -> None:
    with pytest.raises(DamagedError):
        secret_cipher.parse(data)


def _forged(data: bytes, **fields: object) -> bytes:
    """The file with another header and a checksum that fits again."""
    header, body, *_ = data.split(b"\n")
    changed = json.dumps({**json.loads(header), **fields}).encode()
    lines = changed + b"\n" + body + b"\n"
    return lines + hashlib.sha256(lines).hexdigest().encode() + b"\n"


def test_a_forged_header_does_not_open() -> None:
    data = _forged(secret_cipher.seal(KEY, {"a/b": "x"}), names=["a/b", "a/c"])
    with pytest.raises(DamagedError, match="does not know its key"):
        secret_cipher.open_sealed(secret_cipher.parse(data), KEY)


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 2},
        {"format": "other"},
        {"kdf": {"name": "scrypt", "n": 2**30, "r": 8, "p": 1}},
        {"kdf": {"name": "md5", "n": 1024, "r": 8, "p": 1}},
        {"salt": "AAAA"},
        {"nonce": "not base64"},
        {"names": 7},
    ],
)
def test_headers_that_cannot_be_used_are_refused(fields: dict[str, object]) -> None:
    data = _forged(secret_cipher.seal(KEY, {"a/b": "x"}), **fields)
    with pytest.raises(DamagedError):
        secret_cipher.parse(data)


def test_a_newer_file_is_said_to_be_newer(file: SecretFile, path: Path) -> None:
    path.write_bytes(_forged(path.read_bytes(), version=2))
    with pytest.raises(StoreError, match="newer Moorgate"):
        file.names()


def test_strength_and_cipher_are_what_is_promised() -> None:
    assert secret_cipher.COST >= 2**15
    header = json.loads(secret_cipher.seal(KEY, {}).split(b"\n")[0])
    assert header["kdf"] == {"name": "scrypt", "n": CHEAP, "r": 8, "p": 1}
    assert len(base64.b64decode(header["salt"])) == 16
    one, two = (secret_cipher.seal(KEY, {"a/b": "x"}) for _ in range(2))
    assert one.split(b"\n")[1] != two.split(b"\n")[1], "a nonce is used once"
    for part in ("secret", "check"):
        assert repr(getattr(KEY, part)) not in repr(KEY)
    assert "body" not in repr(secret_cipher.parse(one))


def test_values_survive_a_restart_and_are_never_in_clear(file: SecretFile, path: Path) -> None:
    file.write("ib/token", "hunter2-hunter2")
    file.write("ib/pin", "€𝄞\n\0")
    raw = path.read_bytes()
    assert b"hunter2" not in raw
    assert base64.b64encode(b"hunter2-hunter2")[:12] not in raw
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = SecretFile(path)
    assert again.names().kept == {"ib/token", "ib/pin"}
    with pytest.raises(VaultLockedError):
        again.read("ib/token")
    again.unlock(PASSPHRASE)
    assert again.read("ib/token") == "hunter2-hunter2"
    assert again.read("ib/pin") == "€𝄞\n\0"
    assert again.read("ib/other") is None
    again.delete("ib/token")
    again.delete("ib/token")
    assert file.read("ib/token") is None, "the other one sees it at once"
    again.lock()
    assert not again.is_open


def test_a_wrong_passphrase_changes_nothing(file: SecretFile, path: Path) -> None:
    file.write("ib/token", "hunter2-hunter2")
    before = path.read_bytes()
    again = SecretFile(path, CHEAP)
    with pytest.raises(WrongPassphraseError):
        again.unlock(OTHER)
    assert not again.is_open
    with pytest.raises(WrongPassphraseError):
        file.change_passphrase(OTHER, "new and better")
    with pytest.raises(UserError, match="empty"):
        file.change_passphrase(PASSPHRASE, "")
    with pytest.raises(UserError, match="already"):
        again.create(OTHER)
    assert path.read_bytes() == before
    assert file.read("ib/token") == "hunter2-hunter2"


def test_a_changed_passphrase_locks_the_others_out(file: SecretFile, path: Path) -> None:
    file.write("ib/token", "hunter2-hunter2", is_ahead=True)
    other = SecretFile(path, CHEAP)
    other.unlock(PASSPHRASE)
    file.change_passphrase(PASSPHRASE, OTHER)
    assert file.read("ib/token") == "hunter2-hunter2"
    assert file.names().ahead == {"ib/token"}
    with pytest.raises(VaultLockedError, match="changed by another program"):
        other.read("ib/token")
    assert not other.is_open
    with pytest.raises(WrongPassphraseError):
        other.unlock(PASSPHRASE)
    other.unlock(OTHER)


def test_one_passphrase_however_it_is_composed(path: Path) -> None:
    SecretFile(path, CHEAP).create("mañana")
    SecretFile(path, CHEAP).unlock("man\u0303ana")


def test_a_damaged_file_is_told_and_left(file: SecretFile, path: Path) -> None:
    file.write("ib/token", "hunter2-hunter2")
    path.write_bytes(path.read_bytes()[:-40])
    damaged = path.read_bytes()
    for act in (
        file.names,
        lambda: file.read("ib/token"),
        lambda: file.write("ib/token", "new"),
        lambda: file.unlock(PASSPHRASE),
        lambda: file.change_passphrase(PASSPHRASE, OTHER),
    ):
        with pytest.raises(StoreError, match=r"cannot be used.*left as it\s*is"):
            act()
    assert path.read_bytes() == damaged


def test_a_file_that_went_away_is_a_new_start(file: SecretFile, path: Path) -> None:
    path.unlink()
    assert file.read("ib/token") is None
    with pytest.raises(VaultLockedError) as refused:
        file.write("ib/token", "x")
    assert refused.value.is_new
    assert not file.is_open


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "secrets.enc").mkdir()
    with pytest.raises(StoreError, match="Check its permissions"):
        SecretFile(tmp_path / "secrets.enc").names()


def _write_many(path: Path, who: str, together: Barrier) -> None:
    file = SecretFile(path, CHEAP)
    file.unlock(PASSPHRASE)
    together.wait(60)
    for number in range(10):
        file.write(f"{who}/{number}", who * 20)


def test_two_programs_lose_nothing_of_each_other(file: SecretFile, path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(3)
    others = [
        spawn.Process(target=_write_many, args=(path, who, together)) for who in ("left", "right")
    ]
    for other in others:
        other.start()
    _write_many(path, "mine", together)
    for other in others:
        other.join(60)
        assert other.exitcode == 0
        other.close()
    assert len(file.names().kept) == 30


def test_threads_read_while_one_writes(file: SecretFile) -> None:
    file.write("ib/token", "value-0")
    wrong: list[object] = []

    def read() -> None:
        for _ in range(50):
            value = file.read("ib/token")
            if value is None or not value.startswith("value-"):
                wrong.append(value)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(15):
        file.write("ib/token", f"value-{number}")
    for reader in readers:
        reader.join(30)
    assert wrong == []


def test_no_trace_shows_a_passphrase_or_a_value(file: SecretFile, path: Path) -> None:
    file.write("ib/token", "hunter2-hunter2")
    forget_secrets()
    try:
        SecretFile(path).unlock(OTHER)
    except WrongPassphraseError as error:
        text = "".join(traceback.format_exception(error))
        assert OTHER not in text
    assert "hunter2" not in repr(vars(file))

"""The vault: which place a secret comes from and goes to, and what is said where it cannot."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
from keyring.backend import KeyringBackend

from app.base import log as base_log
from app.base.errors import StoreError, UserError
from app.base.paths import Paths
from app.base.redaction import forget_secrets, redact
from app.store.secrets import variable_name
from app.store.vault import Place, Vault
from app.store.vault_errors import KeyringError, VaultLockedError
from tests.doubles.keyrings import LockedKeyring, MemoryKeyring, NarrowKeyring, use

CHEAP = 2**10
PASSPHRASE, SECRET, NEWER = "correct horse battery", "hunter2-hunter2", "tr0ub4dor-and-3"
VARIABLE = "MOORGATE_SECRET_IB_PAPER_API_KEY"


@pytest.fixture(autouse=True)
def _nothing_stays_hidden() -> Iterator[None]:
    yield
    forget_secrets()


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    backend = MemoryKeyring()
    use(monkeypatch, backend)
    return backend


def vault(home: Paths, **environ: str) -> Vault:
    return Vault(home, environ, cost=CHEAP)


def opened(home: Paths) -> Vault:
    made = vault(home)
    made.unlock(PASSPHRASE)
    return made


# ---- reading ----


def test_the_environment_comes_first_then_the_keyring_then_the_file(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(home).write("ib-paper", "api-key", "from the file")
    one = vault(home, MOORGATE_PASSPHRASE=PASSPHRASE)
    assert one.read("ib-paper", "api-key") == "from the file"
    backend = MemoryKeyring()
    use(monkeypatch, backend)
    backend.held["moorgate", "ib-paper/api-key"] = "from the keyring"
    assert one.read("ib-paper", "api-key") == "from the keyring"
    assert variable_name("ib-paper", "api-key") == VARIABLE
    environ = {VARIABLE: "from the environment"}
    assert Vault(home, environ).read("ib-paper", "api-key") == "from the environment"
    assert Vault(home, {VARIABLE: ""}).read("ib-paper", "api-key") == "from the keyring"
    shown = redact("from the file, from the keyring, from the environment")
    assert shown == "[redacted], [redacted], [redacted]"


def test_without_any_the_places_are_named(home: Paths) -> None:
    with pytest.raises(UserError) as refused:
        vault(home).read("ib-paper", "api-key")
    for place in ("File > Settings > Vault", "moorgate secrets set ib-paper api-key", VARIABLE):
        assert place in str(refused.value)


def test_a_locked_keyring_is_not_taken_for_an_empty_one(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, LockedKeyring())
    with pytest.raises(UserError, match="cannot be had now") as refused:
        vault(home).read("ib-paper", "api-key")
    assert "Failed to unlock the collection" in str(refused.value)
    assert "there is none" not in str(refused.value)


def test_a_locked_file_says_how_to_open_it(home: Paths) -> None:
    opened(home).write("ib-paper", "api-key", SECRET)
    with pytest.raises(VaultLockedError, match="MOORGATE_PASSPHRASE") as refused:
        vault(home).read("ib-paper", "api-key")
    assert not refused.value.is_new
    wrong = vault(home, MOORGATE_PASSPHRASE="another one")
    with pytest.raises(VaultLockedError, match="does not hold the passphrase"):
        wrong.read("ib-paper", "api-key")


def test_a_damaged_file_does_not_hide_what_the_keyring_holds(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened(home)
    one.write("ib-paper", "pin", "in the file")
    one.file.path.write_bytes(b"rubbish")
    with pytest.raises(UserError, match=r"ib-paper needs its secret 'pin'.*cannot be used"):
        one.read("ib-paper", "pin")
    with pytest.raises(StoreError, match="cannot be used"):
        one.delete("ib-paper", "pin")
    assert [entry.place for entry in one.entries([("ib-paper", "pin")])] == [Place.UNKNOWN]
    backend = MemoryKeyring()
    use(monkeypatch, backend)
    assert one.write("ib-paper", "api-key", SECRET) is Place.KEYRING
    assert one.read("ib-paper", "api-key") == SECRET


@pytest.mark.parametrize("value", ["", "x" * 50_001, "\ud800"])
def test_what_cannot_be_a_secret_is_refused(home: Paths, memory: MemoryKeyring, value: str) -> None:
    with pytest.raises(UserError, match="the secret"):
        vault(home).write("ib-paper", "api-key", value)
    assert memory.held == {}


@pytest.mark.parametrize("name", ["", "a/b", "a#2", "a b", "-x", "é"])
def test_names_that_would_be_mistaken_are_refused(home: Paths, name: str) -> None:
    for act in (vault(home).read, vault(home).delete):
        with pytest.raises(UserError, match="cannot name a secret"):
            act(name, "field")
        with pytest.raises(UserError, match="cannot name a secret"):
            act("connection", name)


# ---- writing ----


def test_it_goes_to_the_keyring_where_one_works(home: Paths, memory: MemoryKeyring) -> None:
    one = vault(home)
    assert not one.needs_passphrase()
    assert one.write("ib-paper", "api-key", SECRET) is Place.KEYRING
    assert memory.held == {("moorgate", "ib-paper/api-key"): SECRET}
    assert not one.file.exists
    assert redact(SECRET) == "[redacted]"


def test_it_goes_to_the_file_where_none_works(home: Paths) -> None:
    one = vault(home)
    assert one.needs_passphrase()
    with pytest.raises(VaultLockedError) as refused:
        one.write("ib-paper", "api-key", SECRET)
    assert refused.value.is_new
    assert SECRET not in str(refused.value)
    one.unlock(PASSPHRASE)
    assert not one.needs_passphrase()
    assert one.write("ib-paper", "api-key", SECRET) is Place.FILE
    assert one.read("ib-paper", "api-key") == SECRET
    one.lock()
    assert one.is_locked


def test_automation_needs_only_the_variable(home: Paths) -> None:
    one = vault(home, MOORGATE_PASSPHRASE=PASSPHRASE)
    assert one.write("ib-paper", "api-key", SECRET) is Place.FILE
    again = vault(home, MOORGATE_PASSPHRASE=PASSPHRASE)
    assert again.read("ib-paper", "api-key") == SECRET


def test_a_locked_keyring_leaves_it_to_the_file_which_is_then_the_newer_one(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LockedKeyring()
    use(monkeypatch, backend)
    backend.held["moorgate", "ib-paper/api-key"] = "an old one"
    one = vault(home)
    with pytest.raises(VaultLockedError, match="Failed to unlock the collection"):
        one.write("ib-paper", "api-key", SECRET)
    one.unlock(PASSPHRASE)
    assert one.write("ib-paper", "api-key", SECRET) is Place.FILE
    backend.is_locked = False
    assert one.read("ib-paper", "api-key") == SECRET, "never the old one again"
    one.lock()
    with pytest.raises(VaultLockedError):
        one.write("ib-paper", "api-key", NEWER)
    with pytest.raises(VaultLockedError):
        one.read("ib-paper", "api-key")
    one.unlock(PASSPHRASE)
    assert one.write("ib-paper", "api-key", NEWER) is Place.KEYRING
    assert one.file.names().kept == frozenset()
    assert one.read("ib-paper", "api-key") == NEWER


def test_a_value_beyond_the_limit_of_windows_comes_back(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, NarrowKeyring())
    one, long = vault(home), "€" * 4000
    one.write("ib-paper", "api-key", long)
    assert one.read("ib-paper", "api-key") == long
    one.delete("ib-paper", "api-key")
    with pytest.raises(UserError, match="there is none"):
        one.read("ib-paper", "api-key")


# ---- deleting ----


def test_it_is_deleted_wherever_it_is(home: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    one = opened(home)
    one.write("ib-paper", "api-key", "in the file")
    backend = MemoryKeyring()
    use(monkeypatch, backend)
    backend.held["moorgate", "ib-paper/api-key"] = "in the keyring"
    one.delete("ib-paper", "api-key")
    assert backend.held == {}
    assert one.file.names().kept == frozenset()
    with pytest.raises(UserError, match="there is no secret 'api-key' of ib-paper"):
        one.delete("ib-paper", "api-key")
    with pytest.raises(UserError, match=f"unset {VARIABLE}"):
        Vault(home, {VARIABLE: SECRET}).delete("ib-paper", "api-key")


def test_what_cannot_be_deleted_stays_and_is_told(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened(home)
    one.write("ib-paper", "api-key", SECRET)
    one.lock()
    with pytest.raises(VaultLockedError):
        one.delete("ib-paper", "api-key")
    backend = LockedKeyring()
    use(monkeypatch, backend)
    one.unlock(PASSPHRASE)
    with pytest.raises(KeyringError, match="did not read"):
        one.delete("ib-paper", "api-key")
    assert one.file.names().kept == {"ib-paper/api-key"}


def test_a_connection_that_goes_takes_all_of_its_own_along(
    home: Paths, memory: MemoryKeyring
) -> None:
    one = vault(home)
    for field in ("api-key", "pin"):
        one.write("ib-paper", field, SECRET)
        one.write("ib", field, SECRET)
    memory.held["moorgate", "ib-paper/token"] = "put there by hand"
    assert sorted(one.delete_all("ib-paper", ["token", "other"])) == ["api-key", "pin", "token"]
    assert memory.users() == {"ib/api-key", "ib/pin"}
    assert [entry.connection_id for entry in one.entries()] == ["ib", "ib"]
    assert one.delete_all("ib-paper", ["token"]) == []


# ---- telling ----


def test_what_is_where_without_a_value(home: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(home).write("ib-paper", "pin", SECRET)
    use(monkeypatch, MemoryKeyring())
    one = vault(home, MOORGATE_SECRET_IB_PAPER_API_KEY=SECRET)
    one.write("ib-paper", "token", SECRET)
    one.write("gone", "token", SECRET)
    wanted = [("ib-paper", field) for field in ("api-key", "token", "pin", "missing")]
    entries = one.entries(wanted)
    assert [(e.connection_id, e.field, e.place, e.is_set) for e in entries] == [
        ("ib-paper", "api-key", Place.ENVIRONMENT, True),
        ("ib-paper", "token", Place.KEYRING, True),
        ("ib-paper", "pin", Place.FILE, True),
        ("ib-paper", "missing", Place.NOWHERE, False),
        ("gone", "token", Place.KEYRING, True),
    ]
    assert entries[0].text == VARIABLE
    assert entries[2].text == "locked"
    assert SECRET not in repr(entries)


def test_a_keyring_that_does_not_answer_is_asked_once(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LockedKeyring()
    use(monkeypatch, backend)
    entries = vault(home).entries([("ib-paper", "api-key"), ("ib-paper", "pin")])
    assert [entry.place for entry in entries] == [Place.UNKNOWN, Place.UNKNOWN]
    assert not any(entry.is_set for entry in entries)
    assert len(backend.calls) == 1


def test_only_what_a_locked_file_holds_waits_for_a_person(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [("ib-paper", "api-key"), ("ib-paper", "pin"), ("ib-live", "api-key")]
    assert vault(home).held_back(wanted) == []
    one = opened(home)
    for connection_id, field in wanted[:2]:
        one.write(connection_id, field, SECRET)
    assert one.held_back(wanted) == [], "it is open"
    assert vault(home).held_back(wanted) == wanted[:2]
    assert vault(home).held_back([("ib-live", "api-key")]) == []
    assert vault(home, MOORGATE_PASSPHRASE=PASSPHRASE).held_back(wanted) == []
    assert vault(home, MOORGATE_PASSPHRASE="wrong").held_back(wanted) == wanted[:2]
    assert vault(home, **{VARIABLE: SECRET}).held_back(wanted) == wanted[1:2]
    backend = LockedKeyring()
    use(monkeypatch, backend)
    assert vault(home).held_back(wanted) == wanted[:2]
    backend.is_locked = False
    backend.held["moorgate", "ib-paper/pin"] = SECRET
    assert vault(home).held_back(wanted) == wanted[:1]


@pytest.mark.parametrize("kind", [MemoryKeyring, NarrowKeyring])
def test_the_test_of_a_keyring_leaves_nothing(
    home: Paths, monkeypatch: pytest.MonkeyPatch, kind: type[MemoryKeyring]
) -> None:
    backend = kind()
    use(monkeypatch, backend)
    verdict = vault(home).test()
    assert (verdict.place, verdict.works) == (Place.KEYRING, True)
    assert backend.held == {}
    assert {what for what, _ in backend.calls} == {"get", "set", "delete"}


def test_the_test_of_a_keyring_that_refuses(home: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, LockedKeyring())
    verdict = vault(home).test()
    assert (verdict.place, verdict.works) == (Place.KEYRING, False)
    assert "Failed to unlock" in verdict.text


def test_the_test_of_the_file(home: Paths) -> None:
    def tried(one: Vault) -> tuple[Place, bool]:
        verdict = one.test()
        assert "No keyring works" in verdict.text or "MOORGATE_PASSPHRASE" in verdict.text
        return verdict.place, verdict.works

    before = set(home.home.iterdir())
    assert tried(vault(home)) == (Place.FILE, False), "there is none, and no passphrase"
    automatic = vault(home, MOORGATE_PASSPHRASE=PASSPHRASE)
    assert tried(automatic) == (Place.FILE, True)
    assert set(home.home.iterdir()) == before, "the first secret makes the file, not the test"
    opened(home)
    assert tried(vault(home)) == (Place.FILE, False), "locked"
    assert tried(automatic) == (Place.FILE, True)
    assert automatic.file.names().kept == frozenset()
    assert tried(vault(home, MOORGATE_PASSPHRASE="wrong")) == (Place.FILE, False)


# ---- all at once ----


def test_threads_of_brokers_read_at_the_same_time(home: Paths, memory: MemoryKeyring) -> None:
    one = vault(home)
    for number in range(4):
        one.write("ib-paper", f"field-{number}", f"value-{number}")
    wrong: list[str] = []
    together = threading.Barrier(4, timeout=30)

    def read(number: int) -> None:
        together.wait()
        for _ in range(50):
            value = one.read("ib-paper", f"field-{number}")
            if value != f"value-{number}":
                wrong.append(value)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []


@pytest.mark.parametrize("backend", [None, MemoryKeyring(), LockedKeyring()])
def test_no_secret_is_in_the_log_or_in_clear_on_disk(
    home: Paths, monkeypatch: pytest.MonkeyPatch, backend: KeyringBackend | None
) -> None:
    if backend is not None:
        use(monkeypatch, backend)
    base_log.configure(home.log_file)
    one = opened(home)
    one.write("ib-paper", "api-key", SECRET)
    logging.getLogger("moorgate.test").info(
        "read %s with %s, %r", one.read("ib-paper", "api-key"), PASSPHRASE, vars(one.file)
    )
    one.entries()
    one.delete("ib-paper", "api-key") if backend is None else None
    one.write("ib-paper", "pin", NEWER)
    base_log.shut_down()
    for path in home.home.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            for word in (SECRET, NEWER, PASSPHRASE):
                assert word.encode() not in raw, path

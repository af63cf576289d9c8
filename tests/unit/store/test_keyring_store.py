"""Secrets in a keyring: short and long, replaced, deleted, and with the program killed between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import SecretService, chainer, fail, null

from app.store import keyring_backend
from app.store.keyring_backend import NARROW_UNITS, Found, find_backend
from app.store.keyring_store import SERVICE, KeyringStore
from app.store.vault_errors import KeyringError
from tests.doubles.keyrings import (
    Killed,
    LockedKeyring,
    MemoryKeyring,
    NarrowKeyring,
    ReadOnlyKeyring,
    killed_at,
    use,
)

USER = "ib-live/token"
SHORT, LONG, LONGER = "short-one", "".join(map(str, range(1200))), "€𝄞" * 3000
ANY = st.one_of(
    st.text(min_size=1, max_size=60),
    st.text(min_size=1200, max_size=1400),
    st.builds(lambda part, times: part * times, st.text(min_size=1, max_size=9), st.just(700)),
)


def on(backend: MemoryKeyring, units: int | None = NARROW_UNITS) -> KeyringStore:
    found = Found(backend, "Test keyring", units)
    return KeyringStore(lambda: found)


@given(first=ANY, second=ANY)
@example(first="a" * 1280, second="a" * 1281)
@example(first="𝄞" * 640, second="𝄞" * 641)
@example(first="moorgate-parts:1:a:1:", second="\ufeffmark")
@example(first="line\nline\r\n", second="null\0byte")
def test_every_text_comes_back_and_nothing_stays_behind(first: str, second: str) -> None:
    backend = NarrowKeyring()
    store = on(backend)
    for value in (first, second):
        store.set(USER, value)
        assert store.get(USER) == value
    assert store.delete(USER) is True
    assert backend.held == {}
    assert store.get(USER) is None
    assert store.delete(USER) is False


def test_what_fits_stands_there_as_it_is() -> None:
    backend = NarrowKeyring()
    on(backend).set(USER, "a" * 1280)
    assert backend.held == {(SERVICE, USER): "a" * 1280}
    on(backend).set(USER, "a" * 1281)
    assert len(backend.held) == 3, "a head and two parts"
    assert "aaaa" not in backend.held[SERVICE, USER]


def test_a_roomy_keyring_holds_long_values_in_one_piece() -> None:
    backend = MemoryKeyring()
    on(backend, units=None).set(USER, LONG)
    assert backend.held == {(SERVICE, USER): LONG}


@pytest.mark.parametrize("old", [SHORT, LONG, LONGER])
@pytest.mark.parametrize("new", [SHORT + "!", LONG + "!", LONGER + "!"])
def test_killed_at_any_moment_the_old_or_the_new_one_is_there(old: str, new: str) -> None:
    seen, step = set(), 0
    while True:
        backend = NarrowKeyring()
        store = on(backend)
        store.set(USER, old)
        backend.before = killed_at(step)
        try:
            store.set(USER, new)
            was_killed = False
        except Killed:
            was_killed = True
        backend.before = lambda _what, _user: None
        again = on(backend)
        found = again.get(USER)
        assert found in (old, new)
        seen.add(found)
        again.set(USER, new)
        assert again.get(USER) == new
        again.delete(USER)
        assert backend.held == {}, f"left behind after a kill at step {step}"
        if not was_killed:
            break
        step += 1
    assert seen == {old, new}
    assert step >= 1


@pytest.mark.parametrize("value", [SHORT, LONGER])
def test_killed_while_deleting_it_is_whole_or_gone(value: str) -> None:
    step = 0
    while True:
        backend = NarrowKeyring()
        on(backend).set(USER, value)
        backend.before = killed_at(step)
        try:
            on(backend).delete(USER)
            break
        except Killed:
            backend.before = lambda _what, _user: None
        assert on(backend).get(USER) in (value, None)
        on(backend).delete(USER)
        assert backend.held == {}
        step += 1
    assert step >= 1


def test_a_mix_is_never_given_out() -> None:
    backend = NarrowKeyring()
    store = on(backend)
    store.set(USER, LONG)
    backend.held[SERVICE, f"{USER}#a2"] = backend.held[SERVICE, f"{USER}#a1"]
    with pytest.raises(KeyringError, match="do not fit together"):
        store.get(USER)
    del backend.held[SERVICE, f"{USER}#a4"]
    with pytest.raises(KeyringError, match="parts are missing"):
        store.get(USER)
    backend.held[SERVICE, USER] = "moorgate-parts:1:z:damaged"
    with pytest.raises(KeyringError, match="head entry is damaged"):
        store.get(USER)
    store.set(USER, "entered again")
    assert store.get(USER) == "entered again"


def test_a_replacement_under_our_eyes_is_read_again() -> None:
    backend = NarrowKeyring()
    on(backend).set(USER, LONG)
    reader, done = on(backend), list[bool]()

    def replace_in_between(what: str, user: str) -> None:
        if what == "get" and user.endswith("#a2") and not done:
            done.append(True)
            on(backend).set(USER, LONGER)

    backend.before = replace_in_between
    assert reader.get(USER) == LONGER
    assert done


def test_a_refused_write_leaves_the_old_value() -> None:
    backend = NarrowKeyring()
    store = on(backend)
    store.set(USER, LONG)

    def full(what: str, user: str) -> None:
        if what == "set" and user.endswith("#b3"):
            raise OSError("the disk is full")

    backend.before = full
    with pytest.raises(KeyringError, match="the disk is full"):
        store.set(USER, LONGER)
    assert store.get(USER) == LONG
    assert not [user for user in backend.users() if "#b" in user]


def test_a_backend_that_forgets_is_found_out() -> None:
    class Forgetful(MemoryKeyring):
        def set_password(self, service: str, username: str, password: str) -> None:
            self._note("set", username)

    with pytest.raises(KeyringError, match="did not keep"):
        on(Forgetful()).set(USER, SHORT)


@pytest.mark.parametrize("backend", [LockedKeyring(), ReadOnlyKeyring()])
def test_errors_of_a_backend_become_ours_and_hold_no_secret(backend: MemoryKeyring) -> None:
    with pytest.raises(KeyringError) as refused:
        on(backend).set(USER, "hunter2-hunter2")
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_what_counts_as_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(kind: Any) -> KeyringBackend:
        backend: KeyringBackend = kind()
        return backend

    class PlaintextKeyring(MemoryKeyring):
        pass

    class Wallet(SecretService.Keyring):
        pass

    backends: list[tuple[KeyringBackend, bool]] = [
        (made(fail.Keyring), False),
        (made(null.Keyring), False),
        (PlaintextKeyring(), False),
        (MemoryKeyring(), True),
        (made(Wallet), True),
    ]
    for backend, works in backends:
        use(monkeypatch, backend)
        assert (find_backend() is not None) is works, backend
    found = find_backend()
    assert found is not None
    assert found.units is None, "Secret Service has no such limit"
    use(monkeypatch, MemoryKeyring())
    found = find_backend()
    assert found is not None
    assert found.units == 1280, "an unknown one may have it"


def test_a_chain_writes_to_its_first_and_an_empty_one_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chained: list[KeyringBackend] = []

    class Chain(chainer.ChainerBackend):
        backends = chained

    make_chain: Any = Chain
    use(monkeypatch, make_chain())
    assert find_backend() is None
    make_null: Any = null.Keyring
    chained.append(make_null())
    assert find_backend() is None
    chained.append(MemoryKeyring())
    found = find_backend()
    assert found is not None
    assert found.backend is chained[1]


def test_a_wrong_setting_of_the_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.core._keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "nowhere.Nothing")
    with pytest.raises(KeyringError, match="cannot be opened"):
        find_backend()


def test_titles_are_words_people_know() -> None:
    assert set(keyring_backend._TITLES.values()) >= {"KWallet", "Windows Credential Manager"}

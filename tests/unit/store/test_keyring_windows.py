"""Secrets in the Credential Manager of Windows, through keyring's own backend for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.keyring_backend import find_backend
from app.store.keyring_store import KeyringStore
from tests.doubles.keyrings import use
from tests.doubles.wincred import LARGEST_BLOB, windows_keyring

VALUES = st.one_of(
    st.text(min_size=1, max_size=80),
    st.integers(1270, 1290).map(lambda length: "x" * length),
    st.builds(lambda part, times: part * times, st.text(min_size=1, max_size=5), st.just(900)),
)
USERS = ("ib-live/token", "alpaca/api_key", "alpaca/api_secret")
STEPS = st.lists(st.tuples(st.sampled_from(USERS), st.none() | VALUES), max_size=8)


@given(steps=STEPS)
def test_several_secrets_live_side_by_side(steps: list[tuple[str, str | None]]) -> None:
    with windows_keyring() as (backend, credentials), pytest.MonkeyPatch.context() as patch:
        use(patch, backend)
        store, expected = KeyringStore(), dict[str, str]()
        for user, value in steps:
            if value is None:
                assert store.delete(user) is (expected.pop(user, None) is not None)
            else:
                store.set(user, value)
                expected[user] = value
            assert {u: store.get(u) for u in USERS if store.get(u) is not None} == expected
            assert all(len(blob) <= LARGEST_BLOB for _, blob in credentials.held.values())
        for user in USERS:
            store.delete(user)
        assert credentials.held == {}


def test_it_is_known_by_its_name_and_its_limit() -> None:
    with windows_keyring() as (backend, _), pytest.MonkeyPatch.context() as patch:
        use(patch, backend)
        found = find_backend()
        assert found is not None
        assert (found.title, found.units) == ("Windows Credential Manager", 1280)
        with pytest.raises(Exception, match="bad data"):
            backend.set_password("moorgate", "too/long", "x" * 1281)

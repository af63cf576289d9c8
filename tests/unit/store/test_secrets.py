"""Where secrets come from, and that they are hidden once they were read."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest

from app.base.errors import UserError
from app.base.redaction import forget_secrets, redact
from app.store.secrets import read_secret, variable_name


@pytest.fixture(autouse=True)
def _nothing_stays_hidden() -> Iterator[None]:
    yield
    forget_secrets()


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_password", lambda *_: "from the keyring")
    environ = {"MOORGATE_SECRET_IB_PAPER_API_KEY": "hunter2-and-more"}
    assert variable_name("ib-paper", "api-key") == "MOORGATE_SECRET_IB_PAPER_API_KEY"
    assert read_secret("ib-paper", "api-key", environ) == "hunter2-and-more"
    assert "hunter2" not in redact("the key is hunter2-and-more")


def test_then_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def get_password(service: str, user: str) -> str:
        asked.append((service, user))
        return "kept-by-the-system"

    monkeypatch.setattr(keyring, "get_password", get_password)
    assert read_secret("ib-paper", "token", {}) == "kept-by-the-system"
    assert asked == [("moorgate", "ib-paper/token")]


def test_without_either_both_places_are_named() -> None:
    # The tests run with a keyring that always fails, as on a machine without one.
    with pytest.raises(UserError) as refused:
        read_secret("ib-paper", "token", {})
    assert "'ib-paper/token'" in str(refused.value)
    assert "MOORGATE_SECRET_IB_PAPER_TOKEN" in str(refused.value)

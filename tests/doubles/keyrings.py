"""Real keyring backends that live in memory, for the tests of the vault.

`use(monkeypatch, backend)` makes one the keyring of the process, as the setting of a system would.
They subclass `keyring.backend.KeyringBackend`, so everything of the library is between us and them.
Their priority is not viable: no other test, and no program, picks one by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

from app.store.secret_file import SecretFile
from app.store.vault import Vault


class MemoryKeyring(KeyringBackend):
    """Keeps everything, as Secret Service does; `calls` counts what was asked."""

    priority = 0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring types only its methods
        self.held: dict[tuple[str, str], str] = {}
        self.calls: list[tuple[str, str]] = []
        self.threads: set[int] = set()
        self.before: Callable[[str, str], None] = lambda _what, _user: None

    def get_password(self, service: str, username: str) -> str | None:
        self._note("get", username)
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._note("set", username)
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._note("delete", username)
        if (service, username) not in self.held:
            raise PasswordDeleteError("no such password")
        del self.held[service, username]

    def users(self) -> set[str]:
        """Every user name that is held."""
        return {user for _, user in self.held}

    def _note(self, what: str, user: str) -> None:
        self.before(what, user)
        self.calls.append((what, user))
        self.threads.add(threading.get_ident())


class NarrowKeyring(MemoryKeyring):
    """As Windows Credential Manager: 2,560 bytes of UTF-16 an entry, and not one more."""

    def set_password(self, service: str, username: str, password: str) -> None:
        blob = password.encode("utf-16-le")
        if len(blob) > 5 * 512:
            raise OSError(1783, "CredWrite", "The stub received bad data.")
        super().set_password(service, username, blob.decode("utf-16"))


class LockedKeyring(MemoryKeyring):
    """Holds things and shows them to nobody while `is_locked`: the prompt was dismissed."""

    def __init__(self) -> None:
        super().__init__()
        self.is_locked = True

    def _note(self, what: str, user: str) -> None:
        super()._note(what, user)
        if self.is_locked:
            raise KeyringLocked("Failed to unlock the collection!")


class ReadOnlyKeyring(MemoryKeyring):
    """Gives and never takes."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError("read only")


class Killed(BaseException):
    """The program ends in the middle of what it does, and runs no clean-up that matters."""


def killed_at(step: int) -> Callable[[str, str], None]:
    """A `before` that lets `step` changes through and ends the program at the next one."""
    left = [step]

    def before(what: str, _user: str) -> None:
        if what != "get":
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    return before


def use(monkeypatch: pytest.MonkeyPatch, backend: KeyringBackend) -> None:
    """Make `backend` the keyring of this process until the end of the test."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)


def cheapen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new passphrase costs next to nothing until the end of the test."""
    least = 2**10
    monkeypatch.setattr(Vault.__init__, "__kwdefaults__", {"cost": least})
    monkeypatch.setattr(SecretFile.__init__, "__defaults__", (least,))

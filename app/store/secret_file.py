"""The encrypted file `secrets.enc`: where secrets go when no keyring works. See secret_cipher."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.base.errors import StoreError, UserError
from app.base.paths import atomic_write
from app.base.redaction import add_secret
from app.store import secret_cipher
from app.store.home_lock import HomeLock
from app.store.secret_cipher import COST, DamagedError, Key, Names, Sealed
from app.store.vault_errors import VaultLockedError, WrongPassphraseError

# Another process of ours (the command line beside the window) changes it for an instant only.
_TURN_WAIT_S, _TURN_POLL_S = 5.0, 0.02


class SecretFile:
    """One file; read anew each time, so that a change by another process is seen.

    Any thread, but never the window's: `unlock`, `create` and `change_passphrase` take a third of a
    second, and everything may wait for them. `cost` is scrypt's N for a new passphrase.
    """

    def __init__(self, path: Path, cost: int = COST) -> None:
        self.path, self._cost = path, cost
        self._key: Key | None = None
        self._turn = threading.RLock()

    @property
    def exists(self) -> bool:
        """Whether there is a file, open or not. Never blocks."""
        return self.path.exists()

    @property
    def is_open(self) -> bool:
        """Whether a passphrase has opened it in this process. Never blocks."""
        return self._key is not None

    def names(self) -> Names:
        """What is kept in it, locked or not; nothing where there is no file.

        Raises StoreError for a damaged file.
        """
        sealed = self._sealed()
        return Names() if sealed is None else sealed.names

    def unlock(self, passphrase: str) -> None:
        """Open it until `lock`. Raises WrongPassphraseError, StoreError, or UserError: no file."""
        add_secret(passphrase)
        with self._turn:
            sealed = self._present()
            key = secret_cipher.derive(passphrase, sealed.cost, sealed.salt)
            self._values(sealed, key)
            self._key = key

    def create(self, passphrase: str) -> None:
        """Make an empty one and open it. Raises UserError where there is one already."""
        add_secret(passphrase)
        with self._turn, self._alone():
            if self.exists:
                raise UserError(f"there is an encrypted file of secrets already: {self.path}")
            key = secret_cipher.derive(passphrase, self._cost)
            atomic_write(self.path, secret_cipher.seal(key, {}))
            self._key = key

    def lock(self) -> None:
        """Forget the key; values that brokers were given stay with them."""
        self._key = None

    def change_passphrase(self, old: str, new: str) -> None:
        """The same values under a new key and salt; the file is open afterwards.

        Raises WrongPassphraseError when `old` is wrong, UserError for an empty `new`; nothing was
        changed then.
        """
        add_secret(old)
        add_secret(new)
        with self._turn, self._alone():
            sealed = self._present()
            values = self._values(sealed, secret_cipher.derive(old, sealed.cost, sealed.salt))
            key = secret_cipher.derive(new, self._cost)
            atomic_write(self.path, secret_cipher.seal(key, values, sealed.names.ahead))
            self._key = key

    def read(self, name: str) -> str | None:
        """One value, None where the file keeps none. Raises VaultLockedError, StoreError."""
        with self._turn:
            sealed = self._sealed()
            if sealed is None or name not in sealed.names.kept:
                return None
            return self._opened(sealed)[name]

    def write(self, name: str, value: str, *, is_ahead: bool = False) -> None:
        """Keep a value. `is_ahead`: a keyring that did not answer may hold an older one."""

        def put(values: dict[str, str], ahead: set[str]) -> None:
            values[name] = value
            (ahead.add if is_ahead else ahead.discard)(name)

        self._change(put)

    def delete(self, name: str) -> None:
        """Forget a value; no harm where there is none."""

        def drop(values: dict[str, str], ahead: set[str]) -> None:
            values.pop(name, None)
            ahead.discard(name)

        self._change(drop)

    def _change(self, edit: Callable[[dict[str, str], set[str]], None]) -> None:
        with self._turn, self._alone():
            sealed = self._present()
            values, ahead = self._opened(sealed), set(sealed.names.ahead)
            edit(values, ahead)
            assert self._key is not None, "an opened file has its key"
            atomic_write(self.path, secret_cipher.seal(self._key, values, frozenset(ahead)))

    def _opened(self, sealed: Sealed) -> dict[str, str]:
        if self._key is None:
            raise VaultLockedError(
                f"the encrypted file of secrets is locked ({self.path})", is_new=False
            )
        try:
            return self._values(sealed, self._key)
        except WrongPassphraseError:
            self.lock()
            raise VaultLockedError(
                f"the passphrase of {self.path} was changed by another program: unlock it again",
                is_new=False,
            ) from None

    def _values(self, sealed: Sealed, key: Key) -> dict[str, str]:
        try:
            return secret_cipher.open_sealed(sealed, key)
        except DamagedError as error:
            raise self._damaged(error) from error

    def _present(self) -> Sealed:
        sealed = self._sealed()
        if sealed is None:
            self.lock()
            raise VaultLockedError(
                f"there is no encrypted file of secrets yet ({self.path})", is_new=True
            )
        return sealed

    def _sealed(self) -> Sealed | None:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be read ({error.strerror}); it stands as it was. Check its"
                " permissions"
            ) from error
        try:
            return secret_cipher.parse(data)
        except DamagedError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: DamagedError) -> StoreError:
        return StoreError(
            f"the encrypted file of secrets {self.path} cannot be used: {error}. It was left as it"
            " is. Put a copy of yours in its place, or move it away and enter the secrets again"
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from changing the file between our reading and writing it."""
        lock = self._take_turn()
        try:
            yield
        finally:
            lock.release()

    def _take_turn(self) -> HomeLock:
        deadline = time.monotonic() + _TURN_WAIT_S
        while True:
            try:
                return HomeLock(self.path.with_name(f"{self.path.name}.lock"))
            except StoreError as error:
                is_taken = isinstance(error.__cause__, BlockingIOError | PermissionError)
                if not is_taken or time.monotonic() > deadline:
                    raise
            time.sleep(_TURN_POLL_S)

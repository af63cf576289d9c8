"""Whether a place for secrets works: a value of no meaning goes in, comes back and is deleted."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from app.base.errors import MoorgateError
from app.store.keyring_store import KeyringStore
from app.store.secret_file import SecretFile
from app.store.secrets import Place
from app.store.vault_errors import KeyringError

# Long enough to go into a keyring in parts.
_LONG = 3000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the test of a place found: `title` names the place, `text` is for people."""

    place: Place
    title: str
    works: bool
    text: str


def try_places(keyring: KeyringStore, file: SecretFile, passphrase: str | None) -> Verdict:
    """Try the keyring, and the file where none works. `passphrase` is for a file still to come.

    Any thread but the window's. Raises nothing: what goes wrong is the verdict.
    """
    before = ""
    try:
        title = keyring.title()
        if title is not None:
            return _try_keyring(keyring, title)
    except KeyringError as error:
        before = f"{error}. "
    return _try_file(file, passphrase, before or "No keyring works on this computer. ")


def _try_keyring(keyring: KeyringStore, title: str) -> Verdict:
    name = f"moorgate-test/{secrets.token_hex(8)}"
    try:
        for value in (secrets.token_urlsafe(24), secrets.token_hex(_LONG // 2)):
            keyring.set(name, value)  # which reads it back
        keyring.delete(name)
    except KeyringError as error:
        with contextlib.suppress(KeyringError):
            keyring.delete(name)
        text = (
            f"{error}. Unlock it and test again; until then new secrets go to the encrypted file."
        )
        return Verdict(Place.KEYRING, title, False, text)
    return Verdict(Place.KEYRING, title, True, "A secret was written, read back and deleted.")


def _try_file(file: SecretFile, passphrase: str | None, before: str) -> Verdict:
    def verdict(works: bool, text: str) -> Verdict:
        return Verdict(Place.FILE, str(file.path), works, before + text)

    if file.exists and not file.is_open:
        return verdict(False, "The encrypted file is locked: unlock it with its passphrase first.")
    if file.exists:
        return _tried(lambda: _round_trip(file), verdict)
    if passphrase is None:
        return verdict(
            False,
            "There is no encrypted file yet: choose a passphrase for it, here or in"
            " MOORGATE_PASSPHRASE.",
        )
    beside = SecretFile(file.path.with_name(f"{file.path.name}.test"))
    return _tried(lambda: _try_beside(beside, passphrase), verdict)


def _try_beside(file: SecretFile, passphrase: str) -> None:
    """The first real secret makes the file, not a test."""
    try:
        file.path.unlink(missing_ok=True)
        file.create(passphrase)
        _round_trip(file)
    finally:
        file.path.unlink(missing_ok=True)
        file.path.with_name(f"{file.path.name}.lock").unlink(missing_ok=True)


def _round_trip(file: SecretFile) -> None:
    name, value = f"moorgate-test/{secrets.token_hex(8)}", secrets.token_urlsafe(24)
    file.write(name, value)
    found = file.read(name)
    file.delete(name)
    if found != value:
        raise KeyringError("the encrypted file gave back another value than was written")


def _tried(trip: Callable[[], None], verdict: Callable[[bool, str], Verdict]) -> Verdict:
    try:
        trip()
    except (MoorgateError, OSError) as error:
        return verdict(False, f"{error}.")
    return verdict(True, "A secret was encrypted, written, read back and deleted.")

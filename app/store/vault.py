"""The vault: every secret of every connection, wherever it is kept.

Reading looks into the environment, then the system's keyring, then the encrypted file in the home.
Writing goes to the keyring, and to the file where no keyring works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from app.base.errors import MoorgateError, StoreError, UserError
from app.base.paths import Paths
from app.base.redaction import add_secret
from app.store.keyring_store import KeyringStore
from app.store.secret_cipher import COST, Names
from app.store.secret_file import SecretFile
from app.store.secret_names import SecretNames
from app.store.secrets import Entry, Place, check_value, secret_name, variable_name
from app.store.vault_errors import KeyringError, VaultLockedError, WrongPassphraseError
from app.store.vault_trial import Verdict, try_places

__all__ = ["Entry", "Place", "Vault", "Verdict"]

PASSPHRASE_VARIABLE = "MOORGATE_PASSPHRASE"


class Vault:
    """Reads and writes secrets. Any thread but the window's, unless a method says otherwise.

    A keyring may ask the person at the screen before it answers, and a passphrase takes a third of
    a second to check. Every value that passes through is blanked out of logs from then on.
    """

    def __init__(self, paths: Paths, environ: Mapping[str, str], *, cost: int = COST) -> None:
        self._environ = environ
        self.keyring = KeyringStore()
        self.file = SecretFile(paths.home / "secrets.enc", cost)
        self._names = SecretNames(paths.home / "secret_names.json")
        self._listeners: list[Callable[[], object]] = []

    # ---- secrets ----

    def read(self, connection_id: str, field: str) -> str:
        """One secret. Raises UserError that says where to put it, or what keeps it from us.

        Also where the file is damaged: trying again, as a connection would, does not help.
        """
        name = secret_name(connection_id, field)
        value, trouble = self._environ.get(variable_name(connection_id, field)) or None, ""
        if value is None:
            try:
                value, trouble = self._kept(name)
            except StoreError as error:
                raise UserError(f"{connection_id} needs its secret {field!r}: {error}") from error
        if value is None:
            raise UserError(_missing(connection_id, field, trouble))
        check_value(value)
        add_secret(value)
        return value

    def write(self, connection_id: str, field: str, value: str) -> Place:
        """Keep a secret in place of an older one; where it went.

        Raises UserError for a value that cannot be one, VaultLockedError where only the file is
        left and no passphrase has opened it, StoreError where nothing could be written.
        """
        name = secret_name(connection_id, field)
        check_value(value)
        add_secret(value)
        if self.keyring_title() is None:
            self._open_file()
            self.file.write(name, value)
            return Place.FILE
        names, _ = self._file_names()
        if name in names.ahead:
            self._open_file()  # it hides what the keyring holds, so it must go with it
        self._names.add(name)
        try:
            self.keyring.set(name, value)
        except KeyringError as error:
            self._open_file(f"{error}. ")
            self.file.write(name, value, is_ahead=True)
            return Place.FILE
        if self.file.is_open and name in names.kept:
            self.file.delete(name)
        return Place.KEYRING

    def delete(self, connection_id: str, field: str) -> None:
        """Forget a secret, wherever it is kept.

        Raises UserError where there is none or it comes from the environment, VaultLockedError
        where the locked file holds it, KeyringError where the keyring does not answer.
        """
        name = secret_name(connection_id, field)
        if not self._forget(name):
            variable = variable_name(connection_id, field)
            if self._environ.get(variable):
                raise UserError(f"{name} comes from the environment: unset {variable} there")
            raise UserError(f"there is no secret {field!r} of {connection_id}")

    def delete_all(self, connection_id: str, fields: Iterable[str] = ()) -> list[str]:
        """Forget every secret of a connection that goes; the fields that were deleted.

        `fields` are those its broker knows; others that were written here are found as well.
        Raises as `delete` does, but nothing when there was none.
        """
        names = self._known([(connection_id, field) for field in fields])
        mine = [name for name in names if name[0] == connection_id]
        return [field for _, field in mine if self._forget(secret_name(connection_id, field))]

    def entries(self, wanted: Iterable[tuple[str, str]] = ()) -> list[Entry]:
        """What is known of every secret: those `wanted`, as (connection id, field), come first.

        A keyring that does not answer is asked once, not for every entry.
        """
        answers = True
        found = []
        for connection_id, field in self._known(wanted):
            entry = self._entry(connection_id, field, ask=answers)
            answers = answers and entry.place is not Place.UNKNOWN
            found.append(entry)
        return found

    # ---- places ----

    def keyring_title(self) -> str | None:
        """The keyring in use, None where no keyring works here."""
        try:
            return self.keyring.title()
        except KeyringError:
            return None

    @property
    def is_locked(self) -> bool:
        """Whether there is an encrypted file that nobody has opened. Any thread, never blocks."""
        return self.file.exists and not self.file.is_open

    @property
    def has_variable(self) -> bool:
        """Whether the environment gives a passphrase. Any thread, never blocks."""
        return bool(self._environ.get(PASSPHRASE_VARIABLE))

    def needs_passphrase(self) -> bool:
        """Whether the next `write` would raise VaultLockedError, as far as can be told."""
        if self.keyring_title() is not None or self.file.is_open:
            return False
        try:
            self._open_file()
        except VaultLockedError:
            return True
        return False

    def held_back(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Which of these secrets cannot be had before the file is unlocked by a person."""
        names = self.file.names()
        asked = [one for one in wanted if secret_name(*one) in names.kept]
        if not asked or not self.is_locked:
            return []
        if self._environ.get(PASSPHRASE_VARIABLE):
            try:
                self._open_file()
            except MoorgateError:  # then a person may know better
                return asked
            return []
        return [one for one in asked if not self._is_elsewhere(*one, names)]

    def unlock(self, passphrase: str) -> None:
        """Open the encrypted file, or make one where there is none yet.

        Raises WrongPassphraseError, UserError for an empty one, StoreError for a damaged file.
        """
        if self.file.exists:
            self.file.unlock(passphrase)
        else:
            self.file.create(passphrase)
        for listener in self._listeners:
            listener()

    def when_unlocked(self, listener: Callable[[], object]) -> None:
        """Call `listener` whenever the file was opened, in the thread that did so."""
        self._listeners.append(listener)

    def lock(self) -> None:
        """Forget the passphrase; what brokers have read stays with them. Any thread."""
        self.file.lock()

    def change_passphrase(self, old: str, new: str) -> None:
        """Seal the file anew. Raises as `unlock`; nothing was changed then."""
        self.file.change_passphrase(old, new)

    def test(self) -> Verdict:
        """Write, read and delete a value of no meaning where the next secret would go."""
        if self._environ.get(PASSPHRASE_VARIABLE) and self.is_locked:
            try:
                self._open_file()
            except MoorgateError as error:
                return Verdict(Place.FILE, str(self.file.path), False, str(error))
        return try_places(self.keyring, self.file, self._environ.get(PASSPHRASE_VARIABLE))

    # ---- how ----

    def _kept(self, name: str) -> tuple[str | None, str]:
        """The value from keyring or file, and why it may be missing all the same."""
        names, damage = self._file_names()
        trouble = ""
        if name not in names.ahead:
            try:
                value = self.keyring.get(name)
            except KeyringError as error:
                value, trouble = None, str(error)
            if value is not None:
                return value, ""
        if damage is not None:
            raise damage
        if name in names.kept:
            self._open_file()
            return self.file.read(name), trouble
        return None, trouble

    def _forget(self, name: str) -> bool:
        in_file = name in self.file.names().kept
        if in_file:
            self._open_file()
        was_there = self.keyring_title() is not None and self.keyring.delete(name)
        if in_file:
            self.file.delete(name)
        self._names.remove(name)
        return was_there or in_file

    def _entry(self, connection_id: str, field: str, *, ask: bool) -> Entry:
        name, (names, damage) = secret_name(connection_id, field), self._file_names()
        variable = variable_name(connection_id, field)
        if self._environ.get(variable):
            return Entry(connection_id, field, Place.ENVIRONMENT, variable)
        in_file = Entry(connection_id, field, Place.FILE, "locked" if self.is_locked else "")
        if name in names.ahead:
            return in_file
        trouble = "" if ask else "the keyring does not answer"
        if ask:
            try:
                if self.keyring.get(name) is not None:
                    return Entry(connection_id, field, Place.KEYRING, self.keyring_title() or "")
            except KeyringError as error:
                trouble = str(error)
        if name in names.kept:
            return in_file
        trouble = trouble or (str(damage) if damage else "")
        return Entry(connection_id, field, Place.UNKNOWN if trouble else Place.NOWHERE, trouble)

    def _is_elsewhere(self, connection_id: str, field: str, names: Names) -> bool:
        if self._environ.get(variable_name(connection_id, field)):
            return True
        name = secret_name(connection_id, field)
        try:
            return name not in names.ahead and self.keyring.get(name) is not None
        except KeyringError:
            return False

    def _known(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        kept = sorted(self._file_names()[0].kept | self._names.all())
        split = [(name.partition("/")[0], name.partition("/")[2]) for name in kept]
        return list(dict.fromkeys([*wanted, *split]))

    def _file_names(self) -> tuple[Names, StoreError | None]:
        """A damaged file must not keep us from what the keyring holds."""
        try:
            return self.file.names(), None
        except StoreError as error:
            return Names(), error

    def _open_file(self, why: str = "") -> None:
        """Open the file with the passphrase of the environment. Raises VaultLockedError."""
        if self.file.is_open and self.file.exists:
            return
        passphrase = self._environ.get(PASSPHRASE_VARIABLE)
        if passphrase:
            try:
                self.unlock(passphrase)
            except WrongPassphraseError as error:
                raise VaultLockedError(
                    f"{PASSPHRASE_VARIABLE} does not hold the passphrase of {self.file.path}",
                    is_new=False,
                ) from error
            return
        is_new = not self.file.exists
        what = (
            "no keyring works here, so secrets go to an encrypted file"
            if is_new
            else ("the encrypted file of secrets is locked")
        )
        raise VaultLockedError(
            f"{why}{what}: give its passphrase in File > Settings > Vault or in"
            f" {PASSPHRASE_VARIABLE}",
            is_new=is_new,
        )


def _missing(connection_id: str, field: str, trouble: str) -> str:
    """What to do about a secret that was not found, or that a place keeps from us."""
    variable = variable_name(connection_id, field)
    if trouble:
        return (
            f"{connection_id} needs its secret {field!r}, which cannot be had now: {trouble}."
            f" Unlock the keyring and connect again, or set {variable}"
        )
    return (
        f"{connection_id} needs its secret {field!r}, and there is none. Enter it in File >"
        f" Settings > Vault or with moorgate secrets set {connection_id} {field}, or set {variable}"
    )

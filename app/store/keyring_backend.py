"""Which keyring of the system is there, whether it can be used, and how much fits into one entry.

`keyring` is imported here and nowhere else, and late. Any thread but the window's: a backend may
ask the person at the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.store.vault_errors import KeyringError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

# Windows: CRED_MAX_CREDENTIAL_BLOB_SIZE is 5 * 512 bytes, and keyring stores UTF-16 (wincred.h).
# A backend nobody has described is treated as if it had that limit.
NARROW_UNITS = 5 * 512 // 2
_ROOMY = (
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
)
_TITLES = {
    "keyring.backends.SecretService": "Secret Service",
    "keyring.backends.libsecret": "Secret Service",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "macOS Keychain",
    "keyring.backends.Windows": "Windows Credential Manager",
}
_NONE_AT_ALL = ("keyring.backends.fail", "keyring.backends.null")
# keyrings.alt keeps these in a file that anybody can read.
_IN_CLEAR = ("PlaintextKeyring",)


@dataclass(frozen=True, slots=True)
class Found:
    """A keyring that can be used. `units`: UTF-16 units that fit into one entry, None: plenty."""

    backend: KeyringBackend
    title: str
    units: int | None


def find_backend() -> Found | None:
    """The keyring that `keyring` chose for this system, None where there is none to trust.

    Raises KeyringError where `keyring` itself fails, such as over a wrong setting of its own.
    """
    import keyring
    from keyring.backends.chainer import ChainerBackend

    try:
        backend = keyring.get_keyring()
        if isinstance(backend, ChainerBackend):  # it writes to the first and reads from all
            chained = [link for link in backend.backends if _is_usable(link)]
            if not chained:
                return None
            first = chained[0]
            return Found(backend if len(chained) > 1 else first, _title(first), _units(first))
    except Exception as error:  # a backend may raise anything
        raise KeyringError(f"the system's keyring cannot be opened: {error}") from error
    return Found(backend, _title(backend), _units(backend)) if _is_usable(backend) else None


def _is_usable(backend: KeyringBackend) -> bool:
    names = {f"{kind.__module__}" for kind in type(backend).__mro__}
    return not names & set(_NONE_AT_ALL) and type(backend).__name__ not in _IN_CLEAR


def _title(backend: KeyringBackend) -> str:
    return _TITLES.get(type(backend).__module__, str(backend.name))


def _units(backend: KeyringBackend) -> int | None:
    modules = {kind.__module__ for kind in type(backend).__mro__}
    return None if modules & set(_ROOMY) else NARROW_UNITS

"""What can go wrong with secrets, where the caller can do something about it."""

from __future__ import annotations

from app.base.errors import StoreError, UserError


class VaultLockedError(UserError):
    """The encrypted file is needed and no passphrase has opened it; `is_new`: there is none yet."""

    def __init__(self, message: str, *, is_new: bool) -> None:
        super().__init__(message)
        self.is_new = is_new


class WrongPassphraseError(UserError):
    """The passphrase does not open the file; nothing was changed."""


class KeyringError(StoreError):
    """The system's keyring gave no answer or refused; what it holds stands as it was."""

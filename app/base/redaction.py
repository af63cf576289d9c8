"""Takes secrets out of text that is logged, shown or put into a crash report."""

from __future__ import annotations

import re
import threading
from urllib.parse import quote

MASK = "[redacted]"
# Shorter values would blank out ordinary words.
_SHORTEST_SECRET = 4
_secrets: set[str] = set()
_turn = threading.Lock()  # two brokers that read at once must not lose one another's
_registered: re.Pattern[str] | None = None

_VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|[^\s,;&"'}\])]+)"""
# Kite calls its public instrument number a token too: that one is no secret.
_NAMES = (
    r"api[_-]?key|secret|(?<!instrument[_-])token|passw(?:or)?d|passphrase|\bpwd|\bpin|\botp"
    r"|signature|\bsession[_-]?id"
)
# Names are bounded in length so that a long blob of word characters stays linear to scan.
_PATTERNS = (
    re.compile(
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)", re.DOTALL
    ),
    re.compile(
        r"""(?i)(\b(?:proxy-)?authorization["']?\s{0,4}[:=,]\s{0,4})"""
        rf"""(?:["']?(?:bearer|basic|token|digest)\s{{1,4}}{_VALUE}["']?|{_VALUE})"""
    ),
    re.compile(r"(?i)(\b(?:set-)?cookie[\"']?\s{0,4}[:=]\s{0,4})[^\n]+"),
    re.compile(r"(?i)(\bbearer\s{1,4})[\w.~+/=-]{8,}"),
    re.compile(
        rf"""(?i)((?:\b[\w-]{{0,40}}?)(?:{_NAMES})[\w-]{{0,20}}["']?\s{{0,4}}[:=]\s{{0,4}}){_VALUE}"""
    ),
    re.compile(r"()\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),
    re.compile(r"(://)[^\s/:@]{1,200}:[^\s/@]{1,200}(?=@)"),
)


def add_secret(value: str) -> None:
    """From now on `value` is blanked out of every log line and report. Any thread."""
    global _registered  # noqa: PLW0603 - one set of secrets for the whole process
    value = value.strip()
    if len(value) < _SHORTEST_SECRET:
        return
    with _turn:
        _secrets.update({value, quote(value, safe="")})
        # The longest first, so that a secret which contains another one goes as a whole.
        ordered = sorted(_secrets, key=len, reverse=True)
        _registered = re.compile("|".join(re.escape(secret) for secret in ordered))


def forget_secrets() -> None:
    """Forget every registered value. For tests: brokers hold what they read until they end."""
    global _registered  # noqa: PLW0603 - the same
    with _turn:
        _secrets.clear()
        _registered = None


def redact(text: str) -> str:
    """`text` without registered secrets and without what looks like one. Any thread."""
    registered = _registered
    if registered is not None:
        text = registered.sub(MASK, text)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda m: (m.group(1) if m.re.groups else "") + MASK, text)
    return text

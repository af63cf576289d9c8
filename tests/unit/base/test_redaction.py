"""No secret reaches a log: neither a registered one nor what looks like one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from app.base.redaction import MASK, add_secret, forget_secrets, redact


@pytest.fixture(autouse=True)
def _none_registered() -> Iterator[None]:
    yield
    forget_secrets()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("{'Authorization': 'token key9:access9', 'x': 1}", "access9"),
        ("('Authorization', 'Bearer abcdef12')", "abcdef12"),
        ("proxy-authorization=Digest abcdefgh", "abcdefgh"),
        ("using bearer abcdefghij now", "abcdefghij"),
        ("APCA-API-KEY-ID: PK123456", "PK123456"),
        ("APCA-API-SECRET-KEY: s3cr3t/+=", "s3cr3t"),
        ('{"api_key": "k1 k2", "b": 2}', "k1 k2"),
        ("apikey=zzz&x=1", "zzz"),
        ("https://host/login?request_token=rt55&status=ok", "rt55"),
        ("wss://ws.host/?api_key=a1&access_token=b2", "b2"),
        ("access_token='tok en'", "tok en"),
        ("password=hunter2, retrying", "hunter2"),
        ("PASSWORD: hunter2", "hunter2"),
        ("client_secret = 'x1'", "x1"),
        ("passphrase: letmein", "letmein"),
        ("pin=1234 otp=777", "777"),
        ("Set-Cookie: a=secret1; b=secret2", "secret2"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF", "eyJzdWIiOiIxMjM0In0"),
        ("http://user:pass99@host/path", "pass99"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----", "MHcCAQ"),
        ("-----BEGIN PRIVATE KEY-----\nMHcCAQ", "MHcCAQ"),
        ("signature=deadbeef", "deadbeef"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, secret: str) -> None:
    clean = redact(text)
    assert secret not in clean
    assert MASK in clean


@pytest.mark.parametrize(
    "text",
    [
        "order 7f3a filled 10 SPY @ 501.20",
        "instrument_token=408065 subscribed",
        "the token bucket is full",
        "key Ctrl+Alt+B is bound to order.buy_market",
        "keyboard: ready, spinning = 3",
        "https://api.host/v2/orders?symbols=SPY&limit=5",
        "at 12:30:05 user@host said so",
        "mapping: {'SPY': 1}",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_what_surrounds_a_secret_stays() -> None:
    assert redact("GET /x?api_key=abc&symbol=SPY 403") == f"GET /x?api_key={MASK}&symbol=SPY 403"
    assert redact('{"token": "t1", "side": "buy"}') == f'{{"token": {MASK}, "side": "buy"}}'


def test_registered_secrets_are_taken_out_wherever_they_stand() -> None:
    add_secret(" s3cr/et+1 ")
    add_secret("s3cr/et+1-and-more")
    assert redact("a s3cr/et+1 b s3cr%2Fet%2B1 c") == f"a {MASK} b {MASK} c"
    assert redact("x s3cr/et+1-and-more x") == f"x {MASK} x"
    forget_secrets()
    assert redact("a s3cr/et+1") == "a s3cr/et+1"


@pytest.mark.parametrize("value", ["", "  ", "abc"])
def test_what_is_too_short_to_be_a_secret_blanks_nothing(value: str) -> None:
    add_secret(value)
    assert redact("abc is a word") == "abc is a word"


@pytest.mark.parametrize("piece", ["a", "a-", "token", "eyJ", "'", "Authorization:", "x=", "://a:"])
def test_a_long_line_takes_no_long_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    began = time.process_time()  # of this process alone, however busy the computer is
    redact(text)
    assert time.process_time() - began < 3

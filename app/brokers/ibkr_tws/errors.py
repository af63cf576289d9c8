"""What an error of TWS means: (code, what it is about) -> verdict. One literal table.

The same code means different things for an order that was never acknowledged, for one that lives,
for a change of it and for a cancel. A code that is not in the table proves nothing about an order:
it is a warning, and the order is asked for again; it never ends an order.

Sources: TWS API, "Message Codes" (interactivebrokers.github.io/tws-api/message_codes.html and the
API Reference at ibkrcampus.com), and threads in which maintainers quote raw messages: ib_insync
#502, ib_async #128, #191, #217.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from app.domain.reports import Severity


class Context(Enum):
    """What the error is about; the first five are orders."""

    ORDER_NEW = auto()  # sent, never acknowledged
    ORDER_LIVE = auto()  # acknowledged, nothing asked
    ORDER_CHANGE = auto()  # a change of it is under way
    ORDER_CANCEL = auto()  # a cancel of it is under way
    ORDER_DONE = auto()
    REQUEST = auto()
    SUBSCRIPTION = auto()
    SYSTEM = auto()  # no id


class Meaning(Enum):
    """What follows from it."""

    REJECTED = auto()  # TWS refused the order or the question, definitely
    CANCELED = auto()  # the order is canceled
    CHANGE_REFUSED = auto()  # it stands as it was
    CANCEL_REFUSED = auto()  # it was not canceled by this; what it is must be read
    WARNING = auto()  # lives on; the trader should know
    INFO = auto()  # nothing follows
    REREAD = auto()  # what became of the order is unknown: ask
    READ_ONLY = auto()  # TWS takes no orders from programs
    NOT_FOUND = auto()  # no such contract
    AMBIGUOUS = auto()  # several contracts fit
    NO_PERMISSION = auto()  # not subscribed or not allowed
    COMPETING = auto()  # the data go to another log-in of the same user
    DELAYED = auto()  # delayed data come instead of live ones
    PACING = auto()  # asked too much: wait
    LINES_FULL = auto()  # too many subscriptions at once
    NO_DATA = auto()  # the question is answered: there is nothing
    BOOK_RESET = auto()  # forget the order book, it comes anew
    FEED_BROKEN = auto()
    FEED_OK = auto()
    LINE_BROKEN = auto()  # TWS has lost IBKR
    LINE_BACK_LOST = auto()  # it is back, every subscription is gone
    LINE_BACK_KEPT = auto()  # it is back with its subscriptions
    PORT_CHANGED = auto()
    CLIENT_ID_IN_USE = auto()
    BUG = auto()  # we asked something impossible


@dataclass(frozen=True, slots=True)
class Verdict:
    """`must_reread`: the order's true state must be asked for, whatever the meaning."""

    meaning: Meaning
    severity: Severity
    text: str
    must_reread: bool = False


_M = Meaning
# Short names keep the table readable.
_RE, _RR, _CR, _XR = _M.REJECTED, _M.REREAD, _M.CHANGE_REFUSED, _M.CANCEL_REFUSED
_WA, _IN, _NP, _LF, _PA = _M.WARNING, _M.INFO, _M.NO_PERMISSION, _M.LINES_FULL, _M.PACING
_CX, _RO, _NF, _BG = _M.CANCELED, _M.READ_ONLY, _M.NOT_FOUND, _M.BUG

_C = Context
_COLUMNS = (
    _C.ORDER_NEW, _C.ORDER_LIVE, _C.ORDER_CHANGE, _C.ORDER_CANCEL, _C.ORDER_DONE,
    _C.REQUEST, _C.SUBSCRIPTION, _C.SYSTEM,
)  # fmt: skip
ORDER_CONTEXTS = frozenset(_COLUMNS[:5])


def _all(meaning: Meaning) -> tuple[Meaning, ...]:
    return (meaning,) * len(_COLUMNS)


# A refusal of the order itself: proof only where it was never acknowledged.
_REFUSAL = (_RE, _RR, _CR, _RR, _IN)
_LIVES = (_WA, _WA, _WA, _WA, _IN)
_UNCLEAR = (_RR, _RR, _RR, _RR, _RR)
_QUIET = (_IN, _IN, _IN, _IN, _IN)

TABLE: dict[int, tuple[Meaning, ...]] = {
    # code: (NEW, LIVE, CHANGE, CANCEL, DONE,  REQUEST, SUBSCRIPTION, SYSTEM)
    100: (*_UNCLEAR, _PA, _PA, _WA),
    101: (*_UNCLEAR, _LF, _LF, _WA),
    102: (*_UNCLEAR, _BG, _BG, _BG),
    103: (*_UNCLEAR, _BG, _BG, _BG),
    104: (_RR, _RR, _CR, _RR, _IN, _BG, _BG, _WA),
    105: (_RR, _RR, _CR, _RR, _IN, _BG, _BG, _WA),
    109: (*_REFUSAL, _RE, _RE, _WA),
    110: (*_REFUSAL, _RE, _RE, _WA),
    135: (_RR, _RR, _CR, _XR, _IN, _BG, _BG, _WA),
    136: (_RR, _RR, _RR, _XR, _IN, _BG, _BG, _WA),
    161: (_RR, _RR, _RR, _XR, _IN, _BG, _BG, _WA),
    162: (*_UNCLEAR, _RE, _RE, _WA),  # and by its text, below
    165: (*_QUIET, _IN, _IN, _IN),
    200: (_RE, _RR, _CR, _RR, _IN, _NF, _NF, _WA),  # and by its text, below
    201: (*_REFUSAL, _RE, _RE, _WA),
    202: (_CX, _CX, _CX, _CX, _IN, _IN, _IN, _IN),
    203: (*_REFUSAL, _NP, _NP, _WA),
    300: (*_UNCLEAR, _BG, _BG, _BG),
    309: (*_UNCLEAR, _LF, _LF, _WA),
    317: (*_UNCLEAR, _IN, _M.BOOK_RESET, _IN),
    320: (*_UNCLEAR, _RE, _RE, _WA),
    321: (_RE, _RR, _CR, _XR, _IN, _RE, _RE, _WA),  # and by its text, below
    322: (*_UNCLEAR, _RE, _RE, _WA),
    326: _all(_M.CLIENT_ID_IN_USE),
    354: (*_UNCLEAR, _NP, _NP, _WA),
    366: (*_UNCLEAR, _IN, _IN, _IN),
    399: (*_LIVES, _IN, _IN, _WA),
    404: (*_LIVES, _IN, _IN, _WA),
    420: (*_UNCLEAR, _PA, _PA, _WA),  # and by its text, below
    430: (*_UNCLEAR, _M.NO_DATA, _M.NO_DATA, _IN),
    434: (*_REFUSAL, _BG, _BG, _WA),
    435: (*_REFUSAL, _BG, _BG, _WA),
    460: (*_REFUSAL, _NP, _NP, _WA),
    502: (*_UNCLEAR, _RE, _RE, _WA),
    504: (*_UNCLEAR, _RE, _RE, _WA),
    1100: _all(_M.LINE_BROKEN),
    1101: _all(_M.LINE_BACK_LOST),
    1102: _all(_M.LINE_BACK_KEPT),
    1300: _all(_M.PORT_CHANGED),
    2100: (*_QUIET, _IN, _IN, _IN),
    2101: (*_QUIET, _IN, _IN, _IN),
    2102: (*_LIVES, _IN, _IN, _IN),
    2103: _all(_M.FEED_BROKEN),
    2104: _all(_M.FEED_OK),
    2105: _all(_M.FEED_BROKEN),
    2106: _all(_M.FEED_OK),
    2107: _all(_IN),
    2108: _all(_IN),
    2109: (*_LIVES, _IN, _IN, _IN),
    2110: _all(_M.LINE_BROKEN),
    2119: _all(_IN),
    2157: _all(_M.FEED_BROKEN),
    2158: _all(_M.FEED_OK),
    10006: (*_REFUSAL, _BG, _BG, _WA),
    10089: (*_UNCLEAR, _NP, _NP, _WA),
    10090: (*_UNCLEAR, _NP, _NP, _WA),
    10147: (_RR, _RR, _RR, _XR, _IN, _BG, _BG, _WA),
    10148: (_RR, _RR, _RR, _XR, _IN, _BG, _BG, _WA),
    10167: (*_UNCLEAR, _M.DELAYED, _M.DELAYED, _IN),
    10168: (*_UNCLEAR, _NP, _NP, _WA),
    10186: (*_UNCLEAR, _NP, _NP, _WA),
    10190: (*_UNCLEAR, _LF, _LF, _WA),
    10197: (*_UNCLEAR, _M.COMPETING, _M.COMPETING, _WA),
    10268: (*_REFUSAL, _BG, _BG, _WA),
    10349: (*_LIVES, _IN, _IN, _IN),
}

# Where the code alone does not tell: a fragment of the text (lower case) decides, the first that
# fits. For an order only the words we say depend on it.
TEXTS: dict[int, tuple[tuple[str, Meaning], ...]] = {
    162: (
        ("pacing", _PA),
        ("query cancel", _IN),
        ("returned no data", _M.NO_DATA),
        ("permission", _NP),
        ("subscri", _NP),
        ("different ip", _M.COMPETING),
    ),
    200: (("ambiguous", _M.AMBIGUOUS),),
    321: (("read-only", _RO), ("read only", _RO)),
    420: (("permission", _NP), ("subscri", _NP)),
}

# What the trader is told before TWS's own words; {text} stands there where it reads better inside.
SENTENCES: dict[int, str] = {
    100: "Too many messages a second were sent to TWS",
    101: "The market data lines of this login are used up: close some instruments, TWS's own"
    " windows count as well",
    103: "TWS knows this order number already; the order is being looked up",
    104: "The order is filled already and cannot be changed",
    105: "The change does not fit the order as TWS knows it; it stands as it was",
    109: "The price is too far from the market for the precautions set in TWS",
    110: "The price does not fit the contract's tick size",
    135: "TWS does not know this order",
    200: "TWS knows no such contract",
    309: "The order books of this login are used up: close another one",
    321: "TWS does not accept this",
    326: "Another program uses this client id at this TWS",
    354: "This login has no market data subscription for it",
    404: "The shares to sell short are being located; the order is held until then",
    420: "Asked too often for live bars or ticks",
    1100: "TWS has lost its line to IBKR",
    1101: "TWS has its line to IBKR back; market data are being subscribed again",
    1102: "TWS has its line to IBKR back",
    1300: "The API port was changed in TWS, which ends this connection: set the new port",
    2110: "TWS has lost its line to the server; it comes back by itself",
    10006: "The order it belongs to is not with TWS",
    10089: "This login has no market data subscription for use by programs",
    10090: "A part of the market data is not subscribed",
    10147: "TWS does not find the order that should be canceled",
    10148: "TWS cannot cancel the order as it is now",
    10167: "Not subscribed: delayed data are shown",
    10168: "Not subscribed, and delayed data are switched off",
    10186: "Not subscribed, and delayed data are switched off",
    10190: "The tick-by-tick streams of this login are used up",
    10197: "The same user is logged in elsewhere and gets the market data there: log out there",
    10349: "TWS set the order's time in force from its presets",
}
READ_ONLY_SENTENCE = (
    "TWS takes no orders from programs: untick Read-Only API in its Global Configuration, API,"
    " Settings"
)

HARMLESS = frozenset({_IN, _WA, _M.DELAYED, _M.FEED_OK, _M.FEED_BROKEN, _M.LINE_BROKEN,
                      _M.LINE_BACK_LOST, _M.LINE_BACK_KEPT})  # fmt: skip
_QUIET_MEANINGS = frozenset({_IN, _CX, _M.FEED_OK, _M.LINE_BACK_KEPT, _M.NO_DATA, _M.DELAYED,
                             _M.BOOK_RESET, _M.LINE_BACK_LOST})  # fmt: skip
_LOUD_MEANINGS = frozenset({_M.PORT_CHANGED, _M.CLIENT_ID_IN_USE, _RO})
_DOUBTFUL = frozenset({_RR, _CR, _XR, _CX})
# TWS's own range for mere warnings.
_REMARKS = range(2100, 2200)
_BARE_TAIL = re.compile(r"(?i)\s*(?:-\s*)?\breason:\s*$")


def judge(code: int, context: Context, text: str = "") -> Verdict:
    """What `code` means for `context`; `text` is TWS's own, unescaped. Any thread, no I/O."""
    text = _without_bare_tail(text)
    words = text.lower()
    is_order = context in ORDER_CONTEXTS
    meaning = _of_order(code, context) if is_order else _of_the_rest(code, context, words)
    is_read_only = _by_text(code, words) is _RO
    return Verdict(
        meaning,
        _severity(meaning),
        _in_words(code, READ_ONLY_SENTENCE if is_read_only else SENTENCES.get(code, ""), text),
        must_reread=is_order and meaning in _DOUBTFUL,
    )


def _of_order(code: int, context: Context) -> Meaning:
    row = TABLE.get(code)
    if row is not None:
        return row[_COLUMNS.index(context)]
    return _WA if code in _REMARKS else _RR


def _of_the_rest(code: int, context: Context, words: str) -> Meaning:
    if (by_text := _by_text(code, words)) is not None:
        return by_text
    row = TABLE.get(code)
    if row is not None:
        return row[_COLUMNS.index(context)]
    if code in _REMARKS:
        return _IN
    return _WA if context is Context.SYSTEM else _RE


def _by_text(code: int, words: str) -> Meaning | None:
    fitting = (meaning for fragment, meaning in TEXTS.get(code, ()) if fragment in words)
    return next(fitting, None)


def _severity(meaning: Meaning) -> Severity:
    if meaning in _LOUD_MEANINGS:
        return Severity.ERROR
    return Severity.INFO if meaning in _QUIET_MEANINGS else Severity.WARNING


def _without_bare_tail(text: str) -> str:
    """TWS says "Order Canceled - reason:" also where it gives none."""
    return _BARE_TAIL.sub("", text).rstrip()


def _in_words(code: int, sentence: str, text: str) -> str:
    if not sentence:
        return f"TWS {code}: {text}" if text else f"TWS error {code}"
    return f"{sentence} (TWS {code}: {text})" if text else f"{sentence} (TWS {code})"

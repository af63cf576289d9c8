"""Answers about contracts: details, search, option parameters, price increments.

Layouts: `contractDetails`, `symbolSamples`, `securityDefinitionOptionParameter` and `marketRule` in
the decoders of ib_insync 0.9.86 and ib_async 2.1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.doubles.tws.listings import MARKET_RULES, Listing, fits
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.records import Contract
from tests.doubles.tws.session import Handler, Session
from tests.doubles.tws.wire import Field, FieldReader, escaped
from tests.doubles.tws.world import World

NO_DEFINITION = "No security definition has been found for the request"
AMBIGUOUS = "The contract description specified for {} is ambiguous."
MOST_SAMPLES = 16
PLAIN = 265598
ORDER_TYPES = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALLOC,AVGCOST,BASKET,BENCHPX,CASHQTY,COND,CONDORDER,DAY,GAT,GTC,GTD,"
    "GTT,HID,IOC,LIT,LMT,LOC,MIDPX,MIT,MKT,MOC,MTL,NGCOMB,NONALGO,OCA,OPG,OPGREROUT,PEGBENCH,"
    "PEGMID,POSTATS,PREOPGRTH,PRICECHK,REL,REL2MID,RELPCTOFS,RTH,SCALE,SCALERST,SMARTSTG,"
    "SNAPMID,SNAPMKT,SNAPREL,STP,STPLMT,SWEEP,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF"
)


class NoContractError(Exception):
    """What was asked for is not listed, or is more than one thing; `code` and text are TWS's."""

    code = 200


class Market:
    """Everything that is listed, in the order of a search. World part; peer thread only."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add(self, listing: Listing) -> None:
        """List one more."""
        self._world.listings[listing.con_id] = listing
        self._world.contracts[listing.con_id] = listing.contract

    def listing(self, con_id: int) -> Listing:
        """The one with that id. Raises KeyError.

        A contract that a test has put into the world has the details of a plain US share.
        """
        known = self._world.listings.get(con_id)
        if known is not None:
            return known
        contract = self._world.contracts[con_id]
        plain = self._world.listings[PLAIN]
        return replace(plain, contract=contract, long_name=contract.symbol, isin="")

    def all(self, *, expired: bool = False) -> list[Listing]:
        """All that is listed, shares first."""
        today = self._world.timing.now().date()
        known = [self.listing(con_id) for con_id in self._world.contracts]
        return [listing for listing in known if expired or not listing.is_expired(today)]

    def of_symbol(self, symbol: str, sec_type: str = "STK", currency: str = "") -> list[Listing]:
        """For tests: the living listings of a symbol, nearest expiry first."""
        asked = Contract(symbol=symbol, sec_type=sec_type, currency=currency, exchange="")
        return [known for known in self.all() if fits(asked, known.contract, known.places)]

    def rows(self, asked: Contract, *, expired: bool = False) -> list[tuple[Listing, str]]:
        """What fits, each with the exchange its row names.

        A conId gives one row whatever else is said. Without an exchange a contract comes once for
        each place where it trades, as from TWS.
        """
        if asked.con_id:
            if asked.con_id not in self._world.contracts:
                return []
            known = self.listing(asked.con_id)
            return [(known, asked.exchange or known.places[0])]
        return [
            (known, place)
            for known in self.all(expired=expired)
            if fits(asked, known.contract, known.places)
            for place in ((asked.exchange,) if asked.exchange else known.places)
        ]

    def the_one(self, asked: Contract, *, trade: bool = True) -> Listing:
        """The one contract that is meant, tradable if it is to `trade`. Raises NoContractError."""
        found = {
            known.con_id: known for known, _ in self.rows(asked) if known.is_tradable or not trade
        }  # fmt: skip
        if len(found) > 1:
            raise NoContractError(AMBIGUOUS.format(asked.symbol))
        if not found:
            raise NoContractError(NO_DEFINITION)
        return next(iter(found.values()))

    def matching(self, pattern: str) -> list[Listing]:
        """Underlyings whose symbol begins with, or whose name holds, what was typed."""
        typed = pattern.strip().upper()
        kinds = ("STK", "IND", "CRYPTO")
        known = [k for k in self.all() if k.contract.sec_type in kinds and typed]
        exact = [k for k in known if k.contract.symbol == typed]
        begun = [k for k in known if k.contract.symbol.startswith(typed) and k not in exact]
        named = [k for k in known if typed in k.long_name.upper()]
        return [*exact, *begun, *(k for k in named if k not in exact and k not in begun)]


def wanted_listing(session: Session, req_id: int, asked: Contract) -> Listing | None:
    """What a data request is about; None after it was refused: no exchange, unknown, ambiguous."""
    if not asked.exchange:
        text = "Error validating request.-'bM' : cause - Please enter exchange"
        session.error(req_id, 321, text)
        return None
    try:
        return session.world.part(Market).the_one(asked, trade=False)
    except NoContractError as error:
        session.error(req_id, error.code, str(error))
        return None


def contract_details(session: Session, fields: list[str]) -> None:
    """9 8 reqId contract includeExpired secIdType secId [issuerId]."""
    reader = FieldReader(fields[2:])
    req_id = reader.integer()
    asked = Contract.read(reader)
    expired, id_type, sec_id = reader.flag(), reader.text(), reader.text()
    market = session.world.part(Market)
    if id_type == "ISIN":
        asked = replace(
            asked, con_id=next((k.con_id for k in market.all() if k.isin == sec_id), -1)
        )
    rows = market.rows(asked, expired=expired)
    if not rows:
        session.error(req_id, NoContractError.code, NO_DEFINITION)
        return
    for listing, place in rows:
        session.send(*_details(session, req_id, listing, place))
    session.send(Tell.CONTRACT_DATA_END, 1, req_id)


def _details(session: Session, req_id: int, listing: Listing, place: str) -> Iterator[Field]:
    """Message 10 as both decoders read it at server version 164 and later."""
    contract, hours = listing.contract, listing.hours
    expiry = contract.expiry
    if expiry and listing.last_trade_time:
        expiry = f"{expiry} {listing.last_trade_time} {hours.zone}"
    today = session.world.timing.now().date()
    yield from (Tell.CONTRACT_DATA, req_id, contract.symbol, contract.sec_type, expiry)
    yield from (contract.strike, contract.right, place, contract.currency, contract.local_symbol)
    yield from (listing.market_name, contract.trading_class, contract.con_id, contract.min_tick)
    yield from (contract.multiplier, ORDER_TYPES, ",".join(listing.places), 1, listing.under[0])
    yield from (escaped(listing.long_name), contract.primary_exchange, listing.contract_month)
    yield from (*listing.sector, hours.zone)
    yield from (hours.text(today, regular=False), hours.text(today, regular=True), "", 0)
    yield from ((1, "ISIN", listing.isin) if listing.isin else (0,))
    yield from (2, *listing.under[1:], listing.rule_text, contract.expiry, listing.stock_type)
    yield from listing.sizes


def matching_symbols(session: Session, fields: list[str]) -> None:
    """81 reqId pattern; answered by one message with at most sixteen contracts."""
    req_id, pattern = int(fields[1]), fields[2]
    found = session.world.part(Market).matching(pattern)[:MOST_SAMPLES]
    message: list[Field] = [Tell.SYMBOL_SAMPLES, req_id, len(found)]
    for listing in found:
        contract = listing.contract
        message += [contract.con_id, contract.symbol, contract.sec_type]
        message += [contract.primary_exchange or contract.exchange, contract.currency]
        message += [len(listing.derivatives), *listing.derivatives]
        if session.version >= 176:
            message += [escaped(listing.long_name), ""]
    session.send(*message)


def option_parameters(session: Session, fields: list[str]) -> None:
    """78 reqId symbol futFopExchange secType conId; one row for each exchange, then the end."""
    req_id, con_id = int(fields[1]), int(fields[5])
    options = [
        known
        for known in session.world.part(Market).all()
        if known.contract.sec_type == "OPT" and known.under[0] == con_id
    ]
    expiries = sorted({known.contract.expiry for known in options})
    strikes = sorted({known.contract.strike for known in options})
    for place in options[0].places if options else ():
        one = options[0].contract
        message: list[Field] = [Tell.OPTION_PARAMETERS, req_id, place, con_id, one.trading_class]
        message += [one.multiplier, len(expiries), *expiries, len(strikes), *strikes]
        session.send(*message)
    session.send(Tell.OPTION_PARAMETERS_END, req_id)


def market_rule(session: Session, fields: list[str]) -> None:
    """91 ruleId; an unknown rule is refused without naming it."""
    number = int(fields[1])
    steps = MARKET_RULES.get(number)
    if steps is None:
        session.error(-1, 321, "Error validating request.-'bK' : cause - Invalid market rule ID")
        return
    message: list[Field] = [Tell.MARKET_RULE, number, len(steps)]
    for low, increment in steps:
        message += [low, increment]
    session.send(*message)


HANDLERS: dict[int, Handler] = {
    Ask.CONTRACT_DETAILS: contract_details,
    Ask.MATCHING_SYMBOLS: matching_symbols,
    Ask.OPTION_PARAMETERS: option_parameters,
    Ask.MARKET_RULE: market_rule,
}

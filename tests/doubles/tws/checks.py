"""What TWS refuses, and with which code (TWS API documentation, "Message Codes")."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.doubles.tws.ledger import INITIAL, Ledger
from tests.doubles.tws.order_layout import Placement
from tests.doubles.tws.records import ZERO, Contract, TwsOrder
from tests.doubles.tws.wire import number

if TYPE_CHECKING:
    from tests.doubles.tws.world import World

LIMITED = ("LMT", "STP LMT", "LOC", "LIT")
PRICED = ("STP", "STP LMT", "MIT", "LIT")
KINDS = (*LIMITED, *PRICED, "MKT", "MOC", "MIDPRICE", "REL", "TRAIL", "TRAIL LIMIT", "MTL")
SAME = ("action", "account", "parentId")  # a change cannot touch these
INVALID = "Error validating request.-'bS' : cause - "


@dataclass(frozen=True)
class Refusal:
    """A code and its text."""

    code: int
    text: str


def find_contract(world: World, asked: Contract) -> Contract | Refusal:
    """The one contract an order means."""
    found = world.find(asked)
    if len(found) == 1:
        return found[0]
    if not found:
        return Refusal(200, "No security definition has been found for the request")
    return Refusal(200, f"The contract description specified for {asked.symbol} is ambiguous.")


def check_terms(world: World, contract: Contract, terms: dict[str, str]) -> Refusal | None:
    """What is wrong with an order's terms, whoever sends it."""
    kind = terms["orderType"].upper()
    if kind not in KINDS:
        return Refusal(387, "Unsupported order type for this exchange and security type.")
    if terms["action"] not in ("BUY", "SELL", "SSHORT"):
        return Refusal(321, INVALID + f"Invalid action: {terms['action']}")
    if (number(terms["totalQuantity"]) or ZERO) <= 0:
        return Refusal(434, "The order size cannot be zero.")
    if not terms["account"]:
        if len(world.accounts) > 1:
            return Refusal(435, "You must specify an account.")
        terms["account"] = next(iter(world.accounts))
    if terms["account"] not in world.accounts:
        return Refusal(321, INVALID + "Invalid account code")
    return _check_prices(world, contract, kind, terms)


def _check_prices(
    world: World, contract: Contract, kind: str, terms: dict[str, str]
) -> Refusal | None:
    limit, aux = number(terms["lmtPrice"]), number(terms["auxPrice"])
    if kind in LIMITED and limit is None:
        return Refusal(321, INVALID + "Limit price is missing")
    if kind in PRICED and aux is None:
        return Refusal(321, INVALID + "Stop price is missing")
    trails = aux is not None, number(terms["trailingPercent"]) is not None
    if kind.startswith("TRAIL") and trails[0] == trails[1]:
        return Refusal(321, INVALID + "Trailing amount or percent, one of them")
    prices = [limit if kind in LIMITED else None, aux if kind in PRICED else None]
    if any(price is not None and price % world.step(contract, price) for price in prices):
        return Refusal(
            110, "The price does not conform to the minimum price variation for this contract."
        )
    return None


def check_money(world: World, contract: Contract, placed: Placement) -> Refusal | None:
    """201 where the account cannot carry the order."""
    terms = placed.terms
    account = world.accounts[terms["account"]]
    before, needed = margin_change(world, contract, terms)
    figures = world.part(Ledger).figures(account)
    if needed <= figures.available or needed <= 0:
        return None
    return Refusal(
        201,
        "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED"
        f" POSITION YOUR EQUITY WITH LOAN VALUE [{figures.net:.2f} {account.base}] MUST EXCEED THE"
        f" INITIAL MARGIN [{before + needed:.2f} {account.base}]",
    )


def margin_change(
    world: World, contract: Contract, terms: dict[str, str]
) -> tuple[Decimal, Decimal]:
    """Initial margin now, and by how much this order would change it, in the base currency."""
    ledger, account = world.part(Ledger), world.accounts[terms["account"]]
    quote = world.quotes.get(contract.con_id)
    price = number(terms["lmtPrice"]) or number(terms["auxPrice"])
    price = price or (quote.mark if quote else None) or ZERO
    held = account.holdings.get(contract.con_id)
    have = held.quantity if held else ZERO
    quantity = number(terms["totalQuantity"]) or ZERO
    after = have + (quantity if terms["action"] == "BUY" else -quantity)
    share = INITIAL.get(contract.sec_type, Decimal(1)) * contract.size * price
    change = (abs(after) - abs(have)) * share * ledger.rate(account, contract.currency)
    return ledger.figures(account).initial, change


def check_change(world: World, order: TwsOrder, placed: Placement) -> Refusal | None:
    """What is wrong with a change of an order that is known."""
    if order.status == "Filled":
        return Refusal(104, "Cannot modify a filled order.")
    if order.is_done:
        return Refusal(103, "Duplicate order id")
    asked = placed.contract
    other = asked.con_id not in (0, order.contract.con_id) or asked.symbol not in (
        "",
        order.contract.symbol,
    )
    new = {**placed.terms, "account": placed.terms["account"] or order.account}
    if other or any((new[name] or "0") != (order.terms[name] or "0") for name in SAME):
        return Refusal(105, "Order being modified does not match original order")
    if new["orderType"].upper() != order.kind and order.filled:
        return Refusal(329, "Order modify failed. Cannot change to the new order type.")
    if (number(new["totalQuantity"]) or ZERO) <= order.filled:
        return Refusal(201, "Order rejected - reason:The size is below what is filled already.")
    return check_terms(world, order.contract, new)

"""What-if orders: margins and commission, and nothing is sent (TWS API documentation, "Margin")."""

from __future__ import annotations

from decimal import Decimal

from tests.doubles.tws.checks import Refusal, check_terms, find_contract, margin_change
from tests.doubles.tws.ledger import Ledger
from tests.doubles.tws.order_layout import Placement, routed
from tests.doubles.tws.order_records import Preview, open_order
from tests.doubles.tws.records import ZERO, TwsOrder
from tests.doubles.tws.session import Session
from tests.doubles.tws.wire import number


def preview_order(session: Session, placed: Placement) -> Refusal | None:
    """Answer one what-if by an openOrder, or say what is wrong with it."""
    world, terms = session.world, placed.terms
    contract = find_contract(world, placed.contract)
    if isinstance(contract, Refusal):
        return contract
    refusal = check_terms(world, contract, terms)
    if refusal is not None:
        return refusal
    order = TwsOrder(
        0,
        session.client_id,
        placed.order_id,
        routed(contract, placed.contract),
        terms,
        world.timing.now(),
        placed.lists,
        status="PreSubmitted",
    )
    if world.faults.preview_unset_first:
        session.send(*open_order(order, session.version, Preview()))
    session.send(*open_order(order, session.version, _costs(session, order)))
    return None


def _costs(session: Session, order: TwsOrder) -> Preview:
    world, contract = session.world, order.contract
    ledger, account = world.part(Ledger), world.accounts[order.account]
    figures = ledger.figures(account)
    _, change = margin_change(world, contract, order.terms)
    quote = world.quotes.get(contract.con_id)
    price = number(order.terms["lmtPrice"]) or (quote.mark if quote else None) or ZERO
    fee = ledger.commission(contract, order.quantity, price)
    before = (figures.initial, figures.maintenance, figures.net)
    changes = (change, change / 2, -fee)
    after = tuple(b + c for b, c in zip(before, changes, strict=True))
    is_market = order.kind == "MKT"
    cent = Decimal("0.01")
    return Preview(
        margins=tuple(value.quantize(cent) for value in (*before, *changes, *after)),
        commission=None if is_market else fee,
        least=fee if is_market else None,
        most=fee * 2 if is_market else None,
        currency=contract.currency,
    )

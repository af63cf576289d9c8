"""Fields of placeOrder, openOrder and completedOrder, in their order on the wire.

Sources: `Client.placeOrder` and `Decoder.openOrder/completedOrder` of ib_insync 0.9.86 (server
version 176) and ib_async 2.1.0 (178); IBKR's TWS API documentation, "Order" and "OrderState".
Between the two only `faProfile` differs: it went with version 177.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.doubles.tws.records import Contract
from tests.doubles.tws.wire import FieldReader, WireError, number


def names(text: str) -> list[str]:
    """Field names, one after the other."""
    return text.split()


NO_PROFILE = 177  # from here on there is no faProfile

HEAD = names(
    "secIdType secId action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account"
    " openClose origin orderRef transmit parentId blockOrder sweepToFill displaySize"
    " triggerMethod outsideRth hidden"
)
LEG = names("conId ratio action exchange openClose shortSaleSlot designatedLocation exemptCode")
GROUPS = names(
    "sharesAllocation discretionaryAmt goodAfterTime goodTillDate faGroup faMethod faPercentage"
)
BODY = names(
    "modelCode shortSaleSlot designatedLocation exemptCode ocaType rule80A settlingFirm"
    " allOrNone minQty percentOffset eTradeOnly firmQuoteOnly nbboPriceCap auctionStrategy"
    " startingPrice stockRefPrice delta stockRangeLower stockRangeUpper"
    " overridePercentageConstraints volatility volatilityType deltaNeutralOrderType"
    " deltaNeutralAuxPrice"
)
NEUTRAL = names(
    "deltaNeutralConId deltaNeutralSettlingFirm deltaNeutralClearingAccount"
    " deltaNeutralClearingIntent deltaNeutralOpenClose deltaNeutralShortSale"
    " deltaNeutralShortSaleSlot deltaNeutralDesignatedLocation"
)
TRAIL = names(
    "continuousUpdate referencePriceType trailStopPrice trailingPercent scaleInitLevelSize"
    " scaleSubsLevelSize scalePriceIncrement"
)
SCALE = names(
    "scalePriceAdjustValue scalePriceAdjustInterval scaleProfitOffset scaleAutoReset"
    " scaleInitPosition scaleInitFillQty scaleRandomPercent"
)
HEDGE = names("scaleTable activeStartTime activeStopTime hedgeType")
CLEARING = names("optOutSmartRouting clearingAccount clearingIntent notHeld")
MISC = names("algoId whatIf orderMiscOptions solicited randomizeSize randomizePrice")
BENCH = names(
    "referenceContractId isPeggedChangeAmountDecrease peggedChangeAmount"
    " referenceChangeAmount referenceExchangeId"
)
ADJUST = names(
    "adjustedOrderType triggerPrice lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice"
    " adjustedTrailingAmount adjustableTrailingUnit extOperator softDollarName softDollarValue"
    " cashQty mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader mifid2ExecutionAlgo"
    " dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice usePriceMgmtAlgo"
)
LATER = (
    (158, "duration"),
    (160, "postToAts"),
    (162, "autoCancelParent"),
    (166, "advancedErrorOverride"),
    (169, "manualOrderTime"),
)
FLAGS = names("origin transmit hidden allOrNone notHeld whatIf solicited isOmsContainer")
CONDITION_FIELDS = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}  # after the type, by the type


@dataclass
class Placement:
    """One placeOrder as it was read: single fields by name, lists as they came."""

    order_id: int
    contract: Contract
    terms: dict[str, str]
    lists: dict[str, list[str]] = field(default_factory=dict)


def read_placement(fields: list[str], version: int) -> Placement:
    """Take a placeOrder apart, to the last field. Raises WireError where it does not fit."""
    reader = FieldReader(fields[1:])
    order_id = reader.integer()
    contract = Contract.read(reader)
    placed = Placement(order_id, contract, reader.named(HEAD))
    terms, lists = placed.terms, placed.lists
    if contract.sec_type == "BAG":
        lists["legs"] = _counted(reader, len(LEG))
        lists["leg_prices"] = _counted(reader, 1)
        lists["routing"] = _counted(reader, 2)
    terms.update(reader.named(GROUPS))
    if version < NO_PROFILE:
        terms.update(reader.named(["faProfile"]))
    terms.update(reader.named(BODY))
    if terms["deltaNeutralOrderType"]:
        terms.update(reader.named(NEUTRAL))
    terms.update(reader.named(TRAIL))
    if (number(terms["scalePriceIncrement"]) or 0) > 0:
        terms.update(reader.named(SCALE))
    terms.update(reader.named(HEDGE))
    if terms["hedgeType"]:
        terms.update(reader.named(["hedgeParam"]))
    terms.update(reader.named(CLEARING))
    if reader.flag():
        lists["neutral_contract"] = [reader.text() for _ in range(3)]
    terms.update(reader.named(["algoStrategy"]))
    if terms["algoStrategy"]:
        lists["algo"] = _counted(reader, 2)
    terms.update(reader.named(MISC))
    _read_tail(reader, version, placed)
    left = reader.rest()
    if left:
        raise WireError(f"{len(left)} fields too many: {left[:5]}")
    for name in FLAGS:
        if terms[name] not in ("0", "1"):
            raise WireError(f"{name} is {terms[name]!r}")
    return placed


def _read_tail(reader: FieldReader, version: int, placed: Placement) -> None:
    terms = placed.terms
    kind = terms["orderType"].replace(" ", "")
    if kind == "PEGBENCH":
        terms.update(reader.named(BENCH))
    count = reader.integer()
    if count:
        placed.lists["conditions"] = _conditions(reader, count)
        terms.update(reader.named(["conditionsIgnoreRth", "conditionsCancelOrder"]))
    terms.update(reader.named(ADJUST))
    terms.update(reader.named([name for since, name in LATER if version >= since]))
    if version < 170:
        return
    if placed.contract.exchange == "IBKRATS":
        terms.update(reader.named(["minTradeQty"]))
    if kind == "PEGBEST":
        terms.update(reader.named(["minCompeteSize", "competeAgainstBestOffset"]))
    if kind == "PEGMID" or terms.get("competeAgainstBestOffset") == "Infinite":
        terms.update(reader.named(["midOffsetAtWhole", "midOffsetAtHalf"]))


def _counted(reader: FieldReader, width: int) -> list[str]:
    return [reader.text() for _ in range(reader.integer() * width)]


def _conditions(reader: FieldReader, count: int) -> list[str]:
    found = []
    for _ in range(count):
        kind = reader.integer()
        if kind not in CONDITION_FIELDS:
            raise WireError(f"no condition of type {kind}")
        found += [str(kind), *(reader.text() for _ in range(CONDITION_FIELDS[kind]))]
    return found


def condition_count(conditions: list[str]) -> int:
    """How many conditions a flat list of them holds."""
    count = at = 0
    while at < len(conditions):
        at += 1 + CONDITION_FIELDS[int(conditions[at])]
        count += 1
    return count


def plain(
    action: str, quantity: object, kind: str = "MKT", limit: object = "", **more: object
) -> dict[str, str]:
    """The terms of an order that no client has written: typed into TWS, or a test's own."""
    terms = dict.fromkeys((*HEAD, *GROUPS, *BODY, *TRAIL, *HEDGE, *CLEARING, *MISC, *ADJUST), "")
    terms.update(
        action=action,
        totalQuantity=str(quantity),
        orderType=kind,
        lmtPrice=str(limit),
        tif="DAY",
        origin="0",
        transmit="1",
    )
    terms.update({name: str(value) for name, value in more.items()})
    return terms


def routed(contract: Contract, asked: Contract) -> Contract:
    """The known contract with the exchange the order asks for."""
    return replace(contract, exchange=asked.exchange or contract.exchange)

"""The messages openOrder (5) and completedOrder (101), field by field.

Sources: `Decoder.openOrder` and `Decoder.completedOrder` of ib_insync 0.9.86 and ib_async 2.1.0,
which unpack exactly these fields for server versions 157 to 178.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tests.doubles.tws.message_numbers import Tell
from tests.doubles.tws.order_layout import (
    BENCH,
    LEG,
    NEUTRAL,
    NO_PROFILE,
    SCALE,
    condition_count,
    names,
)
from tests.doubles.tws.records import TwsOrder
from tests.doubles.tws.wire import UNSET_DOUBLE, UNSET_INTEGER, Field, number

TERMS = names("action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose")
# What TWS writes where the client has left a field empty; everything else stays empty.
UNSET = {
    "lmtPrice": "0.0",
    "auxPrice": "0.0",
    **dict.fromkeys(
        names(
            "minQty volatilityType referencePriceType scaleInitLevelSize scaleSubsLevelSize"
            " basisPointsType duration postToAts minTradeQty minCompeteSize scaleInitPosition"
            " scaleInitFillQty scalePriceAdjustInterval"
        ),
        UNSET_INTEGER,
    ),
    **dict.fromkeys(
        names(
            "percentOffset startingPrice stockRefPrice delta stockRangeLower stockRangeUpper"
            " nbboPriceCap volatility deltaNeutralAuxPrice trailStopPrice trailingPercent"
            " basisPoints scalePriceIncrement triggerPrice lmtPriceOffset adjustedStopPrice"
            " adjustedStopLimitPrice adjustedTrailingAmount cashQty competeAgainstBestOffset"
            " midOffsetAtWhole midOffsetAtHalf scalePriceAdjustValue scaleProfitOffset"
        ),
        UNSET_DOUBLE,
    ),
}


@dataclass(frozen=True)
class Preview:
    """What a what-if order is told: margins before, change, after; commission; a warning."""

    margins: tuple[Decimal, ...] = ()
    commission: Decimal | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    currency: str = ""
    warning: str = ""

    def fields(self) -> list[Field]:
        """Nine margins, commission and its range, currency, text."""
        margins: list[Field] = [*self.margins] or [UNSET_DOUBLE] * 9
        fees = [UNSET_DOUBLE if f is None else f for f in (self.commission, self.least, self.most)]
        return [*margins, *fees, self.currency, self.warning]


def open_order(order: TwsOrder, version: int, preview: Preview | None = None) -> list[Field]:
    """Message 5 about an order as it stands."""
    take = _Terms(order)
    fields: list[Field] = [Tell.OPEN_ORDER, order.order_id, *order.contract.fields()]
    fields += take(
        "action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose"
    )
    fields += [*take("origin orderRef"), order.client_id, order.perm_id]
    fields += take("outsideRth hidden discretionaryAmt goodAfterTime sharesAllocation")
    fields += take("faGroup faMethod faPercentage")
    if version < NO_PROFILE:
        fields += take("faProfile")
    fields += take(
        "modelCode goodTillDate rule80A percentOffset settlingFirm shortSaleSlot"
        " designatedLocation exemptCode auctionStrategy startingPrice stockRefPrice delta"
        " stockRangeLower stockRangeUpper displaySize blockOrder sweepToFill allOrNone minQty"
        " ocaType eTradeOnly firmQuoteOnly nbboPriceCap parentId triggerMethod volatility"
        " volatilityType deltaNeutralOrderType deltaNeutralAuxPrice"
    )
    if order.terms.get("deltaNeutralOrderType"):
        fields += take(*NEUTRAL)
    fields += [*take("continuousUpdate referencePriceType"), _stop(order)]
    fields += take("trailingPercent basisPoints basisPointsType comboLegsDescrip")
    fields += [*_combo(order), *_scale(order, take)]
    fields += take("optOutSmartRouting")
    fields += [*_clearing(order, take), *_algo(order)]
    state = preview or Preview(warning=order.warning)
    fields += [*take("solicited whatIf"), order.status, *state.fields()]
    fields += [*take("randomizeSize randomizePrice"), *_pegged(order, take)]
    fields += [*take("adjustedOrderType triggerPrice"), _stop(order)]
    fields += take(
        "lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice adjustedTrailingAmount"
        " adjustableTrailingUnit softDollarName softDollarValue softDollarDisplayName cashQty"
        " dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice usePriceMgmtAlgo"
    )
    for since, name in ((159, "duration"), (160, "postToAts"), (162, "autoCancelParent")):
        if version >= since:
            fields += take(name)
    return fields + (_pegs(take) if version >= 170 else [])


def completed_order(
    order: TwsOrder, version: int, completed_at: str, parent_perm_id: int
) -> list[Field]:
    """Message 101 about a finished order: neither order id nor client id are in it."""
    take = _Terms(order)
    fields: list[Field] = [Tell.COMPLETED_ORDER, *order.contract.fields()]
    fields += take(
        "action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose"
    )
    fields += [*take("origin orderRef"), order.perm_id]
    fields += take("outsideRth hidden discretionaryAmt goodAfterTime faGroup faMethod faPercentage")
    if version < NO_PROFILE:
        fields += take("faProfile")
    fields += take(
        "modelCode goodTillDate rule80A percentOffset settlingFirm shortSaleSlot"
        " designatedLocation exemptCode startingPrice stockRefPrice delta stockRangeLower"
        " stockRangeUpper displaySize sweepToFill allOrNone minQty ocaType triggerMethod"
        " volatility volatilityType deltaNeutralOrderType deltaNeutralAuxPrice"
    )
    if order.terms.get("deltaNeutralOrderType"):
        fields += take(NEUTRAL[0], *NEUTRAL[5:])
    fields += [*take("continuousUpdate referencePriceType"), _stop(order)]
    fields += take("trailingPercent comboLegsDescrip")
    fields += [*_combo(order), *_scale(order, take)]
    fields += [*_clearing(order, take), *_algo(order)]
    fields += [*take("solicited"), order.status]
    fields += [*take("randomizeSize randomizePrice"), *_pegged(order, take)]
    fields += [_stop(order), *take("lmtPriceOffset cashQty dontUseAutoPriceForHedge")]
    fields += [*take("isOmsContainer autoCancelDate"), order.filled]
    fields += take(
        "refFuturesConId autoCancelParent shareholder imbalanceOnly routeMarketableToBbo"
    )
    fields += [parent_perm_id, completed_at, order.done_status]
    return fields + (_pegs(take) if version >= 170 else [])


class _Terms:
    """Fields by name, as TWS writes them."""

    def __init__(self, order: TwsOrder) -> None:
        self._terms = order.terms

    def __call__(self, *names: str) -> list[Field]:
        return [self._one(name) for line in names for name in line.split()]

    def _one(self, name: str) -> Field:
        text = self._terms.get(name, "")
        if name == "totalQuantity":
            return number(text)
        return text.replace("Infinite", "Infinity") or UNSET.get(name, "")


def _stop(order: TwsOrder) -> Field:
    return order.terms.get("trailStopPrice") or UNSET_DOUBLE if order.stop is None else order.stop


def _combo(order: TwsOrder) -> list[Field]:
    legs, prices = order.lists.get("legs", []), order.lists.get("leg_prices", [])
    routing = order.lists.get("routing", [])
    return [len(legs) // len(LEG), *legs, len(prices), *prices, len(routing) // 2, *routing]


def _scale(order: TwsOrder, take: _Terms) -> list[Field]:
    fields = take("scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement")
    if (number(order.terms.get("scalePriceIncrement", "")) or 0) > 0:
        fields += take(*SCALE)
    fields += take("hedgeType")
    return fields + (take("hedgeParam") if order.terms.get("hedgeType") else [])


def _clearing(order: TwsOrder, take: _Terms) -> list[Field]:
    neutral = order.lists.get("neutral_contract", [])
    return [*take("clearingAccount clearingIntent notHeld"), bool(neutral), *neutral]


def _algo(order: TwsOrder) -> list[Field]:
    strategy, params = order.terms.get("algoStrategy", ""), order.lists.get("algo", [])
    return [strategy, len(params) // 2, *params] if strategy else [""]


def _pegged(order: TwsOrder, take: _Terms) -> list[Field]:
    fields = take(*BENCH) if order.kind.replace(" ", "") == "PEGBENCH" else []
    conditions = order.lists.get("conditions", [])
    fields += [condition_count(conditions), *conditions]
    return fields + (take("conditionsIgnoreRth conditionsCancelOrder") if conditions else [])


def _pegs(take: _Terms) -> list[Field]:
    return take(
        "minTradeQty minCompeteSize competeAgainstBestOffset midOffsetAtWhole midOffsetAtHalf"
    )

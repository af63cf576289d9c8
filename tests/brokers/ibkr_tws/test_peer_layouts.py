"""Every field of an order, through the real SDK to the peer and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from tests.brokers.ibkr_tws.order_client import SPY, OrderClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.order_layout import read_placement
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.wire import WireError

# What TWS fills in itself, or does not tell of an order that lives.
OWN = {"orderId", "clientId", "permId", "ocaGroup", "account", "orderComboLegs"}
UNTOLD = {
    "transmit", "overridePercentageConstraints", "scaleTable", "activeStartTime",
    "activeStopTime", "algoId", "orderMiscOptions", "extOperator", "mifid2DecisionMaker",
    "mifid2DecisionAlgo", "mifid2ExecutionTrader", "mifid2ExecutionAlgo", "advancedErrorOverride",
    "manualOrderTime", "basisPoints", "basisPointsType", "autoCancelDate", "filledQuantity",
    "refFuturesConId", "shareholder", "imbalanceOnly", "routeMarketableToBbo", "parentPermId",
}  # fmt: skip
# Sent only with order types and exchanges that the test has cases of their own for.
SPECIAL = {
    "minTradeQty", "minCompeteSize", "competeAgainstBestOffset", "midOffsetAtWhole",
    "midOffsetAtHalf", "referenceContractId", "isPeggedChangeAmountDecrease",
    "peggedChangeAmount", "referenceChangeAmount", "referenceExchangeId",
}  # fmt: skip


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


def filled_in(ib: Any) -> dict[str, Any]:
    """A value for every field of the SDK's order that differs from its default."""
    values: dict[str, Any] = {}
    for number, field in enumerate(dataclasses.fields(ib.Order), start=2):
        default = field.default
        if isinstance(default, bool):
            values[field.name] = not default
        elif isinstance(default, int):
            values[field.name] = number
        elif isinstance(default, float):
            values[field.name] = number + 0.5
        elif isinstance(default, str):
            values[field.name] = f"{field.name}!"
    values.update(
        action="BUY", totalQuantity=100.0, orderType="LMT", lmtPrice=450.0, tif="GTC",
        transmit=True, whatIf=False, parentId=0, origin=0, account="", ocaGroup="group",
        conditions=[
            ib.order.PriceCondition(price=1.5, conId=SPY, exch="SMART"),
            ib.order.TimeCondition(time="20300101 09:30:00 US/Eastern"),
            ib.order.MarginCondition(percent=10, conjunction="o"),
            ib.order.ExecutionCondition(secType="STK", exch="SMART", symbol="SPY"),
            ib.order.VolumeCondition(volume=5, conId=SPY, exch="SMART"),
            ib.order.PercentChangeCondition(changePercent=2.5, conId=SPY, exch="SMART"),
        ],
        orderMiscOptions=[ib.TagValue("option", "1")],
        algoParams=[ib.TagValue("speed", "slow"), ib.TagValue("size", "1")],
        softDollarTier=ib.objects.SoftDollarTier("name", "value", ""),
    )  # fmt: skip
    for name in OWN - {"ocaGroup"} | SPECIAL | {"faProfile", "volatility"}:
        values.pop(name, None)
    return values


def test_every_field_of_an_order_comes_back(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            ib = client.raw.ib
            sent = filled_in(ib)
            deep = {"conditions": sent["conditions"], "algoParams": sent["algoParams"]}
            order_id = client.place(
                sent["action"], sent["totalQuantity"], sent["orderType"],
                **{n: v for n, v in sent.items()
                   if n not in ("action", "totalQuantity", "orderType")},
            )  # fmt: skip
            (_, _, told, state), *_ = await client.raw.told("openOrder", order_id)
        assert state.status == "Submitted"
        wrong = {
            name: (value, getattr(told, name))
            for name, value in sent.items()
            if name not in UNTOLD and name not in deep and getattr(told, name) != value
        }
        assert wrong == {}
        assert told.conditions == deep["conditions"]
        assert [(p.tag, p.value) for p in told.algoParams] == [("speed", "slow"), ("size", "1")]
        kept = peer.call(lambda: peer.world.orders[told.permId].terms)
        for name in UNTOLD & set(kept):
            assert kept[name] not in ("", "0"), name

    run(scenario())


def test_an_order_of_defaults_comes_back_as_defaults(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            ib = client.raw.ib
            order_id = client.limit("BUY", 1, 450, openClose="", exemptCode=-1)
            (_, contract, told, state), *_ = await client.raw.told("openOrder", order_id)
            assert (contract.conId, contract.symbol, contract.exchange) == (SPY, "SPY", "SMART")
            changed = {
                field.name
                for field in dataclasses.fields(ib.Order)
                if field.default is not dataclasses.MISSING
                and getattr(told, field.name) != field.default
            }
            given = {"action", "totalQuantity", "orderType", "lmtPrice", "tif", "openClose"}
            own = {"orderId", "clientId", "permId", "account", "auxPrice"}
            assert changed == given | own
            assert state.commission == ib.util.UNSET_DOUBLE

    run(scenario())


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        ("PEG BENCH", {"referenceContractId": 5, "peggedChangeAmount": 0.5,
                       "referenceChangeAmount": 0.25, "referenceExchangeId": "ISLAND",
                       "isPeggedChangeAmountDecrease": True}),
        ("PEG BEST", {"minCompeteSize": 100, "competeAgainstBestOffset": 0.02}),
        ("PEG BEST", {"minCompeteSize": 100, "competeAgainstBestOffset": float("inf"),
                      "midOffsetAtWhole": 0.01, "midOffsetAtHalf": 0.005}),
        ("PEG MID", {"midOffsetAtWhole": 0.01, "midOffsetAtHalf": 0.005}),
    ],
)  # fmt: skip
def test_pegged_orders_bring_fields_of_their_own(
    kind: str, terms: dict[str, Any], peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            order_id = client.place("BUY", 1, kind, **terms)
            # The peer trades no pegged orders: it has read every field when it says so.
            assert (await client.refused(order_id))[0] == 387

    run(scenario())


def test_combo_hedge_scale_and_delta_neutral_fields_are_read(
    peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            ib = client.raw.ib
            leg = ib.ComboLeg(conId=SPY, ratio=1, action="BUY", exchange="SMART")
            combo = ib.Contract(secType="BAG", symbol="SPY", exchange="SMART", currency="USD")
            combo.comboLegs = [leg, leg]
            combo.deltaNeutralContract = ib.contract.DeltaNeutralContract(7, 0.5, 1.5)
            order = ib.Order(
                action="BUY", totalQuantity=1, orderType="LMT", lmtPrice=1, tif="DAY",
                hedgeType="F", hedgeParam="x", deltaNeutralOrderType="LMT", deltaNeutralConId=7,
                scalePriceIncrement=0.5, scaleInitLevelSize=5, orderRef="combo",
                orderComboLegs=[ib.order.OrderComboLeg(1.5), ib.order.OrderComboLeg(2.5)],
                smartComboRoutingParams=[ib.TagValue("NonGuaranteed", "1")],
            )  # fmt: skip
            client.raw.send.placeOrder(1, combo, order)
            # Combos are not listed here: it has read every field when it says so.
            assert (await client.refused(1))[0] == 200

    run(scenario())


def test_a_field_too_few_or_too_many_is_noticed(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            client.limit("BUY", 1, 450)
            await client.sync()
            version = client.raw.send.serverVersion()
        fields = next(r.fields for r in peer.call(list, peer.world.received) if r.fields[0] == "3")
        assert read_placement(fields, version).terms["lmtPrice"] in ("450", "450.0")
        with pytest.raises(WireError):
            read_placement(fields[:-1], version)
        with pytest.raises(WireError):
            read_placement([*fields, ""], version)
        with pytest.raises(WireError):
            read_placement(fields, 176 if version == 178 else 178)

    run(scenario())


def test_a_filled_order_comes_back_as_completed(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            client.place("BUY", 3, "MKT", orderRef="mine", tif="GTC", outsideRth=True)
            await client.sync()
            ((order, state),) = await client.completed()
        assert (order.orderRef, order.tif, order.outsideRth) == ("mine", "GTC", True)
        assert (order.orderId, order.clientId, order.filledQuantity) == (0, 0, 3)
        assert (state.status, state.completedStatus) == ("Filled", "Filled Size: 3")
        assert state.completedTime.endswith("US/Eastern")

    run(scenario())

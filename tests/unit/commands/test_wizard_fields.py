"""What is typed into fields, and the pages of a broker that brings none of its own."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.base.errors import UserError
from app.brokers import registry
from app.brokers.base import BrokerInfo, SettingField
from app.brokers.setup import PageKind
from app.commands.wizard_brokers import (
    FAMILY,
    MEMBER,
    BrokerChoice,
    known_brokers,
    load_setup,
    missing_text,
    trouble_with,
)
from app.commands.wizard_fields import problem, shown, typed, values
from app.commands.wizard_plain import PlainSetup
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from tests.doubles.loop import LoopRunner
from tests.doubles.scripted_setup import INFO

PAPER = registry.broker_info("paper")


@pytest.mark.parametrize("info", known_brokers(), ids=lambda info: info.id)
def test_every_default_can_be_shown_and_typed_again(info: BrokerInfo) -> None:
    for field in info.settings:
        assert typed(field, shown(field.default) if field.kind != "bool" else field.default) == (
            typed(field, field.default)
        )
    assert problem(info.settings, {}) is None
    assert set(values(info.settings, {})) == {field.name for field in info.settings}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", " 7497 ", 7497),
        ("int", "7 497", 7497),
        ("float", "2.5", 2.5),
        ("decimal", "0.005", Decimal("0.005")),
        ("list", "a, b ,,c", ("a", "b", "c")),
        ("list", "", ()),
        ("text", " host ", "host"),
        ("path", "", ""),
        ("bool", True, True),
    ],
)
def test_text_becomes_the_value_of_its_kind(kind: str, text: Any, value: Any) -> None:
    default: Any = {"list": ("x",), "bool": False}.get(kind, "x")
    assert typed(SettingField("name", kind, default, "Name"), text) == value


@pytest.mark.parametrize(
    ("kind", "text"), [("int", "seven"), ("int", "7.5"), ("float", "x"), ("decimal", "--")]
)
def test_what_is_no_number_is_refused_with_its_title(kind: str, text: str) -> None:
    with pytest.raises(UserError, match=r"^Port: found .*; allowed: a "):
        typed(SettingField("port", kind, 1, "Port"), text)


def test_an_empty_number_is_the_default() -> None:
    assert typed(SettingField("port", "int", 7497, "Port"), "") == 7497


def test_the_first_wrong_field_is_named() -> None:
    fields = (
        SettingField("a", "int", 1, "First", minimum=0),
        SettingField("b", "int", 1, "Second", minimum=0),
    )
    assert problem(fields, {"a": "1", "b": "-1"}) == (
        "b",
        "Second: found -1; allowed: a whole number of at least 0",
    )
    assert values(fields, {"a": "5", "b": "-1"}) == {"a": 5}


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "yes"), (False, "no"), (("a", "b"), "a, b"), (1.0, "1"), (7, "7")],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert shown(value) == text


# ---- a broker without pages of its own ----


def test_one_environment_asks_for_nothing_but_the_settings(run: LoopRunner) -> None:
    setup = PlainSetup(PAPER)
    [page] = setup.pages({})
    assert (page.kind, page.fields) == (PageKind.FORM, PAPER.settings)
    draft = setup.draft({"speed": 5.0})
    assert (draft.environment, draft.suggested_id) == ("paper", "paper")
    assert draft.summary == (("Speed", "5"),)
    assert draft.settings["speed"] == 5.0
    assert set(draft.settings) == {field.name for field in PAPER.settings}
    assert run(setup.work("settings", {}, lambda _: None)).trouble is None


def test_paper_or_live_is_asked_where_there_is_a_choice() -> None:
    setup = PlainSetup(replace(INFO, setup=""))
    choice, form = setup.pages({})
    assert [(o.value, o.badge) for o in choice.options] == [("paper", "PAPER"), ("live", "LIVE")]
    draft = setup.draft({"environment": "live", "token": "s3cret", "port": 4001})
    assert (draft.environment, draft.suggested_id) == ("live", "ibkr-tws-live")
    assert dict(draft.secrets) == {"token": "s3cret"}
    assert "token" not in draft.settings
    assert "s3cret" not in repr(draft)
    assert form.fields == INFO.settings


def test_no_secret_is_written_where_none_was_entered() -> None:
    assert not PlainSetup(INFO).draft({"token": ""}).secrets


def test_the_answers_of_a_connection_make_it_again() -> None:
    setup = PlainSetup(PAPER)
    config = ConnectionConfig(ConnectionId("p"), "paper", "paper", {"speed": 9.0})
    assert setup.draft(setup.answers(config)).settings["speed"] == 9.0


# ---- which broker ----


def test_one_line_for_a_family_and_a_page_for_its_ways(run: LoopRunner) -> None:
    other = replace(INFO, id="web", title="Its web API", summary="In the browser")
    choice = BrokerChoice([INFO, other, PAPER], lambda _: "")
    [first] = choice.pages({})
    assert [o.value for o in first.options] == ["Scripted family", "Paper account"]
    assert first.options[0].text == "Scripted broker · Its web API"
    [_, second] = choice.pages({FAMILY: "Scripted family"})
    assert [(o.value, o.text) for o in second.options] == [
        ("ibkr-tws", "Through its own terminal"),
        ("web", "In the browser"),
    ]
    assert choice.chosen({FAMILY: "Scripted family"}) is None
    assert choice.chosen({FAMILY: "Scripted family", MEMBER: "web"}) is other
    assert choice.chosen({FAMILY: "Paper account"}) is PAPER
    assert choice.chosen({}) is None
    config = ConnectionConfig(ConnectionId("p"), "paper", "paper", {})
    assert choice.answers(config)[FAMILY] == "Paper account"
    with pytest.raises(UserError):
        choice.draft({})


def test_a_family_can_be_had_while_one_of_its_ways_can(run: LoopRunner) -> None:
    other = replace(INFO, id="web", title="Its web API")
    choice = BrokerChoice([INFO, other], lambda info: "missing" if info is INFO else "")
    [option] = run(choice.work(FAMILY, {}, lambda _: None)).options
    assert option.is_available


def test_what_is_missing_is_said_with_the_command(run: LoopRunner) -> None:
    lacking = replace(INFO, adapter="no_such_package.adapter:Broker", extra="ibkr")
    assert trouble_with(lacking) == (
        "Needs the package no_such_package: run pip install 'moorgate[ibkr]'"
    )
    assert trouble_with(PAPER) == ""
    own = ModuleNotFoundError("No module named 'app.gone'", name="app.gone")
    assert "cannot be used in this installation" in missing_text(lacking, own)


def test_a_broken_installation_is_said_in_its_own_words() -> None:
    broken = replace(INFO, adapter="tests.unit.commands.broken_sdk:Broker")
    assert trouble_with(broken) == "both packages are installed and break one another"


def test_pages_of_its_own_are_loaded_by_name() -> None:
    own = replace(INFO, setup="app.brokers.ibkr_tws.setup:TwsSetup")
    assert type(load_setup(own)).__name__ == "TwsSetup"
    assert isinstance(load_setup(PAPER), PlainSetup)
    with pytest.raises(UserError, match=r"no_such_package.*moorgate\[x\]"):
        load_setup(replace(INFO, setup="no_such_package:Setup", extra="x"))

"""The pages as data, the texts, what an installation lacks, and the connection that comes out."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.brokers.ibkr_tws import INFO, setup_texts
from app.brokers.ibkr_tws.probe import Verdict
from app.brokers.ibkr_tws.setup import TwsSetup
from app.brokers.ibkr_tws.setup_troubles import BY_CODE, trouble
from app.brokers.setup import Page, PageKind, Trouble
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.store.settings_fields import checked
from tests.doubles.loop import LoopRunner

COMPLETE: dict[str, Any] = {
    "way": "tws",
    "find": "127.0.0.1:7497",
    "free_client_id": 18,
    "server_version": 178,
    "api_read_only": False,
    "account": "DU1234567",
    "known_accounts": ("DU1234567",),
    "market_data": "delayed",
}


def troubles() -> list[Trouble]:
    return [trouble(code, "127.0.0.1:7497", "a detail") for code in BY_CODE]


def words(page: Page) -> Iterator[str]:
    """Every text of a page."""
    yield from (page.title, page.text, page.work)
    for option in page.options:
        yield from (option.title, option.text)
    for field in page.fields:
        yield from (field.title, field.help)
    for check in page.checks:
        yield from (check.title, check.path, check.text)


# ---- the pages ----


def test_five_pages_in_order() -> None:
    assert [(page.id, page.kind) for page in TwsSetup().pages({})] == [
        ("way", PageKind.CHOICE),
        ("find", PageKind.SEARCH),
        ("settings", PageKind.CHECKLIST),
        ("account", PageKind.SEARCH),
        ("permissions", PageKind.CHECKLIST),
    ]


def test_the_web_api_is_a_door_that_cannot_be_opened_yet() -> None:
    tws, web = TwsSetup().pages({})[0].options
    assert tws.is_available
    assert (web.is_available, web.badge) == (False, "not in this version")


def test_the_first_page_says_that_no_password_is_wanted() -> None:
    assert "no password" in TwsSetup().pages({})[0].text


def test_every_setting_in_tws_has_its_menu_path_for_both_programs() -> None:
    for check in setup_texts.SETTINGS_CHECKS:
        if check.id in {"client_id", "data_only"}:  # nothing to set there
            continue
        assert "TWS" in check.path, check
        assert "IB Gateway" in check.path, check
    assert "File > Global Configuration > API > Settings" in setup_texts.READ_ONLY.path
    assert "Configure > Settings > API > Settings" in setup_texts.READ_ONLY.path


def test_the_texts_are_plain() -> None:
    texts = [text for page in TwsSetup().pages({}) for text in words(page)]
    for one in troubles():
        texts += [one.title, one.text, *one.steps]
    for text in texts:
        assert "!" not in text, text
        assert not re.search(r"\b(please|sorry|oops|simply|just click)\b", text.lower()), text
        assert "  " not in text, text
        assert ".." not in text.replace("...", ""), text


def test_every_trouble_has_a_title_a_text_and_next_steps() -> None:
    for code, one in zip(BY_CODE, troubles(), strict=True):
        assert one.id == code
        assert one.title
        assert one.text.endswith(".")
        assert len(one.steps) >= 2, code
    assert len({one.title for one in troubles()}) == len(BY_CODE)


def test_every_failure_has_a_text_of_its_own() -> None:
    line_codes = {"nothing-listening", "no-tws", "accept-dialog", "api-off", "old-tws"}
    line_codes.add("client-id-in-use")
    verdicts = {verdict.value for verdict in Verdict} - {"ok"}
    assert line_codes | verdicts <= set(BY_CODE)


def test_an_unknown_failure_is_shown_with_its_detail() -> None:
    one = trouble("something-new", "127.0.0.1:7497", "it broke")
    assert one.id == "no-answer"
    assert "it broke" in one.text


def test_only_these_may_be_passed_over() -> None:
    assert {one.id for one in troubles() if not one.is_blocking} == {
        "read-only",
        "competing-session",
        "no-market-data",
        "tws-offline",
    }


# ---- what is installed ----


def test_with_the_package_there_is_no_trouble(run: LoopRunner) -> None:
    result = run(TwsSetup().work("way", {}, lambda _progress: None))
    assert result.trouble is None
    assert result.options == ()  # those of the page stay


@pytest.mark.parametrize("page_id", ["way", "settings", "account", "permissions"])
def test_without_the_package_the_page_says_what_to_install(
    run: LoopRunner, monkeypatch: pytest.MonkeyPatch, page_id: str
) -> None:
    monkeypatch.setitem(sys.modules, "ib_insync", None)
    monkeypatch.setitem(sys.modules, "ib_async", None)
    result = run(TwsSetup().work(page_id, {}, lambda _progress: None))
    assert result.trouble is not None
    assert (result.trouble.id, result.trouble.is_blocking) == ("no-sdk", True)
    assert "pip install 'moorgate[ibkr]'" in result.trouble.steps[0]


def test_both_packages_are_one_too_many(
    run: LoopRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("ib_insync", "ib_async"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    result = run(TwsSetup().work("way", {}, lambda _progress: None))
    assert result.trouble is not None
    assert result.trouble.id == "two-sdks"


def test_a_package_that_does_not_work_is_told(tmp_path: Path) -> None:
    """In a process of its own: what is imported cannot be taken back."""
    (tmp_path / "ib_async.py").write_text("import a_part_that_is_missing\n")
    (tmp_path / "ib_async-2.dist-info").mkdir()
    metadata = "Metadata-Version: 2.1\nName: ib_async\nVersion: 2\n"
    (tmp_path / "ib_async-2.dist-info" / "METADATA").write_text(metadata)
    code = (
        "import sys; sys.modules['ib_insync'] = None;"
        f" sys.path.insert(0, {str(tmp_path)!r});"
        " from app.brokers.ibkr_tws.setup_sdk import sdk_trouble; print(sdk_trouble())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "no-sdk" in done.stdout, done.stdout + done.stderr


def test_the_wizard_opens_without_the_package() -> None:
    code = (
        "import sys; sys.modules['ib_insync'] = sys.modules['ib_async'] = None;"
        " from app.brokers.ibkr_tws.setup import TwsSetup; print(len(TwsSetup().pages({})));"
        " assert not any(name.startswith('eventkit') for name in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "5"


# ---- what comes out ----


def test_a_draft() -> None:
    draft = TwsSetup().draft(COMPLETE)
    assert (draft.environment, draft.suggested_id, draft.read_only) == ("paper", "ib-paper", False)
    assert draft.settings == {
        "host": "127.0.0.1",
        "port": 7497,
        "client_id": 18,
        "accounts": ("DU1234567",),
        "market_data": "delayed",
    }
    assert not draft.secrets
    assert dict(draft.summary) == {
        "Program": "TWS (by its port), protocol version 178",
        "Address": "127.0.0.1:7497",
        "Client id": "18",
        "Account": "DU1234567, paper",
        "Market data": "delayed by 15 to 20 minutes where nothing is subscribed",
        "Orders": "can be sent",
    }


def test_the_account_decides_and_not_the_port() -> None:
    draft = TwsSetup().draft({**COMPLETE, "account": "U1234567"})
    assert (draft.environment, draft.suggested_id) == ("live", "ib-live")


@pytest.mark.parametrize(
    ("known", "environment"),
    [(("DU1", "DU2"), "paper"), (("DU1", "U2"), "live"), ((), "live")],
)
def test_all_accounts_are_paper_only_if_each_is(known: tuple[str, ...], environment: str) -> None:
    draft = TwsSetup().draft({**COMPLETE, "account": "all", "known_accounts": known})
    assert draft.environment == environment
    assert draft.settings["accounts"] == ()


@pytest.mark.parametrize("answer", ["settings.data_only", "api_read_only"])
def test_a_connection_for_data_only(answer: str) -> None:
    draft = TwsSetup().draft({**COMPLETE, answer: True})
    assert draft.read_only
    assert dict(draft.summary)["Orders"] == "none, data only"


def test_every_setting_of_a_draft_is_one_that_the_file_takes() -> None:
    settings = TwsSetup().draft(COMPLETE).settings
    fields = {field.name: field for field in INFO.settings}
    for name, value in settings.items():
        shown = list(value) if isinstance(value, tuple) else value
        assert checked(fields[name], shown) is not None


def test_a_connection_comes_back_as_it_went_in() -> None:
    settings = {
        "host": "10.0.0.5",
        "port": 4001,
        "client_id": 5,
        "accounts": ["U1", "U2"],
        "market_data": "frozen",
        "heartbeat_s": 9.0,
    }
    config = ConnectionConfig(
        ConnectionId("mine"), "ibkr-tws", "live", settings, autoconnect=False, read_only=True
    )
    setup = TwsSetup()
    answers = setup.answers(config)
    assert answers["find"] == "10.0.0.5:4001"
    assert answers["settings.data_only"] is True
    draft = setup.draft(answers)
    assert dict(draft.settings) == {**settings, "accounts": ("U1", "U2")}
    assert (draft.environment, draft.read_only) == ("live", True)


def test_settings_that_were_not_tested_do_not_let_one_pass() -> None:
    assert TwsSetup().problem("settings", {}) == "The settings have not been tested yet"
    assert TwsSetup().problem("settings", COMPLETE) is None
    assert TwsSetup().problem("account", COMPLETE) is None

"""The wizard's own last pages, the same for every broker: risk limits, name, summary. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from app.base.errors import UserError
from app.brokers.base import BrokerInfo
from app.brokers.setup import Draft, Trouble
from app.commands.risk_rules import CAUTIOUS, in_words, read, written
from app.commands.wizard_view import Kind, LimitsEntry, NameEntry, Summary, View
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits
from app.store.settings import NO_LIMITS
from app.store.settings_fields import CONNECTION, LONGEST_ID, Refused, checked

LIMITS, NAME, FINISH = "wizard-limits", "wizard-name", "wizard-finish"
LAST = (
    (
        LIMITS,
        "Risk limits",
        "No order of this connection may exceed these. The limits for all connections hold beside"
        " them, and the stricter one decides.",
    ),
    (NAME, "Name", "How this connection is called in menus, in the ticket and in the journal."),
    (FINISH, "Finish", "This will be saved."),
)
LAST_IDS = tuple(page_id for page_id, _, _ in LAST)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be saved."""

    config: ConnectionConfig
    limits: RiskLimits
    is_new: bool
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class Ending:
    """What was entered on the last pages. Window's thread.

    `taken` are the ids of connections that exist, `is_on_record` tells whether the journal knows
    orders under an id; `limits` are those of the connection that is edited.
    """

    def __init__(
        self,
        taken: Collection[str],
        is_on_record: Callable[[str], bool] = lambda _: False,
        editing: ConnectionConfig | None = None,
        limits: RiskLimits = NO_LIMITS,
    ) -> None:
        self._taken, self._is_on_record, self._editing = set(taken), is_on_record, editing
        self._draft: Draft | None = None
        self._info: BrokerInfo | None = None
        self._limits: LimitsEntry | None = None
        self._name = NameEntry("")
        self._own: set[str] = set()  # parts of the name page that the trader has changed himself
        self.trouble: Trouble | None = None  # why it could not be saved
        self.is_saving = False
        if editing is not None:
            self._limits = LimitsEntry(written(limits), " ".join(limits.banned))
            self._name = NameEntry(editing.id, editing.autoconnect, editing.read_only, True)
            self._own = {"id", "autoconnect", "read_only"}

    @property
    def environment(self) -> str:
        """ "paper" or "live", empty while nobody knows."""
        return self._draft.environment if self._draft else ""

    def take(self, info: BrokerInfo, draft: Draft) -> None:
        """The connection as the broker's pages make it; what was entered here stays.

        Limits begin anew where paper became live or live paper: they were meant for the other.
        """
        before = (
            self._draft.environment
            if self._draft
            else (self._editing.environment if self._editing else None)
        )
        self._info, self._draft = info, draft
        if self._limits is None or (before is not None and before != draft.environment):
            usual = RiskLimits() if draft.environment == "paper" else CAUTIOUS
            self._limits = LimitsEntry(written(usual))
        if "id" not in self._own:
            self._name = replace(self._name, id=self._free(draft.suggested_id))
        if "read_only" not in self._own:
            self._name = replace(self._name, read_only=draft.read_only)

    def enter_limits(self, rules: Mapping[str, tuple[bool, str]], banned: str) -> None:
        """What stands in the rows of limits."""
        self._limits = LimitsEntry(dict(rules), banned)

    def enter_name(
        self,
        *,
        id: str | None = None,  # noqa: A002 - the word of settings.toml
        autoconnect: bool | None = None,
        read_only: bool | None = None,
    ) -> None:
        """What was entered on the page of the name; what is left out stays."""
        given = {"id": id, "autoconnect": autoconnect, "read_only": read_only}
        changed = {name: value for name, value in given.items() if value is not None}
        if self._name.is_fixed:
            changed.pop("id", None)
        self._own |= set(changed)
        self._name = replace(self._name, **changed)  # type: ignore[arg-type]  # a dict of both types

    def problem(self, page_id: str) -> str | None:
        """Why one may not go on from this page."""
        try:
            if page_id == LIMITS:
                self._read_limits()
            elif page_id == NAME:
                self._checked_id()
        except UserError as error:
            return str(error)
        return "Saving…" if page_id == FINISH and self.is_saving else None

    def view(self, page_id: str) -> View:
        """One of the last pages as it stands."""
        _, title, text = next(one for one in LAST if one[0] == page_id)
        shown = View(page_id, title, text, Kind.LIMITS, problem=self.problem(page_id))
        if page_id == LIMITS:
            return replace(shown, limits=self._limits)
        if page_id == NAME:
            return replace(shown, kind=Kind.NAME, name=self._name, found=self._note())
        return replace(
            shown,
            kind=Kind.FINISH,
            summary=self.summary(),
            is_working=self.is_saving,
            progress="Saving" if self.is_saving else "",
            trouble=self.trouble,
        )

    def summary(self) -> Summary:
        """Everything that will be saved, in words."""
        draft, info, plan = self._known()[0], self._known()[1], self.plan()
        lines = [("Name", plan.config.id), ("Broker", info.title), *draft.summary]
        lines.append(("Connect at start", "yes" if plan.config.autoconnect else "no"))
        lines.append(("Read-only", "yes: no order goes out" if plan.config.read_only else "no"))
        if plan.secrets:
            titles = {one.name: one.title for one in info.settings}
            names = ", ".join(titles.get(name, name) for name in plan.secrets)
            lines.append(("Secrets", f"{names}: kept in the vault, not in settings.toml"))
        limits = tuple(in_words(plan.limits)) or (("Limits", "only those for all connections"),)
        return Summary(draft.environment, tuple(lines), limits)

    def plan(self) -> Plan:
        """What is to be saved. Raises UserError where a page holds what cannot be."""
        draft, info = self._known()
        config = ConnectionConfig(
            ConnectionId(self._checked_id()),
            info.id,
            draft.environment,
            # What the broker's pages do not ask about stays as it stands in the file.
            {**(self._editing.settings if self._editing else {}), **draft.settings},
            self._name.autoconnect,
            self._name.read_only,
        )
        return Plan(config, self._read_limits(), self._editing is None, dict(draft.secrets))

    def _known(self) -> tuple[Draft, BrokerInfo]:
        assert self._draft is not None, "take() comes before the last pages"
        assert self._info is not None, "the same"
        return self._draft, self._info

    def _read_limits(self) -> RiskLimits:
        assert self._limits is not None, "take() comes before the last pages"
        return read(self._limits.rules, self._limits.banned)

    def _checked_id(self) -> str:
        name = self._name.id.strip()
        if self._name.is_fixed:
            return name
        try:
            checked(CONNECTION["id"], name)
        except Refused as refused:
            found = "nothing" if not name else refused.found
            raise UserError(f"Name: found {found}; allowed: {refused.allowed}") from refused
        if name in self._taken:
            raise UserError(f"There is already a connection {name!r}: choose another name")
        return name

    def _note(self) -> str:
        name = self._name.id.strip()
        if self._name.is_fixed:
            return "The name stays: orders and executions are on record under it."
        if name and name not in self._taken and self._is_on_record(name):
            return (
                f"Orders of an earlier connection {name} are on record. Choose another name unless"
                " this is the same account."
            )
        return ""

    def _free(self, wanted: str) -> str:
        name, number = wanted[:LONGEST_ID], 2
        while name in self._taken:
            ending = f"-{number}"
            name, number = f"{wanted[: LONGEST_ID - len(ending)].rstrip('-')}{ending}", number + 1
        return name

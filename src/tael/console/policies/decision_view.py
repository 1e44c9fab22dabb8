"""A logged decision laid out for a person: what surrounded it, what it read, where it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tael.console.personal import row_of
from tael.console.trace import RuleTexts, Step, rule_texts, steps_of, value_text
from tael.console.visit import NOBODYS, Visit
from tael.kernel import ApplicationId, DecisionId, Money, NotFound, Rate, TaelError, VersionId
from tael.origination.model import Application, DataPull
from tael.platform import Work
from tael.policies.live import ShadowVerdict, shadows_of
from tael.policies.model import Bundle, ChainPlace, Decision, LogEntry
from tael.report import Words

# So many inputs stand in the page; of more, those that are searched for.
FEW = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A source of a staged decision: what came of it, or why it was not asked (``skipped``)."""

    source: str
    stage: str
    status: str
    code: str
    cost: Money
    known_at: datetime | None
    latency_ms: int | None
    cached: bool
    skipped: bool


@dataclass(frozen=True, slots=True)
class Inputs:
    """Some of the inputs by name, and how many there are of which."""

    shown: Sequence[tuple[str, str]]
    fitting: int
    total: int
    wanted: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What a shadow would have said; ``differs`` is the text of its class, in both languages.

    ``sources`` are those that it would have asked and the decision did not.
    """

    version: VersionId
    verdict: ShadowVerdict
    outcome: str
    tier: int
    differs: Words | None
    sources: Sequence[str] = ()


@dataclass(frozen=True)
class View:
    """Everything of one decision; ``context`` and ``flow`` are empty where there were none.

    ``pulls`` are the data that the application had received by then.
    """

    decision: Decision
    entry: LogEntry
    application: Application | None
    row: Mapping[str, object]
    context: Mapping[str, Any]
    place: ChainPlace
    pulls: Sequence[DataPull]

    @property
    def flow(self) -> Mapping[str, Any]:
        """What a staged decision asked and what it did not."""
        found = self.context.get("flow")
        return found if isinstance(found, dict) else {}

    @property
    def early(self) -> bool:
        """Whether it was decided before every input was known."""
        return str(self.flow.get("how", "complete")) != "complete"

    @property
    def evidence(self) -> Sequence[tuple[str, str]]:
        """Of a decision on raw events by source what was asked and came of it, as it was kept."""
        try:
            told = json.loads(self.context.get("sources") or "{}")
        except ValueError:  # whoever kept the events wrote it: any text
            return [("", str(self.context["sources"]))]
        named = told.items() if isinstance(told, dict) else [("", told)]
        return [(name, value_text(value)) for name, value in named]

    @property
    def timings(self) -> Sequence[tuple[str, int]]:
        """Microseconds by step."""
        return list(json.loads(self.entry.timings or "{}").items())

    @property
    def asked(self) -> Sequence[Asked]:
        """The sources, those that were asked first."""
        every = [
            *((one, False) for one in self.flow.get("fetched", [])),
            *((one, True) for one in self.flow.get("skipped", [])),
        ]
        return [_asked(one, skipped=skipped) for one, skipped in every]

    def inputs(self, wanted: str) -> Inputs:
        """The inputs whose name holds every word of ``wanted``: the first few of them."""
        every = json.loads(self.entry.inputs, parse_float=str, parse_int=str)
        words = wanted.lower().split()
        fitting = [
            (name, _plain(value))
            for name, value in every.items()
            if all(word in name.lower() for word in words)
        ]
        return Inputs(fitting[:FEW], len(fitting), len(every), wanted)


def view_of(visit: Visit, work: Work, decision_id: DecisionId) -> View:
    """The decision, for whoever may read it.

    Raises:
        NotFound: there is none, or it is not the reader's.
    """
    policies = visit.house.policies
    entry = policies.log_entry(work, decision_id)
    application = _application(visit, work, entry.application_id)
    row = NOBODYS if application is None else row_of(application)
    if not visit.may("read", "decision", row):
        raise NotFound(f"there is no decision {decision_id}")
    return View(
        decision=policies.decision(work, decision_id),
        entry=entry,
        application=application,
        row=row,
        context=json.loads(entry.context or "{}"),
        place=policies.place_in_log(work, decision_id),
        pulls=_pulls(visit, work, application, entry),
    )


def _pulls(
    visit: Visit, work: Work, application: Application | None, entry: LogEntry
) -> list[DataPull]:
    if application is None:
        return []
    every = visit.house.applications.pulls(work, application.id)
    return [one for one in every if one.pulled_at <= entry.as_of]


def _application(visit: Visit, work: Work, key: ApplicationId) -> Application | None:
    """The application, if it is in the house and the reader's: programs decide others too."""
    try:
        return visit.house.applications.get(work, key)
    except NotFound:
        return None


def trace_of(visit: Visit, work: Work, view: View) -> tuple[tuple[Step, ...], str]:
    """The steps of the rules with the text of each rule that fired, or why there are none."""
    policies = visit.house.policies
    try:
        whole = policies.whole_trace(work, view.entry.id)
    except TaelError as failed:
        return (), str(failed)
    bundle = policies.bundle(work, view.entry.policy_id)
    return steps_of(json.loads(whole), _texts(bundle.dmn)), ""


@lru_cache(maxsize=8)
def _texts(dmn: str) -> RuleTexts:
    return rule_texts(dmn)


def beside(work: Work, view: View) -> list[Beside]:
    """What the shadows would have said."""
    verdicts = shadows_of(work, view.entry.id)
    if not verdicts:
        return []
    from tael.policies.experiments import CLASS_WORDS, Class, classify, shadow_tables  # noqa: PLC0415 - heavy

    found = []
    for one in verdicts:
        said = json.loads(one.result) if one.result else {}
        differs = None
        if said:
            pair = shadow_tables([(view.entry, one.result)])
            kinds = classify(*pair)[1].column("class").to_pylist()
            # What the lot accepted is no verdict of the policy, and has no class.
            differs = CLASS_WORDS[Class(kinds[0])] if kinds else None
        found.append(
            Beside(
                version=one.version_id,
                verdict=one,
                outcome=said.get("outcome", ""),
                tier=said.get("tier", 0),
                differs=differs,
                sources=said.get("sources", ()),
            )
        )
    return found


def cap_of(entry: LogEntry) -> Rate:
    """The all-in cap that was in force."""
    parameters = json.loads(entry.parameters, parse_float=Decimal, parse_int=Decimal)
    return Rate(parameters["cap.all_in"])


@lru_cache(maxsize=4)
def advised(bundle: Bundle) -> Any:
    """A version, ready to be asked what would change its answer."""
    from tael.policies.recourse import Advised  # noqa: PLC0415 - heavy, and few pages need it

    return Advised.of(bundle)


def _asked(one: Mapping[str, Any], *, skipped: bool) -> Asked:
    known = one.get("known_at")
    return Asked(
        source=one["source"],
        stage=one["stage"],
        status="skipped" if skipped else one["status"],
        code=one.get("code") or "",
        cost=Money(one["cost_minor"]),
        known_at=datetime.fromisoformat(known) if known else None,
        latency_ms=one.get("latency_ms"),
        cached=bool(one.get("cached")),
        skipped=skipped,
    )


def _plain(value: object) -> str:
    if value is None:
        return "–"
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Told:
    """What would change the answer; ``advice`` is None where ``failed`` says why.

    ``letters`` are by language, empty until it is said from whom and whom to ask.
    """

    advice: Any
    failed: str
    sender: str
    contact: str
    letters: Mapping[str, str]


def advice_of(view: View, bundle: Bundle, whom: tuple[str, str]) -> Told:
    """The smallest changes, found by the policy's own tables and model, and the letter."""
    from tael.policies.recourse import what_would_change  # noqa: PLC0415 - heavy, and few pages need it

    sender, contact = whom
    values = json.loads(view.entry.inputs, parse_float=Decimal, parse_int=Decimal)
    try:
        ready = advised(bundle)
        advice = what_would_change(ready, values, cap_of(view.entry))
    except TaelError as failed:
        return Told(None, str(failed), sender, contact, {})
    letters = _letters(view, ready, advice, whom) if sender and contact else {}
    return Told(advice, "", sender, contact, letters)


def _letters(view: View, ready: Any, advice: Any, whom: tuple[str, str]) -> Mapping[str, str]:
    from tael.policies.recourse import Sender, letter  # noqa: PLC0415 - heavy, and few pages need it

    sender, decision = Sender(Words(whom[0], whom[0]), whom[1]), view.decision
    if decision.outcome == advice.verdict.outcome:
        reasons = [ready.policy.reason(code) for code in advice.verdict.reasons]
        made = letter(advice.verdict, reasons, sender, advice)
    else:  # accepted by lot: the letter is that of an approval, without reasons against it
        made = letter(decision, (), sender)
    return {locale: made.text(locale) for locale in ("zh", "en")}

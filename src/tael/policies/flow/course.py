"""One application on its way: what is known, whom to ask next, how it ends."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

from tael.kernel import BadInput, Rate
from tael.policies import rules
from tael.policies.flow import words
from tael.policies.flow.ahead import Ahead
from tael.policies.flow.calls import Called, Caller
from tael.policies.flow.conclude import Conclusion
from tael.policies.flow.order import History, beside, ranked
from tael.policies.flow.plan import REFER_NOW, REFUSE, FlowPlan, SourceRule
from tael.policies.flow.ports import (
    DOWN,
    PARTIAL,
    REFUSED,
    STALE,
    Answer,
    Applicant,
    Compute,
    Consented,
    ConsentPort,
    Grounds,
    Late,
)
from tael.policies.flow.result import (
    Concluded,
    Degraded,
    Fetched,
    FlowResult,
    Skipped,
    StageRun,
)
from tael.policies.flow.settle import DECLINE, Sources, Standing, standing
from tael.policies.model import Feature
from tael.policies.texts import Policy

_US = 1_000


@dataclass(frozen=True)
class FlowSettings:
    """What a runner works with besides policy, plan and sources.

    Attributes:
        consents: says which sources may be asked.
        compute: makes inputs of the raw events of answers; None where answers give values.
        late: gets answers that came after their time.
        history: how often each source ended a flow, for the order.
        watched: each call runs in a thread of its own and is left behind when its time is over;
            else it is waited for, and judged then: for sources that answer from memory.
    """

    consents: ConsentPort = field(default_factory=Consented)
    compute: Compute | None = None
    late: Late | None = None
    history: History = field(default_factory=History)
    watched: bool = True


@dataclass(frozen=True)
class Equipment:
    """What all applications of a runner share."""

    ahead: Ahead
    plan: FlowPlan
    settings: FlowSettings
    caller: Caller
    sources: Sources
    subsets: dict[frozenset[str], Policy] = field(default_factory=dict)

    @cached_property
    def may_be_empty(self) -> frozenset[str]:
        """Inputs that may be None."""
        rules_ = self.ahead.policy.inputs
        return frozenset(rule.name for rule in rules_ if rule.type == "variable")

    def checked(self, values: Mapping[str, object]) -> dict[str, Feature]:
        """Some of the policy's inputs, as it reads them.

        Raises:
            BadInput: one is missing, unknown or out of range.
        """
        names = frozenset(values)
        subset = self.subsets.get(names)
        if subset is None:
            policy = self.ahead.policy
            subset = replace(policy, inputs=tuple(r for r in policy.inputs if r.name in names))
            self.subsets[names] = subset
        return rules.checked(subset, values)


class Course:
    """One application on its way."""

    def __init__(
        self, equipment: Equipment, applicant: Applicant, barred: Mapping[str, str]
    ) -> None:
        self._equipment = equipment
        self._plan = equipment.plan
        self._applicant = applicant
        self._barred = dict(barred)
        self._look = equipment.ahead.look()
        self._lost: dict[str, str] = {}
        self._answers: dict[str, Answer] = {}
        self._waiting: dict[str, Feature] = {}
        self._checked: dict[str, Feature] = {}
        self._fetched: list[Fetched] = []
        self._waited = [0] * len(self._plan.stages)
        self._thought = [0] * len(self._plan.stages)
        self._last = 0
        self._wanted: frozenset[str] = frozenset()

    # --- what is known

    def tell(self, known: Mapping[str, Feature]) -> None:
        """What the application gives."""
        self._look.tell(known)

    def think(self, stage: int) -> Standing:
        """Where the application stands now; the time goes to ``stage``."""
        self._last = stage
        if len(self._look.known) == len(self._equipment.ahead.policy.inputs):
            return Standing(settled=True)  # nothing is left to ask: the policy decides as a whole
        started = time.perf_counter_ns()
        found = standing(self._equipment.ahead, self._look)
        self._thought[stage] += (time.perf_counter_ns() - started) // _US
        return found

    def have(self, answers: Iterable[Answer]) -> None:
        """Answers that are there already: they cost nothing, and one that is no use is not kept."""
        for answer in answers:
            rule = self._plan.sources.get(answer.source)
            if rule is None or answer.source in {*self._barred, *self._answers}:
                continue
            kept = replace(answer, cost_minor=0, cached=True)
            if not self._fault(rule, kept):
                self._take(rule, kept, Called(rule.name, kept, 0))
        self._told()

    # --- what is asked

    def next(self, found: Standing) -> tuple[str, ...]:
        """Whom to ask now; nobody when all is settled or nobody can help."""
        while not found.settled and not self._stopped:
            open_ = self._open(found)
            self._wanted = frozenset[str]().union(*open_)
            ranking = ranked(self._plan, self._wanted, self._equipment.settings.history)
            wave = beside(self._plan, found, ranking, open_) if ranking else ()
            allowed = self._allowed(wave)
            if allowed or not wave:
                return allowed
        return ()

    def _allowed(self, wave: Iterable[str]) -> tuple[str, ...]:
        """Those that may be asked; a source that may not is lost once its turn has come."""
        wave = tuple(wave)
        self._lost |= {name: self._barred[name] for name in wave if name in self._barred}
        return tuple(name for name in wave if name not in self._barred)

    def _open(self, found: Standing) -> list[frozenset[str]]:
        """Of each decision that is open the sources that could still tell of it."""
        behind = self._equipment.sources.behind
        answered = self._answers.keys()
        return [behind(needs, self._lost) - answered for needs in found.needs.values()]

    def _miss_barred(self, wanted: Iterable[str]) -> None:
        """A source that may not be asked is lost once it is wanted."""
        for name in sorted(wanted):
            if name in self._barred:
                self._lost[name] = self._barred[name]

    @property
    def _stopped(self) -> bool:
        return any(self._plan.sources[name].when_down == REFER_NOW for name in self._lost)

    def ask(self, wave: Sequence[str]) -> None:
        """Ask sources and take in what they say."""
        applicant, settings = self._applicant, self._equipment.settings
        # A consent can be withdrawn while the flow is under way.
        self._barred |= settings.consents.may_ask(applicant.subject, wave, at=applicant.as_of)
        asked = [self._plan.sources[name] for name in self._allowed(wave)]
        started = time.perf_counter_ns()
        for called in self._equipment.caller.call(asked, applicant.subject, applicant.key):
            self._hear(self._plan.sources[called.source], called)
        self._waited[self._plan.stage_of(wave[0])] += (time.perf_counter_ns() - started) // _US
        self._told()

    def _hear(self, rule: SourceRule, called: Called) -> None:
        answer = called.answer
        code = words.LATE if answer is None else self._fault(rule, answer)
        if answer is not None and not code:
            self._take(rule, answer, called)
            return
        self._lost[rule.name] = code
        status = DOWN if answer is None else _status_of(answer, code)
        # What an answer cost is paid, be it of use or not; of a late one nobody knows yet.
        self._note(rule, replace(answer or Answer(rule.name), status=status), called, code)

    def _fault(self, rule: SourceRule, answer: Answer) -> str:
        """Why an answer counts as none; '' where it counts."""
        if answer.status in (DOWN, REFUSED):
            return answer.code or answer.status
        known_at = answer.known_at or self._applicant.as_of
        if known_at < self._applicant.as_of - timedelta(days=rule.stale_days):
            return words.TOO_OLD
        if answer.status == PARTIAL and rule.partial == REFUSE:
            return words.IN_PART
        try:
            self._checked = self._equipment.checked(self._own(rule, answer))
        except BadInput:
            return words.INVALID
        return ""

    def _own(self, rule: SourceRule, answer: Answer) -> dict[str, object]:
        """What an answer gives of its inputs; a number that is None is not given."""
        behind, empty = self._plan.behind, self._equipment.may_be_empty
        return {
            name: value
            for name, value in answer.values.items()
            if rule.name in behind.get(name, ()) and (value is not None or name in empty)
        }

    def _take(self, rule: SourceRule, answer: Answer, called: Called) -> None:
        """Take in an answer that ``_fault`` just found nothing wrong with."""
        self._answers[rule.name] = answer
        self._waiting |= self._checked
        self._note(rule, answer, called, answer.code)

    def _told(self) -> None:
        """What all the answers so far make known."""
        compute = self._equipment.settings.compute
        if compute is not None and self._answers:
            computed = compute(self._answers)
            news = {n: v for n, v in computed.items() if n not in self._look.known}
            self._waiting |= self._equipment.checked(news)
        there, behind = self._answers.keys(), self._plan.behind
        ready = {name for name in self._waiting if behind[name] <= there}
        known = {name: self._waiting.pop(name) for name in ready}
        if known:
            self._look.tell(known)

    def _note(self, rule: SourceRule, answer: Answer, called: Called, code: str) -> None:
        taken = rule.name in self._answers
        self._fetched.append(
            Fetched(
                source=rule.name,
                stage=self._plan.stages[self._plan.stage_of(rule.name)].service,
                status=answer.status,
                code=code,
                cost_minor=answer.cost_minor,
                latency_ms=called.waited_ms,
                known_at=answer.known_at,
                cached=answer.cached,
                wanted=self._wanted,
                values=self._checked if taken else {},
                events=answer.events if taken else b"",
            )
        )

    # --- how it ends

    def result(self, found: Standing, cap: Rate) -> FlowResult:
        """The verdict with everything that is to be told of the way to it."""
        if not found.settled:
            self._miss(found)
        grounds = Grounds(dict(self._look.known), dict(self._lost))
        concluded = Conclusion(self._equipment.ahead, cap).of(grounds, self._look, found)
        return FlowResult(
            refusal=None,
            concluded=concluded,
            grounds=grounds,
            fetched=tuple(self._fetched),
            skipped=tuple(self._skipped(found)),
            degraded=tuple(self._degraded(concluded)),
            stages=tuple(self._stages()),
        )

    def _miss(self, found: Standing) -> None:
        """What answered and did not give what was wanted of it counts as lost."""
        wanted = self._equipment.sources.inputs(frozenset().union(*found.needs.values()))
        for name in wanted - self._look.known.keys():
            behind = self._plan.behind[name]
            for source in behind if behind <= self._answers.keys() else ():
                self._lost.setdefault(source, words.INCOMPLETE)

    def _skipped(self, found: Standing) -> Iterator[Skipped]:
        asked = {each.source for each in self._fetched} | self._barred.keys()
        code, why = "beyond", words.BEYOND
        if found.settled:
            code, why = "settled", words.settled(found.outcome, found.codes)
        elif self._stopped:
            code, why = "stopped", words.STOPPED
        for stage in self._plan.stages:
            for name in stage.sources:
                if name not in asked:
                    cost = self._plan.sources[name].cost_minor
                    yield Skipped(name, stage.service, code, why, cost)

    def _degraded(self, concluded: Concluded) -> Iterator[Degraded]:
        became = words.NO_MATTER if concluded.verdict.outcome == DECLINE else words.REFERRED
        for name, code in self._lost.items():
            told = words.NOT_PERMITTED if name in self._barred else code
            yield Degraded(name, code, words.lost(told), became)

    def _stages(self) -> Iterator[StageRun]:
        for at, stage in enumerate(self._plan.stages):
            asked = tuple(e.source for e in self._fetched if e.stage == stage.service)
            yield StageRun(
                stage.service, asked, self._waited[at], self._thought[at], at == self._last
            )


def _status_of(answer: Answer, code: str) -> str:
    return STALE if code == words.TOO_OLD else answer.status

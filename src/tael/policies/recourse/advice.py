"""What would change the answer: the smallest changes an owner can bring about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tael.dmn import Range, Trace
from tael.kernel import BadInput, Rate, check
from tael.policies import rules
from tael.policies.model import Feature, Reason, Verdict
from tael.policies.recourse import wording
from tael.policies.recourse.candidates import Inputs, Links, Movable, movable
from tael.policies.recourse.compiled import Advised
from tael.policies.recourse.declared import Declared, Kind, Lever
from tael.policies.recourse.judging import Goal, Judge, Target
from tael.policies.recourse.search import NOTHING, Found, smallest
from tael.report import Words

_EFFORT = Decimal("1e-9")
_EVERY = 1_000
_TOP_TIER = 1
_FEW = 40


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do.

    Attributes:
        name: of the input that is moved, or ``wait``.
        kind: what it is.
        before, after: the figure as it is and as it should be; months that pass, for ``wait``.
        months: how long it takes as a rule; None where the policy does not say.
        with_it: figures that move with it: before, after.
        words: what to do, with figures.
    """

    name: str
    kind: Kind
    before: Feature
    after: Feature
    months: int | None
    with_it: Mapping[str, tuple[Feature, Feature]]
    words: Words


@dataclass(frozen=True, slots=True)
class Answer:
    """Changes that together reach the target, none of which may be left out.

    Attributes:
        changes: in the policy's order.
        effort: their sum; each counts by its cost, or as the share of the way that can be gone.
        verdict: what the policy says then.
        words: the changes and the outcome as a sentence.
    """

    changes: tuple[Change, ...]
    effort: Decimal
    verdict: Verdict
    words: Words


@dataclass(frozen=True, slots=True)
class Advice:
    """What would change the answer of one applicant.

    Attributes:
        target: what was looked for; None when nothing better is left to reach.
        verdict: as things stand.
        answers: every smallest set of changes, fewest changes first, then least effort.
        fixed: reasons that stay whatever the owner changes of what may be suggested.
        left_out: changes of no use here, with why.
        complete: whether every combination of up to three changes was looked at: then what is not
            among the answers does not exist.
        tried: combinations that were decided.
        words: the advice as plain text.
    """

    target: Target | None
    verdict: Verdict
    answers: tuple[Answer, ...]
    fixed: tuple[Reason, ...]
    left_out: tuple[tuple[str, str], ...]
    complete: bool
    tried: int
    words: Words


def what_would_change(
    advised: Advised, inputs: Mapping[str, object], cap: Rate, target: Target | None = None
) -> Advice:
    """The smallest changes of what the owner can influence that reach the target.

    Exact: every combination of up to three declared changes, at every value at which rules or model
    can tell a difference, is decided by the policy's own tables and model; the least of each
    smallest set is told, with the policy's verdict on it.

    Args:
        advised: the policy version.
        inputs: of the applicant, as for a decision.
        cap: the annual all-in cap in force.
        target: by default an approval; of an approval below the amount asked for the whole amount,
            else a better tier.

    Raises:
        BadInput: an input is missing, unknown or out of range; the target is reached already.
        TaelError: the policy does not determine an answer for these inputs.
    """
    policy = advised.policy
    held = rules.checked(policy, inputs)
    verdict, _ = rules.evaluate(policy, held, cap=cap)
    asked = held["amount"]
    check(isinstance(asked, Decimal), "an amount was checked to be a number")
    amount = asked if isinstance(asked, Decimal) else Decimal(0)
    wanted = target or _next(verdict, amount)
    if wanted is None:
        return _nothing_better(verdict)
    goal = Goal(wanted, verdict, amount)
    if goal.reached(verdict):
        raise BadInput(
            f"the target {wanted.value} is reached already", field="target", rule="not yet reached"
        )
    return _looked_for(advised, held, goal, cap)


def _next(verdict: Verdict, asked: Decimal) -> Target | None:
    if verdict.outcome != "approve":
        return Target.APPROVE
    if verdict.limit.decimal() < asked:
        return Target.AMOUNT
    return Target.TIER if verdict.tier > _TOP_TIER else None


def _nothing_better(verdict: Verdict) -> Advice:
    return Advice(None, verdict, (), (), (), complete=True, tried=0, words=wording.NOTHING_BETTER)


def _looked_for(advised: Advised, held: Inputs, goal: Goal, cap: Rate) -> Advice:
    declared = _for_goal(advised.declared, goal)
    links = Links(declared, advised.links, held, advised.rules)
    movables, out = movable(declared, links, held, advised.rules, advised.side)
    judge = Judge(advised, links, movables, goal, cap)
    hopeless, fixed = _fixed(advised, judge)
    searched = NOTHING if hopeless or not movables else smallest(movables, judge)
    currency = advised.policy.prices.currency
    answers = tuple(_answer(judge, movables, one, currency) for one in searched.found)
    told = wording.advice(
        goal.target, [one.words for one in answers], fixed, complete=searched.complete
    )
    return Advice(
        target=goal.target,
        verdict=goal.before,
        answers=answers,
        fixed=fixed,
        left_out=tuple((each.lever.name, each.why) for each in out),
        complete=searched.complete,
        tried=searched.rows,
        words=told,
    )


def _for_goal(declared: Declared, goal: Goal) -> Declared:
    """Whoever wants the whole amount is not told to ask for less."""
    if goal.target is not Target.AMOUNT:
        return declared
    levers = tuple(each for each in declared.levers if each.kind is not Kind.LESS_AMOUNT)
    return Declared(levers, declared.links, declared.reads)


def _fixed(advised: Advised, judge: Judge) -> tuple[bool, tuple[Reason, ...]]:
    """Whether no change at all can reach the goal, and the reasons that none can remove.

    The rules are looked at with every input unknown that could move, within what it could become:
    what is certain then holds whatever is changed.
    """
    goal, moved, scorer = judge.goal, judge.possible(), advised.policy.scorer
    known: dict[str, object] = {n: v for n, v in judge.held.items() if n not in moved}
    if moved.keys().isdisjoint(scorer.variables):
        score = scorer.score(judge.held)
        known |= {"pd": score.pd.fraction, **score.more}
    within = {name: _within(values) for name, values in moved.items()}
    ahead = advised.model.outlook(known, ("outcome", "tier"), within)
    codes = _codes(advised, ahead.certain)
    fixed = tuple(code for code in goal.before.reasons if code in codes)
    if goal.target is Target.TIER:
        tiers = ahead.choices("tier")
        low = [tier for tier in tiers or () if isinstance(tier, Decimal)]
        hopeless = tiers is not None and all(tier >= goal.before.tier for tier in low)
    else:
        outcomes = ahead.choices("outcome")
        hopeless = outcomes is not None and "approve" not in outcomes
    return hopeless, tuple(advised.policy.reason(code) for code in fixed)


def _within(values: Sequence[Feature]) -> Range | tuple[Feature, ...]:
    """What an input could become: each value where they are few, else how far they reach."""
    numbers = [value for value in values if isinstance(value, Decimal)]
    if len(values) <= _FEW or len(numbers) < len(values):
        return tuple(dict.fromkeys(values))
    return Range(min(numbers), max(numbers), low_closed=True, high_closed=True)


def _codes(advised: Advised, certain: Trace) -> frozenset[str]:
    """Codes of the hard rules that surely fire."""
    reasoner = advised.model.reasoner
    if reasoner.sources:
        reasons = reasoner.reasons(certain, most=_EVERY)
        return frozenset(reason.code for reason in reasons if reason.is_knock_out)
    listed = [step.value for step in certain.steps if step.node in ("knock_outs", "referrals")]
    return frozenset(str(code) for value in listed if isinstance(value, tuple) for code in value)


def _answer(judge: Judge, movables: Sequence[Movable], found: Found, currency: str) -> Answer:
    held, inputs = judge.held, judge.inputs(found.chosen)
    changes = []
    for place in found.levers:
        one = movables[place]
        values = one.choices[0].value, one.choices[int(found.chosen[place])].value
        with_it = {
            name: (held[name], inputs[name])
            for name in one.inputs
            if name != one.lever.name and inputs[name] != held[name]
        }
        changes.append(_change(one.lever, values, with_it, currency))
    words = wording.answer(judge.goal.target, [each.words for each in changes], found.verdict)
    return Answer(tuple(changes), found.effort * _EFFORT, found.verdict, words)


def _change(
    lever: Lever,
    values: tuple[Feature, Feature],
    with_it: Mapping[str, tuple[Feature, Feature]],
    currency: str,
) -> Change:
    before, after = values
    months = int(after) if lever.kind is Kind.WAIT and isinstance(after, Decimal) else lever.months
    return Change(
        name=lever.name,
        kind=lever.kind,
        before=before,
        after=after,
        months=months,
        with_it=with_it,
        words=wording.change(lever, before, after, currency),
    )

"""What the decisions of a deployment show: arms and the rule's word, shadows, and the lot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np

from tael.app.experiment_rows import Rows, read_json
from tael.kernel import ApplicationId, BadInput
from tael.policies.experiments import (
    EqualRate,
    Experiment,
    LotSettings,
    Measure,
    Needed,
    Plan,
    Results,
    Rule,
    Scores,
    Window,
    applications_needed,
    classify,
    courses,
    declines_of,
    default_at_equal_rate,
    default_of_declines,
    experiment_page,
    shadow_tables,
    track,
)
from tael.policies.model import ASK, WHOLE, Arm, LogEntry, StoppingRule
from tael.report import Page, Tone, Words

# Profit per application is not known of a month end.
_MEASURES = (Measure.APPROVAL, Measure.DEFAULT, Measure.LOSS)
_LEAST_SHARE = 0.001
_FEWEST_KNOWN = 30  # of outcomes of a shadow's pairs, below which rates are not told
_RESAMPLES = 200
_MOST_AGAIN = 5_000  # would-be declines that are decided again, the newest

# By the outcomes that are known, by what a lot was drawn.
Lot = Callable[[Mapping[ApplicationId, bool]], LotSettings]
Told = tuple[Results, list[Words]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at.

    Attributes:
        by: the stopping rule.
        as_of: the day of the look.
    """

    by: StoppingRule
    as_of: date

    @property
    def months(self) -> int:
        """On book."""
        return self.by.months

    def rule(self, expected: float | None) -> Rule:
        """The rule as an experiment reads it; ``expected`` is the champion's share."""
        return Rule(
            Measure(self.by.measure),
            float(self.by.margin),
            expected,
            alpha=float(1 - self.by.confidence),
            planned=self.by.planned,
        )


def tell(rows: Rows, wanted: Wanted, lot: Lot | None = None) -> Page:
    """The page of a deployment; what cannot be told yet says why.

    Args:
        rows: its decisions.
        wanted: month and rule.
        lot: what it is drawn by, of a deployment that accepts at random.
    """
    page = Page("")
    if len(rows.deployment.deciding) > 1:
        _ruled(page, wanted.by, rows.deployment.stopping)
    if not rows.entries:
        return page.note(Words("这个部署还没有决定过申请。", "It has decided nothing yet."))
    measures = tuple(Measure) if rows.reports else _MEASURES
    told, notes = _arms(Results(measures=measures), rows, wanted)
    experiment_page(told, onto=page)
    _noted(page, notes)
    for arm in rows.deployment.shadows:
        one, notes = _shadow(rows, arm, wanted.months)
        _noted(experiment_page(one, onto=page), notes)
    if lot is not None:
        one, notes = _lot(rows, wanted, lot)
        _noted(experiment_page(one, onto=page), notes)
    return page


def _ruled(page: Page, by: StoppingRule, declared: StoppingRule | None) -> None:
    """By which rule it is looked at, and whether that is the one declared beforehand."""
    if declared is None:
        page.note(
            Words(
                f"部署时没有写明停止规则; 这里{by.words.zh}。事后选的规则不作任何保证。",
                f"No stopping rule was declared with this deployment; looked at here: "
                f"{by.words.en}. A rule chosen afterwards promises nothing.",
            )
        )
    elif by == declared:
        page.note(
            Words(f"事先写明的停止规则: {by.words.zh}。",
                  f"The stopping rule declared beforehand: {by.words.en}.")
        )  # fmt: skip
    else:
        page.note(
            Words(
                f"不是事先写明的规则: 这里{by.words.zh}。事先写明的是: {declared.words.zh}。",
                f"Not the rule declared beforehand: {by.words.en}. "
                f"Declared was: {declared.words.en}.",
            ),
            Tone.WARNING,
        )


def _noted(page: Page, notes: Sequence[Words]) -> None:
    for note in notes:
        page.note(note)


def _arms(told: Results, rows: Rows, wanted: Wanted) -> Told:
    """Arms and, where there is a challenger, what the stopping rule says."""
    assigned, outcomes = rows.assigned(), rows.outcomes()
    window = Window(wanted.months, wanted.as_of, level=float(wanted.by.confidence))
    arms = set(assigned.column("arm").to_pylist())
    if "champion" not in arms:
        return told, [Words("冠军还没有决定过申请。", "The champion has decided nothing yet.")]
    plain = track(assigned, outcomes, window)
    rule = wanted.rule(_expected(plain, Measure(wanted.by.measure)))
    told = replace(told, experiment=plain)
    if len(arms) == 1:
        waiting = Words("挑战者还没有决定过申请。", "The challenger has decided nothing yet.")
        return told, [waiting] if len(rows.deployment.deciding) > 1 else []
    try:
        found = track(assigned, outcomes, window, rule=rule)
        drawn = courses(assigned, outcomes, window, rule)
    except BadInput as error:
        if error.field != "outcomes":
            raise
        return told, [
            Words(
                f"继续观察: 第{wanted.months}个账龄月还没有已知的结果。",
                f"Go on: nothing is known of month {wanted.months} on book yet.",
            )
        ]
    return replace(told, experiment=found, courses=drawn, needed=_needed(rows, found, rule)), []


def _expected(found: Experiment, measure: Measure) -> float | None:
    """The champion's share, for the width of the rule's mixture; None where it says nothing."""
    if measure not in (Measure.DEFAULT, Measure.APPROVAL):
        return None
    value = found.arms[0].figures[measure].value
    return value if 0 < value < 1 else None


def _needed(rows: Rows, found: Experiment, rule: Rule) -> tuple[Plan, Needed] | None:
    """How many applications the difference that matters takes, of a share."""
    if rule.expected is None:
        return None
    hoped = rule.expected + (-rule.margin if rule.measure is Measure.DEFAULT else rule.margin)
    if not _LEAST_SHARE < hoped < 1:
        return None
    champion, share = found.arms[0], sum(arm.share for arm in rows.deployment.deciding[1:]) / WHOLE
    drawn = champion.drawn / champion.old if champion.old else 1.0
    known = 1.0 if rule.measure is Measure.APPROVAL else max(drawn, _LEAST_SHARE)
    plan = Plan(rule.expected, hoped, share=share or 0.5, known=known, alpha=rule.alpha)
    return plan, applications_needed(plan)


def _shadow(rows: Rows, arm: Arm, months: int) -> Told:
    """The differences of a shadow, and whose approvals default less at an equal rate."""
    name = rows.names.get(arm.version, arm.version)
    said = {one.decision: one for one in rows.shadowed.get(arm.version, ())}
    last = {entry.application_id: entry for entry in rows.entries if entry.id in said}
    pairs = [(e, said[e.id].result) for e in last.values() if not said[e.id].failure]
    notes = []
    if len(pairs) < len(last):
        failed = len(last) - len(pairs)
        notes.append(
            Words(
                f"影子 {name}: {failed:,} 笔没有算成。",
                f"Shadow {name}: {failed:,} could not be computed.",
            )
        )
    if not pairs:
        notes.append(
            Words(f"影子 {name} 还没有看过申请。", f"The shadow {name} has seen nothing yet.")
        )
        return Results(), notes
    found, _ = classify(*shadow_tables(pairs))
    rate = found.approved[0] / max(found.rows, 1)
    equal = _equal(pairs, rows.bad_by(months), rate)
    if equal is None:
        notes.append(
            Words(
                f"影子 {name}: 到期的结果不足 {_FEWEST_KNOWN} 笔, 相同通过率下的违约还不能说。",
                f"Shadow {name}: fewer than {_FEWEST_KNOWN} outcomes are old enough to tell "
                "default at an equal approval rate.",
            )
        )
    return Results(shadow=found, shadow_name=name, equal=equal), notes


def _equal(
    pairs: Sequence[tuple[LogEntry, str]], bad: Mapping[str, bool], rate: float
) -> EqualRate | None:
    # One that would have asked for more has no probability to be compared.
    pairs = [pair for pair in pairs if read_json(pair[1]).get("outcome") != ASK]
    known = np.array([float(bad.get(entry.application_id, np.nan)) for entry, _ in pairs])
    if int((~np.isnan(known)).sum()) < _FEWEST_KNOWN or not 0 < rate < 1:
        return None
    first = np.array([_pd(entry.result) for entry, _ in pairs])
    second = np.array([_pd(result) for _, result in pairs])
    try:
        return default_at_equal_rate(Scores(first, second, known), rate, resamples=_RESAMPLES)
    except BadInput:  # all that is known was declined by one of them
        return None


def _pd(result: str) -> float:
    return float(Decimal(str(read_json(result).get("pd", 1))))


def _lot(rows: Rows, wanted: Wanted, lot: Lot) -> Told:
    """What the accepted say of those who were declined."""
    share = rows.deployment.random_accept
    bad = {ApplicationId(one): gone for one, gone in rows.bad_by(wanted.months).items()}
    try:
        declines = declines_of(rows.would_be_declines[-_MOST_AGAIN:], lot(bad))
        return Results(declines=default_of_declines(declines)), []
    except BadInput:
        drawn = rows.accepted_by_lot
        return Results(), [
            Words(
                f"随机接受: 应拒绝申请中可抽中 {share / 100:.2f}%, 抽中 {drawn:,} 笔, "
                "还没有到期的结果, 对被拒绝者还不能说什么。",
                f"Random accept: {share / 100:.2f}% of would-be declines may be drawn, {drawn:,} "
                "were; none has an outcome yet, so nothing can be said of the declined.",
            )
        ]

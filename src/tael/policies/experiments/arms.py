"""What each arm came to, and how far challengers stand from the champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa

from tael.kernel import BadInput
from tael.policies.experiments.estimates import (
    difference_of_means,
    difference_of_shares,
    mean,
    share,
)
from tael.policies.experiments.outcomes import Known, Tally, Window, latest_known
from tael.policies.experiments.sequential import Counts
from tael.policies.experiments.stopping import (
    SHARES,
    Measure,
    Rule,
    Standing,
    first_end,
    first_end_of_means,
    judge_means,
    judge_shares,
    shared_alpha,
)
from tael.policies.experiments.tables import Assigned, Bools, Days, Floats, names_in_order
from tael.risk import Interval

MEASURES = tuple(Measure)
_MOST_LOOKS = 400
_MOST_DRAWN = 24


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """One arm; shares as fractions, money per application in minor units, with intervals.

    Attributes:
        name: of the arm.
        applications: put into it.
        approved: of these.
        old: old enough to count for what follows.
        drawn: of the old, with a known end: loans whose default is known.
        bads: of these, in default by the month on book.
        late: of the old, drawn and not reported yet.
        figures: by measure: value and interval at one look.
        default_if_late: default rate were all late loans good, and were all bad.
    """

    name: str
    applications: int
    approved: int
    old: int
    drawn: int
    bads: int
    late: int
    figures: Mapping[Measure, Interval]
    default_if_late: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A challenger against the champion: challenger less champion, at one look."""

    challenger: str
    differences: Mapping[Measure, Interval]


@dataclass(frozen=True, slots=True)
class Ending:
    """What the stopping rule says of a challenger.

    Attributes:
        challenger: the arm.
        standing: at the look that counts: the first that ended the experiment, else the last.
        on: the day of that look.
        looks: how many were taken up to it.
    """

    challenger: str
    standing: Standing
    on: date
    looks: int


@dataclass(frozen=True, slots=True)
class Look:
    """What was known on a day: the difference in an interval that holds at all looks."""

    on: date
    difference: Interval


@dataclass(frozen=True, slots=True)
class Course:
    """How the interval of a challenger's difference narrowed, look by look, oldest first."""

    challenger: str
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment as of a day.

    Attributes:
        champion: the arm the others are compared with.
        window: month on book, day, days to settle, level of the intervals at one look.
        arms: champion first, then by name.
        comparisons: one for each other arm.
        endings: by arm, what the stopping rule says; empty without a rule.
        rule: the stopping rule, if one was given.
        tally: how reports of outcomes were used.
    """

    champion: str
    window: Window
    arms: tuple[ArmFigures, ...]
    comparisons: tuple[Comparison, ...]
    endings: tuple[Ending, ...]
    rule: Rule | None
    tally: Tally


def track(
    assigned: pa.Table,
    outcomes: pa.Table,
    window: Window,
    *,
    champion: str = "champion",
    rule: Rule | None = None,
) -> Experiment:
    """Every arm's figures with intervals, the differences, and what the stopping rule says.

    Args:
        assigned: a row for each application: application, arm, decided_on, outcome (approve,
            decline, refer), booked_on (null where no money went out).
        outcomes: a row for each report of a loan; see ``latest_known``.
        window: which month on book, as of when, and how sure the intervals of one look are.
        champion: the arm to compare with.
        rule: written down before the experiment began; the looks are the days on which something
            became known, at most 400 of them, evenly.

    Raises:
        BadInput: a table that cannot be read, or no application of the champion.
    """
    rows = Assigned.of(assigned)
    names = names_in_order(rows.arm)
    if champion not in names:
        raise BadInput(
            f"there is no arm {champion!r}; there are {', '.join(names) or 'none'}",
            field="champion",
            rule="an arm of the experiment",
        )
    known = latest_known(rows, outcomes, window)
    others = [name for name in names if name != champion]
    held = {name: _Arm.of(rows, known, rows.arm == name) for name in names}
    return Experiment(
        champion=champion,
        window=window,
        arms=tuple(held[name].figures(name, window.level) for name in (champion, *others)),
        comparisons=tuple(
            Comparison(name, _differences(held[champion], held[name], window.level))
            for name in others
        ),
        endings=() if rule is None else _endings(rule, champion, others, held),
        rule=rule,
        tally=known.tally,
    )


def courses(
    assigned: pa.Table, outcomes: pa.Table, window: Window, rule: Rule, champion: str = "champion"
) -> tuple[Course, ...]:
    """Each challenger's difference over time, at up to 24 of the days on which one may look.

    The intervals are those that ``track`` decides by: of the rule's measure, with its alpha divided
    among the challengers. Those of a day with nothing known of an arm are left out.

    Args:
        assigned: as ``track``.
        outcomes: as ``track``.
        window: as ``track``.
        rule: as ``track``.
        champion: as ``track``.

    Raises:
        BadInput: as ``track``; or nothing is known of either arm.
    """
    rows = Assigned.of(assigned)
    known = latest_known(rows, outcomes, window)
    others = [name for name in names_in_order(rows.arm) if name != champion]
    first = _Arm.of(rows, known, rows.arm == champion)
    each = replace(rule, alpha=shared_alpha(rule, others))
    return tuple(
        Course(name, _course(each, first, _Arm.of(rows, known, rows.arm == name)))
        for name in others
    )


def _course(rule: Rule, first: _Arm, second: _Arm) -> tuple[Look, ...]:
    measure = rule.measure
    days = _looks(np.concatenate([first.days(measure), second.days(measure)]), _MOST_DRAWN)
    found = []
    for on in days:
        a, b = first.until(on, measure), second.until(on, measure)
        if measure in SHARES:
            standing = judge_shares(rule, a.counts(measure), b.counts(measure))
        else:
            standing = judge_means(rule, a.values(measure), b.values(measure))
        if not np.isnan(standing.difference.low):
            found.append(Look(on.astype(object), standing.difference))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Arm:
    """The rows of one arm."""

    decided_on: Days
    approved: Bools
    old: Bools
    settled: Bools
    late: Bools
    drawn: Bools
    bad: Bools
    loss: Floats
    profit: Floats
    learnt_on: Days

    @classmethod
    def of(cls, rows: Assigned, known: Known, here: Bools) -> _Arm:
        drawn = ~np.isnat(rows.booked_on)
        return cls(
            rows.decided_on[here],
            rows.approved[here],
            known.old[here],
            known.settled[here],
            known.late[here],
            (known.settled & drawn)[here],
            known.bad[here],
            known.loss[here],
            known.profit[here],
            known.learnt_on[here],
        )

    def counts(self, measure: Measure) -> Counts:
        """Hits and rows of a share."""
        if measure is Measure.APPROVAL:
            return Counts(int(self.approved.sum()), len(self.approved))
        return Counts(int(self.bad[self.drawn].sum()), int(self.drawn.sum()))

    def values(self, measure: Measure) -> Floats:
        """Money per application of those that are settled, drawn or not."""
        money = self.profit if measure is Measure.PROFIT else self.loss
        return money[self.settled]

    def days(self, measure: Measure) -> Days:
        """On which days its rows became known."""
        if measure is Measure.APPROVAL:
            return self.decided_on
        return self.learnt_on[self.drawn if measure is Measure.DEFAULT else self.settled]

    def until(self, on: np.datetime64, measure: Measure) -> _Arm:
        """The arm as far as it was known on a day."""
        seen = self.decided_on <= on if measure is Measure.APPROVAL else self.learnt_on <= on
        return _Arm(*(getattr(self, name)[seen] for name in _Arm.__dataclass_fields__))

    def figures(self, name: str, level: float) -> ArmFigures:
        bads, drawn, late = int(self.bad.sum()), int(self.drawn.sum()), int(self.late.sum())
        return ArmFigures(
            name=name,
            applications=len(self.approved),
            approved=int(self.approved.sum()),
            old=int(self.old.sum()),
            drawn=drawn,
            bads=bads,
            late=late,
            figures={measure: _figure(self, measure, level) for measure in MEASURES},
            default_if_late=(
                share(bads, drawn + late, level=level).value,
                share(bads + late, drawn + late, level=level).value,
            ),
        )


def _figure(arm: _Arm, measure: Measure, level: float) -> Interval:
    if measure in SHARES:
        counts = arm.counts(measure)
        return share(counts.hits, counts.rows, level=level)
    return mean(arm.values(measure), level=level)


def _differences(first: _Arm, second: _Arm, level: float) -> dict[Measure, Interval]:
    found = {}
    for measure in MEASURES:
        if measure in SHARES:
            a, b = first.counts(measure), second.counts(measure)
            found[measure] = difference_of_shares((a.hits, a.rows), (b.hits, b.rows), level=level)
        else:
            found[measure] = difference_of_means(
                first.values(measure), second.values(measure), level=level
            )
    return found


def _endings(
    rule: Rule, champion: str, others: Sequence[str], held: Mapping[str, _Arm]
) -> tuple[Ending, ...]:
    each = replace(rule, alpha=shared_alpha(rule, others))
    return tuple(_ending(each, name, held[champion], held[name]) for name in others)


def _ending(rule: Rule, name: str, first: _Arm, second: _Arm) -> Ending:
    looks = _looks(np.concatenate([first.days(rule.measure), second.days(rule.measure)]))
    measure = rule.measure
    until = ((first.until(on, measure), second.until(on, measure)) for on in looks)
    if measure in SHARES:
        number, standing = first_end(
            rule, ((a.counts(measure), b.counts(measure)) for a, b in until)
        )
    else:
        number, standing = first_end_of_means(
            rule, ((a.values(measure), b.values(measure)) for a, b in until)
        )
    return Ending(name, standing, looks[number].astype(object), number + 1)


def _looks(days: Days, most: int = _MOST_LOOKS) -> Days:
    """The days on which something became known, thinned evenly to the most that is looked at."""
    seen = np.unique(days)
    if not len(seen):
        raise BadInput(
            "nothing is known yet of either arm", field="outcomes", rule="a settled application"
        )
    at = np.unique(np.linspace(0, len(seen) - 1, min(len(seen), most)).round().astype(int))
    found: Days = seen[at]
    return found

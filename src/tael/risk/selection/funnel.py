"""The funnel: step after step, each with its figure and threshold, down to as many as wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tael.kernel import BadInput
from tael.risk.facts import Facts
from tael.risk.sample import Bools, Floats, Ints, Sample
from tael.risk.selection.clusters import clusters
from tael.risk.selection.coverage import coverage
from tael.risk.selection.eras import eras
from tael.risk.selection.evidence import Dropped, Evidence, evidence_of
from tael.risk.selection.importance import Importance, importance
from tael.risk.selection.leaks import UNLABELLED_LEAST, leaks, pairs_of
from tael.risk.selection.quotas import choose
from tael.risk.selection.record import Fate, Funnel, Step, period_of, rounded
from tael.risk.selection.rows import check_sample, in_order, rows_hash
from tael.risk.selection.settings import SelectionSettings
from tael.risk.selection.signs import signs
from tael.risk.selection.strength import Values, chances, drifted, drifts, values
from tael.risk.selection.words import HARD, STEPS, Relaxation

# Which dropped variables come back first: those that passed most steps.
_BACK = ("cluster", "sign", "iv", "psi", "coverage")


def select(
    sample: Sample,
    settings: SelectionSettings | None = None,
    facts: Mapping[str, Facts] | None = None,
    observe: Callable[[str], None] | None = None,
    own: Bools | None = None,
) -> Funnel:
    """Choose variables on the training period, with a reason for each kept and each dropped.

    Steps: coverage and constancy; leak alarm; proxies of the era; PSI over blocks of time;
    information value against permuted outcomes; stability of the direction; clusters of
    correlation; importance to boosting over folds of time; quotas; exactly ``settings.wanted``.
    Where the steps leave fewer, variables come back by rank and the record says so; a leak, a proxy
    of the era, a constant and an empty variable never do.

    The same rows, settings and facts give the same record, whatever the order of rows and however
    many threads work. Memory: beside the sample about 3 bytes a row and variable, 4 more for
    those that reach the clusters, and a copy of the sample where its rows are not in order.

    Args:
        sample: the training period only; rows without an outcome serve coverage and leaks.
        settings: what each step asks; default: 1,063 variables.
        facts: of the variables, from their catalogue; guessed from dotted names where absent.
        observe: told the code of each step when it is done.
        own: bool [rows of ``sample``]: whose outcome is the lender's own. What somebody wrote after
            an outcome follows the outcome that he saw: leaks are looked for with these alone.

    Raises:
        BadInput: what no selection can be made of (one class, too few bads and how many are
            needed, infinite values by name, more wanted than there are or than may be kept), or an
            extra that is not installed.
    """
    asked = settings or SelectionSettings()
    check_sample(sample, asked)
    told = observe or _nobody
    ordered = in_order(sample)
    run = _Run(evidence_of(ordered, asked, facts))
    if own is not None:
        blank = replace(sample, bad=np.where(own, sample.bad, np.nan))
        check_sample(blank, asked)
        run.own = evidence_of(in_order(blank), asked, facts)
    told("prebin")
    _measured(run, told)
    return _recorded(run, _chosen(run))


def _nobody(step: str) -> None:
    del step


@dataclass
class _Run:
    """What the steps have found so far."""

    evidence: Evidence
    own: Evidence | None = None
    dropped: dict[int, tuple[str, Dropped]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    psi: Floats = field(default_factory=lambda: np.zeros(0))
    values: Values = field(default_factory=lambda: Values(np.zeros(0), np.zeros(0)))
    trees: Importance = field(default_factory=lambda: Importance(np.zeros(0), np.zeros(0)))
    relaxations: list[Relaxation] = field(default_factory=list)

    @property
    def alive(self) -> Ints:
        """The variables that no step has dropped."""
        names = range(len(self.evidence.names))
        return np.array([i for i in names if i not in self.dropped], dtype=np.int64)

    def drop(self, step: str, found: list[Dropped]) -> None:
        """Note what a step dropped."""
        self.steps.append(Step(step, len(self.alive), len(found)))
        self.dropped.update({each.variable: (step, each) for each in found})

    def place(self, i: int) -> tuple[bool, float, tuple[float, str]]:
        """Those that trees use time after time, by gain; then the others by information value."""
        stable = self.trees.chosen[i] >= self.evidence.settings.boosting.stable
        return not stable, -rounded(float(self.trees.gain[i])) if stable else 0.0, self.key(i)

    def key(self, i: int) -> tuple[float, str]:
        """Strongest first, then by name."""
        return -rounded(float(self.values.iv[i])), self.evidence.names[i]


def _measured(run: _Run, told: Callable[[str], None]) -> None:
    """All steps but the last."""
    evidence = run.evidence
    run.drop("coverage", coverage(evidence))
    told("coverage")
    run.drop("leak", leaks(run.own or evidence, run.alive))
    told("leak")
    run.drop("era", eras(evidence, run.alive))
    told("era")
    run.psi = drifts(evidence)
    run.drop("psi", drifted(evidence, run.alive, run.psi))
    told("psi")
    run.values = values(evidence)
    run.drop("iv", chances(run.alive, run.values))
    told("iv")
    run.drop("sign", signs(evidence, run.alive))
    told("sign")
    run.drop("cluster", clusters(evidence, run.alive, run.values.iv))
    told("cluster")
    run.trees = importance(evidence, run.alive)
    told("boosting")


@dataclass(frozen=True)
class _Choice:
    order: list[int]  # all that could be kept, best first
    passed: int  # so many of them passed every step
    rule: dict[int, str]  # of those kept


def _chosen(run: _Run) -> _Choice:
    wanted = run.evidence.settings.wanted
    ranked = sorted(run.alive.tolist(), key=run.place)
    spare = sorted(
        (i for i, (_, each) in run.dropped.items() if each.rule not in HARD),
        key=lambda i: (_BACK.index(run.dropped[i][0]), run.key(i)),
    )
    if len(ranked) + len(spare) < wanted:
        raise BadInput(
            f"{wanted} variables are wanted, {len(ranked) + len(spare)} may be kept: the others "
            "are empty, constant, leaks or proxies of the era",
            field="wanted",
            rule="at most what may be kept",
        )
    chosen = choose(ranked, spare, run.evidence.facts, run.evidence.settings)
    run.relaxations.extend(_limits(run.evidence))
    run.relaxations.extend(chosen.relaxations)
    back = Counter(rule for i, rule in chosen.rule.items() if i in run.dropped)
    for code, rule in (("quota_back", "quota"), ("filled", "filled")):
        if back[rule]:
            run.relaxations.append(Relaxation(code, back[rule]))
    over = max(0, len(ranked) - wanted)
    run.steps.append(Step("boosting", len(ranked), over))
    kept = sum(i in chosen.rule for i in ranked)
    run.steps.append(Step("quota", len(ranked) - over, len(ranked) - over - kept))
    return _Choice(ranked + spare, len(ranked), chosen.rule)


def _limits(evidence: Evidence) -> list[Relaxation]:
    """What could not be asked of these rows."""
    asked, found = evidence.settings, []
    if evidence.blocks < asked.stability.blocks:
        found.append(Relaxation("blocks", evidence.blocks))
    if len(evidence.names) < asked.leaks.crowd_least:
        found.append(Relaxation("crowd", len(evidence.names)))
    pairs = len(pairs_of(evidence)[0])
    if pairs < asked.leaks.pairs_least:
        found.append(Relaxation("pairs", pairs))
    unlabelled = int((~evidence.sample.labelled).sum())
    if unlabelled < UNLABELLED_LEAST:
        found.append(Relaxation("unlabelled", unlabelled))
    return found


def _recorded(run: _Run, choice: _Choice) -> Funnel:
    evidence = run.evidence
    rank = {i: k + 1 for k, i in enumerate(choice.order)}
    fates = [_fate(run, choice, i, rank.get(i, 0)) for i in range(len(evidence.names))]
    families = {(fate.subject, fate.source) for fate in fates}
    lost = families - {(fate.subject, fate.source) for fate in fates if fate.kept}
    if lost:
        run.relaxations.append(Relaxation("unrepresented", len(lost)))
    return Funnel(
        kept=tuple(evidence.names[i] for i in choice.order if i in choice.rule),
        fates=tuple(sorted(fates, key=lambda fate: fate.name)),
        steps=tuple(sorted(run.steps, key=lambda step: list(STEPS).index(step.code))),
        period=period_of(evidence.sample, rows_hash(evidence.sample)),
        settings=evidence.settings.to_json(),
        relaxations=tuple(run.relaxations),
    )


def _fate(run: _Run, choice: _Choice, i: int, rank: int) -> Fate:
    facts, kept = run.evidence.facts[i], choice.rule.get(i, "")
    failed = run.dropped[i][1] if i in run.dropped else None
    wanted = float(run.evidence.settings.wanted)
    if kept == "chosen":
        step, rule, figure = "boosting", kept, float(run.trees.chosen[i])
        threshold = run.evidence.settings.boosting.stable
    elif kept:
        step, rule, figure, threshold = "quota", kept, float(rank), wanted
    elif failed:
        step, (_, rule, figure, threshold, _) = run.dropped[i][0], failed
    else:
        rule, figure, threshold = "boosting", float(rank), wanted
        step = "boosting" if rank > wanted else "quota"
    return Fate(
        name=run.evidence.names[i],
        kept=bool(kept),
        step=step,
        rule=rule if step != "quota" or kept else "passed_over",
        figure=rounded(figure),
        threshold=rounded(threshold),
        rank=rank,
        iv=rounded(float(run.values.iv[i])),
        other=failed.other if failed and not kept else "",
        failed=failed.rule if failed and kept else "",
        subject=facts.subject,
        source=facts.source,
    )

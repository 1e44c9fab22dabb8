"""What reject inference is worth on a lender's own book, where what became of others is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tael.kernel import BadInput, Refusal
from tael.report import Words
from tael.risk.card import Part, Table
from tael.risk.dataset import POPULATION
from tael.risk.ensemble import Ensemble
from tael.risk.pipeline.config import TrainingConfig
from tael.risk.pipeline.evaluation import check_made_with
from tael.risk.pipeline.folder import ModelFolder
from tael.risk.pipeline.rated import RatedModel
from tael.risk.pipeline.rows import outcomes_of_config, sample_of, within
from tael.risk.pipeline.trials import keep_part
from tael.risk.rejects import (
    BIAS_COLUMNS,
    METHODS,
    Bias,
    Evidence,
    RejectSettings,
    Trial,
    bias_rows,
    measure_bias,
    refusal_words,
)
from tael.risk.sample import Bools, Floats

_LEAST = 10  # bads, and goods, among the later rows of either kind
_KINDS: Mapping[str, Words] = {
    "MonotoneBooster": Words("提升树", "Boosted trees"),
    "Scorecard": Words("评分卡", "A scorecard"),
    "ShrunkLogistic": Words("收缩回归", "A shrunk regression"),
}
Found = Mapping[str, Bias | Refusal]


@dataclass(frozen=True, slots=True)
class RejectTrial:
    """What is asked.

    Attributes:
        accepted, rejected: values of the column ``population``.
        truth: the column of outcomes that later rows are judged by, and rejects are known by.
        random: a column of 1 where chance let an application in; '' where there was no such cell.
        methods: those to try beside ``none``; empty: all that have evidence.
    """

    accepted: str = "granted"
    rejected: str = "declined"
    truth: str = "bad"
    random: str = ""
    methods: Sequence[str] = ()


def run_rejects(
    config: TrainingConfig, folder: ModelFolder, rated: RatedModel, asked: RejectTrial
) -> Found:
    """Learn with each way of inference up to ``built_on``, judge on the test; keep it for the card.

    Models of the rated one's kind and settings (of an ensemble its first member) learn on the
    variables of the rated one from the accepted of the training period. Outcomes of rejects are
    read by ``bureau_performance`` alone, and only those known when the model was built.

    Raises:
        BadInput: another configuration, no such method, column or population, or fewer than ten
            bads or goods among the later rows of either kind.
    """
    check_made_with(config, rated)
    for method in asked.methods:
        if method not in METHODS:
            raise BadInput(f"no method {method!r}", field="method", rule=", ".join(METHODS))
    trial = _trial(config, rated.names, asked)
    model: Any = rated.model
    if isinstance(model, Ensemble):
        model = next(iter(model.members_.values()))
    fresh = type(model)(**model.get_params())
    settings = RejectSettings(estimator=fresh, named=True)
    found = measure_bias(trial, fresh, settings, tuple(asked.methods) or METHODS)
    part = _part(found, trial, _KINDS[type(model).__name__])
    keep_part(folder, "rejects", [rated.hash], part, reject_figures(found))
    return found


def reject_figures(found: Found) -> dict[str, Any]:
    """Every figure by method; of one that refused, its code and why in words."""
    return {
        name: {"refused": one.code, "why": refusal_words(one).en}
        if isinstance(one, Refusal)
        else one.to_json()
        for name, one in found.items()
    }


def _trial(config: TrainingConfig, names: Sequence[str], asked: RejectTrial) -> Trial:
    outcomes = outcomes_of_config(config)
    who, truth = outcomes.texts(POPULATION), outcomes.numbers(asked.truth)
    periods = config.periods
    built = np.datetime64(periods.built_on, "s")
    settled = outcomes.asof + np.timedelta64(periods.settle_days, "D") <= built
    early = within(outcomes, periods.train) & settled
    late = within(outcomes, periods.test) & ~np.isnan(truth)
    by_then = outcomes.known <= built
    accepted = early & (who == asked.accepted) & by_then & ~np.isnan(outcomes.bad)
    rejected = early & (who == asked.rejected)
    later = late & ((who == asked.accepted) | (who == asked.rejected))
    _check(who[later] == asked.accepted, truth[later], asked)
    for name, rows in ((asked.accepted, accepted), (asked.rejected, rejected)):
        if not rows.any():
            raise BadInput(
                f"no row of the training period is {name}",
                field=POPULATION,
                rule="accepted and rejected rows to learn from",
            )
    seen = np.where(by_then, truth, np.nan)[rejected]
    random = outcomes.numbers(asked.random)[accepted] == 1 if asked.random else None
    return Trial(
        sample_of(config, outcomes.take(accepted), names),
        sample_of(config, outcomes.take(rejected), names),
        replace(sample_of(config, outcomes.take(later), names), bad=truth[later]),
        who[later] == asked.accepted,
        Evidence(at_random=random, elsewhere=None if np.isnan(seen).all() else seen),
    )


def _check(accepted: Bools, truth: Floats, asked: RejectTrial) -> None:
    """Refuse later rows that say too little of either kind."""
    for name, rows in ((asked.accepted, accepted), (asked.rejected, ~accepted)):
        bads = int(truth[rows].sum())
        goods = int(rows.sum()) - bads
        if min(bads, goods) < _LEAST:
            raise BadInput(
                f"of the {name} of the test {bads} are known to be bad and {goods} good: the bias "
                f"of reject inference shows only where {_LEAST} of each are known",
                field=asked.truth,
                rule=f"{_LEAST} bads and {_LEAST} goods",
            )


def _part(found: Found, trial: Trial, kind: Words) -> Part:
    accepted = int(trial.later_accepted.sum())
    later = trial.later.rows - accepted
    granted, bads = trial.accepted.rows, int(trial.accepted.bad.sum())
    refused = trial.rejected.rows
    told = Words(
        f"{kind.zh}: 用 {granted:,} 笔已批准申请学习 (坏 {bads:,}), 被拒 {refused:,} 笔; "
        f"在测试期 {accepted:,} 笔已批准和 {later:,} 笔被拒申请上检验。",
        f"{kind.en}, learnt from {granted:,} accepted applications ({bads:,} bad) beside "
        f"{refused:,} rejected; judged on {accepted:,} accepted and {later:,} rejected ones of "
        f"the test.",
    )
    return Part((told,), (Table(BIAS_COLUMNS, tuple(bias_rows(found))),))

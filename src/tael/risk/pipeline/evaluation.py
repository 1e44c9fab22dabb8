"""A rated model out of time: ranks, calibration, tiers and shifts by vintage and segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput, Refusal
from tael.risk.calibration import (
    NORMAL_BAND,
    Gap,
    Judged,
    Line,
    calibration_line,
    gaps_by,
    reliability_curve,
    year_names,
)
from tael.risk.calibration.kept import plain
from tael.risk.card import Performance, performance
from tael.risk.measures import check_leak
from tael.risk.pipeline.config import TrainingConfig
from tael.risk.pipeline.folder import EVALUATION, FUNNEL, TRAINING, ModelFolder
from tael.risk.pipeline.rated import RatedModel, Scores
from tael.risk.pipeline.rows import outcomes_of_config, sample_of, test_rows, training_rows
from tael.risk.psi import stability_index
from tael.risk.rating import TableSettings, TierTable, tier_table
from tael.risk.sample import Ints, Sample, Texts
from tael.risk.selection import Funnel
from tael.risk.stress import STRESS_PLAN, StressedVintage, judge_vintage

ALL = "all"
RETURNING = "borrower"
Years: TypeAlias = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What the test period said of a model.

    Attributes:
        model: hash of the rated model.
        by_year, segments: AUC, KS and Brier of all rows, of each year, of each segment by column.
        line: calibration line of the normal years; None with one outcome only, or for PDs that do
            not rank.
        gaps: predicted and observed of each year.
        curve: the same by tenth of the score, normal years together.
        stressed: the years declared crises, in the band that the plan allows.
        tiers: by year and together.
        shift: PSI of the tiers' shares of each year against the first.
        leak: the alarm, when the model ranks better than honest data can.
        stressed_years: as the configuration declared them.
    """

    model: str
    by_year: tuple[Performance, ...]
    segments: Mapping[str, tuple[Performance, ...]]
    line: Line | None
    gaps: tuple[Gap, ...]
    curve: tuple[Gap, ...]
    stressed: tuple[StressedVintage, ...]
    tiers: TierTable
    shift: Mapping[str, float]
    leak: Refusal | None
    stressed_years: tuple[int, ...]

    @property
    def overall(self) -> Performance:
        """All rows of the test together."""
        return next(one for one in self.by_year if one.key == ALL)

    @property
    def off_band(self) -> tuple[Gap, ...]:
        """Normal years whose predicted over observed lies outside 0.8 to 1.25."""
        low, high = NORMAL_BAND
        return tuple(
            gap
            for gap in self.gaps
            if int(gap.key) not in self.stressed_years and not low <= gap.ratio.value <= high
        )

    def to_json(self) -> dict[str, Any]:
        """All figures."""
        return {
            "model": self.model,
            "by_year": plain(self.by_year),
            "segments": {name: plain(found) for name, found in self.segments.items()},
            "line": self.line.to_json() if self.line else None,
            "gaps": [gap.to_json() for gap in self.gaps],
            "curve": [gap.to_json() for gap in self.curve],
            "stressed": [one.to_json() for one in self.stressed],
            "tiers": self.tiers.to_json(),
            "shift": dict(self.shift),
            "leak": dict(self.leak.detail) if self.leak else None,
            "stressed_years": list(self.stressed_years),
        }


def run_evaluation(
    config: TrainingConfig,
    folder: ModelFolder,
    rated: RatedModel,
    segments: Sequence[str] = (),
    leak_level: float = 0.9,
) -> Evaluation:
    """Judge the rated model on the test rows, and write the figures.

    Args and errors as ``judged_on_test``.
    """
    found = judged_on_test(config, folder, rated, segments, leak_level)
    folder.write_json(EVALUATION, found.to_json())
    return found


def segments_before(folder: ModelFolder, model: str) -> tuple[str, ...]:
    """The columns by which the model with this hash was judged last; none if it was not."""
    if not folder.has(EVALUATION):
        return ()
    found = folder.read_json(EVALUATION)
    if found.get("model") != model:
        return ()
    return tuple(name for name in found["segments"] if name != RETURNING)


def judged_on_test(
    config: TrainingConfig,
    folder: ModelFolder,
    rated: RatedModel,
    segments: Sequence[str] = (),
    leak_level: float = 0.9,
) -> Evaluation:
    """Judge the rated model on the test rows; writes nothing.

    Where borrowers come back that the model was trained on, they and the new ones are told apart.

    Args:
        config: names the test period and its crises.
        folder: of the model.
        rated: the model.
        segments: columns of the outcomes by which to judge too.
        leak_level: an AUC above it is a leak, not a success.

    Raises:
        BadInput: a model of another configuration, no test rows, or rows that the variables were
            selected on.
    """
    check_made_with(config, rated)
    outcomes = outcomes_of_config(config)
    tested = outcomes.take(test_rows(outcomes, config))
    if not tested.rows:
        span = config.periods.test
        raise BadInput(
            f"no outcome of {span.first} to {span.until} is known",
            field="periods.test",
            rule="test rows with an outcome",
        )
    bads = int(tested.bad.sum())
    if bads in {0, tested.rows}:
        raise BadInput(
            f"{bads} of the {tested.rows} rows of the test are bad: there is nothing to rank",
            field="periods.test",
            rule="both outcomes in the test",
        )
    funnel = Funnel.from_json(folder.read_json(FUNNEL))
    sample = sample_of(config, tested, funnel.kept)
    check_unseen(config, folder, rated, sample)
    held = {name: tested.texts(name) for name in segments}
    trained = outcomes.borrower[training_rows(outcomes, config, config.populations.train)]
    back = np.isin(tested.borrower.astype(str), trained.astype(str))
    if back.any():
        held[RETURNING] = np.where(back, "trained on before", "new").astype(object)
    return evaluate(config, rated, sample, held, leak_level)


def check_made_with(config: TrainingConfig, rated: RatedModel) -> None:
    """Refuse a rated model that was made with another configuration.

    Raises:
        BadInput: names both hashes.
    """
    if rated.config != config.hash:
        raise BadInput(
            f"the model was rated with configuration {rated.config[:12]}, this is "
            f"{config.hash[:12]}",
            field="config",
            rule="the configuration of the model; after a change select, train and calibrate again",
        )


def check_unseen(
    config: TrainingConfig, folder: ModelFolder, rated: RatedModel, sample: Sample
) -> None:
    """Refuse to judge a model on rows that it may have been made from.

    Raises:
        BadInput: another configuration, no rows, a record of another selection than the model's, or
            rows not later than those of the selection.
    """
    check_made_with(config, rated)
    if not sample.rows:
        raise BadInput("there is no row to judge on", field="periods.test", rule="test rows")
    funnel, trained = Funnel.from_json(folder.read_json(FUNNEL)), folder.read_json(TRAINING)
    if funnel.hash != trained["funnel"]:
        raise BadInput(
            f"{FUNNEL} has hash {funnel.hash[:12]}, the model was trained on "
            f"{trained['funnel'][:12]}",
            field="model",
            rule="an unchanged file; after another selection train and calibrate again",
        )
    refused = funnel.check_test(sample)
    if refused is not None:
        told = refused.detail
        raise BadInput(
            f"{told['rows']} of {told['of']} test rows are not later than the last row that the "
            f"variables were selected on ({told['selection_last']})",
            field="periods.test",
            rule="a test that begins after the selection; select again after a change",
        )


def evaluate(
    config: TrainingConfig,
    rated: RatedModel,
    sample: Sample,
    segments: Mapping[str, Texts],
    leak_level: float = 0.9,
) -> Evaluation:
    """Judge ``rated`` on labelled rows; ``segments`` holds a text a row by column."""
    scores = rated.score(sample)
    years = year_names(sample.vintage)
    judged = Judged.of(sample.bad, scores.pd, sample.weight)
    stressed = np.isin(years.astype(int), config.periods.stressed)
    normal = np.flatnonzero(~stressed)
    enough = len(np.unique(sample.bad[normal])) > 1
    by_year = performance(sample.bad, scores.pd, np.full(sample.rows, ALL))
    by_year += performance(sample.bad, scores.pd, years)
    part = judged.part(normal) if enough else judged
    return Evaluation(
        rated.hash,
        by_year,
        {name: performance(sample.bad, scores.pd, keys) for name, keys in segments.items()},
        _line(part) if enough else None,
        gaps_by(judged, years),
        reliability_curve(part),
        _stressed(sample, scores, years, config.periods.stressed),
        tier_table(
            Judged.of(sample.bad, scores.pd_cycle, sample.weight),
            years,
            TableSettings(bounds=rated.bounds),
        ),
        _shift(scores.tier, years, len(rated.bounds) + 1),
        check_leak(_best(by_year), leak_level),
        config.periods.stressed,
    )


def _line(part: Judged) -> Line | None:
    """The calibration line; None for a model whose PDs do not rank at all."""
    try:
        return calibration_line(part)
    except BadInput:
        return None


def _best(found: tuple[Performance, ...]) -> float:
    """The AUC of all rows."""
    whole = found[0].auc
    return whole.value if whole else 0.0


def _stressed(
    sample: Sample, scores: Scores, years: Years, declared: Sequence[int]
) -> tuple[StressedVintage, ...]:
    found = []
    for year in declared:
        here = years == str(year)
        if here.any():
            month = (year - 1970) * 12
            bads = int(sample.bad[here].sum())
            found.append(judge_vintage(month, scores.pd[here], bads, STRESS_PLAN))
    return tuple(found)


def _shift(tier: Ints, years: Years, tiers: int) -> dict[str, float]:
    """PSI of the shares of tiers, of each year against the first."""
    names = np.unique(years)
    counts = {
        str(name): np.bincount(tier[years == name], minlength=tiers + 1)[1:] for name in names
    }
    first = counts[str(names[0])]
    return {name: stability_index(first, one) for name, one in counts.items()}

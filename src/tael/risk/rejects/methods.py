"""What to make of those who were refused: six ways to rows that may be trained on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tael.kernel import BadInput, Refusal
from tael.risk.calibration.calibrator import effective
from tael.risk.calibration.intervals import jeffreys
from tael.risk.columns import Bools, Floats, Ints
from tael.risk.rejects.rows import (
    Pool,
    banded,
    checked_weights,
    content_order,
    joined,
    out_of_fold,
)
from tael.risk.rejects.settings import (
    METHODS,
    Classifier,
    Evidence,
    Inference,
    Record,
    RejectSettings,
)
from tael.risk.sample import Sample

_QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)
_STEPS = 200


@dataclass(frozen=True, eq=False)
class _Case:
    """One task: rows, evidence in the order of the rows, and settings."""

    pool: Pool
    at_random: Bools | None
    elsewhere: Floats | None
    settings: RejectSettings

    @property
    def accepted(self) -> Sample:
        return self.pool.sample.take(np.arange(self.pool.accepted))

    @property
    def rejected(self) -> Sample:
        return self.pool.sample.take(np.arange(self.pool.accepted, self.pool.sample.rows))

    @property
    def estimator(self) -> Classifier:
        if self.settings.estimator is None:
            raise BadInput(
                "this method scores rows: hand in an estimator",
                field="estimator",
                rule="an estimator with the scikit-learn contract",
            )
        return self.settings.estimator

    def scores(self) -> Floats:
        """Chance of bad of every row, learnt from the accepted with a known outcome."""
        outcome = np.where(self.pool.is_rejected, np.nan, self.pool.sample.bad)
        return out_of_fold(self.pool, outcome, self.estimator, self.settings)


_Made = tuple[Sample, Mapping[str, Any], float]


def infer(
    method: str,
    accepted: Sample,
    rejected: Sample,
    settings: RejectSettings | None = None,
    evidence: Evidence | None = None,
) -> Inference | Refusal:
    """Rows to train on that stand for all who applied.

    * ``none``: the accepted alone; the baseline.
    * ``augmentation``: the accepted, each over its chance of acceptance, trimmed, so that they
      weigh as all applications did (Hsia, Management Science 24 (1978); Banasik and Crook, EJOR
      183 (2007) 1582-1594, who find little gain in it). Rests on there being no cause of both
      refusal and default outside the variables.
    * ``parcelling``: rejects by band of score; of their weight the bad rate of the accepted in
      the band times the uplift is called bad, drawn by a seeded hash (Siddiqi, Credit Risk
      Scorecards, 2006, chapter 6).
    * ``fuzzy``: each reject twice, as bad with weight p k and as good with 1 - p, scaled so that
      both sum to its own weight: k multiplies the odds (same chapter).
    * ``random_accept``: the control cell carries the weight of the rejects and its own.
    * ``bureau_performance``: rejects with an outcome at other lenders carry, by band of score
      where an estimator is given, the weight of all rejects.

    Weight is conserved: all methods but ``none`` end with the weight of accepted rows of known
    outcome and rejects. Inferred outcomes count as known when the last accepted one was.

    Returns:
        the rows and the record; or ``rejects.none``, ``rejects.cell_too_small`` or
        ``rejects.elsewhere_too_few``, which say how many are needed.

    Raises:
        BadInput: no such method, weights that are not above zero, other variables, evidence of
            another length or missing, no estimator where one is needed.
    """
    if method not in METHODS:
        raise BadInput(f"no method {method!r}", field="method", rule=", ".join(METHODS))
    if not rejected.rows:
        return Refusal("rejects.none", {"accepted": str(accepted.rows)})
    checked_weights(accepted, "the accepted")
    checked_weights(rejected, "the rejected")
    case = _case(accepted, rejected, settings or RejectSettings(), evidence or Evidence())
    made = _WAYS[method](case)
    return made if isinstance(made, Refusal) else _inference(method, case, made)


def _case(
    accepted: Sample, rejected: Sample, settings: RejectSettings, evidence: Evidence
) -> _Case:
    at_random = _evidence(evidence.at_random, accepted.rows, "at_random")
    elsewhere = _evidence(evidence.elsewhere, rejected.rows, "elsewhere")
    first, second = content_order(accepted, at_random), content_order(rejected, elsewhere)
    # Whatever outcome a refused row carries is not used: elsewhere is the door for it.
    blank = replace(rejected, bad=np.full(rejected.rows, np.nan))
    return _Case(
        Pool(joined(accepted.take(first), blank.take(second)), accepted.rows),
        None if at_random is None else at_random[first] == 1.0,
        None if elsewhere is None else elsewhere[second],
        settings,
    )


def _evidence(given: object, rows: int, name: str) -> Floats | None:
    if given is None:
        return None
    held = np.asarray(given).astype(np.float64)
    if held.shape != (rows,) or not np.isin(held[~np.isnan(held)], (0.0, 1.0)).all():
        raise BadInput(f"{name} is 1 or 0 for each row", field=name, rule="0 or 1, one per row")
    return held


def _inference(method: str, case: _Case, made: _Made) -> Inference:
    sample, figures, inferred = made
    settings = case.settings
    accepted = case.accepted
    known = accepted.labelled
    used = method in {"augmentation", "parcelling", "fuzzy"} or "bands" in figures
    total = float(sample.weight.sum())
    record = Record(
        method,
        repr(settings.estimator) if used else "",
        figures,
        {
            "accepted": accepted.rows,
            "accepted_unlabelled": int((~known).sum()),
            "rejected": case.rejected.rows,
            "rows": sample.rows,
            "bads": int((sample.bad == 1).sum()),
        },
        weight_accepted=total - inferred,
        weight_rejected=float(case.rejected.weight.sum()),
        weight_inferred=inferred,
    )
    return Inference(sample, record)


def _labelled(case: _Case) -> Sample:
    accepted = case.accepted
    return accepted.take(accepted.labelled)


def _none(case: _Case) -> _Made:
    return _labelled(case), {}, 0.0


def _augmentation(case: _Case) -> _Made:
    settings = case.settings
    refused = case.pool.is_rejected.astype(np.float64)
    chance = 1.0 - out_of_fold(case.pool, refused, case.estimator, settings)
    known = ~np.isnan(case.pool.sample.bad)
    kept, held = case.pool.sample.take(known), np.maximum(chance[known], settings.trim)
    raw = kept.weight / held
    total = float(kept.weight.sum()) + float(case.rejected.weight.sum())
    weight = raw * (total / float(raw.sum()))
    trimmed = chance[known] < settings.trim
    figures = {
        "trim": settings.trim,
        "trimmed_rows": int(trimmed.sum()),
        "trimmed_weight": float(weight[trimmed].sum()) / total,
        "acceptance_accepted": _quantiles(chance[known]),
        "acceptance_rejected": _quantiles(chance[case.pool.is_rejected]),
        # Rejects like whom hardly anybody was accepted: no weight can stand for them.
        "rejects_below_trim": float((chance[case.pool.is_rejected] < settings.trim).mean()),
        "effective_rows": effective(weight),
    }
    return replace(kept, weight=weight), figures, float(case.rejected.weight.sum())


def _quantiles(values: Floats) -> list[float]:
    return [float(one) for one in np.quantile(values, _QUANTILES)]


def _parcelling(case: _Case) -> _Made | Refusal:
    settings, score = case.settings, case.scores()
    refused = case.pool.is_rejected
    uplift = _uplift(case, score, _rate_uplift)
    if isinstance(uplift, Refusal):
        return uplift
    band = banded(score, settings.bands, score)
    rates = _band_rates(band, case.pool.sample, settings.bands)
    factors = uplift if isinstance(uplift, tuple) else (uplift,) * settings.bands
    asked = np.minimum(rates * np.asarray(factors), 1.0)
    rejected = case.rejected
    draw = _draws(rejected, settings.seed)
    bad = np.zeros(rejected.rows)
    for one in range(settings.bands):
        rows = np.flatnonzero(band[refused] == one)
        rows = rows[np.argsort(draw[rows], kind="stable")]
        # A row is bad while the middle of its weight lies within the share: the band's bad weight
        # misses the rate by half a row at most.
        upto = np.cumsum(rejected.weight[rows])
        middle = upto - rejected.weight[rows] / 2
        bad[rows[middle < asked[one] * (upto[-1] if len(rows) else 0.0)]] = 1.0
    figures = {
        "bands": settings.bands,
        "uplift": list(factors),
        "accepted_rates": rates.tolist(),
        "rejected_rates": asked.tolist(),
        "rejected_rows": np.bincount(band[refused], minlength=settings.bands).tolist(),
        "seed": settings.seed,
    } | _cell_figures(case)
    return _with_rejects(case, replace(rejected, bad=bad), figures)


def _band_rates(band: Ints, sample: Sample, bands: int) -> Floats:
    """Bad rate of the accepted by band; a band without any takes the next one's below."""
    known = sample.labelled
    weight = sample.weight[known]
    whole = np.bincount(band[known], weights=weight, minlength=bands)
    bads = np.bincount(band[known], weights=weight * sample.bad[known], minlength=bands)
    rates = np.zeros(bands)
    last = float(bads.sum() / whole.sum())
    for one in range(bands):
        last = float(bads[one] / whole[one]) if whole[one] else last
        rates[one] = last
    return rates


def _draws(sample: Sample, seed: int) -> Floats:
    """A number from 0 to 1 for each row: the same whatever other rows there are around it."""
    keys = zip(sample.borrower.tolist(), sample.asof.astype(np.int64).tolist(), strict=True)
    found = [hashlib.blake2b(f"{seed}|{b}|{t}".encode(), digest_size=8).digest() for b, t in keys]
    return np.array([int.from_bytes(one, "big") / 2**64 for one in found])


def _fuzzy(case: _Case) -> _Made | Refusal:
    score = case.scores()
    uplift = _uplift(case, score, _odds_uplift)
    if isinstance(uplift, Refusal):
        return uplift
    if isinstance(uplift, tuple):
        raise BadInput("fuzzy takes one factor", field="uplift", rule="one number or None")
    rejected, p = case.rejected, score[case.pool.is_rejected]
    raised = p * uplift / (p * uplift + 1.0 - p)
    twice = joined(
        replace(rejected, bad=np.ones(rejected.rows), weight=rejected.weight * raised),
        replace(rejected, bad=np.zeros(rejected.rows), weight=rejected.weight * (1.0 - raised)),
    )
    # A side whose weight vanishes says nothing and would be no row.
    twice = twice.take(twice.weight > 0)
    figures = {
        "k": uplift,
        "mean_before": float(np.average(p, weights=rejected.weight)),
        "mean_after": float(np.average(raised, weights=rejected.weight)),
    } | _cell_figures(case)
    return _with_rejects(case, twice, figures)


def _uplift(
    case: _Case, score: Floats, estimate: Callable[[Floats, Floats, Floats], float]
) -> float | tuple[float, ...] | Refusal:
    """The factor of the settings, or what makes the scores of the control cell meet its bads."""
    if case.settings.uplift is not None:
        return case.settings.uplift
    cell = _cell(case)
    if isinstance(cell, Refusal):
        return cell
    sample = case.pool.sample
    return estimate(score[: case.pool.accepted][cell], *_outcomes(sample, cell))


def _cell_figures(case: _Case) -> dict[str, Any]:
    """What an estimated factor stands on: it is no surer than the cell's own bad rate."""
    cell = None if case.settings.uplift is not None else _cell(case)
    if cell is None or isinstance(cell, Refusal):
        return {}
    bad, weight = _outcomes(case.pool.sample, cell)
    rows = effective(weight)
    rate = jeffreys(float(bad @ weight) / float(weight.sum()) * rows, rows)
    return {"cell_rows": len(bad), "cell_bads": int(bad.sum()), "cell_rate": rate.to_json()}


def _outcomes(sample: Sample, cell: Bools) -> tuple[Floats, Floats]:
    return sample.bad[: len(cell)][cell], sample.weight[: len(cell)][cell]


def _rate_uplift(score: Floats, bad: Floats, weight: Floats) -> float:
    return float(bad @ weight) / float(score @ weight)


def _odds_uplift(score: Floats, bad: Floats, weight: Floats) -> float:
    """K that makes the sum of p k / (p k + 1 - p) the number of bads, by bisection of its log."""
    wanted, low, high = float(bad @ weight), -20.0, 20.0
    inside = np.clip(score, 1e-12, 1.0 - 1e-12)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        odds = inside / (1.0 - inside) * math.exp(middle)
        if float((odds / (1.0 + odds)) @ weight) < wanted:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def _cell(case: _Case) -> Bools | Refusal:
    """The control cell's rows of known outcome among the accepted, or what is missing."""
    if case.at_random is None:
        raise BadInput(
            "which rows were accepted at random is not told",
            field="at_random",
            rule="1 or 0 for each accepted row",
        )
    cell: Bools = case.at_random & ~np.isnan(case.pool.sample.bad[: case.pool.accepted])
    bad = case.pool.sample.bad[: case.pool.accepted][cell]
    return _enough("rejects.cell_too_small", bad, case.settings) or cell


def _enough(code: str, bad: Floats, settings: RejectSettings) -> Refusal | None:
    """Say how many rows are needed, at the rate seen, where outcomes are too few."""
    fewer = min(int((bad == 1).sum()), int((bad == 0).sum()))
    if len(bad) >= settings.min_cell and fewer >= settings.min_cell_bads:
        return None
    rate = (fewer + 0.5) / (len(bad) + 1.0)
    needed = max(settings.min_cell, math.ceil(settings.min_cell_bads / rate))
    return Refusal(
        code,
        {
            "rows": str(len(bad)),
            "bads": str(int((bad == 1).sum())),
            "needed_rows": str(needed),
            "needed_bads": str(settings.min_cell_bads),
        },
    )


def _random_accept(case: _Case) -> _Made | Refusal:
    cell = _cell(case)
    if isinstance(cell, Refusal):
        return cell
    accepted = case.accepted
    known = accepted.labelled
    rejects = float(case.rejected.weight.sum())
    own = float(accepted.weight[cell].sum())
    factor = (rejects + own) / own
    weight = np.where(cell, accepted.weight * factor, accepted.weight)
    sample = replace(accepted, weight=weight).take(known)
    figures = {
        "cell_rows": int(cell.sum()),
        "cell_bads": int(accepted.bad[cell].sum()),
        "factor": factor,
        "cell_from": str(accepted.asof[cell].min().astype("datetime64[D]")),
        "rejects_from": str(case.rejected.asof.min().astype("datetime64[D]")),
        "effective_rows": effective(sample.weight),
    }
    return sample, figures, rejects


def _bureau_performance(case: _Case) -> _Made | Refusal:
    if case.elsewhere is None:
        raise BadInput(
            "outcomes at other lenders are not told",
            field="elsewhere",
            rule="1, 0 or NaN for each rejected row",
        )
    seen = ~np.isnan(case.elsewhere)
    refusal = _enough("rejects.elsewhere_too_few", case.elsewhere[seen], case.settings)
    if refusal:
        return refusal
    rejected, settings = case.rejected, case.settings
    band = np.zeros(rejected.rows, dtype=np.int64)
    if settings.estimator is not None:
        score = case.scores()[case.pool.is_rejected]
        band = _merged(banded(score, settings.bands, score), seen, settings.min_cell_bads)
    whole = np.bincount(band, weights=rejected.weight)
    held = np.bincount(band[seen], weights=rejected.weight[seen], minlength=len(whole))
    factors = np.divide(whole, held, out=np.zeros_like(whole), where=held > 0)
    weight = rejected.weight * factors[band]
    figures = {"seen": int(seen.sum()), "factors": factors[held > 0].tolist()}
    if settings.estimator is not None:
        figures["bands"] = int((held > 0).sum())
    standing = replace(rejected, bad=case.elsewhere, weight=weight).take(seen)
    return _with_rejects(case, standing, figures)


def _merged(band: Ints, seen: Bools, least: int) -> Ints:
    """Bands joined upwards until each holds ``least`` rows that were seen; the last one down."""
    counts = np.bincount(band[seen], minlength=int(band.max()) + 1)
    place, number, held = np.zeros(len(counts), dtype=np.int64), 0, 0
    for one, count in enumerate(counts.tolist()):
        place[one] = number
        held += count
        if held >= least:
            number, held = number + 1, 0
    if held < least and number:
        place[place == number] = number - 1
    found: Ints = place[band]
    return found


def _with_rejects(case: _Case, rejects: Sample, figures: Mapping[str, Any]) -> _Made:
    """The labelled accepted and then the rejects, known when the last accepted outcome was."""
    accepted = _labelled(case)
    real = accepted.known[~np.isnat(accepted.known)]
    last = real.max() if len(real) else np.datetime64("NaT", "s")
    dated = replace(rejects, known=np.full(rejects.rows, last, dtype=accepted.known.dtype))
    return joined(accepted, dated), figures, float(rejects.weight.sum())


_WAYS: Mapping[str, Callable[[_Case], _Made | Refusal]] = {
    "none": _none,
    "augmentation": _augmentation,
    "parcelling": _parcelling,
    "fuzzy": _fuzzy,
    "random_accept": _random_accept,
    "bureau_performance": _bureau_performance,
}

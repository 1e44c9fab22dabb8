"""From a configuration to a rated model: select, train, calibrate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from tael.kernel import BadInput, Rate
from tael.risk import challenger
from tael.risk.binning import Feature
from tael.risk.boosting import MonotoneBooster
from tael.risk.calibration import Calibrator, Judged, latest_matured
from tael.risk.calibration.distributions import sigmoid
from tael.risk.cycle import anchor_shift, central_tendency
from tael.risk.dataset import POPULATION
from tael.risk.encoding import folds_of
from tael.risk.ensemble import Ensemble, Member, seeded
from tael.risk.explain import Reference
from tael.risk.facts import Facts, facts_of
from tael.risk.forward import Forward
from tael.risk.pipeline.config import TrainingConfig
from tael.risk.pipeline.folder import (
    CONFIG,
    FUNNEL,
    FUTURE,
    KEPT,
    MODEL,
    RATED,
    REFERENCE,
    TRAINING,
    ModelFolder,
)
from tael.risk.pipeline.rated import Model, RatedModel
from tael.risk.pipeline.rows import (
    future_form,
    outcomes_of_config,
    sample_of,
    selection_rows,
    training_rows,
)
from tael.risk.rating import fit_scale
from tael.risk.registry import source_hash
from tael.risk.sample import Floats, Sample
from tael.risk.scorecard import Scorecard
from tael.risk.selection import Funnel, select
from tael.risk.shrunk_logistic import ShrunkLogistic

_REFERENCE_ROWS = 4000
_FOLDS = 3
Observe = Callable[[str], None]


def _nobody(step: str) -> None:
    del step


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and the record of its training."""

    model: Model
    record: Mapping[str, Any]


def run_selection(
    config: TrainingConfig,
    folder: ModelFolder,
    facts: Mapping[str, Facts] | None = None,
    observe: Observe = _nobody,
) -> Funnel:
    """Run the funnel on the training rows and write its record and the names it kept."""
    observe("read")
    rows = selection_rows(outcomes_of_config(config), config)
    future = future_form(config, rows)
    kept = tuple(name for name in config.form if name not in future)
    sample = sample_of(replace(config, form=kept), rows)
    own = (
        np.isin(rows.texts(POPULATION), config.populations.own) if config.populations.own else None
    )
    funnel = select(sample, config.selection, facts, observe, own)
    folder.write(CONFIG, config.to_json())
    folder.write_json(FUNNEL, funnel.to_json())
    folder.write_json(FUTURE, future)
    computed = [name for name in funnel.kept if name not in config.form]
    folder.write(KEPT, "".join(f"{name}\n" for name in computed))
    return funnel


def run_training(
    config: TrainingConfig,
    folder: ModelFolder,
    facts: Mapping[str, Facts] | None = None,
    observe: Observe = _nobody,
) -> Trained:
    """Train the configured model on the variables that the funnel kept, and write it."""
    funnel = Funnel.from_json(folder.read_json(FUNNEL))
    outcomes = outcomes_of_config(config)
    rows = training_rows(outcomes, config, config.populations.train)
    observe("read")
    sample = sample_of(config, outcomes.take(rows), funnel.kept)
    observe("train")
    trained = train(config, sample, facts)
    code = source_hash(Path(__file__).parent.parent)
    record = {**trained.record, "config": config.hash, "funnel": funnel.hash, "code": code}
    folder.write(MODEL, trained.model.to_json())
    folder.write_json(TRAINING, record)
    return Trained(trained.model, record)


def train(
    config: TrainingConfig, sample: Sample, facts: Mapping[str, Facts] | None = None
) -> Trained:
    """The configured model on ``sample``, whose variables stand in the funnel's order."""
    model = new_model(config, sample.names, facts or {})
    model.fit(sample)
    record = {
        "rows": sample.rows,
        "bads": int(np.nansum(sample.bad)),
        "first": str(sample.asof.min()),
        "last": str(sample.asof.max()),
        "variables": len(sample.names),
        "plan": sample.plan,
        "data": data_hash(sample),
        "model": model.hash,
    }
    return Trained(model, record)


def new_model(config: TrainingConfig, names: tuple[str, ...], facts: Mapping[str, Facts]) -> Any:
    """An untrained model of the configured kind."""
    settings = config.model
    signs = {name: (facts.get(name) or facts_of(name)).sign for name in names}
    bound = signs if settings.signs else None
    booster = MonotoneBooster(settings.booster, signs=bound)
    offered = [Feature(name) for name in names[: settings.scorecard.offered]]
    forward = Forward(settings.scorecard.most, settings.scorecard.correlation)
    made: dict[str, dict[str, Member]] = {
        "booster": dict(seeded(booster, settings.seeds)),
        "scorecard": {"scorecard": Scorecard(offered, forward=forward)},
        "shrunk_logistic": {
            "shrunk_logistic": ShrunkLogistic(settings.shrunk_logistic, signs=bound)
        },
    }
    kinds = settings.members if settings.kind == "ensemble" else (settings.kind,)
    members = {name: one for kind in kinds for name, one in made[kind].items()}
    if len(members) == 1:
        return next(iter(members.values()))
    return Ensemble(members, folds=settings.folds, judged=config.populations.judge)


def data_hash(sample: Sample) -> str:
    """SHA-256 of the rows in any order: borrower, instant, outcome, weight and every value."""
    found = hashlib.sha256(json.dumps([sample.plan, list(sample.names)]).encode())
    order = np.lexsort((sample.borrower.astype(str), sample.asof))
    for row in order.tolist():
        found.update(f"{sample.borrower[row]}|{sample.asof[row]}|{sample.bad[row]:g}".encode())
        found.update(f"|{sample.weight[row]:.12g}|".encode())
        if sample.population is not None:
            found.update(f"{sample.population[row]}|".encode())
        found.update(np.ascontiguousarray(sample.values[:, row]).tobytes())
    return found.hexdigest()


def run_calibration(
    config: TrainingConfig, folder: ModelFolder, observe: Observe = _nobody
) -> RatedModel:
    """Calibrate on the latest matured cohorts, anchor, fit tiers; write the rated model.

    The cohorts' log odds come from models of the same settings that were trained without their
    borrowers: the final one has seen them and would flatter itself. What it learnt of the weights
    of its members is kept.
    """
    model = read_model_of(config, folder)
    outcomes = outcomes_of_config(config)
    names = Funnel.from_json(folder.read_json(FUNNEL)).kept
    observe("read")
    ripe_rows = training_rows(outcomes, config, config.populations.calibrate)
    ripe = sample_of(config, outcomes.take(ripe_rows), names)
    cohort = latest_matured(ripe, config.periods.built_on, config.calibration)
    cohorts = ripe.take(cohort.rows)
    trained_on = training_rows(outcomes, config, config.populations.train)
    training = sample_of(config, outcomes.take(trained_on), names)
    odds = unseen_odds(model, training, cohorts, observe)
    calibrator = Calibrator().fit(odds, cohorts.bad, cohorts.weight)
    observe("tiers")
    anchor = _anchor(config, ripe, calibrator.log_odds(odds), cohorts)
    judged = Judged.of(cohorts.bad, sigmoid(calibrator.log_odds(odds) + anchor), cohorts.weight)
    bounds: tuple[Rate, ...] = config.bounds or fit_scale(judged).bounds
    reference = _reference(model, ripe)
    rated = RatedModel(model, calibrator, anchor, bounds, reference, ripe.plan, config.hash)
    folder.write(RATED, rated.to_json())
    folder.write_json(REFERENCE, reference_odds(rated, cohorts, odds))
    return rated


def reference_odds(rated: RatedModel, cohorts: Sample, odds: Floats) -> dict[str, Any]:
    """What watching compares with: the cohorts' log odds, and of which model and rows they are."""
    return {"model": rated.hash, "data": challenger.data_hash(cohorts), "log_odds": odds.tolist()}


def read_model_of(config: TrainingConfig, folder: ModelFolder) -> Any:
    """The trained model of a folder.

    Raises:
        BadInput: no model yet, one of another configuration, or a file that was changed.
    """
    record = folder.read_json(TRAINING)
    if record["config"] != config.hash:
        raise BadInput(
            f"the model was trained with configuration {record['config'][:12]}, this is "
            f"{config.hash[:12]}",
            field="config",
            rule="train again after a change",
        )
    text = folder.read(MODEL)
    kinds = {
        "tael.booster/1": MonotoneBooster,
        "tael.ensemble/1": Ensemble,
        "tael.shrunk_logistic/1": ShrunkLogistic,
    }
    kind: Any = kinds.get(json.loads(text).get("format"), Scorecard)
    model = kind.from_json(text)
    if model.hash != record["model"]:
        raise BadInput(
            f"{MODEL} has hash {model.hash[:12]}, {record['model'][:12]} was trained",
            field="model",
            rule="an unchanged file",
        )
    return model


def unseen_odds(model: Model, training: Sample, cohorts: Sample, observe: Observe) -> Floats:
    """Log odds of the cohorts from models that were trained without their borrowers."""
    odds = np.empty(cohorts.rows)
    theirs = folds_of(cohorts.borrower, _FOLDS)
    others = folds_of(training.borrower, _FOLDS)
    for fold in range(_FOLDS):
        observe(f"model without part {fold + 1} of {_FOLDS} of the borrowers")
        here = theirs == fold
        odds[here] = _refitted(model, training.take(others != fold), cohorts.take(here))
    return odds


def _refitted(model: Model, training: Sample, rows: Sample) -> Floats:
    if isinstance(model, Ensemble):
        total: Floats = np.full(rows.rows, model.intercept_)
        for name, member in model.members_.items():
            total += model.weights_[name] * _refitted(cast("Model", member), training, rows)
        return total
    fresh: Any = type(model)(**model.get_params())
    found: Floats = fresh.fit(training).log_odds(rows)
    return found


def _anchor(config: TrainingConfig, ripe: Sample, odds: Floats, cohorts: Sample) -> float:
    """The shift to the long-run average of yearly default rates; 0 without a downturn in sight."""
    if not config.downturn_years:
        return 0.0
    years = ripe.asof.astype("datetime64[Y]").astype(int) + 1970
    rates = {
        int(year): (
            float((ripe.weight * ripe.bad)[years == year].sum()),
            float(ripe.weight[years == year].sum()),
        )
        for year in np.unique(years)
    }
    downturn = {year for year in config.downturn_years if year in rates}
    tendency = central_tendency(rates, downturn)
    return float(anchor_shift(odds, tendency.rate, cohorts.weight))


def _reference(model: Model, sample: Sample) -> Reference:
    """The average of some thousand rows, evenly taken in order of time."""
    order = np.lexsort((sample.borrower.astype(str), sample.asof))
    step = max(1, len(order) // _REFERENCE_ROWS)
    rows = sample.take(order[::step])
    values = rows.select(model.names_).values.T.astype(np.float64)
    return Reference.average(model.contributions(rows), values)

"""A model at work: the applications since, and the rows and odds that they are held against."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import numpy as np

from tael.kernel import BadInput
from tael.risk.calibration import latest_matured
from tael.risk.calibration.distributions import sigmoid
from tael.risk.card import monitoring_part
from tael.risk.challenger import data_hash
from tael.risk.monitoring import Monitoring, Scored, Settings, monitor
from tael.risk.pipeline.config import TrainingConfig
from tael.risk.pipeline.evaluation import check_made_with
from tael.risk.pipeline.folder import FUNNEL, RATED, REFERENCE, ModelFolder
from tael.risk.pipeline.rated import RatedModel, read_model
from tael.risk.pipeline.rows import of, outcomes_of_config, sample_of, training_rows, within
from tael.risk.pipeline.steps import Observe, read_model_of, reference_odds, unseen_odds
from tael.risk.pipeline.trials import keep_part
from tael.risk.sample import Floats, Sample
from tael.risk.selection import Funnel


def rows_at_work(config: TrainingConfig, names: Sequence[str], as_of: date) -> Sample:
    """The applications of the test period before a day, whether or not their outcome is known.

    Raises:
        BadInput: there is none.
    """
    outcomes = outcomes_of_config(config)
    here = within(outcomes, config.periods.test) & of(outcomes, config.populations.test)
    here &= outcomes.asof < np.datetime64(as_of, "s")
    if not here.any():
        raise BadInput(
            f"no application from {config.periods.test.first} on lies before {as_of}",
            field="as_of",
            rule="a day after the first application of the test period",
        )
    return sample_of(config, outcomes.take(here), names)


def reference_of(
    config: TrainingConfig, folder: ModelFolder, rated: RatedModel, observe: Observe
) -> Scored:
    """The cohorts that the model was calibrated on, with the odds of models that knew none of them.

    On its own training rows a model ranks as it never will again: held against these, honest months
    would ring. The odds are those that it was calibrated on; where they are not kept, or of another
    model or other cohorts, three trainings make them anew.

    Raises:
        BadInput: another configuration, or as the steps before.
    """
    check_made_with(config, rated)
    outcomes = outcomes_of_config(config)
    ripe_rows = training_rows(outcomes, config, config.populations.calibrate)
    names = Funnel.from_json(folder.read_json(FUNNEL)).kept
    ripe = sample_of(config, outcomes.take(ripe_rows), names)
    cohorts = ripe.take(latest_matured(ripe, config.periods.built_on, config.calibration).rows)
    kept = folder.read_json(REFERENCE) if folder.has(REFERENCE) else {}
    about = {"model": rated.hash, "data": data_hash(cohorts)}
    if {name: kept.get(name) for name in about} != about:
        rows = training_rows(outcomes, config, config.populations.train)
        training = sample_of(config, outcomes.take(rows), names)
        odds = unseen_odds(read_model_of(config, folder), training, cohorts, observe)
        kept = reference_odds(rated, cohorts, odds)
        folder.write_json(REFERENCE, kept)
    found: Floats = np.array(kept["log_odds"])
    return Scored(cohorts.select(rated.names), sigmoid(rated.calibrator.log_odds(found)))


def run_monitoring(
    config: TrainingConfig, folder: ModelFolder, span: tuple[date, int], observe: Observe
) -> Monitoring:
    """Watch the rated model of a folder over its test period, and keep what was found for its card.

    ``span`` is the day whose knowledge counts and the months of a period.

    Raises:
        BadInput: as ``reference_of``, ``rows_at_work`` and ``monitor``.
    """
    as_of, months = span
    rated = read_model(folder.path / RATED)
    reference = reference_of(config, folder, rated, observe)
    seen = rows_at_work(config, rated.names, as_of)
    found = monitor(
        reference,
        Scored(seen, rated.score(seen).pd),
        Settings(as_of=as_of, period_months=months, maturity=config.calibration),
    )
    part, data = monitoring_part(found), json.loads(found.to_json())
    keep_part(folder, "monitoring", [rated.hash], part, data)
    return found

"""Which rows of the outcomes serve for what, by the configuration: nothing known later gets in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from tael.kernel import BadInput
from tael.risk.dataset import (
    POPULATION,
    OutcomeColumns,
    Outcomes,
    Wanted,
    join,
    read_outcomes,
    read_table,
)
from tael.risk.pipeline.config import Span, TrainingConfig
from tael.risk.sample import Bools, Sample
from tael.risk.selection import future_columns

FORM = "form."


def outcomes_of_config(config: TrainingConfig) -> Outcomes:
    """All rows of the configuration's outcomes; their weights where there is such a column."""
    path = config.path(config.outcomes)
    weighted = "weight" in read_table(path).column_names
    return read_outcomes(path, OutcomeColumns(weight="weight" if weighted else ""))


def training_rows(outcomes: Outcomes, config: TrainingConfig, populations: Sequence[str]) -> Bools:
    """Rows of the training period whose outcome was settled and known when the model was built."""
    periods = config.periods
    built = np.datetime64(periods.built_on, "s")
    settled = outcomes.asof + np.timedelta64(periods.settle_days, "D") <= built
    known = ~np.isnan(outcomes.bad) & (outcomes.known <= built)
    rows = within(outcomes, periods.train) & settled & known & of(outcomes, populations)
    if not rows.any():
        raise BadInput(
            f"no outcome of {periods.train.first} to {periods.train.until} was known by "
            f"{periods.built_on}",
            field="periods.train",
            rule="settled outcomes",
        )
    return rows


def selection_rows(outcomes: Outcomes, config: TrainingConfig) -> Outcomes:
    """Rows to select on: those of training, and beside them, without outcome, those of the period.

    The funnel compares what rows with and without an outcome know: a variable that only the former
    have was written after the outcome.
    """
    populations = config.populations.select
    settled = training_rows(outcomes, config, populations)
    blank = replace(
        outcomes,
        bad=np.where(settled, outcomes.bad, np.nan),
        known=np.where(settled, outcomes.known, np.datetime64("NaT", "s")),
    )
    return blank.take(within(outcomes, config.periods.train) & of(outcomes, populations))


def future_form(config: TrainingConfig, outcomes: Outcomes) -> dict[str, str]:
    """Columns of the form that nobody could have filled in by then, and why, by name.

    A column of instants later than the row's own, and columns filled in exactly where one is.
    """
    columns: dict[str, Any] = {}
    for name in outcomes.table.column_names:
        if name.startswith(FORM) and pa.types.is_temporal(outcomes.table[name].type):
            columns[name] = outcomes.instants(name)
    columns |= {name: outcomes.numbers(name) for name in config.form}
    found: dict[str, str] = {}
    for late in future_columns(outcomes.asof, columns):
        reason = f"{late.name} lies after the row's instant in {late.rows} rows"
        found |= dict.fromkeys((late.name, *late.companions), reason)
    return found


def test_rows(outcomes: Outcomes, config: TrainingConfig) -> Bools:
    """Rows of the test period whose outcome is known by now, borrowers of training included.

    A borrower that comes back is a new application; what it was trained on lies before the test.
    """
    known = ~np.isnan(outcomes.bad)
    return within(outcomes, config.periods.test) & known & of(outcomes, config.populations.test)


def rows_of_test(config: TrainingConfig, names: Sequence[str]) -> Sample:
    """The test rows with the variables of ``names``."""
    outcomes = outcomes_of_config(config)
    return sample_of(config, outcomes.take(test_rows(outcomes, config)), names)


def rows_of_training(config: TrainingConfig, names: Sequence[str]) -> Sample:
    """The rows to calibrate on, of the whole training period, with the variables of ``names``."""
    outcomes = outcomes_of_config(config)
    rows = training_rows(outcomes, config, config.populations.calibrate)
    return sample_of(config, outcomes.take(rows), names)


def of(outcomes: Outcomes, populations: Sequence[str]) -> Bools:
    """Rows of the populations; all where none is named."""
    if not populations:
        return np.ones(outcomes.rows, dtype=np.bool_)
    found: Bools = np.isin(outcomes.texts(POPULATION), populations)
    return found


def within(outcomes: Outcomes, span: Span) -> Bools:
    """Rows of a span, its first day in, the last one out."""
    first, until = (np.datetime64(day, "s") for day in (span.first, span.until))
    found: Bools = (outcomes.asof >= first) & (outcomes.asof < until)
    return found


def sample_of(
    config: TrainingConfig, outcomes: Outcomes, names: Sequence[str] | None = None
) -> Sample:
    """The rows with their variables; ``names`` may hold columns of the form too."""
    values = [config.path(name) for name in config.values]
    if names is None:
        return join(values, outcomes, Wanted(None, config.form))
    form = [name for name in names if name in config.form]
    computed = [name for name in names if name not in config.form]
    return join(values, outcomes, Wanted(computed, form))

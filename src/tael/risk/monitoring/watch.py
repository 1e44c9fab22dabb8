"""The whole of it: reference and months in, figures and alarms out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tael.kernel import BadInput
from tael.risk.facts import Facts, facts_of
from tael.risk.monitoring.alarms import alarms_of, tests_of
from tael.risk.monitoring.drift import drift_of, score_shift, sources_of
from tael.risk.monitoring.expected import Expected, expected
from tael.risk.monitoring.inputs import (
    Calendar,
    Scored,
    Settings,
    calendar_of,
    check_alike,
    check_some_judged,
    ripe,
)
from tael.risk.monitoring.outcomes import (
    early_counts,
    early_rates,
    gap_of,
    ranks,
    vintage_curves,
)
from tael.risk.monitoring.result import Figures, Monitoring, Reference
from tael.risk.sample import Bools


def monitor(
    reference: Scored,
    months: Scored,
    settings: Settings,
    facts: Mapping[str, Facts] | None = None,
) -> Monitoring:
    """Hold months of scored applications against the reference that the model was made on.

    Args:
        reference: the training rows, scored by folds or taken later than the training.
        months: the applications since; outcomes known after ``settings.as_of`` are not read.
        settings: periods, thresholds, levels and the day.
        facts: of variables by name; guessed from the names where nothing is handed in.

    Returns:
        Figures by period, drift by variable and source, alarms. The same for any order of rows.

    Raises:
        BadInput: other variables or another plan than the reference's, an application after the
            day, fewer than ``least_rows`` rows in the reference or in every period, or numba is
            missing.
    """
    check_alike(reference, months)
    calendar = calendar_of(months.sample, settings)
    check_some_judged(calendar, settings)
    if reference.outcomes.sum() < settings.least_rows:
        raise BadInput(
            f"the reference has {int(reference.outcomes.sum())} rows",
            field="reference",
            rule=f"{settings.least_rows} rows or more",
        )
    base = reference_of(reference, settings)
    figures = figures_of(reference, months, base, calendar, settings)
    drift = drift_of(reference.sample, months.sample, calendar, settings)
    samples = (reference.sample, months.sample)
    named = _facts(months.sample.names, facts or {})
    sources = sources_of(samples, named, drift, calendar, settings)
    return Monitoring(
        settings,
        base,
        figures,
        drift,
        sources,
        vintage_curves(months, settings),
        alarms_of(base, figures, drift, sources, settings),
        tests_of(figures, drift, sources),
    )


def reference_of(reference: Scored, settings: Settings) -> Reference:
    """The figures of the reference that periods are held against."""
    rows = ripe(reference, settings)
    auc, ks = ranks(reference, rows, settings)
    return Reference(
        reference.sample.rows,
        int(reference.sample.bad[rows].sum()),
        auc,
        ks,
        expected(
            reference.pd[reference.outcomes],
            level=settings.level,
            draws=settings.draws,
            seed=settings.seed,
        ),
        gap_of(reference, rows, "reference", settings),
        {
            code: early_counts(reference, reference.outcomes, code, settings)
            for code in reference.early
        },
    )


def figures_of(
    reference: Scored, months: Scored, base: Reference, calendar: Calendar, settings: Settings
) -> tuple[Figures, ...]:
    """The figures of every period."""
    known = ripe(months, settings)
    shifts = score_shift(reference, months, calendar, settings)
    found = []
    for number, period in enumerate(calendar.periods):
        here = calendar.rows_of(number)
        rows = here & known
        auc, ks = ranks(months, rows, settings)
        found.append(
            Figures(
                period,
                int(here.sum()),
                int(rows.sum()),
                int(months.sample.bad[rows].sum()),
                shifts[number],
                auc,
                ks,
                _expected(months, here & months.outcomes, settings),
                gap_of(months, rows, period.label, settings),
                early_rates(months, here, base.early, settings),
            )
        )
    return tuple(found)


def _expected(months: Scored, rows: Bools, settings: Settings) -> Expected | None:
    if rows.sum() < settings.least_rows:
        return None
    return expected(months.pd[rows], level=settings.level, draws=settings.draws, seed=settings.seed)


def _facts(names: Sequence[str], given: Mapping[str, Facts]) -> tuple[Facts, ...]:
    return tuple(given.get(name) or facts_of(name) for name in names)

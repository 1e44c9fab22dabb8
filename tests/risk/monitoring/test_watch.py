"""Monitoring is quiet on a book that stays, and rings for what was made to go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.monitoring import ACT, WATCH, Scored, Settings, monitor, page
from tael.risk.monitoring.drift import shift_of
from tael.risk.monitoring.inputs import calendar_of
from tael.risk.psi import psi
from tael.risk.sample import Sample

SETTINGS = Settings(date(2020, 6, 30), period_months=6, draws=60, threads=1)
Change = Callable[..., Scored]


def codes(watched: object) -> set[tuple[str, str, str]]:
    return {(a.code, a.about, a.period.label) for a in watched.alarms}  # type: ignore[attr-defined]


def test_a_book_that_stays_rings_nothing(reference: Scored, quiet: Scored) -> None:
    watched = monitor(reference, quiet, SETTINGS)
    assert watched.alarms == ()
    first, second = watched.figures
    assert (first.period.label, second.period.label) == ("2018H1", "2018H2")
    assert first.rows + second.rows == quiet.sample.rows
    assert first.auc is not None
    assert first.expected is not None
    assert first.expected.auc.low < first.auc.value < first.expected.auc.high
    assert first.gap is not None
    assert first.gap.ratio.low < 1 < first.gap.ratio.high
    assert [source.name for source in watched.sources] == [
        "enterprise.bank_tx", "enterprise.vat_invoice", "person.bureau_enquiry",
    ]  # fmt: skip
    assert watched.curves[0].shares[-1] == pytest.approx(quiet.sample.bad.mean(), abs=0.001)


def test_a_source_that_falls_silent_rings_for_itself_alone(
    reference: Scored, changed: Change
) -> None:
    def silent(sample: Sample, rows: np.ndarray) -> Sample:
        values, reasons = sample.values.copy(), sample.reasons.copy()
        values[0, rows], reasons[0, rows] = np.nan, 1
        return replace(sample, values=values, reasons=reasons)

    watched = monitor(reference, changed(silent), SETTINGS)
    assert codes(watched) == {
        ("coverage", "enterprise.bank_tx", "2018H2"),
        ("variable_psi", "ent.bank_tx.all.in.90d.amount.sum", "2018H2"),
    }
    assert {alarm.step for alarm in watched.alarms} == {ACT}
    coverage = watched.alarms[0]
    assert coverage.figure.low > coverage.threshold == 0.15
    assert watched.sources[0].shares[2].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert watched.sources[0].silent.tolist() == [0.1, 0.1, 1.0]


def test_more_default_than_predicted_rings_when_it_has_matured(
    reference: Scored, changed: Change
) -> None:
    random = np.random.default_rng(8)

    def worse(sample: Sample, rows: np.ndarray) -> Sample:
        more = rows & (random.random(sample.rows) < 0.1)
        return replace(sample, bad=np.where(more, 1.0, sample.bad))

    months = changed(worse)
    watched = monitor(reference, months, SETTINGS)
    assert ("understated", "", "2018H2") in codes(watched)
    assert not any(alarm.period.label == "2018H1" for alarm in watched.alarms)
    early = monitor(reference, months, replace(SETTINGS, as_of=date(2019, 7, 31)))
    assert early.alarms == ()
    assert early.figures[1].gap is None
    assert early.figures[1].ripe == 0
    assert early.figures[1].expected is not None


def test_early_bads_ring_months_before_the_label(reference: Scored, quiet: Scored) -> None:
    late = quiet.sample.asof >= np.datetime64("2018-07", "s")
    random = np.random.default_rng(9)
    more = np.where(late & (random.random(len(late)) < 0.15), 1.0, quiet.early["thirty_at_3"])
    months = replace(quiet, early={"thirty_at_3": more})
    watched = monitor(reference, months, replace(SETTINGS, as_of=date(2019, 6, 30)))
    assert codes(watched) == {("early_ratio", "thirty_at_3", "2018H2")}
    assert watched.figures[1].gap is None
    assert "30+" in watched.alarms[0].words.zh


def test_a_model_that_ranks_no_more_rings(reference: Scored, quiet: Scored) -> None:
    shuffled = np.random.default_rng(4).permutation(quiet.pd)
    watched = monitor(reference, replace(quiet, pd=shuffled), SETTINGS)
    assert {code for code, *_ in codes(watched)} == {"auc_drop", "ks_drop"}
    flat = replace(quiet, pd=np.full(len(quiet.pd), quiet.sample.bad.mean()))
    alarms = codes(monitor(reference, flat, SETTINGS))
    assert {"expected_auc_drop", "score_psi"} <= {code for code, *_ in alarms}


def test_the_order_of_rows_and_the_threads_change_nothing(reference: Scored, quiet: Scored) -> None:
    turned = np.random.default_rng(6).permutation(quiet.sample.rows)
    months = Scored(
        quiet.sample.take(turned),
        quiet.pd[turned],
        early={"thirty_at_3": quiet.early["thirty_at_3"][turned]},
        bad_month=quiet.bad_month[turned],
        seen_months=quiet.seen_months[turned],
    )
    same = monitor(reference, quiet, SETTINGS)
    assert monitor(reference, months, SETTINGS).hash == same.hash
    assert len(same.to_json()) > 1000


def test_the_index_is_that_of_the_engine(reference: Scored, quiet: Scored) -> None:
    calendar = calendar_of(quiet.sample, SETTINGS)
    found = shift_of(reference.sample, quiet.sample, calendar, SETTINGS)
    rows = calendar.rows_of(1)
    assert found.psi[:, 1] == pytest.approx(psi(reference.sample, quiet.sample.take(rows)))
    assert found.freedom[:, 1].tolist() == [10, 9, 9, 9]


def test_a_period_with_few_rows_is_counted_and_not_judged(reference: Scored, quiet: Scored) -> None:
    few = np.flatnonzero(quiet.sample.vintage < quiet.sample.vintage.min() + 6)
    few = np.append(few, np.flatnonzero(quiet.sample.vintage == quiet.sample.vintage.max())[:5])
    months = Scored(quiet.sample.take(few), quiet.pd[few])
    watched = monitor(reference, months, SETTINGS)
    last = watched.figures[1]
    assert last.rows == 5
    assert (last.score_psi, last.auc, last.expected, last.gap) == (None, None, None, None)
    assert np.isnan(watched.drift.psi[:, 1]).all()
    assert not watched.drift.standing[WATCH][:, 1].any()
    assert watched.unjudged == (last,)
    assert "2018H2" in page(watched).html("en").split("were not judged")[1][:30]


def test_a_period_with_few_rows_does_not_rank(reference: Scored, quiet: Scored) -> None:
    bads = np.flatnonzero(quiet.sample.bad == 1)[:20]
    rows = np.sort(np.append(bads, np.flatnonzero(quiet.sample.bad == 0)[:20]))
    later = np.flatnonzero(quiet.sample.vintage == quiet.sample.vintage.max())[:60]
    early = rows[quiet.sample.vintage[rows] < quiet.sample.vintage.max() - 6]
    few = np.append(early, later)
    watched = monitor(reference, Scored(quiet.sample.take(few), quiet.pd[few]), SETTINGS)
    assert watched.figures[0].bads >= SETTINGS.least_bads
    assert watched.figures[0].auc is None


def test_months_that_hold_too_few_to_judge_are_refused(reference: Scored, quiet: Scored) -> None:
    few = np.arange(40)
    with pytest.raises(BadInput, match=r"fullest holds 22\): nothing can be judged") as caught:
        monitor(reference, Scored(quiet.sample.take(few), quiet.pd[few]), SETTINGS)
    assert caught.value.field == "months"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (lambda s: replace(s, pd=s.pd * 9), "pd"),
        (lambda s: replace(s, pd=s.pd[:5]), "pd"),
        (lambda s: replace(s, early={"odd": s.pd}), "early"),
    ],
)
def test_scores_that_are_none_are_refused(
    quiet: Scored, wrong: Callable[[Scored], Scored], field: str
) -> None:
    with pytest.raises(BadInput) as told:
        wrong(quiet)
    assert told.value.field == field


def test_months_of_another_plan_or_of_the_future_are_refused(
    reference: Scored, quiet: Scored
) -> None:
    other = replace(quiet, sample=replace(quiet.sample, plan="other"))
    with pytest.raises(BadInput, match="plan other"):
        monitor(reference, other, SETTINGS)
    fewer = replace(quiet, sample=quiet.sample.select(quiet.sample.names[:2]))
    with pytest.raises(BadInput, match="other variables"):
        monitor(reference, fewer, SETTINGS)
    with pytest.raises(BadInput, match="watched as of 2018-03-01"):
        monitor(reference, quiet, replace(SETTINGS, as_of=date(2018, 3, 1)))
    with pytest.raises(BadInput, match="period of 5 months"):
        replace(SETTINGS, period_months=5)

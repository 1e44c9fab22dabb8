"""A record of a selection is read back whole and guards what comes later."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.sample import Sample
from tael.risk.selection import STEPS, Funnel
from tael.risk.selection.words import _RELAXED, _RULES, HARD, Relaxation, told


def later(sample: Sample, days: int) -> Sample:
    shift = np.timedelta64(days * 86_400, "s")
    return replace(sample, asof=sample.asof + shift, known=sample.known + shift)


def test_a_record_is_read_back_with_the_same_hash(funnel: Funnel) -> None:
    again = Funnel.from_json(json.loads(json.dumps(funnel.to_json())))
    assert again.hash == funnel.hash
    assert again.kept == funnel.kept
    assert again.reasons["ent.copy.90d.value.sum"] == funnel.reasons["ent.copy.90d.value.sum"]


def test_a_changed_figure_changes_the_hash(funnel: Funnel) -> None:
    fates = (replace(funnel.fates[0], figure=0.123), *funnel.fates[1:])
    assert replace(funnel, fates=fates).hash != funnel.hash


@pytest.mark.parametrize("broken", [{"form": "other"}, {"form": "tael.risk.selection/1"}])
def test_a_broken_record_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="record of a selection"):
        Funnel.from_json(broken)


def test_the_table_has_a_row_a_variable_the_kept_first(funnel: Funnel) -> None:
    rows = list(csv.DictReader(io.StringIO(funnel.to_csv())))
    assert [row["name"] for row in rows[:9]] == list(funnel.kept)
    assert len(rows) == len(funnel.fates)
    assert all(row["zh"] and row["en"] for row in rows)


def test_counts_by_source_add_up(funnel: Funnel) -> None:
    for by in ("source", "subject", "rule", "step"):
        counts = funnel.counts(by).values()
        assert sum(offered for offered, _ in counts) == len(funnel.fates)
        assert sum(kept for _, kept in counts) == len(funnel)


def test_a_test_on_rows_of_the_selection_is_refused(planted: Sample, funnel: Funnel) -> None:
    refused = funnel.check_test(planted)
    assert refused is not None
    assert refused.code == "selection.test_overlaps"
    assert refused.detail["rows"] == str(planted.rows)
    assert funnel.check_test(later(planted, 2_000)) is None


def test_outcomes_known_only_in_the_test_are_refused_when_asked(
    planted: Sample, funnel: Funnel
) -> None:
    soon = later(planted, 1_100)
    assert funnel.check_test(soon) is None
    refused = funnel.check_test(soon, as_known=True)
    assert refused is not None
    assert refused.code == "selection.outcomes_from_test"
    assert funnel.check_test(later(planted, 2_000), as_known=True) is None


def test_rows_of_another_plan_or_without_a_variable_are_refused(
    planted: Sample, funnel: Funnel
) -> None:
    funnel.check_plan(planted)
    with pytest.raises(BadInput, match="follow plan qqq"):
        funnel.check_plan(replace(planted, plan="q" * 64))
    with pytest.raises(BadInput, match="and 8 more"):
        funnel.check_plan(planted.select(["ent.era.90d.value.sum"]))


def test_every_rule_step_and_relaxation_speaks_both_languages() -> None:
    for rule in _RULES:
        words = told(rule, 0.5, 0.25, "other")
        assert words.zh
        assert words.en
        assert "{" not in words.zh + words.en
    assert set(_RULES) >= HARD
    for code in _RELAXED:
        words = Relaxation(code, 3).words
        assert "{" not in words.zh + words.en
    assert all(words.zh and words.en for words in STEPS.values())

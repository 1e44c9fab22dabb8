"""Champion against challenger: gains, swap sets, the written rule and its verdict."""

from __future__ import annotations

import csv
import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tael.kernel import BadInput, Refusal
from tael.report import Page
from tael.risk.challenger import (
    CLAUSE_COLUMNS,
    SWAP_COLUMNS,
    Clause,
    Pairs,
    PromotionRule,
    Scored,
    Verdict,
    approval_changes,
    approve,
    clause_rows,
    compare,
    data_hash,
    delong,
    paired_auc_gain,
    paired_gain,
    refusal_words,
    score_psi,
    swap_rows,
    swap_set,
)
from tael.risk.sample import Sample

FOLDER = Path(__file__).parent / "cases"
RULE = PromotionRule(min_bads=50, resamples=40)


def table(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def world(rows: int = 1_600, seed: int = 1) -> tuple[Sample, np.ndarray, np.ndarray]:
    """A sample with two calibrated scores: one knows half of the risk, one all of it."""
    random = np.random.default_rng(seed)
    seen, more = random.normal(size=(2, rows))
    truth = 1 / (1 + np.exp(1.6 - seen - 1.4 * more))
    # What the weaker knows: the mean of the truth over what it does not see.
    grid = np.linspace(-4, 4, 81)
    mass = np.exp(-(grid**2) / 2) / np.exp(-(grid**2) / 2).sum()
    weak = (1 / (1 + np.exp(1.6 - seen[:, None] - 1.4 * grid))) @ mass
    bad = (random.random(rows) < truth).astype(float)
    asof = np.datetime64("2020-01-01", "s") + np.arange(rows) * np.timedelta64(6, "h")
    sample = Sample(
        (),
        np.zeros((0, rows), dtype=np.float32),
        np.zeros((0, rows), dtype=np.uint8),
        bad,
        np.ones(rows),
        np.array([f"b{i // 2}" for i in range(rows)], dtype=object),
        asof,
        asof + np.timedelta64(365, "D"),
        "plan",
    )
    return sample, weak, truth


def scored(name: str, pd: np.ndarray, sample: Sample) -> Scored:
    return Scored(name, f"hash of {name}", pd, data_hash(sample), sample.plan)


def verdict(sample: Sample, *pds: np.ndarray, **further: object) -> Verdict:
    pair = [scored(name, pd, sample) for name, pd in zip(("old", "new"), pds, strict=True)]
    found = compare(*pair, sample, RULE, **further)
    assert isinstance(found, Verdict)
    return found


def by_definition(bad: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """AUC difference and its variance straight from the kernels of DeLong's paper."""
    kernels = [
        (np.sign(score[bad == 1][:, None] - score[bad == 0]) + 1) / 2 for score in (first, second)
    ]
    gap = kernels[1] - kernels[0]
    ten, one = gap.mean(axis=1), gap.mean(axis=0)
    variance = ten.var(ddof=1) / len(ten) + one.var(ddof=1) / len(one)
    return float(gap.mean()), float(variance)


def test_delong_equals_its_definition_ties_included() -> None:
    random = np.random.default_rng(2)
    first, second = np.round(random.normal(size=(2, 300)), 1)
    bad = (random.random(300) < 1 / (1 + np.exp(1 - first))).astype(float)
    found = delong(Pairs(bad, first, second))
    value, variance = by_definition(bad, first, second)
    assert found.gain.value == pytest.approx(value, abs=1e-12)
    assert found.error**2 == pytest.approx(variance, rel=1e-9)
    assert found.p < 0.05


def test_bootstrap_and_delong_agree() -> None:
    sample, weak, truth = world()
    pairs = Pairs(sample.bad, weak, truth)
    gain, test = paired_auc_gain(pairs, resamples=200), delong(pairs)
    assert gain.value == pytest.approx(test.gain.value, abs=1e-12)
    assert gain.high - gain.low == pytest.approx(test.gain.high - test.gain.low, rel=0.25)
    assert gain.low > 0


def test_rows_given_twice_under_one_borrower_prove_no_more() -> None:
    sample, weak, truth = world(600)
    once = np.arange(600)
    twice = np.concatenate([once, once])
    single = delong(Pairs(sample.bad, weak, truth, None, once))
    double = delong(Pairs(sample.bad[twice], weak[twice], truth[twice], None, twice))
    naive = delong(Pairs(sample.bad[twice], weak[twice], truth[twice]))
    assert double.error == pytest.approx(single.error, rel=1e-9)
    assert naive.error < single.error / 1.3
    gains = [
        paired_auc_gain(Pairs(sample.bad[i], weak[i], truth[i], None, i), resamples=150)
        for i in (once, twice)
    ]
    assert gains[0].low == pytest.approx(gains[1].low, abs=1e-9)


def test_equal_scores_have_no_gain_and_no_doubt() -> None:
    sample, weak, _ = world(600)
    pairs = Pairs(sample.bad, weak, weak)
    assert delong(pairs).p == 1.0
    gains = paired_gain(pairs, resamples=20)
    for gain in gains.values():
        assert (gain.gain.low, gain.gain.value, gain.gain.high) == (0.0, 0.0, 0.0)


def test_gains_do_not_depend_on_the_order_of_rows() -> None:
    sample, weak, truth = world(700)
    order = np.random.default_rng(3).permutation(700)
    pairs = Pairs(sample.bad, weak, truth, None, sample.borrower)
    moved = Pairs(sample.bad[order], weak[order], truth[order], None, sample.borrower[order])
    assert paired_gain(pairs, resamples=30) == paired_gain(moved, resamples=30)
    assert delong(pairs) == delong(moved)


def test_three_thousand_rows_take_well_under_two_seconds() -> None:
    sample, weak, truth = world(3_000)
    started = time.process_time()
    paired_gain(Pairs(sample.bad, weak, truth, None, sample.borrower), resamples=100)
    delong(Pairs(sample.bad, weak, truth, None, sample.borrower))
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"champion": [0.1, float("nan"), 0.2, 0.3]}, "champion's scores"),
        ({"challenger": [0.1]}, "challenger's scores"),
        ({"borrower": ["a"]}, "borrower has 1 rows"),
        ({"bad": [1, 0, 0, 0]}, "two bads and two goods"),
    ],
)
def test_pairs_that_are_none_are_refused(change: dict[str, object], message: str) -> None:
    scores = [0.1, 0.2, 0.3, 0.4]
    given: dict[str, object] = {"bad": [0, 1, 0, 1], "champion": scores, "challenger": scores}
    with pytest.raises(BadInput, match=message):
        delong(Pairs(**(given | change)))


@pytest.mark.parametrize("case", table("swap_sets.csv"), ids=lambda case: case["case"])
def test_swap_sets_are_those_of_the_table(case: dict[str, str]) -> None:
    sample, *_ = world(4)
    sample = replace(sample, bad=np.array([0.0, 1.0, np.nan, 1.0]))
    pds = [np.array(case[who].split(), dtype=float) / 10 for who in ("champion", "challenger")]
    found = swap_set(*(approve(pd, sample, float(case["rate"])) for pd in pds), sample)
    for name in ("both", "swapped_in", "swapped_out", "neither"):
        part, places = getattr(found, name), ["ABCD".index(letter) for letter in case[name]]
        known = sample.bad[places][~np.isnan(sample.bad[places])]
        assert part.rows == len(places)
        assert (part.bad.rows, part.bad.hits) == (len(known), known.sum())


@pytest.mark.parametrize("case", table("promotion.csv"))
def test_a_clause_passes_inside_its_bounds_only(case: dict[str, str]) -> None:
    clause = Clause(
        case["code"],
        float(case["figure"]) if case["figure"] else None,
        float(case["low"]),
        float(case["high"]),
        strict=case["strict"] == "yes",
        of="province",
    )
    assert clause.passed == (case["passed"] == "yes")
    assert clause.words.en.endswith("passed" if clause.passed else "failed")
    assert clause.words.zh.endswith("未通过") != clause.passed
    json.dumps(clause.to_json(), allow_nan=False)


def test_a_better_model_is_promoted_and_the_same_one_is_not() -> None:
    sample, weak, truth = world()
    better = verdict(sample, weak, truth)
    assert better.promoted, [c.words.en for c in better.clauses if not c.passed]
    assert "promoted" in better.summary().en
    assert better.gains["auc"].gain.low > 0
    assert better.swap.swapped_in.rows == better.swap.swapped_out.rows > 0
    text = json.dumps(better.to_json(), allow_nan=False)
    assert json.loads(text)["rule"] == RULE.hash
    same = verdict(sample, weak, weak)
    assert [c.code for c in same.clauses if not c.passed] == ["auc_gain"]
    assert "不晋升" in same.summary().zh


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_verdict_and_a_refusal_are_told_on_a_page(locale: str) -> None:
    sample, weak, truth = world(900)
    found = verdict(sample, weak, truth)
    page = Page("t", source="made up").table(CLAUSE_COLUMNS, clause_rows(found))
    html = page.table(SWAP_COLUMNS, swap_rows(found.swap)).html(locale)
    assert ("换入" in html) == (locale == "zh")
    assert ("swapped in" in html) == (locale == "en")
    assert found.hash == verdict(sample, weak, truth).hash != verdict(sample, weak, weak).hash
    refusal = Refusal("challenger.too_few_bads", {"bads": "3", "goods": "9", "needed": "50"})
    assert getattr(refusal_words(refusal), locale).count("50") == 1


def failed(found: Verdict) -> set[str]:
    return {clause.code for clause in found.clauses if not clause.passed}


def test_a_better_ranking_does_not_excuse_what_else_is_wrong() -> None:
    sample, weak, truth = world()
    assert failed(verdict(sample, weak, truth / 2)) >= {"calibration_ratio"}
    sharp = 1 / (1 + np.exp(-2 * np.log(truth / (1 - truth))))
    assert failed(verdict(sample, weak, sharp)) >= {"calibration_slope"}
    late = np.arange(sample.rows) > sample.rows / 2
    moved = np.where(late, truth * 0.4, truth)
    assert failed(verdict(sample, weak, moved)) >= {"stability"}
    # The challenger refuses one group whatever it does.
    group = np.where(np.arange(sample.rows) % 3 == 0, "f", "m").astype(object)
    unfair = np.where(group == "f", np.minimum(truth * 3, 0.99), truth)
    found = verdict(sample, weak, unfair, groups={"sex": group})
    assert failed(found) >= {"fairness_ratio", "fairness_not_worse"}
    assert found.fairness["sex"][1].alarms


def test_a_group_that_lost_by_chance_among_many_stops_nobody() -> None:
    sample, *_ = world()
    random = np.random.default_rng(6)
    groups = random.integers(0, 12, sample.rows).astype(str).astype(object)
    approvals = random.random(sample.rows) < 0.6, random.random(sample.rows) < 0.6
    found = approval_changes(groups, approvals, sample, min_rows=50)
    assert min(one.change.value for one in found) < -0.05
    assert min(one.change.high for one in found) > -0.02
    # One group, all of it refused by the challenger: its change is minus its approval rate.
    mine = groups == "3"
    sure = approval_changes(groups, (approvals[0], approvals[0] & ~mine), sample, min_rows=50)
    lost = min(sure, key=lambda one: one.change.value)
    assert lost.group == "3"
    assert lost.change.value == pytest.approx(-approvals[0][mine].mean())
    assert lost.change.high < -0.3


@pytest.mark.parametrize(
    ("which", "change", "code"),
    [
        (0, {"data": "other"}, "challenger.other_data"),
        (1, {"data": "other"}, "challenger.other_data"),
        (1, {"plan": "other"}, "challenger.other_plan"),
    ],
)
def test_models_that_saw_other_rows_or_plans_are_not_compared(
    which: int, change: dict[str, str], code: str
) -> None:
    sample, weak, truth = world(400)
    pair = [scored("old", weak, sample), scored("new", truth, sample)]
    pair[which] = replace(pair[which], **change)
    found = compare(*pair, sample, RULE)
    assert isinstance(found, Refusal)
    assert found.code == code


def test_too_few_bads_say_how_many_are_needed() -> None:
    sample, weak, truth = world(100)
    pair = [scored("old", weak, sample), scored("new", truth, sample)]
    found = compare(*pair, sample, PromotionRule(min_bads=90))
    assert isinstance(found, Refusal)
    assert found.code == "challenger.too_few_bads"
    assert found.detail["needed"] == "90"


def test_the_hash_of_rows_forgets_their_order_and_nothing_else() -> None:
    sample, *_ = world(50)
    order = np.random.default_rng(4).permutation(50)
    assert data_hash(sample) == data_hash(sample.take(order))
    other = sample.bad.copy()
    other[0] = 1 - other[0]
    changes = [
        replace(sample, bad=other),
        replace(sample, plan="other"),
        replace(sample, weight=sample.weight * 2),
        sample.take(order[1:]),
    ]
    hashes = [data_hash(one) for one in [sample, *changes]]
    assert len(set(hashes)) == 5


def test_a_rule_survives_its_json_and_every_change_has_another_hash() -> None:
    assert PromotionRule.from_json(RULE.to_json()) == RULE
    changed = [RULE, replace(RULE, max_psi=0.2), replace(RULE, version="2026.2")]
    assert all(a.hash != b.hash for a, b in itertools.combinations(changed, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"approval_rate": 1.0}, "approval_rate"),
        ({"slope": (1.2, 0.8)}, "slope"),
        ({"min_bads": 1}, "min_bads"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        replace(RULE, **change)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ('{"format": "other"}', "tael.promotion_rule"),
        ('{"format": "tael.promotion_rule", "luck": 1}', "luck"),
    ],
)
def test_a_text_that_is_no_rule_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        PromotionRule.from_json(text)


def test_scores_that_stay_have_a_small_psi_and_an_empty_side_none() -> None:
    ones, low = np.ones(1_000), np.linspace(0, 1, 1_000)
    assert score_psi((low, ones), (low[::-1], ones)) == pytest.approx(0, abs=1e-12)
    assert score_psi((low, ones), (low**3, ones)) > 0.25
    assert score_psi((low, ones), (low[:0], ones[:0])) == 0

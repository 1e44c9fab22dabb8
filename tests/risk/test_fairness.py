"""Fairness by group and by proxy, against closed forms."""

from __future__ import annotations

import csv
import json
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tael.kernel import BadInput
from tael.report import Page
from tael.risk.fairness import (
    GROUP_COLUMNS,
    Decided,
    Fairness,
    FairnessSettings,
    ProxySettings,
    age_groups,
    assess,
    group_rows,
    proxies,
    together,
)
from tael.risk.fairness.shares import Share, difference, ratio, share
from tael.risk.fairness.verdicts import finding
from tael.risk.measures import Interval
from tael.risk.sample import Sample

with (Path(__file__).parent / "cases" / "fairness.csv").open(encoding="utf-8", newline="") as file:
    CASES = {name: list(rows) for name, rows in groupby(csv.DictReader(file), lambda r: r["case"])}
OPEN = FairnessSettings(min_rows=50, min_bads=5)


def decided(rows: list[dict[str, str]]) -> tuple[np.ndarray, Decided]:
    """Rows as counted: a group's goods and bads, approved and refused."""
    parts = [
        (row["group"], approved, bad, int(row[f"{what}_{how}"]))
        for row in rows
        for what, bad in (("goods", 0.0), ("bads", 1.0))
        for how, approved in (("approved", True), ("refused", False))
    ]
    times = [count for *_, count in parts]
    group, approved, bad = (
        np.repeat(np.array([part[i] for part in parts]), times) for i in range(3)
    )
    return group.astype(object), Decided(np.full(len(bad), 0.2), approved, bad)


def sample(columns: dict[str, np.ndarray]) -> Sample:
    values = np.array(list(columns.values()), dtype=np.float32)
    rows = values.shape[1]
    return Sample(
        tuple(columns),
        values,
        np.isnan(values).astype(np.uint8),
        np.zeros(rows),
        np.ones(rows),
        np.array([f"b{i}" for i in range(rows)], dtype=object),
        np.datetime64("2020-01-01", "s") + np.arange(rows),
        np.full(rows, np.datetime64("2021-01-01", "s")),
    )


@pytest.mark.parametrize("case", CASES)
def test_rates_ratios_and_gaps_equal_the_closed_form(case: str) -> None:
    found = assess("region", *decided(CASES[case]), OPEN)
    assert found.reference == "east"
    for row, group in zip(CASES[case], found.groups, strict=True):
        told = {
            "approval": group.approval,
            "goods_refused_share": group.goods_refused,
            "bads_approved_share": group.bads_approved,
        }
        for name, found_share in told.items():
            assert found_share is not None
            assert found_share.rate is not None
            assert found_share.rate.value == pytest.approx(float(row[name]))
            assert found_share.rate.low <= found_share.rate.value <= found_share.rate.high
        if row["ratio"]:
            assert group.approval_ratio is not None
            assert group.opportunity_gap is not None
            assert group.approval_ratio.value == pytest.approx(float(row["ratio"]))
            assert group.opportunity_gap.value == pytest.approx(float(row["gap"]), abs=1e-12)


def states(found: Fairness) -> dict[tuple[str, str], str]:
    return {(one.group, one.code): one.state for one in found.findings}


def test_a_low_ratio_alone_does_not_say_that_goods_are_refused() -> None:
    risk = states(assess("region", *decided(CASES["refused for risk"]), OPEN))
    assert risk["west", "approval_ratio"] == "beyond"
    assert risk["west", "opportunity_gap"] == "within"
    goods = states(assess("region", *decided(CASES["refused though good"]), OPEN))
    assert goods["west", "opportunity_gap"] == "beyond"


@pytest.mark.parametrize(
    ("interval", "state"),
    [((0.85, 0.7, 0.9), "within"), ((0.75, 0.7, 0.85), "unsure"), ((0.6, 0.5, 0.7), "beyond")],
)
def test_only_a_whole_interval_beyond_the_bound_is_an_alarm(
    interval: tuple[float, float, float], state: str
) -> None:
    found = finding("approval_ratio", "west", Interval(*interval), 0.8)
    assert found.state == state
    assert "五分之四" in found.words.zh
    assert "four-fifths" in found.words.en


def test_small_groups_are_put_together_and_what_is_still_small_is_not_judged() -> None:
    group, held = decided(CASES["alike"])
    group[:3], group[3:5], group[5:8] = "north", "south", ""
    found = assess("region", group, held, OPEN)
    rest = found.groups[-1]
    assert rest.merged == ("north", "south", "unknown")
    assert (rest.name, rest.rows, rest.enough_rows) == ("other", 8, False)
    assert rest.approval_ratio is None
    assert rest.auc is None
    assert states(found)["other", "too_few_rows"] == "too_small"
    assert found.worst_ratio is not None


def test_nothing_is_said_of_refused_goods_where_their_outcomes_are_unknown() -> None:
    group, held = decided(CASES["alike"])
    bad = np.where(held.approved, held.bad, np.nan)
    found = assess("region", group, Decided(held.pd, held.approved, bad), OPEN)
    assert not found.refused_known
    assert all(one.goods_approved is None and one.opportunity_gap is None for one in found.groups)
    assert all(one.observed.rate is not None for one in found.groups)


def test_calibration_and_ranking_are_told_by_group() -> None:
    random = np.random.default_rng(1)
    pd = random.uniform(0.05, 0.4, 4_000)
    group = np.where(np.arange(4_000) < 2_000, "a", "b").astype(object)
    bad = (random.random(4_000) < np.where(group == "a", pd, pd / 2)).astype(float)
    found = assess("sex", group, Decided(pd, pd < 0.3, bad))
    fair, charged = found.groups
    assert fair.calibration is not None
    assert charged.calibration is not None
    assert fair.calibration.low < 1 < fair.calibration.high
    assert charged.calibration.value == pytest.approx(2.0, rel=0.15)
    assert states(found)["b", "overestimated"] == "beyond"
    assert f"{len(found.alarms)} beyond" in found.summary().en
    assert fair.auc is not None
    assert 0.6 < fair.auc.low < fair.auc.value < fair.auc.high < 0.75
    json.dumps(found.to_json(), allow_nan=False)


def test_the_order_of_rows_makes_no_difference() -> None:
    random = np.random.default_rng(2)
    pd, group = random.random(600), random.choice(["x", "y"], 600).astype(object)
    bad = (random.random(600) < pd).astype(float)
    order = random.permutation(600)
    here = assess("sex", group, Decided(pd, pd < 0.5, bad))
    there = assess("sex", group[order], Decided(pd[order], pd[order] < 0.5, bad[order]))
    assert here.to_json() == there.to_json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pd": [0.1, 1.2]}, "between 0 and 1"),
        ({"approved": [True]}, "approved has 1 rows"),
        ({"groups": ["a", "a"]}, "one group only"),
    ],
)
def test_what_cannot_be_compared_is_refused(change: dict[str, list[object]], message: str) -> None:
    given = {"pd": [0.1, 0.2], "approved": [True, False], "bad": [0.0, 1.0], "groups": ["a", "b"]}
    given |= change
    groups = np.array(given.pop("groups"), dtype=object)
    with pytest.raises(BadInput, match=message):
        assess("sex", groups, Decided(**given))


def test_weights_count_rows_and_unequal_ones_widen_the_interval() -> None:
    hit = np.arange(100) < 30
    plain, heavy = share(hit, np.ones(100)), share(hit, np.where(np.arange(100) % 10, 0.1, 10.0))
    assert plain.rate is not None
    assert heavy.rate is not None
    assert plain.effective == pytest.approx(100)
    assert heavy.effective < 15
    assert heavy.rate.high - heavy.rate.low > 2 * (plain.rate.high - plain.rate.low)


def test_a_ratio_to_nothing_is_none_and_of_nothing_is_zero() -> None:
    none, some = Share(10, 0, Interval(0.0, 0.0, 0.2), 10.0), share(np.ones(9) > 0, np.ones(9))
    assert ratio(some, none) is None
    assert ratio(none, some) == Interval(0.0, 0.0, float("inf"))
    assert difference(Interval(0.5, 0.4, 0.6), Interval(0.5, 0.4, 0.6)).value == 0


def test_ages_fall_into_bands_with_62_as_elderly() -> None:
    bands = age_groups([24, 25, 34, 61, 62, float("nan")])
    assert bands.tolist() == ["<25", "25-34", "25-34", "55-61", "62+", ""]


def test_proxies_are_found_by_level_by_shape_and_by_missing_values() -> None:
    random = np.random.default_rng(3)
    member = random.random(2_000) < 0.4
    spread = random.normal(size=2_000)
    columns = {
        "noise": random.normal(size=2_000),
        "level": spread + 1.5 * member,
        "shape": random.normal(size=2_000) * np.where(member, 4.0, 0.5),
        "absent": np.where(member & (random.random(2_000) < 0.8), np.nan, spread),
    }
    found = proxies("sex", np.where(member, "f", "m").astype(object), sample(columns))
    by_name = {one.name: one for one in found.top}
    assert {one.group.split(" / ")[0] for one in found.findings} == {"level", "absent"}
    shape, noise = by_name["shape"], by_name["noise"]
    assert shape.auc.value < 0.6  # a level does not tell it
    assert shape.information is not None
    assert noise.information is not None
    assert shape.information > 0.1
    assert noise.information < 0.01
    assert "2 of 4 variables" in found.summary().en
    json.dumps(found.to_json(), allow_nan=False)


def test_what_tells_a_group_only_through_risk_tells_less_once_risk_is_known() -> None:
    random = np.random.default_rng(4)
    pd = random.random(4_000)
    member = random.random(4_000) < pd
    found = proxies(
        "region", np.where(member, "in", "out").astype(object),
        sample({"risk": pd + random.normal(size=4_000) * 0.1}), pd,
        ProxySettings(bands=10),
    ).top[0]  # fmt: skip
    assert found.auc.value > 0.75
    assert found.auc_given_risk is not None
    assert found.auc_given_risk < 0.6


def test_variables_together_tell_what_none_tells_alone() -> None:
    random = np.random.default_rng(5)
    parts = random.normal(size=(6, 900))
    member = parts.sum(axis=0) > 0
    held = sample({f"v{i}": part for i, part in enumerate(parts)})
    groups = np.where(member, "f", "m").astype(object)
    alone = proxies("sex", groups, held)
    found = together(alone, groups, held, LogisticRegression())
    assert alone.top[0].auc.value < 0.8
    assert found.together[0].auc.low > 0.95
    assert found.together[0].name == "*"


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_groups_stand_side_by_side_on_a_page(locale: str) -> None:
    found = assess("region", *decided(CASES["four fifths exactly"]), OPEN)
    page = Page("t", source="made up").table(GROUP_COLUMNS, group_rows(found)).html(locale)
    assert ("与最高组之比" in page) == (locale == "zh")
    assert "0.80" in page

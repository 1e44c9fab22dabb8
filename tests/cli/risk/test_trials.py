"""A model against groups, a challenger and the declined, in the shell; and what its card tells."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.risk.challenger import PromotionRule

pytestmark = pytest.mark.xdist_group("risk_cli")

Risk = Callable[..., Any]
Fine = Callable[..., dict[str, Any]]
FEW = PromotionRule(version="few", min_bads=30, resamples=100)
LOOSE = PromotionRule(version="loose", min_bads=30, resamples=100, slope=(0.1, 10.0), max_psi=1.0)


@pytest.fixture(scope="module")
def rival(lender: Path, fine: Fine) -> Path:
    """A regression on more variables, made from the same rows; its configuration."""
    text = (lender / "model.yaml").read_text("utf-8")
    for old, new in (("name: small", "name: rival"), ("kind: booster", "kind: shrunk_logistic"),
                     ("wanted: 12", "wanted: 30")):  # fmt: skip
        text = text.replace(old, new)
    return made(lender / "rival.yaml", text, fine)


def made(config: Path, text: str, fine: Fine) -> Path:
    config.write_text(text, "utf-8")
    for step in ("select", "train", "calibrate"):
        fine(step, config, "--model", config.with_suffix(""))
    return config


def against(lender: Path, rival: Path, rule: PromotionRule, folder: Path) -> tuple[str | Path, ...]:
    """The words of a challenge by a rule that lies in a folder."""
    (folder / "rule.json").write_text(rule.to_json(), "utf-8")
    return (
        "challenge", lender / "model.yaml", rival, "--model", lender / "model",
        "--challenger", rival.with_suffix(""), "--group", "region", "--rule", folder / "rule.json",
    )  # fmt: skip


@pytest.mark.parametrize("rule", [FEW, LOOSE], ids=["few", "loose"])
def test_a_challenger_gets_the_verdict_of_the_written_rule(
    rule: PromotionRule, lender: Path, rival: Path, tmp_path: Path, fine: Fine
) -> None:
    found = fine(*against(lender, rival, rule, tmp_path))
    passed = {clause["code"]: clause["passed"] for clause in found["clauses"]}
    outside = {"calibration_slope", "stability"} if rule is FEW else set()

    assert {code for code, one in passed.items() if not one} == outside
    assert found["promoted"] is (rule is LOOSE)
    assert len(passed) == 8
    assert found["rule"] == rule.hash
    assert found["rows"] == 318


def test_the_verdict_stands_in_both_folders_and_on_both_cards(
    lender: Path, rival: Path, tmp_path: Path, fine: Fine, risk: Risk
) -> None:
    rule, answer = FEW, risk(*against(lender, rival, FEW, tmp_path))

    assert "must lie within 0.8 and 1.2: failed" in answer.out
    assert "rival 1 is not promoted: 2 of 8 clauses failed; 318 rows, 78 bad" in answer.out
    for folder, config in (("model", lender / "model.yaml"), ("rival", rival)):
        kept = json.loads((lender / folder / "challenge.json").read_text("utf-8"))
        card = fine("card", config, "--model", lender / folder)
        assert kept["figures"]["hash"] in answer.out
        assert PromotionRule.from_json(kept["figures"]["rule"]) == rule
        assert "benchmarks" not in card["missing"]
        told = (lender / folder / "card.md").read_text("utf-8")
        assert f"({rule.hash[:12]})" in told
        assert "swapped in" in told


def test_too_few_bads_decide_nothing(lender: Path, rival: Path, tmp_path: Path, risk: Risk) -> None:
    answer = risk(*against(lender, rival, PromotionRule(), tmp_path))

    assert answer.code == 3
    assert "78 bads and 240 goods; 100 of each are needed" in answer.err


@pytest.mark.slow
def test_a_later_challenger_is_judged_on_rows_later_than_itself(
    lender: Path, tmp_path: Path, fine: Fine
) -> None:
    text = (lender / "model.yaml").read_text("utf-8")
    for day, built in (("2018-01-01", "2019-01-01"), ("2020-01-01", "2020-06-01")):
        text = text.replace(day, built)
    later = made(lender / "later.yaml", text, fine)
    found = fine(*against(lender, later, FEW, tmp_path))

    assert found["rows"] == 162
    assert found["bads"] == 33


def test_a_challenger_of_another_configuration_is_refused(
    lender: Path, rival: Path, risk: Risk
) -> None:
    config = lender / "model.yaml"
    answer = risk(
        "challenge", config, config, "--model", lender / "model",
        "--challenger", rival.with_suffix(""),
    )  # fmt: skip

    assert answer.code == 3
    assert "config: the model was rated with configuration" in answer.err


def test_groups_are_compared_and_told_by_report_and_card(
    lender: Path, rival: Path, tmp_path: Path, fine: Fine
) -> None:
    where = (lender / "model.yaml", "--model", lender / "model")
    page = tmp_path / "report.html"
    found = fine("evaluate", *where, "--group", "region", "--approve", "0.5", "--report", page)
    groups = found["groups"]["fairness"]["region"]["groups"]
    card = fine("card", *where)
    told = (lender / "model" / "card.md").read_text("utf-8")
    shutil.copy(lender / "model" / "fairness.json", rival.with_suffix(""))
    other = fine("card", rival, "--model", rival.with_suffix(""))

    assert [one["name"] for one in groups] == ["east", "west"]
    approved = sum(one["approval"]["rate"]["value"] * one["rows"] for one in groups)
    assert approved == pytest.approx(318 / 2)
    assert "fairness" not in card["missing"]
    assert "the 50% of lowest PD approved" in told
    assert "Variables that tell region apart" in told
    assert "By region: " in page.read_text("utf-8")
    assert "按 region 分组" in page.with_suffix(".zh.html").read_text("utf-8")
    assert "fairness" in other["missing"]  # it is of another model


@pytest.mark.slow
def test_ways_of_reject_inference_are_compared_and_told(lender: Path, fine: Fine) -> None:
    where = (lender / "model.yaml", "--model", lender / "model")
    found = fine("rejects", *where, "--method", "fuzzy", "--method", "bureau_performance")
    card = fine("card", *where)
    told = (lender / "model" / "card.md").read_text("utf-8")
    rows = {name: one["rejected"]["rows"] for name, one in found.items()}

    assert list(found) == ["none", "fuzzy", "bureau_performance"]
    assert len(set(rows.values())) == 1
    assert 60 < rows["fuzzy"] < 100
    assert found["none"]["gain"] == {}
    assert found["fuzzy"]["record"]["counts"]["rejected"] > 100
    assert found["fuzzy"]["auc"]["everyone"]["value"] > 0.6
    assert "rejects" not in card["missing"]
    assert "| fuzzy |" in told


def test_the_bias_of_rejects_nobody_knows_of_is_not_measured(
    lender: Path, tmp_path: Path, risk: Risk
) -> None:
    table = pq.read_table(lender / "outcomes.parquet")
    declined = np.array(table["population"].to_pylist()) == "declined"
    blank = pa.array(np.where(declined, np.nan, table["bad"].to_numpy()), from_pandas=True)
    place = table.column_names.index("bad")
    pq.write_table(table.set_column(place, "bad", blank), tmp_path / "outcomes.parquet")
    for name in ("values.parquet", "model.yaml"):
        shutil.copy(lender / name, tmp_path)
    answer = risk("rejects", tmp_path / "model.yaml", "--model", lender / "model", "--json")

    assert answer.code == 3
    assert answer.json["error"]["field"] == "bad"
    assert "of the declined of the test 0 are known to be bad and 0 good" in answer.err


REFUSED = {
    "no such column": (("evaluate", "--group", "gender"), "no column 'gender'"),
    "too many groups": (("evaluate", "--group", "form.amount"), "has 318 values in the test"),
    "no share": (("evaluate", "--group", "region", "--approve", "1.5"), "1.5 is no share"),
    "no such method": (("rejects", "--method", "guess"), "no method 'guess'"),
    "no such truth": (("rejects", "--truth", "elsewhere"), "no column 'elsewhere'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_compared_says_why(case: str, lender: Path, risk: Risk) -> None:
    (step, *options), told = REFUSED[case]
    answer = risk(step, lender / "model.yaml", "--model", lender / "model", *options)

    assert answer.code == 3
    assert told in answer.err

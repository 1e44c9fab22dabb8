"""The scorecard on real loans: trained on approvals to 2004, judged on 2005 to 2008.

US Small Business Administration 7(a) loans beside the project, found through TAEL_TEST_DATA.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tael.risk import Feature, Scorecard, auc_interval, check_leak
from tael.risk.boosting import BoosterSettings, MonotoneBooster
from tael.risk.encoding import EncodingSettings, ExcessEncoder, Outcomes, stratum_rates
from tael.risk.hazard import HazardModel, lives
from tael.risk.measures import auc, single_aucs

ROOT = Path(__file__).resolve().parents[2]
FILE = (
    ROOT / os.environ.get("TAEL_TEST_DATA", "../shared")
).resolve() / "data/sba-7a/sba_loans.parquet"
ALARM = 0.75
FEATURES = [
    Feature("GrAppv", reason="amount"),
    Feature("not_guaranteed", reason="amount"),
    Feature("share", reason="guarantee_share"),
    Feature("sector", "categorical", max_bins=8, min_share=0.01, reason="industry"),
    Feature("State", "categorical", reason="region"),
    Feature("same_state", "categorical", reason="lender_distance"),
    Feature("NewExist", "categorical", reason="business_new"),
    Feature("NoEmp", reason="employees"),
    Feature("UrbanRural", "categorical", reason="location"),
    Feature("RevLineCr", "categorical", reason="credit_line"),
    Feature("LowDoc", "categorical", reason="programme"),
    Feature("CreateJob", reason="jobs"),
    Feature("RetainedJob", reason="jobs"),
]

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"no {FILE}; set TAEL_TEST_DATA")

Data = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]
BALANCED = {0: 49.307, 1: 10.504}  # population weights of a paid and of a failed loan: the README
LENDER = ("Bank", "Bank&RevLineCr")
# What was not recorded otherwise in the years whose failures were known on 2004-12-31.
STEADY = (
    "GrAppv",
    "not_guaranteed",
    "share",
    "NoEmp",
    "LowDoc",
    "State",
    "BankState",
    "same_state",
)


@pytest.fixture(scope="module")
def loans() -> Data:
    """Columns known at application, bad or good, year of approval."""
    table = pq.read_table(FILE)
    raw = {name: table[name].to_numpy() for name in table.column_names}
    known = np.isin(raw["MIS_Status"].astype(str), ("PIF", "CHGOFF"))
    raw = {name: values[known] for name, values in raw.items()}
    state, bank_state = (raw[name].astype(str) for name in ("State", "BankState"))
    naics = raw["NAICS"].astype(int)
    plain = (
        "NoEmp",
        "NewExist",
        "UrbanRural",
        "RevLineCr",
        "LowDoc",
        "CreateJob",
        "RetainedJob",
        "State",
    )
    columns = {name: raw[name] for name in (*plain, "GrAppv", "Term")} | {
        "not_guaranteed": (raw["GrAppv"] - raw["SBA_Appv"]).astype(float),
        "share": raw["SBA_Appv"] / raw["GrAppv"],
        "sector": np.where(naics > 0, (naics // 1000).astype(str), "").astype(object),
        "same_state": np.where(
            bank_state == "None", "", np.where(state == bank_state, "Y", "N")
        ).astype(object),
    }
    year = raw["ApprovalDate"].astype("datetime64[Y]").astype(int) + 1970
    columns |= {
        "Bank": raw["Bank"],
        "BankState": bank_state.astype(object),
        "failed": raw["ChgOffDate"].astype("datetime64[D]"),
        "id": raw["LoanNr_ChkDgt"].astype(str).astype(object),
        "day": raw["ApprovalDate"].astype("datetime64[D]"),
        "balanced": np.char.find(raw["samples"].astype(str), "balanced") >= 0,
    }
    return columns, (raw["MIS_Status"] == "CHGOFF").astype(int), year


def judged(loans: Data, features: list[Feature]) -> tuple[float, float, Scorecard]:
    columns, bad, year = loans
    # Before 1989 the file holds hardly any loan but those that failed much later.
    train, test = (year >= 1989) & (year <= 2004), (year >= 2005) & (year <= 2008)
    card = Scorecard(features).fit(
        {name: values[train] for name, values in columns.items()}, bad[train]
    )
    chance = card.predict_proba({name: values[test] for name, values in columns.items()})[:, 1]
    found = auc_interval(bad[test], chance)
    return found.value, found.low, card


def test_honest_columns_rank_later_vintages(loans: Data) -> None:
    value, low, card = judged(loans, FEATURES)
    assert value >= 0.645
    assert low >= 0.63
    assert check_leak(value, ALARM) is None
    assert all(item.coefficient < 0 for item in card.characteristics_)


def test_the_record_of_the_lender_ranks_later_vintages_better(loans: Data) -> None:
    columns, bad, year = loans
    train, test = (year >= 1989) & (year <= 2004), (year >= 2005) & (year <= 2008)
    strata = np.array([f"{y}/{b}" for y, b in zip(year, columns["balanced"], strict=True)])
    expected = stratum_rates(bad, strata, train)
    outcomes = Outcomes(bad[train], expected[train], columns["id"][train], columns["day"][train])
    encoder = ExcessEncoder(LENDER, EncodingSettings())
    inside = encoder.fit_transform({n: columns[n][train] for n in ("Bank", "RevLineCr")}, outcomes)
    later = encoder.transform({n: columns[n][test] for n in ("Bank", "RevLineCr")})
    # As many bads as goods in each year and sample; recent years count more.
    weight = np.where(bad == 1, 1.0 - expected, expected) * 0.5 ** ((2004 - year) / 3)
    card = Scorecard([*FEATURES, *(Feature(n, monotone="rising", max_bins=10) for n in LENDER)])
    card.fit({n: v[train] for n, v in columns.items()} | inside, bad[train], weight[train])
    chance = card.predict_proba({n: v[test] for n, v in columns.items()} | later)[:, 1]
    population = np.where(
        columns["balanced"], np.vectorize(BALANCED.get)(bad), 1.0
    )[test]  # fmt: skip
    assert auc(bad[test], chance) >= 0.65
    assert auc(bad[test], chance, population) >= 0.645
    assert check_leak(auc(bad[test], chance), ALARM) is None


@pytest.mark.slow
def test_hazards_by_age_rank_later_vintages_better_than_labels_as_they_happen_to_be_known(
    loans: Data,
) -> None:
    columns, bad, year = loans
    train, test = (year >= 1995) & (year <= 2004), (year >= 2005) & (year <= 2008)
    held = {n: columns[n].astype(object if columns[n].dtype == object else float) for n in STEADY}
    seen, later = ({n: v[rows] for n, v in held.items()} for rows in (train, test))
    texts = [n for n, v in held.items() if v.dtype == object]
    settings = BoosterSettings(
        rounds=200, leaves=8, learning_rate=0.04, min_rows=100, column_share=0.4, l2=10.0,
        max_bins=15, threads=1,
    )  # fmt: skip
    known = lives(columns["day"][train], columns["failed"][train], "2004-12-31")
    hazard = HazardModel(
        MonotoneBooster(settings, categorical=texts), edges=(0.0, 24.0, 48.0, 84.0)
    ).fit(seen, known)
    naive = MonotoneBooster(settings, categorical=texts).fit(seen, known.failed.astype(float))
    by_hazard, by_label = (auc(bad[test], model.log_odds(later)) for model in (hazard, naive))
    assert by_hazard >= 0.61
    assert by_hazard >= by_label + 0.02
    assert check_leak(by_hazard, ALARM) is None


def test_the_recorded_term_is_caught_as_a_leak(loans: Data) -> None:
    columns, bad, year = loans
    value, _, _ = judged(loans, [*FEATURES, Feature("Term", monotone="free")])
    later = year >= 2005
    suspects = single_aucs({n: columns[n][later] for n in ("Term", "GrAppv", "NoEmp")}, bad[later])
    refusal = check_leak(value, ALARM, suspects)
    assert refusal is not None
    assert refusal.detail["suspects"].startswith("Term")

"""A history out of an economy of six applications: what was known, decided and came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.app.history_columns import read_origins
from tael.app.history_work import HistoryWanted, build_history
from tael.kernel import BadInput
from tael.policies import Bundle, first_bundle
from tael.policies.backtest import Economics, Settings, Version, backtest, last_day, model_hash
from tael.policies.backtest.history import open_history
from tael.risk import Scorecard

APPLIED = datetime(2015, 1, 10, 8, 30, 15, tzinfo=UTC)
PAID = "ent.tax_return.all.all.365d.paid.sum"
LEAST = "per.bureau_tradeline.all.current.365d.balance.max"
SWING = "ent.bank_tx.sales.in.365d.amount.cv"
LOANS = "per.bureau_tradeline.all.current.365d.account.distinct"
Rows = list[dict[str, Any]]


def scorecard() -> str:
    draw = np.random.default_rng(3)
    columns = {"debt_ratio": draw.random(2000), "revenue_volatility": draw.random(2000)}
    bad = draw.random(2000) < 0.02 + 0.2 * columns["debt_ratio"]
    return Scorecard().fit(columns, bad.astype(int)).to_json()


def applied(number: int, **more: object) -> dict[str, Any]:
    return {
        "application_id": f"A{number}", "enterprise_id": f"E{number}", "applied_at": APPLIED,
        "province": "31", "industry": "F", "size": "micro", "channel": "branch",
        "amount_asked": 5_000_000 + number, "months_asked": 12, "owner_age": 40,
        "firm_age_months": 35, "property": True, "stated_sales_12m": 120_000_050,
        "bank_sales_12m": 90_000_001, "overdue_24m": 0, "enquiries_6m": 1,
        "debt_ratio": 0.25005, "approved": number <= 3, **more,
    }  # fmt: skip


def months(loan: str, late: Sequence[int]) -> Rows:
    return [
        {"loan_id": loan, "month_on_book": at, "days_past_due": days,
         "month_end": date(2015 + at // 12, at % 12 + 1, 28)}
        for at, days in enumerate(late, 1)
    ]  # fmt: skip


def loan(number: int, status: str, **more: object) -> dict[str, Any]:
    return {
        "loan_id": f"L{number}", "application_id": f"A{number}", "status": status,
        "amount": 4_000_000, "rate_bp": 1250, "owed_at_default": 0, "recovered": 0, **more,
    }  # fmt: skip


TABLES: Mapping[str, Rows] = {
    "applications": [
        *(applied(number) for number in (1, 2, 3, 4)),
        applied(5, size="own_account", bank_sales_12m=None, overdue_24m=None),
        applied(6, debt_ratio=None),
    ],
    "loans": [
        loan(1, "settled"),
        loan(2, "written_off", owed_at_default=3_000_000, recovered=750_000),
        loan(3, "current"),
    ],
    "loan_months": [
        *months("L1", [0] * 12),
        *months("L2", [0, 0, 31, 62, 95, 120]),
        *months("L3", [0, 0, 45]),
    ],
}


@pytest.fixture
def economy(tmp_path: Path) -> Path:
    for name, rows in TABLES.items():
        (tmp_path / "economy" / name).mkdir(parents=True)
        table = pa.Table.from_pylist(rows)
        pq.write_table(table, tmp_path / "economy" / name / "part-00000.parquet")
    sealed = tmp_path / "economy" / "sealed"
    sealed.mkdir()
    truth = {"application_id": ["A1", "A4"], "would_default_12m": [False, True]}
    pq.write_table(pa.table(truth), sealed / "truth.parquet")
    return tmp_path / "economy"


@pytest.fixture
def values(tmp_path: Path) -> Path:
    """Variables, in another order of rows, the last of them without a value."""
    folder = tmp_path / "values"
    folder.mkdir()
    rows = [5, 4, 3, 2, 1, 6]
    columns: dict[str, Any] = {
        "borrower": [f"E{row}" for row in rows],
        "asof": pa.array([APPLIED.replace(microsecond=0)] * 6, pa.timestamp("ms", tz="UTC")),
    }
    for name, told in (
        (PAID, [row * 100.0 for row in rows]), (LEAST, [10_000.0] * 6),
        (SWING, [0.123456789] * 6), (LOANS, [2.0] * 6),
    ):  # fmt: skip
        pairs = zip(rows, told, strict=True)
        columns[name] = pa.array([None if row == 6 else value for row, value in pairs])
        columns[f"{name}/reason"] = pa.array([1 if row == 6 else 0 for row in rows], pa.uint8())
    pq.write_table(pa.table(columns), folder / "part-00000.parquet")
    return folder


def wanted(economy: Path, values: Path, bundle: Bundle | None = None, **more: Any) -> HistoryWanted:
    policies = (bundle or first_bundle(scorecard()),)
    return HistoryWanted(economy, (values,), policies, origins=read_origins(None), **more)


def test_inputs_are_those_known_then_and_exact(economy: Path, values: Path, tmp_path: Path) -> None:
    made = build_history(wanted(economy, values), tmp_path / "out")
    assert (made.rows, made.files, made.lent, made.known, made.bad) == (6, 1, 3, 2, 1)
    rows = pq.read_table(tmp_path / "out").to_pylist()
    first, fifth, sixth = rows[0], rows[4], rows[5]
    assert first["amount"] == Decimal("50000.01")
    assert first["years_in_business"] == 2
    assert first["monthly_revenue"] == Decimal("100000.04")
    assert first["bank_turnover_12m"] == Decimal("900000.01")
    assert first["debt_ratio"] == Decimal("0.2500")  # half to even
    assert first["tax_paid_12m"] == Decimal("1.00")
    assert first["revenue_volatility"] == Decimal("0.1235")
    assert (first["employees"], first["active_loans"], first["owns_property"]) == (5, 2, True)
    assert first["enterprise_kind"] == "company"
    assert fifth["enterprise_kind"] == "individual_business"
    assert fifth["bank_turnover_12m"] == Decimal("1200000.50")  # stated, for the bank says nothing
    assert fifth["overdue_count_24m"] == 0
    assert (sixth["debt_ratio"], sixth["tax_paid_12m"], sixth["active_loans"]) == (0, 0, 0)


def test_decisions_and_outcomes_are_those_of_the_books(
    economy: Path, values: Path, tmp_path: Path
) -> None:
    build_history(wanted(economy, values), tmp_path / "out")
    rows = pq.read_table(tmp_path / "out").to_pylist()
    assert [row["decided"] for row in rows] == ["approve"] * 3 + ["decline"] * 3
    assert [row["funded"] for row in rows] == [True] * 3 + [False] * 3
    assert [row["bad"] for row in rows] == [False, True, None, None, None, None]
    assert rows[1]["bad_known_on"] == date(2015, 6, 29)
    assert rows[0]["bad_known_on"] > rows[1]["bad_known_on"]
    assert rows[1]["decided_price"] == Decimal("0.125")
    assert rows[1]["decided_limit"] == Decimal(40_000)
    assert rows[1]["exposure_share"] == Decimal("0.75")
    assert rows[1]["loss_share"] == Decimal("0.75")
    assert rows[0]["loss_share"] is rows[3]["decided_price"] is None
    assert "truth_bad" not in rows[0]
    assert (rows[0]["region"], rows[0]["channel"]) == ("31", "branch")


def test_the_sealed_truth_is_written_only_when_asked_for(
    economy: Path, values: Path, tmp_path: Path
) -> None:
    build_history(wanted(economy, values, with_truth=True), tmp_path / "out")
    told = pq.read_table(tmp_path / "out").column("truth_bad").to_pylist()
    assert told == [False, None, None, True, None, None]


def test_a_history_may_be_tried_as_it_is(economy: Path, values: Path, tmp_path: Path) -> None:
    bundle = first_bundle(scorecard())
    build_history(wanted(economy, values, bundle), tmp_path / "out")
    history = open_history(tmp_path / "out")
    found = backtest(
        tmp_path / "out", [Version("first", bundle)], Settings(Economics(last_day(history)))
    )
    assert found.versions[0].overall.applications == 6
    assert found.versions[0].overall.unanswered == 0
    assert set(found.versions[0].by) >= {"region", "channel", "size", "industry"}
    field = history.schema.field("pd")
    assert (field.metadata or {})[b"model"].decode() == model_hash(bundle.model)


def test_inputs_taken_from_variables_are_read_as_live(
    economy: Path, values: Path, tmp_path: Path
) -> None:
    bundle = first_bundle(scorecard())
    parameters = json.loads(bundle.parameters)
    specs = parameters["inputs"]
    specs["tax_paid_12m"] |= {"variable": PAID, "scale": "0.01", "missing": "0"}
    specs["revenue_volatility"] |= {"variable": SWING, "missing": "9"}
    specs["total_debt"] |= {"variable": LEAST, "scale": "0.01"}
    taken = replace(bundle, parameters=json.dumps(parameters), cases="")
    build_history(wanted(economy, values, taken), tmp_path / "out")
    rows = pq.read_table(tmp_path / "out").to_pylist()
    assert [row["tax_paid_12m"] for row in rows] == [1, 2, 3, 4, 5, 0]
    assert [row["revenue_volatility"] for row in rows] == [0.123456789] * 5 + [9.0]
    assert [row["total_debt"] for row in rows] == [100] * 5 + [None]
    settings = Settings(Economics(last_day(open_history(tmp_path / "out"))))
    found = backtest(tmp_path / "out", [Version("taken", taken)], settings)
    assert found.versions[0].reasons["input_missing:total_debt"] == 1


def test_a_scorecard_on_variables_that_no_rule_reads_scores_as_live(
    economy: Path, values: Path, tmp_path: Path
) -> None:
    paid = np.arange(2000) % 500.0
    card = Scorecard().fit({PAID: paid}, (paid < 150) & (np.arange(2000) % 3 == 0))
    names = json.dumps({"plan": "0" * 64, "names": [PAID]})
    bundle = replace(first_bundle(card.to_json()), variables=names, cases="")
    build_history(wanted(economy, values, bundle), tmp_path / "out")
    rows = pq.read_table(tmp_path / "out").to_pylist()
    asked = {PAID: [100.0, 200.0, 300.0, 400.0, 500.0]}
    assert [float(row["pd"]) for row in rows[:5]] == pytest.approx(
        card.predict_proba(asked)[:, 1], abs=1e-9
    )
    assert PAID not in rows[0]


def test_inputs_that_come_from_nowhere_are_named_all_at_once(
    economy: Path, values: Path, tmp_path: Path
) -> None:
    poor = replace(wanted(economy, values), values=(), origins={})
    with pytest.raises(BadInput) as refused:
        build_history(poor, tmp_path / "out")
    assert "years_in_business (from years_in_business); employees" in refused.value.message
    assert "owner_age" not in refused.value.message


def test_an_application_without_variables_and_a_missing_part_are_refused(
    economy: Path, values: Path, tmp_path: Path
) -> None:
    part = values / "part-00000.parquet"
    table = pq.read_table(part)
    pq.write_table(table.slice(1), part)
    with pytest.raises(BadInput, match="1 applications of part-00000"):
        build_history(wanted(economy, values), tmp_path / "out")
    part.unlink()
    with pytest.raises(BadInput, match=r"has no part-00000.parquet"):
        build_history(wanted(economy, values), tmp_path / "out")
    with pytest.raises(BadInput, match="has no applications"):
        build_history(wanted(tmp_path, values), tmp_path / "out")
    (economy / "sealed" / "truth.parquet").unlink()
    with pytest.raises(BadInput, match="no sealed truth"):
        build_history(wanted(economy, values, with_truth=True), tmp_path / "out")


@pytest.mark.parametrize("text", ["{", "[]", '{"a": {}}', '{"a": {"from": "b", "by": 2}}'])
def test_a_map_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.json"
    path.write_text(text)
    with pytest.raises(BadInput):
        read_origins(path)

"""Outcomes from the books and from elsewhere, on a folder small enough to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.app.performance import Elsewhere, Labelling, Panel, label
from tael.kernel import BadInput
from tael.risk import BadDefinition

APPLIED = datetime(2015, 1, 10, 8, 30, tzinfo=UTC)
RULE = Elsewhere(window_days=400, delay_days=10)


def event(subject: str, happened: date, **more: object) -> dict[str, object]:
    at = datetime(happened.year, happened.month, happened.day, tzinfo=UTC)
    held = {"subject_id": subject, "event_id": f"{subject}-{happened}", "version": 1,
            "event_at": at, "known_at": at + timedelta(days=5), "void": False}  # fmt: skip
    return held | more


def months(loan: str, firm: str, late: Sequence[int]) -> list[dict[str, object]]:
    ends = [date(2015 + (m // 12), m % 12 + 1, 28) for m in range(1, len(late) + 1)]
    return [
        {"loan_id": loan, "enterprise_id": firm, "month_on_book": i, "days_past_due": days,
         "month_end": end}
        for i, (days, end) in enumerate(zip(late, ends, strict=True), 1)
    ]  # fmt: skip


FIRMS = [
    {"enterprise_id": f"E{i}", "owner_id": f"P{min(i, 6)}", "opened": date(2013, 1, 1)}
    for i in range(1, 8)
]
TABLES: Mapping[str, list[dict[str, object]]] = {
    "firms": FIRMS,
    "applications": [
        {"application_id": f"A{i}", "enterprise_id": f"E{i}", "applied_at": APPLIED,
         "province": "31", "approved": i <= 3, "points": 600, "debt_ratio": i / 10}
        for i in range(1, 7)
    ],
    "loans": [
        {"loan_id": f"L{i}", "application_id": f"A{i}", "status": status}
        for i, status in ((1, "settled"), (2, "written_off"), (3, "current"))
    ],
    "loan_months": [
        *months("L1", "E1", [0] * 6),
        *months("L2", "E2", [0, 0, 31, 62, 95, 120]),
        *months("L3", "E3", [0, 0, 45]),
    ],
    "events/bureau_tradeline": [
        event("E4", date(2015, 6, 1), status="d90"),
        event("E5", date(2015, 6, 1), status="d61_90"),
        event("E5", date(2015, 7, 1), status="d90"),
        event("E5", date(2015, 7, 1), status="current", version=2),
        event("E1", date(2019, 1, 1), status="written_off"),
    ],
    "events/court_record": [
        event("P6", date(2016, 1, 5), matter="loan", role="defendant"),
        event("E5", date(2015, 9, 9), matter="loan", role="plaintiff"),
        event("E5", date(2015, 9, 10), matter="labour", role="defendant"),
        event("E5", date(2015, 9, 11), matter="loan", role="defendant", void=True),
    ],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, rows in TABLES.items():
        (tmp_path / name).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name / "part-00000.parquet")
    return tmp_path


def rows(table: pa.Table) -> dict[str, dict[str, object]]:
    return {row["application_id"]: row for row in table.to_pylist() if row["application_id"]}


@pytest.mark.parametrize(
    ("application", "population", "bad", "known"),
    [
        ("A1", "granted", 0.0, date(2015, 7, 29)),  # settled after six months
        ("A2", "granted", 1.0, date(2015, 6, 29)),  # 95 days late in the fifth month
        ("A3", "granted", None, None),  # three months on book: immature
        ("A4", "declined", 1.0, date(2015, 6, 6)),  # 90 days overdue elsewhere
        ("A5", "declined", 0.0, date(2016, 2, 24)),  # corrected, withdrawn, suing, or not a loan
        ("A6", "declined", 1.0, date(2016, 1, 10)),  # its owner was sued over a loan
    ],
)
def test_each_application_has_the_outcome_that_was_seen(
    folder: Path, application: str, population: str, bad: float | None, known: date | None
) -> None:
    found = rows(label(folder, Labelling(elsewhere=RULE)))[application]
    assert (found["population"], found["bad"]) == (population, bad)
    stamp = found["known"]
    assert (stamp.date() if isinstance(stamp, datetime) else None) == known


def test_what_was_decided_is_no_part_of_the_form(folder: Path) -> None:
    table = label(folder, Labelling(elsewhere=RULE))
    form = [name for name in table.column_names if name.startswith("form.")]
    assert form == ["form.province", "form.debt_ratio"]
    assert rows(table)["A1"]["asof"] == APPLIED


def test_the_panel_looks_at_firms_of_age_until_they_went_bad(folder: Path) -> None:
    panel = Panel(date(2014, 1, 1), date(2015, 7, 1), months=6, weight=0.5)
    table = label(folder, Labelling(elsewhere=RULE, panel=panel))
    market = [row for row in table.to_pylist() if row["population"] == "market"]
    assert {row["weight"] for row in market} == {0.5}
    looks = {(row["borrower"], row["asof"].date()): row["bad"] for row in market}
    assert looks["E2", date(2015, 1, 1)] == 1.0  # a default in the own book is seen too
    assert ("E2", date(2015, 7, 1)) not in looks
    # One owner, two firms: his suit speaks of both.
    assert looks["E6", date(2015, 1, 1)] == looks["E7", date(2015, 1, 1)] == 1.0
    assert looks["E1", date(2015, 1, 1)] == 0.0


def test_another_definition_of_bad_gives_other_outcomes(folder: Path) -> None:
    strict = Labelling(BadDefinition(days_past_due=30), elsewhere=RULE)
    assert rows(label(folder, strict))["A3"]["bad"] == 1.0


def test_a_folder_without_loans_is_refused_by_name(folder: Path) -> None:
    (folder / "loans/part-00000.parquet").unlink()
    with pytest.raises(BadInput, match="has no loans"):
        label(folder, Labelling())


def test_a_panel_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadInput, match="no look between"):
        Panel(date(2015, 1, 1), date(2014, 1, 1)).days()

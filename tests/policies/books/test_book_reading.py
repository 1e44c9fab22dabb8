from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tael.kernel import BadInput
from tael.policies.books.grid import Sheet
from tael.policies.books.intake import ROW, staged
from tael.policies.books.model import Heading, Mapped, Report, Role
from tael.policies.books.reading import choices_of, read_rows

CASES = tomllib.loads((Path(__file__).parent / "cases" / "columns.toml").read_text("utf-8"))
SCORES = "评分"


def _sheet(columns: Mapping[str, Sequence[str]]) -> Sheet:
    table = pa.table([pa.chunked_array([list(texts)], pa.string()) for texts in columns.values()],
                     names=[str(number) for number in range(len(columns))])  # fmt: skip
    rows = np.arange(2, len(table) + 2, dtype=np.int32)
    return Sheet(tuple(columns), table, rows, (), (), 0)


def _staged(columns: Mapping[str, Sequence[str]]) -> tuple[tuple[Heading, ...], pa.Table]:
    return staged(_sheet(columns), lambda text: f"hash of {len(text)}")


def _read(
    columns: Mapping[str, Sequence[str]], roles: Mapping[int, Role], **given: str
) -> tuple[pa.Table, Report, Mapped]:
    headings, table = _staged(columns)
    mapped, _ = choices_of(headings, table, roles, given)
    rows, report = read_rows(headings, table, mapped)
    return rows, report, mapped


@pytest.mark.parametrize("case", CASES["column"], ids=lambda case: case["heading"])
def test_a_column_is_read_and_its_faults_are_named(case: dict) -> None:
    role, texts = Role(case["role"]), case["texts"]
    columns = {case["heading"]: [*texts, ""], SCORES: ["600"] * (len(texts) + 1)}
    roles = {0: role, 1: Role.SCORE}
    if role not in (Role.BAD, Role.DPD):
        columns["逾期"], roles[2] = ["0"] * (len(texts) + 1), Role.DPD
    rows, report, _ = _read(columns, roles)
    faults = {one.row - 2: one.rule for one in report.problems if one.column == case["heading"]}
    values = dict(
        zip(rows.column(ROW).to_pylist(), rows.column(role.value).to_pylist(), strict=True)
    )
    found = []
    for place in range(len(texts)):
        value = faults.get(place, values.get(place + 2))
        found.append("" if value is None else str(value) if isinstance(value, date) else value)
    assert found == case["read"]


def _book(**changed: Sequence[str]) -> dict[str, Sequence[str]]:
    return {
        "编号": ["a", "b", "c", "d"],
        SCORES: ["600", "650", "700", "750"],
        "逾期": ["0", "95", "", "0"],
        **changed,
    }


ROLES = {0: Role.ID, 1: Role.SCORE, 2: Role.DPD}


def test_the_second_row_of_one_id_is_set_aside() -> None:
    rows, report, _ = _read(_book(编号=["a", "b", "a", ""]), ROLES)
    assert rows.column(ROW).to_pylist() == [2, 3, 5]
    assert [(one.row, one.rule, one.value) for one in report.problems] == [(4, "repeated_id", "a")]
    assert (report.rows, report.kept, report.aside) == (4, 3, 1)
    assert report.counts == {("编号", "repeated_id"): 1}


def test_a_row_that_nothing_ranks_is_set_aside() -> None:
    _, report, _ = _read(_book(评分=["600", "", "无", "750"]), ROLES)
    assert [(one.row, one.rule) for one in report.problems] == [
        (3, "no_ranking"),
        (4, "no_ranking"),
    ]


def test_a_book_without_one_readable_row_is_refused_with_the_first_fault() -> None:
    with pytest.raises(BadInput) as refused:
        _read(_book(评分=["x", "y", "z", "w"]), ROLES)
    assert (refused.value.code, refused.value.row, refused.value.rule) == (
        "book_no_good_rows", 2, "not_number",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("roles", "code", "field"),
    [
        ({2: Role.DPD}, "book_needs_ranking", "ranking"),
        ({1: Role.SCORE}, "book_needs_outcome", "outcome"),
        ({1: Role.SCORE, 2: Role.DPD, 0: Role.BAD}, "book_needs_outcome", "outcome"),
        ({0: Role.SCORE, 1: Role.SCORE, 2: Role.DPD}, "book_role_twice", "score"),
    ],
)
def test_names_that_make_no_book_are_refused(
    roles: Mapping[int, Role], code: str, field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        _read(_book(), roles)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_segment_of_too_many_kinds_is_refused() -> None:
    many = [str(number) for number in range(70)]
    columns = {"地区": many, SCORES: ["600"] * 70, "逾期": ["0"] * 70}
    with pytest.raises(BadInput, match="70 different"):
        _read(columns, {0: Role.SEGMENT, 1: Role.SCORE, 2: Role.DPD})


def test_what_a_text_means_is_put_right_by_hand() -> None:
    columns = {"状态": ["是", "否", "展期"], SCORES: ["600", "650", "700"]}
    roles = {0: Role.BAD, 1: Role.SCORE}
    rows, _, mapped = _read(columns, roles, **{"outcome:展期": "bad", "outcome:否": "unknown"})
    assert rows.column("bad").to_pylist() == [1, None, 1]
    assert mapped.outcomes == {"是": "bad", "否": "unknown", "展期": "bad"}


def test_dates_that_fit_two_orders_are_told_and_chosen_by_hand() -> None:
    columns = {"date": ["1/5/2024", "2/6/2024"], SCORES: ["600", "650"], "逾期": ["0", "0"]}
    roles = {0: Role.APPLIED, 1: Role.SCORE, 2: Role.DPD}
    headings, table = _staged(columns)
    _, choices = choices_of(headings, table, roles, {})
    assert (choices.date_order, choices.ambiguous_dates) == ("dmy", True)
    rows, _, _ = _read(columns, roles, date_order="mdy")
    assert [str(day) for day in rows.column("applied").to_pylist()] == ["2024-01-05", "2024-02-06"]


def test_a_fault_is_told_without_a_number_that_may_be_somebodys() -> None:
    _, report, _ = _read(_book(评分=["13800138000", "650", "700", "750"]), ROLES)
    assert [(one.rule, one.value) for one in report.problems] == [("too_large", "…")]


def test_personal_columns_leave_or_become_hashes_before_anything_is_kept() -> None:
    columns = {
        "客户姓名": ["王某", "李某"],
        "手机号": ["13800138000", "13900139000"],
        "身份证号": ["11010519491231002X", ""],
        SCORES: ["600", "650"],
    }
    headings, table = _staged(columns)
    assert [one.personal for one in headings] == ["name", "phone", "id_card", ""]
    assert [one.samples for one in headings[:3]] == [(), (), ()]
    assert table.column_names == [ROW, "1", "2", "3"]
    assert table.column("2").to_pylist() == ["hash of 18", ""]
    text = str(table.to_pydict()) + str(headings)
    assert not [secret for secret in ("王某", "13800138000", "1949") if secret in text]
    # Of hashes nothing but an id can be made.
    assert {one.suggestion.role for one in headings if one.hashed and one.suggestion} == {Role.ID}

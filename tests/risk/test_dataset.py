"""Variables and outcomes from files: both layouts of parts, and what is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput
from tael.risk.dataset import OutcomeColumns, Wanted, join, keys_of, read_outcomes
from tael.risk.sample import HAS_VALUE, NO_EVENT, NO_SOURCE

NAMES = ["ent.a.sum", "ent.b.sum", "ent.c.sum"]
WHO = ["E1", "E2", "E3"]
DAYS = ["2019-01-01T00:00:00", "2019-02-01T12:30:00", "2019-03-01T00:00:00"]
VALUES = [[1.0, None, 3.0], [4.0, 5.0, None], [7.0, 8.0, 9.0]]
REASONS = [[0, 1, 0], [0, 0, 2], [0, 0, 0]]


def stamps(days: list[str]) -> pa.Array:
    return pa.array(np.array(days, dtype="datetime64[s]")).cast(pa.timestamp("s", "UTC"))


def folded(path: Path, rows: list[int], names: list[str] = NAMES, plan: str = "p1") -> None:
    """A part as `tael variables backfill` writes it: all values of a row in one list."""
    path.parent.mkdir(exist_ok=True)
    columns = {
        "borrower": pa.array([WHO[row] for row in rows]),
        "asof": stamps([DAYS[row] for row in rows]),
        "values": pa.array(
            [[np.nan if v is None else v for v in VALUES[row]] for row in rows],
            pa.list_(pa.float64(), 3),
        ),
        "reasons": pa.array([REASONS[row] for row in rows], pa.list_(pa.uint8(), 3)),
    }
    told = {"tael.plan": plan, "tael.names": json.dumps(names)}
    pq.write_table(pa.table(columns).replace_schema_metadata(told), path)


def columnwise(path: Path, rows: list[int], *, reasons: bool = True) -> None:
    """A column a variable, each with its reasons."""
    path.parent.mkdir(exist_ok=True)
    columns: dict[str, Any] = {
        "borrower": [WHO[row] for row in rows],
        "asof": stamps([DAYS[row] for row in rows]),
    }
    for place, name in enumerate(NAMES):
        columns[name] = pa.array([VALUES[row][place] for row in rows], pa.float64())
        if reasons:
            columns[f"{name}/reason"] = pa.array([REASONS[row][place] for row in rows], pa.uint8())
    told = {"tael.plan": "p1"} if reasons else {}
    pq.write_table(pa.table(columns).replace_schema_metadata(told), path)


def outcomes(path: Path, **changes: Any) -> Path:
    columns: dict[str, Any] = {
        "borrower": WHO,
        "asof": [f"{day}Z" for day in DAYS],
        "bad": [1, 0, None],
        "known": [f"{DAYS[1]}Z", f"{DAYS[2]}Z", None],
        "weight": [1.0, 2.0, 0.5],
        "form.amount": [10.0, None, 30.0],
        "region": ["east", None, "west"],
    }
    columns |= changes
    pq.write_table(pa.table({n: c for n, c in columns.items() if c is not None}), path)
    return path


@pytest.fixture
def told(tmp_path: Path) -> Path:
    return outcomes(tmp_path / "outcomes.parquet")


@pytest.mark.parametrize("layout", ["folded", "columnwise"])
def test_both_layouts_give_the_same_sample_in_the_order_of_the_outcomes(
    layout: str, told: Path, tmp_path: Path
) -> None:
    write = {"folded": folded, "columnwise": columnwise}[layout]
    write(tmp_path / "v" / "part-1.parquet", [2, 0])
    write(tmp_path / "v" / "part-2.parquet", [1])

    wanted = Wanted(["ent.c.sum", "ent.b.sum"], ["form.amount"])
    sample = join([tmp_path / "v"], read_outcomes(told), wanted)

    assert sample.names == ("ent.c.sum", "ent.b.sum", "form.amount")
    assert sample.plan == "p1"
    assert np.array_equal(
        sample.values, [[3, np.nan, 9], [np.nan, 5, 8], [10, np.nan, 30]], equal_nan=True
    )
    assert sample.reasons.tolist() == [[0, 2, 0], [1, 0, 0], [HAS_VALUE, NO_EVENT, HAS_VALUE]]
    assert sample.reasons[1, 0] == NO_SOURCE
    assert sample.borrower.tolist() == WHO
    assert [str(at) for at in sample.asof] == DAYS
    assert str(sample.bad.tolist()) == "[1.0, 0.0, nan]"


def test_a_plain_table_takes_an_empty_cell_for_no_event(told: Path, tmp_path: Path) -> None:
    columnwise(tmp_path / "v.parquet", [0, 1, 2], reasons=False)
    sample = join([tmp_path / "v.parquet"], read_outcomes(told))

    assert sample.names == tuple(NAMES)
    assert sample.plan == ""
    assert sample.reasons.tolist() == [[0, 0, 0], [2, 0, 0], [0, 2, 0]]


def test_weights_segments_and_a_table_without_outcomes_are_read(told: Path) -> None:
    held = read_outcomes(told, OutcomeColumns(weight="weight"))
    blank = read_outcomes(told, OutcomeColumns(bad="", known=""))

    assert held.weight.tolist() == [1.0, 2.0, 0.5]
    assert held.texts("region").tolist() == ["east", "", "west"]
    assert held.take(np.array([False, False, True])).borrower.tolist() == ["E3"]
    assert np.isnan(blank.bad).all()
    assert np.isnat(blank.known).all()


def test_keys_are_all_rows_of_the_values(tmp_path: Path) -> None:
    folded(tmp_path / "v" / "part-1.parquet", [2, 0])
    found = keys_of([tmp_path / "v"])

    assert found.borrower.tolist() == ["E3", "E1"]
    assert np.isnan(found.bad).all()


REFUSED_OUTCOMES: dict[str, tuple[dict[str, Any], str, int | None]] = {
    "no borrower column": ({"borrower": None}, "borrower", None),
    "no bad column": ({"bad": None}, "bad", None),
    "an odd outcome": ({"bad": [0, 2, 1]}, "bad", 2),
    "a text for an outcome": ({"bad": ["no", "yes", "no"]}, "bad", None),
    "a weight of zero": ({"weight": [1.0, 1.0, 0.0]}, "weight", 3),
    "an endless weight": ({"weight": [1.0, np.inf, 1.0]}, "weight", 2),
    "no weight": ({"weight": [None, 1.0, 1.0]}, "weight", 1),
    "nobody": ({"borrower": ["E1", None, "E3"]}, "borrower", 2),
    "no instant": ({"asof": [f"{DAYS[0]}Z", f"{DAYS[1]}Z", None]}, "asof", 3),
    "no time": ({"asof": ["soon", "later", "never"]}, "asof", None),
    "outcomes of no known day": ({"known": [f"{DAYS[1]}Z", None, None]}, "known", 2),
    "no column of known days": ({"known": None}, "known", 1),
    "known before": ({"known": [f"{DAYS[1]}Z", "2018-01-01T00:00:00Z", None]}, "known", 2),
}


@pytest.mark.parametrize("case", REFUSED_OUTCOMES)
def test_outcomes_that_are_none_are_refused_by_column_and_row(case: str, tmp_path: Path) -> None:
    changes, field, row = REFUSED_OUTCOMES[case]
    path = outcomes(tmp_path / "told.parquet")
    held = {name: pq.read_table(path)[name] for name in pq.read_schema(path).names} | changes
    pq.write_table(pa.table({n: c for n, c in held.items() if c is not None}), path)

    with pytest.raises(BadInput) as caught:
        read_outcomes(path, OutcomeColumns(weight="weight"))

    assert (caught.value.field, caught.value.row) == (field, row)
    assert "told.parquet" in caught.value.message
    assert caught.value.rule


def test_a_borrower_twice_within_one_batch_or_in_two_parts_is_refused(
    told: Path, tmp_path: Path
) -> None:
    folded(tmp_path / "v" / "part-1.parquet", [0, 1, 2, 1])
    folded(tmp_path / "w" / "part-1.parquet", [0, 1, 2])
    folded(tmp_path / "w" / "part-2.parquet", [1])

    for values in ("v", "w"):
        with pytest.raises(BadInput, match="holds E2 at 2019-02-01T12:30:00 once more"):
            join([tmp_path / values], read_outcomes(told))


def test_an_outcome_twice_is_refused(tmp_path: Path) -> None:
    folded(tmp_path / "v" / "part-1.parquet", [0, 1, 2])
    path = outcomes(tmp_path / "o.parquet", borrower=["E1", "E1", "E3"], asof=[f"{DAYS[0]}Z"] * 3)

    with pytest.raises(BadInput, match="holds E1 at 2019-01-01T00:00:00 twice"):
        join([tmp_path / "v"], read_outcomes(path))


def test_two_plans_a_missing_variable_and_outcomes_without_variables_are_refused(
    told: Path, tmp_path: Path
) -> None:
    held = read_outcomes(told)
    folded(tmp_path / "v" / "part-1.parquet", [0, 1])
    with pytest.raises(BadInput, match=r"1 rows of outcomes\.parquet have no variables.*E3 at"):
        join([tmp_path / "v"], held)
    with pytest.raises(BadInput, match="lacks 1 variables asked for"):
        join([tmp_path / "v"], held, Wanted(["ent.z.sum"]))
    folded(tmp_path / "v" / "part-2.parquet", [2], plan="p2")
    with pytest.raises(BadInput, match="another plan"):
        join([tmp_path / "v"], held)
    folded(tmp_path / "v" / "part-2.parquet", [2], names=["ent.a.sum", "ent.b.sum", "ent.d.sum"])
    with pytest.raises(BadInput, match=r"part-2\.parquet lacks 1 .*ent\.c\.sum"):
        join([tmp_path / "v"], held)


def test_infinite_values_texts_and_empty_places_are_refused(told: Path, tmp_path: Path) -> None:
    held = read_outcomes(told)
    keys = {"borrower": WHO, "asof": stamps(DAYS)}
    pq.write_table(pa.table(keys | {"v": [1.0, 1e300, 2.0]}), tmp_path / "big.parquet")
    pq.write_table(pa.table(keys | {"v": ["a", "b", "c"]}), tmp_path / "text.parquet")

    with pytest.raises(BadInput, match="variable v of E2 at 2019-02-01T12:30:00 is infinite"):
        join([tmp_path / "big.parquet"], held)
    with pytest.raises(BadInput, match="column 'v' is string, a number is wanted"):
        join([tmp_path / "text.parquet"], held)
    for values in ([], [tmp_path / "nowhere"]):
        with pytest.raises(BadInput) as caught:
            join(values, held)
        assert caught.value.field == "values"
    pq.write_table(pa.table({"borrower": WHO}), tmp_path / "keyless.parquet")
    with pytest.raises(BadInput, match="has no column 'asof'"):
        keys_of([tmp_path / "keyless.parquet"])

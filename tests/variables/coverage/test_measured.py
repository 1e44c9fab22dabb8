"""Coverage, range and standing: small sheets, and the shipped variables on the economy."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tael.economy.build import Request, build, size_named
from tael.kernel import BadInput
from tael.variables import expand, load_definitions, make_catalogue
from tael.variables.coverage import (
    FILE,
    LEAST_COVERAGE,
    Measured,
    Measurer,
    Standing,
    load_measured,
    read_measured,
    write_measured,
)
from tael.variables.drivers.measure import measure_folder
from tael.variables.kernel.sheet import NO_EVENT, VALUE, Sheet
from tael.variables.plan.derived import DerivedOutput, DerivedPlan
from tael.variables.plan.plan import Plan, Section

NONE = math.nan
ROWS = 200
LEAST_PUBLISHED = 7_000
# The shipped figures are those of this economy, as of the first of July of each of these years.
ECONOMY, SEED, YEARS = "tiny", 7, range(2010, 2025)
REFERENCE = [int(datetime(year, 7, 1, tzinfo=UTC).timestamp()) for year in YEARS]


def plan(width: int) -> Plan:
    names = tuple(f"V{place:05d}" for place in range(width))
    outputs = tuple(DerivedOutput("ratio", 0, 0) for _ in names)
    sections = (Section("", "derived", DerivedPlan(outputs), 0),)
    return Plan(names, names, (1,) * width, sections, {})


def measured(*columns: list[float], chunk: int = 7) -> tuple[Measured, ...]:
    values = np.array(columns).T
    sheet = Sheet(values, np.where(np.isnan(values), NO_EVENT, VALUE).astype(np.uint8))
    made = Measurer(plan(len(columns)))
    for first in range(0, len(values), chunk):
        made.add(Sheet(sheet.values[first : first + chunk], sheet.reasons[first : first + chunk]))
    return made.measured()


RISING = [float(each) for each in range(ROWS)]
CASES = [
    # a column → standing, coverage, low, high
    (RISING, Standing.PUBLISHED, 1.0, 0.0, ROWS - 1.0),
    ([NONE] * ROWS, Standing.RARE, 0.0, None, None),
    ([5.0, *[NONE] * (ROWS - 1)], Standing.RARE, 0.005, 5.0, 5.0),
    ([5.0, 6.0, *[NONE] * (ROWS - 2)], Standing.PUBLISHED, 0.01, 5.0, 6.0),
    ([5.0] * ROWS, Standing.CONSTANT, 1.0, 5.0, 5.0),
    ([-3.5, *[5.0] * (ROWS - 1)], Standing.PUBLISHED, 1.0, -3.5, 5.0),
]


@pytest.mark.parametrize(("column", "standing", "coverage", "low", "high"), CASES)
def test_a_variable_is_published_when_it_is_covered_and_not_constant(
    column: list[float], standing: Standing, coverage: float, low: float, high: float
) -> None:
    (found,) = measured(column)
    assert (found.standing, found.coverage, found.low, found.high) == (
        standing, coverage, low, high,
    )  # fmt: skip


def test_of_two_that_are_the_same_the_first_is_published() -> None:
    changed = [*RISING[:-1], NONE]
    one, two, three = measured(RISING, RISING, changed)
    assert (one.standing, two.standing, three.standing) == (
        Standing.PUBLISHED, Standing.SAME, Standing.PUBLISHED,
    )  # fmt: skip
    assert two.same_as == one.id


def test_chunks_do_not_matter() -> None:
    columns = [RISING, RISING[::-1], [1.0] * ROWS]
    assert measured(*columns, chunk=1) == measured(*columns, chunk=ROWS)


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    found = measured(RISING, RISING, [0.1, *[NONE] * (ROWS - 1)])
    text = write_measured(found)
    assert tuple(read_measured(text).values()) == found
    assert load_measured(tmp_path) == {}
    (tmp_path / FILE).write_text(text, "utf-8")
    assert tuple(load_measured(tmp_path).values()) == found


WRONG = [
    ("id,name\n", "row 1|the first line"),
    (write_measured(measured(RISING)).replace("published", "famous"), "famous"),
    (write_measured(measured(RISING)) + "V2,one,,,,rare,\n", "figures.csv:3"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_file_that_is_no_table_of_figures_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_measured(text)


def test_nothing_measured_is_an_error() -> None:
    with pytest.raises(BadInput, match="no row to measure"):
        Measurer(plan(1)).measured()


def test_the_catalogue_tells_coverage_range_and_standing() -> None:
    definitions = load_definitions()
    variables = expand(definitions)
    found = load_measured()
    rows = {row.variable.id: row for row in make_catalogue(definitions, variables, found).rows}
    assert sum(bool(row.published) for row in rows.values()) >= LEAST_PUBLISHED
    for row in rows.values():
        told = row.to_json()
        assert row.measured is not None
        assert told["coverage"] == row.measured.coverage
        assert told["published"] == (told["standing"] == "published")
        assert (told["range"] is None) == (row.measured.low is None)


@pytest.mark.slow
def test_published_variables_are_covered_distinct_and_not_constant(tmp_path: Path) -> None:
    """The shipped figures come out again on the reference economy."""
    out = build(Request(size_named(ECONOMY), tmp_path / "economy", SEED)).out
    found = measure_folder(out, load_definitions(), REFERENCE)
    published = [each for each in found if each.standing is Standing.PUBLISHED]
    assert len(published) >= LEAST_PUBLISHED
    assert min(each.coverage for each in published) >= LEAST_COVERAGE
    assert all(each.low != each.high for each in published)
    assert found == tuple(load_measured().values())

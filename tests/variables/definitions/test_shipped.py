"""The shipped definitions: as many as promised, named by the grammar, told in two languages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from tael.variables import Variable, expand, load_definitions, make_catalogue
from tael.variables.catalogue import Catalogue
from tael.variables.definitions import new_ids

# Source → how many raw variables it makes at least.
LEAST = {
    "bureau_tradeline": 1296, "bureau_enquiry": 900, "bank_tx": 3276, "vat_invoice": 800,
    "tax_return": 240, "pos_day": 1134, "utility_bill": 160, "court_record": 240,
    "registry_change": 96, "device_event": 400, "book_entry": 400, "region_month": 96, "cross": 100,
}  # fmt: skip
NAME = re.compile(
    r"(per|ent|pair)\.[a-z_]+(\.[a-z0-9_]+){0,3}\.(\d+d|all|24m|now|run)\.[a-z0-9_]+\.[a-z0-9_]+"
)


@pytest.fixture(scope="module")
def variables() -> tuple[Variable, ...]:
    """Every shipped variable."""
    return expand(load_definitions())


@pytest.fixture(scope="module")
def catalogue(variables: tuple[Variable, ...]) -> Catalogue:
    """The shipped catalogue."""
    return make_catalogue(load_definitions(), variables)


def test_every_source_makes_as_many_variables_as_promised(
    variables: tuple[Variable, ...],
) -> None:
    counts = Counter(each.source for each in variables)

    assert set(counts) == set(LEAST)
    assert not {name: counts[name] for name, least in LEAST.items() if counts[name] < least}
    assert counts.total() >= 9000


def test_names_follow_the_grammar_and_stand_once(variables: tuple[Variable, ...]) -> None:
    assert not [each.name for each in variables if not NAME.fullmatch(each.name)]
    assert len({each.name for each in variables}) == len(variables)
    assert len({each.id for each in variables}) == len(variables)


def test_every_text_stands_in_both_languages_and_once(variables: tuple[Variable, ...]) -> None:
    assert not [each.name for each in variables if "{" in each.text.zh + each.text.en]
    for language in (0, 1):
        twice = Counter((each.text[language], each.kind) for each in variables).most_common(1)
        assert twice[0][1] == 1, twice[0]


def test_every_shipped_name_has_its_id(variables: tuple[Variable, ...]) -> None:
    assert new_ids(variables, load_definitions().numbered) == ()


def test_a_variable_is_named_and_told_by_its_definition(
    variables: tuple[Variable, ...],
) -> None:
    rent = {each.name: each for each in variables}["ent.bank_tx.rent.out.180d.amount.sum"]

    assert rent.text.zh == "企业近180天银行流水（房租、支出）金额合计（元）"
    assert rent.text.en == "Firm, bank transactions (rent, out), last 180 days: total amount (CNY)"
    assert (rent.unit, rent.decimals, rent.type) == ("CNY", 2, "integer")
    assert rent.window_s == 180 * 86_400


def test_cells_that_are_the_same_for_everybody_are_left_out(
    variables: tuple[Variable, ...],
) -> None:
    whole = [
        each.name
        for each in variables
        if each.aggregate == "share" and all(codes is None for _, codes in each.filter)
    ]
    assert whole == []
    assert not [v.name for v in variables if v.aggregate == "velocity" and v.window == "all"]


def test_a_row_tells_unit_lineage_basis_and_leaves_what_is_not_computed_empty(
    catalogue: Catalogue,
) -> None:
    rows = {row["name"]: row for row in catalogue.to_json()["variables"]}  # type: ignore[attr-defined]
    row = rows["ent.cross.180d.invoiced_to_inflow.ratio"]

    assert row["lineage"]["parents"] == [
        "ent.vat_invoice.out.valid.180d.amount.sum",
        "ent.bank_tx.sales.in.180d.amount.sum",
    ]
    assert [row[name] for name in ("coverage", "range", "iv", "psi")] == [None] * 4
    assert row["unit"] == "ratio"
    assert row["law"]
    assert json.loads(json.dumps(row)) == row


def test_the_door_loads_neither_yaml_nor_numbers_until_asked() -> None:
    program = (
        "import sys, tael.variables; print([m for m in ('yaml', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter on a constant program
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"

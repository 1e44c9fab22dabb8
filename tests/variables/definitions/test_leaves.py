"""Leaves: every event has one, and a filter lets through just the events it names."""

from __future__ import annotations

from itertools import product

import pytest

from tael.variables import expand, load_definitions
from tael.variables.definitions.leaves import leaf_count, leaf_of, leaves_of
from tael.variables.definitions.model import Source

SOURCES = [source for source in load_definitions().sources if source.leaves]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_combination_of_codes_has_a_leaf_of_its_own(source: Source) -> None:
    codes = [[code for code, _ in source.column(name).codes] for name in source.leaves]
    events = [dict(zip(source.leaves, each, strict=True)) for each in product(*codes)]

    assert [leaf_of(source, event) for event in events] == list(range(leaf_count(source)))


def test_a_filter_lets_through_just_the_events_it_names() -> None:
    source = next(each for each in SOURCES if each.name == "vat_invoice")
    variables = {each.name: each for each in expand(load_definitions())}
    valid = variables["ent.vat_invoice.out.valid.30d.amount.sum"]
    event = {"direction": "out", "status": "valid"}
    rest = product(("special", "ordinary"), ("closing", "rest"))

    assert leaves_of(source, valid.filter) == {
        leaf_of(source, {**event, "kind": kind, "quarter": quarter}) for kind, quarter in rest
    }
    assert leaves_of(source, ()) == set(range(leaf_count(source)))


def test_a_code_that_is_not_listed_has_no_leaf() -> None:
    source = next(each for each in SOURCES if each.name == "region_month")
    with pytest.raises(ValueError, match="weather"):
        leaf_of(source, {"measure": "weather"})

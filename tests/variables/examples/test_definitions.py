"""The definitions shipped with the examples: sound, named once for ever, told in two languages."""

from __future__ import annotations

import pytest

from tael.variables.definitions.load import read_definitions
from tael.variables.definitions.names import new_ids
from tael.variables.examples.computed import DEFINITIONS


@pytest.mark.parametrize(("name", "count"), [("invoices", 619), ("berka", 407)])
def test_every_variable_has_its_id_and_nothing_is_wrong(name: str, count: int) -> None:
    definitions, variables, findings = read_definitions(DEFINITIONS / name)

    assert not findings
    assert len(variables) == count
    assert not new_ids(variables, definitions.numbered)
    assert all(each.text.zh and each.text.en for each in variables)
    assert {each.kind for each in variables} >= {"windows", "months", "states", "derived"}

"""YAML: the compiled reader and the plain one read the same, and complain alike."""

from __future__ import annotations

import pytest

from tael.variables.definitions.check import Findings
from tael.variables.definitions.load import SHIPPED
from tael.variables.definitions.yaml import read_yaml

TEXTS = [
    *((SHIPPED / f"{name}.yaml").read_text("utf-8") for name in ("vat_invoice", "court_record")),
    "a: [1, 2",
    "a: &x 1\nb: *x",
    "a: 1\na: 2",
    "a: \x07",
    "",
    "- no\n- 010\n- 'on'",
    "名: {值: 一}",
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_with_and_without_the_compiled_reader_the_same_is_read(text: str) -> None:
    quick, plain = Findings(), Findings()

    assert read_yaml(text, "some.yaml", quick) == read_yaml(
        text, "some.yaml", plain, compiled=False
    )
    assert quick.ordered() == plain.ordered()

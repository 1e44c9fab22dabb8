"""YAML: the compiled reader and the plain one read the same, and complain alike."""

from __future__ import annotations

import pytest
import yaml

from tael.variables.definitions.check import Findings
from tael.variables.definitions.load import SHIPPED
from tael.variables.definitions.yaml import Node, read_yaml

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


def read(text: str) -> tuple[Node | None, Findings]:
    findings = Findings()
    return read_yaml(text, "some.yaml", findings), findings


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_with_and_without_the_compiled_reader_the_same_is_read(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, findings = read(text)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    plain, others = read(text)

    assert node == plain
    assert findings.ordered() == others.ordered()

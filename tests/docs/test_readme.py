"""The figures of the README are not above what the repository can show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PASSING = ROOT / "tests/conformance/cases/dmn_tck_passing.txt"
_CLAIM = re.compile(r"(\d,\d{3})(?= ?多?\[)")


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_as_many_conformance_cases_pass_as_the_readme_says(page: str) -> None:
    claimed = _CLAIM.search((ROOT / page).read_text("utf-8"))
    assert claimed is not None
    passing = sum(len(line.split()) - 1 for line in _PASSING.read_text("utf-8").splitlines())

    assert 0 <= passing - int(claimed[1].replace(",", "")) < 500

"""The reference pages list what the code has, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from tael.ledger import CHART

ROOT = Path(__file__).resolve().parents[2]


def test_the_chart_of_accounts_is_the_page() -> None:
    page = (ROOT / "docs/reference/accounts.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (debit|credit) \|", page, re.MULTILINE)
    side = {"Dr": "debit", "Cr": "credit"}
    expected = [(a.code, a.name_zh, a.name_en, side[a.side.value]) for a in CHART.values()]
    assert rows == expected

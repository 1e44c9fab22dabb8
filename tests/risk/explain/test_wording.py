"""Facts behind reasons: told where the words are exact, never naming what no reason may name."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from tael.risk.explain.wording import fact_of, is_protected
from tael.risk.facts import facts_of

CASES = Path(__file__).parent.parent / "cases"


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("protected.csv"), ids=lambda row: row["name"])
def test_what_no_reason_may_name_is_known_by_whole_words(row: dict[str, str]) -> None:
    assert is_protected(row["name"]) == (row["protected"] == "yes")


@pytest.mark.parametrize(
    "row", rows("fact_texts.csv"), ids=lambda row: f"{row['name']}={row['value']}"
)
def test_a_fact_is_told_in_chinese_and_english_or_not_at_all(row: dict[str, str]) -> None:
    told = fact_of(facts_of(row["name"]), float(row["value"]))
    assert (told.zh if told else "") == row["zh"]
    assert (told.en if told else "") == row["en"]


def test_the_text_of_a_catalogue_goes_before_a_guess() -> None:
    facts = replace(
        facts_of("ent.bank_tx.rent.out.90d.amount.sum"),
        zh="企业近90天银行流水（房租、支出）金额合计（元）",
        en="Firm, bank transactions (rent, out), last 90 days: total amount (CNY)",
    )
    told = fact_of(facts, 3000.0)
    assert told is not None
    assert told.zh == "企业近90天银行流水（房租、支出）金额合计: 3,000 元"
    assert told.en == "Firm, bank transactions (rent, out), last 90 days: total amount: CNY 3,000"

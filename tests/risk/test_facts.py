"""Every variable of the catalogue has a concept, and every concept sentences in both languages."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tael.kernel import BadInput
from tael.risk.facts import OTHER, Concept, concepts, facts_from, facts_of
from tael.variables import expand, load_definitions

CASES = Path(__file__).parent / "cases" / "facts.csv"


@pytest.fixture(scope="module")
def signs() -> dict[str, str]:
    """Of every variable of the catalogue the sign that is told, or ''."""
    return {each.name: each.sign for each in expand(load_definitions())}


def rows() -> list[dict[str, str]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["name"])
def test_a_name_tells_what_it_is_about(row: dict[str, str]) -> None:
    facts = facts_of(row["name"])
    found = {key: str(getattr(facts, key)) for key in row}
    assert found == row


def test_every_variable_of_the_catalogue_has_a_concept_of_the_table(signs: dict[str, str]) -> None:
    found = {facts_of(name).concept for name in signs}
    assert found == set(concepts()) - {OTHER}


def test_a_sign_that_is_guessed_is_the_one_of_the_catalogue_where_it_has_one(
    signs: dict[str, str],
) -> None:
    guessed = {name: facts_of(name).sign for name in signs}
    assert sum(1 for sign in guessed.values() if sign) > 500
    wrong = [name for name, sign in guessed.items() if sign and signs[name] not in {sign, ""}]
    assert wrong == []


@pytest.mark.parametrize("subject", ["firm", "owner"])
def test_reasons_about_the_owner_and_about_the_firm_stay_apart(
    subject: str, signs: dict[str, str]
) -> None:
    whose = {"firm": "ent.", "owner": "per."}[subject]
    found = {facts_of(name).concept for name in signs if name.startswith(whose)}
    assert {code.split("_")[0] for code in found} <= {subject, "region"}


@pytest.mark.parametrize("concept", concepts().values(), ids=lambda concept: concept.code)
def test_a_concept_has_whole_sentences_in_chinese_and_english(concept: Concept) -> None:
    assert concept.adverse in {"high", "low"}
    for words in (concept.noun, concept.high, concept.low):
        assert any("\u4e00" <= character <= "\u9fff" for character in words.zh)
        assert words.en.isascii()
    for words in (concept.high, concept.low):
        assert words.en[0].isupper()
        assert " " in words.en
    assert concept.code == OTHER or concept.high != concept.low


def test_the_catalogue_goes_before_what_a_name_tells() -> None:
    name = "ent.bank_tx.sales.in.90d.amount.sum"
    row = {"name": name, "zh": "回款", "en": "Sales", "unit": "CNY", "expected_sign": None}
    assert facts_of(name).sign == "-"
    found = facts_from(row)
    assert (found.sign, found.zh, found.en) == ("", "回款", "Sales")
    assert (found.concept, found.source) == ("firm_income_level", "bank_tx")
    assert facts_from({"name": name}).zh == name
    assert facts_from({**row, "expected_sign": "+"}).sign == "+"


@pytest.mark.parametrize("row", [{}, {"name": ""}, {"name": "x", "expected_sign": "up"}])
def test_a_row_without_name_or_with_another_sign_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        facts_from(row)

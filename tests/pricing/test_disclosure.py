"""The cost disclosure: complete, adding up, the same bytes anywhere, readable in two languages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from tael.kernel import BadInput, Day, Money, Rate
from tael.pricing import (
    Component,
    CostDisclosure,
    Fee,
    Method,
    Terms,
    build_schedule,
    cost_disclosure,
)

TERMS = Terms(
    Money.parse("120000"),
    Method.EQUAL_INSTALMENT,
    12,
    Day(2025, 8, 20),
    (
        Component("bank_interest", Rate.percent(6), payer="borrower", payee="bank"),
        Component("guarantee_fee", Rate.percent(12), payer="borrower", payee="guarantor"),
        Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform"),
    ),
    penalty_rate=Rate.percent(3),
)
PARTIES = {"guarantor": "安信融资担保有限公司"}
FEE = Fee("appraisal_fee", Money.parse("200"), payee="guarantor")


def document(terms: Terms = TERMS, fees: tuple[Fee, ...] = ()) -> CostDisclosure:
    return cost_disclosure(
        build_schedule(terms), "江南银行", PARTIES, fees, prepayment_fee=Rate.percent(1)
    )


def test_every_charge_names_its_collector_way_standard_and_amount() -> None:
    rows = [
        (item.name, item.collector, item.way, item.base, item.amount)
        for item in document(fees=(FEE,)).items
    ]
    assert rows == [
        ("bank_interest", "江南银行", "with_instalment", "outstanding", Money.parse("4006.39")),
        ("guarantee_fee", "安信融资担保有限公司", "with_instalment", "outstanding",
         Money.parse("8012.81")),
        ("appraisal_fee", "安信融资担保有限公司", "at_start", "once", Money.parse("200")),
    ]  # fmt: skip


def test_contingent_charges_stand_apart_and_carry_no_amount() -> None:
    apart = document().contingent
    assert [(item.name, item.base, item.amount) for item in apart] == [
        ("penalty", "overdue", None),
        ("prepayment_fee", "prepaid", None),
    ]
    plain = cost_disclosure(
        build_schedule(replace(TERMS, penalty_rate=Rate.zero())), "江南银行", PARTIES
    )
    assert not plain.contingent
    assert "无" in plain.text()


def test_the_hash_is_of_the_canonical_content() -> None:
    found = document()
    assert found.content() == document().content()
    assert found.hash == hashlib.sha256(found.content().encode()).hexdigest()
    facts = json.loads(found.content())
    assert facts["annual_nominal_percent"].startswith("18.0000")
    assert facts["total_payment"] == 13201920
    assert len(facts["schedule"]) == 12


def test_anything_that_costs_changes_the_hash() -> None:
    others = [
        document(replace(TERMS, penalty_rate=Rate.percent(4))),
        document(replace(TERMS, months=11)),
        document(fees=(FEE,)),
        cost_disclosure(build_schedule(TERMS), "江北银行", PARTIES),
    ]
    assert len({document().hash, *(other.hash for other in others)}) == 5


def test_the_text_says_it_in_chinese() -> None:
    text = document().text()
    assert text.startswith("综合融资成本明示表\n贷款人：江南银行")
    assert "1. 贷款利息：收取方 江南银行；方式 随每期还款收取；标准 按剩余本金年化 6%" in text
    assert "综合融资成本年化（内部收益率×12，单利）：18.00%" in text
    assert "逾期罚息：收取方 江南银行；标准 按逾期本金年化 3%" in text
    assert "servicing" not in text


def test_the_text_says_it_in_english() -> None:
    text = document(fees=(FEE,)).text("en")
    assert "Guarantee fee: collected by 安信融资担保有限公司; with each instalment" in text
    assert "appraisal_fee: collected by 安信融资担保有限公司; once, at disbursement" in text
    assert "Prepayment fee: collected by 江南银行; 1% of the prepaid principal" in text


def test_a_flat_charge_is_shown_on_the_original_principal() -> None:
    found = document(replace(TERMS, method=Method.FLAT))
    assert {item.base for item in found.items} == {"original"}
    assert found.cost.nominal > Rate.percent(30)


def test_whoever_collects_has_a_name() -> None:
    with pytest.raises(BadInput) as refused:
        cost_disclosure(build_schedule(TERMS), "江南银行", {"guarantor": " "})
    assert refused.value.field == "parties.guarantor"
    with pytest.raises(BadInput) as refused:
        cost_disclosure(build_schedule(TERMS), "", PARTIES)
    assert refused.value.field == "parties.bank"


def test_there_are_two_languages() -> None:
    with pytest.raises(BadInput) as refused:
        document().text("fr")
    assert refused.value.field == "locale"

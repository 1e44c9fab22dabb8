"""The letter: outcome, reasons, rights; nothing of how the decision was made."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tael.kernel import BadInput, Rate
from tael.policies import rules
from tael.policies.model import Reason, Verdict
from tael.policies.recourse import Advised, Letter, Sender, letter, what_would_change
from tael.report import Words

CAP = Rate.percent(24)
SENDER = Sender(Words("某某融资担保有限公司", "Some Guarantee Co., Ltd."), "400-000-0000", days=10)
IN_DEBT = {
    "owner_age": 41, "years_in_business": 6, "employees": 5, "monthly_revenue": 100_000,
    "bank_turnover_12m": 1_000_000, "tax_paid_12m": 20_000, "total_debt": 1_800_000,
    "debt_ratio": Decimal("1.5"), "revenue_volatility": Decimal("0.2"), "overdue_count_24m": 0,
    "enquiries_6m": 1, "active_loans": 1, "owns_property": True, "region": "310000",
    "industry": "F52", "enterprise_kind": "company", "amount": 150_000, "months": 12,
}  # fmt: skip


def written(shipped: Advised, *, advised: bool = False, **change: object) -> tuple[Letter, Verdict]:
    inputs = {**IN_DEBT, **change}
    held = rules.checked(shipped.policy, inputs)
    verdict, _ = rules.evaluate(shipped.policy, held, cap=CAP)
    reasons = [shipped.policy.reason(code) for code in verdict.reasons]
    advice = what_would_change(shipped, inputs, CAP) if advised else None
    return letter(verdict, reasons, SENDER, advice), verdict


def test_a_refusal_names_reasons_rights_and_whom_to_ask(shipped: Advised) -> None:
    made, _ = written(shipped)
    zh, en = made.text("zh"), made.text("en")
    assert "未能通过" in zh
    assert "现有负债相对收入过高" in zh
    assert "第二十四条" in zh
    assert "拒绝仅通过自动化决策" in zh
    assert "400-000-0000" in zh
    assert "10天" in zh
    assert "Existing debt is too high for the revenue" in en
    assert "refuse a decision made by automated means alone" in en
    assert "within 10 days" in en


def test_nothing_of_how_it_was_decided_stands_in_it(shipped: Advised) -> None:
    for change in ({}, {"overdue_count_24m": 4, "active_loans": 9}, {"amount": 2_500_000}):
        made, verdict = written(shipped, advised=True, **change)
        for text in (made.text("zh"), made.text("en"), made.html("en")):
            codes = {*verdict.reasons, *shipped.policy.reasons, "debt_ratio", "knock_outs"}
            assert not [code for code in codes if "_" in code and code in text]
            assert str(verdict.points) not in text
            assert str(verdict.pd.fraction) not in text
            assert not re.search(r"\bR[1-7]\b|tier|score|等级|评分", text)


def test_it_tells_what_would_change_the_outcome(shipped: Advised) -> None:
    made, _ = written(shipped, advised=True)
    assert "1,440,000元" in made.text("zh")
    assert "no promise" in made.text("en")
    hopeless, _ = written(shipped, advised=True, industry="gambling")
    assert "nothing there that would change" in hopeless.text("en")


def test_an_approval_names_the_limit_and_the_bank(shipped: Advised) -> None:
    made, verdict = written(shipped, total_debt=100_000, debt_ratio=Decimal("0.1"))
    assert verdict.outcome == "approve"
    assert f"{verdict.limit.decimal():,.0f}元" in made.text("zh")
    assert "lending bank" in made.text("en")
    referred, _ = written(shipped, total_debt=0, debt_ratio=Decimal(0), amount=2_500_000,
                          monthly_revenue=1_000_000, bank_turnover_12m=9_000_000)  # fmt: skip
    assert "member of our staff" in referred.text("en")
    assert "This decision was made automatically" not in referred.text("en")


def test_at_most_four_reasons_are_named_and_every_text_is_escaped(shipped: Advised) -> None:
    _, verdict = written(shipped)
    reasons = [Reason(f"c{n}", f"原因{n}<b>", f"Reason {n} & <b>") for n in range(6)]
    html = letter(verdict, reasons, SENDER).html("en")
    assert "Reason 3 &amp; &lt;b&gt;" in html
    assert "Reason 4" not in html
    assert html.startswith('<section lang="en">')
    with pytest.raises(BadInput, match="'fr' is not a language"):
        letter(verdict, reasons, SENDER).text("fr")

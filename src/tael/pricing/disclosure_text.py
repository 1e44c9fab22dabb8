"""The cost disclosure in words: tables by code, Chinese and English, no rule of its own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from tael.kernel import BadInput, Money

_TEXTS: dict[str, dict[str, str]] = {
    "zh": {
        "title": "综合融资成本明示表",
        "lender": "贷款人：{lender}",
        "loan": "贷款本金：{principal}；期数：{instalments}；还款方式：{method}；起息日：{start}",
        "items": "一、正常履约时的各项息费",
        "item": "{no}. {name}：收取方 {collector}；方式 {way}；标准 {standard}；金额 {amount}",
        "total": "息费合计：{charges}；还款总额：{payment}",
        "annual": "综合融资成本年化（内部收益率×12，单利）：{nominal}%；按复利折算：{effective}%",
        "contingent": "二、或有费用（仅在下列情形发生时收取，不计入上述年化）",
        "apart": "{no}. {name}：收取方 {collector}；标准 {standard}",
        "nothing": "无",
        "promise": "除本表所列项目外，不向借款人收取任何其他费用。",
        "equal_instalment": "等额本息",
        "equal_principal": "等额本金",
        "interest_only": "先息后本",
        "flat": "等本等息",
        "bank_interest": "贷款利息",
        "guarantee_fee": "担保费",
        "service_fee": "服务费",
        "penalty": "逾期罚息",
        "prepayment_fee": "提前还款违约金",
        "with_instalment": "随每期还款收取",
        "at_start": "放款时一次性收取",
        "outstanding": "按剩余本金年化 {rate}%",
        "original": "按初始本金年化 {rate}%",
        "overdue": "按逾期本金年化 {rate}%",
        "prepaid": "按提前偿还本金的 {rate}%",
        "once": "固定金额",
    },
    "en": {
        "title": "Disclosure of the all-in cost of credit",
        "lender": "Lender: {lender}",
        "loan": "Principal {principal}; {instalments} instalments; method: {method}; from {start}",
        "items": "A. Charges when every instalment is paid in time",
        "item": "{no}. {name}: collected by {collector}; {way}; {standard}; amount {amount}",
        "total": "Total charges: {charges}; total payment: {payment}",
        "annual": "All-in annual cost (12 x monthly IRR) {nominal}%; compounded {effective}%",
        "contingent": "B. Contingent charges (only if it happens; not in the annual cost above)",
        "apart": "{no}. {name}: collected by {collector}; {standard}",
        "nothing": "none",
        "promise": "The borrower is charged nothing that is not listed here.",
        "equal_instalment": "equal instalments",
        "equal_principal": "equal principal",
        "interest_only": "interest first, principal at the end",
        "flat": "flat charge",
        "bank_interest": "Loan interest",
        "guarantee_fee": "Guarantee fee",
        "service_fee": "Service fee",
        "penalty": "Penalty interest",
        "prepayment_fee": "Prepayment fee",
        "with_instalment": "with each instalment",
        "at_start": "once, at disbursement",
        "outstanding": "{rate}% a year on outstanding principal",
        "original": "{rate}% a year on the original principal",
        "overdue": "{rate}% a year on overdue principal",
        "prepaid": "{rate}% of the prepaid principal",
        "once": "a fixed sum",
    },
}
_HUNDREDTH = Decimal("0.01")

Facts = Mapping[str, object]


def render(facts: Facts, locale: str) -> str:
    """The lines of the document in ``locale``."""
    texts = _TEXTS.get(locale)
    if texts is None:
        raise BadInput(f"no disclosure in {locale!r}", field="locale", rule="zh | en")
    items = [_line(texts, "item", no, item, facts) for no, item in _numbered(facts["items"])]
    apart = [_line(texts, "apart", no, item, facts) for no, item in _numbered(facts["contingent"])]
    return "\n".join(
        [
            texts["title"],
            texts["lender"].format_map(facts),
            texts["loan"].format_map(
                {
                    **facts,
                    "principal": _money(facts, facts["principal"]),
                    "method": texts[str(facts["method"])],
                }
            ),
            texts["items"],
            *(items or [texts["nothing"]]),
            texts["total"].format(
                charges=_money(facts, facts["total_charges"]),
                payment=_money(facts, facts["total_payment"]),
            ),
            texts["annual"].format(
                nominal=_rounded(facts["annual_nominal_percent"]),
                effective=_rounded(facts["annual_effective_percent"]),
            ),
            texts["contingent"],
            *(apart or [texts["nothing"]]),
            texts["promise"],
        ]
    )


def _numbered(items: object) -> list[tuple[int, Facts]]:
    return list(enumerate(cast("list[Facts]", items), start=1))


def _line(texts: Mapping[str, str], form: str, no: int, item: Facts, facts: Facts) -> str:
    name = str(item["name"])
    return texts[form].format(
        no=no,
        name=texts.get(name, name),
        collector=item["collector"],
        way=texts.get(str(item["way"]), ""),
        standard=texts[str(item["base"])].format(rate=item["rate_percent"]),
        amount=_money(facts, item["amount"]) if item["amount"] is not None else "",
    )


def _money(facts: Facts, minor: object) -> str:
    return str(Money(cast("int", minor), str(facts["currency"])))


def _rounded(percent: object) -> Decimal:
    return Decimal(str(percent)).quantize(_HUNDREDTH, ROUND_HALF_UP)

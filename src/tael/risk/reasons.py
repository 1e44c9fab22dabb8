"""Why a score is not higher: the variables that cost most points, in words of both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tael.risk.facts import concepts

_TEXTS: Mapping[str, tuple[str, str]] = {
    "business_age": ("经营年限较短", "Time in business is short"),
    "business_new": ("新设企业, 经营记录不足", "The business is new, with little record"),
    "revenue": ("经营收入规模较小或下降", "Business revenue is low or falling"),
    "bank_turnover": ("银行流水较少或不稳定", "Bank turnover is low or unsteady"),
    "tax": ("纳税金额较低或纳税记录不足", "Tax paid is low or the record is short"),
    "overdue_history": ("有逾期还款记录", "There were late repayments"),
    "debt_burden": ("现有负债相对收入偏高", "Debt is high compared with income"),
    "credit_enquiries": ("近期信贷查询次数较多", "There were many recent credit enquiries"),
    "owner_age": ("经营者年龄对应的还款记录风险较高", "Owners of this age group repaid less well"),
    "industry": ("所属行业违约率较高", "The industry has a higher rate of default"),
    "region": ("所在地区违约率较高", "The region has a higher rate of default"),
    "employees": ("雇员人数较少", "The firm has few employees"),
    "amount": ("申请金额相对同类借款人偏离", "The amount asked for carries more risk"),
    "guarantee_share": ("担保比例对应的风险较高", "Loans with this guaranteed share did worse"),
    "lender_record": ("贷款机构历史不良率较高", "The lender's earlier loans did worse"),
    "lender_distance": (
        "贷款机构与借款人不在同一地区",
        "The lender is not in the borrower's region",
    ),
    "credit_line": ("循环额度类贷款风险较高", "Revolving lines did worse"),
    "programme": ("贷款项目类别风险较高", "The loan programme did worse"),
    "location": ("城乡区位对应的风险较高", "The kind of location did worse"),
    "franchise": ("加盟情况对应的风险较高", "The franchise status did worse"),
    "jobs": ("新增或保留就业岗位较少", "Few jobs are created or kept"),
    "term": ("贷款期限对应的风险较高", "The term of the loan carries more risk"),
}


class _Texts(Mapping[str, tuple[str, str]]):
    """The texts above and, read when first asked, the adverse sentences of the concepts."""

    def __getitem__(self, code: str) -> tuple[str, str]:
        if code in _TEXTS:
            return _TEXTS[code]
        concept = concepts()[code]
        words = concept.high if concept.adverse == "high" else concept.low
        return words.zh, words.en

    def __iter__(self) -> Iterator[str]:
        yield from _TEXTS
        yield from concepts()

    def __len__(self) -> int:
        return len(_TEXTS) + len(concepts())


# code: (zh, en). Codes are concepts, so that variables of one concept give one reason.
REASON_TEXTS: Mapping[str, tuple[str, str]] = _Texts()


@dataclass(frozen=True, slots=True)
class Reason:
    """A main reason for the score.

    Attributes:
        code: the concept, stable.
        shortfall: points below what the average training row gets from the concept.
        features: the variables behind it, costliest first.
    """

    code: str
    shortfall: int
    features: tuple[str, ...]

    def text(self, locale: str = "zh") -> str:
        """The reason in 'zh' or 'en'; the code itself when it has no text."""
        zh, en = REASON_TEXTS.get(self.code, (self.code, self.code))
        return zh if locale.startswith("zh") else en


def main_reasons(losses: Mapping[str, tuple[str, int]], limit: int = 4) -> tuple[Reason, ...]:
    """The costliest concepts.

    Args:
        losses: by variable, its reason code and its points below the reference.
        limit: at most so many; four is what Regulation B's commentary 9(b)(2) calls enough.
    """
    by_code: dict[str, list[tuple[int, str]]] = {}
    for feature, (code, points) in losses.items():
        if points > 0:
            by_code.setdefault(code, []).append((points, feature))
    reasons = [
        Reason(
            code,
            sum(p for p, _ in parts),
            tuple(f for _, f in sorted(parts, key=lambda x: (-x[0], x[1]))),
        )
        for code, parts in by_code.items()
    ]
    return tuple(sorted(reasons, key=lambda reason: (-reason.shortfall, reason.code))[:limit])

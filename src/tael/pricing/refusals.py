"""The closed list of this engine's refusals, ordered by precedence, with their texts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tael.kernel import BadInput, Refusal

PLATFORM_FEE_FROM_BORROWER = "platform_fee_from_borrower"
CAP_EXCEEDED = "cap_exceeded"
NO_IRR = "no_irr"
PREPAYMENT_NOT_ALLOWED = "prepayment_not_allowed"

REFUSALS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        PLATFORM_FEE_FROM_BORROWER: {
            "zh": "平台不得向借款人收费：{component}",
            "en": "The platform may not charge the borrower: {component}",
        },
        CAP_EXCEEDED: {
            "zh": "综合融资成本年化 {cost} 超过上限 {cap}",
            "en": "The all-in cost of {cost} a year is above the cap of {cap}",
        },
        NO_IRR: {
            "zh": "该现金流没有内部收益率：{reason}",
            "en": "These cash flows have no internal rate of return: {reason}",
        },
        PREPAYMENT_NOT_ALLOWED: {
            "zh": "不能这样提前还款：{reason}",
            "en": "No such prepayment: {reason}",
        },
    }
)


def refusal_text(refusal: Refusal, locale: str = "zh") -> str:
    """The sentence a person reads for a refusal of this engine, in ``zh`` or ``en``.

    Raises:
        BadInput: a code that this engine never gives, or another locale.
    """
    texts = REFUSALS.get(refusal.code)
    if texts is None or locale not in texts:
        raise BadInput(
            f"no text for {refusal.code!r} in {locale!r}",
            field="refusal",
            rule="a code of this engine; locale zh or en",
        )
    return texts[locale].format_map(refusal.detail)

"""Advice in plain Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tael.kernel import Money
from tael.policies.model import Feature, Reason, Verdict
from tael.policies.recourse.declared import Kind, Lever
from tael.policies.recourse.judging import Target
from tael.report import Words

_MONEY = frozenset({Kind.PAY_DOWN, Kind.LESS_AMOUNT})
_YUAN = "CNY"
NOTHING_BETTER = Words(
    "申请已按最好的等级全额通过，没有需要改变的。",
    "The application is approved in full at the best tier; there is nothing to change.",
)
_TARGETS = {
    Target.APPROVE: Words("获得通过", "be approved"),
    Target.AMOUNT: Words("获得申请的全部金额", "get the whole amount asked for"),
    Target.TIER: Words("获得更好的等级", "reach a better tier"),
}
_OUTCOMES = {
    "approve": Words("通过", "approved"),
    "refer": Words("转人工复核", "looked at by a person"),
    "decline": Words("不通过", "declined"),
}
_HONEST = Words(
    "以上按目前的审批政策和已核实的资料计算，不构成承诺；请如实申报，提供虚假资料的申请将被拒绝。",
    "This is computed on the policy in force and the figures on file; it is no promise. State "
    "figures as they are: an application with false ones is refused.",
)


def change(lever: Lever, before: Feature, after: Feature, currency: str) -> Words:
    """What to do, with figures: the declared text with its places filled."""
    zh, en = (
        _filled(getattr(lever.words, locale), lever, (before, after), (locale, currency))
        for locale in ("zh", "en")
    )
    return Words(zh, en)


def answer(target: Target, changes: Sequence[Words], verdict: Verdict) -> Words:
    """The changes and what the policy says then, as a sentence."""
    outcome = _OUTCOMES[verdict.outcome]
    limit = verdict.limit
    zh = "；并".join(each.zh for each in changes)
    en = "; and ".join(each.en for each in changes)
    if target is Target.TIER and verdict.outcome == "decline":
        return Words(f"{zh}。", f"{en}.")
    money_zh, money_en = (
        _money(limit.decimal(), locale, limit.currency) for locale in ("zh", "en")
    )
    return Words(
        f"{zh}。届时结果：{outcome.zh}，额度{money_zh}。",
        f"{en}. The application would then be {outcome.en}, with a limit of {money_en}.",
    )


def advice(
    target: Target, answers: Sequence[Words], fixed: Sequence[Reason], *, complete: bool
) -> Words:
    """The whole advice, a line a way."""
    wanted = _TARGETS[target]
    zh, en = [], []
    if answers:
        zh.append(f"以下任一做法可以{wanted.zh}：")
        en.append(f"Any one of these would do to {wanted.en}:")
        for number, each in enumerate(answers, 1):
            zh.append(f"{number}. {each.zh}")
            en.append(f"{number}. {each.en}")
    elif fixed:
        zh.append(f"目前没有您能够改变的事项可以使申请{wanted.zh}。")
        en.append(f"Nothing that you can change would let the application {wanted.en}.")
    else:
        more_zh = "" if complete else "在考察的范围内，"
        more_en = "" if complete else "As far as was looked, "
        zh.append(f"{more_zh}同时改变至多三项您能够影响的事项，仍不足以{wanted.zh}。")
        en.append(
            f"{more_en}changing up to three of the things that you can influence is not enough "
            f"to {wanted.en}."
        )
    if fixed:
        zh.append("不因这些做法改变的原因：" + "；".join(reason.zh for reason in fixed) + "。")
        en.append("What these cannot change: " + "; ".join(reason.en for reason in fixed) + ".")
    zh.append(_HONEST.zh)
    en.append(_HONEST.en)
    return Words("\n".join(zh), "\n".join(en))


def _filled(text: str, lever: Lever, values: tuple[Feature, Feature], how: tuple[str, str]) -> str:
    before, after = values
    numbers = [value if isinstance(value, Decimal) else Decimal(0) for value in values]
    months = after if lever.kind is Kind.WAIT else Decimal(lever.months or 0)
    return text.format(
        **{
            "from": _figure(lever, before, how),
            "to": _figure(lever, after, how),
            "by": _figure(lever, abs(numbers[1] - numbers[0]), how),
            "months": f"{months}",
        }
    )


def _figure(lever: Lever, value: Feature, how: tuple[str, str]) -> str:
    locale, currency = how
    if isinstance(value, Decimal):
        return _money(value, locale, currency) if lever.kind in _MONEY else plain(value)
    return str(value)


def _money(value: Decimal, locale: str, currency: str) -> str:
    if locale == "zh" and currency == _YUAN:
        return f"{plain(value)}元"
    return f"{currency} {plain(value)}"


def plain(value: Decimal) -> str:
    """A number as people write it: thousands apart, no zeros after the point."""
    whole = value == value.to_integral_value()
    return f"{value.to_integral_value():,}" if whole else f"{value.normalize():,f}"


def money(amount: Money, locale: str) -> str:
    """An amount as people write it."""
    return _money(amount.decimal(), locale, amount.currency)

"""The fact behind a reason in words: what a variable measures, over what time, and its value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache

from tael.report import Words
from tael.risk.facts import Facts, concepts

# Of these only the sentence is told: the figures would show how applications are watched.
UNTOLD = frozenset(("owner_application", "owner_device"))
# Who is related to whom is told to nobody.
_RELATIONS = frozenset(("family",))

# Data that no reason may name: PIPL art. 28 (sensitive data) and Regulation B, 12 CFR 1002.2(z).
_PROTECTED = re.compile(
    r"(^|[._\-\s])(sex|gender|age|birth\w*|race|ethnic\w*|nationality|religio\w*|marital|married|"
    r"spouse|pregnan\w*|health|disab\w*|politic\w*|orientation|biometric\w*)($|[._\-\s])"
)
# Names of ours in which such a word means something else.
_MEANT_OTHERWISE = ("business_age", "firm_age")

_WINDOWS: Mapping[str, Words] = {
    "7d": Words("近7天", "in the last 7 days"),
    "30d": Words("近1个月", "in the last month"),
    "60d": Words("近2个月", "in the last 2 months"),
    "90d": Words("近3个月", "in the last 3 months"),
    "180d": Words("近6个月", "in the last 6 months"),
    "365d": Words("近12个月", "in the last 12 months"),
    "730d": Words("近24个月", "in the last 24 months"),
    "1095d": Words("近3年", "in the last 3 years"),
    "1825d": Words("近5年", "in the last 5 years"),
    "24m": Words("近24个月", "in the last 24 months"),
    "now": Words("当前", "now"),
    "all": Words("历史上", "ever"),
    "run": Words("历次", "ever"),
}

# Word of a source for one event: zh, its counter, en singular and plural.
_EVENTS: Mapping[str, tuple[str, str, str, str]] = {
    "bank_tx": ("交易", "笔", "bank transaction", "bank transactions"),
    "book_entry": ("记账", "笔", "entry in the books", "entries in the books"),
    "bureau_enquiry": ("查询", "次", "enquiry", "enquiries"),
    "bureau_tradeline": ("月度还款记录", "条", "monthly record", "monthly records"),
    "court_record": ("涉诉记录", "条", "court record", "court records"),
    "device_event": ("操作", "次", "action", "actions"),
    "pos_day": ("收单日", "天", "day of takings", "days of takings"),
    "registry_change": ("登记变更", "次", "registry change", "registry changes"),
    "tax_return": ("纳税申报", "次", "tax return", "tax returns"),
    "utility_bill": ("账单", "期", "utility bill", "utility bills"),
    "vat_invoice": ("发票", "张", "invoice", "invoices"),
}

_AGGREGATES: Mapping[str, Words] = {
    "sum": Words("合计", "in total"),
    "mean": Words("平均", "on average"),
    "max": Words("最高", "at most"),
    "min": Words("最低", "at least"),
    "last": Words("最近一次", "most recently"),
    "std": Words("的标准差", "standard deviation"),
    "cv": Words("的波动系数", "coefficient of variation"),
    "slope": Words("每日变化", "change a day"),
    "velocity": Words("与更长时期之比", "against the longer period"),
    "share": Words("占全部的比例", "share of all"),
    "distinct": Words("涉及", "number of different ones"),
    "top1_share": Words("最大一家占比", "share of the largest"),
    "top5_share": Words("前五家占比", "share of the largest five"),
    "hhi": Words("集中度", "concentration"),
    "days_since_last": Words("距最近一次", "time since the latest"),
    "days_since_first": Words("距最早一次", "time since the earliest"),
    "since_last": Words("距最近一次", "time since the latest"),
    "since_worst": Words("距最重一次", "time since the worst"),
    "gap_mean": Words("平均间隔", "mean gap"),
    "longest": Words("最长连续", "longest run"),
    "current": Words("当前连续", "current run"),
    "transitions": Words("发生", "times it began"),
    "drawdown": Words("最大回撤", "largest fall from a peak"),
    "zero_months": Words("无发生额", "months without any"),
    "longest_zero_run": Words("最长连续无发生额", "longest run of months without any"),
    "last3_to_prev3": Words("近3个月与前3个月之比", "3 months against the 3 before"),
    "last3_to_last12": Words("近3个月与近12个月之比", "3 months against 12"),
    "months_since_peak": Words("距最高月份", "time since the highest month"),
    "days_below": Words("低于限额", "time below the limit"),
    "ratio": Words("之比", "ratio"),
    "percentile": Words("在同地区同行业的百分位", "place among its peers"),
    "difference": Words("之差", "difference"),
    "n": Words("发生", "number"),
}

_UNITS: Mapping[str, tuple[str, str, str]] = {
    "count": ("次", "", ""),
    "item": ("个", "", ""),
    "day": ("天", "day", "days"),
    "month": ("个月", "month", "months"),
    "second": ("秒", "second", "seconds"),
    "unit": ("单位", "unit", "units"),
    "point": ("点", "point", "points"),
}
_UNIT_AT_THE_END = re.compile(r"\s*[（(][^（()）]*[）)]$")
_TIMES = frozenset(("n", "transitions"))
_ROUNDING, _LARGE = 1e-6, 50.0


@lru_cache(maxsize=65_536)
def is_protected(name: str) -> bool:
    """Whether a variable's name speaks of data that no reason may name: sex, age, faith, health."""
    lower = name.lower()
    return lower not in _MEANT_OTHERWISE and _PROTECTED.search(lower) is not None


def fact_of(facts: Facts, value: float) -> Words | None:
    """The fact in words; None where it may not be told or the name does not say what it is.

    Texts of a catalogue are used where they were handed in; a count of events, and any other
    variable without such a text, is told by its dotted name.
    """
    parts = facts.name.split(".")
    untold = facts.concept in UNTOLD or not _RELATIONS.isdisjoint(parts)
    if not math.isfinite(value) or untold or is_protected(facts.name):
        return None
    # A ratio of two sources is not told by its concept's noun.
    known = facts.subject and facts.source != "cross" and parts[-3] in _WINDOWS
    known = known and _plain(parts[2:-3])
    if known and parts[-1] == "n" and facts.source in _EVENTS:
        return _count(facts.source, _WINDOWS[parts[-3]], value)
    unit = "item" if facts.unit == "count" and parts[-1] not in _TIMES else facts.unit
    if facts.zh and facts.zh != facts.name:
        zh, en = (_UNIT_AT_THE_END.sub("", text) for text in (facts.zh, facts.en))
        return Words(f"{zh}: {_written(value, unit, 'zh')}",
                     f"{en}: {_written(value, unit, 'en')}")  # fmt: skip
    if known and parts[-1] in _AGGREGATES and facts.concept in concepts():
        return _measure(facts, (parts, unit), value)
    return None


def _plain(dimensions: list[str]) -> bool:
    """Whether nothing is filtered but what the concept says itself."""
    return all(each == "all" for each in dimensions)


def _count(source: str, window: Words, value: float) -> Words:
    zh, counter, one, many = _EVENTS[source]
    number = f"{value:,.0f}"
    word = one if number == "1" else many
    return Words(f"{window.zh}{zh} {number} {counter}", f"{number} {word} {window.en}")


def _measure(facts: Facts, named: tuple[list[str], str], value: float) -> Words:
    parts, unit = named
    noun, window = concepts()[facts.concept].noun, _WINDOWS[parts[-3]]
    what = _AGGREGATES[parts[-1]]
    en = f"{noun.en}, {what.en}, {window.en}: {_written(value, unit, 'en')}"
    return Words(
        f"{window.zh}{noun.zh}{what.zh} {_written(value, unit, 'zh')}",
        en[0].upper() + en[1:],
    )


def _written(value: float, unit: str, locale: str) -> str:
    base, _, per_day = unit.partition("/")
    if base == "ratio":
        return f"{value:.0%}"
    number = _number(value)
    if base == "CNY":
        text = f"{number} 元" if locale == "zh" else f"CNY {number}"
    elif base in _UNITS:
        zh, one, many = _UNITS[base]
        word = zh if locale == "zh" else (one if number == "1" else many)
        text = f"{number} {word}".strip()
    else:
        text = number
    if not per_day:
        return text
    return f"{text}/天" if locale == "zh" else f"{text} a day"


def _number(value: float) -> str:
    """Whole where that loses little, else three significant digits."""
    whole = round(value)
    if abs(value - whole) < _ROUNDING or abs(value) >= _LARGE:
        return f"{whole:,}"
    return f"{value:.3g}"

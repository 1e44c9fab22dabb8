"""The words of the rules that cells of a book may break, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from tael.report import Words

RULES: Mapping[str, Words] = {
    "not_number": Words("不是数字", "not a number"),
    "not_date": Words("不是日期", "not a date"),
    "date_range": Words("日期早于 1990 年或晚于 2099 年", "a date before 1990 or after 2099"),
    "not_positive": Words("为零或负数", "zero or negative"),
    "too_large": Words("数值过大", "too large"),
    "not_term": Words("不是期限", "not a term"),
    "term_range": Words("期限不在 1 到 360 个月之间", "a term outside 1 to 360 months"),
    "rate_range": Words("年利率不在 0% 到 200% 之间", "a rate outside 0% to 200% a year"),
    "not_probability": Words("不在 0 和 1 之间", "not between 0 and 1"),
    "dpd_range": Words("不是天数", "not a number of days"),
    "not_outcome": Words("既非好也非坏", "neither good nor bad"),
    "not_decision": Words("既非通过也非拒绝", "neither approved nor declined"),
    "repeated_id": Words("编号前面已出现过", "a number that stands there before"),
    "no_ranking": Words("没有评分、概率或等级", "no score, probability or tier"),
    "too_many_cells": Words("单元格比表头多", "more cells than headings"),
}


def rule_text(rule: str, language: str) -> str:
    """The words of a rule in ``zh`` or ``en``; an unknown one stands for itself."""
    words = RULES.get(rule)
    if words is None:
        return rule
    return words.zh if language == "zh" else words.en

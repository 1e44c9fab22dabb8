"""What verification says, by kind of finding, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

from tael.dmn.findings import Severity

# kind → (zh, en); names in braces are filled in.
TEXTS: Mapping[str, tuple[str, str]] = {
    "gap": (
        "没有规则覆盖 {region}；例如 {example}",
        "no rule covers {region}; for example {example}",
    ),
    "overlap": (
        "规则 {rules} 同时命中，而命中策略 UNIQUE 只许一条；例如 {example}",
        "rules {rules} both match, and hit policy UNIQUE allows one; for example {example}",
    ),
    "conflict": (
        "规则 {rules} 同时命中但结论不同，命中策略 ANY 要求结论相同；例如 {example}",
        (
            "rules {rules} both match with different conclusions, which hit policy ANY forbids; "
            "for example {example}"
        ),
    ),
    "undecided_priority": (
        "规则 {rules} 同时命中，结论不同而优先级相同；例如 {example}",
        (
            "rules {rules} both match, and no priority decides between their conclusions; "
            "for example {example}"
        ),
    ),
    "unreachable": (
        "规则 {rules} 永远不会生效：凡它命中之处，都有更优先的规则先命中",
        "rule {rules} never takes effect: wherever it matches, rules before it match too",
    ),
    "redundant": (
        "规则 {rules} 多余：去掉它，结果不变",
        "rule {rules} is redundant: without it every result is the same",
    ),
    "mergeable": (
        "规则 {rules} 结论相同，只在“{column}”一列不同，可以合并为 {region}",
        (
            "rules {rules} have the same conclusions and differ in {column!r} only: "
            "they can be one rule with {region}"
        ),
    ),
    "empty_cell": (
        "规则 {rules} 的“{column}”一格不匹配任何值，该规则永远不会命中",
        "the cell {column!r} of rule {rules} matches no value, so the rule never matches",
    ),
    "outside_allowed": (
        "规则 {rules} 的“{column}”一格含有不允许的值",
        "the cell {column!r} of rule {rules} asks for a value that is not allowed",
    ),
    "not_constant": (
        "“{column}”一列中规则 {rules} 的格子不是常量，只作保守检查",
        (
            "in column {column!r} the cells of rules {rules} are not constant: "
            "they are taken as matching or not, whichever finds less"
        ),
    ),
    "undecided_output": (
        "规则 {rules} 的结论不在“{column}”的优先级列表中",
        "the conclusion of rule {rules} is not in the list of priorities of {column!r}",
    ),
}
SEVERITIES: Mapping[str, Severity] = {
    "gap": Severity.WARNING,
    "overlap": Severity.ERROR,
    "conflict": Severity.ERROR,
    "undecided_priority": Severity.ERROR,
    "unreachable": Severity.WARNING,
    "redundant": Severity.NOTE,
    "mergeable": Severity.NOTE,
    "empty_cell": Severity.WARNING,
    "outside_allowed": Severity.WARNING,
    "not_constant": Severity.NOTE,
    "undecided_output": Severity.WARNING,
}
EVERYTHING = ("任何输入", "any input")
CONDITIONAL = (
    "（仅当这些取值能同时出现时）",
    " (only if these values can occur together)",
)
# Why something was not proven, and what was.
CHECKS: Mapping[str, tuple[str, str]] = {
    "gaps": ("缺口", "gaps"),
    "conflicts": ("冲突", "conflicts"),
    "unreachable": ("不可达规则", "unreachable rules"),
    "redundant": ("多余规则", "redundant rules"),
}
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "none": ("已证明没有{check}", "proven: no {check}"),
    "found": ("{check}已全部找出", "all {check} are found"),
    "some": ("找到部分{check}，其余未列出", "some {check} are shown; there are more"),
    "spent": ("时间用尽，{check}未查完", "the time was spent before all {check} were looked for"),
    "conditional": (
        "有不能静态判定的格子，{check}只作保守检查",
        "cells that are not constant: {check} are looked for conservatively",
    ),
    "not_asked": ("该命中策略不检查{check}", "{check} are not asked for with this hit policy"),
}

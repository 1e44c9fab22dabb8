"""The kinds of families and what each may aggregate, with units and texts."""

from __future__ import annotations

from dataclasses import dataclass

from tael.variables.definitions.model import Text

# Columns that every table of events has, whatever its source; no definition names them again.
RESERVED = ("subject_id", "event_id", "event_at", "known_at", "version", "void")
MOST_LEAVES = 1_024  # of a source: the compiled loops hold a cell for each and window
SUBJECTS = {
    "person": ("per", Text("个人", "Person")),
    "enterprise": ("ent", Text("企业", "Firm")),
    "pair": ("pair", Text("企业与企业主", "Firm and owner")),
}
# Unit → how it is written behind a value.
UNITS = {
    "CNY": Text("元", "CNY"),
    "CZK": Text("捷克克朗", "CZK"),
    "count": Text("个", "count"),
    "day": Text("天", "days"),
    "month": Text("月", "months"),
    "second": Text("秒", "seconds"),
    "unit": Text("单位", "units"),
    "point": Text("点", "points"),
    "ratio": Text("比例", "ratio"),
}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate: the kernel's word, the unit of its value, and its text with {m} as measure.

    ``unit`` is a word of ``UNITS``, or ``=`` for the measure's own, ``=/day`` for that a day.
    """

    operation: str
    unit: str
    integer: bool
    text: Text


def _of(operation: str, unit: str, zh: str, en: str) -> Aggregate:
    whole = unit in {"count", "day", "month"} or operation in {"sum", "min", "max", "last"}
    return Aggregate(operation, unit, whole and operation != "gap_mean", Text(zh, en))


_SERIES = {
    "mean": _of("mean", "=", "{m}月均", "monthly mean of {m}"),
    "std": _of("std", "=", "{m}逐月标准差", "standard deviation of monthly {m}"),
    "cv": _of("cv", "ratio", "{m}逐月变异系数", "coefficient of variation of monthly {m}"),
    "slope": _of("slope", "=/month", "{m}逐月斜率", "slope of monthly {m}"),
    "max": _of("max", "=", "{m}月最大值", "largest monthly {m}"),
    "min": _of("min", "=", "{m}月最小值", "smallest monthly {m}"),
    "drawdown": _of("drawdown", "ratio", "{m}最大回撤", "largest fall of monthly {m} from a peak"),
    "zero_months": _of("zero_months", "month", "无{m}月数", "months without {m}"),
    "longest_zero_run": _of(
        "longest_zero_run", "month", "最长连续无{m}月数", "longest run of months without {m}"
    ),
    "last3_to_prev3": _of(
        "last3_to_prev3", "ratio", "近3月与前3月{m}之比", "{m} of 3 months to the 3 before"
    ),
    "last3_to_last12": _of(
        "last3_to_last12", "ratio", "近3月与近12月{m}之比", "{m} of 3 months to 12 months"
    ),
    "months_since_peak": _of(
        "months_since_peak", "month", "距{m}最高月的月数", "months since the highest {m}"
    ),
}
_VELOCITY = ("ratio", "{m}与相邻更长窗口之比", "{m} to that of the next longer window")
_WINDOW_VALUE = {
    "sum": _of("sum", "=", "{m}合计", "total {m}"),
    "mean": _of("mean", "=", "{m}均值", "mean {m}"),
    "min": _of("min", "=", "{m}最小值", "smallest {m}"),
    "max": _of("max", "=", "{m}最大值", "largest {m}"),
    "std": _of("std", "=", "{m}标准差", "standard deviation of {m}"),
    "cv": _of("cv", "ratio", "{m}变异系数", "coefficient of variation of {m}"),
    "last": _of("last", "=", "最近一次{m}", "latest {m}"),
    "slope": _of("slope", "=/day", "{m}按日斜率", "slope of {m} by day"),
    "share": _of("share_amount", "ratio", "{m}占全部之比", "share of all {m}"),
    "velocity": _of("velocity_amount", *_VELOCITY),
}
_WINDOW_EVENTS = {
    "n": _of("n", "count", "{m}次数", "number of {m}"),
    "share": _of("share_count", "ratio", "{m}次数占全部之比", "share of all {m}"),
    "velocity": _of("velocity", *_VELOCITY),
    "gap_mean": _of("gap_mean", "day", "{m}平均间隔", "mean gap between {m}"),
    "days_since_last": _of("days_since_last", "day", "距最近{m}", "time since the latest {m}"),
    "days_since_first": _of("days_since_first", "day", "距最早{m}", "time since the earliest {m}"),
}
_WINDOW_KEY = {
    "distinct": _of("distinct", "count", "不同{m}数", "number of distinct {m}"),
    "top1_share": _of("top1_share", "ratio", "最大{m}占比", "share of the largest {m}"),
    "top5_share": _of("top5_share", "ratio", "前五大{m}占比", "share of the five largest {m}"),
    "hhi": _of("hhi", "ratio", "{m}集中度（HHI）", "concentration (HHI) over {m}"),
}
_STATE_VALUE = {
    "sum": _of("sum", "=", "{m}合计", "total {m}"),
    "max": _of("max", "=", "{m}最大值", "largest {m}"),
    "share": _of("share_amount", "ratio", "{m}占全部之比", "share of all {m}"),
    "ratio": _of("ratio", "ratio", "{m}", "{m}"),
}
_STATE_EVENTS = {
    "n": _of("n", "count", "{m}数", "number of {m}"),
    "share": _of("share_count", "ratio", "{m}数占全部之比", "share of all {m}"),
}
_RUNS = {
    "longest": _of("longest", "count", "最长连续{m}次数", "longest run of {m}"),
    "current": _of("current", "count", "当前连续{m}次数", "current run of {m}"),
    "since_last": _of("since_last", "day", "距最近{m}", "time since the latest {m}"),
    "since_worst": _of("since_worst", "day", "距最重{m}", "time since the worst {m}"),
    "transitions": _of("transitions", "count", "进入{m}次数", "times it turned {m}"),
}
_BALANCE = {
    "mean": _of("mean", "=", "按时间加权{m}", "time-weighted {m}"),
    "min": _of("min", "=", "{m}最低值", "lowest {m}"),
    "max": _of("max", "=", "{m}最高值", "highest {m}"),
    "last": _of("last", "=", "最近{m}", "latest {m}"),
    "days_below": _of("days_below", "day", "低于限额的天数（{m}）", "time of {m} below the limit"),
}
DERIVED = {
    "ratio": _of("ratio", "ratio", "{m}", "{m}"),
    "difference": _of("difference", "=", "{m}", "{m}"),
    "percentile": _of(
        "percentile", "ratio", "{m}的同地区同行业百分位", "{m} among firms of its region and trade"
    ),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of family: its own span (a word of the name) or windows, and its aggregates."""

    span: str
    span_text: Text
    aggregates: dict[str, dict[str, Aggregate]]


_NONE = Text("", "")
KINDS = {
    "windows": Kind(
        "", _NONE, {"value": _WINDOW_VALUE, "events": _WINDOW_EVENTS, "key": _WINDOW_KEY}
    ),
    "months": Kind(
        "24m", Text("近24个月", "last 24 months"), {"value": _SERIES, "events": _SERIES}
    ),
    "states": Kind("now", Text("当前", "now"), {"value": _STATE_VALUE, "events": _STATE_EVENTS}),
    "sequences": Kind("run", Text("历次", "in order"), {"run": _RUNS}),
    "balances": Kind("", _NONE, {"value": _BALANCE}),
    "derived": Kind("", _NONE, {"derived": DERIVED}),
}

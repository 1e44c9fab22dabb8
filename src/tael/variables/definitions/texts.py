"""What a variable is called in Chinese and English, made from the words of its definition."""

from __future__ import annotations

from collections.abc import Sequence

from tael.variables.definitions.model import DAY_S, Family, Group, Measure, Source, Text
from tael.variables.definitions.operations import KINDS, SUBJECTS, UNITS, Aggregate

_ALL = Text("全部历史", "all of the past")


def window_text(kind: str, seconds: int | None) -> Text:
    """``近180天`` and ``last 180 days``; a kind with its own span says that."""
    if KINDS[kind].span:
        return KINDS[kind].span_text
    if seconds is None:
        return _ALL
    days = seconds // DAY_S
    return Text(f"近{days}天", f"last {days} days")


def unit_text(unit: str, base: str) -> Text:
    """``unit`` of an aggregate as a person reads it; ``base`` is that of the measure."""
    first, _, per = unit.replace("=", base).partition("/")
    text = UNITS[first]
    if not per:
        return text
    return Text(f"{text.zh}/{UNITS[per].zh}", f"{text.en} a {per}")


def variable_text(
    source: Source,
    family: Family,
    groups: Sequence[Group],
    measure: Measure,
    made: tuple[str, int | None, Aggregate, str],
) -> Text:
    """The text of one variable; ``made`` is its subject, window, aggregate and unit."""
    subject, window_s, aggregate, unit = made
    who, when = SUBJECTS[subject][1], window_text(family.kind, window_s)
    what = Text(
        aggregate.text.zh.format(m=measure.title.zh), aggregate.text.en.format(m=measure.title.en)
    )
    said = [group.title for group in groups if not group.everything]
    zh = "、".join(each.zh for each in said)
    en = ", ".join(each.en for each in said)
    zh_unit, en_unit = unit_text(unit, "ratio")
    return Text(
        f"{who.zh}{when.zh}{source.title.zh}{f'（{zh}）' if zh else ''}{what.zh}（{zh_unit}）",
        f"{who.en}, {source.title.en}{f' ({en})' if en else ''}, {when.en}: {what.en} ({en_unit})",
    )

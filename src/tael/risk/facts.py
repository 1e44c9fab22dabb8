"""What a variable is about: its subject, source and concept, guessed from its name or handed in.

A concept is what reasons are grouped by: a matter (the firm's sales banked) and what of it (level,
trend, swing, breadth). The tables stand beside the explanations: ``explain/concepts.csv`` has the
texts, ``explain/patterns.csv`` which names belong to which concept.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tael.kernel import BadInput
from tael.report import Words

_TABLES = Path(__file__).parent / "explain"
OTHER = "other"

SUBJECTS: Mapping[str, str] = {"ent": "enterprise", "per": "person", "pair": "pair"}

# What an aggregate tells of a matter.
_HOW: Mapping[str, str] = {
    **dict.fromkeys(
        ("slope", "velocity", "last3_to_prev3", "last3_to_last12", "drawdown", "months_since_peak"),
        "trend",
    ),
    **dict.fromkeys(("std", "cv", "gap_mean", "zero_months", "longest_zero_run"), "swing"),
    **dict.fromkeys(("distinct", "top1_share", "top5_share", "hhi"), "breadth"),
    "share": "mix",
}
# A high value of these means little of a matter: long ago, far below the peak, long gaps.
_REVERSED = frozenset(
    (
        "days_since_last", "since_last", "since_worst", "drawdown", "months_since_peak",
        "days_below", "gap_mean", "zero_months", "longest_zero_run",
    )
)  # fmt: skip
# Of the level of a matter these tell nothing: how it moves, swings or spreads.
_ASIDE = frozenset(
    (
        "slope", "velocity", "last3_to_prev3", "last3_to_last12", "drawdown", "months_since_peak",
        "cv", "hhi", "top1_share", "top5_share",
    )
)  # fmt: skip
# Against all of the past, a window this long tells how old a firm is, and no trend.
_LONG = frozenset(("730d", "1095d", "1825d", "all"))
# Aggregates whose direction is beyond doubt where the concept's is.
_PLAIN = frozenset(("n", "sum", "longest", "current", "since_last", "days_below", "difference"))
_UNITS: Mapping[str, str] = {
    **dict.fromkeys(
        ("n", "distinct", "longest", "current", "transitions"),
        "count",
    ),
    **dict.fromkeys(
        ("days_since_last", "days_since_first", "since_last", "since_worst", "gap_mean"), "day"
    ),
    **dict.fromkeys(
        (
            "share", "velocity", "cv", "hhi", "top1_share", "top5_share", "ratio", "percentile",
            "drawdown", "last3_to_prev3", "last3_to_last12",
        ),
        "ratio",
    ),
    **dict.fromkeys(("zero_months", "longest_zero_run", "months_since_peak"), "month"),
    "days_below": "day",
}  # fmt: skip
_MEASURE_UNITS: Mapping[str, str] = {
    "days_late": "day", "seconds": "second", "quantity": "unit", "value": "point",
    "tickets": "count", "enquiries_of_owner_to_firm": "count", "night_difference": "ratio",
}  # fmt: skip
_DEPTH = 5  # a dotted name of ours: subject, source, window, measure, aggregate


@dataclass(frozen=True, slots=True)
class Facts:
    """A variable in words.

    Attributes:
        name: the variable.
        subject: 'enterprise', 'person', 'pair', or '' where the name does not tell.
        source: the table it comes from; '' where the name does not tell.
        family: subject, source and what is told of it: what quotas are kept over.
        concept: what reasons are grouped by; a code of ``concepts()`` or of ``REASON_TEXTS``.
        sign: '+' where a higher value means more risk, '-' less, '' where nobody says.
        zh: what it is, in Chinese; the name where nothing is known.
        en: the same in English.
        unit: 'CNY', 'count', 'day', 'ratio', 'month', 'second', 'unit', 'point', one of these a
            day ('CNY/day'), or ''.
        side: 1 where a high value means much of the concept, -1 where little, 0 neither.
    """

    name: str
    subject: str = ""
    source: str = ""
    family: str = ""
    concept: str = OTHER
    sign: str = ""
    zh: str = ""
    en: str = ""
    unit: str = ""
    side: int = 1


@dataclass(frozen=True, slots=True)
class Concept:
    """A matter that reasons speak of.

    Attributes:
        code: stable.
        adverse: 'high' or 'low': the side that speaks against a borrower as a rule.
        certain: whether the rule has no exception, so that signs follow from it.
        noun: what it is about.
        high: the sentence where there is much of it.
        low: the sentence where there is little.
    """

    code: str
    adverse: str
    certain: bool
    noun: Words
    high: Words
    low: Words


@lru_cache(maxsize=1)
def concepts() -> Mapping[str, Concept]:
    """The concepts by code, in the order of their table."""
    with (_TABLES / "concepts.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Concept(
                row["code"],
                row["adverse"],
                row["certain"] == "yes",
                *(Words(row[f"{part}_zh"], row[f"{part}_en"]) for part in ("noun", "high", "low")),
            )
            for row in csv.DictReader(file)
        }


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    with (_TABLES / "patterns.csv").open(encoding="utf-8", newline="") as file:
        return tuple((re.compile(row["pattern"]), row["concept"]) for row in csv.DictReader(file))


@lru_cache(maxsize=65_536)
def facts_of(name: str) -> Facts:
    """What the dotted ``name`` of a variable tells: ``ent.bank_tx.sales.in.90d.amount.sum``.

    Any other name is its own concept, so that columns of other tables get reasons too. Where a
    catalogue is at hand its signs and texts are better: hand in ``Facts`` made from it.
    """
    parts = name.split(".")
    if len(parts) < _DEPTH or parts[0] not in SUBJECTS:
        return Facts(name, concept=name, family=name, zh=name, en=name)
    aggregate = parts[-1]
    how = _HOW.get(aggregate, "level")
    concept = _concept(name, how)
    side = _side(concept, parts[-3], aggregate)
    return Facts(
        name,
        SUBJECTS[parts[0]],
        parts[1],
        f"{parts[0]}.{parts[1]}.{how}",
        concept,
        _sign(concept, aggregate, side),
        name,
        name,
        _unit(parts[-2], aggregate),
        side,
    )


def facts_from(row: Mapping[str, object]) -> Facts:
    """The facts of a row of the variables' catalogue, as its JSON tells them.

    Name, texts and unit are the catalogue's, and so is the sign, also where it says there is none;
    the concept is ours.

    Raises:
        BadInput: no name, or a sign that is none.
    """
    name, sign = row.get("name"), row.get("expected_sign") or ""
    if not isinstance(name, str) or not name:
        raise BadInput("a row of the catalogue has no name", field="name", rule="a name")
    if sign not in {"+", "-", ""}:
        raise BadInput(
            f"{name!r} has sign {sign!r}", field="expected_sign", rule="'+', '-' or none"
        )
    guessed = facts_of(name)
    return replace(
        guessed,
        sign=str(sign),
        zh=str(row.get("zh") or guessed.zh),
        en=str(row.get("en") or guessed.en),
        unit=str(row.get("unit") or guessed.unit),
    )


def _concept(name: str, how: str) -> str:
    known = concepts()
    for pattern, stem in _patterns():
        if pattern.match(name):
            for code in (f"{stem}_{how}", stem, f"{stem}_level"):
                if code in known:
                    return code
    return OTHER


def _unit(measure: str, aggregate: str) -> str:
    unit = _UNITS.get(aggregate) or _MEASURE_UNITS.get(measure, "CNY")
    return f"{unit}/day" if aggregate == "slope" else unit


def _side(concept: str, window: str, aggregate: str) -> int:
    if concept.endswith("_breadth"):
        return -1 if aggregate == "distinct" else 1
    if concept.endswith("_swing"):
        return 1
    if concept.endswith("_trend"):
        if aggregate == "velocity" and window in _LONG:
            return 0
        return -1 if aggregate in _REVERSED else 1
    if aggregate in _ASIDE:
        return 0
    return -1 if aggregate in _REVERSED else 1


def _sign(concept: str, aggregate: str, side: int) -> str:
    known = concepts()[concept]
    if not known.certain or not side or aggregate not in _PLAIN:
        return ""
    return "+" if (known.adverse == "high") == (side > 0) else "-"

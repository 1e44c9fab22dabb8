"""A shadow beside the policy in force: every pair of verdicts gets its class, none is left over."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tael.kernel import BadInput, check
from tael.policies.canonical import canonical, digest
from tael.policies.experiments.tables import columns_of
from tael.policies.model import ASK
from tael.report import Words

VERDICTS: Mapping[str, pa.DataType] = {
    "application": pa.string(),
    "outcome": pa.string(),
    "tier": pa.int64(),
    "limit_minor": pa.int64(),
    "rate": pa.float64(),
    "reasons": pa.string(),
    "verdict": pa.string(),
}
_NO_RATE = -1.0
_EXAMPLES = 5


class Class(Enum):
    """How a shadow's verdict differs; the first that holds, in this order."""

    SAME = "same"
    WOULD_ASK = "would_ask"
    APPROVE_TO_DECLINE = "approve_to_decline"
    APPROVE_TO_REFER = "approve_to_refer"
    DECLINE_TO_APPROVE = "decline_to_approve"
    DECLINE_TO_REFER = "decline_to_refer"
    REFER_TO_APPROVE = "refer_to_approve"
    REFER_TO_DECLINE = "refer_to_decline"
    TIER_BETTER = "tier_better"
    TIER_WORSE = "tier_worse"
    LIMIT_UP = "limit_up"
    LIMIT_DOWN = "limit_down"
    PRICE_UP = "price_up"
    PRICE_DOWN = "price_down"
    REASONS_ONLY = "reasons_only"
    DETAIL_ONLY = "detail_only"


CLASS_WORDS: Mapping[Class, Words] = {
    Class.SAME: Words("完全相同", "The same"),
    Class.WOULD_ASK: Words("影子还要查询更多数据", "The shadow would have asked for more"),
    Class.APPROVE_TO_DECLINE: Words("通过变拒绝", "Approve to decline"),
    Class.APPROVE_TO_REFER: Words("通过变人工", "Approve to refer"),
    Class.DECLINE_TO_APPROVE: Words("拒绝变通过", "Decline to approve"),
    Class.DECLINE_TO_REFER: Words("拒绝变人工", "Decline to refer"),
    Class.REFER_TO_APPROVE: Words("人工变通过", "Refer to approve"),
    Class.REFER_TO_DECLINE: Words("人工变拒绝", "Refer to decline"),
    Class.TIER_BETTER: Words("等级变好", "Better tier"),
    Class.TIER_WORSE: Words("等级变差", "Worse tier"),
    Class.LIMIT_UP: Words("额度变高", "Higher limit"),
    Class.LIMIT_DOWN: Words("额度变低", "Lower limit"),
    Class.PRICE_UP: Words("价格变高", "Higher price"),
    Class.PRICE_DOWN: Words("价格变低", "Lower price"),
    Class.REASONS_ONLY: Words("只有原因不同", "Only the reasons"),
    Class.DETAIL_ONLY: Words("只有细节不同", "Only details"),
}
_ENDS = ("approve", "decline", "refer")
# The classes a person should look at first, and those that change what is lent at what price.
OUTCOME_CHANGES = frozenset(kind for kind in Class if "_to_" in kind.value)
TERM_CHANGES = frozenset(
    {
        Class.TIER_BETTER, Class.TIER_WORSE, Class.LIMIT_UP, Class.LIMIT_DOWN, Class.PRICE_UP,
        Class.PRICE_DOWN,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClassCount:
    """One class: how many pairs, and the first applications in it, by name."""

    kind: Class
    rows: int
    share: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shadow:
    """An incumbent and its shadow on the same applications.

    Attributes:
        rows: pairs.
        classes: every class, those without a pair too; their rows add up to ``rows``.
        also: by class, pairs in which it holds whether or not an earlier class took them: a pair
            may have a better tier and a lower limit.
        approved: by the incumbent, by the shadow.
        unmatched: applications that only one of them decided, left out.
        asked: by source the pairs in which the shadow would have asked for it.
    """

    rows: int
    classes: tuple[ClassCount, ...]
    also: Mapping[Class, int]
    approved: tuple[int, int]
    unmatched: int
    asked: Mapping[str, int] = field(default_factory=dict)

    def count(self, kind: Class) -> int:
        """Pairs of a class."""
        return next(each.rows for each in self.classes if each.kind is kind)

    @property
    def different(self) -> int:
        """Pairs that differ in anything."""
        return self.rows - self.count(Class.SAME)


def verdict_table(verdicts: Iterable[tuple[str, Mapping[str, object]]]) -> pa.Table:
    """Verdicts as columns, from application ids and what ``Verdict.as_json`` gives (or the log).

    ``rate`` is the lowest annual rate that the borrower pays in an option, NaN without one;
    ``verdict`` is the hash of everything.
    """
    rows = [_row(application, verdict) for application, verdict in verdicts]
    return pa.Table.from_pylist(rows, schema=pa.schema(list(VERDICTS.items())))


def classify(incumbent: pa.Table, shadow: pa.Table) -> tuple[Shadow, pa.Table]:
    """Put each pair of verdicts into its class.

    Args:
        incumbent: verdicts of the policy in force, as ``verdict_table`` makes them.
        shadow: those of the shadow; matched by application.

    Returns:
        the counts; and a table of application and class, by application.

    Raises:
        BadInput: a column is missing, an application is there twice, or an outcome is none.
    """
    first = _sorted(incumbent, "incumbent", _ENDS)
    second = _sorted(shadow, "shadow", (*_ENDS, ASK))
    both, at_first, at_second = np.intersect1d(
        first["application"], second["application"], assume_unique=True, return_indices=True
    )
    before = {name: values[at_first] for name, values in first.items()}
    after = {name: values[at_second] for name, values in second.items()}
    holds = _holding(before, after)
    kinds = np.full(len(both), -1)
    for number, kind in reversed(list(enumerate(Class))):
        if kind in holds:
            kinds[holds[kind]] = number
    # What none of the classes above explains differs in a detail: nothing is left over.
    kinds[kinds < 0] = list(Class).index(Class.DETAIL_ONLY)
    counts = tuple(_count(kind, both[kinds == n]) for n, kind in enumerate(Class))
    counts = tuple(_shared(each, len(both)) for each in counts)
    check(sum(each.rows for each in counts) == len(both), "every pair has one class")
    found = Shadow(
        rows=len(both),
        classes=counts,
        also={kind: int(rows.sum()) for kind, rows in holds.items()},
        approved=(
            int((before["outcome"] == "approve").sum()),
            int((after["outcome"] == "approve").sum()),
        ),
        unmatched=len(first["application"]) + len(second["application"]) - 2 * len(both),
        asked=_sources(after["reasons"][after["outcome"] == ASK]),
    )
    names = np.array([kind.value for kind in Class])
    return found, pa.table({"application": both, "class": names[kinds]})


def _holding(
    before: Mapping[str, npt.NDArray[Any]], after: Mapping[str, npt.NDArray[Any]]
) -> dict[Class, npt.NDArray[np.bool_]]:
    same_end = before["outcome"] == after["outcome"]
    found = {Class.SAME: before["verdict"] == after["verdict"]}
    for a in _ENDS:
        for b in _ENDS:
            if a != b:
                found[Class(f"{a}_to_{b}")] = (before["outcome"] == a) & (after["outcome"] == b)
    found |= {
        Class.WOULD_ASK: after["outcome"] == ASK,
        Class.TIER_BETTER: same_end & (after["tier"] < before["tier"]),
        Class.TIER_WORSE: same_end & (after["tier"] > before["tier"]),
        Class.LIMIT_UP: same_end & (after["limit_minor"] > before["limit_minor"]),
        Class.LIMIT_DOWN: same_end & (after["limit_minor"] < before["limit_minor"]),
        Class.PRICE_UP: same_end & (after["rate"] > before["rate"]),
        Class.PRICE_DOWN: same_end & (after["rate"] < before["rate"]),
        Class.REASONS_ONLY: same_end & (before["reasons"] != after["reasons"]),
    }
    return {kind: rows for kind in Class if (rows := found.get(kind)) is not None}


def _sources(reasons: Iterable[str]) -> dict[str, int]:
    """By source in how many of ``reasons`` it is named, the most first."""
    counted = Counter(source for told in reasons for source in json.loads(told))
    return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))


def _sorted(table: pa.Table, name: str, ends: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    filled = table
    if "rate" in table.column_names:
        place = table.column_names.index("rate")
        rate = table.column("rate").cast(pa.float64()).fill_null(_NO_RATE)
        filled = table.set_column(place, "rate", rate)
    columns = columns_of(filled, VERDICTS, name)
    for text in ("application", "outcome", "reasons", "verdict"):
        columns[text] = columns[text].astype(str)
    strange = ~np.isin(columns["outcome"], ends)
    if strange.any():
        raise BadInput(
            f"{name}: {columns['outcome'][strange][0]!r} is no outcome",
            field="outcome",
            row=int(np.flatnonzero(strange)[0]) + 1,
            rule=" | ".join(ends),
        )
    order = np.argsort(columns["application"], kind="stable")
    found = {each: values[order] for each, values in columns.items()}
    twice = found["application"][1:] == found["application"][:-1]
    if twice.any():
        raise BadInput(
            f"{name}: application {found['application'][1:][twice][0]} is there twice",
            field="application",
            rule="one verdict each",
        )
    return found


def _count(kind: Class, applications: npt.NDArray[Any]) -> ClassCount:
    return ClassCount(kind, len(applications), 0.0, tuple(map(str, applications[:_EXAMPLES])))


def _shared(one: ClassCount, rows: int) -> ClassCount:
    return ClassCount(one.kind, one.rows, one.rows / rows if rows else 0.0, one.examples)


def _row(application: str, verdict: Mapping[str, object]) -> dict[str, object]:
    limit, options = verdict["limit"], verdict["options"]
    reasons = verdict["sources" if verdict["outcome"] == ASK else "reasons"]
    rates = [_rate(option) for option in options] if isinstance(options, list | tuple) else []
    return {
        "application": application,
        "outcome": str(verdict["outcome"]),
        "tier": int(str(verdict["tier"])),
        "limit_minor": int(str(limit["minor"])) if isinstance(limit, Mapping) else 0,
        "rate": float(min(rates)) if rates else None,
        "reasons": json.dumps(list(map(str, reasons)) if isinstance(reasons, list) else []),
        "verdict": digest(canonical(verdict)),
    }


def _rate(option: Mapping[str, object]) -> Decimal:
    parts = option["components"]
    paid = (
        Decimal(str(part["rate"]))
        for part in (parts if isinstance(parts, list) else [])
        if part["payer"] == "borrower"
    )
    return sum(paid, Decimal(0))

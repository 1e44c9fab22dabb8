"""From named columns to rows: what each value means, and which rows are set aside and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.policies.books import headings, values
from tael.policies.books.cells import Cells, read_cells
from tael.policies.books.intake import ROW
from tael.policies.books.model import (
    MOST_PROBLEMS,
    RANKING,
    Heading,
    Mapped,
    Note,
    Problem,
    Report,
    Role,
)

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CHOICES = 12
MOST_KINDS = 60
_MYRIAD = 10_000
# A number this long may be somebody's: a fault is told without it.
_LONG_NUMBER = re.compile(r"\d{9,}[\dXx]?")
_LEAST_BARE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Choice:
    """One text of the outcome or decision column: how often, and what it is taken to mean."""

    text: str
    count: int
    meaning: str


@dataclass(frozen=True)
class Choices:
    """What a person may put right by clicking; '' or empty where there is nothing to choose.

    ``ambiguous_dates`` is whether dates such as 3/4/2024 fit both orders.
    """

    outcomes: Sequence[Choice] = ()
    decisions: Sequence[Choice] = ()
    rate_unit: str = ""
    amount_unit: int = 0
    months_unit: str = ""
    date_order: str = ""
    ambiguous_dates: bool = False
    samples: Mapping[str, str] = field(default_factory=dict)


def choices_of(
    found: Sequence[Heading], table: pa.Table, roles: Mapping[int, Role], given: Mapping[str, str]
) -> tuple[Mapped, Choices]:
    """How the values of the named columns are meant: as ``given``, else as they look.

    ``given`` holds ``amount_unit``, ``rate_unit``, ``months_unit``, ``date_order``, and
    ``outcome:TEXT`` or ``decision:TEXT`` for the meaning of one text.
    """
    names = {one.number: one.name for one in found}
    at = {role: number for number, role in sorted(roles.items(), reverse=True)}

    def texts(role: Role) -> list[tuple[str, int]]:
        return _counted(table, at[role]) if role in at else []

    outcomes = _meanings(texts(Role.BAD), "outcome", names.get(at.get(Role.BAD, -1), ""), given)
    decisions = _meanings(texts(Role.DECISION), "decision", "", given)
    dates = [text for role in (Role.APPLIED, Role.BAD_ON) for text, _ in texts(role)]
    order, ambiguous = values.date_order(dates)
    rate = [text for text, _ in texts(Role.RATE)]
    mapped = Mapped(
        roles=roles,
        amount_unit=int(
            given.get("amount_unit") or _amount_unit(names.get(at.get(Role.AMOUNT, -1), ""))
        ),
        rate_unit=given.get("rate_unit") or _rate_unit(names.get(at.get(Role.RATE, -1), ""), rate),
        months_unit=given.get("months_unit")
        or _months_unit(names.get(at.get(Role.MONTHS, -1), "")),
        date_order=given.get("date_order") or order,
        outcomes={one.text: one.meaning for one in outcomes},
        decisions={one.text: one.meaning for one in decisions},
    )
    return mapped, Choices(
        outcomes=outcomes[:MOST_CHOICES],
        decisions=decisions[:MOST_CHOICES],
        rate_unit=mapped.rate_unit if Role.RATE in at else "",
        amount_unit=mapped.amount_unit if Role.AMOUNT in at else 0,
        months_unit=mapped.months_unit if Role.MONTHS in at else "",
        date_order=mapped.date_order if dates and order != "ymd" else "",
        ambiguous_dates=ambiguous,
        samples={role.value: next((t for t, _ in texts(role) if t), "") for role in at},
    )


def read_rows(found: Sequence[Heading], table: pa.Table, mapped: Mapped) -> tuple[pa.Table, Report]:
    """The rows with every value read, and what became of the others.

    A row with a value that breaks a rule is set aside whole; a blank is allowed everywhere, but
    something must rank the row. The second row of one id is set aside too.

    Raises:
        BadInput: a needed role is missing, a segment has too many kinds, or no row is left.
    """
    mapped.check()
    names = {one.number: one.name for one in found}
    cells = {
        number: read_cells(table.column(str(number)), role, mapped)
        for number, role in mapped.roles.items()
    }
    rows = table.column(ROW).to_numpy().astype(np.int64)
    faults = [_faults(rows, names[number], each) for number, each in sorted(cells.items())]
    faults.append(_unranked(rows, mapped, cells))
    faults += [_repeated(rows, names[number], cells[number]) for number in mapped.columns(Role.ID)]
    aside = np.zeros(len(rows), dtype=bool)
    for each in faults:
        aside |= each.bad
    problems, counts = _told(faults)
    report = Report(len(rows), int((~aside).sum()), problems, counts)
    if not report.kept:
        raise BadInput(
            "no row is left: every row has a value that cannot be read",
            code="book_no_good_rows", field=report.problems[0].column or "ranking",
            row=report.problems[0].row, rule=report.problems[0].rule,
        )  # fmt: skip
    return _typed(rows, mapped, cells).filter(~aside), report


@dataclass(frozen=True)
class _Faults:
    """Rows of one column that break a rule; ``rules`` and ``texts`` by row, read where bad."""

    column: str
    bad: npt.NDArray[np.bool_]
    rows: npt.NDArray[np.int64]
    rules: Sequence[str]
    texts: Sequence[str]
    index: npt.NDArray[np.int64]


def _faults(rows: npt.NDArray[np.int64], column: str, cells: Cells) -> _Faults:
    return _Faults(column, cells.bad, rows, cells.rules, cells.texts, cells.index)


def _unranked(rows: npt.NDArray[np.int64], mapped: Mapped, cells: Mapping[int, Cells]) -> _Faults:
    """Rows that nothing ranks: blank in every column that could."""
    blank = np.ones(len(rows), dtype=bool)
    for role in RANKING:
        for number in mapped.columns(role):
            each = cells[number]
            unknown = np.array([value is None for value in each.values], dtype=bool)
            blank &= unknown[each.index] & ~each.bad
    return _Faults("", blank, rows, ("no_ranking",), ("",), np.zeros(len(rows), dtype=np.int64))


def _repeated(rows: npt.NDArray[np.int64], column: str, cells: Cells) -> _Faults:
    first = np.zeros(len(rows), dtype=bool)
    first[np.unique(cells.index, return_index=True)[1]] = True
    named = np.array([value is not None for value in cells.values], dtype=bool)[cells.index]
    rules = ["repeated_id"] * len(cells.texts)
    return _Faults(column, ~first & named, rows, rules, cells.texts, cells.index)


def _told(faults: Sequence[_Faults]) -> tuple[tuple[Problem, ...], dict[tuple[str, str], int]]:
    problems: list[Problem] = []
    counts: Counter[tuple[str, str]] = Counter()
    for each in faults:
        at = np.flatnonzero(each.bad)
        kinds = Counter(each.rules[number] for number in each.index[at].tolist())
        counts.update({(each.column, rule): count for rule, count in kinds.items()})
        for row in at[:MOST_PROBLEMS].tolist():
            number = int(each.index[row])
            text = _LONG_NUMBER.sub("…", each.texts[number])[:40]
            problems.append(Problem(int(each.rows[row]), each.column, each.rules[number], text))
    problems.sort(key=lambda one: one.row)
    return tuple(problems[:MOST_PROBLEMS]), dict(counts)


def _typed(rows: npt.NDArray[np.int64], mapped: Mapped, cells: Mapping[int, Cells]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only books need it

    kinds = {
        Role.ID: pa.string(), Role.APPLIED: pa.date32(), Role.AMOUNT: pa.int64(),
        Role.MONTHS: pa.int16(), Role.RATE: pa.int32(), Role.SCORE: pa.float64(),
        Role.PD: pa.float64(), Role.TIER: pa.string(), Role.BAD: pa.int8(), Role.DPD: pa.int32(),
        Role.BAD_ON: pa.date32(), Role.DECISION: pa.int8(), Role.SEGMENT: pa.string(),
    }  # fmt: skip
    columns = {ROW: pa.array(rows.astype(np.int32))}
    for role in Role:
        for place, number in enumerate(mapped.columns(role)):
            if role is Role.SEGMENT and len(cells[number].texts) > MOST_KINDS:
                raise BadInput(
                    f"column {number + 1} has {len(cells[number].texts)} different texts",
                    code="book_segment_kinds", field=Role.SEGMENT.value,
                    rule=f"at most {MOST_KINDS} different texts",
                )  # fmt: skip
            name = f"{role.value}_{place}" if role is Role.SEGMENT else role.value
            columns[name] = cells[number].array(kinds[role])
    return pa.table(columns)


def notes_of(mapped: Mapped) -> tuple[Note, ...]:
    """How units and orders were taken, for whoever looks at the book later."""
    said = {
        "amount_unit": str(mapped.amount_unit) if mapped.has(Role.AMOUNT) else "",
        "rate_unit": mapped.rate_unit if mapped.has(Role.RATE) else "",
        "date_order": mapped.date_order if mapped.date_order != "ymd" else "",
    }
    return tuple(Note(code, {"value": value}) for code, value in said.items() if value)


def _counted(table: pa.Table, number: int) -> list[tuple[str, int]]:
    """The different texts of a column, most frequent first, blanks left out."""
    found = table.column(str(number)).combine_chunks().value_counts()
    pairs = [(each["values"] or "", each["counts"]) for each in found.to_pylist()]
    known = [pair for pair in pairs if not values.is_blank(pair[0])]
    return sorted(known, key=lambda pair: (-pair[1], pair[0]))


def _meanings(
    texts: Sequence[tuple[str, int]], kind: str, heading: str, given: Mapping[str, str]
) -> list[Choice]:
    yes, no = ("bad", "good") if kind == "outcome" else ("approved", "declined")
    whites, blacks = (
        (values.YES, values.NO) if kind == "outcome" else (values.APPROVED, values.DECLINED)
    )
    name = headings.bare(heading)
    if (
        kind == "outcome"
        and ("good" in name or "好" in name)
        and "bad" not in name
        and "坏" not in name
    ):
        yes, no = no, yes
    found = []
    for text, count in texts:
        plain = values.plain(text)
        guess = yes if plain in whites else no if plain in blacks else "unknown"
        found.append(Choice(text, count, given.get(f"{kind}:{text}") or guess))
    return found


def _amount_unit(heading: str) -> int:
    return _MYRIAD if "万" in headings.unit_in(heading) else 1


def _months_unit(heading: str) -> str:
    unit = headings.unit_in(heading)
    if "年" in unit or "year" in unit:
        return "years"
    return "days" if "天" in unit or "日" in unit or "day" in unit else "months"


def _rate_unit(heading: str, texts: Sequence[str]) -> str:
    """By heading (月利率, %), else by size: nobody lends at 100 % a year or at 0.1 % a year."""
    name, unit = headings.bare(heading), headings.unit_in(heading)
    if "日利率" in name or "万分" in unit:
        return "daily_myriad"
    bare = [
        found
        for text in texts
        if not values.has_unit(text)
        if (found := values.number(text)) is not None
    ]
    if "月利率" in name or "monthly" in name:
        return "monthly_percent"
    large = sorted(bare)[len(bare) // 2] >= _LEAST_BARE if bare else False
    return "percent" if "%" in unit or large else "fraction"

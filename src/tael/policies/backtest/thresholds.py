"""The figures of a policy at which its answer turns: cuts of its tables, tier bounds, limits.

Found in the texts, and written back into them: a policy with one figure moved is a policy like any
other, and is decided like any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from tael.dmn import authoring
from tael.policies.backtest.verdict import Decider
from tael.policies.model import Bundle
from tael.report import Words

CUT, FIGURE, LEAST, BOUND = "cut", "figure", "least", "bound"
_NUMBER = r"-?\d+(?:\.\d+)?"
_COMPARED = re.compile(rf"(<=|>=|<|>)\s*({_NUMBER})(?![\w.])")
_RANGE = re.compile(rf"([\[\]\(])\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*([\]\[\)])")
_TEST = rf"(?:{_COMPARED.pattern}|{_RANGE.pattern}|{_NUMBER})"
_CELL = re.compile(rf"\s*(?:not\s*\(\s*)?{_TEST}(?:\s*,\s*{_TEST})*\s*\)?\s*")
_NAME = re.compile(r"[^\W\d]\w*(?: \w+)*")
# Rates are moved by whoever sets prices, with a curve of who then takes the money; not here.
_RATES = ("bank_interest", "guarantee_fee")
_TIER = "model_tier"
OF_EXPRESSION = Words("比较的是一个表达式", "it compares an expression")
WITH_EXPRESSION = Words("与一个表达式比较", "it compares with an expression")


@dataclass(frozen=True, slots=True)
class Threshold:
    """One figure.

    Attributes:
        kind: ``cut`` of a condition column, ``figure`` that a row of the price or limit table
            gives, ``least`` amount that is lent, ``bound`` of the model's tiers.
        table: the decision table, or the text it stands in.
        column: what is compared with it, or what it is given for.
        rule: 1-based number of the row of a ``figure``; of a ``bound`` the tier below it; else 0.
        value: as it stands.
        low, high: what it must stay between, both left out; None for no neighbour.
    """

    kind: str
    table: str
    column: str
    rule: int
    value: Decimal
    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def name(self) -> str:
        """Where it stands, for people and files."""
        place = f"{self.table}, rule {self.rule}" if self.kind == FIGURE else self.table
        return f"{place}: {self.column} {self.value}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A figure, or a column of them, whose effect was not computed, and why."""

    name: str
    why: Words


def thresholds_of(decider: Decider) -> tuple[list[Threshold], list[LeftOut]]:
    """Every threshold of a policy in the order of its texts, and what is none that can be moved."""
    found: list[Threshold] = []
    left: list[LeftOut] = []
    tables = authoring.Draft.read(decider.bundle.dmn).tables()
    for name, table in tables.items():
        for place, column in enumerate(table.inputs):
            cells = [rule.conditions[place] for rule in table.rules]
            cuts = _cuts(name, column.expression.strip(), cells)
            if cuts and not _NAME.fullmatch(column.expression.strip()):
                left.append(LeftOut(f"{name}: {column.expression}", OF_EXPRESSION))
            else:
                found += cuts
            left += [
                LeftOut(f"{name}, rule {row}: {cell}", WITH_EXPRESSION)
                for row, cell in enumerate(cells, 1)
                if re.search(r"[<>]|\.\.", cell) and not _CELL.fullmatch(cell)
            ]
        if name.partition(" / ")[0] in ("prices", "limit"):
            found += _figures(name, table)
    least = decider.policy.prices.least_amount
    found.append(Threshold(LEAST, "prices", "least_amount", 0, least, Decimal(0)))
    return [*found, *_bounds(decider)], left


def _cuts(table: str, column: str, cells: list[str]) -> list[Threshold]:
    values = sorted({value for cell in cells for value in _values(cell)})
    neighbours = [None, *values, None]
    return [
        Threshold(CUT, table, column, 0, value, neighbours[place], neighbours[place + 2])
        for place, value in enumerate(values)
    ]


def _values(cell: str) -> Iterator[Decimal]:
    """The figures that a condition cell compares with; one that is only equal is none."""
    if not _CELL.fullmatch(cell):
        return
    for match in _COMPARED.finditer(cell):
        yield Decimal(match.group(2))
    for match in _RANGE.finditer(cell):
        yield Decimal(match.group(2))
        yield Decimal(match.group(3))


def _figures(name: str, table: authoring.Table) -> Iterator[Threshold]:
    for place, column in enumerate(table.outputs):
        if column.name in _RATES:
            continue
        for number, rule in enumerate(table.rules, 1):
            value = _number(rule.conclusions[place])
            if value:
                yield Threshold(FIGURE, name, column.name, number, value, Decimal(0))


def _bounds(decider: Decider) -> Iterator[Threshold]:
    """Upper bounds of the tiers of a rated model, where the rules read its tier."""
    if _TIER not in decider.policy.rules.inputs or _TIER not in decider.policy.scorer.gives:
        return
    bounds = [Decimal(bound) for bound in json.loads(decider.bundle.model)["bounds"]]
    around = [Decimal(0), *bounds, Decimal(1)]
    for tier, bound in enumerate(bounds, 1):
        yield Threshold(BOUND, "model", "pd_cycle", tier, bound, around[tier - 1], around[tier + 1])


def _number(cell: str) -> Decimal | None:
    try:
        return Decimal(cell.strip())
    except InvalidOperation:
        return None


def moved(bundle: Bundle, threshold: Threshold, to: Decimal) -> Bundle:
    """``bundle`` with one figure at another value; that of a ``bound`` is in no text that is read.

    The model's text is signed by its hash: its tiers are moved in the scores instead.
    """
    if threshold.kind == LEAST:
        prices = json.loads(bundle.prices)
        return replace(bundle, prices=json.dumps({**prices, "least_amount": str(to)}))
    if threshold.kind == BOUND:
        return bundle
    draft = _draft(bundle.dmn)
    table = draft.tables()[threshold.table]
    changed = (
        _figure(table, threshold, to) if threshold.kind == FIGURE else _cut(table, threshold, to)
    )
    return replace(bundle, dmn=draft.with_table(threshold.table, changed).to_xml())


@lru_cache(maxsize=4)
def _draft(text: str) -> authoring.Draft:
    return authoring.Draft.read(text)


def _figure(table: authoring.Table, threshold: Threshold, to: Decimal) -> authoring.Table:
    place = [column.name for column in table.outputs].index(threshold.column)
    rules = list(table.rules)
    rule = rules[threshold.rule - 1]
    cells = list(rule.conclusions)
    cells[place] = f"{to:f}"
    rules[threshold.rule - 1] = replace(rule, conclusions=tuple(cells))
    return replace(table, rules=tuple(rules))


def _cut(table: authoring.Table, threshold: Threshold, to: Decimal) -> authoring.Table:
    """Every place of the column that compares with the figure: a table without gaps keeps none."""
    places = [
        place
        for place, column in enumerate(table.inputs)
        if column.expression.strip() == threshold.column
    ]

    def rewritten(cells: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            _with(cell, threshold.value, to) if place in places else cell
            for place, cell in enumerate(cells)
        )

    rules = tuple(replace(rule, conditions=rewritten(rule.conditions)) for rule in table.rules)
    return replace(table, rules=rules)


def _with(cell: str, value: Decimal, to: Decimal) -> str:
    if not _CELL.fullmatch(cell):
        return cell

    def figure(text: str) -> str:
        return f"{to:f}" if Decimal(text) == value else text

    cell = _COMPARED.sub(lambda m: f"{m.group(1)} {figure(m.group(2))}", cell)
    return _RANGE.sub(
        lambda m: f"{m.group(1)}{figure(m.group(2))}..{figure(m.group(3))}{m.group(4)}", cell
    )

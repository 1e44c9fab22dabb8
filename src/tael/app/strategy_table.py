"""A strategy as a decision table: price and limit by tier and segment, put into a policy's rules.

The table answers for every tier and every value of a segment's dimensions, those nobody was seen
with included, so that it has no gap; no two rows answer for the same. What was not seen is answered
by named rules, each on the side of caution:

* a value, or values together, that no cell has: what the others' segment gets; where there is none,
  the dearest price and the smallest limit that the tier gets anywhere;
* a tier that no cell of a segment is in: what the next worse tier there gets; where there is none,
  nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from tael.app.strategy_book import OTHERS
from tael.dmn import Model
from tael.dmn.authoring import Draft, InputColumn, OutputColumn, Rule, Table
from tael.kernel import BadInput, check
from tael.pricing.strategy import Limit, Offer, Price, Segment, Terms

TIERS = range(1, 8)
PRICES, CEILING = "prices", "ceiling"
RATES = ("bank_interest", "guarantee_fee")
_NAMESPACE = "https://tael.example/strategy"
_VERIFY_S = 20.0


@dataclass(frozen=True)
class Row:
    """One answer of the table: for a tier and values, a price and the most that is lent.

    Args:
        tier: R1 to R7.
        tests: a FEEL test for each dimension; ``-`` for any value.
        price: also where nothing is lent, for the table has no empty cell.
        ceiling: FEEL of the most that is lent, of ``amount``.
    """

    tier: int
    tests: tuple[str, ...]
    price: Price
    ceiling: str


def rows_of(offer: Offer) -> tuple[Row, ...]:
    """The rows of a strategy, tier by tier; values that get the same stand in one row."""
    answers = _Answers(offer)
    found: list[Row] = []
    for tier in TIERS:
        found += _merged(tier, answers)
    return tuple(found)


class _Answers:
    """What every tier and combination of values gets, seen or not."""

    def __init__(self, offer: Offer) -> None:
        cells = offer.market.cells
        self.dimensions = tuple(name for name, _ in cells[0].segment.values)
        self._terms: dict[tuple[Segment, int], Terms | None] = {}
        self._price: dict[int, Price] = {}
        self._limits = offer.market.grid.limits
        for cell, terms in zip(cells, offer.terms, strict=True):
            check(
                tuple(name for name, _ in cell.segment.values) == self.dimensions,
                "all segments have the same dimensions",
            )
            self._terms[cell.segment, cell.tier] = terms
            self._price[cell.tier] = max(
                self._price.get(cell.tier, cell.reference), cell.reference, key=_total
            )
        self.segments = sorted({cell.segment for cell in cells}, key=lambda one: one.values)

    def values(self, place: int) -> list[str]:
        """Values of a dimension that some segment has, and '' for all others."""
        seen = {segment.values[place][1] for segment in self.segments} - {OTHERS}
        return [*sorted(seen), ""]

    def of(self, tier: int, key: tuple[str, ...]) -> tuple[Price, str]:
        """Price and ceiling of a tier and values."""
        terms = self._found(tier, Segment(tuple(zip(self.dimensions, key, strict=True))))
        if terms is None:
            return self._nothing(tier), "0"
        return terms.price, ceiling_of(terms.limit)

    def _found(self, tier: int, segment: Segment) -> Terms | None:
        if segment in self.segments:
            return self._within(tier, segment)
        others = Segment(tuple((name, OTHERS) for name in self.dimensions))
        if others in self.segments:
            return self._within(tier, others)
        return self._cautious([self._within(tier, one) for one in self.segments])

    def _within(self, tier: int, segment: Segment) -> Terms | None:
        worse = (one for one in range(tier, TIERS.stop) if (segment, one) in self._terms)
        nearest = next(worse, None)
        return None if nearest is None else self._terms[segment, nearest]

    def _cautious(self, offered: Sequence[Terms | None]) -> Terms | None:
        """The dearest price with the smallest limit; nothing where someone gets nothing."""
        known = [one for one in offered if one is not None]
        if len(known) < len(offered):
            return None
        price = max((one.price for one in known), key=_total)
        return Terms(price, min((one.limit for one in known), key=self._limits.index))

    def _nothing(self, tier: int) -> Price:
        """A price to write where nothing is lent: the dearest of today's of the tier."""
        near = sorted(self._price, key=lambda one: (abs(one - tier), -one))
        return self._price[near[0]]


def _total(price: Price) -> tuple[Decimal, Decimal]:
    return price.total.fraction, price.bank_interest.fraction


def ceiling_of(limit: Limit) -> str:
    """FEEL of the most that is lent of ``amount``."""
    share = "amount" if limit.share == 1 else f"amount * {limit.share.normalize():f}"
    if limit.ceiling is None:
        return share
    most = f"{limit.ceiling.decimal().normalize():f}"
    return most if limit.share == 1 else f"min({share}, {most})"


def _merged(tier: int, answers: _Answers) -> Iterator[Row]:
    """Rows of a tier: of the last dimension, values with one answer stand together."""
    if not answers.dimensions:
        yield Row(tier, (), *answers.of(tier, ()))
        return
    choices = [answers.values(place) for place in range(len(answers.dimensions))]
    for head in product(*choices[:-1]):
        groups: dict[tuple[Price, str], list[str]] = {}
        for value in choices[-1]:
            groups.setdefault(answers.of(tier, (*head, value)), []).append(value)
        tests = tuple(_test([value], choices[place]) for place, value in enumerate(head))
        for (price, ceiling), values in groups.items():
            yield Row(tier, (*tests, _test(values, choices[-1])), price, ceiling)


def _test(values: Sequence[str], known: Sequence[str]) -> str:
    """A FEEL test for ``values``, of which '' means all that are not known."""
    if len(values) == len(known):
        return "-"
    if "" in values:
        return f"not({', '.join(_quoted(v) for v in known if v and v not in values)})"
    return ", ".join(_quoted(value) for value in values)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"


def model_of(offer: Offer, note: str) -> Draft:
    """The strategy alone, as a decision model with one table; ``note`` stands in it.

    Raises:
        BadInput: the table has a gap or an overlap (it cannot, but it is verified).
    """
    rows = rows_of(offer)
    draft = Draft.new("strategy", _NAMESPACE).input("tier", "number", "1, 2, 3, 4, 5, 6, 7")
    for name in _Answers(offer).dimensions:
        draft = draft.input(name, "string")
    draft = draft.input("amount", "number", ">= 0")
    outputs = tuple(OutputColumn(name, "number") for name in (*RATES, CEILING))
    table = Table(
        inputs=_inputs(offer),
        outputs=outputs,
        rules=tuple(
            _rule(row, (*_rates(row), row.ceiling), number) for number, row in enumerate(rows, 1)
        ),
        more={"description": note},
    )
    made = draft.decision("strategy", table)
    verified(made.model())
    return made


def verified(model: Model) -> None:
    """Refuse a model whose checks find an error, a gap or an overlap.

    Raises:
        BadInput: names the node and what was found.
    """
    found = model.verify(budget_s=_VERIFY_S)
    for one in (*model.check(), *found.findings):
        if one.severity.value in ("error", "warning"):
            raise BadInput(
                f"the proposed table does not stand its checks: {one.en}",
                field=one.node, rule=one.kind,
            )  # fmt: skip
    check(not found.spent, "the proposed table was verified to its end")


def proposed(dmn: str, offer: Offer, note: str) -> str:
    """The rules ``dmn`` of a policy with the strategy in their table of prices.

    Its other columns (months of revenue, say) keep what they say of each tier, and all other
    decisions stay as they are. Where the strategy lends nothing the ceiling is 0.

    Raises:
        BadInput: the rules have no table ``prices`` by tier alone with rates and a ceiling, do not
            read a dimension of the segments, or do not stand their checks with the new table.
    """
    draft = Draft.read(dmn)
    old = _by_tier(draft)
    known = draft.model(tolerant=True).inputs
    for name in (*_Answers(offer).dimensions, "amount"):
        if name not in known:
            raise BadInput(
                f"the policy's rules read no {name!r}; its prices cannot depend on it",
                field="segments", rule="dimensions that the rules read: " + ", ".join(known),
            )  # fmt: skip
    names = [column.name for column in old.outputs]
    rules = []
    for number, row in enumerate(rows_of(offer), 1):
        kept = dict(zip(names, _conclusions(old, row.tier), strict=True))
        said = kept | dict(zip((*RATES, CEILING), (*_rates(row), row.ceiling), strict=True))
        rules.append(_rule(row, tuple(said[name] for name in names), number))
    table = replace(
        old,
        inputs=(old.inputs[0], *_inputs(offer)[1:]),
        rules=tuple(rules),
        hit_policy="UNIQUE",
        annotations=(),
        more={**old.more, "description": note},
    )
    made = draft.with_table(PRICES, table)
    model = made.model()
    errors = [one for one in model.check() if one.severity.value == "error"]
    gaps = [
        one for one in model.verify(budget_s=_VERIFY_S).findings
        if one.node == PRICES and one.severity.value in ("error", "warning")
    ]  # fmt: skip
    for one in (*errors, *gaps):
        raise BadInput(f"with the strategy in it: {one.en}", field=one.node, rule=one.kind)
    return made.to_xml()


def _by_tier(draft: Draft) -> Table:
    table = draft.tables().get(PRICES)
    if table is None:
        raise BadInput(
            f"the policy's rules have no table {PRICES!r}", field=PRICES, rule="a decision table"
        )
    names = {column.name for column in table.outputs}
    missing = [name for name in (*RATES, CEILING) if name not in names]
    by_tier = len(table.inputs) >= 1 and table.inputs[0].expression.strip() == "tier"
    if missing or not by_tier:
        raise BadInput(
            f"the table {PRICES!r} is not by tier first"
            if not by_tier
            else f"the table {PRICES!r} gives no {', '.join(missing)}",
            field=PRICES,
            rule="tier in its first column; " + ", ".join((*RATES, CEILING)),
        )
    return table


def _conclusions(table: Table, tier: int) -> tuple[str, ...]:
    """What the first row says that is of the tier alone."""
    for rule in table.rules:
        if rule.conditions[0].strip() == str(tier):
            return rule.conclusions
    raise BadInput(
        f"the table {PRICES!r} has no row of R{tier} alone",
        field=PRICES,
        rule="a row for each tier",
    )


def _inputs(offer: Offer) -> tuple[InputColumn, ...]:
    dimensions = _Answers(offer).dimensions
    return (
        InputColumn("tier", "number"),
        *(InputColumn(name, "string") for name in dimensions),
    )


def _rates(row: Row) -> tuple[str, str]:
    return _number(row.price.bank_interest.fraction), _number(row.price.guarantee_fee.fraction)


def _rule(row: Row, conclusions: tuple[str, ...], number: int) -> Rule:
    return Rule((str(row.tier), *row.tests), conclusions, id=f"strategy_{number}")

"""A credit policy of 40 inputs, from a seed: the data that every engine's model is written from.

30 numeric, 6 categorical and 4 boolean inputs; 5 derived ratios; 25 knock-outs that collect reason
codes; a scorecard of 20 characteristics in 8 bins; a table of tiers, 60 rows by 6 inputs, and one
of limits and prices, 200 rows by 8 inputs, both first hit; the least of three amounts, an annuity
payment rounded to cents, and a route. ``policy_dmn`` writes it as DMN, ``policy_rivals`` for other
engines; ``decide`` here is the naive reference they are all checked against.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import pairwise

SEED = 20_260_401
NUMBERS = Context(prec=34, rounding=ROUND_HALF_EVEN)
CENT = Decimal("0.01")
TIERS = 6

# name, lowest, highest, places after the point
_NUMERIC = (
    ("annual_revenue", 50_000, 20_000_000, 0),
    ("annual_costs", 30_000, 15_000_000, 0),
    ("total_debt", 0, 8_000_000, 0),
    ("card_balance", 0, 300_000, 0),
    ("card_limit", 1_000, 400_000, 0),
    ("monthly_obligations", 0, 400_000, 0),
    ("requested_amount", 10_000, 3_000_000, 0),
    ("term_months", 3, 36, 0),
    ("net_worth", 1_000, 30_000_000, 0),
    ("tax_paid", 0, 3_000_000, 0),
    ("years_in_business", 0, 40, 1),
    ("owner_age", 18, 80, 0),
    ("employees", 0, 300, 0),
    ("days_overdue_now", 0, 120, 0),
    ("worst_overdue_24m", 0, 360, 0),
    ("overdue_count_12m", 0, 12, 0),
    ("inquiries_1m", 0, 15, 0),
    ("inquiries_6m", 0, 40, 0),
    ("active_loans", 0, 15, 0),
    ("lenders", 0, 12, 0),
    ("oldest_account_months", 0, 360, 0),
    ("invoice_growth", -0.9, 3.0, 3),
    ("invoice_gap_days", 0, 180, 0),
    ("top_customer_share", 0.0, 1.0, 3),
    ("active_customers", 0, 500, 0),
    ("refund_rate", 0.0, 0.5, 4),
    ("tax_score", 0, 100, 0),
    ("court_cases", 0, 10, 0),
    ("address_months", 0, 240, 0),
    ("bureau_score", 300.0, 900.0, 1),
)
_CATEGORICAL = (
    ("industry", ("retail", "food", "transport", "building", "services", "farm", "maker", "other")),
    ("region", ("north", "east", "south", "west", "centre", "coast", "border", "island")),
    ("legal_form", ("sole", "company", "partnership", "cooperative")),
    ("channel", ("branch", "online", "partner", "broker")),
    ("premises", ("owned", "rented", "shared", "mobile")),
    ("education", ("none", "school", "college", "higher")),
)
_BOOLEAN = ("tax_arrears", "on_sanction_list", "home_owner", "repeat_client")
# name, numerator, denominator; ``margin`` is (revenue - costs) / revenue.
_RATIOS = (
    ("debt_ratio", "total_debt", "annual_revenue"),
    ("utilisation", "card_balance", "card_limit"),
    ("obligation_share", "monthly_obligations", "annual_revenue"),
    ("request_share", "requested_amount", "annual_revenue"),
    ("margin", "annual_revenue - annual_costs", "annual_revenue"),
)
_RATIO_BOUNDS = {
    "debt_ratio": (0.0, 2.0, 3),
    "utilisation": (0.0, 1.5, 3),
    "obligation_share": (0.0, 0.3, 4),
    "request_share": (0.0, 0.8, 3),
    "margin": (-0.5, 0.9, 3),
}
_KNOCK_OUT_NUMERIC = 17
_KNOCK_OUT_CATEGORIES = 3
_CHARACTERISTICS = (14, 2, 4)  # of raw numbers, of ratios, of categories
_BINS = 8


@dataclass(frozen=True)
class Field:
    """An input or a ratio: of kind number, string or boolean."""

    name: str
    kind: str
    low: float = 0
    high: float = 0
    places: int = 0
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """``kind`` any, range (low included, high not), least (from low), below (high), one_of, is."""

    kind: str
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    values: tuple[str, ...] = ()
    truth: bool = False


@dataclass(frozen=True)
class Table:
    """Columns by field name, one row of cells and one of conclusions (texts or numbers) a rule."""

    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    conclusions: tuple[tuple[str | int | Decimal, ...], ...]


@dataclass(frozen=True)
class Policy:
    inputs: tuple[Field, ...]
    ratios: tuple[tuple[str, str, str], ...]
    knock_outs: Table
    scorecard: tuple[Table, ...]
    tiers: Table
    prices: Table


ANY = Cell("any")


def build(seed: int = SEED) -> Policy:
    """The policy of a seed; the same seed gives the same policy."""
    make = _Maker(random.Random(seed))  # noqa: S311 - data, no secret
    return Policy(
        inputs=make.fields,
        ratios=_RATIOS,
        knock_outs=make.knock_outs(),
        scorecard=make.scorecard(),
        tiers=make.tiers(),
        prices=make.prices(),
    )


def applications(count: int, seed: int = SEED + 1) -> list[dict[str, object]]:
    """Applications as a caller has them: int, float, str and bool by the name of the input."""
    chance = random.Random(seed)  # noqa: S311 - data, no secret
    return [_application(chance) for _ in range(count)]


def _application(chance: random.Random) -> dict[str, object]:
    made: dict[str, object] = {}
    for name, low, high, places in _NUMERIC:
        skewed = low + (high - low) * chance.random() ** 2
        made[name] = round(skewed, places) if places else round(skewed)
    for name, values in _CATEGORICAL:
        made[name] = chance.choice(values)
    for name in _BOOLEAN:
        made[name] = chance.random() < (0.5 if name in ("home_owner", "repeat_client") else 0.03)
    return made


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.fields = (
            *(Field(name, "number", low, high, places) for name, low, high, places in _NUMERIC),
            *(Field(name, "string", values=values) for name, values in _CATEGORICAL),
            *(Field(name, "boolean") for name in _BOOLEAN),
        )
        ratios = (Field(name, "number", *bounds) for name, bounds in _RATIO_BOUNDS.items())
        self._by_name = {field.name: field for field in (*self.fields, *ratios)}
        self._knocked: set[str] = set()
        self._by_name["score"] = Field("score", "number", -300, 700)
        self._by_name["tier"] = Field("tier", "number", 1, TIERS)

    def _cut(self, field: Field, share: float) -> Decimal:
        value = field.low + (field.high - field.low) * share
        return Decimal(f"{value:.{field.places}f}")

    def knock_outs(self) -> Table:
        """Each rule looks at one input, or at two; most applications meet none or one."""
        numeric = [field for field in self.fields if field.kind == "number"][5:]
        chosen = self._chance.sample(numeric, _KNOCK_OUT_NUMERIC)
        categories = [self._by_name[name] for name, _ in _CATEGORICAL[-_KNOCK_OUT_CATEGORIES:]]
        booleans = [self._by_name[name] for name in _BOOLEAN[:2]]
        ratios = [self._by_name[name] for name in ("debt_ratio", "request_share", "margin")]
        columns = tuple(f.name for f in (*chosen, *categories, *booleans, *ratios))
        self._knocked = set(columns)
        rows = []
        for place, name in enumerate(columns):
            cells = [ANY] * len(columns)
            cells[place] = self._rare(self._by_name[name])
            if self._by_name[name].kind == "string":
                cells[0] = Cell("least", low=self._cut(chosen[0], 0.6))
            rows.append(tuple(cells))
        conclusions = tuple((f"K{number:02d}",) for number in range(1, len(rows) + 1))
        return Table(columns, ("reason",), tuple(rows), conclusions)

    def _rare(self, field: Field) -> Cell:
        if field.kind == "boolean":
            return Cell("is", truth=True)
        if field.kind == "string":
            return Cell("one_of", values=tuple(self._chance.sample(field.values, 1)))
        if field.name in ("owner_age", "margin"):
            return Cell("below", high=self._cut(field, 0.05))
        return Cell("least", low=self._cut(field, self._chance.uniform(0.93, 0.99)))

    def scorecard(self) -> tuple[Table, ...]:
        raw, derived, categories = _CHARACTERISTICS
        # First the inputs that no knock-out looks at, so that all forty are read.
        numeric = [f for f in self.fields if f.kind == "number"]
        fresh = [f for f in numeric if f.name not in self._knocked]
        more = [f for f in numeric if f.name in self._knocked]
        chosen = [
            *fresh[:raw],
            *self._chance.sample(more, max(0, raw - len(fresh))),
            *(self._by_name[name] for name in tuple(_RATIO_BOUNDS)[:derived]),
            *(self._by_name[name] for name, _ in _CATEGORICAL[:categories]),
        ]
        return tuple(map(self._characteristic, chosen))

    def _characteristic(self, field: Field) -> Table:
        if field.values:
            cells = [Cell("one_of", values=(value,)) for value in field.values]
        else:
            shares = sorted(self._chance.sample(range(2, 70), _BINS - 1))
            cuts = sorted({self._cut(field, share / 100) for share in shares})
            cells = _bins(cuts)
        points = sorted(self._chance.sample(range(-15, 36), len(cells)))
        if self._chance.random() < 0.5:  # noqa: PLR2004 - a coin
            points.reverse()
        rows, conclusions = [(cell,) for cell in cells], [(point,) for point in points]
        return Table((field.name,), ("points",), tuple(rows), tuple(conclusions))

    def tiers(self) -> Table:
        columns = ("score", "bureau_score", "years_in_business", "margin", "legal_form",
                   "repeat_client")  # fmt: skip
        return self._first_hit(columns, 60, ("tier",), lambda: (self._chance.randint(1, TIERS),))

    def prices(self) -> Table:
        columns = ("tier", "score", "annual_revenue", "debt_ratio", "tax_score", "industry",
                   "channel", "home_owner")  # fmt: skip
        return self._first_hit(columns, 200, ("limit", "rate"), self._price)

    def _price(self) -> tuple[int, Decimal]:
        return 1_000 * self._chance.randint(20, 2_000), Decimal(
            self._chance.randint(600, 2_400)
        ) / 10_000

    def _first_hit(self, columns: tuple[str, ...], count: int, outputs, conclude) -> Table:  # noqa: ANN001 - a maker of rows
        fields = [self._by_name[name] for name in columns]
        rows = [tuple(map(self._wide, fields)) for _ in range(count - 1)]
        rows.append((ANY,) * len(columns))
        return Table(columns, outputs, tuple(rows), tuple(conclude() for _ in rows))

    def _wide(self, field: Field) -> Cell:
        """A cell that a third to two thirds of the applications pass; one in five asks nothing."""
        if self._chance.random() < 0.2:  # noqa: PLR2004 - one in five
            return ANY
        if field.kind == "boolean":
            return Cell("is", truth=self._chance.random() < 0.5)  # noqa: PLR2004 - a coin
        if field.kind == "string":
            size = max(1, len(field.values) // 2)
            return Cell("one_of", values=tuple(self._chance.sample(field.values, size)))
        if field.name == "tier":
            low = self._chance.randint(1, TIERS - 2)
            return Cell("range", Decimal(low), Decimal(low + 3))
        low = self._chance.uniform(0, 0.4)
        high = low + self._chance.uniform(0.3, 0.6)
        return Cell("range", self._cut(field, low), self._cut(field, min(high, 1.0)))


def _bins(cuts: list[Decimal]) -> list[Cell]:
    inner = [Cell("range", low, high) for low, high in pairwise(cuts)]
    return [Cell("below", high=cuts[0]), *inner, Cell("least", low=cuts[-1])]


# --- the naive reference


def decide(policy: Policy, given: dict[str, object]) -> dict[str, object]:
    """What the policy says of one application: row by row, in decimals of 34 digits."""
    known: dict[str, object] = {
        name: Decimal(repr(value)) if isinstance(value, float) else
        Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in given.items()
    }  # fmt: skip
    for name, above, below in policy.ratios:
        left, _, less = above.partition(" - ")
        number = known[left] - known[less] if less else known[left]  # type: ignore[operator]
        known[name] = NUMBERS.divide(number, known[below])  # type: ignore[arg-type]
    reasons = [row[0] for row in _hits(policy.knock_outs, known)]
    known["score"] = Decimal(sum(int(_hits(t, known)[0][0]) for t in policy.scorecard))
    known["tier"] = Decimal(_hits(policy.tiers, known)[0][0])
    limit, rate = map(Decimal, _hits(policy.prices, known)[0])
    return {
        "reasons": reasons,
        "score": known["score"],
        "tier": known["tier"],
        "limit": limit,
        "rate": rate,
        **_offer(known, reasons, limit, rate),
    }


def _offer(
    known: dict[str, object], reasons: list[object], limit: Decimal, rate: Decimal
) -> dict[str, object]:
    amount = min(
        known["requested_amount"], limit,
        NUMBERS.multiply(known["annual_revenue"], Decimal("0.35")),  # type: ignore[arg-type]
    )  # fmt: skip
    monthly = NUMBERS.divide(rate, Decimal(12))
    growth = NUMBERS.power(NUMBERS.add(1, monthly), known["term_months"])  # type: ignore[arg-type]
    payment = NUMBERS.divide(
        NUMBERS.multiply(NUMBERS.multiply(amount, monthly), growth), NUMBERS.subtract(growth, 1)
    )
    if reasons:
        route = "decline"
    elif known["tier"] >= 5 or known["request_share"] > Decimal("0.5"):  # type: ignore[operator] # noqa: PLR2004 - the policy
        route = "refer"
    else:
        route = "approve"
    return {"amount": amount, "payment": payment.quantize(CENT), "route": route}


def _hits(table: Table, known: dict[str, object]) -> list[tuple[str | int | Decimal, ...]]:
    return [
        conclusion
        for row, conclusion in zip(table.rows, table.conclusions, strict=True)
        if all(_passes(c, known[n]) for c, n in zip(row, table.columns, strict=True))
    ]


def _passes(cell: Cell, value: object) -> bool:
    if cell.kind in ("range", "least", "below"):
        above = cell.kind == "below" or value >= cell.low  # type: ignore[operator]
        return above and (cell.kind == "least" or value < cell.high)  # type: ignore[operator]
    if cell.kind == "one_of":
        return value in cell.values
    return cell.kind == "any" or value is cell.truth

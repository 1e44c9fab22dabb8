"""What an answer must keep: targets and limits, each a sum or a share over the cells' worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from tael.kernel import BadInput, Money, minor_digits
from tael.pricing.strategy.economics import Worth
from tael.pricing.strategy.model import Cell, Market, Segment
from tael.report import Kind, Words, written

Measure = Callable[[Cell, Worth], int]
MOST_PARTNERS = 10
LOSSES = ("lifetime", "stage_1")


@dataclass(frozen=True, slots=True)
class Targets:
    """What the strategy is to reach in a period; what is None is not asked for.

    Args:
        prime_share: least share of R1-R3 in the amount lent.
        prime_share_by_count: the same by number of loans.
        loss_rate: most expected loss of what is lent.
        loss: which one: ``lifetime``, or ``stage_1`` (PD of 12 months x LGD x principal).
        volume, profit: least amount lent, least profit.
        segment_volume: least amount lent by segment.
        budget: most operating cost.
        capital: most capital held when the period ends.
    """

    prime_share: Decimal | None = None
    prime_share_by_count: Decimal | None = None
    loss_rate: Decimal | None = None
    loss: str = "lifetime"
    volume: Money | None = None
    profit: Money | None = None
    segment_volume: Mapping[Segment, Money] = field(default_factory=dict)
    budget: Money | None = None
    capital: Money | None = None

    def __post_init__(self) -> None:
        for name in ("prime_share", "prime_share_by_count", "loss_rate"):
            value = getattr(self, name)
            if value is not None and not (value.is_finite() and 0 <= value <= 1):
                raise BadInput(
                    f"a {name} of {value} is out of range", field=f"targets.{name}", rule="0 to 1"
                )
        if self.loss not in LOSSES:
            raise BadInput(
                f"{self.loss!r} is no loss", field="targets.loss", rule=" | ".join(LOSSES)
            )
        for name in ("volume", "budget", "capital"):
            amount = getattr(self, name)
            if amount is not None and amount.minor < 0:
                raise BadInput(f"a {name} of {amount}", field=f"targets.{name}", rule=">= 0")


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing to keep: ``above`` (over ``below`` where it is a share) at least or at most.

    Args:
        code: its name, unique.
        words: what is bounded.
        above: what is added up over the cells.
        limit: in the unit of ``above``, minor units for money; of a share a fraction of one.
        least: whether the limit is the least; else the most.
        below: what the sum is a share of; None for a sum.
        currency: of a sum of money; '' for a share.
    """

    code: str
    words: Words
    above: Measure = field(repr=False)
    limit: Fraction
    least: bool
    below: Measure | None = field(default=None, repr=False)
    currency: str = ""

    def with_limit(self, limit: Fraction) -> Bound:
        """The same with another limit."""
        return replace(self, limit=limit)

    def row(self, entries: Iterable[tuple[Cell, Worth]]) -> tuple[list[int], int]:
        """Whole coefficients and a bound, so that keeping it is ``sum(coefficients) <= bound``."""
        sign, top, bottom = (-1 if self.least else 1), self.limit.numerator, self.limit.denominator
        if self.below is None:
            return [sign * bottom * self.above(*entry) for entry in entries], sign * top
        below = self.below
        return [sign * (bottom * self.above(*entry) - top * below(*entry)) for entry in entries], 0

    def attained(self, entries: Sequence[tuple[Cell, Worth]]) -> Fraction | None:
        """The sum or share of an answer; None for a share of nothing."""
        above = sum(self.above(*entry) for entry in entries)
        if self.below is None:
            return Fraction(above)
        below = self.below
        whole = sum(below(*entry) for entry in entries)
        return Fraction(above, whole) if whole else None

    def kept(self, entries: Sequence[tuple[Cell, Worth]]) -> bool:
        """Whether an answer keeps it, exactly; nothing lent keeps every share."""
        found = self.attained(entries)
        return found is None or (found >= self.limit if self.least else found <= self.limit)

    def told(self, value: Fraction | None, locale: str) -> str:
        """``value`` of this bound for a reader."""
        if value is None:
            return "–"
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        if not self.currency:
            return written(exact, Kind.PERCENT, locale, 2)
        return f"{exact.scaleb(-minor_digits(self.currency)):,.2f} {self.currency}"


def bounds_of(market: Market, targets: Targets) -> tuple[Bound, ...]:
    """The bounds of an answer: those of ``targets`` first, then guarantor and banks.

    Raises:
        BadInput: a segment that no cell is in, or too many banks.
    """
    return (
        *_shares(targets),
        *_sums(market, targets),
        *_segments(market, targets),
        *_guarantor(market),
        *_partners(market),
    )


def _shares(targets: Targets) -> Iterable[Bound]:
    if targets.prime_share is not None:
        yield Bound(
            "prime_share",
            Words("R1-R3 占新增放款金额", "R1-R3 share of new lending by amount"),
            lambda cell, worth: worth.volume if cell.prime else 0,
            Fraction(targets.prime_share),
            least=True,
            below=lambda _, worth: worth.volume,
        )
    if targets.prime_share_by_count is not None:
        yield Bound(
            "prime_share_by_count",
            Words("R1-R3 占新增放款笔数", "R1-R3 share of new lending by count"),
            lambda cell, worth: worth.loans_micro if cell.prime else 0,
            Fraction(targets.prime_share_by_count),
            least=True,
            below=lambda _, worth: worth.loans_micro,
        )
    if targets.loss_rate is not None:
        lifetime = targets.loss == "lifetime"
        yield Bound(
            "loss_rate",
            Words("预期损失率（整个存续期）", "Expected loss over the life, of what is lent")
            if lifetime
            else Words("预期损失率（12 个月）", "Expected loss of 12 months, of what is lent"),
            (lambda _, worth: worth.loss) if lifetime else (lambda _, worth: worth.stage_1),
            Fraction(targets.loss_rate),
            least=False,
            below=lambda _, worth: worth.volume,
        )


def _sums(market: Market, targets: Targets) -> Iterable[Bound]:
    texts: tuple[tuple[str, Words, Measure, bool], ...] = (
        ("volume", Words("新增放款", "New lending"), lambda _, worth: worth.volume, True),
        ("profit", Words("利润", "Profit"), lambda _, worth: worth.profit, True),
        ("budget", Words("运营费用", "Operating cost"), lambda _, worth: worth.operating, False),
        ("capital", Words("占用资本", "Capital held"), lambda _, worth: worth.capital, False),
    )
    for name, words, measure, least in texts:
        amount: Money | None = getattr(targets, name)
        if amount is not None:
            yield _sum(market, name, words, measure, (amount.minor, least))


def _sum(
    market: Market, code: str, words: Words, measure: Measure, limit: tuple[Fraction | int, bool]
) -> Bound:
    amount, least = limit
    return Bound(code, words, measure, Fraction(amount), least=least, currency=market.currency)


def _segments(market: Market, targets: Targets) -> Iterable[Bound]:
    known = {cell.segment for cell in market.cells}
    for segment, amount in sorted(targets.segment_volume.items(), key=lambda item: item[0].values):
        if segment not in known:
            raise BadInput(
                f"no cell is in the segment {segment.name}",
                field="targets.segment_volume", rule="a segment of the cells",
            )  # fmt: skip
        words = Words(f"{segment.name} 的新增放款", f"New lending in {segment.name}")

        def lent(cell: Cell, worth: Worth, own: Segment = segment) -> int:
            return worth.volume if cell.segment == own else 0

        yield _sum(market, f"segment_volume:{segment.name}", words, lent, (amount.minor, True))


def _guarantor(market: Market) -> Iterable[Bound]:
    if market.guarantor is None:
        return
    room = market.guarantor.most - market.guarantor.in_force
    words = Words("担保责任余额（加权）新增", "New weighted guarantee liability")
    yield _sum(market, "guarantee", words, lambda _, worth: worth.liability, (room.minor, False))


def _partners(market: Market) -> Iterable[Bound]:
    """Banks together lend enough exactly when every set of cells has the banks it needs (Hall).

    A bound for each union of the sets of banks that lend to some cell: what only those banks lend
    to is at most what they have.
    """
    partners, own = market.partners, market.costs.own_share
    if not partners or own == 1:
        return
    if len(partners) > MOST_PARTNERS:
        raise BadInput(
            f"{len(partners)} banks", field="partners", rule=f"at most {MOST_PARTNERS} at once"
        )
    reach = {
        cell.key: frozenset(n for n, bank in enumerate(partners) if bank.lends(cell))
        for cell in market.cells
    }
    for banks in _unions(set(reach.values())):
        most = sum(partners[number].most.minor for number in banks)
        name = " + ".join(partners[number].name for number in sorted(banks)) or "-"
        words = Words(f"仅由 {name} 出资的放款", f"Lending that only {name} may fund")

        def funded(cell: Cell, worth: Worth, banks: frozenset[int] = banks) -> int:
            return worth.volume if reach[cell.key] <= banks else 0

        limit = Fraction(most) / Fraction(1 - own)
        yield _sum(market, f"partner:{name}", words, funded, (limit, False))


def _unions(sets: set[frozenset[int]]) -> list[frozenset[int]]:
    found: set[frozenset[int]] = set()
    for one in sorted(sets, key=sorted):
        found |= {one, *(one | other for other in found)}
    return sorted(found, key=lambda banks: (len(banks), sorted(banks)))

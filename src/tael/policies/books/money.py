"""What a loan of the book earns, costs and loses: schedules of ``pricing``, in minor units.

A schedule is made once for each pair of rate and term, on a loan of a million; a row of the book
takes its share of it. A share differs from the schedule of the row's own amount by what rounding
each instalment to the minor unit makes: at most one minor unit for each instalment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput, Day, Money, Rate, check
from tael.pricing import Component, Method, Schedule, Terms, build_schedule

Ints = npt.NDArray[np.int64]

PPM = 1_000_000
LONGEST_MONTHS = 360
LARGEST_MINOR = 10**12
# A million in the minor unit of the book's currency; its digits split in two keep sums in 64 bits.
_REFERENCE_MINOR = 10**8
_SPLIT = 10**6
_MOST_SCHEDULES = 600
_COARSE_PPM = 1_000
_START = Day(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the book does not say, declared by whoever looks at it; each is shown on the page.

    Attributes:
        bad_from: days past due from which a loan is bad.
        mature: months after application before an outcome counts; younger ones are not known yet.
        lgd: share of what is outstanding that is lost when a loan goes bad.
        funds: annual cost of the money lent.
        cost_minor: what one accepted application costs, minor units.
        paid: instalments that a bad loan pays before it stops.
        worse: how many times as likely a declined applicant without an outcome is bad as an
            accepted one of the same score.
        method: how principal comes back, a name of ``pricing.Method``.
        amount_minor: of a loan whose amount the book does not tell.
        months: of a loan whose term the book does not tell.
        rate: annual, of a loan whose rate the book does not tell.
        by: which column ranks: 'score', 'pd' or 'tier'; '' takes the first there is.
        better: 'higher' or 'lower' where the direction was set by hand; '' for as detected.
        present: the cut-off in use, where the book has no decisions; '' for all accepted.
    """

    bad_from: int = 90
    mature: int = 0
    lgd: Decimal = Decimal("0.60")
    funds: Decimal = Decimal("0.035")
    cost_minor: int = 30_000
    paid: int = 4
    worse: Decimal = Decimal("1.5")
    method: str = Method.EQUAL_INSTALMENT.name
    amount_minor: int = 10_000_000
    months: int = 12
    rate: Decimal = Decimal("0.12")
    by: str = ""
    better: str = ""
    present: str = ""

    def check(self) -> None:
        """Refuse what no loan can be.

        Raises:
            BadInput: names the field and its range.
        """
        for name, low, high in _RANGES:
            found = getattr(self, name)
            if not low <= found <= high:
                raise BadInput(
                    f"{name} is {found}",
                    code="book_assumption",
                    field=name,
                    rule=f"{low} to {high}",
                )
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise BadInput(
                    f"{name} is {getattr(self, name)!r}",
                    code="book_assumption", field=name, rule=" | ".join(allowed),
                )  # fmt: skip

    def as_json(self) -> dict[str, str | int]:
        """The assumptions as JSON values; decimals as text."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {k: str(v) if isinstance(v, Decimal) else v for k, v in values.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Assumptions:
        """The assumptions that ``as_json`` wrote."""
        plain = cls()
        return cls(**{name: type(getattr(plain, name))(value) for name, value in data.items()})


_RANGES = (
    ("bad_from", 1, 1000),
    ("mature", 0, 120),
    ("lgd", Decimal(0), Decimal(1)),
    ("funds", Decimal(0), Decimal("0.5")),
    ("cost_minor", 0, 10**8),
    ("paid", 0, LONGEST_MONTHS),
    ("worse", Decimal(1), Decimal(10)),
    ("amount_minor", 1, LARGEST_MINOR),
    ("months", 1, LONGEST_MONTHS),
    ("rate", Decimal(0), Decimal(2)),
)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "method": tuple(each.name for each in Method if each is not Method.FLAT),
    "by": ("", "score", "pd", "tier"),
    "better": ("", "higher", "lower"),
}


@dataclass(frozen=True)
class Earnings:
    """Minor units by row: what each loan brings if it turns out good, and if it turns out bad.

    ``coarse`` is whether rates were rounded to a tenth of a per cent to keep schedules few.
    """

    income_good: Ints
    income_bad: Ints
    funding_good: Ints
    funding_bad: Ints
    loss: Ints
    coarse: bool


def earnings(amount: Ints, months: Ints, rate_ppm: Ints, assumed: Assumptions) -> Earnings:
    """The money of every row, of int64 [rows]: minor units, months, millionths of annual rate."""
    coarse = len(_pairs(months, rate_ppm)[0]) > _MOST_SCHEDULES
    if coarse:
        rate_ppm = (rate_ppm + _COARSE_PPM // 2) // _COARSE_PPM * _COARSE_PPM
    pairs, row = _pairs(months, rate_ppm)
    shares = np.array(
        [_shares(int(n), Rate(Decimal(int(ppm)) / PPM), assumed) for n, ppm in pairs],
        dtype=np.int64,
    ).reshape(len(pairs), 5)
    parts = [_scaled(amount, shares[row, column]) for column in range(5)]
    return Earnings(parts[0], parts[1], parts[2], parts[3], parts[4], coarse)


def _pairs(months: Ints, rate_ppm: Ints) -> tuple[Ints, Ints]:
    keys, row = np.unique(months * (10 * PPM) + rate_ppm, return_inverse=True)
    return np.column_stack([keys // (10 * PPM), keys % (10 * PPM)]), row


def _shares(months: int, rate: Rate, assumed: Assumptions) -> tuple[int, int, int, int, int]:
    """Of a loan of a million: both incomes, both costs of funds, and the loss, minor units."""
    schedule = build_schedule(
        Terms(
            principal=Money(_REFERENCE_MINOR, "CNY"),
            method=Method[assumed.method],
            months=months,
            start=_START,
            components=(Component("interest", rate),),
        )
    )
    paid = min(assumed.paid, months - 1)
    owed = [schedule.outstanding_after(number).minor for number in range(months)]
    monthly = assumed.funds / 12
    return (
        _interest(schedule, months),
        _interest(schedule, paid),
        _whole(sum(owed) * monthly),
        _whole(sum(owed[:paid]) * monthly),
        _whole(owed[paid] * assumed.lgd),
    )


def _interest(schedule: Schedule, paid: int) -> int:
    return sum(row.charge.minor for row in schedule.instalments[:paid])


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _scaled(amount: Ints, share: Ints) -> Ints:
    """``amount * share / 1e8``, half up, exact in 64 bits: ``amount`` in two parts."""
    check(not len(amount) or int(amount.max()) <= LARGEST_MINOR, "amounts were checked when read")
    high, low = np.divmod(amount, _SPLIT)
    hundreds = _REFERENCE_MINOR // _SPLIT
    whole, rest = np.divmod(high * share, hundreds)
    part: Ints = (rest * _SPLIT + low * share + _REFERENCE_MINOR // 2) // _REFERENCE_MINOR
    return whole + part

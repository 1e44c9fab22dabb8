"""What a loan earns and loses: dated assumptions, and life tables of one unit lent.

Of a loan of principal ``P``, with the balance ``B_k`` before instalment ``k`` and the charge
``C_k`` in it, as ``tael.pricing.build_schedule`` has them, and ``s_k`` the share not yet prepaid:

* default comes at the same rate in each month, ``pd / 12``, and a loan in default pays no more, to
  the first order: charges expected are ``sum(s_k C_k (1 - pd t_k))``, ``t_k`` in years;
* expected loss is ``pd LGD sum(s_k B_k) / 12``: PD a year times LGD times the balance it is exposed
  on (Basel Committee, An Explanatory Note on the Basel II IRB Risk Weight Functions, 2005, section
  2: EL = PD x LGD x EAD, here with the exposure of each month);
* cost of funds is paid on the same performing balance, operating cost per loan and on the balance.

Everything is counted in whole minor units, rounded half up at each product.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from decimal import Decimal, localcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput, Day, Money, Rate
from tael.policies.backtest.numbers import BILLION, Whole, billionths, share_of
from tael.pricing import Component, Method, Terms, all_in_cost, build_schedule
from tael.report import Words

_NOMINAL = Money.parse("1000000")
_START = Day(2025, 1, 1)
_MONTHS = 12
_CAP, _FUNDING, _OPERATING, _LOSS_GIVEN_DEFAULT, _PREPAYMENT, _PAID_BY_BAD, _RIPE = (
    Rate(Decimal(text)) for text in ("0.24", "0.06", "0.02", "0.75", "0.10", "0.5", "0.9")
)
_MOST_LOANS = 2_000  # life tables of different loans; more distinct rates than that are rounded
_COARSE = BILLION // 1000  # to a tenth of a per cent a year
_SOURCES: Mapping[str, Words] = {
    "cap": Words(
        "司法实践中的 24%, 或四倍一年期 LPR: 带日期的参数 cap.all_in",
        "24 % as courts read it, or 4 x one-year LPR: the dated parameter cap.all_in",
    ),
    "funding": Words("指南中算例的银行利率", "the bank's interest of the guide's worked loan"),
    "operating_minor": Words(
        "假设: 一次决定与一份合同的成本", "assumed: what one decision and one contract cost"
    ),
    "operating": Words("假设: 贷后管理, 按余额", "assumed: servicing a year on the balance"),
    "loss_given_default": Words(
        "指南中算例: 确认时 LGD 75%", "the guide's worked loan: LGD 75 % at recognition"
    ),
    "prepayment": Words(
        "假设: 每年固定比例提前还清", "assumed: a constant share of loans a year repays early"
    ),
    "paid_by_bad": Words(
        "假设: 一半费用, 各月违约可能相同",
        "assumed: half of the charges, default being as likely in any month",
    ),
    "ripe": Words(
        "坏账先于好账得知, 未成熟月份的坏账率偏高",
        "bads are known before goods: a young month's bad rate would be too high",
    ),
    "rejects": Words(
        "假设: 当时被拒者违约为 PD 的 1、1.5、2.5 倍",
        "assumed: applicants refused then default 1, 1.5 and 2.5 times as their PD says",
    ),
}


@dataclass(frozen=True, slots=True)
class Economics:
    """What a back-test assumes besides the history, as of a day.

    Attributes:
        as_of: the day of these figures, and the last on which an outcome may have become known.
        cap: all-in cap, annual.
        funding: cost of funds a year where an offer does not say what the bank gets.
        operating_minor: operating cost of a loan, minor units.
        operating: operating cost a year on the balance.
        loss_given_default: lost of the exposure, where no outcome says it.
        prepayment: share of loans a year that is repaid early.
        paid_by_bad: share of its charges that a loan pays which goes bad.
        ripe: share of a month's loans whose outcome must be known for its outcomes to count.
        rejects: multiples of the PD between which swapped-in applicants without an outcome may lie;
            the middle one is what is expected.
        currency: of every amount.
        sources: where each figure is from, by its name.
    """

    as_of: Day
    cap: Rate = _CAP
    funding: Rate = _FUNDING
    operating_minor: int = 30_000
    operating: Rate = _OPERATING
    loss_given_default: Rate = _LOSS_GIVEN_DEFAULT
    prepayment: Rate = _PREPAYMENT
    paid_by_bad: Rate = _PAID_BY_BAD
    ripe: Rate = _RIPE
    rejects: tuple[Decimal, ...] = (Decimal(1), Decimal("1.5"), Decimal("2.5"))
    currency: str = "CNY"
    sources: Mapping[str, Words] = field(default_factory=lambda: dict(_SOURCES))

    def __post_init__(self) -> None:
        for name in ("cap", "funding", "operating", "loss_given_default", "prepayment",
                     "paid_by_bad", "ripe"):  # fmt: skip
            found = getattr(self, name)
            if not 0 <= found.fraction <= 1:
                raise BadInput(f"{name} is {found}", field=name, rule="from 0 to 100 %")
        if self.operating_minor < 0:
            raise BadInput("a cost below zero", field="operating_minor", rule=">= 0")
        if len(self.rejects) != 3 or sorted(self.rejects) != list(self.rejects):  # noqa: PLR2004
            raise BadInput(
                "the multiples of the PD are three and rise", field="rejects", rule="low, mid, high"
            )
        if self.rejects[0] < 0:
            raise BadInput("a multiple below zero", field="rejects", rule=">= 0")

    def as_json(self) -> dict[str, object]:
        """Every figure as exact text."""
        data = {name: _text(getattr(self, name)) for name in (f.name for f in fields(self))}
        told = {name: words.en for name, words in sorted(self.sources.items())}
        return {**data, "sources": told}

    @property
    def hash(self) -> str:
        """SHA-256 of the figures, in hexadecimal; where they are from does not count."""
        data = {name: value for name, value in self.as_json().items() if name != "sources"}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def read_economics(path: Path, given: Economics) -> Economics:
    """``given`` with the figures of a JSON file: rates as fractions in text, ``as_of`` as a day.

    Raises:
        BadInput: no such file, no JSON, an unknown field or a figure that is none.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}", field="economics", rule="a file") from None
    except ValueError as error:
        raise BadInput(f"{path}: {error}", field="economics", rule="JSON") from None
    known = {each.name for each in fields(Economics)}
    if not isinstance(data, dict) or (unknown := sorted(data.keys() - known)):
        told = ", ".join(unknown) if isinstance(data, dict) else "no object"
        raise BadInput(
            f"{path}: {told} is no figure", field="economics", rule=", ".join(sorted(known))
        )
    changes: dict[str, Any] = {name: _read(name, value) for name, value in data.items()}
    sources = dict(given.sources)
    given_in = Words(f"见 {path.name}", f"given in {path.name}")
    sources |= dict.fromkeys(changes.keys() & sources.keys(), given_in)
    changes.setdefault("sources", sources)
    return replace(given, **changes)


def _read(name: str, value: object) -> object:
    try:
        if name == "as_of":
            return Day.parse(str(value))
        if name == "operating_minor":
            return int(str(value))
        if name == "rejects" and isinstance(value, list):
            return tuple(Decimal(str(each)) for each in value)
        if name == "sources" and isinstance(value, dict):
            return {str(key): Words(str(text), str(text)) for key, text in value.items()}
        return str(value) if name == "currency" else Rate(Decimal(str(value)))
    except (ArithmeticError, ValueError):
        raise BadInput(f"{name} is {value!r}", field=name, rule="a figure") from None


def _text(value: object) -> object:
    if isinstance(value, Rate):
        return str(value.fraction)
    if isinstance(value, tuple):
        return [str(each) for each in value]
    return value if isinstance(value, int) else str(value)


@dataclass(frozen=True, slots=True)
class Life:
    """What one unit lent does over its life, in billionths.

    Attributes:
        charges: paid if it stays good: ``sum(s C)``.
        charges_years: the same, each times the years until it is due.
        balance_years: ``sum(s B) / 12``.
        balance_years_years: the same, each times the years passed.
        average: mean balance until the end, without prepayment: what is exposed at default.
        all_in: nominal annual cost to the borrower.
    """

    charges: int
    charges_years: int
    balance_years: int
    balance_years_years: int
    average: int
    all_in: int


@lru_cache(maxsize=100_000)
def life_of(method: Method, months: int, rate: int, prepayment: Rate) -> Life:
    """The life table of a loan by its terms; ``rate`` in billionths a year."""
    price = Rate(Decimal(rate) / BILLION)
    terms = Terms(_NOMINAL, method, months, _START, (Component("all_in", price),))
    schedule = build_schedule(terms)
    with localcontext() as context:
        context.prec = 34
        stays = (1 - prepayment.fraction) ** (Decimal(1) / _MONTHS)
        left, kept = Decimal(1), Decimal(1)
        sums = [Decimal(0)] * 5
        whole = _NOMINAL.decimal()
        for number, row in enumerate(schedule.instalments):
            due, passed = (
                Decimal(number + 1) / _MONTHS,
                (Decimal(number) + Decimal("0.5")) / _MONTHS,
            )
            charge = row.charge.decimal() / whole
            for place, part in enumerate(
                (kept * charge, kept * charge * due, kept * left / _MONTHS,
                 kept * left / _MONTHS * passed, left / months)
            ):  # fmt: skip
                sums[place] += part
            left -= row.principal.decimal() / whole
            kept *= stays
        # Without fees taken at the start the cost of a loan is its rate, but for a flat charge.
        cost = all_in_cost(schedule).nominal if method is Method.FLAT else price
    charges, charges_years, years, years_years, average = map(billionths, sums)
    return Life(charges, charges_years, years, years_years, average, billionths(cost.fraction))


@dataclass(frozen=True, eq=False)
class Loans:
    """Loans of one back-test in columns; an amount of 0 is no loan.

    Attributes:
        amount: int64, minor units.
        method: int64, a place in ``methods``.
        months: int64.
        rate: int64, billionths a year that the borrower pays.
        bank: int64, billionths a year that funds cost.
        pd: int64, billionths.
    """

    amount: Whole
    method: Whole
    months: Whole
    rate: Whole
    bank: Whole
    pd: Whole
    methods: tuple[Method, ...]

    def of(self, rows: Whole) -> Loans:
        """Those of some rows."""
        return Loans(
            self.amount[rows], self.method[rows], self.months[rows], self.rate[rows],
            self.bank[rows], self.pd[rows], self.methods,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Worth:
    """What loans are worth by expectation, in minor units; 0 where there is no loan.

    ``full`` are charges and cost of funds of a loan that stays good; ``exposed`` is its mean
    balance; ``all_in`` billionths a year.
    """

    revenue: Whole
    funding: Whole
    operating: Whole
    loss: Whole
    full: Whole
    full_funding: Whole
    exposed: Whole
    all_in: Whole

    @property
    def profit(self) -> Whole:
        """Revenue less cost of funds, operating cost and expected loss."""
        found: Whole = self.revenue - self.funding - self.operating - self.loss
        return found

    def of(self, rows: Whole | npt.NDArray[np.bool_]) -> Worth:
        """That of some rows."""
        return Worth(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


def worth_of(loans: Loans, economics: Economics) -> Worth:
    """What ``loans`` earn and lose by their PD."""
    rows = np.flatnonzero(loans.amount)
    found = _worth(loans.of(rows), economics)
    return Worth(
        **{e.name: spread(getattr(found, e.name), rows, len(loans.amount)) for e in fields(Worth)}
    )


def spread(values: Whole, rows: Whole, size: int) -> Whole:
    """``values`` at ``rows`` of ``size`` rows; 0 in the others."""
    made = np.zeros(size, np.int64)
    made[rows] = values
    return made


def _worth(loans: Loans, economics: Economics) -> Worth:
    lives = _lives(loans, economics.prepayment)
    amount, pd = loans.amount, np.minimum(loans.pd, BILLION)
    full = share_of(amount, lives["charges"])
    lost = share_of(share_of(amount, lives["charges_years"]), pd)
    balance = share_of(amount, lives["balance_years"])
    idle = share_of(share_of(amount, lives["balance_years_years"]), pd)
    performing = np.maximum(0, balance - idle)
    loss = share_of(share_of(balance, pd), billionths(economics.loss_given_default.fraction))
    cost = share_of(balance, billionths(economics.operating.fraction))
    return Worth(
        revenue=np.maximum(0, full - lost),
        funding=share_of(performing, loans.bank),
        operating=economics.operating_minor + cost,
        loss=np.minimum(loss, amount),
        full=full,
        full_funding=share_of(balance, loans.bank),
        exposed=share_of(amount, lives["average"]),
        all_in=lives["all_in"],
    )


def _lives(loans: Loans, prepayment: Rate) -> dict[str, Whole]:
    """The life table of each loan, by the name of its figure."""
    rate = loans.rate
    key = _keys(loans, rate)
    kinds, places = np.unique(key, return_inverse=True)
    if len(kinds) > _MOST_LOANS:
        rate = (rate + _COARSE // 2) // _COARSE * _COARSE
        key = _keys(loans, rate)
        kinds, places = np.unique(key, return_inverse=True)
    names = [each.name for each in fields(Life)]
    table = np.zeros((len(names), len(kinds)), np.int64)
    for place, kind in enumerate(kinds.tolist()):
        rest, price = divmod(kind, 1 << 32)
        method, months = divmod(rest, 1 << 16)
        life = life_of(loans.methods[method], months, price, prepayment)
        table[:, place] = list(asdict(life).values())
    return {name: table[row][places] for row, name in enumerate(names)}


def _keys(loans: Loans, rate: Whole) -> Whole:
    """Method, months and rate in one number."""
    found: Whole = (loans.method << 48) | (loans.months << 32) | rate
    return found


def realised(
    worth: Worth, bad: Whole, exposure: Whole, lost: Whole, economics: Economics
) -> tuple[Whole, Whole]:
    """Loss and profit of loans by what became of them, in minor units.

    Args:
        worth: of the loans.
        bad: int64, 1 for bad, 0 for good.
        exposure: int64, minor units owed when it went bad.
        lost: int64, billionths of the exposure that were lost.
        economics: what is assumed.

    A good loan earns all its charges; a bad one the part ``paid_by_bad`` of them, and loses.
    """
    part = np.where(bad == 1, billionths(economics.paid_by_bad.fraction), BILLION)
    loss: Whole = np.where(bad == 1, share_of(exposure, lost), 0)
    earned = share_of(worth.full, part) - share_of(worth.full_funding, part)
    profit: Whole = earned - worth.operating - loss
    return loss, profit

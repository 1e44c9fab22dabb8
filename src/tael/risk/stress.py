"""Stress: scenarios written down before the test, PDs in them, and how far a crisis may miss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.report import Column, Kind, Words
from tael.risk.calibration.distributions import beta_cdf
from tael.risk.calibration.kept import canonical, hash_of, plain, read
from tael.risk.columns import Floats
from tael.risk.cycle.vasicek import conditional_pd
from tael.risk.sample import month_of

_FORMAT = "tael.stress/1"
_NORMAL = NormalDist()
# The state of the economy is summed over from -5 to 5 in steps of 1/20 by the trapezoid rule.
_STATES = np.linspace(-5.0, 5.0, 201)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A state of the economy.

    Attributes:
        code: of the scenario.
        words: what it means, zh and en.
        chance: the share of years that are no worse: 0.5 the median year, 0.99 one in a hundred.
    """

    code: str
    words: Words
    chance: float

    @property
    def factor(self) -> float:
        """The common factor of the scenario; low is bad."""
        return -_NORMAL.inv_cdf(self.chance)


@dataclass(frozen=True, slots=True)
class StressPlan:
    """Scenarios, correlation and confidence, written down before anything is tested with them.

    Attributes:
        version: of the plan.
        fixed_on: the day it was written; vintages from before it are judged with hindsight.
        rho: asset correlation of the scenarios.
        band_rho: asset correlation of the band of a crisis vintage. A supervisory correlation is
            prudent for capital and useless for a test: at 0.12 a vintage might miss by five times
            and still pass. So the band takes what studies measured.
        level: of the two-sided band of a crisis vintage.
        scenarios: from mild to severe.
    """

    version: str
    fixed_on: date
    rho: float
    band_rho: float
    level: float
    scenarios: tuple[Scenario, ...]

    def __post_init__(self) -> None:
        chances = [one.chance for one in self.scenarios]
        if chances != sorted(set(chances)) or not all(0 < chance < 1 for chance in chances):
            raise BadInput(
                "scenarios do not grow worse one by one",
                field="scenarios",
                rule="chances rise strictly between 0 and 1",
            )
        if not all(0 <= rho < 1 for rho in (self.rho, self.band_rho)) or not 0 < self.level < 1:
            raise BadInput(
                f"correlations {self.rho!r} and {self.band_rho!r}, level {self.level!r}",
                field="rho",
                rule="0 <= rho < 1, 0 < level < 1",
            )

    def pd(self, pd: npt.ArrayLike, code: str) -> Floats:
        """Through-the-cycle PDs in the scenario ``code``.

        Raises:
            BadInput: no such scenario, or not PDs.
        """
        for one in self.scenarios:
            if one.code == code:
                return conditional_pd(pd, self.rho, one.factor)
        raise BadInput(f"no scenario {code!r}", field="code", rule="a scenario of the plan")

    def by_tier(self, pd_by_tier: Sequence[float]) -> tuple[StressedTier, ...]:
        """The PD of each tier, through the cycle and in each scenario."""
        found = {one.code: self.pd(list(pd_by_tier), one.code).tolist() for one in self.scenarios}
        return tuple(
            StressedTier(
                number + 1, float(pd), tuple((code, found[code][number]) for code in found)
            )
            for number, pd in enumerate(pd_by_tier)
        )

    def tier_columns(self) -> tuple[Column, ...]:
        """What heads the rows of ``by_tier``."""
        first = (
            Column(Words(zh="等级", en="Tier")),
            Column(Words(zh="跨周期PD", en="PD through the cycle"), Kind.PERCENT, 2),
        )
        return first + tuple(Column(one.words, Kind.PERCENT, 2) for one in self.scenarios)

    def to_json(self) -> str:
        """The plan as canonical JSON."""
        return canonical({"format": _FORMAT, **plain(self)})

    @classmethod
    def from_json(cls, text: str) -> StressPlan:
        """The plan that ``to_json`` wrote.

        Raises:
            BadInput: not such a text.
        """
        data = read(text, _FORMAT)
        try:
            return cls(
                str(data["version"]),
                date.fromisoformat(data["fixed_on"]),
                float(data["rho"]),
                float(data["band_rho"]),
                float(data["level"]),
                tuple(_scenario(item) for item in data["scenarios"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"not a plan: {error}", field="plan", rule=_FORMAT) from None

    @property
    def hash(self) -> str:
        """SHA-256 of ``to_json``: quote it where the plan is fixed."""
        return hash_of(self.to_json())


@dataclass(frozen=True, slots=True)
class StressedTier:
    """The PD of a tier through the cycle and by scenario."""

    tier: int
    pd: float
    scenarios: tuple[tuple[str, float], ...]

    def row(self) -> tuple[object, ...]:
        """As ``StressPlan.tier_columns`` heads it."""
        return (f"R{self.tier}", self.pd, *(value for _, value in self.scenarios))


# The median year, one in ten and one in a hundred. The correlation of the scenarios is Basel's for
# the smallest firms at a PD of 2 % (CRE31.9: 0.164 - 0.04), rounded down; that of the band is the
# top of what was measured for small firms of France and Germany, 1 to 3 % (Dietsch and Petey,
# J. Banking and Finance 28, 2004).
STRESS_PLAN = StressPlan(
    version="2026.1",
    fixed_on=date(2026, 11, 23),
    rho=0.12,
    band_rho=0.03,
    level=0.99,
    scenarios=(
        Scenario("baseline", Words(zh="基准", en="Baseline"), 0.5),
        Scenario("adverse", Words(zh="不利(十年一遇)", en="Adverse (one year in ten)"), 0.9),
        Scenario("severe", Words(zh="严重(百年一遇)", en="Severe (one year in a hundred)"), 0.99),
    ),
)


# --- the band of a crisis vintage


@dataclass(frozen=True, slots=True)
class StressBand:
    """How far observed may lie from predicted when the economy does what the plan allows.

    Attributes:
        loans: how many.
        expected: sum of the through-the-cycle PDs.
        least, most: bads between which a vintage must lie.
        low, high: the same as observed over predicted.
    """

    loans: int
    expected: float
    least: int
    most: int

    @property
    def low(self) -> float:
        """The lowest observed over predicted."""
        return self.least / self.expected

    @property
    def high(self) -> float:
        """The highest observed over predicted."""
        return self.most / self.expected


@dataclass(frozen=True, slots=True)
class StressedVintage:
    """A vintage beside its band.

    Attributes:
        vintage: its first month, since January 1970.
        band: of its loans.
        bads: seen.
        inside: whether they lie in the band.
        beforehand: whether the plan was fixed before the vintage began.
    """

    vintage: int
    band: StressBand
    bads: int
    inside: bool
    beforehand: bool

    def row(self) -> tuple[object, ...]:
        """As ``STRESS_COLUMNS`` heads it."""
        seen = self.bads / self.band.expected
        said = Words(zh="在带内", en="inside") if self.inside else Words(zh="超出", en="outside")
        name = str(np.datetime64(self.vintage, "M"))
        return (
            name, self.band.loans, self.band.expected, self.bads, seen,
            self.band.low, self.band.high, said,
        )  # fmt: skip

    def to_json(self) -> dict[str, object]:
        """All figures."""
        found: dict[str, object] = plain(self)
        return found | {"low": plain(self.band.low), "high": plain(self.band.high)}


STRESS_COLUMNS = (
    Column(Words(zh="批次", en="Vintage")),
    Column(Words(zh="笔数", en="Loans"), Kind.COUNT),
    Column(Words(zh="预测坏", en="Expected bads"), Kind.NUMBER, 1),
    Column(Words(zh="实际坏", en="Bads"), Kind.COUNT),
    Column(Words(zh="实际/预测", en="Observed / predicted"), Kind.NUMBER, 2),
    Column(Words(zh="压力带下限", en="Stress band, low"), Kind.NUMBER, 2),
    Column(Words(zh="压力带上限", en="Stress band, high"), Kind.NUMBER, 2),
    Column(Words(zh="结论", en="Verdict")),
)


def stress_band(pd: npt.ArrayLike, plan: StressPlan = STRESS_PLAN) -> StressBand:
    """The band of bads among loans with through-the-cycle PDs ``pd``.

    Given the state, loans default apart; the state is one standard normal factor (Vasicek 2002).
    The quantiles of that mixture, summed over states; loans in a state are taken as alike, with
    the mean of their conditional PDs, which widens the binomial part a little.

    Raises:
        BadInput: no loans, or not PDs.
    """
    chances = np.sort(np.atleast_1d(np.asarray(pd, dtype=np.float64)))
    if not len(chances) or not float(chances.sum()) > 0:
        raise BadInput("no loan with a PD above zero", field="pd", rule="at least one")
    by_state = _state_means(chances, plan.band_rho)
    weight = np.exp(-(_STATES**2) / 2.0)
    weight /= weight.sum()
    tail = (1.0 - plan.level) / 2.0
    least, most = (_quantile(by_state, weight, len(chances), q) for q in (tail, 1.0 - tail))
    return StressBand(len(chances), float(chances.sum()), least, most)


def judge_vintage(
    vintage: int, pd: npt.ArrayLike, bads: int, plan: StressPlan = STRESS_PLAN
) -> StressedVintage:
    """Whether the bads of a vintage lie in the band fixed by the plan.

    Raises:
        BadInput: as ``stress_band``, or more bads than loans.
    """
    band = stress_band(pd, plan)
    if not 0 <= bads <= band.loans:
        raise BadInput(
            f"{bads} bads among {band.loans} loans", field="bads", rule="0 <= bads <= loans"
        )
    fixed = month_of(plan.fixed_on.year, plan.fixed_on.month)
    return StressedVintage(vintage, band, bads, band.least <= bads <= band.most, fixed <= vintage)


def _state_means(chances: Floats, rho: float) -> Floats:
    """The mean conditional PD in each state, over at most 200 groups of alike PDs."""
    groups = np.array_split(chances, min(len(chances), 200))
    means = np.array([group.mean() for group in groups])
    share = np.array([len(group) for group in groups]) / len(chances)
    found: Floats = conditional_pd(means, rho, _STATES[:, None]) @ share
    return found


def _quantile(by_state: Floats, weight: Floats, loans: int, chance: float) -> int:
    """The smallest number of bads that the mixture does not exceed with ``chance``."""
    low, high = -1, loans
    states = list(zip(by_state.tolist(), weight.tolist(), strict=True))
    while high - low > 1:
        middle = (low + high) // 2
        reached = math.fsum(
            w * (1.0 - beta_cdf(p, middle + 1.0, loans - middle)) for p, w in states
        )
        low, high = (low, middle) if reached >= chance else (middle, high)
    return high


def _scenario(item: dict[str, Any]) -> Scenario:
    return Scenario(str(item["code"]), Words(**item["words"]), float(item["chance"]))

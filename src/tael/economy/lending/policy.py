"""The policy of the time: rules and points over what it could see, bent by its officers.

It errs on purpose. What it sees is noisy, it favours home provinces and large firms, and it closes
doors in bad years: so the loans that exist are not the loans that were asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from tael.economy.agents.model import Firm
from tael.economy.lending.model import Filing, Verdict
from tael.economy.world.chance import Chance, normal
from tael.economy.world.credit import Policy
from tael.economy.world.months import month_of
from tael.economy.world.scene import World

_FEN = 100
_STEP_FEN = 10_000 * _FEN
_YEAR = 12
_MOST_COUNTED = 4
_MOST_GROWTH = 0.4
_LARGE = ("small", "medium")
_LEAST_DAYS, _DAYS = 2, 12
_BARGAIN = 0.35  # part of the sum that an approval may leave out


def verdict(world: World, firm: Firm, filing: Filing, chance: Chance) -> Verdict:
    """What the policy in force on the day of ``filing`` says to it."""
    lending = world.parameters.lending
    policy, dice = _in_force(lending.policies, filing.month), chance.uniform(4)
    bent = lending.points.officer * float(normal(dice[:1])[0])
    points = _points(world, firm, filing) + int(bent)
    reason = next((code for code, fails in _RULES if fails(world, policy, firm, filing)), "")
    if not reason and points < policy.least_points:
        reason = "points"
    lucky = float(dice[1]) < lending.points.random_share
    at_random = bool(reason) and lucky and filing.month >= month_of(lending.points.random_from)
    cut = 1 - _BARGAIN * float(dice[2]) * float(dice[2])
    amount = max(int(filing.amount_asked * cut) // _STEP_FEN, 1) * _STEP_FEN
    return Verdict(
        policy=policy.version,
        points=points,
        approved=not reason or at_random,
        reason=reason,
        at_random=at_random,
        day=filing.day + _LEAST_DAYS + int(dice[3] * _DAYS),
        rate_bp=_rate(world, policy, points),
        amount=amount,
    )


@cache
def _in_force(policies: tuple[Policy, ...], month: int) -> Policy:
    return next(item for item in reversed(policies) if month_of(item.begins) <= month)


def _points(world: World, firm: Firm, filing: Filing) -> int:
    figures = world.parameters.lending.points
    counted = min(max(filing.enquiries_6m - figures.free_enquiries, 0), 2 * _MOST_COUNTED)
    growth = min(max(filing.bank_sales_growth or 0.0, -_MOST_GROWTH), _MOST_GROWTH)
    size, place = world.parameters.sizes[firm.size], world.parameters.provinces[firm.province]
    weighed = (
        figures.start
        + figures.a_year * min(filing.firm_age_months // _YEAR, figures.most_years)
        + figures.property * int(filing.property)
        + figures.a_late_month * min(filing.overdue_24m, _MOST_COUNTED)
        + figures.an_enquiry * counted
        + figures.a_late_tax * min(filing.tax_late_12m or 0, _MOST_COUNTED)
        + figures.debt * (filing.debt_ratio - figures.usual_debt)
        + figures.growth * growth
        + figures.a_case * filing.court_cases
        + figures.large_firm * int(size.code in _LARGE)
        + figures.home * int(place.code in figures.home_provinces.split())
    )
    return int(np.floor(weighed))


def _rate(world: World, policy: Policy, points: int) -> int:
    figures = world.parameters.lending.points
    rate = policy.rate_bp - int(figures.a_point_bp * (points - policy.least_points))
    return min(max(rate, figures.least_rate_bp), figures.most_rate_bp) // 5 * 5


Rule = Callable[[World, Policy, Firm, Filing], bool]
_RULES: tuple[tuple[str, Rule], ...] = (
    (
        "closed_industry",
        lambda world, policy, firm, _: (
            world.parameters.industries[firm.industry].code in policy.closed
        ),
    ),
    ("young_firm", lambda _, policy, __, file: file.firm_age_months < policy.least_age_months),
    ("overdue", lambda _, policy, __, file: file.overdue_24m > policy.most_overdue),
    ("enquiries", lambda _, policy, __, file: file.enquiries_6m > policy.most_enquiries),
    (
        "amount_without_property",
        lambda _, policy, __, file: (
            not file.property and file.amount_asked > policy.free_amount * _FEN
        ),
    ),
)

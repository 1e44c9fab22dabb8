"""The guarantee company's limits and capital on a day, from dated parameters."""

from __future__ import annotations

from dataclasses import dataclass

from tael.funding import Funding, Limits
from tael.kernel import Day, Money
from tael.platform import Parameters, Work


def limits_on(parameters: Parameters, work: Work, day: Day) -> Limits:
    """The limits in force on ``day`` (Order 683 of 2017 and its measures of 2018)."""
    return Limits(
        net_assets=parameters.money(work, "guarantor.net_assets", day),
        leverage_max=parameters.number(work, "guarantee.leverage_max", day),
        party_share_max=parameters.rate(work, "guarantee.single_share_max", day),
        group_share_max=parameters.rate(work, "guarantee.group_share_max", day),
        small_weight=parameters.rate(work, "guarantee.liability_weight_small_business", day),
        small_ceiling=parameters.money(work, "guarantee.liability_weight_threshold", day),
        claim_from_days_past_due=parameters.count(work, "compensation.dpd", day),
    )


@dataclass(frozen=True)
class GuarantorCapital:
    """What the leverage of the portfolio's first page is computed from."""

    funding: Funding
    parameters: Parameters
    work: Work

    def leverage(self, as_of: Day) -> tuple[Money, Money]:
        """Weighted liability, reserved and in force now, and net assets as of the day."""
        limits = limits_on(self.parameters, self.work, as_of)
        use = self.funding.guarantee.utilisation(limits)
        return use.total.weighted, use.net_assets

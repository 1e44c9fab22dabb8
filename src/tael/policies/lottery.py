"""Random acceptance: of those that the score alone declines, a few are taken to learn from.

Without them a lender never sees how its declined would have repaid, and every model learns on what
the last one let through (Hand and Henley, Can reject inference ever work?, IMA J. Math. Applied in
Business and Industry 5 (1993)). Only declines by codes that the policy names are taken, never one
by another rule, and on a small amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from tael.kernel import Rate
from tael.policies.model import Feature, Verdict
from tael.policies.rules import priced
from tael.policies.texts import Policy

ROUTING = "random_accept"


def accepted(
    policy: Policy, inputs: Mapping[str, Feature], verdict: Verdict, *, cap: Rate
) -> Verdict:
    """``verdict``, or an approval where it is a decline that random acceptance may take.

    The tier stays what it was; the limit is the least of what is asked for and ``most_amount``.
    """
    lottery = policy.lottery
    if lottery is None or verdict.outcome != "decline" or not verdict.hard:
        return verdict
    if not lottery.codes.issuperset(verdict.hard):
        return verdict
    asked = inputs.get("amount")
    amount = min(asked, lottery.most_amount) if isinstance(asked, Decimal) else lottery.most_amount
    limit, options = priced(
        policy.prices,
        (lottery.bank_interest.fraction, lottery.guarantee_fee.fraction, amount),
        lottery.tier,
        inputs,
        cap,
    )
    if not options or limit.decimal() < policy.prices.least_amount:
        return verdict
    return replace(verdict, outcome="approve", limit=limit, options=options, routing=ROUTING)

"""Enquiries of lenders at the bureau about the firm and its owner: they rise before arrears do."""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.rows import Events, Happened, delivered
from tael.economy.streams.timing import moments
from tael.economy.world.chance import Chance, Floats, cumulative, exp, picked
from tael.economy.world.scene import World

LENDERS = ("bank", "consumer_finance", "micro_lender", "internet")
REASONS = ("loan_approval", "card_approval", "guarantee_review", "post_loan", "self")
_CODES = {"lender": LENDERS, "reason": REASONS}
_MOST_STRESS = 4.0
_CALM = cumulative((6, 2, 1, 3))
_PRESSED = cumulative((2, 3, 3, 6))  # whom one asks when banks have said no
_ENTERPRISE = cumulative((9, 0, 2, 3, 1))
_PERSON = cumulative((5, 5, 1, 3, 2))
_POST_LOAN = REASONS.index("post_loan")


def bureau_enquiry(world: World, subject: Borrower, months: Life) -> Events:
    """The enquiries about a borrower's firm and owner over the firm's life."""
    chance = Chance(subject.seed, subject.number, "bureau_enquiry")
    placed = moments(_expected(world, subject, months), chance, nightly=0.15)
    dice = chance.rows(4, len(placed))
    pressed = dice[0] < months.stress[placed.month] / _MOST_STRESS
    lender = np.where(pressed, picked(dice[1], _PRESSED), picked(dice[1], _CALM))
    owner = placed.kind == 1
    reason = np.where(owner, picked(dice[2], _PERSON), picked(dice[2], _ENTERPRISE))
    industry = subject.firm.industry
    # The first bureau kept few reviews of running loans: those rows are of the data, not of risk.
    shown = dice[3] < world.recorded("bureau_enquiry.post", industry)[placed.month]
    kept = np.flatnonzero((reason != _POST_LOAN) | shown)
    happened = Happened(
        subject=placed.kind[kept],
        event_at=placed.event_at[kept],
        columns={"lender": lender[kept], "reason": reason[kept]},
    )
    subjects = (subject.firm.enterprise_id, subject.owner.person_id)
    delivery = world.parameters.sources.enquiry
    return delivered(("bureau_enquiry", subjects, _CODES), happened, delivery, chance)


def _expected(world: World, subject: Borrower, months: Life) -> Floats:
    sources = world.parameters.sources
    packed = subject.fraud is not None and subject.fraud.kind == "broker_packed"
    lift = (
        sources.enquiry_stress * np.minimum(months.stress, _MOST_STRESS)
        + sources.enquiry_hidden * months.hidden
        + sources.enquiry_prudence * subject.owner.prudence
        + sources.enquiry_fraud * months.faking * int(packed)
    )
    recorded = world.recorded("bureau_enquiry", subject.firm.industry)
    rate = exp(lift) * recorded * months.open
    return np.stack([sources.enquiries * rate, sources.enquiries_of_owner * rate])

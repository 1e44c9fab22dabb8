"""The applications of a borrower in their order, each with its decision and its loan."""

from __future__ import annotations

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.lending.course import loan_of
from tael.economy.lending.demand import chance_to_apply
from tael.economy.lending.filing import Desk
from tael.economy.lending.model import Application
from tael.economy.lending.policy import verdict
from tael.economy.world.chance import Chance
from tael.economy.world.months import MONTHS
from tael.economy.world.scene import World


def applications_of(world: World, subject: Borrower, months: Life) -> tuple[Application, ...]:
    """What a borrower applied for over its life; under a millisecond for each application.

    A firm whose loan runs waits until it is near its end, and nobody asks twice in a season.
    """
    figures = world.parameters.lending.demand
    chance = Chance(subject.seed, subject.number, "applications")
    asks = chance.uniform(MONTHS) < chance_to_apply(world, subject, months)
    desk, found, free_from = Desk(world, subject, months), list[Application](), 0
    for month in asks.nonzero()[0].tolist():
        if month < free_from:
            continue
        dice = Chance(subject.seed, subject.number, f"application.{month}")
        filing = desk.filing(len(found) + 1, month, dice)
        decision = verdict(world, subject.firm, filing, dice)
        loan = loan_of(world, (subject, months), (filing, decision), dice)
        found.append(Application(filing=filing, verdict=decision, loan=loan))
        free_from = month + figures.pause_months
        if decision.approved:
            end = loan.history[-1].month if loan.history else MONTHS
            free_from = max(free_from, end - figures.months_left)
    return tuple(found)

"""Figures of a replay: rates and money by group, the swap, curves. Each beside its weighted twin.

A weighted figure counts every loan as often as the file's sampling says it stands for; a plain one
counts rows. Where bad loans were sampled more often only the weighted one speaks of the population.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tael.app.replay.model import Decision, Ending, Life, Loan
from tael.kernel import Day, Money, check, total

CURVE_STEP_MONTHS = 6
_LAST_CURVE_MONTH = 120
_RATE_DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One tier, one vintage, or all.

    Attributes:
        decided, accepted, bads: loans; ``bads`` are accepted ones that defaulted.
        approval_rate: accepted over decided.
        bad_rate, bad_rate_weighted: of accepted loans with a known ending.
        lent, loss, claims, fee, servicing: of accepted loans with a known ending.
        loss_rate, loss_rate_weighted: principal lost over principal lent.
        fund_result, fund_result_weighted: fee less servicing less claims.
    """

    label: str
    decided: int
    accepted: int
    bads: int
    approval_rate: Decimal | None
    bad_rate: Decimal | None
    bad_rate_weighted: Decimal | None
    lent: Money
    loss: Money
    loss_rate: Decimal | None
    loss_rate_weighted: Decimal | None
    claims: Money
    fee: Money
    servicing: Money
    fund_result: Money
    fund_result_weighted: Money


@dataclass(frozen=True, slots=True)
class SwapCell:
    """What we decided against what happened: one of four fields.

    ``loans_weighted`` is how many loans of the population they stand for; ``loss`` is recorded
    principal lost, at most the amount.
    """

    approved: bool
    ending: Ending
    loans: int
    loans_weighted: Decimal
    amount: Money
    loss: Money


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A vintage after so many months since approval, weighted.

    Attributes:
        loss_share: principal lost over principal lent.
        default_share: loans that defaulted over loans lent.
    """

    vintage: int
    months: int
    loss_share: Decimal
    default_share: Decimal


def figures_of(
    label: str, decisions: Sequence[Decision], lives: Sequence[Life], currency: str
) -> GroupFigures:
    """The figures of one group; ``lives`` are its accepted loans with a known ending."""
    accepted = sum(decision.approved for decision in decisions)
    bads = [life for life in lives if not life.assumed]
    lent, loss = _lent(lives, currency), total((life.loss for life in lives), currency)
    weighted = _count_weighted(lives)
    lent_weighted = _weighted(lives, lambda life: life.decision.loan.amount.decimal())
    return GroupFigures(
        label=label,
        decided=len(decisions),
        accepted=accepted,
        bads=len(bads),
        approval_rate=_rate(Decimal(accepted), Decimal(len(decisions))),
        bad_rate=_rate(Decimal(len(bads)), Decimal(len(lives))),
        bad_rate_weighted=_rate(_count_weighted(bads), weighted),
        lent=lent,
        loss=loss,
        loss_rate=_rate(loss.decimal(), lent.decimal()),
        loss_rate_weighted=_rate(_weighted(lives, lambda life: life.loss.decimal()), lent_weighted),
        claims=total((life.claim for life in lives), currency),
        fee=total((life.fee for life in lives), currency),
        servicing=total((life.servicing for life in lives), currency),
        fund_result=total((life.fund_result for life in lives), currency),
        fund_result_weighted=Money.of(
            _weighted(lives, lambda life: life.fund_result.decimal()), currency
        ),
    )


def by_tier(
    decisions: Sequence[Decision], lives: Sequence[Life], currency: str
) -> list[GroupFigures]:
    """The figures of each tier, R1 first."""
    groups = _grouped(decisions, lives, lambda decision: decision.tier)
    return [figures_of(f"R{tier}", *groups[tier], currency) for tier in sorted(groups)]


def by_vintage(
    decisions: Sequence[Decision], lives: Sequence[Life], currency: str
) -> list[GroupFigures]:
    """The figures of each year of approval."""
    groups = _grouped(decisions, lives, lambda decision: decision.loan.vintage)
    return [figures_of(str(year), *groups[year], currency) for year in sorted(groups)]


def swap(decisions: Sequence[Decision], currency: str) -> list[SwapCell]:
    """Our decision against what happened, of loans with a known ending.

    Every loan of the file was lent by somebody, so there is no one to swap in: only what we would
    have left out, good and bad, can be seen.
    """
    cells = []
    for approved in (True, False):
        for ending in (Ending.PAID, Ending.DEFAULT):
            loans = [
                decision.loan
                for decision in decisions
                if decision.approved is approved and decision.loan.ending is ending
            ]
            cells.append(_swap_cell(loans, currency, approved=approved, ending=ending))
    return cells


def loss_curves(lives: Sequence[Life], observed_until: Day) -> list[CurvePoint]:
    """Cumulative loss by months since approval, while all loans of the vintage are observed."""
    vintages: dict[int, list[Life]] = defaultdict(list)
    for life in lives:
        vintages[life.decision.loan.vintage].append(life)
    points = []
    for vintage, members in sorted(vintages.items()):
        youngest = max(life.decision.loan.approved for life in members)
        for months in range(0, _LAST_CURVE_MONTH + 1, CURVE_STEP_MONTHS):
            if youngest.plus_months(months) > observed_until:
                break
            points.append(_curve_point(vintage, months, members))
    return points


def _curve_point(vintage: int, months: int, members: Sequence[Life]) -> CurvePoint:
    by_then = [life for life in members if not life.assumed and _age(life) <= months]
    lent = _weighted(members, lambda life: life.decision.loan.amount.decimal())
    lost = _weighted(by_then, lambda life: life.loss.decimal())
    loss_share = _rate(lost, lent)
    default_share = _rate(_count_weighted(by_then), _count_weighted(members))
    check(loss_share is not None and loss_share <= 1, "a vintage loses at most what it lent")
    return CurvePoint(vintage, months, loss_share or Decimal(0), default_share or Decimal(0))


def _age(life: Life) -> int:
    approved = life.decision.loan.approved
    months = approved.months_until(life.ends)
    return months if approved.plus_months(months) >= life.ends else months + 1


def _swap_cell(loans: Sequence[Loan], currency: str, *, approved: bool, ending: Ending) -> SwapCell:
    return SwapCell(
        approved=approved,
        ending=ending,
        loans=len(loans),
        loans_weighted=sum((loan.weight for loan in loans), Decimal(0)),
        amount=total((loan.amount for loan in loans), currency),
        loss=total((min(loan.loss, loan.amount) for loan in loans), currency),
    )


def _grouped(
    decisions: Iterable[Decision], lives: Iterable[Life], place: Callable[[Decision], int]
) -> Mapping[int, tuple[list[Decision], list[Life]]]:
    groups: dict[int, tuple[list[Decision], list[Life]]] = defaultdict(lambda: ([], []))
    for decision in decisions:
        groups[place(decision)][0].append(decision)
    for life in lives:
        groups[place(life.decision)][1].append(life)
    return groups


def _lent(lives: Iterable[Life], currency: str) -> Money:
    return total((life.decision.loan.amount for life in lives), currency)


def _weighted(lives: Iterable[Life], value: Callable[[Life], Decimal]) -> Decimal:
    return sum((life.decision.loan.weight * value(life) for life in lives), Decimal(0))


def _count_weighted(lives: Iterable[Life]) -> Decimal:
    return sum((life.decision.loan.weight for life in lives), Decimal(0))


def _rate(part: Decimal, whole: Decimal) -> Decimal | None:
    """``part`` of ``whole``; None when there is no whole, for zero would be an answer."""
    return (part / whole).quantize(_RATE_DIGITS) if whole else None

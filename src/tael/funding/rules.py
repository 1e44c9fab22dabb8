"""Who may lend, what fits under the limits, which move is allowed: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from enum import Enum
from typing import TypeVar

from tael.funding.model import (
    Agreement,
    AgreementRole,
    ClaimOrder,
    Exposure,
    ExposureKey,
    Limits,
    Reservation,
    ReservationState,
    ReserveRequest,
    RouteRequest,
    Routing,
    Scope,
)
from tael.kernel import AgreementId, BadInput, Conflict, Money, Rate, Refusal, Rounding, check

State = TypeVar("State", bound=Enum)

_WHOLE = Rate(Decimal(1))
_LEVERAGE_DIGITS = Decimal("0.0001")
GUARANTOR = ExposureKey(Scope.GUARANTOR, "company")


def route(
    request: RouteRequest, agreements: Iterable[Agreement], used: Mapping[AgreementId, Money]
) -> Routing:
    """Agreements that may fund ``request``: cheapest bank rate first, then most room left, then id.

    ``used`` is the principal reserved and outstanding under each agreement.
    """
    ranked: list[tuple[Rate, int, Agreement]] = []
    excluded: dict[AgreementId, str] = {}
    for agreement in sorted(agreements, key=lambda each: each.id):
        taken = used.get(agreement.id, Money.zero(agreement.capacity.currency))
        reason = exclusion(request, agreement, taken)
        if reason:
            excluded[agreement.id] = reason
        else:
            room = agreement.capacity - taken
            ranked.append((agreement.bank_rate, -room.minor, agreement))
    ranked.sort(key=lambda entry: entry[:2])
    return Routing(tuple(agreement for _, _, agreement in ranked), excluded)


def exclusion(request: RouteRequest, agreement: Agreement, used: Money) -> str:
    """Why ``agreement`` cannot fund ``request`` (a code of ``EXCLUSIONS``); empty when it can."""
    highest = request.highest_bank_rate
    tests = (
        (agreement.id in request.asked, "already_asked"),
        (agreement.role is not AgreementRole.LENDER, "not_a_lender"),
        (request.day not in agreement.period, "not_in_force"),
        (agreement.product != request.product, "wrong_product"),
        (not agreement.least <= request.amount <= agreement.most, "amount_out_of_range"),
        (request.months not in agreement.months, "months_not_offered"),
        (not serves(agreement.regions, request.region), "region_not_served"),
        (bool(agreement.tiers) and request.tier not in agreement.tiers, "tier_not_funded"),
        (request.bank_share < agreement.bank_share_floor, "bank_share_below_floor"),
        (highest is not None and agreement.bank_rate > highest, "price_too_high"),
        (used + request.amount > agreement.capacity, "partner_capacity_exceeded"),
    )
    return next((code for holds, code in tests if holds), "")


def serves(regions: Iterable[str], region: str) -> bool:
    """Whether ``region`` is one of ``regions`` or lies in one; no regions means everywhere.

    A division code of GB/T 2260 has two digits each for province, prefecture and county; a pair of
    zeros stands for the whole of it.
    """
    prefixes = tuple(_within(each) for each in regions)
    return not prefixes or region.startswith(prefixes)


def _within(region: str) -> str:
    """What the codes of everything in ``region`` begin with."""
    while len(region) > len("00") and region.endswith("00"):
        region = region[:-2]
    return region


def keys_of(request: ReserveRequest) -> tuple[ExposureKey, ...]:
    """The scopes that the guarantee of one loan counts in, in locking order."""
    return (
        GUARANTOR,
        ExposureKey(Scope.AGREEMENT, request.agreement),
        ExposureKey(Scope.GROUP, request.group),
        ExposureKey(Scope.PARTY, request.borrower),
    )


def weight_of(request: ReserveRequest, in_force: Money, limits: Limits) -> Rate:
    """The liability weight of a loan of a small firm that has ``in_force`` before it."""
    if request.weight is not None:
        return request.weight
    small = in_force + request.amount <= limits.small_ceiling
    return limits.small_weight if small else _WHOLE


def exposure_of(outstanding: Money, weight: Rate) -> Exposure:
    """What ``outstanding`` counts under the limits; the weighted part is rounded up."""
    return Exposure(outstanding, outstanding.times(weight.fraction, Rounding.UP))


def refuse(
    exposures: Mapping[ExposureKey, Exposure],
    request: ReserveRequest,
    limits: Limits,
    capacity: Money,
) -> Refusal | None:
    """The first limit that the guarantee of ``request`` would break; None when all hold.

    ``exposures`` already contains the request. Shares of net assets are taken on the plain
    liability, which is stricter than the weighted one.
    """
    guarantor, agreement, group, party = (exposures[key] for key in keys_of(request))
    checks = (
        ("leverage_exceeded", guarantor.weighted, leverage_limit(limits)),
        ("party_exposure_exceeded", party.outstanding, _share(limits, limits.party_share_max)),
        ("group_exposure_exceeded", group.outstanding, _share(limits, limits.group_share_max)),
        ("partner_capacity_exceeded", agreement.outstanding, capacity),
    )
    for code, would_be, limit in checks:
        if would_be > limit:
            return Refusal(code, {"would_be": str(would_be), "limit": str(limit)})
    return None


def leverage_limit(limits: Limits) -> Money:
    """The most weighted liability that net assets carry, rounded down."""
    return limits.net_assets.times(limits.leverage_max, Rounding.DOWN)


def leverage(weighted: Money, net_assets: Money) -> Decimal:
    """Weighted liability over net assets, four decimals, half even.

    Raises:
        BadInput: no net assets.
    """
    if net_assets.minor <= 0:
        raise BadInput("without net assets there is no leverage", field="net_assets", rule="> 0")
    check(weighted.currency == net_assets.currency, "leverage compares one currency")
    with localcontext() as context:
        ratio = context.divide(Decimal(weighted.minor), Decimal(net_assets.minor))
        return ratio.quantize(_LEVERAGE_DIGITS)


def move(current: State, to: State, moves: Mapping[State, frozenset[State]]) -> State:
    """``to``, when the state table lets ``current`` go there.

    Raises:
        Conflict: it does not.
    """
    if to not in moves[current]:
        raise Conflict(
            f"{type(current).__name__} does not go from {current.name} to {to.name}",
            field="state",
            rule="a move of the state table",
        )
    return to


def refuse_claim(order: ClaimOrder, reservation: Reservation | None, limits: Limits) -> str:
    """Why the guarantor does not owe this claim (a code of ``REFUSALS``); empty when it does."""
    if reservation is None or reservation.state is not ReservationState.CONFIRMED:
        return "not_guaranteed"
    early = order.days_past_due < limits.claim_from_days_past_due
    return "claim_too_early" if early and not order.early_event else ""


def _share(limits: Limits, share: Rate) -> Money:
    return limits.net_assets.times(share.fraction, Rounding.DOWN)

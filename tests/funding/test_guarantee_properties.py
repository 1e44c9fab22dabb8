"""Whatever is done in whatever order, exposures are the sum of reservations and limits held."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tael.funding import Funding
from tael.funding.model import Reservation, ReservationState
from tael.kernel import BadInput, Conflict, Money, NotFound, Rate

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "confirm", "release", "reduce", "restore"]),
        st.integers(0, 5),
        st.integers(1, 30_000_000),
        st.sampled_from([None, Rate(Decimal("0.75")), Rate(Decimal("0.333")), Rate(Decimal(1))]),
    ),
    max_size=40,
)


@given(steps=STEPS)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_exposures_always_add_up_and_a_passed_reservation_kept_every_limit(
    steps: Any, world: Any, clock: Any
) -> None:
    funding = world.furnish(Funding.in_memory(clock))
    limits = world.limits("2000000", leverage_max=Decimal("0.3"))
    for number, (action, loan, minor, weight) in enumerate(steps):
        found = funding.guarantee.of_loan(world.loan(f"l{loan}"))
        try:
            if action == "reserve":
                shared = {"group": world.group(f"g{loan % 2}"), "key": f"k{number}"}
                request = world.reserve(f"l{loan}", weight=weight, amount=Money(minor), **shared)
                answer = funding.guarantee.reserve(request, limits)
                if isinstance(answer, Reservation):
                    used = funding.guarantee.utilisation(limits)
                    assert used.leverage <= limits.leverage_max
                    assert used.head_room.minor >= 0
            elif action in ("confirm", "release"):
                if found and action == "confirm":
                    funding.guarantee.confirm(found.id)
                elif found:
                    gone = funding.guarantee.release(found.id, "settled")
                    assert gone.state is ReservationState.RELEASED
            else:
                change = getattr(funding.guarantee, action)
                change(world.loan(f"l{loan}"), Money(minor), key=f"m{number}")
        except (BadInput, Conflict, NotFound):
            after = funding.guarantee.of_loan(world.loan(f"l{loan}"))
            assert after == found, "what is refused changes nothing"
        funding.guarantee.verify()

"""Money and rates: whatever the amounts, nothing is lost."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from tael.kernel import Money, Rate, Rounding, minor_digits, total

CURRENCY = st.sampled_from(["CNY", "JPY", "KWD", "USD"])
MINOR = st.integers(-(10**14), 10**14)
WEIGHTS = st.lists(
    st.one_of(
        st.integers(0, 10**9),
        st.decimals(0, 1000, allow_nan=False, allow_infinity=False, places=9),
    ),
    min_size=1,
    max_size=8,
)


@given(minor=MINOR, currency=CURRENCY)
def test_an_amount_survives_its_decimal_and_its_text(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.decimal(), currency) == money
    assert Money.parse(f"{money.decimal():f}", currency) == money


@given(minor=MINOR, weights=WEIGHTS)
def test_a_split_adds_up_and_misses_its_share_by_less_than_a_cent(
    minor: int, weights: list[Decimal | int]
) -> None:
    exact = [Decimal(weight) for weight in weights]
    assume(sum(exact))
    parts = Money(minor).split(weights)
    assert total(parts) == Money(minor)
    for part, weight in zip(parts, exact, strict=True):
        assert abs(part.minor - minor * weight / sum(exact)) < 1
        assert weight or not part


@given(minors=st.lists(MINOR, max_size=10), cut=st.integers(0, 10))
def test_a_sum_does_not_depend_on_how_it_is_taken(minors: list[int], cut: int) -> None:
    amounts = [Money(minor) for minor in minors]
    assert total(amounts) == total(amounts[cut:]) + total(amounts[:cut])
    assert total(amounts) == total(reversed(amounts))


@given(
    amount=st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=12),
    currency=CURRENCY,
)
def test_rounding_moves_an_amount_by_at_most_what_its_rule_allows(
    amount: Decimal, currency: str
) -> None:
    unit = Decimal(1).scaleb(-minor_digits(currency))
    for rounding in Rounding:
        moved = Money.of(amount, currency, rounding).decimal() - amount
        half = rounding in (Rounding.HALF_EVEN, Rounding.HALF_UP)
        assert abs(moved) <= unit / 2 if half else abs(moved) < unit
        assert rounding is not Rounding.UP or moved >= 0
        assert rounding is not Rounding.DOWN or moved * amount <= 0


@given(minor=MINOR, other=MINOR)
def test_negation_and_order_agree(minor: int, other: int) -> None:
    one, two = Money(minor), Money(other)
    assert one - two == -(two - one)
    assert (one < two) == (-one > -two)
    assert sum((one <= two, two < one)) == 1


@given(probability=st.floats(0, 1))
def test_a_probability_is_kept_to_nine_digits(probability: float) -> None:
    rate = Rate.from_probability(probability)
    assert abs(rate.fraction - Decimal(probability)) <= Decimal("5e-10") + Decimal("1e-16")


@given(percent=st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=6))
def test_a_rate_survives_its_text(percent: Decimal) -> None:
    rate = Rate.percent(percent)
    assert Rate.percent(str(rate).removesuffix("%")) == rate

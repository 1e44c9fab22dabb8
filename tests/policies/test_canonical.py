"""One text for one value, whichever way it is written."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tael.policies.canonical import canonical, exact, number_of, read

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=None) | st.integers()
FIELDS = st.dictionaries(st.text(), st.one_of(st.none(), st.booleans(), st.text(), NUMBERS))


@given(FIELDS)
def test_fields_are_written_and_read_back_in_one_go(fields: dict[str, object]) -> None:
    text, found = exact(fields)
    assert text == canonical(fields)
    again = read(text)
    assert found == again
    # The same digits, not only the same number: what is computed from them has the same bits.
    assert {n: str(v) for n, v in found.items()} == {n: str(v) for n, v in again.items()}  # type: ignore[attr-defined]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_has_the_text_of_its_shortest_decimal(value: float) -> None:
    text, number = number_of(value)
    assert text == canonical(Decimal(repr(value)))
    assert float(text) == float(number) == value
    assert str(read(f"[{text}]")[0]) == str(number)  # type: ignore[index]


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)))
def test_texts_that_are_known_are_taken(values: dict[str, float]) -> None:
    made = {name: number_of(value) for name, value in values.items()}
    numbers: dict[str, object] = {name: number for name, (_, number) in made.items()}
    texts = {name: text for name, (text, _) in made.items()}
    assert exact(numbers, texts) == exact(numbers)

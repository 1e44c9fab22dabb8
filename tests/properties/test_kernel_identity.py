"""Ids and facts: whatever is written can be read, sorted and told apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints

from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import Day, Id, LoanId, Money, facts

INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
PARTS = st.lists(st.one_of(st.text(max_size=8), st.integers()), max_size=4)
KINDS = [
    kind
    for kind in vars(facts).values()
    if isinstance(kind, type) and issubclass(kind, facts.Fact) and kind is not facts.Fact
]


@given(at=INSTANTS, parts=PARTS)
def test_every_id_can_be_read_back(at: datetime, parts: list[str | int]) -> None:
    assert LoanId.parse(LoanId.derive(at, *parts)) == LoanId.derive(at, *parts)
    assert LoanId.parse(LoanId.new(at))


@given(at=INSTANTS, milliseconds=st.integers(1, 10**12), parts=PARTS)
def test_ids_sort_by_time_whatever_they_are_made_of(
    at: datetime, milliseconds: int, parts: list[str | int]
) -> None:
    later = min(at + timedelta(milliseconds=milliseconds), datetime(2200, 1, 1, tzinfo=UTC))
    assert LoanId.derive(at, *parts) < LoanId.derive(later, "other")


@given(at=INSTANTS)
def test_fresh_ids_of_one_instant_differ(at: datetime) -> None:
    assert len({LoanId.new(at) for _ in range(20)}) == 20


def _value(hint: Any) -> st.SearchStrategy[Any]:
    if hint is Money:
        return st.builds(Money, st.integers(), st.sampled_from(["CNY", "JPY"]))
    if hint is Day:
        return st.dates().map(Day.of)
    if isinstance(hint, type) and issubclass(hint, Id):
        return INSTANTS.map(hint.new)
    return st.from_type(hint)


@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_every_kind_of_fact_survives_the_wire(data: st.DataObject, kind: type[facts.Fact]) -> None:
    hints = get_type_hints(kind)
    fact = kind(**{name: data.draw(_value(hint), name) for name, hint in hints.items()})
    assert facts.from_json(json.loads(json.dumps(facts.to_json(fact)))) == fact

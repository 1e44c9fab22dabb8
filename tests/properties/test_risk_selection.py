"""Places are filled exactly, sources are represented, and nothing depends on chance."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.risk.facts import Facts
from tael.risk.selection import Quotas, SelectionSettings
from tael.risk.selection.leaks import correlations
from tael.risk.selection.quotas import choose

SUBJECTS, SOURCES = ("person", "enterprise", ""), ("bank", "tax", "court", "power")


@st.composite
def variables(
    draw: st.DrawFn,
) -> tuple[list[int], list[int], tuple[Facts, ...], SelectionSettings]:
    """Ranked and spare variables with their facts, and no more wanted than there are."""
    told = draw(
        st.lists(
            st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(SOURCES)),
            min_size=1,
            max_size=40,
        )
    )
    facts = tuple(Facts(f"x{i}", who, source) for i, (who, source) in enumerate(told))
    cut = draw(st.integers(0, len(facts)))
    asked = SelectionSettings(
        wanted=draw(st.integers(1, len(facts))),
        quotas=Quotas(
            source=draw(st.integers(0, 4)),
            subject=draw(st.sampled_from((0.0, 0.2, 0.5))),
            most=draw(st.sampled_from((0.1, 0.5, 1.0))),
        ),
    )
    return list(range(cut)), list(range(cut, len(facts))), facts, asked


@given(variables())
@settings(max_examples=150, deadline=None)
def test_exactly_as_many_as_wanted_are_chosen_and_every_relaxation_is_told(
    given_: tuple[list[int], list[int], tuple[Facts, ...], SelectionSettings],
) -> None:
    ranked, spare, facts, asked = given_
    chosen = choose(ranked, spare, facts, asked)
    assert len(chosen.rule) == asked.wanted
    assert {i for i, rule in chosen.rule.items() if rule == "filled"} <= set(spare)
    assert {i for i, rule in chosen.rule.items() if rule == "chosen"} <= set(ranked)
    filled = [i for i, rule in chosen.rule.items() if rule == "filled"]
    assert not filled or set(ranked) <= set(chosen.rule)
    lowered = {each.count for each in chosen.relaxations if each.code == "source_quota"}
    least = min(lowered, default=asked.quotas.source)
    families = {(fact.subject, fact.source) for fact in facts}
    for family in families if len(families) > 1 else ():
        offered = [i for i, fact in enumerate(facts) if (fact.subject, fact.source) == family]
        held = [i for i in offered if i in chosen.rule]
        assert len(held) >= min(least, len(offered))


@given(variables())
@settings(max_examples=80, deadline=None)
def test_a_better_rank_of_the_same_source_is_never_passed_over(
    given_: tuple[list[int], list[int], tuple[Facts, ...], SelectionSettings],
) -> None:
    ranked, spare, facts, asked = given_
    chosen = choose(ranked, spare, facts, asked).rule
    worst: dict[tuple[str, str], int] = {}
    for i in ranked:
        family = facts[i].subject, facts[i].source
        assert not (i in chosen and family in worst), "a worse one of the family was taken"
        if i not in chosen:
            worst[family] = i


@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
@settings(max_examples=60, deadline=None)
def test_correlations_do_not_depend_on_the_order_of_rows(seed: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    grades = random.integers(-15, 16, (5, rows)).astype(np.float32)
    order = random.permutation(rows)
    found = correlations(grades, grades)
    assert (found == correlations(grades[:, order], grades[:, order])).all()
    assert (np.abs(found) <= 1 + 1e-12).all()
    assert (found == found.T).all()

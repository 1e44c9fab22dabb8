"""Who decides what: shares, assignment, deployments one after another, and back again."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.kernel import BadInput, Conflict, InvariantBroken, VersionId
from tael.policies.assignment import arms_of, assign, bucket, percent
from tael.policies.model import (
    WHOLE,
    Arm,
    Deployment,
    EventKind,
    PolicyState,
    Role,
    Traffic,
)

CASES = Path(__file__).parent / "cases"
AT = datetime(2025, 1, 1, tzinfo=UTC)
WHY = "the new one approved twice as many"


@pytest.fixture
def light(new_desk: Callable[..., Any], light_engines: Any) -> Any:
    return new_desk(light_engines)


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def name(letter: str) -> VersionId:
    return VersionId(letter)


def deployment(*shares: int, salt: str = "s", random_accept: int = 0) -> Deployment:
    """One of versions a, b, c, ...: the champion first."""
    letters = "abcdefgh"[: len(shares)]
    challengers = {name(x): share for x, share in zip(letters[1:], shares[1:], strict=True)}
    traffic = Traffic(challengers, random_accept=random_accept)
    arms = arms_of(name("a"), traffic, most_random=WHOLE)
    assert arms[0].share == shares[0]
    return Deployment(1, arms, salt, AT, "li", "")


@pytest.mark.parametrize("case", rows("shares.csv"), ids=lambda case: case["name"])
def test_a_share_that_cannot_be_is_refused_by_name(case: dict[str, str]) -> None:
    pairs = (one.split("=") for one in case["challengers"].split())
    traffic = Traffic(
        {name(letter): int(share) for letter, share in pairs},
        shadows=tuple(name(one) for one in case["shadows"].split()),
        random_accept=int(case["random"]),
        share=int(case["share"]) if case["share"] else None,
    )
    with pytest.raises(BadInput) as refused:
        arms_of(name("a"), traffic, most_random=300)
    assert refused.value.field == case["field"]
    assert case["says"] in refused.value.message
    assert refused.value.rule


def test_arms_stand_in_the_order_of_their_roles_and_add_up() -> None:
    traffic = Traffic({name("b"): 1250}, (name("c"),), random_accept=100, share=8750)
    assert arms_of(name("a"), traffic, most_random=300) == (
        Arm(name("a"), Role.CHAMPION, 8750),
        Arm(name("b"), Role.CHALLENGER, 1250),
        Arm(name("c"), Role.SHADOW, WHOLE),
        Arm(name("a"), Role.RANDOM_ACCEPT, 100),
    )


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (1, "0.01 %"), (1250, "12.5 %"), (-150, "-1.5 %")]
)  # fmt: skip
def test_basis_points_are_told_as_percent(share: int, text: str) -> None:
    assert percent(share) == text


def test_the_bucket_of_a_key_is_the_one_that_is_written_down() -> None:
    # `printf 's\x1fapp_1' | sha256sum` begins with f2f4d89db6d5af7b.
    assert bucket("s", "app_1") == 0xF2F4D89DB6D5AF7B % 10_000 == 3067
    assert [bucket("s", f"app_{n}") for n in range(3)] == [3471, 3067, 7115]


SHARES = st.lists(st.integers(1, 3000), min_size=0, max_size=3).map(
    lambda others: (WHOLE - sum(others), *others)
)


@settings(max_examples=12, deadline=None)
@given(SHARES, st.text(min_size=1, max_size=8))
def test_shares_are_met_within_what_chance_allows(shares: tuple[int, ...], salt: str) -> None:
    keys, made = 2000, deployment(*shares, salt=salt, random_accept=300)
    put = [assign(made, f"app_{number}") for number in range(keys)]
    counts = Counter(str(one.arm.version) for one in put)
    lottery = sum(one.random_accept for one in put)
    told = [*zip("abcd", shares, strict=False), ("lottery", 300)]
    for letter, share in told:
        expected = keys * share / WHOLE
        spread = math.sqrt(expected * (1 - share / WHOLE))
        found = lottery if letter == "lottery" else counts[letter]
        # Six standard deviations: chance goes beyond once in 10**8, whatever hypothesis draws.
        assert abs(found - expected) <= 6 * spread + 3


@given(SHARES, st.text(max_size=8), st.text(max_size=20))
def test_an_assignment_is_the_same_whenever_it_is_asked(
    shares: tuple[int, ...], salt: str, key: str
) -> None:
    made = deployment(*shares, salt=salt)
    again = replace(made, number=2, by="other", why="later")
    first, second = assign(made, key), assign(again, key)
    assert (first.arm, first.bucket) == (second.arm, second.bucket)
    borders = [sum(arm.share for arm in made.deciding[:n]) for n in range(len(shares) + 1)]
    at = made.deciding.index(first.arm)
    assert borders[at] <= first.bucket < borders[at + 1]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4000), st.integers(0, 3990), st.integers(0, 2000))
def test_growing_a_challenger_moves_only_what_lies_between_old_and_new_border(
    share: int, more: int, other: int
) -> None:
    others = (other,) if other else ()
    before = deployment(WHOLE - share - other, *others, share)
    after = deployment(WHOLE - share - other - more, *others, share + more)
    growing = before.deciding[-1].version
    for number in range(200):
        was, now = (assign(made, f"app_{number}") for made in (before, after))
        crossed = [(new, old) for old, new in zip(_borders(before), _borders(after), strict=True)]
        moved = any(new <= was.bucket < old for new, old in crossed)
        assert (was.arm.version != now.arm.version) == moved
        # Whom the growing challenger decided, it decides still.
        assert was.arm.version != growing or now.arm.version == growing


def _borders(made: Deployment) -> list[int]:
    shares = [arm.share for arm in made.deciding]
    return [sum(shares[:number]) for number in range(1, len(shares))]


def test_shares_that_do_not_add_up_stop_the_work() -> None:
    made = deployment(10_000)
    broken = replace(made, arms=(Arm(name("a"), Role.CHAMPION, 0),))
    with pytest.raises(InvariantBroken, match="do not add up"):
        assign(broken, "app_1")


# --- deployments


def states(desk: Any) -> dict[VersionId, str]:
    return {one.id: one.state.value for one in desk.policies.versions(desk.wang)}


def test_deploying_retires_what_has_no_arm_any_more(light: Any) -> None:
    a, b, c, d = (light.approved() for _ in range(4))
    policies = light.policies
    policies.deploy(
        light.li, a, Traffic({b: 2000}, shadows=(c,), random_accept=100), why="try b beside a"
    )
    assert states(light) == {a: "deployed", b: "deployed", c: "deployed", d: "approved"}
    policies.deploy(light.li, b, Traffic({d: 500}))
    assert states(light) == {a: "retired", b: "deployed", c: "retired", d: "deployed"}
    assert policies.in_force(light.wang).id == b
    first, second = reversed(policies.deployments(light.wang))
    assert (first.ended_at, second.ended_at) == (light.li.clock.now(), None)
    assert first.salt == second.salt
    left = policies.timeline(light.wang, a)[-1]
    assert (left.kind, left.record) == (EventKind.RETIRED, '{"deployment":2}')


@pytest.mark.parametrize("why", ["x", "ok, fine", "可以"])
def test_a_reason_may_be_left_out_but_one_that_is_given_says_something(
    light: Any, why: str
) -> None:
    version = light.approved()
    for act in (light.policies.deploy, light.policies.retire):
        with pytest.raises(BadInput, match="does not say why"):
            act(light.li, version, why=why)
    assert states(light) == {version: "approved"}
    assert light.policies.deploy(light.li, version, why="  ").why == ""


def test_a_rollback_brings_back_versions_shares_and_salt_in_one_act(light: Any) -> None:
    a, b, c = (light.approved() for _ in range(3))
    policies = light.policies
    first = policies.deploy(light.li, a, Traffic({b: 2000}, salt="pepper"))
    policies.deploy(light.li, c)
    back = policies.rollback(light.chen, WHY)
    assert (back.number, back.restores, back.arms, back.salt) == (3, 1, first.arms, "pepper")
    assert states(light) == {a: "deployed", b: "deployed", c: "retired"}
    assert policies.version(light.wang, a).retired_at is None
    assert policies.deployment(light.wang) == back
    event = policies.timeline(light.wang, b)[-1]
    assert (event.kind, event.by, event.why) == (EventKind.DEPLOYED, "chen", WHY)
    with pytest.raises(Conflict):
        policies.rollback(light.li, WHY)
    forth = policies.rollback(light.li, "it was not the policy after all", to=2)
    assert (forth.champion, forth.restores) == (c, 2)


def test_rollbacks_go_further_back_one_by_one_and_past_other_rollbacks(light: Any) -> None:
    versions = [light.deployed() for _ in range(3)]
    policies = light.policies
    assert policies.rollback(light.li, WHY).champion == versions[1]
    assert policies.rollback(light.li, WHY).champion == versions[0]
    newest = light.deployed()
    assert policies.deployment(light.li).champion == newest
    assert policies.rollback(light.li, WHY).restores == 1
    policies.retire(light.li, versions[0], why=WHY)
    with pytest.raises(Conflict, match="no policy is in force"):
        policies.deployment(light.li)
    assert policies.rollback(light.li, WHY).champion == versions[0]


def test_retiring_the_champion_ends_every_arm(light: Any) -> None:
    a, b = light.approved(), light.approved()
    light.policies.deploy(light.li, a, Traffic({b: 100}))
    assert light.policies.retire(light.li, a).state is PolicyState.RETIRED
    assert states(light) == {a: "retired", b: "retired"}
    assert [one.ended_at is None for one in light.policies.deployments(light.li)] == [False]


def test_an_application_is_decided_by_its_arm_and_the_log_says_so(light: Any) -> None:
    a, b = light.approved(), light.approved()
    light.policies.deploy(light.li, a, Traffic({b: 5000}))
    arms = {light.policies.assigned(light.wang, f"app_{n}").arm.version for n in range(40)}
    assert arms == {a, b}

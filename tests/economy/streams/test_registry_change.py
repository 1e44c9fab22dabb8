from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tael.economy.agents import Borrower, Life, borrower, life
from tael.economy.streams import Events, registry_change
from tael.economy.streams.registry_change import CHANGES, DIRECTIONS
from tael.economy.world import MONTHS, Parameters, World

SEED, COUNT = 7, 400
Firm = tuple[Borrower, Life, Events]


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def firms(world: World) -> list[Firm]:
    row = [borrower(world, SEED, number) for number in range(COUNT)]
    lives = [life(world, subject) for subject in row]
    parts = [registry_change(world, *pair) for pair in zip(row, lives, strict=True)]
    return list(zip(row, lives, parts, strict=True))


def _all(parts: list[Events], name: str) -> np.ndarray:
    return np.concatenate([part.columns[name] for part in parts])


def test_every_change_and_direction_occurs(firms: list[Firm]) -> None:
    parts = [part for _, _, part in firms]

    assert set(_all(parts, "change").tolist()) == set(range(len(CHANGES)))
    assert set(_all(parts, "direction").tolist()) == set(range(len(DIRECTIONS)))


def test_a_new_legal_representative_is_registered_when_the_role_changes(
    firms: list[Firm],
) -> None:
    seen = 0
    for subject, _, part in firms:
        terms = [link for link in subject.links if link.role == "legal_representative"][1:]
        days = {int(link.valid_from) // 86_400 for link in terms}
        rows = part.columns["change"] == CHANGES.index("representative")
        seen += rows.sum()
        assert {int(at) // 86_400 for at in part.event_at[rows]} <= {
            day + extra for day in days for extra in (0, 1)
        }
    assert seen > 10


def test_stress_brings_changes_for_the_worse(world: World, firms: list[Firm]) -> None:
    shares = []
    for stress in (-1.0, 2.0):
        parts = [
            registry_change(
                world, subject, dataclasses.replace(months, stress=np.full(MONTHS, stress))
            )
            for subject, months, _ in firms[:150]
        ]
        shares.append((_all(parts, "direction") == DIRECTIONS.index("down")).mean())

    assert shares[1] > 2 * shares[0]


def test_a_firm_leaves_the_abnormal_list_only_after_it_was_put_there(firms: list[Firm]) -> None:
    left = 0
    for _, _, part in firms:
        abnormal = (part.columns["change"] == CHANGES.index("abnormal")) & (part.version == 0)
        _, once = np.unique(part.event[abnormal], return_index=True)  # a record may be sent twice
        direction = part.columns["direction"][abnormal][once]
        up, down = direction == DIRECTIONS.index("up"), direction == DIRECTIONS.index("down")
        left += up.sum()
        assert (np.cumsum(up) <= np.cumsum(down)).all()
    assert left


def test_the_reform_makes_more_changes_known(world: World, firms: list[Firm]) -> None:
    bare = World.of(dataclasses.replace(Parameters(), rules=()))
    free = [registry_change(bare, subject, months) for subject, months, _ in firms]

    assert len(_all([part for _, _, part in firms], "change")) < len(_all(free, "change"))

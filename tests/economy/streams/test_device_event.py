from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tael.economy.agents import Borrower, Fraud, Life, borrower, life
from tael.economy.streams import Events, device_event
from tael.economy.world import MONTHS, Parameters, World, month_of
from tael.economy.world.months import day_in_china, first_days

SEED, COUNT = 7, 250
Guest = tuple[Borrower, Life, Events]


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def guests(world: World) -> list[Guest]:
    row = [borrower(world, SEED, number) for number in range(COUNT)]
    lives = [life(world, subject) for subject in row]
    parts = [device_event(world, *pair) for pair in zip(row, lives, strict=True)]
    return [item for item in zip(row, lives, parts, strict=True) if len(item[2])]


def _months(part: Events) -> np.ndarray:
    month = np.searchsorted(first_days(), day_in_china(part.event_at), side="right") - 1
    return np.asarray(month)


def _even(world: World, guest: Guest, stress: float) -> Events:
    subject, months, _ = guest
    return device_event(world, subject, dataclasses.replace(months, stress=np.full(MONTHS, stress)))


def _action(part: Events, code: str) -> np.ndarray:
    return part.columns["action"] == part.codes["action"].index(code)


def test_events_are_those_of_the_owner(guests: list[Guest]) -> None:
    assert 0.08 < len(guests) / COUNT < 0.3
    assert all(part.subjects == (subject.owner.person_id,) for subject, _, part in guests)


def test_every_action_daypart_and_network_occurs(guests: list[Guest]) -> None:
    for name, codes in guests[0][2].codes.items():
        seen = {int(code) for _, _, part in guests for code in np.unique(part.columns[name])}
        assert seen == set(range(len(codes)))
    assert min(int(part.columns["seconds"].min()) for _, _, part in guests) > 0


def test_phones_are_seen_from_2016_on_and_fewer_since_the_privacy_law(
    guests: list[Guest],
) -> None:
    users = np.array([np.bincount(_months(part), minlength=MONTHS) > 0 for _, _, part in guests])
    open_then = np.array([months.open for _, months, _ in guests])
    share = users.sum(axis=0) / np.maximum(open_then.sum(axis=0), 1)

    assert not users[:, : month_of("2016-01")].any()
    before, after = month_of("2021-06"), month_of("2023-06")
    assert share[before] > 0.85
    assert share[after] < 0.8 * share[before]


def test_stress_shows_at_night_and_in_changes_of_place(world: World, guests: list[Guest]) -> None:
    guest = max(guests, key=lambda item: len(item[2]))
    calm, pressed = _even(world, guest, -0.5), _even(world, guest, 2.0)

    assert pressed.columns["daypart"].mean() > 2 * calm.columns["daypart"].mean()
    assert _action(pressed, "place_change").sum() > 1.3 * _action(calm, "place_change").sum()


def test_a_stolen_identity_shows_new_phones_and_places_even_of_a_stranger_to_the_app(
    world: World,
) -> None:
    stranger = next(
        subject
        for subject in (borrower(world, SEED, number) for number in range(COUNT))
        if life(world, subject).open[150:160].all()
        and not len(device_event(world, subject, life(world, subject)))
    )
    stolen = dataclasses.replace(stranger, fraud=Fraud("stolen_identity", 150))
    faking = np.zeros(MONTHS, dtype=np.int64)
    faking[150:160] = 1
    part = device_event(world, stolen, dataclasses.replace(life(world, stranger), faking=faking))

    assert set(_months(part).tolist()) <= set(range(150, 160))
    assert _action(part, "device_change").mean() > 0.05
    assert _action(part, "place_change").mean() > 0.1

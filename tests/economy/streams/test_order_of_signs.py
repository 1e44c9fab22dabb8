"""Stress shows first in taxes, power, enquiries and at night, and only later in arrears."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from tael.economy.agents import borrower, life
from tael.economy.streams import STREAMS, Events
from tael.economy.world import MONTHS, Parameters, World, month_of
from tael.economy.world.months import day_in_china, first_days

SEED, COUNT = 7, 250
HIT = month_of("2019-01")
SOON, LATER = (HIT, HIT + 4), (HIT + 4, HIT + 10)

Which = Callable[[Events], np.ndarray]
Counter = Callable[[str, Which, tuple[int, int]], list[int]]
# What is counted, and whether stress raises it.
SIGNS: dict[str, tuple[str, Which]] = {
    "taxes paid late": ("tax_return", lambda part: part.columns["status"] > 0),
    "enquiries": ("bureau_enquiry", lambda part: np.ones(len(part), dtype=bool)),
    "visits at night": ("device_event", lambda part: part.columns["daypart"] == 1),
    "changes of place": ("device_event", lambda part: part.columns["action"] == 5),
}


def _late(part: Events) -> np.ndarray:
    status = part.columns["status"]
    found: np.ndarray = (status > 0) & (status < 5)
    return found


@pytest.fixture(scope="module")
def seen() -> Counter:
    """Counts of records within months, of firms without and with stress from January 2019."""
    world = World.of(Parameters())
    rising = np.where(np.arange(MONTHS) >= HIT, 2.5, -0.5)
    made: dict[str, list[list[Events]]] = {}
    lives = [
        (subject, life(world, subject))
        for subject in (borrower(world, SEED, number) for number in range(COUNT))
        if subject.firm.opened < HIT - 24
    ]

    def parts(source: str) -> list[list[Events]]:
        if source not in made:
            made[source] = [
                [
                    STREAMS[source](world, subject, dataclasses.replace(months, stress=stress))
                    for subject, months in lives
                    if months.default_month < 0 and months.open[HIT]
                ]
                for stress in (np.full(MONTHS, -0.5), rising)
            ]
        return made[source]

    def count(source: str, which: Which, within: tuple[int, int]) -> list[int]:
        return [
            sum(int((which(part) & _within(part, within)).sum()) for part in side)
            for side in parts(source)
        ]

    return count


def _within(part: Events, within: tuple[int, int]) -> np.ndarray:
    month = np.searchsorted(first_days(), day_in_china(part.event_at), side="right") - 1
    inside: np.ndarray = (month >= within[0]) & (month < within[1])
    return inside


@pytest.mark.parametrize("sign", SIGNS)
def test_early_signs_answer_stress_at_once(seen: Counter, sign: str) -> None:
    calm, pressed = seen(*SIGNS[sign], SOON)

    assert pressed > 1.4 * calm


def test_less_power_is_used_at_once() -> None:
    world = World.of(Parameters())
    subject = next(
        item
        for item in (borrower(world, SEED, number) for number in range(COUNT))
        if len(STREAMS["utility_bill"](world, item, life(world, item))) > 200
    )
    months = life(world, subject)
    used = []
    for stress in (-0.5, 2.5):
        even = dataclasses.replace(months, stress=np.full(MONTHS, stress))
        part = STREAMS["utility_bill"](world, subject, even)
        used.append(part.columns["quantity"][part.subject == 0].sum())

    assert used[1] < 0.8 * used[0]


def test_arrears_answer_months_later(seen: Counter) -> None:
    calm, pressed = seen("bureau_tradeline", _late, SOON)
    calm_later, pressed_later = seen("bureau_tradeline", _late, LATER)

    assert pressed <= 1.3 * calm + 10
    assert pressed_later > 4 * calm_later

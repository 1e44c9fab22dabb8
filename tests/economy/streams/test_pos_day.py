from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from tael.economy.agents import Borrower, Fraud, Life, borrower, life
from tael.economy.streams import Events, pos_day
from tael.economy.world import MONTHS, Parameters, World, month_of
from tael.economy.world.months import day_in_china, first_days

SEED, COUNT = 7, 250


@dataclasses.dataclass(frozen=True)
class Shop:
    """A borrower with takings, first versions only."""

    subject: Borrower
    months: Life
    month: np.ndarray
    columns: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def shops(world: World) -> list[Shop]:
    return list(_shops(world))


def _shops(world: World) -> Iterator[Shop]:
    for number in range(COUNT):
        subject = borrower(world, SEED, number)
        months = life(world, subject)
        part = pos_day(world, subject, months)
        if len(part):
            yield _shop(subject, months, part)


def _shop(subject: Borrower, months: Life, part: Events) -> Shop:
    keep = part.version == 0
    day = day_in_china(part.event_at[keep])
    month = np.searchsorted(first_days(), day, side="right") - 1
    columns = {name: values[keep] for name, values in part.columns.items()}
    return Shop(subject, months, month, columns)


def _a_month(shops: list[Shop]) -> np.ndarray:
    return np.sum([np.bincount(shop.month, minlength=MONTHS) for shop in shops], axis=0)


def test_some_shops_report_daily_takings_of_every_channel(shops: list[Shop]) -> None:
    assert 0.05 < len(shops) / COUNT < 0.2
    assert 100 < sum(len(shop.month) for shop in shops) / COUNT < 350
    assert {int(code) for shop in shops for code in np.unique(shop.columns["channel"])} == set(
        range(6)
    )


def test_only_restaurants_have_takings_of_takeaway(world: World, shops: list[Shop]) -> None:
    codes = [channel.code for channel in world.parameters.sources.till.channels]
    takeaway = codes.index("takeaway")
    sections = {
        world.parameters.industries[shop.subject.firm.industry].code
        for shop in shops
        if takeaway in shop.columns["channel"]
    }

    assert sections == {"H"}


def test_tills_report_since_customers_pay_by_code(shops: list[Shop]) -> None:
    counts = _a_month(shops)

    assert not counts[: month_of("2014-01")].any()
    assert counts[month_of("2019-10")] > 2 * counts[month_of("2014-10")] > 0


def test_shops_are_shut_in_the_first_quarter_of_2020(shops: list[Shop]) -> None:
    counts = _a_month(shops)

    assert counts[month_of("2020-02")] < 0.5 * counts[month_of("2019-12")]
    assert counts[month_of("2020-05")] > 0.8 * counts[month_of("2019-12")]


def test_takings_follow_sales(shops: list[Shop]) -> None:
    shares = []
    for shop in shops:
        sold = shop.columns["kind"] == 0
        monthly = np.bincount(shop.month[sold], shop.columns["amount"][sold], minlength=MONTHS)
        seen = (monthly > 0) & (shop.months.sales > 0)
        if seen.sum() > 40:
            pair = np.log(np.stack([monthly[seen], shop.months.sales[seen]]))
            shares.append(np.corrcoef(pair)[0, 1])
            assert monthly[seen].sum() < 1.2 * shop.months.sales[seen].sum()

    assert np.median(shares) > 0.4


def test_a_refund_is_less_than_takings_of_its_day(shops: list[Shop]) -> None:
    kind = np.concatenate([shop.columns["kind"] for shop in shops])
    amount = np.concatenate([shop.columns["amount"] for shop in shops])
    tickets = np.concatenate([shop.columns["tickets"] for shop in shops])

    assert 0.01 < kind.mean() < 0.1
    assert np.median(amount[kind == 1]) < 0.3 * np.median(amount[kind == 0])
    assert amount.min() > 0
    assert tickets.min() > 0


def test_stress_shows_as_days_without_takings_and_as_refunds(
    world: World, shops: list[Shop]
) -> None:
    shop = max(shops, key=lambda item: len(item.month))
    calm, pressed = (
        pos_day(world, shop.subject, dataclasses.replace(shop.months, stress=np.full(MONTHS, to)))
        for to in (0.0, 3.0)
    )

    assert (pressed.columns["kind"] == 0).sum() < 0.9 * (calm.columns["kind"] == 0).sum()
    assert pressed.columns["kind"].mean() > 1.5 * calm.columns["kind"].mean()


def test_a_packed_file_shows_padded_takings(world: World, shops: list[Shop]) -> None:
    shop = max(shops, key=lambda item: len(item.month))
    packed = dataclasses.replace(shop.subject, fraud=Fraud("broker_packed", 130))
    faking = dataclasses.replace(shop.months, faking=np.ones(MONTHS, dtype=np.int64))

    honest = dataclasses.replace(shop.subject, fraud=None)
    sums = [pos_day(world, subject, faking).columns["amount"].sum() for subject in (honest, packed)]
    assert sums[1] > 1.4 * sums[0]

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tael.economy.agents import Life, borrower, life
from tael.economy.streams import Events, bureau_tradeline
from tael.economy.streams.bureau_tradeline import STATUSES
from tael.economy.world import Parameters, World, month_of
from tael.economy.world.months import day_in_china, first_days

SEED, COUNT = 7, 250
SETTLED, WRITTEN_OFF = STATUSES.index("settled"), STATUSES.index("written_off")
D90 = STATUSES.index("d90")


@dataclasses.dataclass(frozen=True)
class Firm:
    """First versions of a firm's records, their months, and the life that they tell of."""

    months: Life
    month: np.ndarray
    subject: np.ndarray
    columns: dict[str, np.ndarray]
    part: Events


def _first_versions(part: Events, months: Life) -> Firm:
    keep = np.flatnonzero(part.version == 0)
    keep = keep[np.unique(part.event[keep], return_index=True)[1]]
    day = day_in_china(part.event_at[keep])
    month = np.searchsorted(first_days(), day, side="right") - 1
    columns = {name: values[keep] for name, values in part.columns.items()}
    return Firm(months, month, part.subject[keep], columns, part)


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def firms(world: World) -> list[Firm]:
    row = [borrower(world, SEED, number) for number in range(COUNT)]
    lives = [life(world, subject) for subject in row]
    return [
        _first_versions(bureau_tradeline(world, subject, months), months)
        for subject, months in zip(row, lives, strict=True)
    ]


def _accounts(firms: list[Firm]) -> list[tuple[Firm, np.ndarray]]:
    return [
        (firm, np.flatnonzero(firm.columns["tradeline_id"] == account))
        for firm in firms
        for account in np.unique(firm.columns["tradeline_id"]).tolist()
    ]


def _column(firms: list[Firm], name: str) -> np.ndarray:
    return np.concatenate([firm.columns[name] for firm in firms])


def test_there_are_about_eighty_account_months_a_firm(firms: list[Firm]) -> None:
    assert 55 < np.mean([len(firm.month) for firm in firms]) < 125


def test_every_product_lender_and_status_occurs(firms: list[Firm]) -> None:
    codes = firms[0].part.codes
    for name in codes:
        assert set(_column(firms, name).tolist()) == set(range(len(codes[name])))


def test_an_account_has_one_record_a_month_without_gaps(firms: list[Firm]) -> None:
    for firm, rows in _accounts(firms):
        assert (np.diff(firm.month[rows]) == 1).all()


def test_lateness_grows_by_one_step_a_month(firms: list[Firm]) -> None:
    for firm, rows in _accounts(firms):
        status = firm.columns["status"][rows]
        steps = np.diff(status[status <= D90])
        assert (steps <= 1).all()


def test_a_written_off_account_was_ninety_days_late_before(firms: list[Firm]) -> None:
    seen = 0
    for firm, rows in _accounts(firms):
        status = firm.columns["status"][rows]
        if WRITTEN_OFF in status.tolist():
            seen += 1
            assert status[-1] == WRITTEN_OFF
            assert len(status) == 1 or status[-2] == D90
    assert seen


def test_late_accounts_are_cured_or_end(firms: list[Firm]) -> None:
    cured = ended = 0
    for firm, rows in _accounts(firms):
        status = firm.columns["status"][rows]
        late = (status > 0) & (status <= D90)
        cured += (late[:-1] & (status[1:] == 0)).sum()
        ended += status[-1] in {SETTLED, WRITTEN_OFF}
        assert not (status[:-1] >= SETTLED).any()
    assert cured > 50
    assert ended > 50


def test_sums_agree_with_the_status(firms: list[Firm]) -> None:
    status, due, paid = (_column(firms, name) for name in ("status", "due", "paid"))
    balance, limit = _column(firms, "balance"), _column(firms, "credit_limit")
    late = (status > 0) & (status <= D90)

    assert balance.min() >= 0
    assert (paid <= due).all()
    assert (
        paid[(status == 0) | (status == SETTLED)] == due[(status == 0) | (status == SETTLED)]
    ).all()
    assert (paid[late & (due > 0)] < due[late & (due > 0)]).all()
    assert (balance[status == SETTLED] == 0).all()
    assert (balance <= limit).mean() > 0.98
    assert limit.min() > 0


def test_lateness_follows_stress_before_and_the_default_after(firms: list[Firm]) -> None:
    calm, pressed, failed = [], [], []
    for firm in firms:
        late = (firm.columns["status"] > 0) & (firm.columns["status"] <= D90)
        stress = firm.months.stress[np.maximum(firm.month - 4, 0)]
        default = firm.months.default_month if firm.months.default_month >= 0 else 10**6
        before = firm.month < default
        calm += late[before & (stress < 1)].tolist()
        pressed += late[before & (stress > 1.5)].tolist()
        failed += late[(firm.month >= default + 3) & (firm.month < default + 8)].tolist()

    assert np.mean(pressed) > 2 * np.mean(calm)
    assert np.mean(calm) < 0.03
    assert np.mean(failed) > 0.4


def test_nothing_before_the_default_tells_of_it(world: World) -> None:
    """A model may see what leads to a default, never the default itself."""
    seen = 0
    for number in range(60):
        subject = borrower(world, SEED, number)
        months = life(world, subject)
        at = max(subject.firm.opened, 0) + 24
        spared, struck = (dataclasses.replace(months, default_month=month) for month in (-1, at))
        before = [
            _before(bureau_tradeline(world, subject, item), item, at) for item in (spared, struck)
        ]
        seen += len(before[0])
        assert before[0].tolist() == before[1].tolist()
    assert seen > 300


def _before(part: Events, months: Life, month: int) -> np.ndarray:
    firm = _first_versions(part, months)
    names = ("product", "lender", "status", "balance", "credit_limit", "due", "paid")
    rows = np.flatnonzero(firm.month < month)
    return np.stack([firm.subject, firm.month, *(firm.columns[name] for name in names)])[:, rows].T


def test_few_lenders_but_banks_are_seen_before_the_second_bureau(firms: list[Firm]) -> None:
    month = np.concatenate([firm.month for firm in firms])
    other = _column(firms, "lender") > 0
    before, after = month < month_of("2019-12"), month >= month_of("2020-07")

    assert other[after].mean() > 2 * other[before].mean()


def test_the_guarantees_of_a_circle_follow_the_default_of_the_other(world: World) -> None:
    called = False
    for number in range(600):
        subject = borrower(world, SEED, number)
        months = life(world, subject)
        if months.default_month < 0 and any(at > 0 for at in months.circle_defaults):
            firm = _first_versions(bureau_tradeline(world, subject, months), months)
            guarantee = (firm.columns["product"] == 4) & (firm.subject == 0)
            late = guarantee & (firm.columns["status"] > 0) & (firm.columns["status"] <= D90)
            first = min(at for at in months.circle_defaults if at >= 0)
            assert (firm.month[late] >= first).all()
            called = called or bool(late.any())
    assert called


def test_disputes_strike_lateness_out_later(firms: list[Firm]) -> None:
    struck = 0
    for firm in firms:
        part = firm.part
        status = part.columns["status"]
        later = (np.diff(part.event) == 0) & (np.diff(part.version) == 1)
        struck += (later & (status[:-1] > 0) & (status[1:] == 0)).sum()
        assert (status[1:][later] <= status[:-1][later]).all()
    assert struck

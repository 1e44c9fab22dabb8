from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tael.economy.agents import Borrower, Fraud, borrower, life
from tael.economy.streams import STREAMS, Events, events_of
from tael.economy.world import Parameters, World, month_of
from tael.economy.world.months import first_days, instant

SEED, COUNT = 7, 150
PINNED = Path(__file__).parents[1] / "cases" / "parameters.toml"
SOURCES = tuple(STREAMS)
FREQUENT = tuple(source for source in SOURCES if source not in {"court_record", "registry_change"})


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def row(world: World) -> list[dict[str, Events]]:
    return [events_of(world, borrower(world, SEED, number)) for number in range(COUNT)]


def _start(month: str) -> int:
    day = first_days()[month_of(month)]
    return int(instant(np.array([day]), np.array([0]))[0])


def _alone(world: World, number: int, source: str, seed: int = SEED) -> Events:
    subject = borrower(world, seed, number)
    return STREAMS[source](world, subject, life(world, subject))


def _all(row: list[dict[str, Events]], source: str, column: str) -> np.ndarray:
    parts = [item[source] for item in row]
    return np.concatenate(
        [
            part.columns[column] if column in part.columns else getattr(part, column)
            for part in parts
        ]
    )


@pytest.mark.parametrize("source", SOURCES)
def test_one_borrower_alone_has_the_events_of_the_row(
    world: World, row: list[dict[str, Events]], source: str
) -> None:
    for number in (0, 31, COUNT - 1):
        subject = borrower(world, SEED, number)
        alone = STREAMS[source](world, subject, life(world, subject))
        assert alone.digest() == row[number][source].digest()


def test_the_same_seed_gives_the_bits_that_were_pinned(row: list[dict[str, Events]]) -> None:
    pinned = tomllib.loads(PINNED.read_text("utf-8"))
    digests = [item[source].digest() for item in row[:20] for source in SOURCES]

    assert hashlib.sha256("".join(digests).encode()).hexdigest() == pinned["events_sha256"]


@pytest.mark.parametrize("source", SOURCES)
def test_another_seed_has_other_events(
    world: World, row: list[dict[str, Events]], source: str
) -> None:
    other = [_alone(world, number, source, SEED + 1) for number in range(30)]

    assert [part.digest() for part in other] != [item[source].digest() for item in row[:30]]


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_is_known_before_it_happened(row: list[dict[str, Events]], source: str) -> None:
    assert (_all(row, source, "known_at") > _all(row, source, "event_at")).all()


@pytest.mark.parametrize("source", SOURCES)
def test_records_are_in_order_and_versions_follow_each_other(
    row: list[dict[str, Events]], source: str
) -> None:
    for item in row:
        part = item[source]
        assert (np.diff(part.event_at) >= 0).all()
        same = np.diff(part.event) == 0
        assert set(np.diff(part.version)[same].tolist()) <= {0, 1}
        assert set(part.version[1:][~same].tolist()) <= {0}
        later = same & (np.diff(part.version) == 1)
        assert (np.diff(part.known_at)[later] > 0).all()


@pytest.mark.parametrize("source", FREQUENT)
def test_duplicates_and_withdrawals_occur_and_are_rare(
    row: list[dict[str, Events]], source: str
) -> None:
    keys = Counter(
        (number, event, version)
        for number, item in enumerate(row)
        for event, version in zip(
            item[source].event.tolist(), item[source].version.tolist(), strict=True
        )
    )
    twice = sum(count - 1 for count in keys.values())

    assert 0 < twice < 0.01 * len(keys)
    assert set(keys.values()) == {1, 2}
    assert 0 < _all(row, source, "void").mean() < 0.01


@pytest.mark.parametrize("source", SOURCES)
def test_codes_are_of_their_closed_lists(row: list[dict[str, Events]], source: str) -> None:
    for column, codes in row[0][source].codes.items():
        values = _all(row, source, column)
        assert values.min() >= 0
        assert values.max() < len(codes)


def test_amounts_and_balances_are_whole_fen_and_within_the_limits_of_packing(
    row: list[dict[str, Events]],
) -> None:
    bank, invoices = _all(row, "bank_tx", "amount"), _all(row, "vat_invoice", "amount")

    assert bank.dtype == np.int64
    assert bank.min() > 0
    assert max(bank.max(), np.abs(invoices).max()) <= 10**12
    assert _all(row, "bank_tx", "balance").min() >= 0


def test_owners_and_firms_each_have_their_own_records(row: list[dict[str, Events]]) -> None:
    for source, subjects in (
        ("bank_tx", {0, 1}),
        ("vat_invoice", {0}),
        ("bureau_enquiry", {0, 1}),
        ("utility_bill", {0, 1}),
    ):
        assert set(_all(row, source, "subject").tolist()) == subjects
    assert row[3]["bank_tx"].subjects == ("E00000003", "P000000030")


def test_suits_over_loans_follow_defaults_only(world: World, row: list[dict[str, Events]]) -> None:
    seen = 0
    for number, item in enumerate(row):
        part, default = item["court_record"], life(world, borrower(world, SEED, number))
        # Who lends and sues to have it back is no debtor.
        owed = (part.columns["matter"] == 0) & (part.columns["role"] != 1)
        loans = part.event_at[owed]
        seen += len(loans)
        if len(loans):
            day = first_days()[default.default_month]
            assert default.default_month >= 0
            assert loans.min() > instant(np.array([day]), np.array([0]))[0]
    assert seen


def test_every_matter_and_stage_comes_before_a_court(world: World) -> None:
    parts = [_alone(world, number, "court_record") for number in range(600)]
    for name, codes in parts[0].codes.items():
        seen = {int(code) for part in parts for code in np.unique(part.columns[name])}
        assert seen == set(range(len(codes)))


def test_a_correction_lowers_every_sum_alike(row: list[dict[str, Events]]) -> None:
    part = max((item["vat_invoice"] for item in row), key=len)
    seen = 0
    for index in np.flatnonzero(np.diff(part.version) == 1).tolist():
        status, amount, tax = (part.columns[name] for name in ("status", "amount", "tax"))
        if status[index] == status[index + 1] and not part.void[index + 1]:
            seen += 1
            assert abs(amount[index + 1]) < abs(amount[index])
            assert abs(tax[index + 1]) < abs(tax[index])
    assert seen


def test_red_invoices_reverse_and_voids_come_later(row: list[dict[str, Events]]) -> None:
    codes = row[0]["vat_invoice"].codes["status"]
    status, amount = _all(row, "vat_invoice", "status"), _all(row, "vat_invoice", "amount")
    version = _all(row, "vat_invoice", "version")

    assert (amount[status == codes.index("red")] < 0).all()
    assert (amount[status == codes.index("valid")] > 0).all()
    assert (version[status == codes.index("void")] > 0).all()


def test_rules_move_the_invoices_that_are_seen(row: list[dict[str, Events]]) -> None:
    bare = World.of(dataclasses.replace(Parameters(), rules=()))
    free = [{"vat_invoice": _alone(bare, number, "vat_invoice")} for number in range(COUNT)]
    until = _start("2012-01")

    seen, all_there = (
        (_all(side, "vat_invoice", "event_at") < until).sum() for side in (row, free)
    )
    assert seen < 0.9 * all_there


def test_stress_shows_in_enquiries(world: World) -> None:
    pressed, calm = np.zeros(2), np.zeros(2)
    starts = first_days()
    for number in range(300):
        subject = borrower(world, SEED, number)
        months = life(world, subject)
        part = STREAMS["bureau_enquiry"](world, subject, months)
        day = (part.event_at + 8 * 3_600) // 86_400
        month = np.searchsorted(starts, day, side="right") - 1
        per_month = np.bincount(month, minlength=len(starts) - 1)
        high, is_open = months.stress > 1, months.open == 1
        pressed += per_month[is_open & high].sum(), (is_open & high).sum()
        calm += per_month[is_open & ~high].sum(), (is_open & ~high).sum()

    assert pressed[0] / pressed[1] > 1.4 * calm[0] / calm[1]


@pytest.mark.parametrize("source", ["tax_return", "utility_bill"])
def test_stress_makes_firms_pay_late(world: World, source: str) -> None:
    open_row = next(item for item in _paying(world, source))
    months = life(world, open_row)
    shares = []
    for stress in (-1.0, 3.0):
        even = dataclasses.replace(months, stress=np.full(len(months.stress), stress))
        shares.append((STREAMS[source](world, open_row, even).columns["status"] > 0).mean())

    assert shares[0] < shares[1]


def test_taxes_are_declared_in_proportion_to_sales_and_paid_or_not(
    row: list[dict[str, Events]],
) -> None:
    status, paid = _all(row, "tax_return", "status"), _all(row, "tax_return", "paid")
    declared, late = _all(row, "tax_return", "declared"), _all(row, "tax_return", "days_late")

    assert (paid == np.where(status == 2, 0, declared)).all()
    assert ((late == 0) == (status == 0)).all()
    assert declared.min() >= 0


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("inflated_invoices", "vat_invoice"),
        ("circular_transfers", "bank_tx"),
        ("broker_packed", "bureau_enquiry"),
    ],
)
def test_a_fraud_leaves_its_mark_in_its_source(world: World, kind: str, source: str) -> None:
    subject = next(item for item in _trading(world) if item.firm.opened < 0)
    honest = dataclasses.replace(subject, fraud=None)
    faking = dataclasses.replace(subject, fraud=Fraud(kind, 60))
    months = life(world, honest)
    # The same life, so that a default brought forward does not hide the mark.
    faked = dataclasses.replace(months, faking=life(world, faking).faking)
    few = len(STREAMS[source](world, honest, months))
    many = len(STREAMS[source](world, faking, faked))
    assert many > few


def _paying(world: World, source: str) -> list[Borrower]:
    return [item for item in _trading(world) if len(events_of(world, item)[source]) > 40]


def _trading(world: World) -> list[Borrower]:
    row = [borrower(world, SEED, number) for number in range(60)]
    return [item for item in row if life(world, item).open.sum() > 150]

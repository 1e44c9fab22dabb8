"""Many instants a borrower: each row has the bits of one computed from what was known then."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables import compute, load_book
from tael.variables.drivers.backfill import (
    FolderRows,
    Instants,
    compute_backfill,
    looks_of,
    month_starts,
    shards_of,
)
from tael.variables.drivers.batch import Pace
from tael.variables.kernel.sheet import NO_SOURCE, Sheet, row_hashes
from tael.variables.packing.folder import EventFolder
from tael.variables.plan.plan import Plan

RICH = "F4"
Rows = list[tuple[str, int, str]]


def seconds(year: int, month: int, day: int = 1) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


def rows_of(folder: Path, plan: Plan, instants: Instants, pace: Pace) -> Rows:
    """Borrower, instant and hash of every row, in the order in which they leave."""
    found: Rows = []

    def take(names: tuple[str, ...], asof: np.ndarray, sheet: Sheet) -> None:
        found.extend(zip(names, asof.tolist(), row_hashes(plan.hash, sheet), strict=True))

    source = EventFolder(folder)
    for shard, looks in shards_of(source, instants).items():
        FolderRows(source, plan, pace).run(shard, looks, take)
    return found


def as_known_then(folder: Path, plan: Plan, borrower: str, asof: int) -> str:
    """The hash of the row when nothing is packed that became known later."""
    book = load_book(folder, plan, [borrower], known_by=asof).book
    return compute(plan, book, asof).row_hash


@pytest.mark.parametrize("seed", range(4))
def test_a_row_is_what_was_known_at_its_instant(restless: Path, few_plan: Plan, seed: int) -> None:
    luck = random.Random(seed)  # noqa: S311 - instants at random
    firms = [f"F{number}" for number in range(1, 8)]
    first, last = seconds(2019, 1), seconds(2021, 6)
    instants = {name: [luck.randrange(first, last) for _ in range(luck.randrange(1, 5))]
                for name in luck.sample(firms, 5)}  # fmt: skip
    rows = rows_of(restless, few_plan, instants, Pace(rows=luck.randrange(1, 4)))

    assert sorted((name, asof) for name, asof, _ in rows) == sorted(
        (name, asof) for name, held in instants.items() for asof in held
    )
    for name, asof, found in rows:
        assert found == as_known_then(restless, few_plan, name, asof), (name, asof)


def test_every_variable_of_an_economy_is_as_known_then(economy: Path, plan: Plan) -> None:
    months = month_starts(date(2012, 1, 1), date(2024, 1, 1), 6)[::12]
    rows = rows_of(economy, plan, months, Pace())
    assert len(rows) == 5 * len(months) == 15
    for name, asof, found in rows[1::4]:
        assert found == as_known_then(economy, plan, name, asof), (name, asof)


def test_amounts_that_pass_the_limit_later_take_nothing_from_rows_before(
    restless: Path, few_plan: Plan
) -> None:
    before, after = seconds(2020, 6), seconds(2021, 6)
    reasons: dict[tuple[str, int], set[int]] = {}

    def take(names: tuple[str, ...], asof: np.ndarray, sheet: Sheet) -> None:
        for row, (name, when) in enumerate(zip(names, asof.tolist(), strict=True)):
            reasons[name, when] = set(sheet.reasons[row, column].tolist())

    column = [at for at, name in enumerate(few_plan.names) if name.startswith("ent.")]
    source = EventFolder(restless)
    looks = looks_of((before, after), source.borrowers(1))
    account = FolderRows(source, few_plan).run(1, looks, take)

    assert {name for each in account.reports for name in each.refused} == {RICH}
    assert reasons[RICH, after] == {NO_SOURCE}
    assert NO_SOURCE not in reasons[RICH, before]
    assert NO_SOURCE not in reasons["F5", after]


def test_rows_leave_turn_by_turn_and_most_instants_first(restless: Path, few_plan: Plan) -> None:
    a, b, c = seconds(2019, 6), seconds(2020, 1), seconds(2020, 6)
    instants = {"F1": [b], "F3": (c, a, b), "F2": [c, a]}
    rows = rows_of(restless, few_plan, instants, Pace())

    assert [(name, asof) for name, asof, _ in rows] == [
        ("F3", a), ("F2", a), ("F1", b),
        ("F3", b), ("F2", c),
        ("F3", c),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("instants", "said"),
    [
        ([], "instants: no instant"),
        ({"F1": []}, "instants: no instant of F1"),
        ({"F1": [seconds(2019, 1)] * 2}, "instants: an instant of F1 stands twice"),
        ([seconds(2019, 1), 5], "asof: an as-of instant lies between 1990 and 2038"),
        ({"F9": seconds(2019, 1)}, "there is no 'F9'"),
        ({}, "borrower: there is none"),
    ],
)
def test_instants_that_cannot_be_are_refused(restless: Path, instants: Instants, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        shards_of(EventFolder(restless), instants)


def test_a_book_of_other_borrowers_is_refused(restless: Path, few_plan: Plan) -> None:
    book = load_book(restless, few_plan, ["F1", "F2"]).book
    looks = looks_of(seconds(2020, 1), ["F2", "F1"])
    with pytest.raises(BadInput, match="looks: they are not those of the book"):
        compute_backfill(few_plan, book, looks, lambda *_: None)


def test_months_and_quarters_begin_between_two_days() -> None:
    def days(first: date, last: date, months: int) -> list[str]:
        return [str(datetime.fromtimestamp(each, UTC).date())
                for each in month_starts(first, last, months)]  # fmt: skip

    assert days(date(2019, 11, 2), date(2020, 2, 1), 1) == [
        "2019-12-01",
        "2020-01-01",
        "2020-02-01",
    ]
    assert days(date(2019, 2, 1), date(2019, 10, 1), 3) == [
        "2019-04-01",
        "2019-07-01",
        "2019-10-01",
    ]
    assert days(date(2018, 1, 1), date(2019, 1, 1), 12) == ["2018-01-01", "2019-01-01"]
    with pytest.raises(BadInput, match="none from 2019-01-02 to 2019-01-31"):
        days(date(2019, 1, 2), date(2019, 1, 31), 1)
    with pytest.raises(BadInput, match="5 is given"):
        days(date(2019, 1, 2), date(2019, 1, 31), 5)

"""Looking after a database: from an empty folder to a copy of it in another one."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tael.app.backtest_files import Asked, RunId, Tried
from tael.app.installation import open_installation
from tael.app.upkeep import (
    back_up_database,
    check_database,
    keep_up,
    restore_database,
    upgrade_database,
)
from tael.kernel import Conflict, Day, FixedClock
from tael.origination import model
from tael.platform import SYSTEM, Settings, Work


def test_an_installation_is_made_backed_up_and_restored_elsewhere(
    tmp_path: Path, clock: FixedClock
) -> None:
    first, second = (Settings(data_dir=tmp_path / name) for name in ("first", "second"))
    assert "ledger_0001" in upgrade_database(first)
    assert upgrade_database(first) == []
    with open_installation(first, clock) as house, house.database.begin(SYSTEM) as work:
        assert house.parameters.value(work, "cap.all_in", Day(2026, 1, 5))
    saved = back_up_database(first, clock)
    assert saved == tmp_path / "first" / "backups" / "tael-20260105T010000Z.backup"
    with pytest.raises(Conflict):
        restore_database(first, saved)
    assert restore_database(second, saved) == []
    assert check_database(second) == []


def test_what_has_run_out_is_ended_and_what_nobody_needs_is_deleted(lender: Any) -> None:
    house = lender.house
    (loan_id,) = lender.lend()
    undecided = _left_with_an_offer(lender)
    with house.database.begin(SYSTEM) as work:
        house.identity.users.add(work, login="lin", password="a long password", roles=("admin",))
        session = house.identity.sessions.sign_in(work, "lin", "a long password")
        assert house.identity.sessions.resolve(work, session.token) is not None
        book = io.BytesIO(b"id,score,bad\n1,600,0\n2,500,1\n")
        house.books.keep(work, house.books.read("book.csv", book))
    _back_test(house)
    lender.close()  # delivers the facts
    purged: list[datetime] = []

    def purge(_work: Work, before: datetime) -> int:
        purged.append(before)
        return 3 if len(purged) == 1 else 0

    lender.clock.move_to_day(lender.today.plus_days(200))
    done = keep_up(house, [purge])
    assert all(number > 0 for number in done.values()), done
    assert purged == [lender.clock.now() - timedelta(days=30)] * 2
    with house.database.begin(SYSTEM) as work:
        ended = house.applications.get(work, undecided)
        assert ended.state is model.ApplicationState.EXPIRED
        states = {one.state for one in house.parties.consents_of(work, ended.borrower_id)}
        assert states == {model.ConsentState.EXPIRED}
    assert lender.state(loan_id).outstanding.minor > 0
    assert set(keep_up(house, []).values()) == {0}
    assert lender.broken() == []


def _back_test(house: Any) -> None:
    """One that was given up three years ago."""
    at = house.clock.now() - timedelta(days=1095)
    asked = Asked(RunId.new(at), (Tried("ver", "first"),), "year", False, "", "0.24", "usr", at)
    folder = house.backtests.folder(asked.id)
    folder.ask(asked, [])
    folder.cancel("usr", at)


def _left_with_an_offer(lender: Any) -> Any:
    """The application of somebody who was made an offer and has not answered."""
    house = lender.house
    for number in range(1, len(lender.people)):
        journey = lender.apply(number)
        with house.database.begin(SYSTEM) as work:
            if house.applications.exists(work, journey.application_id):
                continue
        if journey._go_by_ourselves() is not model.ApplicationState.ROUTED:
            continue
        if lender.lending.ask_bank(journey.application_id).state.value == "bank_approved":
            with house.database.begin(SYSTEM) as work:
                assert house.offers.make(work, journey.application_id)
            return journey.application_id
    raise AssertionError("nobody was made an offer")

"""Looking after a database: from an empty folder to a copy of it in another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tael.app.upkeep import back_up_database, check_database, restore_database, upgrade_database
from tael.kernel import Conflict, FixedClock
from tael.platform import Settings


def test_an_installation_is_made_backed_up_and_restored_elsewhere(
    tmp_path: Path, clock: FixedClock
) -> None:
    first, second = (Settings(data_dir=tmp_path / name) for name in ("first", "second"))
    assert "ledger_0001" in upgrade_database(first)
    assert upgrade_database(first) == []
    saved = back_up_database(first, clock)
    assert saved == tmp_path / "first" / "backups" / "tael-20260105T010000Z.backup"
    with pytest.raises(Conflict):
        restore_database(first, saved)
    assert restore_database(second, saved) == []
    assert check_database(second) == []

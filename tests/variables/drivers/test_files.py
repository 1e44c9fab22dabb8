"""The file that a batch leaves: whole or not there, whoever else writes and whatever is missing."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput, TaelError
from tael.variables import Wanted, compile_plan, load_definitions
from tael.variables.definitions.load import SHIPPED
from tael.variables.drivers.files import opened
from tael.variables.plan.plan import Plan


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("few")
    shutil.copy(SHIPPED / "bureau_enquiry.yaml", folder)
    return compile_plan(load_definitions(folder))


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (errno.ENOSPC, "no_room", "no room is left for"),
        (errno.EROFS, "files", "cannot be written: Read-only file system"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(
    small: Plan, number: int, code: str, said: str, tmp_path: Path
) -> None:
    out = tmp_path / "出🏠" / "out.parquet"
    with pytest.raises(TaelError, match=said) as caught, opened(small, Wanted(out)):
        # As Arrow raises it: with a number and without the file.
        raise OSError(number, "Error writing bytes to file")

    assert (caught.value.code, caught.value.field) == (code, "out")
    assert list(out.parent.iterdir()) == []


def test_only_a_file_is_replaced(small: Plan, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(BadInput, match="is no file"), opened(small, Wanted(place)):
            pass
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]


def test_a_run_does_not_write_into_the_draft_of_another(small: Plan, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    other = tmp_path / f"out.parquet.{os.getpid() + 1}.writing"
    other.write_bytes(b"half")
    with opened(small, Wanted(out)):
        pass

    assert other.read_bytes() == b"half"
    assert pq.read_metadata(out).num_rows == 0

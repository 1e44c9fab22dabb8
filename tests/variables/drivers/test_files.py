"""The file that a batch leaves: whole or not there, whoever else writes and whatever is missing."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput, TaelError
from tael.variables import Wanted, compile_plan, load_definitions
from tael.variables.definitions.load import SHIPPED
from tael.variables.drivers.files import Rows, opened
from tael.variables.kernel.sheet import NO_SOURCE, Sheet
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


@pytest.mark.parametrize("count", [1, 3])
def test_columns_of_several_chunks_stand_in_one_row_group(
    small: Plan, count: int, tmp_path: Path
) -> None:
    """A reader opens each column of each group; the sheet's buffer is used again between them."""
    out = tmp_path / "out.parquet"
    names = small.names[:count]
    sheet = Sheet(np.zeros((2, small.width)), np.zeros((2, small.width), np.uint8))
    with opened(small, Wanted(out, names)) as write:
        for chunk in range(4):
            sheet.values[:] = chunk
            sheet.reasons[:] = chunk % 2 * NO_SOURCE
            asof = np.array([0, 86_400], np.int64)
            write(Rows((f"A{chunk}", f"B{chunk}"), asof, ["", ""], sheet))

    assert pq.read_metadata(out).num_row_groups == 1
    table = pq.read_table(out)
    assert table["borrower"].to_pylist() == ["A0", "B0", "A1", "B1", "A2", "B2", "A3", "B3"]
    for name in names:
        assert table[name].to_pylist() == [0, 0, None, None, 2, 2, None, None]

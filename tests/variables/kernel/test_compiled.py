"""How loops are compiled: where their code is kept, and that they hold on to no memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tael.variables.kernel.compiled import cache_folder
from tael.variables.kernel.sheet import make_sheet
from tael.variables.kernel.windows import run
from tael.variables.packing.packed import Packed
from tael.variables.plan.windows import Output, WindowPlan

KINDS = ("windows", "months", "concentration", "states", "sequences", "balances")


def test_each_kind_keeps_its_code_apart(tmp_path: Path) -> None:
    """A folder is named by the sources of a kind, so that none is compiled for another's sake."""
    folders = [cache_folder("", str(tmp_path), f"tael.variables.kernel.{kind}") for kind in KINDS]
    assert len(set(folders)) == len(KINDS)
    assert all(Path(folder).parent == tmp_path / "tael" / "numba" for folder in folders)


def test_a_named_folder_comes_first(tmp_path: Path) -> None:
    module = "tael.variables.kernel.windows"
    given = cache_folder(str(tmp_path / "given"), str(tmp_path / "base"), module)
    assert Path(given).parent == tmp_path / "given"


def test_without_a_folder_to_write_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not cache_folder(str(tmp_path / "file"), "", "tael.variables.kernel.windows")


def test_a_run_leaves_nobody_holding_its_arrays(pack: Callable[..., Packed]) -> None:
    """Loops count no references; were one kept or dropped, memory would leak or be used twice."""
    packed = pack([(86_400 * day, 0, day, day % 3) for day in range(1, 40)])
    plan = WindowPlan(
        1, (frozenset({0}),), (None,), 1, (Output("n", 0, 0), Output("distinct", 0, 0))
    )
    sheet, asof = make_sheet(1, 2), np.array([1_700_000_000])
    arrays = (*packed.arrays(), *plan.arrays(), sheet.values, sheet.reasons, asof)
    before = [sys.getrefcount(array) for array in arrays]
    for _ in range(50):
        run(plan, packed, asof, 0, sheet)
    assert [sys.getrefcount(array) for array in arrays] == before

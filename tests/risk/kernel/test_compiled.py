"""Where compiled loops are kept."""

from __future__ import annotations

from pathlib import Path

from tael.risk.kernel.compiled import cache_folder


def test_each_module_of_loops_has_a_folder_of_its_own(tmp_path: Path) -> None:
    one, two = (
        cache_folder(str(tmp_path), "", f"tael.risk.kernel.{name}")
        for name in ("merging", "ordering")
    )
    assert one != two
    assert all(Path(folder).parent == tmp_path and Path(folder).is_dir() for folder in (one, two))
    assert Path(one).name.startswith("risk-")


def test_without_a_folder_given_the_user_s_is_taken(tmp_path: Path) -> None:
    found = cache_folder("", str(tmp_path), "tael.risk.kernel.merging")
    assert Path(found).parent == tmp_path / "tael" / "numba"


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    assert not cache_folder(str(file), "", "tael.risk.kernel.merging")

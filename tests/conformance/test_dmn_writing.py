"""Every model of the kit survives being written: same graph, same hash, same tables in sheets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from tael.dmn import load
from tael.dmn.authoring import Draft, read_tables, save_tables
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.type_system import TypeSystem
from tael.dmn.model.graph import Fault, Graph

ROOT = Path(__file__).resolve().parents[2]
KIT = (ROOT / os.environ.get("TAEL_TEST_DATA", "../shared")).resolve() / "dmn-tck"
LAYOUT = {"files", "type_lines", "file", "faults", "problems"}

pytestmark = [
    pytest.mark.xdist_group("dmn_tck"),
    pytest.mark.skipif(
        not KIT.is_dir(),
        reason=f"no DMN TCK at {KIT}; set TAEL_TEST_DATA to the folder that holds dmn-tck",
    ),
]


def models() -> Iterator[Path]:
    yield from sorted(KIT.glob("compliance-level-*/*/*.dmn"))


class Content:
    """What a graph says, without the lines on which it stands."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}

    def of(self, value: object) -> object:  # noqa: PLR0911 - one answer a kind
        if isinstance(value, Position | Fault):
            return None
        if isinstance(value, str) and "line " in value:
            # An element without an id goes by its line; here by its place in the file.
            return f"element {self.lines.setdefault(value, len(self.lines))}"
        if isinstance(value, TypeSystem):
            return self.of(dict(value.items))
        if isinstance(value, dict):
            return [(self.of(key), self.of(each)) for key, each in value.items()]
        if isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(self.of(each) for each in value)
        if is_dataclass(value) and not isinstance(value, type):
            skipped = LAYOUT if isinstance(value, Graph) else set[str]()
            kept = [f.name for f in fields(value) if f.name not in skipped]
            return [type(value).__name__, *(self.of(getattr(value, name)) for name in kept)]
        return value


def test_a_model_that_is_written_loads_equal(tmp_path: Path) -> None:
    """Each in its own folder, beside what it imports."""
    seen = 0
    for path in models():
        folder = tmp_path / path.parent.parent.name / path.parent.name
        if not folder.exists():
            folder.mkdir(parents=True)
            for each in path.parent.glob("*.dmn"):
                (folder / each.name).write_text(Draft.read(each).to_xml(), "utf-8")
        before, after = load(path, tolerant=True), load(folder / path.name, tolerant=True)
        assert after.hash == before.hash, path
        assert Content().of(after.graph) == Content().of(before.graph), path
        seen += 1
    assert seen > 100


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_table_that_goes_through_a_sheet_leaves_the_model_equal(
    tmp_path: Path, kind: str
) -> None:
    seen = 0
    for path in models():
        draft = Draft.read(path)
        for name, table in draft.tables().items():
            file = tmp_path / f"table.{kind}"
            save_tables(file, {name: table})
            (back,) = read_tables(file).values()
            assert back == table, path
            changed = draft.with_table(name, back)
            assert Draft.read(changed.to_xml()).to_xml() == changed.to_xml()
            seen += 1
    assert seen > 40

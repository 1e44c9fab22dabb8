"""Ids and versions: an id belongs to its name for ever, a changed meaning is a new version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tael.variables import expand, load_definitions
from tael.variables.definitions import new_ids, read_definitions, write_ids

GOOD = (Path(__file__).parent / "cases/rents.yaml").read_text("utf-8")
GROUP = "{all: all, shop: {codes: [shop, store], title: {zh: 店铺, en: shops}}}"


def numbered(folder: Path, text: str = GOOD) -> Path:
    """A folder whose names have ids."""
    (folder / "rents.yaml").write_text(text, "utf-8")
    definitions = load_definitions(folder)
    rows = [*definitions.numbered, *new_ids(expand(definitions), definitions.numbered)]
    (folder / "ids.csv").write_text(write_ids(rows), "utf-8")
    return folder


def test_numbering_again_adds_nothing(tmp_path: Path) -> None:
    first = (numbered(tmp_path) / "ids.csv").read_text("utf-8")
    assert (numbered(tmp_path) / "ids.csv").read_text("utf-8") == first


def test_a_new_name_gets_the_next_id_and_the_others_keep_theirs(tmp_path: Path) -> None:
    before = {v.name: v.id for v in expand(load_definitions(numbered(tmp_path)))}
    more = GOOD.replace("[sum, share", "[max, sum, share")
    after = {v.name: v.id for v in expand(load_definitions(numbered(tmp_path, more)))}

    assert {name: after[name] for name in before} == before
    new = set(after) - set(before)
    assert new
    assert min(after[name] for name in new) > max(before.values())


def test_the_id_of_a_name_that_went_is_not_given_again(tmp_path: Path) -> None:
    numbered(tmp_path)
    renamed = GOOD.replace("landlord: {column", "owner: {column")
    old = {row.id for row in load_definitions(tmp_path).numbered}
    names = {v.name: v.id for v in expand(load_definitions(numbered(tmp_path, renamed)))}

    assert not {id_ for name, id_ in names.items() if ".owner." in name} & old


def test_a_changed_meaning_without_a_new_version_is_refused(tmp_path: Path) -> None:
    numbered(tmp_path)
    (tmp_path / "rents.yaml").write_text(GOOD.replace("[all, shop]", GROUP), "utf-8")
    findings = read_definitions(tmp_path)[2]

    assert {each.rule for each in findings} == {"meaning"}
    assert (
        "ent.rents.shop.30d.amount.sum means something else than before; give its family version 2"
    ) in {each.text() for each in findings}


def test_a_changed_meaning_is_a_new_version_of_the_same_id(tmp_path: Path) -> None:
    before = {v.name: v for v in expand(load_definitions(numbered(tmp_path)))}
    text = GOOD.replace("[all, shop]", GROUP)
    text = text.replace("kind: windows", "kind: windows\n    version: 2")
    text = text.replace("kind: derived", "kind: derived\n    version: 2")
    after = {v.name: v for v in expand(load_definitions(numbered(tmp_path, text)))}
    shop, everything = "ent.rents.shop.90d.amount.sum", "ent.rents.all.90d.amount.sum"

    assert (after[shop].id, after[shop].version) == (before[shop].id, 2)
    assert after[everything].version == 1, "what means the same keeps its version"
    assert after["ent.rents.90d.shop_share.ratio"].version == 2, "made of what changed"


def test_a_new_title_changes_no_version(tmp_path: Path) -> None:
    before = [(v.id, v.version) for v in expand(load_definitions(numbered(tmp_path)))]
    (tmp_path / "rents.yaml").write_text(GOOD.replace("en: landlords", "en: owners"), "utf-8")

    assert [(v.id, v.version) for v in expand(load_definitions(tmp_path))] == before


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("V1,a,1,m", "a row is an id like V00001"),
        ("V00001,a,one,m", "a row is an id like V00001"),
        ("V00001,a,1", "a row is an id like V00001"),
        ("V00007,a,1,m\nV00007,b,1,m", "V00007 belongs to a; an id is never given again"),
    ],
)
def test_a_broken_row_of_ids_is_told(row: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "rents.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "ids.csv").write_text(f"id,name,version,meaning\n{row}\n", "utf-8")
    (only,) = read_definitions(tmp_path)[2]

    assert only.file == "ids.csv"
    assert only.line == 2 + row.count("\n")
    assert only.text().startswith(why)

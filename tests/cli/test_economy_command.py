"""`tael economy build`: what is refused, and that an economy is not made twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tael.economy.build import SIZES
from tael.economy.manifest import Identity, Manifest, write_json

Run = Callable[..., Any]
BUILD = ("economy", "build", "--out")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--size", "huge"), "size: no economy is of size 'huge' (rule: one of tiny, small"),
        (("--size", "tiny", "--seed", "-1"), "seed: -1 (rule: from 0 to"),
        (("--size", "tiny", "--shard", "3", "--of", "2"), "shard: 3 of 2 (rule: 1 <= shard <= of)"),
        (("--size", "tiny", "--processes", "0"), "processes: 0 (rule: from 1 to 64)"),
    ],
)
def test_what_cannot_be_built_is_named(
    run: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    answer = run(*BUILD, str(tmp_path / "out"), *words)

    assert answer.code == 3
    assert said in answer.err
    assert not list(tmp_path.glob("out*"))


def test_a_folder_in_use_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear", "utf-8")
    answer = run(*BUILD, str(tmp_path), "--size", "tiny")

    assert answer.code == 3
    assert "holds something else (rule: a new or empty folder)" in answer.err


def test_an_economy_that_is_there_is_shown_and_not_made_again(run: Run, tmp_path: Path) -> None:
    manifest = Manifest.of(Identity.of(SIZES["tiny"], 7), [])
    write_json(tmp_path / "manifest.json", manifest.to_json())

    answer = run(*BUILD, str(tmp_path), "--size", "tiny", "--json")
    assert answer.code == 0
    assert answer.json["made"] == 0
    assert answer.json["manifest"]["content"] == manifest.content
    assert "was there already" in answer.err
    other = run(*BUILD, str(tmp_path), "--size", "tiny", "--seed", "8")
    assert other.code == 3
    assert "holds another economy: seed 7, not 8" in other.err

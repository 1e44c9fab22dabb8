"""The registry keeps what it was given, byte for byte, and sees any other byte."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.kernel import FixedClock
from tael.risk.registry import Decision, Lineage, Registry, Signature

AT = datetime(2024, 5, 1, 8, tzinfo=UTC)
LINEAGE = Lineage(plan="a1" * 32, data="b2" * 32, code="c3" * 32, config="d4" * 32)
MODEL = "11" * 32


def written(folder: Path, remarks: list[str]) -> Registry:
    registry = Registry(folder, FixedClock(AT))
    registry.register(MODEL, "Box", LINEAGE, {"model.json": b'{"a": 1}'})
    for remark in remarks:
        registry.annotate(MODEL, remark, by="李", files={"note.txt": remark.encode()})
    registry.sign(MODEL, Signature("李伟", "validator", Decision.APPROVED))
    return registry


@given(st.lists(st.text(min_size=1, max_size=20).filter(str.strip), max_size=3))
@settings(max_examples=5, deadline=None)
def test_appending_never_changes_earlier_bytes(remarks: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, before = Path(name), b""
        registry = written(folder, [])
        for remark in remarks:
            before = (folder / "ledger.jsonl").read_bytes()
            record = registry.annotate(MODEL, remark, by="李")
            after = (folder / "ledger.jsonl").read_bytes()
            assert after == before + record.line()
        assert registry.verify().sound


def test_any_flipped_byte_is_found() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        registry = written(folder, ["remark", "备注"])
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size)
        content = b"".join(file.read_bytes() for file in files)

        @given(st.integers(0, len(content) - 1), st.integers(1, 255))
        @settings(max_examples=40, deadline=None)
        def found(place: int, change: int) -> None:
            file, inside = _at(files, place)
            whole = file.read_bytes()
            flipped = bytearray(whole)
            flipped[inside] ^= change
            file.write_bytes(flipped)
            sound = registry.verify().sound
            file.write_bytes(whole)
            assert not sound

        found()
        assert registry.verify().sound


@pytest.mark.slow
def test_the_flip_of_each_byte_in_turn_is_found() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        registry = written(folder, ["remark"])
        for file in [p for p in folder.rglob("*") if p.is_file()]:
            whole = file.read_bytes()
            for place in range(len(whole)):
                flipped = bytearray(whole)
                flipped[place] ^= 1 << place % 8
                file.write_bytes(flipped)
                assert not registry.verify().sound, f"{file.name}, byte {place}"
            file.write_bytes(whole)
        assert registry.verify().sound


def _at(files: list[Path], place: int) -> tuple[Path, int]:
    for file in files:
        size = file.stat().st_size
        if place < size:
            return file, place
        place -= size
    raise AssertionError

"""The registry: append-only, hashed, and whole after any death of its writers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tael.kernel import BadInput, Conflict, FixedClock, NotFound, Refusal
from tael.risk.registry import (
    Decision,
    Happening,
    Lineage,
    Promotion,
    Registry,
    Role,
    Signature,
    source_hash,
)

AT = datetime(2024, 5, 1, 8, tzinfo=UTC)
LINEAGE = Lineage(plan="a1" * 32, data="b2" * 32, code="c3" * 32, config="d4" * 32)
ONE, TWO = "11" * 32, "22" * 32
APPROVAL = Signature("Li Wei", "validator", Decision.APPROVED, "after the back-test")
CHAMPION = Promotion(Role.CHAMPION, by="Li Wei", why="gain of 0.02, interval above 0")

# A clock is asked after the files are written and before the record is: the worst moment to die.
DYING = """
import os, signal, sys
from pathlib import Path
from tael.risk.registry import Lineage, Registry

class Death:
    def now(self):
        os.kill(os.getpid(), signal.SIGKILL)

lineage = Lineage("a1" * 32, "b2" * 32, "c3" * 32, "d4" * 32)
Registry(Path(sys.argv[1]), Death()).register("22" * 32, "Box", lineage, {"model.json": b"two"})
"""
WRITING = """
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tael.kernel import FixedClock
from tael.risk.registry import Registry

registry = Registry(Path(sys.argv[1]), FixedClock(datetime(2024, 5, 1, 8, tzinfo=UTC)))
for number in range(8):
    registry.annotate("11" * 32, f"{sys.argv[2]} {number}", by="writer")
"""


@dataclass(frozen=True)
class Box:
    """A model of the simplest kind."""

    text: str
    hash: str = ONE

    def to_json(self) -> str:
        return self.text


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry", FixedClock(AT))


@pytest.fixture
def known(registry: Registry) -> Registry:
    registry.register_model(Box("one"), LINEAGE)
    return registry


def run(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program, *arguments])  # noqa: S603 - our own


def test_a_model_comes_back_as_it_was_registered(known: Registry, tmp_path: Path) -> None:
    assert known.restore(ONE, Box) == Box("one")
    assert known.load(ONE) == b"one"
    found = known.verify()
    assert found.sound
    assert (found.records, found.files, found.leftovers) == (1, 1, ())
    record = known.records()[0]
    assert record.at == AT
    assert record.body["lineage"]["plan"] == LINEAGE.plan


def test_registering_the_same_again_changes_nothing(known: Registry, tmp_path: Path) -> None:
    before = (tmp_path / "registry/ledger.jsonl").read_bytes()
    assert known.register_model(Box("one"), LINEAGE).number == 1
    assert (tmp_path / "registry/ledger.jsonl").read_bytes() == before
    with pytest.raises(Conflict, match="line 1"):
        known.register_model(Box("other"), LINEAGE)


@pytest.mark.parametrize("missing", ["plan", "data", "code", "config"])
def test_a_model_without_a_hash_of_its_making_is_refused(registry: Registry, missing: str) -> None:
    with pytest.raises(BadInput, match=f"{missing} is missing") as told:
        registry.register_model(Box("one"), replace(LINEAGE, **{missing: ""}))
    assert told.value.field == missing
    assert registry.records() == ()


def test_bad_hashes_parents_and_names_are_refused(known: Registry) -> None:
    with pytest.raises(BadInput, match="no hash"):
        known.register("../../x", "Box", LINEAGE, {"model.json": b""})
    with pytest.raises(BadInput, match="not registered"):
        known.register(TWO, "Box", replace(LINEAGE, parents=(TWO,)), {"model.json": b""})
    with pytest.raises(BadInput, match="plain file name"):
        known.register(TWO, "Box", LINEAGE, {"../model.json": b""})
    with pytest.raises(BadInput, match="has a file"):
        known.register(TWO, "Box", LINEAGE, {})
    with pytest.raises(NotFound):
        known.sign(TWO, APPROVAL)
    with pytest.raises(NotFound):
        known.load(ONE, "card.json")
    assert len(known.records()) == 1


def test_only_a_signed_model_becomes_champion(known: Registry) -> None:
    refused = known.promote(ONE, CHAMPION)
    assert isinstance(refused, Refusal)
    assert refused.code == "registry.unsigned"
    known.sign(ONE, replace(APPROVAL, decision=Decision.CONDITIONAL))
    assert known.promote(ONE, CHAMPION).code == "registry.unsigned"
    known.sign(ONE, APPROVAL)
    assert known.promote(ONE, CHAMPION).happening is Happening.PROMOTED
    assert known.champion() == ONE
    assert known.champion("cards") is None


def test_a_rejection_and_a_retirement_end_the_way(known: Registry) -> None:
    known.sign(ONE, APPROVAL)
    known.sign(ONE, Signature("Chen Jie", "owner", Decision.REJECTED, "limits of the sample"))
    refused = known.promote(ONE, CHAMPION)
    assert (refused.code, refused.detail["by"]) == ("registry.rejected", "Chen Jie")
    known.sign(ONE, Signature("Chen Jie", "owner", Decision.APPROVED))
    known.promote(ONE, CHAMPION)
    known.retire(ONE, by="Chen Jie", why="a better one")
    assert known.champion() is None
    assert known.promote(ONE, CHAMPION).code == "registry.retired"


def test_a_champion_made_challenger_is_champion_no_more(known: Registry) -> None:
    known.sign(ONE, APPROVAL)
    known.promote(ONE, CHAMPION)
    known.promote(ONE, replace(CHAMPION, role=Role.CHALLENGER))
    assert known.champion() is None


def test_a_card_stands_beside_the_model_in_each_of_its_versions(known: Registry) -> None:
    known.annotate(ONE, "card", by="Li Wei", files={"card.json": b"{}"})
    known.annotate(ONE, "card again", by="Li Wei", files={"card.json": b"[]"})
    assert known.load(ONE, "card.json") == b"[]"
    assert known.verify().files == 3


def test_a_tampered_file_is_refused_by_name_and_line(known: Registry, tmp_path: Path) -> None:
    file = next((tmp_path / "registry/models").rglob("*-model.json"))
    file.write_bytes(b"onf")
    with pytest.raises(BadInput, match="not what was registered") as told:
        known.load(ONE)
    assert told.value.row == 1
    assert known.verify().faults[0].file == file.relative_to(tmp_path / "registry").as_posix()
    file.unlink()
    assert "gone" in str(known.verify().faults[0])


def test_a_shortened_ledger_shows_by_its_head(known: Registry, tmp_path: Path) -> None:
    known.sign(ONE, APPROVAL)
    ledger = tmp_path / "registry/ledger.jsonl"
    first = ledger.read_bytes().splitlines(keepends=True)[0]
    ledger.write_bytes(first)
    assert "2 records were written, 1 are left" in str(known.verify().faults[0])
    with pytest.raises(BadInput, match="ledger"):
        known.records()
    ledger.write_bytes(first)
    (tmp_path / "registry/head.json").unlink()
    assert known.verify().sound  # the head's first writer may have been killed


def test_a_record_moved_to_another_place_is_found(known: Registry, tmp_path: Path) -> None:
    known.sign(ONE, APPROVAL)
    known.annotate(ONE, "remark", by="Li Wei")
    ledger = tmp_path / "registry/ledger.jsonl"
    first, second, third = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(first + third + second)
    assert str(known.verify().faults[0]).startswith("ledger.jsonl:2: ")


def test_a_writer_killed_between_file_and_record_leaves_nothing_half_written(
    known: Registry, tmp_path: Path
) -> None:
    folder = tmp_path / "registry"
    before = (folder / "ledger.jsonl").read_bytes()
    assert run(DYING, str(folder)).wait() == -9
    assert (folder / "ledger.jsonl").read_bytes() == before
    found = known.verify()
    assert found.sound
    assert len(found.leftovers) == 1
    with pytest.raises(NotFound):
        known.load(TWO)
    known.register(TWO, "Box", LINEAGE, {"model.json": b"two"})
    assert known.load(TWO) == b"two"
    assert known.verify().leftovers == ()


def test_what_a_writer_killed_in_a_line_left_is_no_record(known: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    whole = (folder / "ledger.jsonl").read_bytes()
    (folder / "ledger.jsonl").write_bytes(whole + b'{"at":"2024')
    (folder / "models" / ".draft-0").write_bytes(b"half")
    assert len(known.records()) == 1
    assert "not finished" in str(known.verify().faults[0])
    known.sign(ONE, APPROVAL)
    assert known.verify().sound
    assert known.verify().leftovers == ()
    assert (folder / "ledger.jsonl").read_bytes().startswith(whole)


def test_a_head_left_behind_by_killed_writers_catches_up(known: Registry, tmp_path: Path) -> None:
    head = tmp_path / "registry/head.json"
    old = head.read_bytes()
    for number in range(2):
        known.annotate(ONE, f"remark {number}", by="Li Wei")
        head.write_bytes(old) if number == 0 else None
    assert known.verify().sound
    head.write_bytes(old)
    assert "not of this ledger" in str(known.verify().faults[0])


def test_writers_of_many_processes_and_threads_take_turns(known: Registry, tmp_path: Path) -> None:
    folder = str(tmp_path / "registry")
    writers = [run(WRITING, folder, name) for name in ("a", "b")]
    with ThreadPoolExecutor(2) as pool:
        for number in range(8):
            pool.submit(known.annotate, ONE, f"thread {number}", by="thread").result()
    assert [writer.wait() for writer in writers] == [0, 0]
    records = known.records()
    assert [record.number for record in records] == list(range(1, 26))
    assert known.verify().sound
    assert {r.body["text"].split()[0] for r in records[1:]} == {"a", "b", "thread"}


def test_an_empty_registry_is_sound_and_makes_no_folder(registry: Registry, tmp_path: Path) -> None:
    assert registry.verify().sound
    assert registry.records() == ()
    assert not (tmp_path / "registry").exists()


def test_a_change_of_one_letter_moves_the_hash_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    first = source_hash(tmp_path)
    (tmp_path / "notes.txt").write_text("no source")
    assert source_hash(tmp_path) == first
    (tmp_path / "a.py").write_text("x = 2\n")
    assert source_hash(tmp_path) != first
    os.rename(tmp_path / "a.py", tmp_path / "b.txt")  # noqa: PTH104
    with pytest.raises(BadInput, match="no source"):
        source_hash(tmp_path)


ENDLESS = """
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tael.kernel import FixedClock
from tael.risk.registry import Lineage, Registry

registry = Registry(Path(sys.argv[1]), FixedClock(datetime(2024, 5, 1, 8, tzinfo=UTC)))
lineage = Lineage("a1" * 32, "b2" * 32, "c3" * 32, "d4" * 32)
print("ready", flush=True)
for number in range(100_000):
    model = f"{len(registry.records()):064x}"
    registry.register(model, "Box", lineage, {"model.json": b"x" * 5000})
"""


@pytest.mark.slow
def test_writers_killed_at_any_moment_leave_a_registry_that_goes_on(
    known: Registry, tmp_path: Path
) -> None:
    folder, random = str(tmp_path / "registry"), np.random.default_rng(1)
    count = 1
    for _ in range(12):
        writer = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-c", ENDLESS, folder], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(float(random.uniform(0.0, 0.2)))
        writer.kill()
        writer.wait()
        writer.stdout.close()
        assert len(known.records()) >= count
        known.annotate(ONE, "after a death", by="the next writer")
        found = known.verify()
        assert found.sound, found.faults
        count = found.records
    assert count > 12

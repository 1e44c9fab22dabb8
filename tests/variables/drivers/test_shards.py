"""Runs in parts: ended and begun again, in two processes, or begun with something else."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput, OutsideFailure
from tael.variables import Wanted, compute_folder
from tael.variables.drivers.backfill import Instants, month_starts
from tael.variables.drivers.shards import MANIFEST, Crew, Done, compute_shards
from tael.variables.plan.plan import Plan

SOURCES = Path(__file__).parents[3] / "src"
MONTHS = month_starts(date(2019, 6, 1), date(2020, 12, 1), 3)
NAME = "ent.payments.shop.90d.amount.sum"
ONE = int(datetime(2020, 6, 1, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def whole(restless: Path, few_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A run that nobody ended."""
    out = tmp_path_factory.mktemp("whole") / "out"
    return compute_shards(restless, few_plan, MONTHS, Wanted(out))


class EndedError(Exception):
    """Somebody ends the run."""


def ended_after_a_part(folder: Path, plan: Plan, out: Path) -> None:
    def watch(done: int, total: int) -> None:
        if 0 < done < total:
            raise EndedError

    with pytest.raises(EndedError):
        compute_shards(folder, plan, MONTHS, Wanted(out), Crew(watch=watch))


def test_a_run_that_was_ended_goes_on_after_the_finished_parts(
    restless: Path, few_plan: Plan, tmp_path: Path, whole: Done
) -> None:
    out = tmp_path / "out"
    ended_after_a_part(restless, few_plan, out)
    assert sorted(path.name for path in out.iterdir()) == [MANIFEST, "part-00000.parquet"]
    seen: list[tuple[int, int]] = []
    crew = Crew(watch=lambda done, total: seen.append((done, total)))
    done = compute_shards(restless, few_plan, MONTHS, Wanted(out), crew)

    assert (done.computed, done.rows, done.identity) == (2, 42, whole.identity)
    assert seen == [(18, 42), (30, 42), (42, 42)]
    assert compute_shards(restless, few_plan, MONTHS, Wanted(out)).computed == 0
    manifest = json.loads((out / MANIFEST).read_text("utf-8"))
    assert manifest["identity"] == whole.identity
    assert [each["identity"] for each in manifest["parts"]] == [
        each.identity for each in whole.parts
    ]
    assert [each["rows"] for each in manifest["parts"]] == [18, 12, 12]
    assert whole.to_json()["refused"] == ["F4"]
    assert "ent.payments: amounts beyond the limit, no source for F4" in whole.told()


@pytest.mark.parametrize("instants", [ONE, {"F5": ONE, "F2": ONE - 86_400, "F1": ONE}])
def test_one_instant_a_borrower_has_the_identity_of_one_file(
    restless: Path, few_plan: Plan, tmp_path: Path, instants: int | dict[str, int]
) -> None:
    parts = compute_shards(restless, few_plan, instants, Wanted(tmp_path / "out", (NAME,)))
    file = compute_folder(restless, few_plan, instants, Wanted(tmp_path / "one.parquet", (NAME,)))
    tables = [pq.read_table(tmp_path / "out" / part.name) for part in parts.parts]

    assert parts.identity == file.identity
    assert pa.concat_tables(tables).equals(pq.read_table(tmp_path / "one.parquet"))


def test_two_processes_leave_the_same_parts(
    restless: Path, few_plan: Plan, tmp_path: Path, whole: Done
) -> None:
    out = tmp_path / "out"
    done = compute_shards(restless, few_plan, MONTHS, Wanted(out), Crew(processes=2))

    assert done == whole


@pytest.mark.parametrize(
    ("instants", "columns"),
    [(MONTHS[:-1], ()), ({"F1": MONTHS}, ()), (MONTHS, (NAME,))],
)
def test_a_folder_of_other_instants_or_columns_is_refused(
    restless: Path,
    few_plan: Plan,
    tmp_path: Path,
    instants: Instants,
    columns: tuple[str, ...],
) -> None:
    out, field = tmp_path / "out", "columns" if columns else "instants"
    ended_after_a_part(restless, few_plan, out)
    with pytest.raises(BadInput, match=f"was begun with other {field}") as caught:
        compute_shards(restless, few_plan, instants, Wanted(out, columns))
    assert caught.value.field == field
    assert caught.value.rule == "go on with what the folder was begun with, or name a new folder"


def test_a_folder_of_another_plan_or_other_events_is_refused(
    restless: Path, plan: Plan, few_plan: Plan, tmp_path: Path
) -> None:
    copy, out = tmp_path / "copy", tmp_path / "out"
    shutil.copytree(restless, copy)
    ended_after_a_part(copy, few_plan, out)
    with pytest.raises(BadInput, match="was begun with other plan"):
        compute_shards(copy, plan, MONTHS, Wanted(out))
    part = copy / "events" / "payments" / "part-00002.parquet"
    pq.write_table(pq.read_table(part).slice(1), part)
    with pytest.raises(BadInput, match="was begun with other events"):
        compute_shards(copy, few_plan, MONTHS, Wanted(out))


def test_a_damaged_part_is_made_again_and_a_changed_one_refused(
    restless: Path, few_plan: Plan, tmp_path: Path, whole: Done
) -> None:
    out = tmp_path / "out"
    compute_shards(restless, few_plan, MONTHS, Wanted(out))
    part = out / "part-00001.parquet"
    held = pq.ParquetFile(part)
    part.write_bytes(part.read_bytes()[:-9])
    done = compute_shards(restless, few_plan, MONTHS, Wanted(out))
    assert (done.computed, done.identity) == (1, whole.identity)

    held = pq.ParquetFile(part)
    footer = held.metadata.metadata
    pq.write_table(held.read().slice(1).replace_schema_metadata(footer), part)
    with pytest.raises(BadInput, match=r"part-00001\.parquet is not as it was written"):
        compute_shards(restless, few_plan, MONTHS, Wanted(out))


def test_a_folder_of_other_things_is_left_alone(
    restless: Path, few_plan: Plan, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    for out in (tmp_path, tmp_path / "letter.txt"):
        with pytest.raises(BadInput, match="holds other things"):
            compute_shards(restless, few_plan, MONTHS, Wanted(out))
    out = tmp_path / "out"
    out.mkdir()
    for text in ("{", "{}", "[]", '{"run": 1}'):
        (out / MANIFEST).write_text(text)
        with pytest.raises(BadInput, match="is no manifest of a run"):
            compute_shards(restless, few_plan, MONTHS, Wanted(out))
    with pytest.raises(BadInput, match="there is no variable"):
        compute_shards(restless, few_plan, MONTHS, Wanted(tmp_path / "new", ("ent.x",)))
    assert not (tmp_path / "new").exists()
    with pytest.raises(BadInput, match="processes: at least one"):
        Crew(processes=0)


@pytest.mark.slow
def test_what_goes_wrong_in_a_process_is_told_here(
    restless: Path, few_plan: Plan, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(restless, copy)
    part = copy / "events" / "payments" / "part-00002.parquet"
    pq.write_table(pq.read_table(part).drop_columns("amount"), part)
    with pytest.raises(BadInput, match="amount: missing_column") as caught:
        compute_shards(copy, few_plan, MONTHS, Wanted(tmp_path / "out"), Crew(processes=2))
    assert (caught.value.code, caught.value.field) == ("table_refused", "amount")

    def end(done: int, total: int) -> None:
        assert done <= total
        for child in multiprocessing.active_children():
            child.kill()

    with pytest.raises(OutsideFailure, match="processes: a process was ended"):
        compute_shards(restless, few_plan, MONTHS, Wanted(tmp_path / "other"), Crew(2, end))


JOB = """
import sys
from pathlib import Path
from tael.variables import Wanted, compile_plan, load_definitions
from tael.variables.drivers.shards import Crew, compute_shards

if __name__ == "__main__":
    folder, definitions, out, *months = sys.argv[1:]
    plan = compile_plan(load_definitions(Path(definitions)))
    watch = lambda done, total: print(done, flush=True)
    crew = Crew(processes=2, watch=watch)
    instants = [int(each) for each in months]
    done = compute_shards(Path(folder), plan, instants, Wanted(Path(out)), crew)
    print(done.identity)
"""


@pytest.mark.slow
def test_a_run_killed_at_any_moment_goes_on_and_leaves_no_process(
    restless: Path, few: Path, tmp_path: Path, whole: Done
) -> None:
    job, out = tmp_path / "job.py", tmp_path / "out"
    job.write_text(JOB)
    words = [sys.executable, str(job), str(restless), str(few), str(out), *map(str, MONTHS)]
    settings = os.environ | {"PYTHONPATH": str(SOURCES)}
    for parts in (0, 1):
        with subprocess.Popen(words, env=settings, stdout=subprocess.PIPE, text=True) as run:  # noqa: S603
            assert run.stdout is not None
            while True:
                line = run.stdout.readline()
                if not line or int(line) >= parts:
                    break
            children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
            run.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{child}").exists() for child in children):
            assert time.monotonic() < deadline, "a process outlived the run"
            time.sleep(0.05)
    ran = subprocess.run(words, env=settings, capture_output=True, text=True, check=True)  # noqa: S603
    assert ran.stdout.split()[-1] == whole.identity

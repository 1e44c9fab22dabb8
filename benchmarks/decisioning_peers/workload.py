"""What all stacks decide: borrowers of an economy with their raw events as of one instant.

Borrowers are those who applied in the eighteen months before the instant, with what they asked for
last. Everything is written into one folder, which is kept: the policy's texts, what each variable
counts, and for each borrower the values, the events as Tael stores them, and the same events as
tables for the peers. Peers get the events as Tael has them: versions and links of persons are
resolved, codes are numbers, the newest comes first.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from decisioning_peers import as_dmn, as_zen, asked
from decisioning_peers.names import INPUTS
from decisioning_peers.training import KEPT
from tael.kernel import BadInput
from tael.variables import (
    Book,
    Plan,
    Variable,
    compile_plan,
    compute_batch,
    expand,
    load_book,
    load_definitions,
    to_bytes,
)
from tael.variables.drivers.batch import Pace

ASOF = "2024-07-01T00:00:00Z"
FORMAT = 2  # raised when the folder's content changes
_SINCE = timedelta(days=548)
_CHUNK = 128


@dataclass(frozen=True)
class Workload:
    """A folder that `make` wrote.

    Attributes:
        folder: holds policy/NAME, spec.json, zen.json, borrowers.parquet and events/SLOT.parquet.
        asof: of all requests, as RFC 3339.
        names: the variables, in the order of all values.
        borrowers: ids.
        amounts_minor: asked for, by borrower.
        months: the same.
        values: float64[borrowers, variables], NaN where a variable has none.
    """

    folder: Path
    asof: str
    names: tuple[str, ...]
    borrowers: tuple[str, ...]
    amounts_minor: tuple[int, ...]
    months: tuple[int, ...]
    values: np.ndarray[Any, np.dtype[np.float64]]

    @property
    def texts(self) -> dict[str, str]:
        """The policy's texts by name, as ``tael.policies.Bundle`` takes them."""
        return {file.name: file.read_text("utf-8") for file in (self.folder / "policy").iterdir()}


def make(economy: Path, count: int, cache: Path) -> Workload:
    """The workload of up to ``count`` borrowers; made in a minute or two, then read again.

    Raises:
        BadInput: nobody applied in time.
    """
    variables = _variables()
    plan = compile_plan(load_definitions(), variables)
    manifest = (economy / "manifest.json").read_bytes()
    policy = KEPT.read_text("utf-8"), as_dmn.dmn(), as_zen.graph()
    made_of = (FORMAT, plan.hash, policy, ASOF, count)
    key = hashlib.sha256(repr(made_of).encode() + manifest).hexdigest()[:16]
    folder = cache / f"decisioning-{key}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _write(folder, economy, count, (plan, variables))
        (folder / "done").touch()
    return read(folder)


def read(folder: Path) -> Workload:
    table = pq.read_table(folder / "borrowers.parquet")
    rows = table.num_rows
    values = table["values"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    spec = json.loads((folder / "spec.json").read_text("utf-8"))
    return Workload(
        folder=folder,
        asof=ASOF,
        names=tuple(spec["names"]),
        borrowers=tuple(table["borrower"].to_pylist()),
        amounts_minor=tuple(table["amount_minor"].to_pylist()),
        months=tuple(table["months"].to_pylist()),
        values=values.reshape(rows, -1),
    )


def instant() -> datetime:
    return datetime.fromisoformat(ASOF).astimezone(UTC)


def _variables() -> list[Variable]:
    known = {each.name: each for each in expand(load_definitions())}
    scored = as_dmn.scored_names(KEPT.read_text("utf-8"))
    names = dict.fromkeys((*scored, *(each.variable for each in INPUTS)))
    return [known[name] for name in names]


def _write(folder: Path, economy: Path, count: int, made: tuple[Plan, list[Variable]]) -> None:
    plan, variables = made
    wanted = _applicants(economy, count)
    if not wanted:
        raise BadInput(f"nobody applied before {ASOF}", field="economy", rule="recent applications")
    book = load_book(economy, plan, [*wanted], known_by=int(instant().timestamp())).book
    # A source that is not there for a borrower has no values at all; peers would have to be told.
    whole = np.all([packed.present for packed in book.slots.values()], axis=0)
    places = [int(place) for place in np.flatnonzero(whole)]
    values = _values(plan, book)[places]
    asked_for = [wanted[book.borrowers[place]] for place in places]
    table = pa.table({
        "borrower": [book.borrowers[place] for place in places],
        "amount_minor": [amount for amount, _ in asked_for],
        "months": [months for _, months in asked_for],
        "values": pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), plan.width),
        "stored": [to_bytes(book, place) for place in places],
    })  # fmt: skip
    pq.write_table(table, folder / "borrowers.parquet", row_group_size=256)
    _policy(folder, plan, variables)
    by_name = {each.name: each for each in variables}
    spec = asked.spec(plan, [by_name[name] for name in plan.names])
    (folder / "spec.json").write_text(json.dumps(spec, indent=1), "utf-8")
    (folder / "events").mkdir()
    for slot, events in asked.tables(plan, book, places, spec):
        pq.write_table(events, folder / "events" / f"{slot}.parquet")


def _policy(folder: Path, plan: Plan, variables: list[Variable]) -> None:
    card = KEPT.read_text("utf-8")
    titles = {each.name: (each.text.zh, each.text.en) for each in variables}
    texts = as_dmn.bundle(card, plan.hash, plan.names, titles)
    (folder / "policy").mkdir()
    for name, text in texts.items():
        (folder / "policy" / name).write_text(text, "utf-8")
    (folder / "zen.json").write_text(as_zen.graph(), "utf-8")


def _applicants(economy: Path, count: int) -> dict[str, tuple[int, int]]:
    """Amount (minor units) and months of the last application of each, by borrower."""
    until = instant()
    found: dict[str, tuple[int, int]] = {}
    for row in _applications(economy):
        if until - _SINCE <= row["applied_at"] < until:
            if row["enterprise_id"] not in found and len(found) == count:
                break
            found[row["enterprise_id"]] = (row["amount_asked"], row["months_asked"])
    return found


def _applications(economy: Path) -> Iterator[dict[str, Any]]:
    columns = ["enterprise_id", "applied_at", "amount_asked", "months_asked"]
    for file in sorted((economy / "applications").glob("part-*.parquet")):
        rows = pq.read_table(file, columns=columns).to_pylist()
        yield from sorted(rows, key=lambda row: (row["enterprise_id"], row["applied_at"]))


def _values(plan: Plan, book: Book) -> np.ndarray[Any, np.dtype[np.float64]]:
    count = len(book.borrowers)
    out = np.empty((count, plan.width))
    asof = np.full(count, int(instant().timestamp()))

    def keep(first: int, sheet: Any) -> None:
        out[first : first + len(sheet.values)] = sheet.values

    compute_batch(plan, book, asof, keep, Pace(_CHUNK, 1))
    return out

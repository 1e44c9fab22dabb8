"""Names and ids: `ent.bank_tx.rent.out.180d.amount.sum`, V00001; neither is ever used again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from tael.variables.definitions.check import Findings, Place
from tael.variables.definitions.model import DAY_S, Numbered, Variable

WORD = re.compile(r"[a-z][a-z0-9_]*")
_ID = re.compile(r"V\d{5,}")
_HEADER = ["id", "name", "version", "meaning"]


def window_word(seconds: int | None) -> str:
    """``180d`` for 180 days, ``all`` for all of the past."""
    return "all" if seconds is None else f"{seconds // DAY_S}d"


def read_ids(text: str, file: str, findings: Findings) -> tuple[Numbered, ...]:
    """The rows of an ids.csv; a row that breaks its order or shape is a finding."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        return ()
    if rows[0] != _HEADER:
        findings.add(Place(file, 1), "", "ids", why=f"the first line is {','.join(_HEADER)}")
        return ()
    found: list[Numbered] = []
    owner: dict[str, str] = {}
    for line, row in enumerate(rows[1:], 2):
        why = _row_fault(row, owner)
        if why:
            findings.add(Place(file, line), "id", "ids", why=why)
            continue
        found.append(Numbered(row[0], row[1], int(row[2]), row[3]))
        owner[row[0]] = row[1]
    return tuple(found)


def _row_fault(row: list[str], owner: dict[str, str]) -> str:
    if len(row) != len(_HEADER) or not _ID.fullmatch(row[0]) or not row[2].isdecimal():
        return "a row is an id like V00001, a name, a whole version and a meaning"
    if owner.get(row[0], row[1]) != row[1]:
        return f"{row[0]} belongs to {owner[row[0]]}; an id is never given again"
    return ""


def write_ids(numbered: Iterable[Numbered]) -> str:
    """The text of an ids.csv."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows(numbered)
    return out.getvalue()


def new_ids(variables: Sequence[Variable], numbered: Sequence[Numbered]) -> tuple[Numbered, ...]:
    """The rows that ``variables`` add to ``numbered``: new names and new versions, in order."""
    known = {(each.name, each.version) for each in numbered}
    return tuple(
        Numbered(each.id, each.name, each.version, each.meaning)
        for each in variables
        if (each.name, each.version) not in known
    )


class Numbers:
    """Gives each name its id and version."""

    def __init__(self, numbered: Sequence[Numbered], findings: Findings) -> None:
        self.latest = {each.name: each for each in numbered}
        self.next = 1 + max((int(each.id[1:]) for each in numbered), default=0)
        self.findings = findings

    def give(self, name: str, meaning: str, version: int, place: Place) -> tuple[str, int]:
        """Id and version of ``name``: the known ones where its meaning is the known one.

        A family may state a new version although the meaning of some of its variables stays:
        these keep theirs. Another meaning under a version that was given already is a finding.
        """
        known = self.latest.get(name)
        if known is None:
            self.next += 1
            return f"V{self.next - 1:05d}", version
        if known.meaning == meaning:
            return known.id, known.version
        if version <= known.version:
            self.findings.add(place, "version", "meaning", name=name, next=known.version + 1)
        return known.id, version

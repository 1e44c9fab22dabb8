"""A table of a version: found, judged, verified and saved as a draft."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tael.console.policies.table_words import cell_words
from tael.console.tongue import Tongue
from tael.console.visit import Visit, path_id
from tael.dmn import DmnError
from tael.dmn.authoring import Draft, Table, read_tables, save_tables
from tael.kernel import BadInput, NotFound, VersionId
from tael.policies import Bundle
from tael.policies.model import PolicyVersion

_BUDGET_S = 5.0
_MOST_FINDINGS = 200
_MOST_WRONG = 200


@dataclass(frozen=True)
class Open:
    """A table of a version that a page shows: the texts, the model as a draft, and the table."""

    version: PolicyVersion
    bundle: Bundle
    draft: Draft
    name: str
    table: Table

    @property
    def owner(self) -> str:
        """The decision or knowledge model that the table stands in."""
        return owner_of(self.name)


def owner_of(name: str) -> str:
    """The decision or knowledge model in which the table ``name`` stands."""
    return name.partition(" / ")[0].partition(" #")[0]


# Texts never change, and whoever types in a table asks for the same ones over and over.
@lru_cache(maxsize=4)
def read_draft(dmn: str) -> Draft:
    """The rules of a version, read."""
    return Draft.read(dmn)


@lru_cache(maxsize=4)
def tables_of(dmn: str) -> dict[str, Table]:
    """The tables of the rules of a version."""
    return read_draft(dmn).tables()


def read_version(visit: Visit, version_id: str) -> tuple[PolicyVersion, Bundle]:
    """A version and its texts.

    Raises:
        NotFound: there is none.
    """
    key = path_id(VersionId, version_id)
    with visit.begin() as work:
        policies = visit.house.policies
        return policies.version(work, key), policies.bundle(work, key)


def open_table(visit: Visit, version_id: str, name: str) -> Open:
    """The table ``name`` of a version.

    Raises:
        NotFound: no such version, or it has no such table.
    """
    version, bundle = read_version(visit, version_id)
    tables = tables_of(bundle.dmn)
    if name not in tables:
        raise NotFound(f"there is no table {name[:60]!r} in this version", field="table").telling(
            "no_table", name=name[:60]
        )
    return Open(version, bundle, read_draft(bundle.dmn), name, tables[name])


def judged(shown: Open, tongue: Tongue, cells: object) -> list[str]:
    """What is wrong with each of ``cells``, pairs of whether it is a test and its text.

    Raises:
        BadInput: no such pairs.
    """
    judge, words = shown.draft.judge(), cell_words(tongue)
    found = []
    for cell in cells if isinstance(cells, Sequence) else ():
        match cell:
            case [bool() as test, str() as text]:
                found.append(words(judge(shown.name, text, test)) if text.strip() else "")
            case _:
                raise BadInput("no pair of a kind and a text", field="cells", rule="pairs").telling(
                    "cells_no_pairs"
                )
    return found


def wrong_cells(shown: Open, tongue: Tongue, table: Table) -> list[list[Any]]:
    """Row, column and message of the cells of ``table`` that cannot be read, the first of them."""
    judge, words = shown.draft.judge(), cell_words(tongue)
    known: dict[tuple[bool, str], str] = {}
    found: list[list[Any]] = []
    inputs = len(table.inputs)
    for row, rule in enumerate(table.rules):
        for column, text in enumerate((*rule.conditions, *rule.conclusions)):
            key = (column < inputs, text)
            if key not in known:
                known[key] = words(judge(shown.name, text, key[0])) if text.strip() else ""
            if known[key]:
                found.append([row, column, known[key]])
        if len(found) > _MOST_WRONG:
            break
    return found


def findings(shown: Open, tongue: Tongue, table: Table) -> dict[str, Any]:
    """What verification finds in ``table``: gaps, overlaps, rules without effect, wrong types.

    Raises:
        BadInput: the model cannot be read with it.
    """
    model = shown.draft.with_table(shown.name, table).model()
    proof = model.verify(_BUDGET_S)
    found = [*model.check(), *proof.findings]
    own = [one for one in found if one.node == shown.owner and one.severity.value != "note"]
    return {
        "findings": [
            {"kind": one.kind, "severity": one.severity.value, "rules": list(one.rules),
             "text": one.text(tongue.short)}
            for one in own[:_MOST_FINDINGS]
        ],
        "more": max(0, len(own) - _MOST_FINDINGS),
        "spent": proof.spent,
        "proven": [
            told.text(tongue.short) for told in proof.tables if told.node == shown.owner
        ],
    }  # fmt: skip


def saved(visit: Visit, shown: Open, table: Table, name: str, why: str) -> PolicyVersion:
    """A new draft with ``table`` in the place of the one that is open; the other texts stay.

    Raises:
        BadInput: nothing was changed, no name, no reason, or rules that cannot be read.
    """
    if table == shown.table:
        raise BadInput(
            "nothing was changed", code="table_unchanged", field="rows", rule="a change"
        ).telling("table_unchanged")
    if not why.strip():
        raise BadInput(
            "say why", code="table_no_reason", field="why", rule="a reason in words"
        ).telling("no_reason")
    made = shown.draft.with_table(shown.name, table).to_xml()
    with visit.begin() as work:
        return visit.house.policies.draft(
            work, name, replace(shown.bundle, dmn=made), why=why, base=shown.version.id
        )


def exported(shown: Open, kind: str) -> bytes:
    """The table as the bytes of an ``xlsx`` or ``csv`` file."""
    with tempfile.TemporaryDirectory(prefix="tael-table-") as folder:
        path = Path(folder) / f"table.{kind}"
        save_tables(path, {shown.name: shown.table})
        return path.read_bytes()


def imported(shown: Open, name: str, data: bytes) -> Table:
    """The table in a file of that name: the one called like the table, else the only one.

    Raises:
        BadInput: no file, no spreadsheet of tables, a cell that is not FEEL, or no such table;
            names row and column.
    """
    if not name:
        raise BadInput(
            "no file", code="table_no_file", field="file", rule="an .xlsx or .csv file"
        ).telling("no_file")
    kind = ".csv" if name.lower().endswith(".csv") else ".xlsx"
    with tempfile.TemporaryDirectory(prefix="tael-table-") as folder:
        path = Path(folder) / f"file{kind}"
        path.write_bytes(data)
        try:
            tables = read_tables(path, shown.draft.judge())
        except DmnError as error:
            raise BadInput(error.message, field="file", row=error.line or None).telling(
                "sheet_unreadable", why=error.message
            ) from None
    if shown.name in tables:
        return tables[shown.name]
    if len(tables) != 1:
        names = ", ".join(tables) or "none"
        raise BadInput(
            f"no table is called {shown.name!r}; there are {names}", field="file", rule="one table"
        ).telling("sheet_no_table", name=shown.name, names=names)
    return next(iter(tables.values()))


def counted(dmn: str) -> dict[str, int]:
    """How many rules each table has: a cheap overview for pages that link to tables."""
    return {name: len(table.rules) for name, table in tables_of(dmn).items()}

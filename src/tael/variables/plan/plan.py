"""What is computed of a borrower: sections that share one sheet, with one hash for all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from tael.kernel import BadInput
from tael.variables.packing.schema import EventSchema
from tael.variables.plan.peers import PeersPlan
from tael.variables.plan.windows import KERNEL_VERSION

NO_SLOT = ""  # of sections that read the sheet and no events


class SectionPlan(Protocol):
    """The plan of one kind: outputs by position, no names."""

    @property
    def hash(self) -> str:
        """SHA-256 of everything that its results depend on."""

    @property
    def width(self) -> int:
        """How many outputs it has."""


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A part of a plan: what is computed of one slot by one kernel. Each is only equal to itself.

    Attributes:
        slot: subject word and source (``ent.bank_tx``); empty for what is made of other columns.
        kind: the kernel: windows, concentration, months, states, sequences, balances, derived or
            peers.
        plan: the plan of that kind.
        start: its first column of the sheet; it writes as many as its plan is wide.
    """

    slot: str
    kind: str
    plan: SectionPlan
    start: int


@dataclass(frozen=True)
class Plan:
    """Definitions compiled: what every column of a sheet is and how it is computed.

    Attributes:
        ids: the variables' ids, column by column.
        names: their names.
        versions: the versions of their meanings.
        sections: in the order in which they run; together they write each column once.
        schemas: what the events of each slot look like.

    Raises:
        BadInput: columns and sections do not cover each other.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    versions: tuple[int, ...]
    sections: tuple[Section, ...]
    schemas: Mapping[str, EventSchema]

    def __post_init__(self) -> None:
        if not len(self.ids) == len(self.names) == len(self.versions):
            raise BadInput("ids, names and versions differ in number", field="names")
        end = 0
        for place, section in enumerate(self.sections):
            if section.start != end:
                where = f"it starts at column {section.start}, the one before ends at {end}"
                raise BadInput(where, field=f"sections[{place}]", rule="sections follow each other")
            if section.slot != NO_SLOT and section.slot not in self.schemas:
                raise BadInput(f"{section.slot} has no schema", field=f"sections[{place}]")
            end += section.plan.width
        if end != self.width:
            raise BadInput(f"{self.width} columns, {end} are computed", field="sections")

    @property
    def width(self) -> int:
        """How many columns a sheet of this plan has."""
        return len(self.ids)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of canonical JSON: kernel version, columns by id and version, and sections."""
        sections = [[each.slot, each.kind, each.start, each.plan.hash] for each in self.sections]
        plan = {
            "kernel": KERNEL_VERSION,
            "columns": [list(each) for each in zip(self.ids, self.versions, strict=True)],
            "sections": sections,
        }
        text = json.dumps(plan, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def placed(self) -> tuple[str, ...]:
        """What the percentiles place, as id and version (``V00001.1``): the names of its peers."""
        columns = (of for each in self.sections if isinstance(each.plan, PeersPlan)
                   for of in each.plan.outputs)  # fmt: skip
        return tuple(f"{self.ids[of]}.{self.versions[of]}" for of in columns)

    def column(self, name: str) -> int:
        """The column of the variable ``name``.

        Raises:
            BadInput: the plan has none of that name.
        """
        if name not in self._columns:
            rule = "a variable of the plan"
            raise BadInput(f"there is no variable {name!r}", field="column", rule=rule)
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

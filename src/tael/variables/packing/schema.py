"""What the event table of one source looks like: its columns, their kinds and their code lists."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import prod

from tael.kernel import BadInput
from tael.variables.definitions.model import Column, Source

MOST_LEAVES = 65_536


class Kind(Enum):
    """What a column holds, and so what becomes of it when packed."""

    CODE = "code"  # text out of a closed list: a dimension of the leaf
    MONEY = "money"  # whole minor units: a measure
    COUNT = "count"  # whole numbers of a stated unit: a measure
    KEY = "key"  # any text, counterparty or tradeline: hashed to 64 bits
    LABEL = "label"  # text out of a closed list that is no dimension: checked, then left behind


# Columns that every source has, with the two that may be missing: a source that never corrects
# needs neither.
SUBJECT, EVENT_ID, EVENT_AT, KNOWN_AT = "subject_id", "event_id", "event_at", "known_at"
VERSION, VOID = "version", "void"
REQUIRED = (SUBJECT, EVENT_ID, EVENT_AT, KNOWN_AT)
OPTIONAL = (VERSION, VOID)
# What a column of CNY with so many decimals is counted in.
_MINOR = {0: "yuan", 1: "jiao", 2: "fen", 3: "li", 4: "hao"}


@dataclass(frozen=True, slots=True)
class EventColumn:
    """One column of a source.

    Attributes:
        name: the column's name in the table.
        kind: what it holds.
        codes: the closed list of a CODE or LABEL column, in the order that numbers them; else
            empty.
        calendar: of a CODE or LABEL that no table delivers: the calendar that makes it from the
            event time (see ``definitions.calendars``); else empty.
        unit: minor unit of a MONEY column or unit of a COUNT (``fen``, ``days``); a table that
            states another in its field metadata (key ``unit``) is refused.
    """

    name: str
    kind: Kind
    codes: tuple[str, ...] = ()
    unit: str = ""
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class EventSchema:
    """The columns of one source beside subject, id, times, version and void.

    A leaf is one combination of codes, numbered with the last CODE column fastest.

    Raises:
        BadInput: two columns of one name, a CODE column without codes or with one twice, more than
            one KEY column, or more than 65,536 leaves.
    """

    source: str
    columns: tuple[EventColumn, ...]

    def __post_init__(self) -> None:
        names = [*REQUIRED, *OPTIONAL, *(column.name for column in self.columns)]
        for name in names:
            self._refuse_if(names.count(name) > 1, name, "one column has a name")
        for column in self.columns:
            coded = column.kind in {Kind.CODE, Kind.LABEL}
            rule = "codes belong to a CODE"
            self._refuse_if(coded != bool(column.codes), column.name, rule)
            twice = len(set(column.codes)) < len(column.codes)
            self._refuse_if(twice, column.name, "each code stands once")
        keys = self.of(Kind.KEY)
        self._refuse_if(len(keys) > 1, keys[-1].name if keys else "", "at most one KEY column")
        many = self.leaves > MOST_LEAVES
        self._refuse_if(many, self.source, f"{self.leaves} leaves, the limit is {MOST_LEAVES}")

    def of(self, *kinds: Kind) -> tuple[EventColumn, ...]:
        """The columns of these kinds, in order."""
        return tuple(column for column in self.columns if column.kind in kinds)

    @property
    def delivered(self) -> tuple[EventColumn, ...]:
        """The columns that a table must have; the others are made of the event time."""
        return tuple(column for column in self.columns if not column.calendar)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the MONEY and COUNT columns, in the order of ``Packed.measures``."""
        return tuple(column.name for column in self.of(Kind.MONEY, Kind.COUNT))

    @property
    def leaves(self) -> int:
        """How many combinations of codes there are."""
        return prod(len(column.codes) for column in self.of(Kind.CODE))

    def leaf(self, **codes: str) -> int:
        """The number of one combination of codes, all of them given by column name."""
        number = 0
        for column in self.of(Kind.CODE):
            number = number * len(column.codes) + column.codes.index(codes[column.name])
        return number

    def _refuse_if(self, broken: bool, field: str, rule: str) -> None:  # noqa: FBT001 - a guard
        if broken:
            raise BadInput(f"source {self.source}, {field}: {rule}", field=field, rule=rule)


def schema_of(source: Source) -> EventSchema:
    """The event table of a source as its definition says.

    Dimensions of the leaf come first, in their order, so that a leaf has the same number here and
    in ``definitions.leaves``. Columns in CNY are MONEY, other integers COUNT of their unit, and
    codes that are no dimension LABEL.
    """
    rest = [column for column in source.columns if column.name not in source.leaves]
    columns = [*(source.column(name) for name in source.leaves), *rest]
    return EventSchema(source.name, tuple(_event_column(each, source) for each in columns))


def _event_column(column: Column, source: Source) -> EventColumn:
    if column.kind == "code":
        kind = Kind.CODE if column.name in source.leaves else Kind.LABEL
        codes = tuple(code for code, _ in column.codes)
        return EventColumn(column.name, kind, codes, calendar=column.calendar)
    if column.kind == "key":
        return EventColumn(column.name, Kind.KEY)
    if column.unit == "CNY":
        return EventColumn(
            column.name, Kind.MONEY, unit=_MINOR.get(column.decimals, f"CNY/10^{column.decimals}")
        )
    return EventColumn(column.name, Kind.COUNT, unit=column.unit)

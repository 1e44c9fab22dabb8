"""What a source's answer looks like: sections of records, each field with kind, codes and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from tael.kernel import BadInput

if TYPE_CHECKING:
    import pyarrow as pa


class Kind(Enum):
    """What a field holds, as it stands in JSON."""

    TEXT = "text"  # any text
    CODE = "code"  # text out of a closed list
    MINOR = "minor"  # whole minor units of CNY (fen)
    COUNT = "count"  # a whole number of a stated unit
    INSTANT = "instant"  # ISO 8601 in UTC: 2024-05-01T02:03:04Z
    DAY = "day"  # ISO 8601: 2024-05-01
    FLAG = "flag"  # true or false


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record.

    Attributes:
        name: in the record.
        kind: what it holds.
        zh, en: its title.
        codes: of a CODE, the source's code → the code of the stream that the section feeds.
        column: of that stream; empty where the field feeds none.
        optional: whether it may be null or missing.
        unit: of a COUNT.
    """

    name: str
    kind: Kind
    zh: str
    en: str
    codes: Mapping[str, str] = field(default_factory=dict)
    column: str = ""
    optional: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A list of records of one shape.

    Attributes:
        name: in ``sections`` of the answer, or of the list within each record of ``inside``.
        zh, en: its title.
        fields: in the order of the document.
        stream: the stream of events that the records feed; empty for none.
        inside: the section whose records hold this one as a list, so that theirs are its too.
        identity: fields that name a record: two alike in them are one that came twice.
    """

    name: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    stream: str = ""
    inside: str = ""
    identity: tuple[str, ...] = ()

    @property
    def instants(self) -> tuple[str, ...]:
        """Names of the fields that hold instants."""
        return tuple(each.name for each in self.fields if each.kind is Kind.INSTANT)


@dataclass(frozen=True, slots=True)
class Schema:
    """The answer of one source, in one version.

    Within a version a source may add fields, which are ignored until a new version reads them; it
    takes none away and gives no field another meaning.

    Raises:
        BadInput: a section stands twice, or lies in one that does not stand before it.
    """

    source: str
    version: int
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for each in self.sections:
            if each.name in seen or (each.inside and each.inside not in seen):
                raise BadInput(
                    f"section {each.name} of {self.source} stands in a wrong place",
                    field=each.name,
                    rule="each once, after the one that it lies in",
                )
            seen.add(each.name)

    @property
    def roots(self) -> tuple[Section, ...]:
        """The sections that stand in the answer itself."""
        return tuple(each for each in self.sections if not each.inside)

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams of events that it feeds."""
        return tuple(each.stream for each in self.sections if each.stream)

    def section(self, name: str) -> Section:
        """The section called ``name``; KeyError when there is none."""
        return {each.name: each for each in self.sections}[name]

    def fields(self, name: str) -> tuple[Field, ...]:
        """The fields of a section's records, those of the records around them first."""
        section = self.section(name)
        around = self.fields(section.inside) if section.inside else ()
        return (*around, *section.fields)


def arrow_schema(schema: Schema, section: str) -> pa.Schema:
    """The section as an Arrow table, one row a record; units and codes stand in the metadata.

    Codes are those of the source, as they came.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy

    kinds = {
        Kind.TEXT: pa.string(),
        Kind.CODE: pa.string(),
        Kind.MINOR: pa.int64(),
        Kind.COUNT: pa.int64(),
        Kind.INSTANT: pa.timestamp("us", "UTC"),
        Kind.DAY: pa.date32(),
        Kind.FLAG: pa.bool_(),
    }
    return pa.schema(
        [
            pa.field(each.name, kinds[each.kind], nullable=each.optional, metadata=_told(each))
            for each in schema.fields(section)
        ]
    )


def _told(each: Field) -> dict[str, str]:
    told = {"zh": each.zh, "en": each.en}
    if each.kind is Kind.MINOR:
        told["unit"] = "fen"
    if each.unit:
        told["unit"] = each.unit
    if each.codes:
        told["codes"] = " ".join(each.codes)
    return told

"""Records of a section, as JSON gives them, to columns of checked values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from tael.kernel import Day, OutsideFailure
from tael.origination.sources.model import Columns
from tael.origination.sources.schemas import Field, Kind, Schema, Section

MOST_AMOUNT = 10**12
LONGEST_TEXT = 500

Record = Mapping[str, object]


class InvalidAnswer(OutsideFailure):
    """What a source sent is not an answer to what it was asked; names field, record and rule."""

    code = "invalid_answer"


def read_section(
    schema: Schema, name: str, delivered: Mapping[str, object]
) -> tuple[Columns, int, int]:
    """Its columns, how many records came, and how many of them came twice and count once.

    ``delivered`` is ``sections`` of the answer; a section inside another is found there.

    Raises:
        InvalidAnswer: a record that is not as the schema says, or two of one identity that differ.
    """
    section = schema.section(name)
    records = _records(schema, section, delivered)
    columns = {
        each.name: _column(name, each, [record.get(each.name) for record in records])
        for each in schema.fields(name)
    }
    if not section.identity:
        return columns, len(records), 0
    kept = _each_once(section, columns, len(records))
    if len(kept) == len(records):
        return columns, len(records), 0
    once = {field: tuple(values[row] for row in kept) for field, values in columns.items()}
    return once, len(records), len(records) - len(kept)


def _records(schema: Schema, section: Section, delivered: Mapping[str, object]) -> Sequence[Record]:
    """The records, those of a section inside another with the fields around them."""
    if not section.inside:
        return _objects(section.name, delivered.get(section.name))
    found: list[Record] = []
    for parent in _records(schema, schema.section(section.inside), delivered):
        around = {key: value for key, value in parent.items() if key != section.name}
        inner = _objects(f"{section.inside}.{section.name}", parent.get(section.name))
        found += [{**around, **record} for record in inner]
    return found


def _objects(where: str, value: object) -> Sequence[Record]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise InvalidAnswer("it is no list of records", field=where, rule="a list of objects")
    return value


def _column(section: str, field: Field, values: list[object]) -> tuple[object, ...]:
    read = _READERS[field.kind]
    try:
        return tuple(
            None if field.optional and value is None else read(value, field) for value in values
        )
    except (ValueError, TypeError, KeyError):
        raise _at_fault(section, field, values) from None


def _at_fault(section: str, field: Field, values: list[object]) -> InvalidAnswer:
    """The first record that cannot be read; its value is not told, for it may be personal."""
    read = _READERS[field.kind]
    for row, value in enumerate(values, 1):
        try:
            if not (field.optional and value is None):
                read(value, field)
        except (ValueError, TypeError, KeyError):
            missing = "there is no value" if value is None else "the value cannot be read"
            return InvalidAnswer(
                f"{missing}", field=f"{section}.{field.name}", row=row, rule=_RULES[field.kind]
            )
    return InvalidAnswer("a value cannot be read", field=f"{section}.{field.name}")


def _text(value: object, _field: Field) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError
    return value


def _code(value: object, field: Field) -> str:
    if not isinstance(value, str) or value not in field.codes:
        raise ValueError
    return value


def _whole(value: object, _field: Field) -> int:
    # A flag is an int to Python, not to us.
    if type(value) is not int or not -MOST_AMOUNT <= value <= MOST_AMOUNT:
        raise ValueError
    return value


def _flag(value: object, _field: Field) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _instant(value: object, _field: Field) -> datetime:
    return instant_of(value)


def _day(value: object, _field: Field) -> Day:
    if not isinstance(value, str):
        raise TypeError
    return Day.fromisoformat(value)


_READERS: Mapping[Kind, Callable[[object, Field], object]] = {
    Kind.TEXT: _text,
    Kind.CODE: _code,
    Kind.MINOR: _whole,
    Kind.COUNT: _whole,
    Kind.INSTANT: _instant,
    Kind.DAY: _day,
    Kind.FLAG: _flag,
}
_RULES: Mapping[Kind, str] = {
    Kind.TEXT: f"text of at most {LONGEST_TEXT} characters",
    Kind.CODE: "one of the codes of the schema",
    Kind.MINOR: "whole minor units, at most 10^12",
    Kind.COUNT: "a whole number, at most 10^12",
    Kind.INSTANT: "an instant with a time zone, such as 2024-05-01T02:03:04Z",
    Kind.DAY: "a day such as 2024-05-01",
    Kind.FLAG: "true or false",
}


def instant_of(value: object) -> datetime:
    """An instant out of JSON, in UTC.

    Raises:
        ValueError: it is no text, no instant, or has no time zone.
    """
    at = datetime.fromisoformat(value) if isinstance(value, str) else None
    if at is None or at.tzinfo is None:
        raise ValueError
    return at.astimezone(UTC)


def _each_once(section: Section, columns: Columns, count: int) -> list[int]:
    """Rows without those that came before, alike in everything."""
    seen: dict[tuple[object, ...], int] = {}
    kept: list[int] = []
    for row in range(count):
        key = tuple(columns[name][row] for name in section.identity)
        first = seen.setdefault(key, row)
        if first == row:
            kept.append(row)
        elif any(values[first] != values[row] for values in columns.values()):
            raise InvalidAnswer(
                f"record {first + 1} has the same {' and '.join(section.identity)} and differs",
                field=section.name,
                row=row + 1,
                rule="what comes twice is alike in everything",
            )
    return kept

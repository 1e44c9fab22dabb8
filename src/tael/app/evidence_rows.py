"""Rows of events out of JSON, one stream at a time, as the tables that variables are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from tael.kernel import BadInput
from tael.policies.flow import SOURCE_OF_STREAM

if TYPE_CHECKING:
    from tael.variables import Plan

Rows = Sequence[Mapping[str, object]]
_INSTANT = pa.timestamp("us", "UTC")
_COUNTED = ("money", "count")
_LARGEST = 2**62
_LONGEST = 200
_USUAL: Mapping[str, object] = {"version": 0, "void": False}


@dataclass(frozen=True)
class Reader:
    """Reads the rows of one application.

    Attributes:
        plan: whose streams there are.
        subjects: ids that a row may bear.
        now: nothing is known after it.
    """

    plan: Plan
    subjects: frozenset[str]
    now: datetime

    def table(self, stream: str, rows: Rows) -> pa.Table:
        """The rows of a stream, each with every column.

        Raises:
            BadInput: no such stream; a column that is unknown, missing or of another kind; a
                subject that is nobody of the application; a row known after now. Names stream,
                column and row, counted from 1.
        """
        kinds = self._kinds(stream)
        read = [self._row(stream, kinds, (at, row)) for at, row in enumerate(rows, start=1)]
        return pa.Table.from_pylist(read, pa.schema(list(kinds.items())))

    def _kinds(self, stream: str) -> Mapping[str, pa.DataType]:
        schema = next((one for one in self.plan.schemas.values() if one.source == stream), None)
        if schema is None:
            raise BadInput(
                f"there is no stream {stream!r}",
                field=f"events.{stream}",
                rule=" | ".join(SOURCE_OF_STREAM),
            )
        own = {
            column.name: pa.int64() if column.kind.value in _COUNTED else pa.string()
            for column in schema.delivered
        }
        return {
            "subject_id": pa.string(),
            "event_id": pa.string(),
            "event_at": _INSTANT,
            "known_at": _INSTANT,
            "version": pa.int64(),
            "void": pa.bool_(),
            **own,
        }

    def _row(
        self, stream: str, kinds: Mapping[str, pa.DataType], given: tuple[int, Mapping[str, object]]
    ) -> dict[str, object]:
        number, row = given
        for name in row:
            if name not in kinds:
                raise _fault(stream, name, number, "is unknown", ", ".join(kinds))
        told = {**_USUAL, **row}
        found: dict[str, object] = {}
        for name, kind in kinds.items():
            if told.get(name) is None:
                raise _fault(stream, name, number, "is missing", "required")
            rule, read = _READ[kind]
            value = read(told[name])
            if value is None:
                raise _fault(stream, name, number, f"is {str(told[name])[:60]!r}", rule)
            found[name] = value
        if found["subject_id"] not in self.subjects:
            rule = "a party of the application, or its market"
            raise _fault(stream, "subject_id", number, f"is {found['subject_id']!r}", rule)
        known_at = found["known_at"]
        if isinstance(known_at, datetime) and known_at > self.now:
            raise _fault(stream, "known_at", number, f"is {known_at.isoformat()}", "not after now")
        return found


def _fault(stream: str, column: str, row: int, wrong: str, rule: str) -> BadInput:
    place = f"events.{stream}.{column}"
    return BadInput(f"{stream}.{column} {wrong}", field=place, row=row, rule=rule)


def _instant(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < _LARGEST else None


def _text(value: object) -> str | None:
    good = isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()
    return value if good and isinstance(value, str) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_READ: Mapping[pa.DataType, tuple[str, Callable[[object], object]]] = {
    _INSTANT: ("an instant with its zone, like 2026-01-05T08:00:00Z", _instant),
    pa.int64(): ("a whole number", _whole),
    pa.string(): (f"a text of at most {_LONGEST} characters", _text),
    pa.bool_(): ("true or false", _flag),
}

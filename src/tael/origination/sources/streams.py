"""From a report to the rows of streams that variables are made of, and to what ties them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tael.kernel import CHINA, BadInput
from tael.origination.sources.catalogue import source_named
from tael.origination.sources.model import Mode, Report
from tael.origination.sources.schemas import Field, Kind, Section

Values = tuple[object, ...]
Rows = Mapping[str, Values]

_MORNING, _EVENING = 6, 22  # by day from 06:00 to before 22:00, in China
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class StreamRows:
    """What one report holds for the engine of variables.

    Attributes:
        events: stream → column → values, one an event; every stream that the report could have
            told of is there, also without rows; those of missing sections are not.
        role_links: which persons stand behind which firms; columns as the engine reads them.
        market_links: the same of markets.
        group: province and industry of the firm; empty where the report does not tell.
    """

    events: Mapping[str, Rows]
    role_links: Rows = field(default_factory=dict)
    market_links: Rows = field(default_factory=dict)
    group: tuple[str, str] = ("", "")


def stream_rows(report: Report) -> StreamRows:
    """The events of ``report``, codes and columns as the streams have them.

    Of a bureau report only accounts and enquiries are events; judgments in it are those that the
    courts tell of, and would count twice. A verdict holds no events.

    Raises:
        BadInput: a code that the stream does not know; it was read with another schema.
    """
    schema = source_named(report.source).schema
    if report.mode is Mode.VERDICT_ONLY:
        return StreamRows({})
    events = {
        section.stream: _events(report, section, schema.fields(section.name))
        for section in schema.sections
        if section.stream and section.name in report.sections
    }
    if report.source != "registry":
        return StreamRows(events)
    return StreamRows(
        events,
        _links(report, "people", {"person_id": "person", "role": "role"}),
        _links(report, "markets", {"person_id": "market"}) if "markets" in report.sections else {},
        _group(report),
    )


def _events(report: Report, section: Section, fields: Iterable[Field]) -> Rows:
    columns = report.sections[section.name]
    count = len(columns["id"])
    rows: dict[str, Values] = {"subject_id": (report.subject,) * count}
    for each in fields:
        if each.column:
            rows[each.column] = _translated(columns[each.name], each)
    for column, (streams, make) in _MADE.items():
        if section.stream in streams:
            rows[column] = tuple(make(at) for at in rows["event_at"] if isinstance(at, datetime))
    return rows


def _translated(values: Values, field: Field) -> Values:
    if field.kind is not Kind.CODE:
        return values
    try:
        return tuple(field.codes[str(value)] for value in values)
    except KeyError as lost:
        raise BadInput(
            f"the code {lost} is not in the schema", field=field.name, rule="a code of the schema"
        ) from None


def _links(report: Report, section: str, names: Mapping[str, str]) -> Rows:
    columns = report.sections.get(section, {})
    if not columns:
        return {}
    count = len(columns["known_at"])
    rows: dict[str, Values] = {
        "enterprise_id": (report.subject,) * count,
        "role": ("market",) * count,
    }
    rows |= {column: columns[name] for column, name in names.items()}
    return rows | {name: columns[name] for name in ("valid_from", "valid_to", "known_at")}


def _group(report: Report) -> tuple[str, str]:
    firm = report.sections.get("firm", {})
    if not firm or not firm["province"]:
        return "", ""
    return str(firm["province"][0]), str(firm["industry"][0])


def _weekpart(at: datetime) -> str:
    return "weekend" if at.astimezone(CHINA).weekday() >= _SATURDAY else "weekday"


def _daypart(at: datetime) -> str:
    return "day" if _MORNING <= at.astimezone(CHINA).hour < _EVENING else "night"


# Columns that no source sends because the time says them already.
_MADE: Mapping[str, tuple[frozenset[str], Callable[[datetime], str]]] = {
    "weekpart": (frozenset({"bank_tx"}), _weekpart),
    "daypart": (frozenset({"bank_tx", "device_event"}), _daypart),
}

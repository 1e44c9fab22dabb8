"""From the bytes of an answer to a report: nothing is believed that was not checked.

An answer is a JSON object with the headers ``Content-Digest`` (``sha-256=:BASE64:``, RFC 9530) and
``Source-Signature`` (``KEY_ID:BASE64``, Ed25519 over the body). See ``docs/guides/sources.md``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tael.origination.sources.authorisations import key_id_of, verified
from tael.origination.sources.catalogue import Source
from tael.origination.sources.columns import InvalidAnswer, instant_of, read_section
from tael.origination.sources.consistency import check_consistency
from tael.origination.sources.model import (
    CURRENCY,
    Columns,
    Mode,
    Report,
    Request,
    Subject,
    Verdict,
)
from tael.origination.sources.schemas import Kind, Schema

SKEW = timedelta(minutes=5)  # by which the source's clock may be ahead of ours
MOST_BYTES = 64 * 2**20
_DIGEST, _SIGNATURE = "content-digest", "source-signature"

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must be an answer to.

    Attributes:
        source: which was asked.
        subject: about whom.
        request: under which key, for whom, how much.
        now: the present instant.
        public_key: the source's, 32 bytes.
    """

    source: Source
    subject: Subject
    request: Request
    now: datetime
    public_key: bytes


def read_answer(raw: bytes, headers: Mapping[str, str], expected: Expected) -> Report:
    """The report in ``raw``; ``headers`` with names in lower case.

    Records that came twice are counted once.

    Raises:
        InvalidAnswer: damaged or not signed by the source, of another question, schema or subject,
            from the future, dearer than agreed, or at odds with itself; names field and rule.
    """
    _check_seal(raw, headers, expected.public_key)
    body = _parsed(raw)
    _check_question(body, expected)
    as_of = _instant(body, "as_of")
    if as_of > expected.now + SKEW:
        raise InvalidAnswer("it is as of the future", field="as_of", rule="not after now")
    mode, verdict = _shown(body, expected.request.mode)
    sections, missing, dropped = _sections(body, expected.source.schema, mode)
    _check_instants(expected.source.schema, sections, as_of)
    check_consistency(expected.source.name, sections)
    known = [at for columns in sections.values() for at in columns.get("known_at", ())]
    return Report(
        source=expected.source.name,
        schema_version=expected.source.schema.version,
        report_number=_text(body, "report_number"),
        subject=expected.subject.name,
        subject_kind=expected.subject.kind,
        as_of=as_of,
        known_at=max((at for at in known if isinstance(at, datetime)), default=None),
        mode=mode,
        verdict=verdict,
        found=_flag(body, "found"),
        missing=missing,
        charge_minor=_charge(body, expected.source.price_minor),
        sections=sections,
        dropped=dropped,
        content_hash=hashlib.sha256(raw).hexdigest(),
    )


def read_stored(raw: bytes, source: Source, subject: Subject) -> Report:
    """The report in a body that was checked when it came.

    Raises:
        InvalidAnswer: it is not as the schema of today says.
    """
    body = _parsed(raw)
    mode, verdict = _shown(body, Mode(_text(body, "mode")))
    sections, missing, dropped = _sections(body, source.schema, mode)
    known = [at for columns in sections.values() for at in columns.get("known_at", ())]
    return Report(
        source=source.name,
        schema_version=source.schema.version,
        report_number=_text(body, "report_number"),
        subject=subject.name,
        subject_kind=subject.kind,
        as_of=_instant(body, "as_of"),
        known_at=max((at for at in known if isinstance(at, datetime)), default=None),
        mode=mode,
        verdict=verdict,
        found=_flag(body, "found"),
        missing=missing,
        charge_minor=_charge(body, None),
        sections=sections,
        dropped=dropped,
        content_hash=hashlib.sha256(raw).hexdigest(),
    )


def _check_seal(raw: bytes, headers: Mapping[str, str], public_key: bytes) -> None:
    """Length, digest and signature of the bytes as they came."""
    if len(raw) > MOST_BYTES:
        raise InvalidAnswer(
            f"it has {len(raw)} bytes", field="body", rule=f"at most {MOST_BYTES} bytes"
        )
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    if headers.get(_DIGEST, "") != f"sha-256=:{digest}:":
        raise InvalidAnswer(
            "the body is not the one that was sent", field=_DIGEST, rule="SHA-256 of the body"
        )
    key_id, _, text = headers.get(_SIGNATURE, "").partition(":")
    try:
        signature = base64.b64decode(text, validate=True)
    except binascii.Error:
        signature = b""
    if key_id != key_id_of(public_key) or not verified(public_key, signature, raw):
        raise InvalidAnswer(
            "the source did not sign this body", field=_SIGNATURE, rule="Ed25519 over the body"
        )


def _parsed(raw: bytes) -> Body:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise InvalidAnswer("it is no JSON object", field="body", rule="a JSON object")
    return body


def _check_question(body: Body, expected: Expected) -> None:
    """That it answers what was asked: a report of somebody else is worse than none."""
    request, schema = expected.request, expected.source.schema
    for field, wanted in (
        ("source", schema.source),
        ("schema_version", schema.version),
        ("request_key", str(request.id)),
        ("subject", expected.subject.name),
        ("subject_kind", expected.subject.kind),
        ("entity", request.entity),
    ):
        if body.get(field) != wanted:
            # Neither name is told: it may be an identity number.
            raise InvalidAnswer(
                f"its {field} is not the one that was asked",
                field=field,
                rule="as in the question",
            )


def _shown(body: Body, allowed: Mode) -> tuple[Mode, Verdict | None]:
    if body.get("mode") != allowed.value:
        raise InvalidAnswer(
            f"it shows {body.get('mode')}, {allowed.value} may be seen",
            field="mode",
            rule="what the route allows",
        )
    if allowed is Mode.FULL:
        return allowed, None
    try:
        return allowed, Verdict(body.get("verdict"))
    except ValueError:
        raise InvalidAnswer(
            "there is no verdict", field="verdict", rule="pass, fail or unknown"
        ) from None


def _sections(
    body: Body, schema: Schema, mode: Mode
) -> tuple[Mapping[str, Columns], tuple[str, ...], int]:
    """The columns of each section, the sections that are missing, and the records dropped."""
    delivered, counts = _object(body, "sections"), _object(body, "counts")
    missing = _missing(body, schema)
    if mode is Mode.VERDICT_ONLY:
        if delivered:
            raise InvalidAnswer(
                "a verdict comes without the report", field="sections", rule="none of them"
            )
        return {}, (), 0
    sections: dict[str, Columns] = {}
    dropped = 0
    for section in schema.sections:
        root = section.inside or section.name
        if root in missing:
            continue
        sections[section.name], came, twice = read_section(schema, section.name, delivered)
        dropped += twice
        if counts.get(section.name) != came:
            raise InvalidAnswer(
                f"{came} records came of {counts.get(section.name)!r}",
                field=f"counts.{section.name}",
                rule="as many records as are counted",
            )
    return sections, missing, dropped


def _missing(body: Body, schema: Schema) -> tuple[str, ...]:
    told = body.get("missing")
    names = [section.name for section in schema.roots]
    if not isinstance(told, list) or any(name not in names for name in told):
        raise InvalidAnswer(
            "it does not say which sections are missing",
            field="missing",
            rule=f"a list, of {', '.join(names)}",
        )
    return tuple(name for name in names if name in told)


def _check_instants(schema: Schema, sections: Mapping[str, Columns], as_of: datetime) -> None:
    """Nothing is known before it happened, nor after the instant that the report is as of."""
    for name, columns in sections.items():
        known = columns.get("known_at")
        if known is None:
            continue
        _refuse_later(name, "known_at", known, [as_of] * len(known))
        happened = [each.name for each in schema.section(name).fields if each.column == "event_at"]
        for field in happened:
            _refuse_later(name, field, columns[field], known)


def _refuse_later(
    section: str,
    field: str,
    values: tuple[object, ...],
    limits: tuple[object, ...] | list[datetime],
) -> None:
    for row, (value, limit) in enumerate(zip(values, limits, strict=True), 1):
        if isinstance(value, datetime) and isinstance(limit, datetime) and value > limit:
            raise InvalidAnswer(
                "it lies in the future",
                field=f"{section}.{field}",
                row=row,
                rule="known by the instant that the report is as of, and not before it happened",
            )


def _charge(body: Body, most: int | None) -> int:
    charge = _object(body, "charge")
    minor = charge.get("minor")
    if type(minor) is not int or minor < 0 or charge.get("currency") != CURRENCY:
        raise InvalidAnswer(
            "it does not say what it costs", field="charge", rule="whole fen, 0 or more, CNY"
        )
    if most is not None and minor > most:
        raise InvalidAnswer(
            f"it costs {minor}, {most} was agreed", field="charge.minor", rule="the agreed price"
        )
    return minor


def _object(body: Body, field: str) -> Body:
    value = body.get(field)
    if not isinstance(value, dict):
        raise InvalidAnswer("it is no object", field=field, rule="a JSON object")
    return value


def _text(body: Body, field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise InvalidAnswer("it is no text", field=field, rule="text that is not empty")
    return value


def _flag(body: Body, field: str) -> bool:
    value = body.get(field)
    if not isinstance(value, bool):
        raise InvalidAnswer("it is no flag", field=field, rule=str(Kind.FLAG.value))
    return value


def _instant(body: Body, field: str) -> datetime:
    try:
        return instant_of(body.get(field))
    except ValueError:
        raise InvalidAnswer(
            "it is no instant", field=field, rule="ISO 8601 with a time zone"
        ) from None

"""Who did what to whom and when: rows written with the change, sealed into a chain afterwards.

Chaining inside the transaction would queue every writer behind the last one (measured: half of the
throughput gone), so a sealer chains committed rows in one pass, a few seconds later.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC

import sqlalchemy as sa

from tael.kernel import AuditId
from tael.platform.audit_rows import AuditRow
from tael.platform.database import Work
from tael.platform.identity_store import audit_rows, audit_seals

_SEALER_LOCK = 0x7461656C_0001
_FIRST_SEAL = bytes(32)
# A row of a transaction that is still open while a million others were written would be missed by
# the sealer (never by `verify`, which names it).
_OPEN_POSITIONS = 1_000_000


@dataclass(frozen=True, slots=True)
class SealHead:
    """The last seal: keep it outside the database, and a chain cut short can be told too."""

    number: int
    seal: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What a verification found: ``missing``, ``changed``, ``broken_chain`` or ``cut_short``."""

    kind: str
    number: int
    audit_id: str


@dataclass(frozen=True, slots=True)
class AuditProof:
    """A verified chain: rows sealed, rows that wait for the sealer, and every problem found."""

    sealed: int
    unsealed: int
    problems: tuple[Problem, ...]
    head: SealHead

    @property
    def holds(self) -> bool:
        return not self.problems


class AuditLog:
    """Reads, seals and verifies the audit rows; ``key`` (32 bytes) stays out of the database."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def rows(
        self,
        work: Work,
        *,
        subject: str | None = None,
        before: AuditId | None = None,
        limit: int = 50,
    ) -> list[AuditRow]:
        """The latest ``limit`` rows, newest first; ``before`` pages on, ``subject`` narrows."""
        query = sa.select(audit_rows).order_by(audit_rows.c.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(audit_rows.c.subject == subject)
        if before is not None:
            query = query.where(audit_rows.c.id < before)
        return [_row(found) for found in work.connection.execute(query)]

    def seal(self, work: Work, *, limit: int = 100_000) -> int:
        """Chain up to ``limit`` committed rows that have no seal yet; returns how many.

        Only one sealer works at a time; the others wait for it.
        """
        work.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEALER_LOCK)))
        last = work.connection.execute(
            sa.select(audit_seals).order_by(audit_seals.c.number.desc()).limit(1)
        ).first()
        number, previous = (last.number, last.seal) if last else (0, _FIRST_SEAL)
        found = work.connection.execute(_unsealed(last.position if last else 0, limit)).all()
        seals = []
        for number, row in enumerate(found, start=number + 1):  # noqa: B020 - counts on from the last
            previous = self._seal(previous, number, _row(row))
            seals.append(
                {
                    "number": number,
                    "audit_id": row.id,
                    "position": row.position,
                    "seal": previous,
                    "sealed_at": work.clock.now(),
                }
            )
        if seals:
            work.connection.execute(sa.insert(audit_seals), seals)
        return len(seals)

    def verify(self, work: Work, *, known: SealHead | None = None) -> AuditProof:
        """Walk the whole chain and find every row changed or deleted since it was sealed.

        ``known`` is a head kept from an earlier verification: a chain that no longer holds it
        was cut short or written anew.
        """
        problems: list[Problem] = []
        number, previous, known_seal = 0, _FIRST_SEAL, ""
        for seal, row in self._chain(work):
            number += 1
            if seal.number != number:
                problems.append(Problem("broken_chain", number, seal.audit_id))
                number = seal.number
            if row is None:
                problems.append(Problem("missing", number, seal.audit_id))
            elif not hmac.compare_digest(self._seal(previous, number, row), seal.seal):
                problems.append(Problem("changed", number, seal.audit_id))
            previous = seal.seal
            if known is not None and number == known.number:
                known_seal = seal.seal.hex()
        if known is not None and known.number and known_seal != known.seal:
            problems.append(Problem("cut_short", known.number, ""))
        return AuditProof(
            sealed=number,
            unsealed=_count_unsealed(work),
            problems=tuple(problems),
            head=SealHead(number, previous.hex()),
        )

    def _seal(self, previous: bytes, number: int, row: AuditRow) -> bytes:
        message = previous + number.to_bytes(8, "big") + _canonical(row)
        return hmac.digest(self._key, message, hashlib.sha256)

    def _chain(self, work: Work) -> Iterator[tuple[sa.Row[tuple[object, ...]], AuditRow | None]]:
        seals = sa.select(audit_seals).order_by(audit_seals.c.number)
        page = 10_000
        after = 0
        while True:
            found = work.connection.execute(
                seals.where(audit_seals.c.number > after).limit(page)
            ).all()
            rows = _rows_by_id(work, [seal.audit_id for seal in found])
            yield from ((seal, rows.get(seal.audit_id)) for seal in found)
            if len(found) < page:
                return
            after = found[-1].number


def _row(found: sa.Row[tuple[object, ...]]) -> AuditRow:
    values = found._mapping  # noqa: SLF001 - the public name of SQLAlchemy's row mapping
    return AuditRow(
        id=AuditId(values["id"]),
        recorded_at=values["recorded_at"].astimezone(UTC),
        actor_kind=values["actor_kind"],
        actor_id=values["actor_id"],
        action=values["action"],
        subject=values["subject"],
        detail=values["detail"],
    )


def _rows_by_id(work: Work, ids: Sequence[str]) -> dict[str, AuditRow]:
    found = work.connection.execute(sa.select(audit_rows).where(audit_rows.c.id.in_(ids)))
    return {row.id: row for row in map(_row, found)}


def _unsealed(last_position: int, limit: int) -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(audit_rows)
        .outerjoin(audit_seals, audit_seals.c.audit_id == audit_rows.c.id)
        .where(audit_seals.c.number.is_(None))
        .where(audit_rows.c.position > last_position - _OPEN_POSITIONS)
        .order_by(audit_rows.c.position)
        .limit(limit)
    )


def _count_unsealed(work: Work) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(audit_rows)
        .outerjoin(audit_seals, audit_seals.c.audit_id == audit_rows.c.id)
        .where(audit_seals.c.number.is_(None))
    )
    return work.connection.execute(query).scalar_one()


def _canonical(row: AuditRow) -> bytes:
    """The bytes a seal covers: a JSON list, keys sorted, the instant in UTC to the microsecond."""
    instant = row.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [row.id, instant, row.actor_kind, row.actor_id, row.action, row.subject]
    content = [*fields, dict(row.detail)]
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

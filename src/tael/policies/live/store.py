"""SQL of live decisions: many rows a statement, since many callers share a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from tael.kernel import ApplicationId, DecisionId, OutsideFailure, VersionId, check
from tael.platform import Work
from tael.policies.live.model import Evidence
from tael.policies.model import LogEntry

if TYPE_CHECKING:
    from tael.policies.live.shadows import ShadowVerdict

_COLUMNS = (
    "id", "application_id", "policy_id", "key", "recorded_by", "inputs", "inputs_hash",
    "parameters", "result", "result_hash", "trace", "context", "timings", "as_of", "elapsed_us",
)  # fmt: skip
_TYPES = {"as_of": "timestamptz", "elapsed_us": "bigint"}
_NAMES = ", ".join(_COLUMNS)
# In binary: as text, psycopg escapes every quote of every JSON.
_ARRAYS = ", ".join(f"%b::{_TYPES.get(name, 'text')}[]" for name in _COLUMNS)
_ADD = f"""
    INSERT INTO policies.decision_log ({_NAMES}) SELECT * FROM unnest({_ARRAYS})
    ON CONFLICT (key) DO NOTHING RETURNING key
"""  # noqa: S608 - names of our own
_ADD_ONE = f"""
    INSERT INTO policies.decision_log ({_NAMES}) VALUES ({", ".join(["%b"] * len(_COLUMNS))})
    ON CONFLICT (key) DO NOTHING RETURNING key
"""  # noqa: S608 - as above
_BY_KEY = f"SELECT {_NAMES} FROM policies.decision_log WHERE key = ANY(%s)"  # noqa: S608 - as above
_LATEST = """
    SELECT e.borrower, e.known_at, e.sources, e.packed, e.hash
    FROM unnest(%s::text[]) AS asked(borrower) CROSS JOIN LATERAL (
        SELECT * FROM policies.evidence AS one WHERE one.borrower = asked.borrower
        ORDER BY one.position DESC LIMIT 1
    ) AS e
"""
_BY_HASH = """
    SELECT borrower, known_at, sources, packed, hash FROM policies.evidence WHERE hash = ANY(%s)
"""
_DEPLOYED = """
    SELECT record, signature, in_force, ended_at FROM policies.deployment
    ORDER BY number DESC LIMIT 1
"""
_BY_ID = f"SELECT {_NAMES} FROM policies.decision_log WHERE id = ANY(%s)"  # noqa: S608 - as above
# By a hash of the id: as good as drawn, and the same for the same seed.
_CHOSEN = "SELECT id FROM policies.decision_log ORDER BY md5(id || %s) LIMIT %s"
_SOME = "SELECT borrower, known_at, sources, packed FROM policies.evidence LIMIT 1"
_UNSHADOWED = f"""
    SELECT {_NAMES} FROM policies.decision_log AS made WHERE id >= %s AND NOT EXISTS (
        SELECT 1 FROM policies.shadow_verdict AS seen
        WHERE seen.decision_id = made.id AND seen.version_id = %s
    ) ORDER BY id LIMIT %s
"""  # noqa: S608 - names of our own
_ADD_SHADOWS = """
    INSERT INTO policies.shadow_verdict (decision_id, version_id, result, failure, elapsed_us)
    SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[])
    ON CONFLICT DO NOTHING
"""
_SHADOWS = """
    SELECT made.id, made.result, seen.result, seen.failure FROM policies.shadow_verdict AS seen
    JOIN policies.decision_log AS made ON made.id = seen.decision_id
    WHERE seen.version_id = %s AND made.id > %s ORDER BY made.id LIMIT %s
"""
_OF_DECISION = """
    SELECT version_id, result, failure, elapsed_us FROM policies.shadow_verdict
    WHERE decision_id = %s ORDER BY version_id
"""
_SPENDING = """
    WITH flows AS (
        SELECT context::jsonb -> 'flow' AS flow FROM policies.decision_log
        WHERE id >= %s AND id < %s AND position('"flow":{' in context) > 0
    ), told AS (
        SELECT one, false AS spared FROM flows, jsonb_array_elements(flow -> 'fetched') AS one
        UNION ALL
        SELECT one, true FROM flows, jsonb_array_elements(flow -> 'skipped') AS one
    )
    SELECT one ->> 'source',
        count(*) FILTER (WHERE NOT spared),
        coalesce(sum((one ->> 'cost_minor')::bigint) FILTER (WHERE NOT spared), 0),
        count(*) FILTER (WHERE spared),
        coalesce(sum((one ->> 'cost_minor')::bigint) FILTER (WHERE spared), 0)
    FROM told GROUP BY 1 ORDER BY 1
"""
# What settled a decision came last. One that a lost source ended was not settled, and rows from
# before it was written down who else was wanted tell no turn.
_TURNS = """
    WITH flows AS (
        SELECT context::jsonb -> 'flow' AS flow FROM policies.decision_log
        WHERE policy_id = %s AND position('"flow":{' in context) > 0 ORDER BY id DESC LIMIT %s
    ), settled AS (
        SELECT flow -> 'fetched' AS fetched FROM flows
        WHERE flow ->> 'how' <> 'degraded' AND jsonb_path_exists(flow, '$.fetched[*].wanted')
    )
    SELECT NULL, NULL, count(*), 0 FROM settled
    UNION ALL
    SELECT one ->> 'source', one -> 'wanted', count(*),
        count(*) FILTER (WHERE place = jsonb_array_length(fetched))
    FROM settled, jsonb_array_elements(fetched) WITH ORDINALITY AS turn (one, place)
    GROUP BY 1, 2
"""
_ORDER = """
    SELECT number, decisions, turns FROM policies.source_order
    WHERE version_id = %s ORDER BY number DESC LIMIT 1
"""
_ADD_ORDER = """
    INSERT INTO policies.source_order (version_id, number, recorded_at, decisions, turns)
    VALUES (%s, %s, %s, %s, %s)
"""
_ONLY_LEARNER = "SELECT pg_advisory_xact_lock(hashtextextended('source order ' || %s, 0))"
_KEEP = """
    INSERT INTO policies.evidence (hash, borrower, known_at, recorded_at, sources, packed)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (hash) DO NOTHING
"""


# A row of the deployments: record, signature, in force, ended at; None where there is none.
Deployed = tuple[str, str, bool, datetime | None] | None


class Stored(NamedTuple):
    """Evidence at hand: the latest by borrower with its hash, and by hash what was named."""

    latest: Mapping[str, tuple[str, Evidence]]
    named: Mapping[str, Evidence]


class SqlLiveStore:
    """The store over the open unit of work."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    def keep_evidence(self, evidence: Evidence, at: datetime) -> None:
        """Keep ``evidence``; the same again changes nothing."""
        told = (evidence.hash, evidence.borrower, evidence.known_at, at, evidence.sources)
        self._connection.exec_driver_sql(_KEEP, (*told, evidence.packed))

    def opening(self, borrowers: Sequence[str], hashes: Sequence[str]) -> tuple[Deployed, Stored]:
        """What a transaction of decisions begins with, asked for in one go.

        Args:
            borrowers: whose latest evidence is wanted.
            hashes: of evidence that is wanted besides.

        Returns:
            The last deployment as it stands, and the evidence.
        """
        deployed, latest, named = self._in_binary(
            (_DEPLOYED, ()), (_LATEST, (list(borrowers),)), (_BY_HASH, (list(hashes),))
        )
        return (
            tuple(deployed[0]) if deployed else None,
            Stored(
                {row[0]: (row[4], _evidence(row)) for row in latest},
                {row[4]: _evidence(row) for row in named},
            ),
        )

    def evidence(self, hashes: Sequence[str]) -> Mapping[str, Evidence]:
        """Evidence by its hash."""
        (rows,) = self._in_binary((_BY_HASH, (list(hashes),)))
        return {row[4]: _evidence(row) for row in rows}

    def some_evidence(self) -> Evidence | None:
        """Any evidence; None when there is none."""
        row = self._connection.exec_driver_sql(_SOME).first()
        return None if row is None else _evidence(row)

    def unshadowed(self, version: VersionId, since: DecisionId, most: int) -> list[LogEntry]:
        """Decisions from ``since`` on that ``version`` did not look at, oldest first."""
        rows = self._connection.exec_driver_sql(_UNSHADOWED, (str(since), str(version), most))
        return [_entry(row) for row in rows]

    def add_shadows(self, verdicts: Sequence[ShadowVerdict]) -> None:
        """Keep what shadows said; what is there stays."""
        columns = ("decision_id", "version_id", "result", "failure", "elapsed_us")
        arrays = ([getattr(each, name) for each in verdicts] for name in columns)
        plain = tuple([str(v) if isinstance(v, str) else v for v in each] for each in arrays)
        self._connection.exec_driver_sql(_ADD_SHADOWS, plain)

    def shadowed(
        self, version: VersionId, after: str, most: int
    ) -> list[tuple[str, str, str, str]]:
        """Decision, its result, what ``version`` would have said, and why it could not."""
        rows = self._connection.exec_driver_sql(_SHADOWS, (str(version), after, most))
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def shadows_of(self, decision_id: DecisionId) -> list[ShadowVerdict]:
        """What was kept of shadows on one decision."""
        from tael.policies.live.shadows import ShadowVerdict  # noqa: PLC0415 - it imports this

        rows = self._connection.exec_driver_sql(_OF_DECISION, (str(decision_id),))
        return [ShadowVerdict(decision_id, VersionId(row[0]), row[1], row[2], row[3])
                for row in rows]  # fmt: skip

    def spending(self, first: DecisionId, end: DecisionId) -> list[tuple[str, int, int, int, int]]:
        """By source: asked, paid, spared, and what these would have cost, of staged decisions."""
        rows = self._connection.exec_driver_sql(_SPENDING, (str(first), str(end)))
        return [(row[0], row[1], int(row[2]), row[3], int(row[4])) for row in rows]

    def turns(
        self, version: VersionId, most: int
    ) -> tuple[int, list[tuple[str, list[str], int, int]]]:
        """Of the newest decisions of ``version``: how many, and what came of each turn.

        A turn is a source, all that were wanted when it was asked, how often, and how often its
        answer was the last that was needed.
        """
        rows = self._connection.exec_driver_sql(_TURNS, (str(version), most)).all()
        found = [(row[0], row[1], int(row[2]), int(row[3])) for row in rows if row[0] is not None]
        return next(int(row[2]) for row in rows if row[0] is None), found

    def only_learner(self, version: VersionId) -> None:
        """Wait for whoever learns the order of ``version``, and keep others waiting."""
        self._connection.exec_driver_sql(_ONLY_LEARNER, (str(version),))

    def source_order(self, version: VersionId) -> tuple[int, int, str] | None:
        """Number, decisions and turns of the latest order of ``version``."""
        row = self._connection.exec_driver_sql(_ORDER, (str(version),)).first()
        return None if row is None else (row[0], row[1], row[2])

    def add_source_order(self, version: VersionId, told: tuple[int, datetime, int, str]) -> None:
        """Keep an order of ``version``: number, when, decisions and turns."""
        self._connection.exec_driver_sql(_ADD_ORDER, (str(version), *told))

    def _in_binary(self, *queries: tuple[str, tuple[list[str], ...]]) -> list[list[Any]]:
        """Rows of each query as the server keeps them: as text, bytes come in twice the size.

        All go to the server together, the beginning of the transaction too: one way there and back.

        Raises:
            OutsideFailure: the database is away.
        """
        driver = self._connection.connection.driver_connection
        check(driver is not None, "an open unit of work has a connection")
        try:
            with driver.pipeline():  # type: ignore[union-attr]
                sent = [
                    driver.execute(query, asked, binary=True)  # type: ignore[union-attr]
                    for query, asked in queries
                ]
                return [list(cursor.fetchall()) for cursor in sent]
        except psycopg.OperationalError as away:
            self._connection.invalidate(away)
            raise OutsideFailure(f"the database is away: {away}", code="database_away") from away

    def add_decisions(self, entries: Sequence[LogEntry]) -> frozenset[str]:
        """Write what is not there yet; returns the keys that were written now."""
        if len(entries) == 1:  # arrays of one take longer to write than the row
            plain = (getattr(entries[0], name) for name in _COLUMNS)
            told = tuple(str(v) if isinstance(v, str) else v for v in plain)
            return frozenset(row[0] for row in self._connection.exec_driver_sql(_ADD_ONE, told))
        arrays = tuple([str(v) if isinstance(v, str) else v for v in column] for column in (
            [getattr(entry, name) for entry in entries] for name in _COLUMNS
        ))  # fmt: skip
        return frozenset(row[0] for row in self._connection.exec_driver_sql(_ADD, arrays))

    def decisions_by_key(self, keys: Sequence[str]) -> Mapping[str, LogEntry]:
        """The logged decisions under ``keys``."""
        rows = self._connection.exec_driver_sql(_BY_KEY, (list(keys),))
        return {row[3]: _entry(row) for row in rows}

    def entries(self, ids: Sequence[DecisionId]) -> Mapping[DecisionId, LogEntry]:
        """Logged decisions by id."""
        rows = self._connection.exec_driver_sql(_BY_ID, ([str(each) for each in ids],))
        return {entry.id: entry for entry in map(_entry, rows)}

    def chosen(self, size: int, seed: str) -> list[DecisionId]:
        """So many logged decisions as ``seed`` chooses."""
        return [
            DecisionId(row[0]) for row in self._connection.exec_driver_sql(_CHOSEN, (seed, size))
        ]


def _evidence(row: Any) -> Evidence:
    return Evidence(row[0], row[1].astimezone(UTC), row[2], bytes(row[3]))


def _entry(row: Any) -> LogEntry:
    fields: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    return LogEntry(
        **fields
        | {
            "id": DecisionId(fields["id"]),
            "application_id": ApplicationId(fields["application_id"]),
            "policy_id": VersionId(fields["policy_id"]),
            "as_of": fields["as_of"].astimezone(UTC),
        }
    )

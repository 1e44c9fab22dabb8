"""The nine data sources of the outside world, as real HTTP servers fed by an economy.

Protocol: JSON over HTTP on loopback. Instants are ISO 8601 in UTC with ``Z``, amounts whole fen in
fields that end in ``_minor``. The sources take their day from the question and have no clock.

POST /v1/{source}/reports, with an ``Idempotency-Key``
    subject, subject_kind (person, enterprise, market), entity (who asks), route (direct,
    licensed_bureau, published, bank_verdict), mode (full, verdict_only), as_of, authorisation (null
    for region) → the answer; tax and invoice answer 202 {ready_in_ms} instead, and post
    {source, key} to ``notice_url``, if the question has one, when the answer is ready
GET /v1/{source}/reports/{key}
    the answer to a key; 202 {ready_in_ms} while it is being made, 404 when it was never asked for

An answer: source, schema_version, report_number, request_key, subject, subject_kind, entity, route,
authorisation (its id), mode, found (whether the subject is known), as_of, charge {minor, currency},
sections {name: [record]}, counts {name: records}, missing [name], and verdict (pass, fail, unknown)
in mode verdict_only, which has no sections. ``Content-Digest: sha-256=:BASE64:`` (RFC 9530) and
``Source-Signature: KEY_ID:BASE64`` (Ed25519 over the body) stand in its headers. Whoever asks again
with the same key gets the same bytes and is charged once; the same key with another question gets
409. Records of a stream carry id, known_at, version and void; what the books hold twice is
delivered twice.

An authorisation: authorisation (id), subject, subject_kind, scope [source], recipient, purpose,
issued_at, expires_at, document_hash, key_id, signature (base64; Ed25519 over the other fields but
key_id as JSON with sorted keys and no blanks).

An error is ``{"error": {"code", "message"}}`` with 400 (malformed), 403 (bad_signature,
wrong_subject, out_of_scope, wrong_recipient, expired, withdrawn, not_entitled), 404, 409
(key_reused), 503 or 504 (nothing was done).

For whoever tries things out: POST and DELETE /v1/faults (fault, source, key, delay_ms, times),
GET /v1/charges, POST /v1/withdrawals (authorisation), GET /v1/key.
"""

from tael.sandbox.sources.authority import Authority
from tael.sandbox.sources.faults import FaultKind, FaultPlan, Latency
from tael.sandbox.sources.server import SourcesSetup, prepare, public_key, running_sources

__all__ = [
    "Authority",
    "FaultKind",
    "FaultPlan",
    "Latency",
    "SourcesSetup",
    "prepare",
    "public_key",
    "running_sources",
]

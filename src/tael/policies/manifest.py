"""What an approval signs, and whether a version is still what was signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tael.policies.canonical import canonical, digest, read
from tael.policies.model import (
    TEXTS,
    Bundle,
    Event,
    EventKind,
    ModelVersion,
    PolicyVersion,
    Proof,
)
from tael.policies.signing import Signer

_FORMAT = "tael.policy/1"
# A scorecard was all that a model could be when the first hashes were kept.
_FORMERLY = {"scorecard": "model"}


def manifest_of(
    version: PolicyVersion,
    history: Sequence[Event],
    model: ModelVersion,
    *,
    by: str,
    at: datetime,
) -> str:
    """Canonical JSON of all that ``by`` approves at ``at``.

    Hashes of every text, the model behind them, and the records of check (with what was accepted
    in writing) and back-test (or why there is none).
    """
    return canonical(
        {
            "format": _FORMAT,
            "version": version.id,
            "name": version.name,
            "hashes": dict(version.hashes),
            "model": {"hash": model.hash, "kind": model.kind, "trained_on": model.trained_on,
                      "plan": model.plan},
            "check": last_of(history, EventKind.CHECKED),
            "backtest": last_of(history, EventKind.BACKTESTED, EventKind.WAIVED),
            "drafted_by": version.drafted_by,
            "drafted_at": version.drafted_at.isoformat(),
            "approved_by": by,
            "approved_at": at.isoformat(),
        }
    )  # fmt: skip


def model_of(version: PolicyVersion) -> str:
    """Hash of the model text that a version runs with."""
    kept = {_FORMERLY.get(name, name): told for name, told in version.hashes.items()}
    return kept["model"]


def last_of(history: Sequence[Event], *kinds: EventKind) -> str:
    """Hash of the record of the last event of ``kinds``; '' where there is none."""
    return next((event.hash for event in reversed(history) if event.kind in kinds), "")


def faults_of_texts(version: PolicyVersion, bundle: Bundle) -> list[tuple[str, str]]:
    """The texts that are not those whose hashes the version keeps."""
    kept = {_FORMERLY.get(name, name): told for name, told in version.hashes.items()}
    found = {name: digest(getattr(bundle, name)) for name in TEXTS}
    return [
        (name, "the text is not the one that was drafted")
        for name in TEXTS
        if found[name] != kept.get(name, digest(""))
    ]


def prove(
    version: PolicyVersion, bundle: Bundle, history: Sequence[Event], signer: Signer
) -> Proof:
    """Whether texts, records and signature of an approved version are those of its approval."""
    approval = next((e for e in reversed(history) if e.kind is EventKind.APPROVED), None)
    faults = faults_of_texts(version, bundle)
    if approval is None:
        faults.append(("approval", "nobody signed an approval of it"))
    else:
        faults += _of_signature(approval, signer)
        faults += _of_manifest(version, history, approval)
    return Proof(version.id, approval.by if approval else "", signer.key, tuple(faults))


def _of_signature(approval: Event, signer: Signer) -> Iterator[tuple[str, str]]:
    if not approval.signature:
        yield "signature", "the approval is not signed"
    elif approval.key != signer.key:
        yield "signature", "it was signed with another installation's key"
    elif not signer.fits(approval.record, approval.signature):
        yield "signature", "the signature is not that of the manifest"


def _of_manifest(
    version: PolicyVersion, history: Sequence[Event], approval: Event
) -> Iterator[tuple[str, str]]:
    try:
        signed = read(approval.record)
    except ValueError:
        signed = None
    if not isinstance(signed, dict):
        yield "manifest", "it is no manifest"
        return
    before = [event for event in history if event.number < approval.number]
    stands: dict[str, object] = {
        "version": version.id,
        "name": version.name,
        "drafted_by": version.drafted_by,
        "drafted_at": version.drafted_at.isoformat(),
        "approved_by": version.approved_by,
        "approved_at": version.approved_at.isoformat() if version.approved_at else None,
        "check": last_of(before, EventKind.CHECKED),
        "backtest": last_of(before, EventKind.BACKTESTED, EventKind.WAIVED),
    }
    for name, value in stands.items():
        if signed.get(name) != value:
            yield name, "it is not what was signed"
    hashes = signed.get("hashes")
    told = hashes if isinstance(hashes, dict) else {}
    for name in sorted({*told, *version.hashes}):
        if told.get(name) != version.hashes.get(name):
            yield name, "its hash is not the one that was signed"

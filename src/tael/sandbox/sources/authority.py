"""Whether a question may be answered: signature, scope, recipient, expiry, entitlement."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Body = Mapping[str, object]

FULL, VERDICT_ONLY = "full", "verdict_only"
_OPEN_TO_ALL = frozenset({"region"})
_SIGNED = (
    "authorisation", "subject", "subject_kind", "scope", "recipient", "purpose", "issued_at",
    "expires_at", "document_hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, as it came over the wire."""

    source: str
    subject: str
    subject_kind: str
    entity: str
    route: str
    mode: str
    as_of: datetime
    authorisation: Body | None


class Refused(Exception):  # noqa: N818 - the name says what happened
    """The question is not answered: a code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(slots=True)
class Authority:
    """Whose signatures count, who may see what, and which authorisations were taken back.

    Attributes:
        houses: key id → public key (Ed25519) of houses that hold signed authorisations.
        verdict_only: entities that get a bank's verdict in place of a credit report.
        withdrawn: authorisations that their subjects took back at the source itself.
    """

    houses: Mapping[str, bytes]
    verdict_only: frozenset[str] = frozenset({"platform"})
    withdrawn: set[str] = field(default_factory=set)

    def check(self, question: Question) -> None:
        """Let the question through.

        Raises:
            Refused: with one of bad_signature, wrong_subject, out_of_scope, wrong_recipient,
                expired, withdrawn, not_entitled.
        """
        if question.source not in _OPEN_TO_ALL:
            self._check_paper(question)
        self._check_entitlement(question)

    def _check_paper(self, question: Question) -> None:
        paper = question.authorisation
        if paper is None or not self._signed(paper):
            raise Refused("bad_signature", "no authorisation that a known house has signed")
        if (paper["subject"], paper["subject_kind"]) != (question.subject, question.subject_kind):
            raise Refused("wrong_subject", "the authorisation is of somebody else")
        scope = paper["scope"]
        if not isinstance(scope, list) or question.source not in scope:
            raise Refused("out_of_scope", f"the authorisation does not name {question.source}")
        if paper["recipient"] != question.entity:
            raise Refused("wrong_recipient", "the authorisation names another recipient")
        if paper["authorisation"] in self.withdrawn:
            raise Refused("withdrawn", "the authorisation was withdrawn")
        issued, expires = _instant(paper["issued_at"]), _instant(paper["expires_at"])
        if issued is None or expires is None or not issued <= question.as_of <= expires:
            raise Refused("expired", "the authorisation does not hold at this instant")

    def _check_entitlement(self, question: Question) -> None:
        if question.source != "bureau":
            if question.mode != FULL:
                raise Refused("not_entitled", "only credit reports come as a verdict")
            return
        if question.mode == FULL and question.entity in self.verdict_only:
            raise Refused("not_entitled", f"{question.entity} may not see credit reports")
        direct = question.route not in ("licensed_bureau", "bank_verdict")
        if direct and question.subject_kind == "person":
            raise Refused("not_entitled", "personal credit data comes through a licensed bureau")

    def _signed(self, paper: Body) -> bool:
        key = self.houses.get(str(paper.get("key_id")))
        if key is None or any(name not in paper for name in _SIGNED):
            return False
        said = {name: paper[name] for name in _SIGNED}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        try:
            signature = base64.b64decode(str(paper.get("signature")), validate=True)
            Ed25519PublicKey.from_public_bytes(key).verify(signature, text.encode())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None

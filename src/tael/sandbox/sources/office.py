"""The sources' desk: answers each key once, charges for it once, and remembers that it did."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tael.sandbox.sources.authority import Authority, Question
from tael.sandbox.sources.documents import sections_of, told, verdict_of
from tael.sandbox.sources.economy import EconomyFolder

PRICES: Mapping[str, int] = {
    "bureau": 500, "tax": 300, "invoice": 400, "bank_statement": 200, "registry": 50, "court": 60,
    "device": 80, "merchant_books": 0, "region": 10,
}  # fmt: skip
_KEPT = 64

Body = dict[str, Any]


class Reused(Exception):  # noqa: N818 - the name says what happened
    """A key came again with another question."""


@dataclass(frozen=True, slots=True)
class Paper:
    """An answer before it is sent: its body as data and how it is signed."""

    body: Body = field(repr=False)

    def raw(self) -> bytes:
        """The bytes that go over the wire."""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


class Seal:
    """The sources' own Ed25519 key, made of a seed."""

    def __init__(self, seed: int) -> None:
        secret = hashlib.sha256(f"tael sandbox sources {seed}".encode()).digest()
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.public_key = self._key.public_key().public_bytes_raw()
        self.key_id = hashlib.sha256(self.public_key).hexdigest()[:16]

    def headers(self, raw: bytes) -> dict[str, str]:
        """Digest and signature of a body."""
        digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
        signature = base64.b64encode(self._key.sign(raw)).decode()
        return {
            "content-digest": f"sha-256=:{digest}:",
            "source-signature": f"{self.key_id}:{signature}",
        }


class Ledger:
    """What was charged, one JSON line a key, appended before the answer is sent.

    Lines are handed to the operating system, not forced to the disk: they survive a kill of the
    process, which is what the sandbox promises, not a power cut. Without a path they live as long
    as the process.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab") if path is not None else None
        self.lines: list[Body] = self._read()

    def append(self, line: Body) -> None:
        self.lines.append(line)
        if self._file is not None:
            self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _read(self) -> list[Body]:
        if self._path is None:
            return []
        data = self._path.read_bytes()
        # A torn last line is a charge whose answer was never sent.
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) != len(data):
            with self._path.open("r+b") as file:
                file.truncate(len(whole))
        return [json.loads(line) for line in whole.splitlines()]


class Office:
    """Answers questions out of an economy; threads may call every method.

    An answer is made again from the question when it is asked for again: same key, same bytes.
    """

    def __init__(self, economy: EconomyFolder, authority: Authority, ledger: Ledger) -> None:
        self.authority = authority
        self._economy, self._ledger = economy, ledger
        self._lock = threading.RLock()
        self._known = {(line["source"], line["key"]): line for line in ledger.lines}
        self._papers: OrderedDict[tuple[str, str], Paper] = OrderedDict()

    def ask(self, key: str, question: Question) -> Paper:
        """The answer to a question; one key is charged once, however often it comes.

        Raises:
            Refused: the question may not be answered; nothing is charged.
            Reused: the key came with another question.
        """
        with self._lock:
            known = self._known.get((question.source, key))
            asked = _question_json(question)
            if known is None:
                self.authority.check(question)
                known = {
                    "source": question.source,
                    "key": key,
                    "question": asked,
                    "charge": PRICES[question.source],
                }
                self._ledger.append(known)
                self._known[question.source, key] = known
            elif _meant(known["question"]) != _meant(asked):
                raise Reused
            return self._paper(known)

    def find(self, source: str, key: str) -> Paper | None:
        """The answer that was given to a key; None when it never came."""
        with self._lock:
            known = self._known.get((source, key))
            return None if known is None else self._paper(known)

    def charges(self) -> list[Body]:
        """Source, key and charge of every key, oldest first."""
        with self._lock:
            return [
                {"source": line["source"], "key": line["key"], "charge": line["charge"]}
                for line in self._ledger.lines
            ]

    def _paper(self, line: Body) -> Paper:
        place = (line["source"], line["key"])
        if place not in self._papers:
            self._papers[place] = self._made(line)
            if len(self._papers) > _KEPT:
                self._papers.popitem(last=False)
        self._papers.move_to_end(place)
        return self._papers[place]

    def _made(self, line: Body) -> Paper:
        asked, source = line["question"], line["source"]
        as_of = datetime.fromisoformat(asked["as_of"])
        found = self._economy.knows(asked["subject_kind"], asked["subject"])
        number = hashlib.sha256(f"{source}\x1f{line['key']}".encode()).hexdigest()[:16]
        body: Body = {
            "source": source,
            "schema_version": 1,
            "report_number": f"{source.upper()}-{number}",
            "request_key": line["key"],
            "subject": asked["subject"],
            "subject_kind": asked["subject_kind"],
            "entity": asked["entity"],
            "route": asked["route"],
            "authorisation": (asked["authorisation"] or {}).get("authorisation"),
            "mode": asked["mode"],
            "found": found,
            "as_of": asked["as_of"],
            "charge": {"minor": line["charge"], "currency": "CNY"},
            "missing": [],
        }
        if asked["mode"] == "full":
            body["sections"] = sections_of(self._economy, source, asked["subject"], as_of)
            body["counts"] = counts_of(body["sections"])
        else:
            body["verdict"] = verdict_of(self._economy, asked["subject"], as_of)
            body["sections"], body["counts"] = {}, {}
        return Paper(body)


def counts_of(sections: Mapping[str, list[Body]]) -> dict[str, int]:
    """Records of each section, those of lists within records under the name of the list."""
    counts = {name: len(records) for name, records in sections.items()}
    for records in sections.values():
        inner = {key for record in records for key in record if isinstance(record[key], list)}
        for name in inner:
            counts[name] = sum(len(record[name]) for record in records)
    if "accounts" in sections:
        counts.setdefault("months", 0)
    return counts


def _question_json(question: Question) -> Body:
    return {
        "subject": question.subject,
        "subject_kind": question.subject_kind,
        "entity": question.entity,
        "route": question.route,
        "mode": question.mode,
        "as_of": told(question.as_of),
        "authorisation": dict(question.authorisation) if question.authorisation else None,
    }


def _meant(asked: Body) -> Body:
    """A question without the signature on its authorisation, which another key may have made."""
    paper = asked["authorisation"] or {}
    return {**asked, "authorisation": paper.get("authorisation")}

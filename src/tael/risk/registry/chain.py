"""The ledger: a record a line, each holding the hash of the one before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from tael.kernel import BadInput, aware
from tael.report import Words
from tael.risk.registry.artefacts import digest

LEDGER, HEAD = "ledger.jsonl", "head.json"
BEGINNING = digest(b"tael.risk.registry/1")


class Happening(Enum):
    """What a record tells."""

    REGISTERED = "registered"
    SIGNED = "signed"
    PROMOTED = "promoted"
    RETIRED = "retired"
    ANNOTATED = "annotated"


@dataclass(frozen=True, slots=True)
class Record:
    """A line of the ledger, never changed once written.

    Attributes:
        number: its line, from 1.
        at: the instant it was written, aware, UTC.
        happening: what it tells.
        model: hash of the model it is about.
        body: what else it holds; ``files`` maps names to digests of their bytes.
        before: hash of the record before; of the first, a constant.
    """

    number: int
    at: datetime
    happening: Happening
    model: str
    body: Mapping[str, Any]
    before: str

    @property
    def hash(self) -> str:
        """SHA-256 of everything above."""
        return digest(_canonical(self._data()))

    @property
    def files(self) -> dict[str, str]:
        """Digests of the files it brought, by name."""
        return dict(self.body.get("files", {}))

    def line(self) -> bytes:
        """The record as it stands in the ledger, its end of line included."""
        return _canonical({**self._data(), "hash": self.hash}) + b"\n"

    def _data(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "at": aware(self.at).isoformat(timespec="microseconds"),
            "happening": self.happening.value,
            "model": self.model,
            "body": dict(self.body),
            "before": self.before,
        }


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the registry is not as it was written.

    Attributes:
        file: inside the registry's folder.
        line: of the ledger, where the file's digest or the fault itself stands; 0 for the head.
        words: what is wrong.
    """

    file: str
    line: int
    words: Words

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.words.en}"


@dataclass(frozen=True, slots=True)
class Chain:
    """The records read from a ledger, what is wrong with it, and bytes of an unfinished line."""

    records: tuple[Record, ...]
    faults: tuple[Fault, ...]
    whole: int
    torn: int

    @property
    def last(self) -> str:
        """Hash of the last record."""
        return self.records[-1].hash if self.records else BEGINNING


def read_chain(ledger: bytes, head: bytes | None) -> Chain:
    """The records of ``ledger``, checked byte by byte and against ``head``.

    Reading stops at the first record that is not as written: what follows hangs on nothing.
    """
    whole = ledger.rfind(b"\n") + 1
    records: list[Record] = []
    faults: list[Fault] = []
    before = BEGINNING
    for number, raw in enumerate(ledger[:whole].splitlines(keepends=True), 1):
        record = _record(raw)
        if record is None or record.line() != raw:
            words = Words("这一行不是当初写下的字节", "the line is not what was written")
        elif record.before != before or record.number != number:
            words = Words("这一行不接在上一行之后", "the line does not follow the one before it")
        else:
            records.append(record)
            before = record.hash
            continue
        faults.append(Fault(LEDGER, number, words))
        break
    if not faults:
        faults += _against_head(records, head)
    return Chain(tuple(records), tuple(faults), whole, len(ledger) - whole)


def head_of(records: tuple[Record, ...]) -> bytes:
    """How many records there are and the hash of the last: a shortened ledger shows."""
    return _canonical({"count": len(records), "hash": records[-1].hash}) + b"\n"


def _against_head(records: list[Record], head: bytes | None) -> list[Fault]:
    if head is None:
        # A writer killed after its first record leaves no head; after the second there is one.
        if len(records) <= 1:
            return []
        return [Fault(HEAD, 0, Words("缺少末尾记录", "the head is missing"))]
    try:
        count = int(json.loads(head)["count"])
    except (ValueError, KeyError, TypeError):
        return [Fault(HEAD, 0, Words("末尾记录无法读取", "the head cannot be read"))]
    if count > len(records):
        told = (
            f"应有 {count} 条记录, 只有 {len(records)} 条",
            (f"{count} records were written, {len(records)} are left"),
        )
        return [Fault(LEDGER, len(records) + 1, Words(*told))]
    if count < max(len(records) - 1, 1) or head_of(tuple(records[:count])) != head:
        return [Fault(HEAD, count, Words("末尾记录与账不符", "the head is not of this ledger"))]
    return []


def _record(raw: bytes) -> Record | None:
    try:
        data = json.loads(raw)
        return Record(
            int(data["number"]),
            aware(datetime.fromisoformat(data["at"])),
            Happening(data["happening"]),
            str(data["model"]),
            dict(data["body"]),
            str(data["before"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BadInput):
        return None


def _canonical(data: Mapping[str, Any]) -> bytes:
    text = json.dumps(
        data, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()

"""The bank's memory: every answer it gave, one JSON line each, appended before it is sent.

One line holds request and answer together, so a crash leaves either both or neither; a torn last
line is an answer that was never sent and is cut off at the next start.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tael.sandbox.bank.rules import Verdict


@dataclass(frozen=True, slots=True)
class Record:
    """A request that was carried out, and the answer that was given to it."""

    path: str
    key: str
    request: dict[str, object]
    verdict: Verdict

    @property
    def request_hash(self) -> str:
        return content_hash(self.request)


class Records:
    """An append-only file of JSON lines, one process at a time.

    Lines are handed to the operating system, not forced to the disk: they survive a kill of the
    process, which is what the sandbox promises, not a power cut.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file: IO[bytes] = path.open("ab")

    def read(self) -> list[Record]:
        """Every record, in the order of writing; a torn last line is removed from the file."""
        data = self._path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) != len(data):
            os.truncate(self._path, len(whole))
        return [_parse(line) for line in whole.splitlines()]

    def append(self, record: Record) -> None:
        line = {
            "path": record.path,
            "key": record.key,
            "request": record.request,
            "status": record.verdict.status,
            "body": record.verdict.body,
        }
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def content_hash(request: dict[str, object]) -> str:
    """SHA-256 of ``request``, whatever the order of its fields."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def _parse(line: bytes) -> Record:
    data = json.loads(line)
    verdict = Verdict(data["status"], data["body"])
    return Record(data["path"], data["key"], data["request"], verdict)

"""The registry itself: writes records and files under one lock, reads them with suspicion."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from tael.kernel import BadInput, Clock, Conflict, NotFound, Refusal
from tael.report import Words
from tael.risk.registry import artefacts
from tael.risk.registry.chain import (
    HEAD,
    LEDGER,
    Chain,
    Fault,
    Happening,
    Record,
    head_of,
    read_chain,
)
from tael.risk.registry.events import (
    Decision,
    Lineage,
    Promotion,
    Role,
    Signature,
    hash_of,
    said,
)

MODEL = "model.json"
_LOCK = "lock"


class Stored(Protocol):
    """A model of any kind that writes itself as text and knows its hash."""

    @property
    def hash(self) -> str:
        """Its hash in hexadecimal; it moves when anything that scores moves."""
        ...

    def to_json(self) -> str:
        """All of it, canonical."""
        ...


Model = TypeVar("Model", bound=Stored)


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``Registry.verify`` found.

    Attributes:
        records: how many records stand in an unbroken chain.
        files: how many files equal their digests.
        faults: what is not as it was written.
        leftovers: files that no record names: of writers killed before they wrote it.
    """

    records: int
    files: int
    faults: tuple[Fault, ...]
    leftovers: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found to be wrong."""
        return not self.faults


class Registry:
    """An append-only registry in ``folder``; many processes may write to it.

    Every change takes the lock, checks the whole chain, writes its files, then its record. A writer
    killed in between leaves files that no record names, never half a record: those are finished by
    the next that registers the same, and told by ``verify``.

    Args:
        folder: made at the first record.
        clock: tells when a record is written.
        signatures: how many approving signatures a champion needs.
    """

    def __init__(self, folder: Path, clock: Clock, *, signatures: int = 1) -> None:
        self._folder = folder
        self._clock = clock
        self._signatures = signatures

    def register(
        self, model: str, kind: str, lineage: Lineage, files: Mapping[str, bytes]
    ) -> Record:
        """Register a model with its files. The same again changes nothing and gives its record.

        Args:
            model: its hash.
            kind: what it is, for instance ``Scorecard``.
            lineage: hashes of what it was made of.
            files: bytes by plain file name; ``model.json`` is what ``restore`` reads.

        Raises:
            BadInput: a hash is missing or is none, a parent is not registered, no file, a file
                name that is none, or the registry was tampered with.
            Conflict: the hash is registered with another lineage or other files.
        """
        if not files:
            raise BadInput("a model has a file", field="files", rule="one or more files")
        body = {
            "kind": said(kind, "kind"),
            "lineage": lineage.to_json(),
            "files": _digests(hash_of(model, "model"), files),
        }
        with self._writing() as chain:
            for parent in lineage.parents:
                _registration(chain, parent, "parents")
            known = _first(chain, model)
            if known is None:
                return self._append(chain, (Happening.REGISTERED, model, body), files)
            if dict(known.body) != body:
                raise Conflict(
                    f"{model} stands in line {known.number} with another lineage or other files",
                    field="model",
                )
            return known

    def register_model(self, model: Stored, lineage: Lineage) -> Record:
        """Register a model that writes itself; raises as ``register``."""
        files = {MODEL: model.to_json().encode()}
        return self.register(model.hash, type(model).__name__, lineage, files)

    def sign(self, model: str, signature: Signature) -> Record:
        """Append a signature.

        Raises:
            NotFound: no such model.
            BadInput: nobody signed, or the registry was tampered with.
        """
        body = signature.to_json()
        with self._writing() as chain:
            _registration(chain, model)
            return self._append(chain, (Happening.SIGNED, model, body), {})

    def promote(self, model: str, promotion: Promotion) -> Record | Refusal:
        """Make a model champion or challenger of its scope.

        Returns:
            The record; or ``registry.retired``, ``registry.rejected`` (somebody's last signature
            rejects it) or ``registry.unsigned`` (too few approve it to be champion).

        Raises:
            NotFound: no such model.
            BadInput: as ``sign``.
        """
        body = promotion.to_json()
        with self._writing() as chain:
            _registration(chain, model)
            return self._refused(chain, model, promotion.role) or self._append(
                chain, (Happening.PROMOTED, model, body), {}
            )

    def retire(self, model: str, *, by: str, why: str) -> Record:
        """Take a model out of use for good; raises as ``sign``."""
        body = {"by": said(by, "by"), "why": said(why, "why")}
        with self._writing() as chain:
            _registration(chain, model)
            return self._append(chain, (Happening.RETIRED, model, body), {})

    def annotate(
        self, model: str, text: str, *, by: str, files: Mapping[str, bytes] | None = None
    ) -> Record:
        """Append a remark, with files such as a model card; raises as ``sign``."""
        body = {
            "by": said(by, "by"),
            "text": said(text, "text"),
            "files": _digests(model, files or {}),
        }
        with self._writing() as chain:
            _registration(chain, model)
            return self._append(chain, (Happening.ANNOTATED, model, body), files or {})

    def records(self, model: str | None = None) -> tuple[Record, ...]:
        """All records, or those of one model, in order.

        Raises:
            BadInput: the registry was tampered with; names file and line.
        """
        found = self._sound().records
        return tuple(record for record in found if model in {None, record.model})

    def champion(self, scope: str = "all") -> str | None:
        """Hash of the model that decides in ``scope``; raises as ``records``."""
        chain = self._sound()
        retired = {r.model for r in chain.records if r.happening is Happening.RETIRED}
        last = None
        for record in chain.records:
            # A later promotion of the same model to challenger takes its championship away.
            if record.happening is not Happening.PROMOTED or record.body["scope"] != scope:
                continue
            if record.body["role"] == Role.CHAMPION.value:
                last = record.model
            elif record.model == last:
                last = None
        return None if last in retired else last

    def load(self, model: str, name: str = MODEL) -> bytes:
        """The bytes of a model's file, the latest of that name.

        Raises:
            NotFound: no such model, or no such file of it.
            BadInput: the ledger or the file was tampered with; names file and line.
        """
        chain = self._sound()
        _registration(chain, model)
        for record in reversed(chain.records):
            if record.model == model and name in record.files:
                data, fault = self._read(record, name)
                if fault or data is None:
                    raise _tampered(fault or _missing(record, name))
                return data
        raise NotFound(f"model {model} has no file {name}", field="name")

    def restore(self, model: str, read: Callable[[str], Model]) -> Model:
        """The model that ``read`` (a ``from_json``) makes of ``model.json``.

        Raises:
            BadInput: what was read has another hash; and as ``load``.
        """
        found = read(self.load(model).decode())
        if found.hash != model:
            raise BadInput(
                f"the model read has hash {found.hash}",
                field="model",
                rule="the hash it is registered with",
                code="registry_tampered",
            )
        return found

    def verify(self) -> Verification:
        """Walk the chain and compare every file with its digest.

        Any changed byte of the ledger, the head or a file is told. A ledger and head rewritten
        together from some line on are not: keep the last record's hash elsewhere, and compare.
        """
        if not self._folder.exists():
            return Verification(0, 0, (), ())
        with self._reading():
            chain = self._chain()
            faults, named, good = list(chain.faults), set[str](), 0
            if chain.torn:
                words = Words("最后一行没有写完", "the last line was not finished")
                faults.append(Fault(LEDGER, len(chain.records) + 1, words))
            for record in chain.records:
                for name, content in record.files.items():
                    named.add(artefacts.place_of(record.model, name, content))
                    _, fault = self._read(record, name)
                    good += fault is None
                    faults += [fault] if fault else []
            found = {
                path.relative_to(self._folder).as_posix()
                for path in self._folder.rglob("*")
                if path.is_file()
            }
        leftovers = sorted(found - named - {LEDGER, HEAD, _LOCK})
        return Verification(len(chain.records), good, tuple(faults), tuple(leftovers))

    def _refused(self, chain: Chain, model: str, role: Role) -> Refusal | None:
        mine = [record for record in chain.records if record.model == model]
        if any(record.happening is Happening.RETIRED for record in mine):
            return Refusal("registry.retired", {"model": model})
        last = {
            (record.body["who"], record.body["role"]): record.body["decision"]
            for record in mine
            if record.happening is Happening.SIGNED
        }
        against = sorted(who for (who, _), word in last.items() if word == Decision.REJECTED.value)
        if against:
            return Refusal("registry.rejected", {"model": model, "by": ", ".join(against)})
        # Two roles of one person are one pair of eyes.
        approving = {who for (who, _), word in last.items() if word == Decision.APPROVED.value}
        if role is Role.CHAMPION and len(approving) < self._signatures:
            counts = {"signed": str(len(approving)), "needed": str(self._signatures)}
            return Refusal("registry.unsigned", {"model": model, **counts})
        return None

    def _append(
        self,
        chain: Chain,
        told: tuple[Happening, str, Mapping[str, object]],
        files: Mapping[str, bytes],
    ) -> Record:
        happening, model, body = told
        for name, data in files.items():
            path = self._folder / artefacts.place_of(model, name, artefacts.digest(data))
            if not path.exists() or path.read_bytes() != data:
                artefacts.write_whole(path, data)
        record = Record(
            len(chain.records) + 1, self._clock.now(), happening, model, body, chain.last
        )
        descriptor = os.open(
            self._folder / LEDGER, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644
        )
        try:
            # What a killed writer left of a line was never a record: the line begins anew.
            os.ftruncate(descriptor, chain.whole)
            _write_all(descriptor, record.line())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        artefacts.write_whole(self._folder / HEAD, head_of((*chain.records, record)))
        return record

    def _read(self, record: Record, name: str) -> tuple[bytes | None, Fault | None]:
        content = record.files[name]
        place = artefacts.place_of(record.model, name, content)
        try:
            data = (self._folder / place).read_bytes()
        except FileNotFoundError:
            return None, _missing(record, name)
        if artefacts.digest(data) != content:
            words = Words("文件不是当初登记的字节", "the file is not what was registered")
            return data, Fault(place, record.number, words)
        return data, None

    def _chain(self) -> Chain:
        # The head first: a ledger may have grown since, never the other way round.
        head, ledger = self._folder / HEAD, self._folder / LEDGER
        known = head.read_bytes() if head.exists() else None
        return read_chain(ledger.read_bytes() if ledger.exists() else b"", known)

    def _sound(self) -> Chain:
        chain = self._chain()
        if chain.faults:
            raise _tampered(chain.faults[0])
        return chain

    @contextmanager
    def _writing(self) -> Iterator[Chain]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with artefacts.held(self._folder / _LOCK, shared=False):
            artefacts.sweep(self._folder)
            chain, head = self._sound(), self._folder / HEAD
            # A writer killed before the head leaves it one behind: it never falls further back.
            if chain.records and (not head.exists() or head.read_bytes() != head_of(chain.records)):
                artefacts.write_whole(head, head_of(chain.records))
            yield chain

    @contextmanager
    def _reading(self) -> Iterator[None]:
        lock = self._folder / _LOCK
        if not lock.exists():
            yield
            return
        with artefacts.held(lock, shared=True):
            yield


def _digests(model: str, files: Mapping[str, bytes]) -> dict[str, str]:
    found = {name: artefacts.digest(data) for name, data in sorted(files.items())}
    for name, content in found.items():
        artefacts.place_of(model, name, content)
    return found


def _first(chain: Chain, model: str) -> Record | None:
    for record in chain.records:
        if record.model == model and record.happening is Happening.REGISTERED:
            return record
    return None


def _registration(chain: Chain, model: str, field: str = "model") -> Record:
    found = _first(chain, model)
    if found is None and field == "parents":
        raise BadInput(f"parent {model} is not registered", field=field, rule="registered before")
    if found is None:
        raise NotFound(f"no model {model} is registered", field=field)
    return found


def _missing(record: Record, name: str) -> Fault:
    place = artefacts.place_of(record.model, name, record.files[name])
    return Fault(place, record.number, Words("文件不见了", "the file is gone"))


def _tampered(fault: Fault) -> BadInput:
    return BadInput(
        f"{fault.file}, line {fault.line} of the ledger: {fault.words.en}",
        field=fault.file,
        row=fault.line,
        rule="bytes as they were written",
        code="registry_tampered",
    )


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]

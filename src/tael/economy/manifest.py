"""What says which economy a folder holds: seed, size, hash of the figures, hash of the content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tael.economy.shard import Shard, Sums
from tael.economy.sizes import Size
from tael.economy.world.months import MONTHS, month_name
from tael.economy.world.parameters import GENERATOR_VERSION, Parameters
from tael.kernel import BadInput

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """What an economy follows from; two of the same identity have the same content."""

    size: str
    seed: int
    firms: int
    shard_firms: int
    parameters: str
    generator: int
    format: int

    @staticmethod
    def of(size: Size, seed: int) -> Identity:
        """The identity of an economy made by this code."""
        return Identity(
            format=FORMAT,
            generator=GENERATOR_VERSION,
            parameters=Parameters().hash,
            seed=seed,
            size=size.name,
            firms=size.firms,
            shard_firms=size.shard_firms,
        )

    def differs(self, held: dict[str, object]) -> str:
        """The first thing in which a folder's ``held`` identity is another, in words, or ""."""
        for name, value in asdict(self).items():
            if held.get(name) != value:
                return f"{name} {held.get(name)!r}, not {value!r}"
        return ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An economy on disk; ``counts`` are rows by table, ``months`` the first and the last."""

    identity: Identity
    content: str
    counts: dict[str, int]
    shards: int
    months: tuple[str, str]

    @staticmethod
    def of(identity: Identity, shards: Sequence[Shard]) -> Manifest:
        """The manifest over all shards, in their order."""
        counts: dict[str, int] = {}
        for shard in shards:
            for name, count in shard.counts.items():
                counts[name] = counts.get(name, 0) + count
        digests = "".join(shard.digest for shard in shards)
        return Manifest(
            identity=identity,
            content=hashlib.sha256(digests.encode()).hexdigest(),
            counts=dict(sorted(counts.items())),
            shards=len(shards),
            months=(month_name(0), month_name(MONTHS - 1)),
        )

    def to_json(self) -> dict[str, object]:
        """Flat, as it is written: identity, content hash, counts, shards, months."""
        whole = asdict(self)
        return {**whole.pop("identity"), **whole}


def write_json(path: Path, value: object) -> None:
    """Write ``value`` so that the file is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def read_json(path: Path) -> dict[str, object]:
    """What stands in ``path``.

    Raises:
        BadInput: no JSON object stands there.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput(f"{path} cannot be read", field="out", rule="a JSON object of an economy")
    return found


def read_shard(path: Path) -> Shard:
    """The shard whose mark stands in ``path``."""
    held = json.loads(path.read_text("utf-8"))
    return Shard(held["number"], held["digest"], held["counts"], Sums(**held["sums"]))

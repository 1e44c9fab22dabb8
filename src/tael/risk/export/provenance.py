"""Where an exported model comes from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file tells of where its model comes from, beside the model's own hash.

    Attributes:
        plan: hash of the plan of variables; of a booster, its own where empty.
        name: the model's name and version in the registry.
    """

    plan: str = ""
    name: str = ""


NOWHERE = Provenance()


def version() -> str:
    """The version of this distribution."""
    return metadata.version("tael")

"""Models as artefacts of their own: what a model text says of itself, under its hash."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tael.policies.canonical import digest

_SHORT = 8


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model text says of itself; '' for what it does not say."""

    hash: str
    kind: str
    name: str
    trained_on: str
    plan: str


def facts_of_model(text: str) -> ModelFacts:
    """Kind, name, configuration and plan of a model text; whatever is no JSON is just a model."""
    found = _object(text)
    told = str(found.get("format", ""))
    if told.startswith("tael.rated/"):
        kind = str(found.get("kind", "rated"))
    else:
        kind = "scorecard" if told else "model"
    own = str(found.get("hash") or digest(text))
    return ModelFacts(
        hash=digest(text),
        kind=kind,
        name=f"{kind} {own[:_SHORT]}",
        trained_on=str(found.get("config") or ""),
        plan=str(found.get("plan") or ""),
    )


def _object(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

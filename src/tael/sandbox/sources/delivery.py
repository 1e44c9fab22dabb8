"""Answers as they are sent, whole or spoilt on purpose."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from tael.sandbox.sources.faults import FaultKind
from tael.sandbox.sources.office import Paper, Seal, counts_of

Body = dict[str, Any]
Sent = tuple[bytes, dict[str, str]]


def delivered(paper: Paper, seal: Seal, kind: FaultKind | None) -> Sent:
    """Body and headers; ``kind`` says what is wrong with them, None for nothing."""
    spoil = _SPOILT.get(kind) if kind else None
    if spoil is not None:
        body = copy.deepcopy(paper.body)
        spoil(body)
        paper = Paper(body)
    raw = paper.raw()
    if kind is FaultKind.MALFORMED:
        raw = raw[: len(raw) // 2]
    headers = seal.headers(raw)
    if kind is FaultKind.FORGED:
        raw = raw.replace(b'"charge":{"minor":', b'"charge":{"minor":0', 1)
    return raw, headers


def _partial(body: Body) -> None:
    """Without its last section, told to be missing."""
    if body["sections"]:
        name = list(body["sections"])[-1]
        del body["sections"][name]
        body["missing"] = [name]
        body["counts"] = counts_of(body["sections"])


def _short(body: Body) -> None:
    """Without the last record of its fullest section; the counts stay."""
    name = _fullest(body)
    if name:
        body["sections"][name].pop()
    else:
        body["counts"] = dict.fromkeys(body["counts"], 1)


def _twice(body: Body) -> None:
    """Every record of its fullest section comes again."""
    name = _fullest(body)
    if name:
        body["sections"][name] *= 2
        body["counts"] = counts_of(body["sections"])


def _stranger(body: Body) -> None:
    body["subject"] = f"{body['subject']}9"


def _future(body: Body) -> None:
    body["as_of"] = f"{int(body['as_of'][:4]) + 1}{body['as_of'][4:]}"


def _dearer(body: Body) -> None:
    body["charge"]["minor"] += 1


def _fullest(body: Body) -> str:
    """The section with most records that have a number of their own; empty when all are empty."""
    own = {
        name: len(records)
        for name, records in body["sections"].items()
        if any(_NUMBERED & record.keys() for record in records)
    }
    return max(own, key=own.__getitem__, default="")


_NUMBERED = frozenset({"id", "account"})
_SPOILT: Mapping[FaultKind, Callable[[Body], None]] = {
    FaultKind.PARTIAL: _partial,
    FaultKind.SHORT: _short,
    FaultKind.TWICE: _twice,
    FaultKind.STRANGER: _stranger,
    FaultKind.FUTURE: _future,
    FaultKind.DEARER: _dearer,
}

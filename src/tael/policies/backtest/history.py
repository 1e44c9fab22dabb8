"""A history: applications with what was known then, what was decided then, and what became of them.

Parquet, one file or a folder of them, one row an application:

=================  ==================  =============================================================
column             type                meaning
=================  ==================  =============================================================
application_id     string              its number
applied_on         date32              the day of which everything in the row was known
(inputs)           int, decimal,       every input of the policy by its name, ``amount`` and
                   string, bool        ``months`` among them; sums in major units. Doubles are
                                       refused, but in variables and what is taken from them, where
                                       one counts as its shortest decimal
pd (and others)    decimal or double   scores as known then, each field with the metadata ``model``,
                                       the hash of the model; of several models the columns are
                                       called ``pd@1`` and so on. Left out: scored now
(segments)         string              any: region, industry, channel ...
decided            string or null      approve, decline or refer: what was decided then
decided_limit      decimal or null     optional: the limit then, major units
decided_price      decimal or null     optional: the all-in rate then, a fraction a year
funded             bool or null        whether the loan was lent
bad                bool or null        the outcome; null when it is not known
bad_known_on       date32 or null      the day on which the outcome was known
loss_share         decimal or null     optional: lost of the exposure (LGD realised)
exposure_share     decimal or null     optional: exposure at default over the amount lent
truth_bad          bool or null        optional: what nobody knew, to judge reject inference by
=================  ==================  =============================================================

An application may stand there more than once, for its outcome came twice: the outcome known latest,
not after the back-test's day, counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tael.kernel import BadInput, Day
from tael.policies.backtest.scores import model_hash
from tael.policies.backtest.verdict import Decider

ID, APPLIED = "application_id", "applied_on"
MODEL = "model"
SEGMENTS = "tael.segments"
_TIMES = (APPLIED, "bad_known_on")
_NEEDED = (ID, APPLIED, "decided", "funded", "bad", "bad_known_on")
_OPTIONAL = ("decided_limit", "decided_price", "loss_share", "exposure_share", "truth_bad")
_USUAL_SEGMENTS = ("region", "industry", "channel", "size", "enterprise_kind")


@dataclass(frozen=True)
class Layout:
    """Where a history holds what a back-test reads.

    Attributes:
        columns: every column that is read.
        scores: for each version its scores: the name the rules read, and the column; empty where
            the model scores the rows.
        inputs: for each version the columns that it decides by.
        segments: columns to tell results by.
        optional: which of the optional columns are there.
    """

    columns: tuple[str, ...]
    scores: tuple[tuple[tuple[str, str], ...], ...]
    inputs: tuple[tuple[str, ...], ...]
    segments: tuple[str, ...]
    optional: tuple[str, ...]


def open_history(path: Path) -> ds.Dataset:
    """The Parquet files of a history: a file, or all ``*.parquet`` of a folder.

    Raises:
        BadInput: there are none, or they cannot be read.
    """
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise BadInput(f"{path} has no history", field="history", rule="Parquet files")
    try:
        found = ds.dataset([str(file) for file in files], format="parquet")
        # The first file's schema alone would hide what another lacks.
        for fragment in found.get_fragments():
            if set(found.schema.names) - set(fragment.physical_schema.names):
                raise BadInput(
                    f"{fragment.path} has other columns than {files[0].name}",
                    field="history",
                    rule="the same columns in each file",
                )
    except pa.ArrowException as error:
        raise BadInput(f"{path}: {error}", field="history", rule="Parquet files") from None
    return found


def history_hash(history: ds.Dataset) -> str:
    """SHA-256 over the files of a history, whatever they are called and in any order."""
    parts = []
    for file in history.files:
        with Path(file).open("rb") as data:
            parts.append(hashlib.file_digest(data, "sha256").digest())
    return hashlib.sha256(b"".join(sorted(parts))).hexdigest()


def last_day(history: ds.Dataset) -> Day:
    """The last day that stands in a history, of an application or an outcome.

    Raises:
        BadInput: no row has one.
    """
    latest: list[Any] = []
    for fragment in history.get_fragments():
        meta = pq.ParquetFile(fragment.path).metadata
        for group in range(meta.num_row_groups):
            row_group = meta.row_group(group)
            for place in range(row_group.num_columns):
                column = row_group.column(place)
                if column.path_in_schema in _TIMES and column.statistics is not None:
                    latest.append(column.statistics.max)
    known = [day for day in latest if day is not None]
    if not known:
        raise BadInput("the history has no row with a day", field=APPLIED, rule="a day in each row")
    return Day.fromordinal(max(known).toordinal())


def layout_of(
    schema: pa.Schema, deciders: Sequence[Decider], segments: Sequence[str] = ()
) -> Layout:
    """Where ``schema`` holds what the versions need.

    ``segments`` are columns to tell results by; by default those that the history names in its
    metadata, else the usual ones that are there.

    Raises:
        BadInput: names all columns that are missing, or of a type that is none of theirs.
    """
    present = set(schema.names)
    scores = tuple(_scores(schema, decider) for decider in deciders)
    inputs = tuple(_inputs(decider, have) for decider, have in zip(deciders, scores, strict=True))
    wanted = [*_NEEDED, *(name for names in inputs for name in names), *segments]
    missing = list(dict.fromkeys(name for name in wanted if name not in present))
    if missing:
        unscored = [one for one, have in zip(deciders, scores, strict=True) if not have]
        told = f"the history has no column {', '.join(missing)}{_other_models(schema, unscored)}"
        raise BadInput(
            told, code="history_columns", field=missing[0], rule="the columns of a history"
        )
    _check_types(schema, deciders, inputs)
    told_by = tuple(segments) or _segments(schema)
    optional = tuple(name for name in _OPTIONAL if name in present)
    columns = dict.fromkeys(
        [*_NEEDED, *optional, *told_by, *(name for names in inputs for name in names),
         *(column for pairs in scores for _, column in pairs)]
    )  # fmt: skip
    return Layout(tuple(columns), scores, inputs, told_by, optional)


def _inputs(decider: Decider, scores: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    names = decider.reads if scores else decider.reads | set(decider.policy.scorer.variables)
    return tuple(sorted(names))


def _scores(schema: pa.Schema, decider: Decider) -> tuple[tuple[str, str], ...]:
    """The columns of the model's scores; none where one of them is not there."""
    wanted = model_hash(decider.bundle.model)
    found: dict[str, str] = {}
    for field in schema:
        told = (field.metadata or {}).get(MODEL.encode(), b"").decode()
        if told == wanted:
            found[field.name.partition("@")[0]] = field.name
    names = list(decider.policy.scorer.gives)
    return tuple((name, found[name]) for name in names) if found.keys() >= set(names) else ()


def _other_models(schema: pa.Schema, deciders: Sequence[Decider]) -> str:
    """Whose scores stand there, in case they are none of the policy's."""
    told = sorted(
        {
            (field.metadata or {}).get(MODEL.encode(), b"").decode()[:12] or "no named model"
            for field in schema
            if field.name.partition("@")[0] == "pd"
        }
    )
    if not told or not deciders:
        return ""
    wanted = ", ".join(sorted({model_hash(one.bundle.model)[:12] for one in deciders}))
    return f"; it holds scores of {', '.join(told)}, the policy's model is {wanted}"


def _check_types(
    schema: pa.Schema, deciders: Sequence[Decider], inputs: Sequence[Sequence[str]]
) -> None:
    """An input of another type, or a double where an exact number is asked for."""
    wrong: dict[str, str] = {}
    for decider, names in zip(deciders, inputs, strict=True):
        for rule in decider.policy.inputs:
            double = rule.type == "variable" or rule.taken is not None
            held = schema.field(rule.name).type if rule.name in names else None
            if held is not None and not _fits(rule.type, held, double=double):
                wrong[rule.name] = f"{rule.name} is of {schema.field(rule.name).type}"
    for name, fits in (
        (ID, _is_text), (APPLIED, pa.types.is_date32), ("decided", _is_text),
        ("funded", _is_truth), ("bad", _is_truth), ("bad_known_on", pa.types.is_date32),
    ):  # fmt: skip
        if not fits(schema.field(name).type):
            wrong[name] = f"{name} is of {schema.field(name).type}"
    if wrong:
        raise BadInput(
            f"the history's columns {', '.join(wrong.values())}",
            code="history_types",
            field=next(iter(wrong)),
            rule="exact numbers, texts, truths and days, as the policy's inputs say",
        )


def _fits(kind: str, held: pa.DataType, *, double: bool) -> bool:
    if pa.types.is_null(held):
        return True
    if kind == "text":
        return _is_text(held)
    if kind == "boolean":
        return bool(pa.types.is_boolean(held))
    exact = pa.types.is_integer(held) or pa.types.is_decimal(held)
    return bool(exact or (double and pa.types.is_floating(held)))


def _is_text(held: pa.DataType) -> bool:
    inner = held.value_type if pa.types.is_dictionary(held) else held
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def _is_truth(held: pa.DataType) -> bool:
    return bool(pa.types.is_boolean(held))


def _segments(schema: pa.Schema) -> tuple[str, ...]:
    named = (schema.metadata or {}).get(SEGMENTS.encode())
    wanted = json.loads(named) if named else _USUAL_SEGMENTS
    return tuple(
        name for name in wanted if name in schema.names and _is_text(schema.field(name).type)
    )


def score_field(name: str, kind: pa.DataType, model: str) -> pa.Field:
    """The field of a score column, with the model it is of."""
    return pa.field(name, kind, metadata={MODEL: model})


def with_segments(schema: pa.Schema, segments: Sequence[str]) -> pa.Schema:
    """``schema`` that names its segments."""
    metadata: Mapping[Any, Any] = schema.metadata or {}
    return schema.with_metadata({**metadata, SEGMENTS: json.dumps(list(segments))})

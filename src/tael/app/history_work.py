"""A history for back-tests out of an economy: inputs and scores as known then, and what came of it.

Part by part, so that a million applications need no more memory than one part. What is written is
what ``tael.policies.backtest.history`` describes. The sealed truth stays sealed unless it is asked
for, in a column of its own, to judge reject inference by.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tael.app.history_columns import Origin, column_of
from tael.app.performance import FORM, LOAN_COLUMNS, MONTH_COLUMNS, own_outcomes
from tael.kernel import BadInput
from tael.policies import Bundle
from tael.policies.backtest import (
    Asked,
    asked_of,
    model_hash,
    probabilities,
    score_field,
    scored,
    with_segments,
)
from tael.risk import BadDefinition
from tael.risk.pipeline import MISSING_CODES, Outcomes, RatedModel, Wanted, join

_SEGMENTS = {"region": "province", "industry": "industry", "size": "size", "channel": "channel"}
_LOANS = (*LOAN_COLUMNS, "amount", "rate_bp", "owed_at_default", "recovered")
_TRUTH = ("application_id", "would_default_12m")
_SHARE = pa.decimal128(18, 9)
_EPOCH = date(1970, 1, 1)
_ROW_GROUP = 65_536


@dataclass(frozen=True)
class HistoryWanted:
    """What a history is made of.

    Attributes:
        economy: a folder as ``tael economy build`` writes it.
        values: folders of variables at each application's instant (``tael variables backfill``);
            none where no input and no model asks for one. Of two that hold a variable, the first.
        policies: whose inputs are written, and whose models score.
        models: further rated models that score.
        origins: where inputs come from, by their names.
        bad: when a loan counts as bad.
        with_truth: whether the sealed outcome of each application stands in ``truth_bad``.
    """

    economy: Path
    values: tuple[Path, ...]
    policies: tuple[Bundle, ...]
    models: tuple[str, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    bad: BadDefinition = field(default_factory=BadDefinition)
    with_truth: bool = False


@dataclass(frozen=True)
class HistoryMade:
    """What was written: rows, files, loans, and outcomes that are known."""

    rows: int
    files: int
    lent: int
    known: int
    bad: int


def build_history(
    wanted: HistoryWanted, out: Path, progress: Callable[[int, int], None] | None = None
) -> HistoryMade:
    """Write the history of an economy into ``out``, one Parquet file a part.

    Raises:
        BadInput: a folder that lacks something (named), inputs that come from nowhere (all named),
            or applications without variables.
    """
    work = _Work(wanted)
    parts = sorted((wanted.economy / "applications").glob("part-*.parquet"))
    if not parts:
        raise BadInput(
            f"{wanted.economy} has no applications", field="economy", rule="`tael economy build`"
        )
    out.mkdir(parents=True, exist_ok=True)
    counts = np.zeros(4, np.int64)
    for number, part in enumerate(parts):
        table = work.part(part.name)
        pq.write_table(table, out / part.name, row_group_size=_ROW_GROUP, compression="zstd")
        bad = table.column("bad")
        counts += [
            table.num_rows, pc.sum(table.column("funded")).as_py() or 0,
            table.num_rows - bad.null_count, pc.sum(bad).as_py() or 0,
        ]  # fmt: skip
        if progress is not None:
            progress(number + 1, len(parts))
    rows, lent, known, bads = counts.tolist()
    return HistoryMade(rows, len(parts), lent, known, bads)


class _Work:
    """The policies and models of a history, loaded once."""

    def __init__(self, wanted: HistoryWanted) -> None:
        self._wanted = wanted
        self._inputs = asked_of(wanted.policies)
        texts = dict.fromkeys([*(bundle.model for bundle in wanted.policies), *wanted.models])
        self._rated = [RatedModel.from_json(text) for text in texts if _is_rated(text)]
        self._cards = [bundle for bundle in wanted.policies if not _is_rated(bundle.model)]
        self._truth = _truth(wanted.economy) if wanted.with_truth else {}

    def part(self, name: str) -> pa.Table:
        """The rows of one part."""
        applied = _read(self._wanted.economy, "applications", name)
        seconds = applied["applied_at"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64())
        rows = _Rows(applied, seconds.to_numpy(), self._values(name))
        columns: dict[str, Any] = {
            "application_id": applied["application_id"],
            "applied_on": applied["applied_at"].cast(pa.date32()),
        }
        columns |= self._features(rows)
        columns |= self._outcomes(applied, name)
        for segment, source in _SEGMENTS.items():
            columns.setdefault(segment, applied[source])
        table = pa.table(columns)
        for field_, column in self._scores(rows, table):
            table = table.append_column(field_, column)
        return table.replace_schema_metadata(with_segments(table.schema, list(_SEGMENTS)).metadata)

    def _values(self, name: str) -> list[Path]:
        parts = [folder / name for folder in self._wanted.values]
        for part in parts:
            if not part.exists():
                raise BadInput(
                    f"{part.parent} has no {name}, the economy has",
                    field="inputs",
                    rule="variables of every part of the economy",
                )
        return parts

    def _features(self, rows: _Rows) -> dict[str, Any]:
        """The policies' inputs; all that come from nowhere are named at once."""
        made: dict[str, Any] = {}
        lost: list[str] = []
        for name, asked in self._inputs.items():
            origin = _origin(asked, self._wanted.origins)
            variable = asked.type == "variable"
            found = rows.coded(name) if variable else column_of(origin, rows.column, asked.type)
            if found is None:
                lost.append(f"{name} (from {', '.join(origin.names)})")
            made[name] = found
        if lost:
            raise BadInput(
                f"nothing tells {'; '.join(lost)}",
                field=lost[0].partition(" ")[0],
                rule="a column of the applications, a variable of the folder, or an entry of --map",
            )
        return made

    def _outcomes(self, applied: pa.Table, name: str) -> dict[str, Any]:
        """What was decided then, and what became of it."""
        loans = _read(self._wanted.economy, "loans", name, _LOANS)
        months = _read(self._wanted.economy, "loan_months", name, MONTH_COLUMNS)
        lent, bad, known = own_outcomes(
            applied["application_id"], (loans, months), self._wanted.bad
        )
        at = pc.index_in(
            applied["application_id"], value_set=loans["application_id"].combine_chunks()
        )
        row = pc.fill_null(at, -1).to_numpy().astype(np.int64)
        amount, owed, back, rate = (
            np.append(loans[each].to_numpy(), 0)[row]
            for each in ("amount", "owed_at_default", "recovered", "rate_bp")
        )
        gone = lent & (bad == 1) & (owed > 0)
        days = (known.astype("datetime64[D]").astype(np.int64)).astype(np.int32)
        unknown = np.isnan(bad)
        told = {
            "decided": pa.array(np.where(applied["approved"].to_numpy(), "approve", "decline")),
            "decided_limit": _decimals(amount, 2, ~lent),
            "decided_price": _decimals(rate, 4, ~lent),
            "funded": pa.array(lent),
            "bad": pa.array(bad == 1, mask=unknown),
            "bad_known_on": pa.array(days, pa.int32(), mask=unknown).cast(pa.date32()),
            "loss_share": _shares(owed - back, owed, gone),
            "exposure_share": _shares(owed, amount, gone),
        }
        if self._wanted.with_truth:
            truth = [self._truth.get(each) for each in applied["application_id"].to_pylist()]
            told["truth_bad"] = pa.array(truth, pa.bool_())
        return told

    def _scores(self, rows: _Rows, table: pa.Table) -> Iterator[tuple[pa.Field, Any]]:
        """Each model's scores; the columns of the second model on end on its number."""
        number = 0
        for rated in self._rated:
            scores = rated.score(rows.sample(rated))
            told = {
                "pd": probabilities(scores.pd),
                "pd_cycle": probabilities(scores.pd_cycle),
                "model_tier": pa.array(scores.tier.astype(np.int8)),
            }
            yield from _named(told, rated.hash, number)
            number += 1
        for bundle in self._cards:
            told = scored(bundle, _with_variables(bundle, rows, table))
            yield from _named(told, model_hash(bundle.model), number)
            number += 1


class _Variables:
    """One part of a folder of variables, beside the applications of a part."""

    def __init__(self, part: Path, applied: pa.Table, seconds: npt.NDArray[np.int64]) -> None:
        self.part = part
        schema = pq.read_schema(part)
        facts = schema.metadata or {}
        self.plan = facts.get(b"tael.plan", b"").decode()
        # Either a column a variable, or all of them in one list a row.
        folded = json.loads(facts[b"tael.names"]) if "values" in schema.names else None
        self._listed = None if folded is None else {name: at for at, name in enumerate(folded)}
        self._columns = frozenset(schema.names)
        self._places = self._placed(applied, seconds)
        self._lists: dict[str, npt.NDArray[Any]] = {}

    def _placed(self, applied: pa.Table, seconds: npt.NDArray[np.int64]) -> Any:
        """Which row is which application's."""
        keys = pq.read_table(self.part, columns=["borrower", "asof"])
        stamps = keys["asof"].cast(pa.timestamp("s", tz="UTC"), safe=False).cast(pa.int64())
        rows = zip(keys["borrower"].to_pylist(), stamps.to_pylist(), strict=True)
        at = {key: row for row, key in enumerate(rows)}
        mine = zip(applied["enterprise_id"].to_pylist(), seconds.tolist(), strict=True)
        places = [at.get(key, -1) for key in mine]
        if -1 in places:
            raise BadInput(
                f"{places.count(-1)} applications of {self.part.name} have no variables in "
                f"{self.part.parent}",
                field="inputs",
                row=places.index(-1) + 1,
                rule="variables of each firm at the instant of its application",
            )
        return pa.array(places, pa.int64())

    def get(self, name: str, kind: str = "values") -> Any:
        """Values as doubles, NaN where there is none; or reasons, 0 for a value.

        None where there is no variable of this name.
        """
        if self._listed is not None:
            if name not in self._listed:
                return None
            return pa.array(self._list(kind)[:, self._listed[name]]).take(self._places)
        own = name if kind == "values" else f"{name}/reason"
        if own not in self._columns:
            return None
        return pq.read_table(self.part, columns=[own]).column(0).combine_chunks().take(self._places)

    def _list(self, kind: str) -> npt.NDArray[Any]:
        if kind not in self._lists:
            lists = pq.read_table(self.part, columns=[kind]).column(0).combine_chunks()
            flat = lists.flatten().to_numpy(zero_copy_only=False)
            self._lists[kind] = flat.reshape(-1, lists.type.list_size)
        return self._lists[kind]


class _Rows:
    """The applications of one part with their variables."""

    def __init__(
        self, applied: pa.Table, seconds: npt.NDArray[np.int64], parts: Sequence[Path]
    ) -> None:
        self._applied = applied
        self._seconds = seconds
        self._variables = [_Variables(part, applied, seconds) for part in parts]

    def column(self, name: str) -> Any:
        """A column of the application, by its own name or as ``form.NAME``, or a variable."""
        own = name.removeprefix(FORM)
        if own in self._applied.column_names:
            return self._applied[own].combine_chunks()
        return next((c for v in self._variables if (c := v.get(name)) is not None), None)

    def coded(self, name: str) -> Any:
        """A variable as models and rules read it: a double, or the code of its kind of missing.

        None where there is no variable of this name.
        """
        for each in self._variables:
            values, reasons = each.get(name), each.get(name, "reasons")
            if values is not None and reasons is not None:
                why = reasons.to_numpy(zero_copy_only=False).astype(np.intp)
                doubles = np.asarray(values.to_numpy(zero_copy_only=False), np.float64)
                return pa.array(np.where(why > 0, np.array([0.0, *MISSING_CODES])[why], doubles))
        return None

    def sample(self, rated: RatedModel) -> Any:
        """What a rated model reads."""
        part = next((v.part for v in self._variables if v.plan == rated.plan), None)
        if part is None:
            raise BadInput(
                f"no folder of variables follows the plan of the model, {rated.plan[:12]}",
                field="inputs",
                rule="variables of the plan that the model was trained on",
            )
        names = self._applied.column_names
        form = [name for name in rated.names if name.startswith(FORM)]
        table = pa.table(
            {f"{FORM}{name}": self._applied[name] for name in names if f"{FORM}{name}" in form}
        )
        count = self._applied.num_rows
        outcomes = Outcomes(
            np.array(self._applied["enterprise_id"].to_pylist(), dtype=object),
            self._seconds.astype("datetime64[s]"),
            np.full(count, np.nan),
            np.full(count, np.datetime64("NaT"), "datetime64[s]"),
            np.ones(count),
            table,
            part.name,
        )
        computed = [name for name in rated.names if not name.startswith(FORM)]
        return join([part], outcomes, Wanted(computed, form))


def _origin(asked: Asked, origins: Mapping[str, Origin]) -> Origin:
    if asked.variable:
        missing = None if asked.missing is None else str(asked.missing)
        return Origin((asked.variable,), missing=missing, scale=asked.scale)
    return origins.get(asked.name) or Origin((asked.name,))


def _is_rated(text: str) -> bool:
    return '"tael.rated/' in text


def _with_variables(bundle: Bundle, rows: _Rows, table: pa.Table) -> pa.Table:
    """The table with the variables that a scorecard reads and the rules do not."""
    names = json.loads(bundle.variables)["names"] if bundle.variables else []
    for name in names:
        column = None if name in table.column_names else rows.coded(name)
        if column is not None:
            table = table.append_column(name, column)
    return table


def _named(told: Mapping[str, Any], model: str, number: int) -> Iterator[tuple[pa.Field, Any]]:
    for name, column in told.items():
        full = name if not number else f"{name}@{number}"
        yield score_field(full, column.type, model), column


def _read(folder: Path, kind: str, name: str, columns: tuple[str, ...] | None = None) -> pa.Table:
    path = folder / kind / name
    if not path.exists():
        raise BadInput(f"{folder} has no {kind}/{name}", field=kind, rule="`tael economy build`")
    return pq.read_table(path, columns=list(columns) if columns else None)


def _truth(economy: Path) -> dict[str, bool | None]:
    path = economy / "sealed" / "truth.parquet"
    if not path.exists():
        raise BadInput(f"{economy} has no sealed truth", field="with_truth", rule=str(path))
    table = pq.read_table(path, columns=list(_TRUTH))
    return dict(zip(*(table[name].to_pylist() for name in _TRUTH), strict=True))


def _decimals(values: npt.NDArray[np.int64], digits: int, missing: npt.NDArray[np.bool_]) -> Any:
    wide = np.zeros((len(values), 2), np.int64)
    wide[:, 0] = np.where(missing, 0, values)
    column = pa.Array.from_buffers(
        pa.decimal128(18, digits), len(values), [None, pa.py_buffer(wide)]
    )
    return pc.if_else(pa.array(missing), pa.scalar(None, column.type), column)


def _shares(
    part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64], told: npt.NDArray[np.bool_]
) -> Any:
    """Shares in billionths, cut to between 0 and 1."""
    safe = np.where(told, whole, 1)
    billionths = np.clip(part, 0, safe).astype(object) * 10**9 // safe
    return _decimals(billionths.astype(np.int64), 9, ~told)

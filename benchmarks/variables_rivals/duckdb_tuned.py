"""DuckDB, tuned by hand: one bucket a leaf and age, grouping sets, then sums over windows.

Result in long form, a row for each filter and window that holds an event: what DuckDB writes
quickest; or fetched and laid out wide, as a model reads it. Sums are doubles, which is quicker than
its wide integers, and exact here. Some thousand borrowers a query are quicker than all at once.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import numpy as np

from variables_rivals.workload import (
    AGGREGATES,
    ALL,
    CATEGORIES,
    COLUMNS,
    DAY,
    SECONDS,
    WINDOWS,
    Answers,
    Data,
    Done,
)

BATCH = 2_000  # borrowers a query
_AGE = " ".join(
    f"when age <= {seconds} then {number}" for number, seconds in enumerate(SECONDS[:-1])
)
_BUCKET = f"(case {_AGE} else {len(WINDOWS) - 1} end)::tinyint"
_ALONG = "over (partition by borrower, category, direction order by bucket)"
_SETS = ", ".join(
    f"(borrower, {names} %s)" for names in ("category, direction,", "category,", "direction,", "")
)
QUERY = f"""
with known as materialized (
  select *, {_BUCKET} as bucket from events
  where age > 0 and borrower >= $begin and borrower < $finish
), leaf as (
  select borrower, category, direction, bucket, count(*)::double as n, sum(a) as a,
    sum(a * a) as aa, sum(d) as d, sum(d * d) as dd, sum(a * d) as ad, min(a) as low,
    max(a) as high, min(age) as young, max(age) as old, min(newest) as newest
  from known group by all
), rolled as (
  select borrower, category, direction, bucket, sum(n) as n, sum(a) as a, sum(aa) as aa,
    sum(d) as d, sum(dd) as dd, sum(ad) as ad, min(low) as low, max(high) as high,
    min(young) as young, max(old) as old, min(newest) as newest
  from leaf group by grouping sets ({_SETS % (("bucket",) * 4)})
), newest_of_key as (
  select borrower, category, direction, key, min(bucket) as bucket from known group by all
), keys as (
  select borrower, category, direction, bucket, count(*) as keys from (
    select borrower, category, direction, key, min(bucket) as bucket
    from newest_of_key group by grouping sets ({_SETS % (("key",) * 4)})
  ) group by all
), joined as (
  select rolled.*, coalesce(keys, 0) as keys from rolled left join keys
    on rolled.borrower = keys.borrower and rolled.bucket = keys.bucket
    and rolled.category is not distinct from keys.category
    and rolled.direction is not distinct from keys.direction
), nested as (
  select borrower, category, direction, bucket, sum(n) {_ALONG} as n, sum(a) {_ALONG} as a,
    sum(aa) {_ALONG} as aa, sum(d) {_ALONG} as d, sum(dd) {_ALONG} as dd, sum(ad) {_ALONG} as ad,
    min(low) {_ALONG} as low, max(high) {_ALONG} as high, min(young) {_ALONG} as young,
    max(old) {_ALONG} as old, min(newest) {_ALONG} as newest, sum(keys) {_ALONG} as keys,
    coalesce(lead(bucket) {_ALONG}, {len(WINDOWS)}) as following, lead(n) {_ALONG} as more
  from joined
), moments as (
  select *, case when n > 1 then sqrt((n * aa - a * a) / (n * (n - 1))) end as deviation,
    case when n * dd <> d * d then (a * d - n * ad) / (n * dd - d * d) end as trend
  from nested
), filled as (
  select *, unnest(range(bucket, following)) as place from moments
), whole as (
  select borrower, place, n as whole_n, a as whole_a
  from filled where category is null and direction is null
)
select filled.borrower, coalesce(category, {CATEGORIES}) * 3 + coalesce(direction, 2) as filter,
  filled.place as place, n as n, a as sum, a / n as mean, low as min, high as max,
  deviation as std, deviation / abs(a / n) as cv, newest & 4294967295 as last, trend as slope,
  young / {DAY}.0 as days_since_last, old / {DAY}.0 as days_since_first,
  case when n > 1 then (old - young) / ({DAY}.0 * (n - 1)) end as gap_mean, keys as distinct_keys,
  a / whole_a as share_amount, n / whole_n as share_count,
  case when filled.place = {len(WINDOWS) - 1} then null when filled.place + 1 < following then 1.0
    else n / (n + more) end as velocity
from filled join whole on filled.borrower = whole.borrower and filled.place = whole.place
"""  # noqa: S608 - our own text
_COLUMNS = [{"distinct": "distinct_keys"}.get(name, name) for name in AGGREGATES]


class Prepared(NamedTuple):
    connection: duckdb.DuckDBPyConnection
    borrowers: int
    wide: bool


def prepare(data: Data, seconds: float, *, wide: bool = False) -> Prepared:  # noqa: ARG001 - one way for all rivals
    """A table in DuckDB's memory, with days, doubles and the newest amount as one number each."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("set preserve_insertion_order = false")
    connection.register("given", data.events)
    connection.execute(
        f"""create table events as select borrower, category, direction, age, key,
        (age // {DAY})::double as d, amount::double as a, place * 4294967296 + amount as newest
        from given"""  # noqa: S608 - our own text
    )
    return Prepared(connection, len(data.asof), wide)


def compute(prepared: Prepared) -> Done:
    """All variables of all borrowers: into a table, or batch by batch into one array."""
    if prepared.wide:
        return Done(len(COLUMNS), _wide(prepared))
    prepared.connection.execute("drop table if exists result")
    for number, begin in enumerate(range(0, prepared.borrowers, BATCH)):
        how = "insert into result" if number else "create table result as"
        _ask(prepared, f"{how} {QUERY}", begin)
    return Done(len(COLUMNS), prepared.connection)


def values(done: Done) -> Answers:
    if isinstance(done.result, np.ndarray):
        return _answers(done.result)
    found = done.result.execute("select * from result where borrower < 50").fetchnumpy()
    return _answers(_laid_out(found, 0, int(found["borrower"].max()) + 1))


def _ask(prepared: Prepared, query: str, begin: int) -> duckdb.DuckDBPyConnection:
    finish = min(begin + BATCH, prepared.borrowers)
    literal = query.replace("$begin", str(begin)).replace("$finish", str(finish))
    return prepared.connection.execute(literal)


def _wide(prepared: Prepared) -> np.ndarray:
    """The values of the first borrowers; every batch is laid out."""
    kept = None
    for begin in range(0, prepared.borrowers, BATCH):
        found = _ask(prepared, QUERY, begin).fetchnumpy()
        laid = _laid_out(found, begin, min(BATCH, prepared.borrowers - begin))
        kept = laid[:50] if kept is None else kept
    return kept


def _laid_out(found: dict[str, np.ndarray], begin: int, size: int) -> np.ndarray:
    """Float64[borrowers, filters, windows, 16]; what has no row has no event."""
    out = np.full((size, ALL + 1, len(WINDOWS), len(AGGREGATES)), np.nan)
    rows = (found["borrower"] - begin, found["filter"], found["place"])
    for number, name in enumerate(_COLUMNS):
        out[(*rows, number)] = np.ma.filled(found[name].astype(np.float64), np.nan)
    return out


def _answers(out: np.ndarray) -> Answers:
    """With the counts, sums and parts of cells that have no row, which are zero."""
    place = {name: number for number, name in enumerate(AGGREGATES)}
    empty = np.isnan(out[..., place["n"]])
    for name in ("n", "sum", "distinct"):
        out[..., place[name]][empty] = 0.0
    held = out[:, ALL:, :, place["n"]] > 0
    for name in ("share_amount", "share_count"):
        out[..., place[name]][empty & held] = 0.0
    longer = out[:, :, 1:, place["n"]] > 0
    out[:, :, :-1, place["velocity"]][empty[..., :-1] & longer] = 0.0
    flat = np.stack([out[:, f, w, place[name]] for f, w, name in COLUMNS], axis=1)
    return Answers(np.arange(len(out)), np.arange(len(COLUMNS)), flat)

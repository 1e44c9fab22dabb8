"""Small histories of the first policy, with outcomes, and a scorecard that any of them may use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.dmn.authoring import Draft, InputColumn, OutputColumn, Rule, Table
from tael.kernel import Day
from tael.policies import Bundle, first_bundle
from tael.policies.backtest import Economics, Settings, model_hash, score_field
from tael.risk import Scorecard

AS_OF = Day(2024, 1, 1)
# What the rules of the first policy look at, and the figures at which they turn.
CUTS: Mapping[str, tuple[str, ...]] = {
    "owner_age": ("19", "20", "65", "66", "120"),
    "years_in_business": ("0", "1", "2"),
    "monthly_revenue": ("0", "0.01", "20000", "100000"),
    "bank_turnover_12m": ("0", "120000", "600000", "1200000"),
    "tax_paid_12m": ("0", "0.01", "20000"),
    "debt_ratio": ("0", "1.19", "1.2", "1.201"),
    "overdue_count_24m": ("0", "6", "7"),
    "enquiries_6m": ("1", "12", "13"),
    "months": ("1", "2", "3", "12", "36", "37"),
    "amount": ("1", "9999.99", "10000", "150000", "300000", "300000.01", "1000001"),
    "pd": ("0.009999999", "0.01", "0.019999999", "0.02", "0.035", "0.06", "0.1", "0.159999999",
           "0.16", "0.2"),
}  # fmt: skip
_DIGITS = {
    "monthly_revenue": 2, "bank_turnover_12m": 2, "tax_paid_12m": 2, "total_debt": 2,
    "debt_ratio": 3, "revenue_volatility": 2, "amount": 2, "pd": 9,
}  # fmt: skip


@functools.cache
def scorecard() -> str:
    """A scorecard of two variables, learnt of nothing in particular."""
    draw = np.random.default_rng(7)
    columns = {"revenue_volatility": draw.random(4000), "debt_ratio": draw.random(4000) * 1.5}
    chance = 0.02 + 0.2 * columns["revenue_volatility"] * columns["debt_ratio"]
    return Scorecard().fit(columns, (draw.random(4000) < chance).astype(int)).to_json()


def inputs(rows: int, seed: int = 1) -> dict[str, Any]:
    """Columns of the first policy's inputs, half of them on or beside a cut, and ``pd``."""
    draw = np.random.default_rng(seed)

    def near(name: str, low: int, high: int) -> Any:
        digits = _DIGITS.get(name, 0)
        units = draw.integers(low, high, rows)
        cuts = np.array([int(Decimal(cut).scaleb(digits)) for cut in CUTS.get(name, ("1",))])
        chosen = np.where(draw.random(rows) < 0.5, draw.choice(cuts, rows), units)
        if not digits:
            return pa.array(chosen)
        kind = pa.decimal128(18, digits)
        return pa.array([Decimal(each).scaleb(-digits) for each in chosen.tolist()], kind)

    def words(*known: str) -> Any:
        return pa.array(draw.choice(np.array(known), rows).tolist())

    return {
        "owner_age": near("owner_age", 18, 70),
        "years_in_business": near("years_in_business", 0, 20),
        "employees": near("employees", 0, 50),
        "monthly_revenue": near("monthly_revenue", 0, 20_000_000),
        "bank_turnover_12m": near("bank_turnover_12m", 0, 200_000_000),
        "tax_paid_12m": near("tax_paid_12m", 0, 1_000_000),
        "total_debt": near("total_debt", 0, 50_000_000),
        "debt_ratio": near("debt_ratio", 0, 1_000),
        "revenue_volatility": near("revenue_volatility", 0, 90),
        "overdue_count_24m": near("overdue_count_24m", 0, 3),
        "enquiries_6m": near("enquiries_6m", 0, 9),
        "active_loans": near("active_loans", 0, 4),
        "owns_property": pa.array((draw.random(rows) < 0.5).tolist()),
        "region": words("310000", "440000"),
        "industry": words(*["F52"] * 20, "gambling"),
        "enterprise_kind": words("company", "individual_business"),
        "amount": near("amount", 1_000_000, 60_000_000),
        "months": near("months", 3, 36),
        "pd": near("pd", 1_000_000, 120_000_000),
    }


def history_table(rows: int = 400, seed: int = 1, **columns: object) -> pa.Table:
    """A history of the first policy: those of a low PD were approved then, and have an outcome."""
    draw = np.random.default_rng(seed + 1)
    made = inputs(rows, seed)
    pd = np.array([float(each) for each in made["pd"].to_pylist()])
    applied = draw.integers(17_500, 19_000, rows)
    lent = pd < 0.05
    bad = draw.random(rows) < 6 * pd
    known = (applied + 400).astype(np.int32)
    decimals = pa.decimal128(18, 2)
    made |= {
        "application_id": pa.array([f"A{row:06d}" for row in range(rows)]),
        "applied_on": pa.array(applied.astype(np.int32)).cast(pa.date32()),
        "decided": pa.array(np.where(lent, "approve", "decline").tolist()),
        "decided_limit": pa.array([Decimal(200_000)] * rows, decimals),
        "decided_price": pa.array([Decimal("0.15")] * rows, decimals),
        "funded": pa.array(lent.tolist()),
        "bad": pa.array(bad.tolist(), mask=~lent),
        "bad_known_on": pa.array(known, mask=~lent).cast(pa.date32()),
        "truth_bad": pa.array(bad.tolist()),
        "channel": pa.array(draw.choice(["branch", "online"], rows).tolist()),
    }
    table = pa.table(made | columns)
    place = table.column_names.index("pd")
    scored = score_field("pd", table.schema.field("pd").type, model_hash(scorecard()))
    return table.set_column(place, scored, table.column("pd"))


PRICES = Table(
    (InputColumn("tier", "number"),),
    (OutputColumn("bank_interest"), OutputColumn("guarantee_fee"), OutputColumn("ceiling")),
    (
        Rule(("1",), ("0.055", "0.06", "300000")),
        Rule(("4",), ("0.06", "0.12", "120000")),
        Rule(("7",), ("0.06", "0.2", "0")),
    ),
)
TIER = Table(
    (InputColumn("pd", "number"),),
    (OutputColumn(type="number"),),
    (Rule(("< 0.02",), ("1",)), Rule(("[0.02..0.1)",), ("4",)), Rule((">= 0.1",), ("7",))),
)
OUTCOME = Table(
    (
        InputColumn("tier", "number"), InputColumn("debt_ratio", "number"),
        InputColumn("burden", "number"),
    ),
    (OutputColumn(type="string"),),
    (
        Rule(("7", "-", "-"), ('"decline"',), ("risk_too_high",)),
        Rule(("-", "> 0.9", "-"), ('"decline"',), ("over_indebted",)),
        Rule(("-", "-", "> months / 2"), ('"decline"',), ("instalment_too_heavy",)),
        Rule(("4", "(0.5..0.9]", "> 0.25"), ('"refer"',), ("weak_tier_large_amount",)),
        Rule(("-", "-", "-"), ('"approve"',), ("",)),
    ),
    hit_policy="FIRST",
    annotations=("reason",),
)  # fmt: skip
ROUTING = Table(
    (InputColumn("amount", "number"),),
    (OutputColumn(type="string"),),
    (Rule(("> 200000",), ('"desk"',)), Rule(("<= 200000",), ('"none"',))),
)


def small_policy() -> Bundle:
    """A policy of a few thresholds of every kind; its reasons stand at its rules."""
    draft = Draft.new("small", "https://tael.example/small")
    for name in ("amount", "months", "debt_ratio", "monthly_revenue", "pd"):
        draft = draft.input(name, "number")
    burden = "if monthly_revenue > 0 then amount / months / monthly_revenue else 9"
    draft = draft.decision("burden", burden, "number").decision("tier", TIER, "number")
    draft = draft.decision("outcome", OUTCOME, "string").decision("routing", ROUTING, "string")
    draft = draft.decision("prices", PRICES)
    draft = draft.decision("limit", "min(prices.ceiling, amount * 1.2)", "number")
    return replace(first_bundle(scorecard()), dmn=draft.to_xml())


@dataclass(frozen=True)
class Bench:
    """A folder for histories, the first policy and what is assumed."""

    folder: Path
    bundle: Bundle
    economics: Economics

    @property
    def settings(self) -> Settings:
        """With nothing but the assumptions."""
        return Settings(self.economics)

    def kept(self, table: pa.Table, name: str = "history", files: int = 1) -> Path:
        """The table in so many files of a folder."""
        folder = self.folder / name
        folder.mkdir()
        size = -(-table.num_rows // files)
        for number in range(files):
            part = table.slice(number * size, size)
            pq.write_table(part, folder / f"part-{number:05d}.parquet", row_group_size=64)
        return folder


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, first_bundle(scorecard()), Economics(AS_OF))


@pytest.fixture
def small(bench: Bench) -> Bench:
    """The same bench with the small policy."""
    return replace(bench, bundle=small_policy())


@pytest.fixture(scope="session")
def table_of() -> Callable[..., pa.Table]:
    """Makes histories."""
    return history_table


@pytest.fixture(scope="session")
def inputs_of() -> Callable[..., dict[str, Any]]:
    """Makes columns of inputs."""
    return inputs

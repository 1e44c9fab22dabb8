"""A shadow beside an incumbent policy on an economy whose truth is known; prints one JSON object.

Run: ``python benchmarks/shadow.py --economy DIR [--page FILE]``, where ``tael economy build --size
small`` made DIR. About a minute on one core.

Both versions are the shipped rules around a scorecard of their own. The incumbent's is learnt from
the loans of 2009 to 2013 and four papers; the shadow's from those of 2009 to 2017 and ten. Each
learns from loans whose outcome was known within a year and a month after. Both decide every
application of 2019 to 2023, each difference gets its class, and default is compared at the
incumbent's approval rate: as a lender sees it, who knows the outcomes of loans alone, and in truth,
which the sealed tables tell of every application. Papers that know the future (turnover check,
batch series, follow-up calls) are left out.

Beside it the declines that the economy's own policy accepted by lot: their weighted default, what
the shadow's model said of them, and the truth of all declines.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tael.kernel import Rate
from tael.policies import first_bundle
from tael.policies.engines import ENGINES
from tael.policies.experiments import (
    Declines,
    EqualRate,
    Results,
    Scores,
    classify,
    default_at_equal_rate,
    default_of_declines,
    experiment_page,
    verdict_table,
)
from tael.policies.rules import checked, evaluate
from tael.policies.texts import Policy, load
from tael.risk import Feature, Interval, Scorecard, auc

CAP = Rate.percent(24)
FEW = ("debt_ratio", "enquiries_6m", "overdue_count_24m", "years_in_business")
MORE = (*FEW, "monthly_revenue", "bank_turnover_12m", "owner_age", "invoices_12m", "late_taxes_12m",
        "court_cases")  # fmt: skip
FIRST, JUDGED = (
    np.datetime64("2009-01-01"),
    (np.datetime64("2019-01-01"), np.datetime64("2024-01-01")),
)
LEARNT = {
    "incumbent": (FEW, np.datetime64("2014-01-01")),
    "shadow": (MORE, np.datetime64("2018-01-01")),
}
LOT = (np.datetime64("2016-01-01"), 0.02)  # from when on, and the share: as the economy is built
FEN_A_MONTH = 1_200
Columns = Mapping[str, npt.NDArray[Any]]


def main() -> None:
    """Read, learn, decide twice, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--economy", type=Path, required=True)
    parser.add_argument("--page", type=Path, help="write the report to this HTML file")
    asked = parser.parse_args()
    seconds: dict[str, float] = {}
    rows = timed(seconds, "read", lambda: papers(asked.economy))
    cards = timed(seconds, "learn", lambda: {n: card(rows, *how) for n, how in LEARNT.items()})
    judged = {name: each[between(rows, *JUDGED)] for name, each in rows.items()}
    policies = {name: policy(each) for name, each in cards.items()}
    verdicts = timed(
        seconds, "decide", lambda: {n: decided(each, judged) for n, each in policies.items()}
    )
    shadow, _ = timed(
        seconds, "classify", lambda: classify(verdicts["incumbent"], verdicts["shadow"])
    )
    pd = {
        name: each.predict_proba({n: judged[n] for n in each.names_})[:, 1]
        for name, each in cards.items()
    }
    rate = shadow.approved[0] / shadow.rows
    equal = timed(
        seconds,
        "equal_rate",
        lambda: {
            name: default_at_equal_rate(
                Scores(pd["incumbent"], pd["shadow"], judged[name], judged["borrower"]), rate
            )
            for name in ("bad", "truth")
        },
    )
    lot = timed(seconds, "lot", lambda: declines(rows, cards["shadow"]))
    if asked.page is not None:
        page = experiment_page(
            Results(shadow=shadow, equal=equal["bad"], declines=lot[0]),
            source=str(asked.economy.name),
        )
        page.write(asked.page)
    found = {
        "applications": shadow.rows,
        "approved": dict(zip(LEARNT, shadow.approved, strict=True)),
        "different": shadow.different,
        "classes": {one.kind.value: one.rows for one in shadow.classes},
        "classified": sum(one.rows for one in shadow.classes) == shadow.rows,
        "auc": {
            name: {
                which: round(auc(judged[which][ok], each[ok]), 4)
                for which, ok in known(judged).items()
            }
            for name, each in pd.items()
        },
        "at_equal_rate": {
            "rate": round(rate, 4),
            "as_seen": told(equal["bad"]),
            "in_truth": told(equal["truth"]),
        },
        "lot": lot[1],
        "seconds": {name: round(each, 2) for name, each in seconds.items()},
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }
    print(json.dumps(found, indent=1))


def timed(seconds: dict[str, float], name: str, work: Any) -> Any:
    """What ``work`` gives; how long it took is kept."""
    started = time.perf_counter()
    found = work()
    seconds[name] = time.perf_counter() - started
    return found


def papers(economy: Path) -> dict[str, npt.NDArray[Any]]:
    """Every application as inputs of the shipped policy, with its outcome and the truth."""
    applied = _table(economy / "applications")
    loans = _table(economy / "loans")
    sealed = pq.read_table(
        economy / "sealed/truth.parquet", columns=["application_id", "would_default_12m"]
    )
    bad = dict(zip(_of(loans, "application_id"), _of(loans, "default_12m"), strict=True))
    when = dict(zip(_of(loans, "application_id"), _of(loans, "label_known_on"), strict=True))
    truth = dict(zip(_of(sealed, "application_id"), _of(sealed, "would_default_12m"), strict=True))
    ids = _of(applied, "application_id")
    sales = np.array(_of(applied, "stated_sales_12m"), dtype=float)
    return {
        "application": np.array(ids, dtype=object),
        "borrower": np.array(_of(applied, "enterprise_id"), dtype=object),
        "applied": applied.column("applied_at").to_numpy().astype("datetime64[D]"),
        "reason": np.array(_of(applied, "reason"), dtype=object),
        "at_random": np.array(_of(applied, "at_random"), dtype=bool),
        "bad": np.array([_flag(bad.get(one)) for one in ids]),
        "known": np.array([when.get(one) for one in ids], dtype="datetime64[D]"),
        "truth": np.array([_flag(truth.get(one)) for one in ids]),
        "debt_ratio": _number(applied, "debt_ratio").round(4),
        "enquiries_6m": _number(applied, "enquiries_6m"),
        "overdue_count_24m": _number(applied, "overdue_24m"),
        "years_in_business": _number(applied, "firm_age_months") // 12,
        "owner_age": _number(applied, "owner_age"),
        "monthly_revenue": (sales / FEN_A_MONTH).round(2),
        "bank_turnover_12m": (_number(applied, "bank_sales_12m") / 100).round(2),
        "invoices_12m": _number(applied, "invoice_sales_12m") / 100,
        "late_taxes_12m": _number(applied, "tax_late_12m"),
        "court_cases": _number(applied, "court_cases"),
        "property": np.array(_of(applied, "property"), dtype=bool),
        "region": np.array(_of(applied, "province"), dtype=object),
        "industry": np.array(_of(applied, "industry"), dtype=object),
        "size": np.array(_of(applied, "size"), dtype=object),
        "amount": _number(applied, "amount_asked") / 100,
        "months": _number(applied, "months_asked"),
    }


def card(rows: Columns, names: tuple[str, ...], until: np.datetime64) -> Scorecard:
    """A scorecard of what was known of the loans applied for before ``until``, 13 months later."""
    settled = rows["known"] <= until + np.timedelta64(395, "D")
    mine = between(rows, FIRST, until) & settled & ~np.isnan(rows["bad"])
    columns = {name: rows[name][mine] for name in names}
    return Scorecard([Feature(name) for name in names]).fit(columns, rows["bad"][mine])


def policy(card: Scorecard) -> Policy:
    """The shipped rules around a scorecard; what it reads besides becomes an input."""
    bundle = first_bundle(card.to_json())
    parameters = json.loads(bundle.parameters)
    for name in MORE:
        parameters["inputs"].setdefault(name, {"type": "number"})
    return load(replace(bundle, parameters=json.dumps(parameters)), ENGINES)


def decided(policy: Policy, rows: Columns) -> pa.Table:
    """The verdicts on all rows, one by one, as a live decision makes them."""
    return verdict_table(
        (
            str(rows["application"][row]),
            evaluate(policy, checked(policy, one), cap=CAP)[0].as_json(),
        )
        for row, one in enumerate(inputs(rows))
    )


def inputs(rows: Columns) -> list[dict[str, object]]:
    """Rows as the shipped policy asks for them; what no paper tells is what does no harm."""
    whole = ("years_in_business", "owner_age", "overdue_count_24m", "enquiries_6m", "months")
    exact = ("monthly_revenue", "bank_turnover_12m", "debt_ratio", "amount", "invoices_12m",
             "late_taxes_12m", "court_cases")  # fmt: skip
    held = {name: [int(each) for each in rows[name]] for name in whole}
    held |= {name: [_exact(each) for each in rows[name]] for name in exact}
    held |= {"region": rows["region"].tolist(), "industry": rows["industry"].tolist()}
    held["owns_property"] = rows["property"].tolist()
    small = (rows["size"] == "own_account").tolist()
    held["enterprise_kind"] = ["individual_business" if each else "company" for each in small]
    held["total_debt"] = [
        r * s * 12 for r, s in zip(held["debt_ratio"], held["monthly_revenue"], strict=True)
    ]
    still = {"employees": 3, "tax_paid_12m": 1, "revenue_volatility": 0, "active_loans": 1}
    names = list(held)
    return [
        {**dict(zip(names, row, strict=True)), **still} for row in zip(*held.values(), strict=True)
    ]


def declines(rows: Columns, model: Scorecard) -> tuple[Any, dict[str, Any]]:
    """What the lot says of the declines of the economy's own policy, beside the truth."""
    begins, share = LOT
    mine = (rows["reason"] != "") & (rows["applied"] >= begins) & ~np.isnan(rows["truth"])
    here = {name: each[mine] for name, each in rows.items()}
    bad = np.where(here["at_random"], here["bad"], np.nan)
    pd = model.predict_proba({name: here[name] for name in model.names_})[:, 1]
    figures = default_of_declines(Declines(np.full(len(bad), share), here["at_random"], bad, pd))
    against = figures.against[0]
    return figures, {
        "declines": figures.declines,
        "accepted": figures.accepted,
        "known": figures.known,
        "default": rounded(figures.default),
        "truth": round(float(here["truth"].mean()), 4),
        "covers_the_truth": figures.default.low
        <= float(here["truth"].mean())
        <= figures.default.high,
        "pd": round(against.claim, 4),
        "pd_within": against.within,
    }


def told(found: EqualRate) -> dict[str, Any]:
    """An equal rate as JSON."""
    return {
        "incumbent": rounded(found.default[0]),
        "shadow": rounded(found.default[1]),
        "difference": rounded(found.difference),
        "shadow_lower_in_resamples": found.below,
        "known": [round(each, 4) for each in found.known],
        "if_unknown_good": round(found.if_good, 4),
        "if_unknown_bad": round(found.if_bad, 4),
        "swapped_in": found.swapped,
    }


def rounded(interval: Interval) -> list[float]:
    """Value, low and high."""
    return [round(each, 4) for each in (interval.value, interval.low, interval.high)]


def between(rows: Columns, first: np.datetime64, until: np.datetime64) -> npt.NDArray[np.bool_]:
    """Applications from a day to before another."""
    found: npt.NDArray[np.bool_] = (rows["applied"] >= first) & (rows["applied"] < until)
    return found


def known(rows: Columns) -> dict[str, npt.NDArray[np.bool_]]:
    """Rows whose outcome is seen, and whose truth is told."""
    return {name: ~np.isnan(rows[name]) for name in ("bad", "truth")}


def _table(folder: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("*.parquet"))])


def _of(table: pa.Table, name: str) -> list[Any]:
    found: list[Any] = table.column(name).to_pylist()
    return found


def _number(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """A paper that is missing counts as 0, for the models and for the rules."""
    return np.array([float(each or 0) for each in _of(table, name)])


def _flag(value: object) -> float:
    return float("nan") if value is None else float(bool(value))


def _exact(value: float) -> Decimal:
    return Decimal(str(round(float(value), 4)))


if __name__ == "__main__":
    main()

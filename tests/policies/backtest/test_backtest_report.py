"""What is written: every verdict and figure as Parquet, a summary with the hash, pages to read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.policies.backtest import Backtest, Steps, Version, Written, backtest, write
from tael.policies.backtest.amounts import amount, interval, share
from tael.policies.backtest.page import page

if TYPE_CHECKING:
    from tests.policies.backtest.conftest import Bench

Tables = Callable[..., pa.Table]


@pytest.fixture
def tried(small: Bench, table_of: Tables) -> tuple[Backtest, tuple[Version, ...]]:
    table = table_of(240, 3)
    later = table.slice(0, 3).to_pylist()
    twice = pa.concat_tables([table, pa.Table.from_pylist(later, schema=table.schema)])
    looser = small.bundle.dmn.replace("&gt; 0.9<", "&gt; 1.2<")
    versions = (
        Version("2026.2", small.bundle),
        Version("2026.1", replace(small.bundle, dmn=looser)),
    )
    settings = replace(small.settings, steps=Steps((Decimal(5),), (Decimal(25),)))
    return backtest(small.kept(twice), versions, settings), versions


def test_every_verdict_and_figure_is_written(
    small: Bench, tried: tuple[Backtest, tuple[Version, ...]]
) -> None:
    found, versions = tried
    made = write(found, small.folder / "out", Written(versions, "a history"))
    assert [path.name for path in made] == [
        "verdicts.parquet", "figures.parquet", "swaps.parquet", "thresholds.parquet",
        "summary.json", "report.html", "report.zh.html",
    ]  # fmt: skip
    verdicts = pq.read_table(made[0]).to_pylist()
    assert [row["application_id"] for row in verdicts] == sorted(
        row["application_id"] for row in verdicts
    )
    ruled = found.cases.version("2026.2")
    assert sum(row["2026.2.lent_minor"] for row in verdicts) == int(ruled.lent.sum())
    assert [row["2026.2.outcome"] == "approve" for row in verdicts] == ruled.approved.tolist()
    assert {row["2026.2.reason"] for row in verdicts} >= {"", "over_indebted", "risk_too_high"}
    assert {row["2026.2.option"] for row in verdicts} == {"", "equal_principal"}
    assert verdicts[0]["2026.2.pd"] == Decimal(int(ruled.pd[0])).scaleb(-9)
    assert all(
        (row["2026.2.profit_minor"] is None) == (row["bad"] is None or not approved)
        for row, approved in zip(verdicts, ruled.approved, strict=True)
    )
    assert "then.outcome" in verdicts[0]
    assert "then.tier" not in verdicts[0]
    figures = pq.read_table(made[1]).to_pylist()
    whole = next(row for row in figures if row["version"] == "2026.2" and not row["by"])
    assert {name: whole[name] for name in found.versions[0].overall.as_json()} == (
        found.versions[0].overall.as_json()
    )
    assert pq.read_table(made[3]).num_rows == len(found.moves.moves if found.moves else ())


def test_the_summary_holds_every_figure_and_the_hash(
    small: Bench, tried: tuple[Backtest, tuple[Version, ...]]
) -> None:
    found, versions = tried
    made = write(found, small.folder / "out", Written(versions, verdicts=False))
    assert "verdicts.parquet" not in {path.name for path in made}
    summary = json.loads((small.folder / "out" / "summary.json").read_text("utf-8"))
    assert summary["result_hash"] == found.result_hash
    assert summary["history"]["repeated"] == 3
    assert summary["economics"]["sources"]["prepayment"].startswith("assumed")
    assert [told["name"] for told in summary["versions"]] == ["2026.2", "2026.1", "then"]
    assert summary["sensitivity"]["moves"]
    record = found.key_figures()
    assert record["approved"] == summary["versions"][0]["overall"]["approved"]


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en", ["Back-test of a policy", "Swap set: Decided then → 2026.2", "Bound: all bad",
                "What each threshold is worth", "rows came again", "By vintage",
                "Existing debt is too high for the revenue"]),
        ("zh", ["策略回测", "换入换出: 当时的决定 → 2026.2", "界限: 全坏", "阈值敏感性",
                "行重复", "按申请时间", "现有负债相对收入过高"]),
    ],
)  # fmt: skip
def test_the_page_tells_all_of_it_in_both_languages(
    small: Bench, tried: tuple[Backtest, tuple[Version, ...]], locale: str, told: list[str]
) -> None:
    found, versions = tried
    write(found, small.folder / "out", Written(versions, "a history"))
    name = "report.html" if locale == "en" else "report.zh.html"
    text = (small.folder / "out" / name).read_text("utf-8")
    assert [words for words in told if words not in text] == []
    assert text.count("<svg") >= 10
    assert found.result_hash[:8] in text


def test_a_page_of_nothing_approved_is_still_a_page(bench: Bench, table_of: Tables) -> None:
    nobody = table_of(12, 4, owner_age=pa.array([17] * 12))
    found = backtest(bench.kept(nobody), [Version("strict", bench.bundle)], bench.settings)
    assert found.versions[0].overall.approved == 0
    text = page(found).html("en")
    assert "Back-test of a policy" in text


def test_decisions_that_are_computed_row_by_row_are_told(small: Bench, table_of: Tables) -> None:
    loop = small.bundle.dmn.replace(
        "min(prices.ceiling, amount * 1.2)", "sum(for i in 1..2 return amount * i)"
    )
    versions = [Version("loops", replace(small.bundle, dmn=loop))]
    found = backtest(small.kept(table_of(30)), versions, small.settings)
    assert set(found.slow) == {"loops"}
    assert "a for is not planned" in found.slow["loops"]["limit"]
    assert "computed row by row" in page(found).html("en")


def test_amounts_shares_and_intervals_are_short() -> None:
    told = [amount(minor, "CNY") for minor in (0, 123_456, 12_345_678, -100_000_000_000_00)]
    assert [each.en for each in told] == ["0", "1.23k", "123k", "-100 bn"]
    assert [each.zh for each in told] == ["0", "1,235", "12.3万", "-1,000亿"]
    assert share(None) == "–"
    assert share(0.1234) == "12.3%"
    assert interval(0, 0) == ""
    assert interval(81, 263) == "25.53%–36.62%"

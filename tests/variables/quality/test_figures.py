"""Figures of quality: what a broken delivery looks like, day by day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput
from tael.variables import expand, load_definitions
from tael.variables.quality import (
    FOLDER,
    Alert,
    Quality,
    assess,
    marks,
    page_of,
    read_alerts,
    read_rules,
    standing,
    to_table,
    write_quality,
)

DEFINITIONS = load_definitions()
RULES = read_rules(DEFINITIONS)
FIRST = date(2020, 1, 1)
DAYS = 640
REGIONS = ("110000", "310000")
BROKEN = (FIRST + timedelta(500), FIRST + timedelta(520))  # in 310000 only


@dataclass(frozen=True)
class Rows:
    """Rows of a source: each day some of each region; instants in seconds of UTC."""

    day: np.ndarray
    region: np.ndarray
    event: np.ndarray
    known: np.ndarray
    amount: np.ndarray

    def only(self, chosen: np.ndarray) -> Rows:
        return Rows(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def rows(each: int = 20, amount: int = 10_000) -> Rows:
    day = np.repeat(np.arange(DAYS), each * len(REGIONS))
    region = np.tile(np.arange(each * len(REGIONS)) % len(REGIONS), DAYS)
    begun = (FIRST - date(1970, 1, 1)).days * 86_400
    event = begun + day * 86_400 + 3_600
    return Rows(day, region, event, event + 600, np.full(len(day), amount))


def broken(made: Rows) -> np.ndarray:
    since = (BROKEN[0] - FIRST).days
    last = (BROKEN[1] - FIRST).days
    days: np.ndarray = (made.region == 1) & (made.day >= since) & (made.day <= last)
    return days


def bank(made: Rows) -> pa.Table:
    count = len(made.day)
    return pa.table(
        {
            "subject_id": [f"F{each}" for each in made.region.tolist()],
            "event_id": [f"e{each}" for each in range(count)],
            "event_at": pa.array(made.event).cast(pa.timestamp("s", "UTC")),
            "known_at": pa.array(made.known).cast(pa.timestamp("s", "UTC")),
            "purpose": ["sales"] * count,
            "direction": ["in"] * count,
            "amount": pa.array(made.amount),
            "balance": pa.array(made.amount),
            "counterparty": ["C"] * count,
            "weekpart": ["weekday"] * count,
            "daypart": ["day"] * count,
        }
    )


def invoices(made: Rows) -> pa.Table:
    table = bank(made).drop_columns(["purpose", "balance", "weekpart", "daypart"])
    count = table.num_rows
    table = table.set_column(4, "direction", pa.array(["out"] * count))
    for name, value in (("status", "valid"), ("kind", "special")):
        table = table.append_column(name, pa.array([value] * count))
    return table.append_column("tax", pa.array(made.amount // 10))


def measured(folder: Path, tables: dict[str, pa.Table]) -> Quality:
    files = {}
    for name, table in tables.items():
        files[name] = [folder / f"{name}.parquet"]
        pq.write_table(table, files[name][0])
    region_of = {"F0": REGIONS[0], "F1": REGIONS[1]}
    return assess(files, DEFINITIONS, RULES, region_of)


def alerts(quality: Quality) -> set[tuple[str, str, str]]:
    return {(each.source, each.figure, each.region) for each in quality.alerts}


def missing(made: Rows) -> Rows:
    return made.only(~broken(made))


def late(made: Rows) -> Rows:
    return replace(made, known=np.where(broken(made), made.known + 20 * 86_400, made.known))


def too_early(made: Rows) -> Rows:
    return replace(made, known=np.where(broken(made), made.event - 7_200, made.known))


CASES = [
    # what happens to the bank's rows of one region for three weeks → the alert that it raises
    (missing, "completeness"),
    (late, "timeliness"),
    (too_early, "validity"),
]


def test_sources_that_keep_to_their_promise_raise_no_alert(tmp_path: Path) -> None:
    quality = measured(tmp_path, {"bank_tx": bank(rows()), "vat_invoice": invoices(rows())})
    assert quality.alerts == ()
    assert quality.last_day == FIRST + timedelta(DAYS - 1)
    table = to_table(quality)
    assert set(table["figure"].to_pylist()) == {
        "completeness", "validity", "timeliness", "agreement.sales",
    }  # fmt: skip
    assert min(table["value"].to_pylist()) == pytest.approx(1.0)


@pytest.mark.parametrize(("breaks", "figure"), CASES)
def test_a_source_that_breaks_in_one_region_raises_an_alert_there(
    tmp_path: Path, breaks: object, figure: str
) -> None:
    assert callable(breaks)
    quality = measured(tmp_path, {"bank_tx": bank(breaks(rows()))})
    raised = [each for each in quality.alerts if each.figure == figure]
    assert ("bank_tx", figure, REGIONS[1]) in alerts(quality)
    assert {each.region for each in raised} <= {REGIONS[1], "all"}
    here = next(each for each in raised if each.region == REGIONS[1])
    assert BROKEN[0] <= here.first <= BROKEN[1] + timedelta(25)
    assert here.worst < here.limit
    assert f"{figure} {here.worst:.1%}, below" in here.text()


def test_a_source_that_stops_is_missed_from_the_days_of_the_others(tmp_path: Path) -> None:
    made = rows()
    stopped = made.only(made.day < DAYS - 30)
    quality = measured(tmp_path, {"bank_tx": bank(stopped), "vat_invoice": invoices(made)})
    day = FIRST + timedelta(DAYS - 1)
    assert quality.last_day == day
    found = standing(quality.alerts, day)
    assert "completeness" in {each.figure for each in found["bank_tx"]}
    silent = [each.figure for each in found.get("vat_invoice", ())]
    assert all(figure.startswith("agreement") for figure in silent)


def test_amounts_in_another_unit_break_the_agreement_of_both_sources(tmp_path: Path) -> None:
    made = rows()
    wrong = replace(made, amount=np.where(made.day >= 500, made.amount // 100, made.amount))
    quality = measured(tmp_path, {"bank_tx": bank(made), "vat_invoice": invoices(wrong)})
    assert {source for source, figure, _ in alerts(quality) if figure == "agreement.sales"} == {
        "bank_tx", "vat_invoice",
    }  # fmt: skip


def test_the_figures_of_a_day_do_not_depend_on_what_came_later(tmp_path: Path) -> None:
    made = late(rows())
    whole = to_table(measured(tmp_path, {"bank_tx": bank(made)}))
    until = int((BROKEN[1] - date(1970, 1, 1)).days * 86_400)
    known = to_table(measured(tmp_path, {"bank_tx": bank(made.only(made.known < until))}))
    last = BROKEN[1] - timedelta(1)

    def told(table: pa.Table) -> list[tuple[object, ...]]:
        return [
            (row["figure"], row["region"], row["day"], row["value"], row["alert"])
            for row in table.to_pylist()
            if row["day"] <= last
        ]

    assert told(known) == told(whole)


def test_variables_say_which_alerts_their_sources_stand_under() -> None:
    variables = expand(DEFINITIONS)
    day = date(2024, 1, 1)
    alert = Alert("tax_return", "completeness", "all", day, day, 0.1, 0.5)
    told = marks(variables, {"tax_return": (alert,)})
    assert told["ent.tax_return.vat.all.90d.declared.sum"] == (alert,)
    assert told["ent.cross.90d.declared_to_invoiced.ratio"] == (alert,)
    assert "ent.bank_tx.all.all.7d.amount.sum" not in told


def test_alerts_are_kept_beside_the_events(tmp_path: Path) -> None:
    quality = measured(tmp_path, {"bank_tx": bank(missing(rows()))})
    write_quality(quality, tmp_path / FOLDER)
    assert read_alerts(tmp_path) == quality.alerts
    assert pq.read_table(tmp_path / FOLDER / "quality.parquet").equals(to_table(quality))
    here = standing(quality.alerts, quality.alerts[0].first, quality.alerts[0].region)
    assert quality.alerts[0] in here["bank_tx"]
    assert standing(quality.alerts, FIRST, REGIONS[1]) == {}
    assert read_alerts(tmp_path / FOLDER) == ()


def test_alerts_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "alerts.json").write_text('{"alerts": [{"source": "bank_tx"}]}', "utf-8")
    with pytest.raises(BadInput, match=r"alerts\.json"):
        read_alerts(tmp_path)


def test_the_page_names_alerts_and_sources_in_both_languages(tmp_path: Path) -> None:
    page = page_of(
        measured(tmp_path, {"bank_tx": bank(missing(rows()))}), DEFINITIONS, RULES, "test"
    )
    assert "银行" in page.html("zh")
    assert "completeness" in page.html("en")
    assert REGIONS[1] in page.html("en")


def test_a_source_that_nobody_defined_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no source weather"):
        measured(tmp_path, {"weather": bank(rows())})


WRONG_COLUMN = """
least: {}
agreements:
  a:
    title: {zh: 甲, en: a}
    of: {source: bank_tx, column: amounts}
    by: {source: vat_invoice, column: amount, where: {direction: [outward]}}
"""
WRONG_RULES = [
    ("least: {completeness: 50, beauty: 3}", "beauty"),
    ("least: {}\nsources: {weather: {validity: 3}}", "weather"),
    (
        WRONG_COLUMN,
        "amounts",
    ),
]


@pytest.mark.parametrize(("text", "named"), WRONG_RULES)
def test_wrong_rules_are_refused_with_their_line(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=rf"checks\.yaml:\d+: .*{named}"):
        read_rules(DEFINITIONS, file)

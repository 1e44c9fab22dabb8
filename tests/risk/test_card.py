"""A model card tells what was measured, says so of what was not, and carries signatures beside."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from tael.kernel import BadInput, FixedClock, Rate
from tael.report import Column, Kind, Words
from tael.risk.calibration import Judged, gaps_by
from tael.risk.card import (
    HEADINGS,
    Card,
    LeakTest,
    Part,
    Table,
    calibration_part,
    data_part,
    fairness_part,
    hashes_part,
    leaks_part,
    limits_part,
    monitoring_part,
    performance,
    performance_part,
    selection_part,
    variables_part,
)
from tael.risk.facts import facts_of
from tael.risk.fairness import Decided, assess
from tael.risk.monitoring import Scored, Settings, monitor
from tael.risk.registry import Decision, Lineage, Registry, Signature
from tael.risk.sample import Sample
from tael.risk.selection import Fate, Funnel, Period, Step

AT = datetime(2024, 5, 1, 8, tzinfo=UTC)
LINEAGE = Lineage(plan="a1" * 32, data="b2" * 32, code="c3" * 32, config="d4" * 32)
MODEL = "11" * 32
NAMES = ("ent.bank_tx.all.in.90d.amount.sum", "per.bureau_enquiry.all.all.90d.events.n")


@pytest.fixture(scope="module")
def sample() -> Sample:
    random = np.random.default_rng(1)
    rows = 600
    asof = np.datetime64("2018-01-01", "s") + np.arange(rows) * np.timedelta64(29, "h")
    values = random.normal(size=(2, rows)).astype(np.float32)
    bad = (random.random(rows) < 0.15).astype(np.float64)
    bad[-20:] = np.nan
    borrower = np.array([f"B{i // 2}" for i in range(rows)], dtype=object)
    return Sample(
        NAMES, values, np.zeros((2, rows), np.uint8), bad, np.ones(rows), borrower, asof, asof, "p"
    )


@pytest.fixture(scope="module")
def card(sample: Sample) -> Card:
    random = np.random.default_rng(2)
    known = sample.labelled
    bad = sample.bad[known]
    pd = np.clip(0.1 + 0.1 * bad + 0.05 * random.random(len(bad)), 0, 1)
    year = sample.asof[known].astype("datetime64[Y]").astype(str)
    tiers = Table(
        (Column("R"), Column("PD", Kind.PERCENT, 2)), (("R1", Rate.from_probability(0.005)),)
    )
    return Card(
        Words("小微企业 12 个月", "Small firms, 12 months"),
        MODEL,
        AT,
        {
            "purpose": Part((Words("小微信贷审批", "Decide on small-business loans | renewals"),)),
            "data": data_part(sample),
            "leaks": leaks_part(
                [
                    LeakTest(Words("时点检验", "Point in time"), passed=True),
                    LeakTest(Words("AUC 上限", "AUC too good"), 0.71, 0.75, passed=True),
                    LeakTest(Words("借款人重叠", "Borrowers on both sides"), passed=None),
                ]
            ),
            "variables": variables_part([facts_of(name) for name in NAMES], {NAMES[1]: 0.8}),
            "performance": performance_part(performance(bad, pd, year), Words("年份", "Year")),
            "calibration": calibration_part(gaps_by(Judged.of(bad, pd), year)),
            "tiers": Part(tables=(tiers,)),
            "limits": limits_part([Words("只在合成数据上试过", "Tried on synthetic data only")]),
            "hashes": hashes_part(MODEL, LINEAGE, {"card made on": "x"}),
            "rejects": Part(),
        },
    )


def test_a_card_comes_back_as_it_was_written(card: Card) -> None:
    again = Card.from_json(card.to_json())
    assert again.to_json() == card.to_json()
    assert again.hash == card.hash
    assert again.parts["tiers"].tables[0].rows[0][1] == Rate.from_probability(0.005)


def test_a_part_that_nobody_handed_in_is_not_measured(card: Card) -> None:
    assert set(card.missing) == set(HEADINGS) - set(card.parts) | {"rejects"}
    assert json.loads(card.to_json())["parts"]["fairness"] is None
    told = card.markdown("en")
    assert told.count("*Not measured*") == len(card.missing)
    assert card.markdown("zh").count("*未测量*") == len(card.missing)
    empty = Card("nothing", MODEL, AT)
    assert empty.missing == tuple(HEADINGS)
    assert not re.search(r"\d\.\d", empty.markdown("en"))
    html = empty.page().html("zh")
    assert html.count('role="note">未测量</p>') == len(HEADINGS)


def test_every_heading_stands_in_every_form_and_language(card: Card) -> None:
    for locale in ("zh", "en"):
        markdown, html = card.markdown(locale), card.page().html(locale)
        for heading in HEADINGS.values():
            assert f"## {getattr(heading, locale)}\n" in markdown
            assert f"{getattr(heading, locale)}</h2>" in html


def test_the_card_tells_span_bads_and_leak_tests(card: Card, sample: Sample) -> None:
    told = card.markdown("en")
    bads = int(np.nansum(sample.bad))
    assert (
        f"600 applications of 300 borrowers, 580 with a known outcome, {bads} of them bad" in told
    )
    assert "| AUC too good | 0.7100 | 0.7500 | passed |" in told
    assert "| Borrowers on both sides | – | – | not tested |" in told
    assert "loans \\| renewals" not in told  # only cells of a table are escaped
    assert told.index(NAMES[1]) < told.index(NAMES[0])  # the heaviest first
    assert "| Person: bureau enquiries | 1 | 80.00% |" in told
    plain = Card("x", MODEL, AT, {"variables": variables_part([facts_of("jobs")])}).markdown("zh")
    assert "| 其他 | 1 |" in plain
    assert "贡献占比" not in plain


def test_an_unsigned_card_has_empty_fields_and_a_signed_one_names_its_record(
    card: Card, tmp_path: Path
) -> None:
    assert "Not signed yet" in card.markdown("en")
    assert "尚未签署" in card.page().html("zh")
    registry = Registry(tmp_path, FixedClock(AT))
    registry.register(MODEL, "Box", LINEAGE, {"model.json": b"{}"})
    for digest in (card.hash, "ee" * 32):
        registry.sign(
            MODEL, Signature("李伟", "validator", Decision.APPROVED, "after the back-test", digest)
        )
    signed = card.markdown("en", registry.records(MODEL))
    assert "| 李伟 | validator | approved | 2024-05-01 08:00 | after the back-test | #2" in signed
    assert "after the back-test (of another version of the card)" in signed
    assert "Not signed yet" not in signed
    assert Card.from_json(card.to_json()).hash == card.hash  # a signature is no part of it


def test_performance_leaves_open_what_few_bads_leave_open() -> None:
    bad = np.array([1.0, 0.0] * 30 + [1.0] * 3 + [0.0] * 40 + [np.nan] * 5)
    pd = np.linspace(0.1, 0.9, len(bad))
    groups = np.array(["a"] * 60 + ["b"] * 43 + ["c"] * 5)
    first, second = performance(bad, pd, groups)
    assert (first.rows, first.bads, second.rows, second.bads) == (60, 30, 43, 3)
    assert first.auc is not None
    assert first.auc.low < first.auc.value < first.auc.high
    assert (second.auc, second.ks) == (None, None)
    expected = ((pd[60:103] - bad[60:103]) ** 2).mean()
    assert second.brier.value == pytest.approx(expected)
    turned = np.random.default_rng(3).permutation(len(bad))
    assert performance(bad[turned], pd[turned], groups[turned]) == (first, second)


def test_a_long_table_is_cut_on_the_page_and_whole_in_the_file() -> None:
    rows = tuple((f"v{i}",) for i in range(200))
    made = Card("long", MODEL, AT, {"variables": Part(tables=(Table((Column("v"),), rows),))})
    assert "the first 60 of 200; all stand in card.json" in made.markdown("en")
    assert "| v60 |" not in made.markdown("en")
    assert len(Card.from_json(made.to_json()).parts["variables"].tables[0].rows) == 200


def test_cards_that_are_none_are_refused() -> None:
    with pytest.raises(BadInput, match="no part 'price'"):
        Card("x", MODEL, AT, {"price": Part()})
    with pytest.raises(BadInput, match="time zone"):
        Card("x", MODEL, datetime(2024, 5, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(BadInput, match="2 cells for 1 columns"):
        Table((Column("a"),), ((1, 2),))
    with pytest.raises(BadInput, match="no model card"):
        Card.from_json("{}")
    with pytest.raises(BadInput, match="not JSON"):
        Card.from_json("{")
    with pytest.raises(BadInput, match="no language"):
        Card("x", MODEL, AT).markdown("fr")
    day = Table((Column("day"),), ((date(2024, 5, 1),),))
    assert Card.from_json(Card("x", MODEL, AT, {"data": Part(tables=(day,))}).to_json())
    with pytest.raises(BadInput, match="one outcome, PD and group a row"):
        performance(np.ones(2), np.ones(3), np.ones(3))
    with pytest.raises(BadInput, match="PDs between"):
        performance(np.ones(2), np.full(2, 7.0), np.ones(2))


def test_what_selection_fairness_and_monitoring_found_stands_on_the_card(sample: Sample) -> None:
    steps = (Step("coverage", 2, 1), Step("leak", 1, 0))
    period = Period("2018-01-01T00:00:00", "2019-12-31T00:00:00", "", 600, 90, 490, "", "p")
    fates = tuple(Fate(name, not i, "coverage", "chosen", 0.1, 0.0) for i, name in enumerate(NAMES))
    funnel = Funnel(NAMES[:1], fates, steps, period, {})
    random = np.random.default_rng(4)
    pd = np.clip(random.beta(1, 6, sample.rows), 0.01, 0.99)
    owner = np.where(np.arange(sample.rows) % 2, "a", "b").astype(object)
    judged = assess("owner", owner, Decided(pd, (pd < 0.2).astype(bool), sample.bad))
    watched = monitor(
        Scored(sample, pd),
        Scored(sample, pd),
        Settings(date(2021, 1, 1), period_months=12, draws=9),
    )
    made = Card(
        "all",
        MODEL,
        AT,
        {
            "selection": selection_part(funnel),
            "fairness": fairness_part([judged]),
            "monitoring": monitoring_part(watched),
        },
    )
    told = made.markdown("en")
    assert "1 of 2 variables kept, on 600 rows from 2018-01-01 to 2019-12-31." in told
    assert f"| {steps[0].words.en} | 2 | 1 |" in told
    assert f"By owner: {len(judged.findings)} tests" in told
    assert "as of 2021-01-01: " in told
    assert set(made.missing) == set(HEADINGS) - {"selection", "fairness", "monitoring"}
    assert Card.from_json(made.to_json()).to_json() == made.to_json()

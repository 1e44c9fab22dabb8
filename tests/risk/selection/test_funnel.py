"""The funnel catches what was planted, keeps what is honest, and tells why."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.facts import Facts
from tael.risk.sample import Sample
from tael.risk.selection import Funnel, Quotas, SelectionSettings, select

CASES = Path(__file__).parent / "cases"
FATES, REFUSED = (
    list(csv.DictReader((CASES / f"{table}.csv").read_text("utf-8").splitlines()))
    for table in ("fates", "refused")
)


@pytest.mark.parametrize("case", FATES, ids=[case["name"] for case in FATES])
def test_every_planted_variable_meets_the_fate_it_deserves(
    funnel: Funnel, case: dict[str, str]
) -> None:
    fate = funnel.reasons[case["name"]]
    assert (fate.rule, fate.kept) == (case["rule"], case["kept"] == "yes")


def test_exactly_as_many_as_wanted_are_kept_the_strongest_first(funnel: Funnel) -> None:
    assert len(funnel) == 9
    assert [funnel.reasons[name].rank for name in funnel.kept] == list(range(1, 10))


def test_steps_hand_on_what_they_do_not_drop(funnel: Funnel) -> None:
    for one, after in zip(funnel.steps, funnel.steps[1:], strict=False):
        assert one.entered - one.dropped == after.entered
    assert funnel.steps[-1].entered - funnel.steps[-1].dropped == 9


def test_a_reason_names_figure_threshold_and_the_other_variable(funnel: Funnel) -> None:
    copied = funnel.reasons["ent.copy.90d.value.sum"].words
    assert "ent.bank.f1" in copied.en
    assert "0.9997" in copied.zh
    ahead = funnel.reasons["ent.future.90d.value.sum"]
    assert ahead.other == "ent.bank.f0.90d.value.sum"
    assert "knows the future" in ahead.words.en


def test_shuffled_rows_other_threads_and_another_order_of_variables_change_nothing(
    planted: Sample, settings: SelectionSettings, funnel: Funnel
) -> None:
    random = np.random.default_rng(2)
    mixed = planted.take(random.permutation(planted.rows))
    mixed = mixed.select([planted.names[i] for i in random.permutation(len(planted.names))])
    again = select(mixed, replace(settings, threads=2))
    assert again.hash == funnel.hash
    assert again.kept == funnel.kept


def test_the_same_rows_with_one_value_changed_have_another_hash(planted: Sample) -> None:
    from tael.risk.selection.rows import in_order, rows_hash

    values = planted.values.copy()
    values[0, 5] += 1
    other = replace(planted, values=values)
    assert rows_hash(in_order(planted)) != rows_hash(in_order(other))


def test_variables_come_back_by_rank_and_the_record_says_so(
    planted: Sample, settings: SelectionSettings
) -> None:
    more = select(planted, replace(settings, wanted=12))
    back = [fate for fate in more.fates if fate.rule == "filled"]
    assert {fate.name: fate.failed for fate in back} == {
        "ent.copy.90d.value.sum": "cluster",
        "ent.turned.90d.value.sum": "sign_against",
        "ent.noise.n0.90d.value.sum": "iv",
    }
    assert [each.count for each in more.relaxations if each.code == "filled"] == [3]
    assert "Clusters of correlation" in back[0].words.en


def test_a_leak_a_proxy_of_the_era_and_a_constant_never_come_back(
    planted: Sample, settings: SelectionSettings
) -> None:
    with pytest.raises(BadInput, match="20 may be kept"):
        select(planted, replace(settings, wanted=21))
    all_back = select(planted, replace(settings, wanted=20))
    assert not {"ent.outcome.90d.value.sum", "ent.era.90d.value.sum"} & set(all_back.kept)


def test_each_source_and_subject_has_its_places(
    planted: Sample, settings: SelectionSettings
) -> None:
    facts = {
        name: Facts(name, subject="enterprise", source="registry")
        for name in planted.names
        if "noise" in name
    }
    asked = replace(settings, wanted=6, quotas=Quotas(source=1, subject=0.5))
    names = [name for name in planted.names if name[4:8] in {"nois", "bank", "bure"}]
    chosen = select(planted.select(names), asked, facts)
    assert chosen.counts("source")["registry"] == (6, 1)
    assert chosen.counts("subject")["person"][1] == 3
    assert [f.rule for f in chosen.fates if f.kept and f.source == "registry"] == ["quota"]
    assert [each.code for each in chosen.relaxations if "quota" in each.code] == ["quota_back"]
    assert "passed_over" in chosen.counts("rule")


def test_weights_speak_for_rows(planted: Sample, settings: SelectionSettings) -> None:
    """Rows of weight zero might as well be absent, whatever they hold."""
    rows = np.arange(planted.rows)
    weight = np.where(rows < 2_500, 1.0, 0.0)
    weighed = select(replace(planted, weight=weight), settings)
    values = planted.values.copy()
    values[:, 2_500:] = 1e6
    assert weighed.kept == select(replace(planted, values=values, weight=weight), settings).kept


@pytest.mark.parametrize("case", REFUSED, ids=[case["what"] for case in REFUSED])
def test_what_no_selection_can_be_made_of_is_refused(
    planted: Sample, settings: SelectionSettings, case: dict[str, str]
) -> None:
    sample, asked = _broken(case["what"], planted, settings)
    with pytest.raises(BadInput) as refused:
        select(sample, asked)
    assert case["says"] in str(refused.value)
    assert refused.value.field == case["field"]


def _broken(
    what: str, sample: Sample, settings: SelectionSettings
) -> tuple[Sample, SelectionSettings]:
    if what == "more than there are":
        return sample, replace(settings, wanted=27)
    if what == "twice":
        return replace(sample, names=(sample.names[1], *sample.names[1:])), settings
    bad, values = sample.bad.copy(), sample.values.copy()
    weight, asof = sample.weight.copy(), sample.asof.copy()
    bads = np.flatnonzero(bad == 1)
    spoiled = {
        "one class": (bad, bads, 0),
        "few bads": (bad, bads[12:], 0),
        "odd outcome": (bad, bads[0], 2),
        "infinite value": (values, (3, 17), np.inf),
        "negative weight": (weight, 4, -1),
        "no instant": (asof, 0, np.datetime64("NaT")),
    }
    array, place, value = spoiled[what]
    array[place] = value
    return replace(sample, bad=bad, values=values, weight=weight, asof=asof), settings

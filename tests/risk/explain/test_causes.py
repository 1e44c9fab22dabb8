"""Reasons of one row: grouped by concept, against a reference, true of the row, never none."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.explain.causes import (
    WHOLE,
    ConceptReason,
    Explainer,
    Explanation,
    ReasonSettings,
    Reference,
)
from tael.risk.reasons import REASON_TEXTS

NAMES = (
    "per.bureau_enquiry.all.all.180d.events.n",
    "per.bureau_enquiry.all.all.30d.events.n",
    "per.bureau_enquiry.all.all.180d.events.days_since_last",
    "ent.bank_tx.sales.in.90d.amount.slope",
    "ent.bank_tx.90d.balance.min",
    "per.bureau_tradeline.all.run.late.longest",
    "owner_age",
)
TYPICAL = np.array([2.0, 0.0, 90.0, 0.0, 5_000.0, 0.0, 40.0])
ROW = np.array([9.0, 3.0, 4.0, -20.0, 800.0, 0.0, 61.0])


def explainer(settings: ReasonSettings | None = None) -> Explainer:
    return Explainer(NAMES, Reference(np.zeros(7), TYPICAL), settings=settings)


def codes(reasons: tuple[ConceptReason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def test_variables_of_one_concept_give_one_reason_with_the_sum_of_their_weights() -> None:
    given = np.array([0.2, 0.15, -0.05, 0.1, 0.0, 0.0, 0.0, -2.0])
    found = explainer().explain(given, ROW)
    assert codes(found.against) == ["owner_enquiries", "firm_income_trend"]
    assert found.against[0].weight == pytest.approx(0.3)
    assert found.against[0].variables == NAMES[:2]
    assert found.favour == ()


def test_a_sentence_comes_with_the_fact_behind_it_in_both_languages() -> None:
    found = explainer().explain(np.array([0.3, 0.1, 0.0, 0.2, 0.0, 0.0, 0.0]), ROW)
    assert [reason.text("zh") for reason in found.against] == [
        "企业主近期信贷查询次数较多（近6个月查询 9 次）",
        "企业银行流水收入下降",
    ]
    assert found.against[0].text("en") == (
        "There were many recent credit enquiries about the owner (9 enquiries in the last 6 months)"
    )


def test_without_values_the_sentence_is_the_usual_one_and_no_fact_is_told() -> None:
    found = explainer().explain(np.array([0.3, 0.0, 0.0, 0.0, -0.2, 0.0, 0.0]))
    assert found.against[0].text("en") == "There were many recent credit enquiries about the owner"
    assert found.favour[0].text("en") == "The firm's bank balance is ample"


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (3, -20.0, "Bank inflows of the firm have fallen"),
        (3, 15.0, "Against the application counts the course of the firm's banked sales"),
        (3, 0.0, "Against the application counts the course of the firm's banked sales"),
        (3, np.nan, "There is no data on the course of the firm's banked sales"),
        (0, 0.0, "There were few recent credit enquiries about the owner"),
        (2, 4.0, "There were many recent credit enquiries about the owner"),
        (2, 300.0, "There were few recent credit enquiries about the owner"),
        (5, 2.0, "The owner was late with loan payments"),
        (5, 0.0, "Against the application counts the owner's repayment record"),
    ],
)
def test_a_sentence_is_true_of_the_value(place: int, value: float, sentence: str) -> None:
    given, row = np.zeros(7), TYPICAL.copy()
    given[place], row[place] = 0.5, value
    (reason,) = explainer().explain(given, row).against
    assert reason.words.en == sentence


@pytest.mark.parametrize(
    ("name", "typical", "value", "sentence"),
    [
        # What rises slower than usual does not fall.
        ("ent.bank_tx.sales.in.90d.amount.slope", 30.0, 5.0, "Against the application counts"),
        ("ent.bank_tx.sales.in.90d.amount.slope", -30.0, -5.0, "Against the application counts"),
        ("ent.bank_tx.sales.in.90d.amount.slope", np.nan, -5.0, "Bank inflows of the firm have"),
        ("ent.bank_tx.sales.in.24m.amount.last3_to_prev3", 1.2, 1.1, "Against the application"),
        ("ent.bank_tx.sales.in.24m.amount.last3_to_prev3", 1.2, 0.9, "Bank inflows of the firm"),
        # Some lateness is lateness, however usual it is.
        ("per.bureau_tradeline.all.late.now.events.share", 0.4, 0.3, "The owner was late"),
        ("per.bureau_tradeline.all.run.late.since_last", 300.0, 20.0, "The owner was late"),
        ("per.bureau_tradeline.all.run.late.since_last", 300.0, 900.0, "Against the application"),
        # How it spreads or swings says nothing of how much there is.
        ("ent.bank_tx.cash.in.90d.counterparty.hhi", 0.2, 0.9, "Against the application counts"),
        ("ent.bank_tx.all.all.90d.counterparty.hhi", 0.2, 0.9, "The firm deals with few"),
        # Against all of the past a long window tells how old a firm is.
        ("ent.bank_tx.sales.in.730d.amount.velocity", 0.8, 0.3, "Against the application counts"),
        ("ent.bank_tx.sales.in.90d.amount.velocity", 0.8, 0.3, "Bank inflows of the firm have"),
    ],
)
def test_a_sentence_claims_no_more_than_the_variable_tells(
    name: str, typical: float, value: float, sentence: str
) -> None:
    made = Explainer((name,), Reference(np.zeros(1), np.array([typical])))
    (reason,) = made.explain(np.array([0.5]), np.array([value])).against
    assert reason.words.en.startswith(sentence)


def test_no_lateness_speaks_for_a_borrower() -> None:
    given, row = np.zeros(7), TYPICAL.copy()
    given[5] = -0.5
    (reason,) = explainer().explain(given, row).favour
    assert reason.words.en == "The owner paid loans on time"


def test_a_refusal_takes_even_a_small_reason() -> None:
    given = np.array([0.005, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert explainer().explain(given, ROW).against == ()
    assert codes(explainer().explain(given, ROW, refused=True).against) == ["owner_enquiries"]


def test_what_may_not_be_named_is_summed_but_neither_named_nor_told() -> None:
    (reason,) = explainer().explain(np.array([0, 0, 0, 0, 0, 0, 0.5]), ROW).against
    assert reason.code == "other"
    for locale in ("zh", "en"):
        assert "61" not in reason.text(locale)
        assert "age" not in reason.text(locale)


def test_texts_show_neither_variables_nor_weights() -> None:
    found = explainer().explain(np.array([0.3, 0.1, -0.2, 0.2, -0.4, 0.1, 0.1]), ROW, refused=True)
    for reason in (*found.against, *found.favour):
        for locale in ("zh", "en"):
            assert "." not in reason.text(locale)
            assert f"{abs(reason.weight):.2f}" not in reason.text(locale)


def test_at_most_four_reasons_weightiest_first_ties_by_code() -> None:
    found = explainer().explain(np.array([0.2, 0.0, 0.0, 0.2, 0.3, 0.2, 0.2]), ROW)
    assert codes(found.against) == [
        "firm_balance", "firm_income_trend", "other", "owner_enquiries",
    ]  # fmt: skip


def test_a_trifle_beside_the_others_is_no_main_reason() -> None:
    given = np.array([1.0, 0.0, 0.0, 0.015, 0.0, 0.0, 0.0])
    assert codes(explainer().explain(given).against) == ["owner_enquiries"]
    all_of_them = explainer(ReasonSettings(min_share=0.0)).explain(given).against
    assert codes(all_of_them) == ["owner_enquiries", "firm_income_trend"]


def test_a_refused_row_at_the_average_is_compared_with_the_best() -> None:
    best = Reference(np.array([-0.5, 0.0, 0.0, -0.2, 0.0, 0.0, 0.0]), TYPICAL)
    both = Explainer(NAMES, Reference(np.zeros(7), TYPICAL), best=best)
    assert both.explain(np.zeros(8), ROW).against == ()
    assert codes(both.explain(np.zeros(8), ROW, refused=True).against) == [
        "owner_enquiries", "firm_income_trend",
    ]  # fmt: skip


def test_a_refusal_never_lacks_a_reason() -> None:
    found = explainer().explain(np.full(7, -0.5), ROW, refused=True)
    assert codes(found.against) == [WHOLE]
    assert found.against[0].text("zh") == "综合评估未达到要求"


def test_only_what_is_known_speaks_for_a_borrower() -> None:
    given, row = np.zeros(7), ROW.copy()
    given[[3, 4]], row[3] = -0.5, np.nan
    row[4] = 90_000.0
    assert codes(explainer().explain(given, row).favour) == ["firm_balance"]


def test_columns_of_other_tables_are_their_own_concepts_with_the_older_texts() -> None:
    names = ("industry", "branches")
    found = Explainer(names, Reference(np.zeros(2), np.zeros(2))).explain(np.array([0.2, 0.1]))
    assert [reason.text("en") for reason in found.against] == [
        "The industry has a higher rate of default",
        "Against the application counts branches",
    ]


def test_the_codes_of_reasons_have_texts_that_a_policy_can_use() -> None:
    assert REASON_TEXTS["owner_enquiries"][0] == "企业主近期信贷查询次数较多"
    assert REASON_TEXTS["firm_income_trend"][1] == "Bank inflows of the firm have fallen"
    assert REASON_TEXTS["overdue_history"][1] == "There were late repayments"
    assert len(list(REASON_TEXTS)) == len(REASON_TEXTS) == len(set(REASON_TEXTS))
    assert "no_such_code" not in REASON_TEXTS


def test_references_are_the_average_and_the_median_of_the_best_rows() -> None:
    contributions = np.array([[0.0, 1.0, 9.0], [0.2, 1.4, 9.0], [0.4, 0.0, 9.0], [-1.0, 0.0, 9.0]])
    values = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, 5.0], [4.0, 7.0]])
    average = Reference.average(contributions, values)
    assert average.contributions == pytest.approx([-0.1, 0.6])
    assert average.typical == pytest.approx([2.5, 6.0])
    best = Reference.best(contributions, values, share=0.5)
    assert best.contributions == pytest.approx([-0.3, 0.0])
    assert best.typical == pytest.approx([3.5, 6.0])
    nothing = Reference.average(contributions[:1], values[:1]).typical
    assert np.isnan(nothing).tolist() == [False, True]


def _no_rows() -> object:
    return Reference.average(np.zeros((0, 3)), np.zeros((0, 2)))


def _other_shape() -> object:
    return Reference.average(np.zeros((4, 5)), np.zeros((4, 2)))


def _no_share() -> object:
    return Reference.best(np.zeros((4, 3)), np.zeros((4, 2)), share=0.0)


def _few_facts() -> object:
    return Explainer(NAMES, Reference(np.zeros(7), TYPICAL), facts=[])


def _few_contributions() -> Explanation:
    return explainer().explain(np.zeros(3))


def _few_values() -> Explanation:
    return explainer().explain(np.zeros(7), np.zeros(3))


def _not_finite() -> Explanation:
    return explainer().explain(np.array([0.0, np.nan, 0.0, 0.0, 0.0, 0.0, 0.0]))


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (_no_rows, "contributions"), (_other_shape, "contributions"), (_no_share, "share"),
        (_few_facts, "facts"), (_few_contributions, "contributions"), (_few_values, "values"),
        (_not_finite, NAMES[1]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(ask: object, field: str) -> None:
    assert callable(ask)
    with pytest.raises(BadInput) as caught:
        ask()
    assert caught.value.field == field


@pytest.mark.slow
def test_a_row_of_1063_variables_is_explained_in_a_fifth_of_a_millisecond() -> None:
    kinds = ("sum", "mean", "slope", "cv", "days_since_last", "n")
    names = [
        f"{subject}.bank_tx.{word}.{way}.{days}d.amount.{kind}"
        for subject in ("ent", "per")
        for word in ("all", "cash", "family", "sales", "rent", "wage", "tax", "loan_in", "refund")
        for way in ("in", "out")
        for days in (7, 30, 90, 180, 365)
        for kind in kinds
    ][:1_063]
    random = np.random.default_rng(7)
    given = random.normal(0, 0.02, (400, len(names)))
    values = random.normal(0, 1, (400, len(names)))
    made = Explainer(names, Reference.average(given, values))
    spent = []
    for i in range(400):
        start = time.perf_counter()
        made.explain(given[i], values[i], refused=True)
        spent.append(time.perf_counter() - start)
    assert min(spent) < 200e-6

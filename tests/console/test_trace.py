"""What a trace says to a reader: steps, and the words of the rules that fired."""

from __future__ import annotations

from tael.console.trace import Fired, rule_texts, steps_of
from tael.policies import first_bundle


def test_every_rule_of_every_table_says_what_it_asks_and_gives() -> None:
    texts = rule_texts(first_bundle("").dmn)
    assert texts["tier"][0] == "pd < 0.01 → 1"
    assert texts["tier"][6] == "pd >= 0.16 → 7"
    # A condition that takes any value is not told; several conclusions are told by name.
    assert texts["outcome"][0] == 'count(knock_outs) > 0 → "decline"'
    assert texts["prices"][5].startswith("tier 6 → bank_interest 0.06, guarantee_fee 0.16, ")


def test_a_rule_that_fired_is_told_by_number_note_and_words() -> None:
    row = {
        "node": "tier",
        "reads": {"pd": "0.2", "list": ["a", None]},
        "fired": [{"number": 2, "annotations": ["worst", ""]}, {"number": 9, "annotations": []}],
        "value": {"tier": 7, "why": []},
    }
    (step,) = steps_of({"decisions": [row]}, {"tier": ("one", "two")})
    assert step.fired == (Fired(2, "worst; ", "two"), Fired(9, "", ""))
    assert step.reads == {"pd": "0.2", "list": "a, null"}
    assert step.value == "tier: 7, why: []"


def test_of_a_decision_made_early_the_rules_that_surely_fired_are_told() -> None:
    (step,) = steps_of({"fired": {"tier": [2]}, "score_within": {}}, {"tier": ("one", "two")})
    assert (step.node, step.reads, step.value) == ("tier", {}, "")
    assert step.fired == (Fired(2, "", "two"),)


def test_a_trace_of_another_form_has_no_steps() -> None:
    assert steps_of({"score": {}}) == ()
    assert steps_of(None) == ()

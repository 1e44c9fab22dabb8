"""What one version says otherwise than another, as a reader is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tael.dmn import authoring
from tael.dmn.authoring import OutputColumn, Rule, Table
from tael.policies import Bundle, first_bundle
from tael.policies.differences import compare
from tael.policies.side_by_side import compare_tables

CARD = json.dumps({"base": "20.50", "characteristics": [{"name": "age", "points": [1, 2.50]}]})
FIRST = first_bundle(CARD)
MENU = json.loads(FIRST.prices)
CODES = [option["code"] for option in MENU["options"]]
COLUMNS = "pd (type number), result (type number)"
Change = Callable[[Table], Table]


def rules(name: str, change: Change) -> Bundle:
    draft = authoring.Draft.read(FIRST.dmn)
    return replace(FIRST, dmn=draft.with_table(name, change(draft.tables()[name])).to_xml())


def row(table: Table, number: int, **cells: tuple[str, ...]) -> Table:
    changed = replace(table.rules[number - 1], **cells)
    return replace(table, rules=(*table.rules[: number - 1], changed, *table.rules[number:]))


def prices(old: str, new: str) -> Bundle:
    assert old in FIRST.prices
    return replace(FIRST, prices=FIRST.prices.replace(old, new))


CHANGES: dict[str, tuple[Bundle, list[str]]] = {
    "a cell": (
        rules("tier", lambda t: row(t, 2, conditions=("[0.01..0.03)",))),
        ["dmn: table tier, rule 2, pd changes from [0.01..0.02) to [0.01..0.03)"],
    ),
    "a rule taken out": (
        rules("tier", lambda t: replace(t, rules=(*t.rules[:2], *t.rules[3:]))),
        ["dmn: table tier, rule 3 was taken out: [0.02..0.035) | 3"],
    ),
    "a rule put in first": (
        rules("tier", lambda t: replace(t, rules=(Rule(("< 0",), ("1",)), *t.rules))),
        ["dmn: table tier, rule 1 is new: < 0 | 1"],
    ),
    "another hit policy": (
        rules("tier", lambda t: replace(t, hit_policy="FIRST")),
        ["dmn: table tier, hit policy changes from UNIQUE to FIRST"],
    ),
    "another column": (
        rules(
            "tier",
            lambda t: replace(
                t,
                outputs=(*t.outputs, OutputColumn("note")),
                rules=tuple(replace(r, conclusions=(*r.conclusions, '""')) for r in t.rules[:1]),
            ),
        ),
        [f"dmn: table tier, columns changes from {COLUMNS} to {COLUMNS}, note"],
    ),
    "a default": (
        rules("tier", lambda t: replace(t, outputs=(replace(t.outputs[0], default="6"),))),
        [
            f"dmn: table tier, columns changes from {COLUMNS} to {COLUMNS[:-1]}; default 6)",
        ],
    ),
    "the order of options": (
        replace(FIRST, prices=json.dumps(MENU | {"options": MENU["options"][::-1]})),
        [
            f"prices: options (order) changes from {', '.join(CODES)} to {', '.join(CODES[::-1])}",
        ],
    ),
    "a number that became a text, a truth that became a number": (
        replace(FIRST, model=CARD.replace("2.5]", '"2.5"]').replace('"20.50"', "true")),
        [
            'model: base changes from "20.50" to true',
            'model: characteristics.age.points.2 changes from 2.5 to "2.5"',
        ],
    ),
    "a price": (
        prices('"fee_change": "-0.005"', '"fee_change": "-0.006"'),
        ["prices: options.equal_principal.fee_change changes from -0.005 to -0.006"],
    ),
    "a tier that an option is for": (
        prices('"tiers": [1, 2, 3], "method": "INTEREST', '"tiers": [1, 2], "method": "INTEREST'),
        ["prices: options.interest_first.tiers.3 was taken out: 3"],
    ),
    "points of a model, exactly": (
        replace(FIRST, model=CARD.replace("2.5]", "2.75]")),
        ["model: characteristics.age.points.2 changes from 2.5 to 2.75"],
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_difference_is_told_by_place_before_and_after(what: str) -> None:
    after, told = CHANGES[what]
    found = [one.en for one in compare(FIRST, after)]

    assert found[: len(told)] == told
    assert all(one.zh for one in compare(FIRST, after))


def test_what_was_new_one_way_was_taken_out_the_other() -> None:
    for after, _ in CHANGES.values():
        there, back = compare(FIRST, after), compare(after, FIRST)
        assert sorted((str(d.before), str(d.after)) for d in there) == sorted(
            (str(d.after), str(d.before)) for d in back
        )


def test_layout_and_ids_are_no_differences() -> None:
    again = authoring.Draft.read(FIRST.dmn).to_xml()
    spread = json.dumps(json.loads(FIRST.prices), indent=7)

    assert again != FIRST.dmn
    assert compare(FIRST, replace(FIRST, dmn=again, prices=spread)) == ()


def test_a_changed_expression_is_told_whole() -> None:
    draft = authoring.Draft.read(FIRST.dmn)
    said = draft.wording()["decision instalment_burden"]
    after = replace(FIRST, dmn=FIRST.dmn.replace("monthly_revenue", "total_debt"))
    (first, *_) = [one for one in compare(FIRST, after) if "instalment_burden" in one.place.en]

    assert first.before == said
    assert first.after == said.replace("monthly_revenue", "total_debt")
    assert first.zh.startswith("dmn: decision instalment_burden 由")


def test_chinese_names_places_in_chinese() -> None:
    after, _ = CHANGES["a cell"]
    assert [one.zh for one in compare(FIRST, after)] == [
        "dmn: 决策表 tier 第 2 条规则 pd 由 [0.01..0.02) 改为 [0.01..0.03)"
    ]


def served(*links: str) -> Bundle:
    """The shipped rules with a decision service of these links."""
    parts = (link.partition(" ") for link in links)
    inside = "".join(f'<{tag} href="#{href}"/>' for tag, _, href in parts)
    service = f'<decisionService id="s1" name="early">{inside}</decisionService></definitions>'
    return replace(FIRST, dmn=FIRST.dmn.replace("</definitions>", service))


def test_a_decision_service_is_told_by_what_it_gives_and_takes() -> None:
    before = served("outputDecision tier", "inputData in_pd")
    after = served("inputData in_pd", "outputDecision tier", "outputDecision limit")
    assert [one.en for one in compare(before, after)] == [
        "dmn: service early, decisions it gives changes from tier to limit, tier"
    ]
    assert compare(before, after)[0].zh == (
        "dmn: 决策服务 early 给出的决策 由 tier 改为 limit, tier"
    )
    assert compare(before, served("inputData in_pd", "outputDecision tier")) == ()
    told = [one.en for one in compare(FIRST, before)]
    assert "dmn: service early, inputs it takes is new: pd" in told


def test_variables_are_told_by_name_and_their_order_says_nothing() -> None:
    before = replace(FIRST, variables='{"plan": "p1", "names": ["a", "b"]}')
    after = replace(FIRST, variables='{"plan": "p2", "names": ["c", "b"]}')
    assert [one.en for one in compare(before, after)] == [
        "variables: plan changes from p1 to p2",
        "variables: names.a was taken out: a",
        "variables: names.c is new: c",
    ]
    assert compare(before, replace(before, variables='{"names": ["b", "a"], "plan": "p1"}')) == ()


def test_cases_are_told_by_their_names() -> None:
    first, second = (
        json.dumps({"cases": [{"name": n, "inputs": {}, "expect": {"tier": tier}}, ONE]})
        for n, tier in (("old", 1), ("old", 2))
    )
    before, after = replace(FIRST, cases=first), replace(FIRST, cases=second)
    assert [one.en for one in compare(before, after)] == [
        "cases: cases.old.expect.tier changes from 1 to 2"
    ]
    gone = replace(FIRST, cases=json.dumps({"cases": [ONE]}))
    (out,) = compare(before, gone)
    assert out.en.startswith("cases: cases.old was taken out: ")
    assert len(compare(replace(FIRST, cases=""), gone)) == 1


ONE = {"name": "one", "inputs": {}, "expect": {"tier": 3}}


def test_a_rated_model_is_told_by_what_a_reader_can_judge() -> None:
    def rated(variables: list[str], anchor: str, digest: str) -> Bundle:
        model = {"columns": variables, "members": {"booster": "{...}"}, "hash": digest}
        told = {"format": "tael.rated/1", "kind": "ensemble", "hash": digest, "model": model}
        told |= {"plan": "p", "config": "c", "bounds": ["0.01"], "reference": [[1, 2], [3]]}
        return replace(FIRST, model=json.dumps(told)[:-1] + f', "anchor": {anchor}}}')

    found = compare(rated(["a", "b"], "0.10", "h1"), rated(["b", "c"], "0.20", "h2"))
    assert [one.en for one in found] == [
        "model: hash changes from h1 to h2",
        "model: anchor changes from 0.10 to 0.20",
        "model: model.hash changes from h1 to h2",
        "model: variables.a was taken out: a",
        "model: variables.c is new: c",
    ]


def shown(before: Bundle, after: Bundle) -> list[tuple[str, int | None, int | None]]:
    (only,) = compare_tables(before, after)
    assert only.name == "tier"
    return [(row.mark.value, row.before, row.after) for row in only.around(0)]


def test_a_table_shows_each_row_with_its_mark_and_both_numbers() -> None:
    cell, _ = CHANGES["a cell"]
    (only,) = compare_tables(FIRST, cell)
    assert only.columns == ("pd", "result")
    assert len(only.rows) == 7
    changed = only.around(0)[0].cells
    assert [(one.before, one.after, one.changed) for one in changed] == [
        ("[0.01..0.02)", "[0.01..0.03)", True),
        ("2", "2", False),
    ]
    assert [row.after for row in only.around(1)] == [1, 2, 3]
    assert shown(FIRST, cell) == [("changed", 2, 2)]
    assert shown(FIRST, CHANGES["a rule taken out"][0]) == [("out", 3, None)]
    assert shown(FIRST, CHANGES["a rule put in first"][0]) == [("new", None, 1)]


def test_a_table_with_other_columns_is_shown_twice_and_one_that_is_gone_once() -> None:
    wider, _ = CHANGES["another column"]
    marks = [mark for mark, _, _ in shown(FIRST, wider)]
    assert marks == ["out"] * 7 + ["new"]
    gone = replace(FIRST, dmn=FIRST.dmn.replace('name="tier"', 'name="grade"'))
    assert {one.name for one in compare_tables(FIRST, gone)} >= {"tier", "grade"}
    assert compare_tables(FIRST, FIRST) == ()
    assert compare_tables(FIRST, prices('"-0.005"', '"-0.006"')) == ()


@pytest.mark.parametrize("what", CHANGES)
def test_the_table_shows_a_row_wherever_the_words_tell_one(what: str) -> None:
    after, _ = CHANGES[what]
    rules_told = [one for one in compare(FIRST, after) if ", rule " in one.place.en]
    rows = [row for one in compare_tables(FIRST, after) for row in one.around(0)]
    assert bool(rules_told) == bool(rows)

"""What a table of ten thousand rules costs whoever edits it: saving it, and proving it whole.

    PYTHONPATH=src:benchmarks python -m dmn.edit_table [--rules 10000]

The rules cut a space of three numbers and 25 words into boxes, so none overlap and none lack. Every
step is told in seconds of processor time, and as a multiple of one ``loads`` of the same text: the
saving of a draft is all its steps together, and each of them once. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from dmn.one_decision import at_most
from tael.dmn import loads
from tael.dmn.authoring import Draft, InputColumn, OutputColumn, Rule, Table

WORDS = 25
SPACE = ((300, 900), (0, 100_000), (0, 360))
NAMES = ("score", "amount", "months")
_BUDGET_S = 5.0
_T = TypeVar("_T")


def boxes(rules: int, seed: int = 1) -> Table:
    """A table of hit policy UNIQUE that covers every case once, its boxes cut by chance."""
    chance = random.Random(seed)  # noqa: S311 - data, no secret
    made: list[Rule] = []
    for word in range(WORDS):
        cells: list[tuple[tuple[int, int], ...]] = [SPACE]
        while len(cells) < rules // WORDS:
            number, column = chance.randrange(len(cells)), chance.randrange(len(SPACE))
            low, high = cells[number][column]
            if high - low > 1:
                cut, whole = chance.randrange(low + 1, high), cells.pop(number)
                parts = ((low, cut), (cut, high))
                cells += [(*whole[:column], each, *whole[column + 1 :]) for each in parts]
        for box in cells:
            texts = (*(f"[{low}..{high})" for low, high in box), f'"w{word}"')
            made.append(Rule(texts, (str(chance.randrange(97)),)))
    inputs = (*(InputColumn(name, "number") for name in NAMES), InputColumn("word", "string"))
    return Table(inputs, (OutputColumn("", "number"),), tuple(made), "UNIQUE")


def draft_of(table: Table) -> Draft:
    """The model that the table stands in; its inputs allow what the table covers."""
    draft = Draft.new("large", "urn:large")
    for name, (low, high) in zip(NAMES, SPACE, strict=True):
        draft = draft.input(name, "number", f"[{low}..{high})")
    words = ", ".join(f'"w{word}"' for word in range(WORDS))
    return draft.input("word", "string", words).decision("t", table, "number")


def measured(rules: int = 10_000) -> dict[str, object]:
    """Every figure by name, with what is required of the two sums."""
    table = boxes(rules)
    text = draft_of(table).to_xml()
    spent: dict[str, float] = {}

    def timed(name: str, made: Callable[[], _T]) -> _T:
        began = time.process_time()
        found = made()
        spent[name] = round(time.process_time() - began, 3)
        return found

    loads(text)
    timed("load", lambda: loads(text))
    draft = timed("read", lambda: Draft.read(text))
    shown = timed("tables", draft.tables)["t"]
    first = replace(shown.rules[0], conclusions=("96",))
    edited = replace(shown, rules=(first, *shown.rules[1:]))
    changed = timed("with_table", lambda: draft.with_table("t", edited))
    written = timed("to_xml", changed.to_xml)
    model = timed("load_again", lambda: loads(written))
    timed("reasons", lambda: model.reasoner)
    proof = timed("verify", lambda: model.verify(_BUDGET_S))
    if proof.spent or any(one.kind in ("gap", "overlap") for one in proof.findings):
        raise SystemExit(f"the table is not proven: {proof.tables}")
    save = sum(spent[name] for name in ("with_table", "to_xml", "load_again", "reasons"))
    times = {name: round(each / spent["load"], 1) for name, each in spent.items()}
    return {
        "load_average": os.getloadavg(),
        "rules": rules,
        "cpu_s": spent,
        "times_one_load": times,
        "requirements": {
            "save a draft, times one load": at_most(10, round(save / spent["load"], 1)),
            "verify the table, s": at_most(_BUDGET_S, spent["verify"]),
        },
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rules", type=int, default=10_000)
    print(json.dumps(measured(parser.parse_args().rules), indent=1))

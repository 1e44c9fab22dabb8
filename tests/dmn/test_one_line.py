"""A file without line breaks: as quick to read as any other."""

from __future__ import annotations

from tael.dmn.authoring import Draft, InputColumn, OutputColumn, Rule, Table
from tael.dmn.model.columns import aligned
from tael.dmn.model.xml import parse


def test_a_text_far_to_the_right_is_not_padded_to_its_column() -> None:
    data = b"<a>" + b" " * 5000 + b"<text>1</text></a>"
    assert aligned(data, data.index(b"<text>"), data.index(b"</text>"), "1") == "1"
    near = b"<a>\n" + b" " * 5 + b"<text>1</text></a>"
    assert aligned(near, near.index(b"<text>"), near.index(b"</text>"), "1") == " " * 11 + "1"


def test_a_table_on_one_line_takes_no_more_room_than_on_many() -> None:
    rules = tuple(Rule((f"[{n}..{n + 1})",), (str(n),)) for n in range(2000))
    table = Table((InputColumn("x", "number"),), (OutputColumn("", "number"),), rules, "F")
    text = (
        Draft.new("wide", "https://example.org/tael/wide").input("x").decision("y", table).to_xml()
    )
    flat = "".join(line.strip() for line in text.splitlines())

    waiting, most = [parse(flat.encode(), "flat")], 0
    while waiting:
        found = waiting.pop()
        most = max(most, len(found.aligned))
        waiting.extend(found.children)

    assert most < 3000
    assert Draft.read(flat).model().evaluate({"x": 1500}).outputs == {"y": 1500}

"""FEEL text keeps the columns of the file, whatever stands before it or is escaped in it."""

from __future__ import annotations

import pytest

from tael.dmn.feel.lexer import tokens
from tael.dmn.model.xml import parse


@pytest.mark.parametrize(
    ("written", "token"),
    [
        ("<a><text>one + two</text></a>", "two"),
        ("<a><text>\n   one +\n  two</text></a>", "two"),
        ("<a>\n  <text>one &lt; two</text></a>", "two"),
        ("<a>\n  <text>one &lt;= two and &gt;= three</text></a>", "three"),
        ('<a><text>"x &lt; y" + two</text></a>', "two"),
        ("<a><text><![CDATA[one < two]]></text></a>", "two"),
        ("<a note='>'><text id='a > b'>one + two</text></a>", "two"),
        ("<a><text>收入 + two</text></a>", "two"),
        ("<a><b/><text>one</text><text>two</text></a>", "two"),
    ],
)
def test_a_token_stands_where_the_file_has_it(written: str, token: str) -> None:
    root = parse(written.encode(), "<text>")
    found = [
        each.at
        for element in root.all("text")
        for each in tokens(element.aligned, element.line)
        if each.text == token
    ]
    assert len(found) == 1
    line = written.splitlines()[found[0].line - 1]
    assert line[found[0].column - 1 :].startswith(token)


@pytest.mark.parametrize(
    "body",
    ["a &lt;= b", '"&quot;" + x', "a &amp; b", "<![CDATA[a < b]]>", "x<!-- no -->y", "&#60; 5", ""],
)
def test_the_text_means_the_same(body: str) -> None:
    element = parse(f"<a><text>{body}</text></a>".encode(), "<text>").all("text")[0]
    if '"""' not in element.text:
        assert element.aligned.split() == element.text.split() or (
            "".join(element.aligned.split()) == "".join(element.text.split())
        )


def test_another_encoding_leaves_the_text_as_it_is() -> None:
    data = '<?xml version="1.0" encoding="ISO-8859-1"?><a><text>é + 1</text></a>'
    element = parse(data.encode("latin-1"), "<text>").all("text")[0]
    assert element.aligned.strip() == element.text == "é + 1"

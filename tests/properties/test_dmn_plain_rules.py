"""Rules taken straight from the bytes are those that the XML parser gives, errors and all."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import event, given
from hypothesis import strategies as st

from tael.dmn import DmnError, loads
from tael.dmn.feel.syntax import DecisionTable, Expression
from tael.dmn.model.plain_rules import RuleElement, lift
from tael.dmn.model.rules import PlainRules
from tael.dmn.model.xml import Element, parse, parse_for_reading

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"
TEXTS = (
    "-", "5", "&lt; 3", "&gt;= 2.5", "[1..20)", '"a"', "&quot;b&quot;", "x &amp; y", " 7 ", "",
    "\n  [0..9]", "é 汉", "not(1)", "a > b", "]]", 'id="5"', ' id="5"', "&apos;",
)  # fmt: skip
ODD_TEXTS = (
    "&#65;",
    "&unknown;",
    "<b/>",
    "<![CDATA[1]]>",
    "<!-- c -->",
    "]]>",
    "\x01",
    "\ufffe",
    "a\r\nb",
)
gaps = st.sampled_from(("", "", "\n", " \n  "))
# Most documents are plain through and through; a few have one oddity or another.
rarely = st.integers(0, 60).map(lambda drawn: drawn == 17)


@st.composite
def entries(draw: st.DrawFn, tag: str) -> str:
    text = draw(st.sampled_from(ODD_TEXTS if draw(rarely) else TEXTS))
    odd = (' id="&lt;"', " id='e2'", ' typeRef="x"')
    name = draw(st.sampled_from(odd if draw(rarely) else ("", "", ' id="e1"')))
    whole = "<text/>" if draw(rarely) else f"<text>{text}</text>"
    return f"<{tag}{name}>{draw(gaps)}{whole}{draw(gaps)}</{tag}>{draw(gaps)}"


@st.composite
def rules(draw: st.DrawFn) -> str:
    parts = [draw(entries("inputEntry")) for _ in range(draw(st.integers(0, 3)))]
    parts += [draw(entries("outputEntry")) for _ in range(draw(st.integers(0, 2)))]
    parts += [draw(entries("annotationEntry")) for _ in range(draw(st.integers(0, 2)))]
    if draw(rarely):
        parts = draw(st.permutations(parts))
    odd = (' id="a&amp;b"', ' id="x" ', ' xmlns="other"')
    name = draw(st.sampled_from(odd if draw(rarely) else ("", ' id="r1"')))
    end = "</rul>" if draw(rarely) else "</rule>"
    return f"<rule{name}>{draw(gaps)}{''.join(parts)}{end}"


@st.composite
def documents(draw: st.DrawFn) -> str:
    found = draw(st.lists(rules(), min_size=1, max_size=5))
    plain = ("{}", "<x:t xmlns:x='u'>{}</x:t>", "w {} w", "<y> {} </y>")
    odd = (
        "<!-- {} -->{}", "<t a='{}'/>", "<t>{}", "<?pi {}?>{}", "<t xmlns='other'>{}</t>",
        "<![CDATA[{}]]>",
    )  # fmt: skip
    around = draw(st.sampled_from(plain if draw(st.integers(0, 5)) else odd))
    inner = around.replace("{}", draw(gaps).join(found))
    default = draw(st.sampled_from((f'xmlns="{NAMESPACE}"', f"xmlns='{NAMESPACE}'")))
    roots = ("", ' xmlns:x="u"> xmlns="other" <y/', " a='>'" + default)
    root = draw(st.sampled_from(roots)) if draw(rarely) else default
    head = draw(st.sampled_from(("", '<?xml version="1.0" encoding="UTF-8"?>\n')))
    filler = "<literalExpression><text>1</text></literalExpression>" * 40
    return f"{head}<definitions {root}>{inner}<t>{filler}</t>{inner}</definitions>"


def shown(element: Element) -> object:
    own = (element.namespace, element.tag, dict(element.attributes), element.line)
    return (*own, element.text, element.aligned, [shown(each) for each in element.children])


def read(text: str, *, directly: bool) -> object:
    data = text.encode("utf-8", "surrogatepass")
    try:
        return shown((parse_for_reading if directly else parse)(data, "x"))
    except DmnError as error:
        return str(error)


@given(documents())
def test_a_tree_with_lifted_rules_is_that_of_the_parser(text: str) -> None:
    found = read(text, directly=True)
    assert found == read(text, directly=False)
    lifted = lift(text.encode("utf-8", "surrogatepass"))
    event("refused" if isinstance(found, str) else "lifted" if lifted else "left to the parser")


@given(documents(), st.data())
def test_bytes_that_are_changed_are_read_or_refused_as_by_the_parser(
    text: str, data: st.DataObject
) -> None:
    raw = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1) | st.integers(0, min(300, len(raw) - 1)))
        raw[at] = data.draw(st.integers(0, 255))
    found = []
    for reader in (parse_for_reading, parse):
        try:
            found.append(shown(reader(bytes(raw), "x")))
        except DmnError as error:
            found.append(error.field)
    assert found[0] == found[1]


cells = st.sampled_from(("-", "&lt; 3", "[1..20)", "7", "&gt;= -2.5", "=4", " 5 "))
conclusions = st.sampled_from(("1", "-3", "2.50", "0"))
odd_cells = st.sampled_from(("not(5)", "2, 4", "a"))
odd_conclusions = st.sampled_from(("a + 1", '"x"', ""))


@st.composite
def tables(draw: st.DrawFn) -> str:
    rows = "".join(
        f'<rule id="r{n}">\n<inputEntry><text>{draw(odd_cells if draw(rarely) else cells)}</text>'
        f"</inputEntry><outputEntry><text>"
        f"{draw(odd_conclusions if draw(rarely) else conclusions)}</text></outputEntry>"
        f"<annotationEntry><text>note {n}</text></annotationEntry></rule>\n"
        for n in range(draw(st.integers(15, 18)))
    )
    filler = "<description>" + "d" * 500 + "</description>"
    return (
        f'<definitions xmlns="{NAMESPACE}" name="m">{filler}<inputData id="a" name="a">'
        '<variable name="a" typeRef="number"/></inputData><decision id="d" name="d">'
        '<variable name="d"/><informationRequirement><requiredInput href="#a"/>'
        '</informationRequirement><decisionTable hitPolicy="COLLECT"><input><inputExpression>'
        f"<text>a</text></inputExpression></input><output/><annotation name='why'/>{rows}"
        "</decisionTable></decision></definitions>"
    )


def tree_of(logic: Expression | None) -> DecisionTable:
    assert isinstance(logic, DecisionTable)
    return replace(logic, rules=tuple(logic.rules))


@given(tables(), st.integers(-4, 25))
def test_a_model_is_the_same_however_its_rules_were_read(text: str, a: int) -> None:
    # A comment leaves all of the file to the parser.
    direct, parsed = loads(text), loads(text.replace("</definitions>", "<!-- --></definitions>"))
    assert direct.hash == parsed.hash
    one, other = direct.graph.decisions["d"].logic, parsed.graph.decisions["d"].logic
    assert tree_of(one) == tree_of(other)
    assert isinstance(one, DecisionTable)
    assert isinstance(other, DecisionTable)
    event("plain" if isinstance(one.rules, PlainRules) else "trees")
    assert not isinstance(other.rules, PlainRules)
    assert (direct.plan.rejected == {}) is (parsed.plan.rejected == {})
    for model in (direct, parsed):
        assert model.evaluate({"a": a}).outputs == parsed.evaluate_slowly({"a": a}).outputs
        assert model.evaluate({"a": a}).trace == parsed.evaluate_slowly({"a": a}).trace


def test_a_rule_is_read_again_as_the_same_object() -> None:
    rows = "".join(
        f"<rule><inputEntry><text>{n}</text></inputEntry><outputEntry><text>{n}</text>"
        "</outputEntry></rule>"
        for n in range(40)
    )
    text = (
        f'<definitions xmlns="{NAMESPACE}" name="m"><decision id="d" name="d"><decisionTable>'
        f"<input><inputExpression><text>1</text></inputExpression></input><output/>{rows}"
        "</decisionTable></decision></definitions>"
    )
    assert isinstance(parse_for_reading(text.encode(), "x").children[0].children[0].children[2],
                      RuleElement)  # fmt: skip
    logic = loads(text).graph.decisions["d"].logic
    assert isinstance(logic, DecisionTable)
    assert isinstance(logic.rules, PlainRules)
    assert logic.rules[3] is logic.rules[-37]
    assert [rule.number for rule in logic.rules[:2]] == [1, 2]

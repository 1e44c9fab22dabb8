"""No float where money is kept: integers inside Money, Decimal for rates, one named rounding."""

from __future__ import annotations

import ast

NO_FLOAT_NO_DIVISION = {"ledger", "servicing", "funding", "merchants"}
NO_FLOAT = NO_FLOAT_NO_DIVISION | {"pricing"}


def offences(source) -> list[str]:
    if source.room not in NO_FLOAT:
        return []
    strict = source.room in NO_FLOAT_NO_DIVISION
    found = []
    for node in source.nodes:
        reason = _float(node) or (_division(node) if strict else "")
        if reason:
            found.append(f"{source.path}:{node.lineno}: {reason}")
    return found


def _float(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return f"the float {node.value!r}; write Decimal({str(node.value)!r}) or whole minor units"
    if isinstance(node, ast.Name) and node.id == "float":
        return "`float`; amounts are Money, rates are Rate, and a model's float enters as a Rate"
    return ""


def _division(node: ast.AST) -> str:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
        return "`/` in a money room; use Money.split or Money.times (paths: Path.joinpath)"
    if isinstance(node, ast.Name) and node.id == "round":
        return "`round`; money is rounded in one place, Money.of, with a named rule"
    return ""


def test_floats_division_and_round_are_refused_where_money_is_kept(snippet) -> None:
    for text in (
        "a = 0.5",
        "a = float(b)",
        "a = b / 2",
        "a /= 2",
        "a = round(b)",
        "def f(a: float): ...",
    ):
        assert offences(snippet(text, "src/tael/ledger/rules.py")), text
    assert "Money.split" in offences(snippet("a = b / 2", "src/tael/funding/rules.py"))[0]


def test_whole_numbers_and_decimals_are_let_through(snippet) -> None:
    text = "a = b // 2\nc = Decimal('0.5')\nd = money.times(rate)"
    assert not offences(snippet(text, "src/tael/ledger/rules.py"))
    assert not offences(snippet("a = Decimal(1) / 3", "src/tael/pricing/irr.py"))
    assert offences(snippet("a = 1e-9", "src/tael/pricing/irr.py"))
    assert not offences(snippet("a = 1e-9", "src/tael/risk/bins.py"))


def test_no_float_stands_in_a_money_room(sources) -> None:
    found = [offence for source in sources for offence in offences(source)]
    assert not found, "\n".join(found)

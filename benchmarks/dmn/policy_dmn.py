"""The credit policy as DMN 1.5 text."""

from __future__ import annotations

from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from dmn.credit_policy import Cell, Field, Policy, Table

_NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"
_REASONS = "https://tael.example/dmn/reasons"
OUTPUTS = ("reasons", "score", "tier", "price", "amount", "payment", "route")


def policy_text(policy: Policy) -> str:
    """The policy as a DMN file; decisions are named as the reference names its outputs.

    ``price`` is the context of limit and rate; ``ratios`` that of the five ratios.
    """
    parts = [*map(_item, policy.inputs), *map(_input, policy.inputs), *_decisions(policy)]
    return definitions("credit policy", parts)


def definitions(name: str, parts: list[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<definitions xmlns="{_NAMESPACE}" xmlns:why="{_REASONS}" id="m" name={quoteattr(name)}'
        ' namespace="bench">\n'
        f"{body}\n</definitions>\n"
    )


def _item(field: Field) -> str:
    if not field.values:
        return ""
    values = escape(", ".join(f'"{value}"' for value in field.values))
    return (
        f'<itemDefinition name="t_{field.name}"><typeRef>string</typeRef>'
        f"<allowedValues><text>{values}</text></allowedValues></itemDefinition>"
    )


def _input(field: Field) -> str:
    kind = f"t_{field.name}" if field.values else field.kind
    return (
        f'<inputData id="{field.name}" name="{field.name}">'
        f'<variable name="{field.name}" typeRef="{kind}"/></inputData>'
    )


def _decisions(policy: Policy) -> list[str]:
    inputs = {field.name for field in policy.inputs}
    ratios = {name for name, _, _ in policy.ratios}

    def columns(*tables: Table) -> list[str]:
        names = dict.fromkeys(name for table in tables for name in table.columns)
        return [*("ratios" if n in ratios else n for n in names)]

    def table(found: Table, policy_name: str) -> str:
        written = [f"ratios.{n}" if n in ratios else n for n in found.columns]
        return table_xml(found, written, policy_name)

    def decision(name: str, kind: str, reads: list[str], logic: str, why: str = "") -> str:
        links = "".join(
            f"<informationRequirement><required{'Input' if n in inputs else 'Decision'} "
            f'href="#{n}"/></informationRequirement>'
            for n in dict.fromkeys(reads)
        )
        return (
            f'<decision id="{name}" name="{name}">{why}<variable name="{name}" typeRef="{kind}"/>'
            f"{links}{logic}</decision>"
        )

    parts = {part for _, above, below in policy.ratios for part in (*above.split(" - "), below)}
    read = [field.name for field in policy.inputs if field.name in parts]
    return [
        decision("ratios", "", read, _ratios(policy)),
        decision("reasons", "", columns(policy.knock_outs),
                 table(policy.knock_outs, "COLLECT"), _why("<why:codes/>")),
        decision("score", "number", columns(*policy.scorecard), _scorecard(policy, table)),
        decision("tier", "number", columns(policy.tiers), table(policy.tiers, "FIRST")),
        decision("price", "", columns(policy.prices), table(policy.prices, "FIRST")),
        decision("amount", "number", ["requested_amount", "price", "annual_revenue"],
                 literal("min(requested_amount, price.limit, annual_revenue * 0.35)")),
        decision("payment", "number", ["amount", "price", "term_months"], _payment()),
        decision("route", "string", ["reasons", "tier", "ratios"], literal(
            'if count(reasons) > 0 then "decline" else '
            'if tier >= 5 or ratios.request_share > 0.5 then "refer" else "approve"')),
    ]  # fmt: skip


def _why(declared: str) -> str:
    """Which reason a decision or an entry of a context gives when it falls short."""
    return f"<extensionElements>{declared}</extensionElements>"


def literal(text: str) -> str:
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


def _entry(name: str, logic: str, why: str = "") -> str:
    return f'<contextEntry>{why}<variable name="{name}"/>{logic}</contextEntry>'


def _ratios(policy: Policy) -> str:
    entries = (
        _entry(name, literal(f"({above}) / {below}" if " - " in above else f"{above} / {below}"))
        for name, above, below in policy.ratios
    )
    return f"<context>{''.join(entries)}</context>"


def _scorecard(policy: Policy, table) -> str:  # noqa: ANN001 - a writer of tables
    names = [f"points of {each.columns[0]}" for each in policy.scorecard]
    entries = [
        _entry(n, table(t, "UNIQUE"), _why(f'<why:characteristic reason="low {n}"/>'))
        for n, t in zip(names, policy.scorecard, strict=True)
    ]
    total = f"<contextEntry>{literal('sum(' + ', '.join(names) + ')')}</contextEntry>"
    return f"<context>{''.join(entries)}{total}</context>"


def _payment() -> str:
    monthly = _entry("monthly", literal("price.rate / 12"))
    growth = _entry("growth", literal("(1 + monthly) ** term_months"))
    result = literal("decimal(amount * monthly * growth / (growth - 1), 2)")
    return f"<context>{monthly}{growth}<contextEntry>{result}</contextEntry></context>"


def table_xml(table: Table, written: list[str], policy_name: str) -> str:
    """A decision table; ``written`` are its input expressions."""
    inputs = "".join(
        f"<input><inputExpression><text>{escape(text)}</text></inputExpression></input>"
        for text in written
    )
    several = len(table.outputs) > 1
    outputs = "".join(f'<output name="{n}"/>' if several else "<output/>" for n in table.outputs)
    rules = "\n".join(
        f'<rule id="r{number}">'
        + "".join(f"<inputEntry><text>{escape(feel(c))}</text></inputEntry>" for c in row)
        + "".join(f"<outputEntry><text>{_constant(v)}</text></outputEntry>" for v in conclusion)
        + "</rule>"
        for number, (row, conclusion) in enumerate(
            zip(table.rows, table.conclusions, strict=True), start=1
        )
    )
    return f'<decisionTable hitPolicy="{policy_name}">{inputs}{outputs}{rules}</decisionTable>'


def _constant(value: str | int | Decimal) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def feel(cell: Cell) -> str:
    """A cell as FEEL writes it."""
    if cell.kind == "range":
        return f"[{cell.low}..{cell.high})"
    if cell.kind == "least":
        return f">= {cell.low}"
    if cell.kind == "below":
        return f"< {cell.high}"
    if cell.kind == "one_of":
        return ", ".join(f'"{value}"' for value in cell.values)
    return "-" if cell.kind == "any" else str(cell.truth).lower()

"""``tael dmn verify``: gaps, overlaps, conflicts and idle rules of decision tables."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.decision_check import Language
from tael.cli.decision_inputs import ModelFile
from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, put, say, show, table

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.dmn import Finding


def verify(
    file: ModelFile,
    budget_s: Annotated[
        float, typer.Option("--budget", help="Seconds after which the search stops and says so.")
    ] = 10.0,
    language: Annotated[
        Language, typer.Option("--lang", help="The language of the findings: en or zh.")
    ] = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Verify the decision tables of a model.

    Looks over all columns at once for values that no rule covers, rules that overlap or conflict
    against the hit policy, and rules that never decide; each finding shows an example. What was
    proven of each table is said, and what was not. Ends with 6 when there is an error.

    Examples:

        tael dmn verify policy.dmn
        tael dmn verify policy.dmn --budget 60 --lang zh
        tael dmn verify policy.dmn --json
    """
    from tael.dmn import load

    model = load(file)
    found = model.verify(budget_s)
    counts = Counter(each.severity.value for each in found.findings)
    proven = [proof.text(language.value) for proof in found.tables]
    data = {
        "model": model.name,
        "hash": model.hash,
        "findings": [each.to_json() for each in found.findings],
        "counts": {name: counts[name] for name in ("error", "warning", "note")},
        "spent": found.spent,
        "proven": proven,
        "sound": not counts["error"],
    }

    def draw(screen: Console) -> None:
        if found.findings:
            _draw(screen, found.findings, language)
        for text in proven:
            put(text)

    show(data, draw, as_json=as_json)
    if found.spent:
        say(f"tael: {budget_s:g} s were spent before everything was looked for; see --budget")
    if counts["error"]:
        say(f"tael: {counts['error']} errors in the tables of {file}")
        raise typer.Exit(ExitCode.ALARM)


def _draw(screen: Console, findings: tuple[Finding, ...], language: Language) -> None:
    rows = [
        (
            each.severity.value,
            each.node,
            ", ".join(map(str, each.rules)),
            each.text(language.value),
        )
        for each in findings
    ]
    screen.print(table("Findings", ("severity", "table", "rules", "finding"), rows))

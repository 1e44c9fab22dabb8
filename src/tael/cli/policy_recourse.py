"""``tael policies recourse``: what would change an answer, and the letter that tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tael.cli.output import AsJson, put, say, show
from tael.cli.policy_acting import looking
from tael.cli.policy_files import read_folder
from tael.kernel import BadInput, DecisionId, NotFound, Rate, day_of

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from tael.app.installation import Installation
    from tael.platform import Work
    from tael.policies import Bundle
    from tael.policies.model import Decision
    from tael.policies.recourse import Advice, Advised, Answer, Letter, Sender, Target

_CAP = "cap.all_in"
_LOCALES = ("zh", "en")
Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class _Case:
    """Who asks: the policy's texts, the inputs, the cap in force, and the decision if logged."""

    bundle: Bundle
    inputs: Inputs
    cap: Rate
    decision: Decision | None = None


def recourse(
    ctx: typer.Context,
    decision: Annotated[
        str | None, typer.Argument(help="Id of a logged decision: dec_...; or give --inputs.")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="A JSON file of an applicant's inputs.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--policy", help="Texts that `tael policies show --save` wrote; else those in force."
        ),
    ] = None,
    cap: Annotated[
        str | None, typer.Option("--cap", help="All-in cap, as 0.24; else the one in force.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="approve, amount or tier; else the next one.")
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--letter", help="Write the letter, from SENDER: CONTACT.")
    ] = None,
    locale: Annotated[str, typer.Option("--locale", help="zh or en.")] = "zh",
    as_json: AsJson = False,
) -> None:
    """Tell the smallest changes of what an owner can influence that would change the answer.

    Exact: every combination of up to three changes that the policy declares is decided by its own
    tables and model. What cannot be changed, or only by a false claim, is never suggested. With
    --letter the letter to the applicant is written.

    Examples:

        tael policies recourse dec_01jd8c4q8kf3v7s2m5x9w0y1za --locale en
        tael policies recourse --inputs applicant.json --policy policy --cap 0.24 --json
        tael policies recourse dec_01jd8c4q8kf3v7s2m5x9w0y1za --letter "Some Guarantee Co.: 400-1"
    """
    from tael.policies.recourse import Advised, what_would_change

    if locale not in _LOCALES:
        raise BadInput(f"{locale!r} is not a language", field="locale", rule="zh or en")
    wanted, whom = _target(target), None if sender is None else _sender(sender)
    case = _case(ctx, decision, (inputs, folder, cap))
    advised = Advised.of(case.bundle)
    advice = what_would_change(advised, case.inputs, case.cap, wanted)
    if case.decision is not None and case.decision.outcome != advice.verdict.outcome:
        say("tael: accepted by lot; this is what the policy alone says")
    letter = "" if whom is None else _letter(whom, case, advised, advice).text(locale)

    def draw(_screen: object) -> None:
        put(letter or str(getattr(advice.words, locale)))

    show(_told(advice) | ({"letter": letter} if letter else {}), draw, as_json=as_json)


def _target(text: str | None) -> Target | None:
    from tael.policies.recourse import Target

    for each in Target:
        if each.value == text:
            return each
    if text is None:
        return None
    raise BadInput(
        f"{text!r} is no target", field="target", rule=" | ".join(each.value for each in Target)
    )


def _case(
    ctx: typer.Context, decision: str | None, given: tuple[Path | None, Path | None, str | None]
) -> _Case:
    inputs, folder, cap = given
    if (decision is None) == (inputs is None):
        raise BadInput("name a decision, or give --inputs", field="decision", rule="one of the two")
    if decision is not None:
        if folder is not None or cap is not None:
            raise BadInput(
                "a logged decision has its policy and its cap",
                field="policy",
                rule="with --inputs only",
            )
        with looking(ctx) as (house, work):
            return _logged(house, work, DecisionId.parse(decision, field="decision"))
    held = _read(inputs) if inputs is not None else {}
    rate = None if cap is None else _rate(cap)
    if folder is not None and rate is not None:
        return _Case(read_folder(folder), held, rate)
    with looking(ctx) as (house, work):
        policies = house.policies
        bundle = (
            policies.bundle(work, policies.in_force(work).id)
            if folder is None
            else read_folder(folder)
        )
        return _Case(bundle, held, rate or _in_force(house, work))


def _logged(house: Installation, work: Work, decision: DecisionId) -> _Case:
    """The case of a logged decision: its own texts, inputs and cap."""
    entry = house.policies.log_entry(work, decision)
    dated = json.loads(entry.parameters, parse_float=Decimal, parse_int=Decimal)
    inputs = json.loads(entry.inputs, parse_float=Decimal, parse_int=Decimal)
    return _Case(
        house.policies.bundle(work, entry.policy_id),
        inputs,
        Rate(dated[_CAP]),
        house.policies.decision(work, decision),
    )


def _in_force(house: Installation, work: Work) -> Rate:
    found = house.parameters.value(work, _CAP, day_of(work.clock.now()))
    return _rate(str(found["rate"] if isinstance(found, dict) else found))


def _rate(text: str) -> Rate:
    try:
        return Rate(Decimal(text))
    except ArithmeticError:
        raise BadInput(
            f"{text!r} is no cap", field="cap", rule="a fraction of one, as 0.24"
        ) from None


def _read(path: Path) -> Inputs:
    try:
        found = json.loads(path.read_bytes(), parse_float=Decimal, parse_int=Decimal)
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", field="inputs") from None
    except (OSError, ValueError) as wrong:
        raise BadInput(f"{path}: {wrong}", field="inputs", rule="a JSON file") from None
    if not isinstance(found, dict):
        raise BadInput(f"{path} is no JSON object", field="inputs", rule="inputs by name")
    return found


def _sender(text: str) -> Sender:
    """Who writes the letter, and whom to ask."""
    from tael.policies.recourse import Sender
    from tael.report import Words

    name, _, contact = text.partition(":")
    if not name.strip() or not contact.strip():
        raise BadInput(
            "the letter says from whom it is, and whom to ask",
            field="letter",
            rule='"SENDER: CONTACT"',
        )
    return Sender(Words(name.strip(), name.strip()), contact.strip())


def _letter(whom: Sender, case: _Case, advised: Advised, advice: Advice) -> Letter:
    from tael.policies.recourse import letter

    if case.decision is None or case.decision.outcome == advice.verdict.outcome:
        reasons = [advised.policy.reason(code) for code in advice.verdict.reasons]
        return letter(advice.verdict, reasons, whom, advice)
    # Accepted by lot: the letter is that of an approval, without reasons against it.
    return letter(case.decision, (), whom)


def _told(advice: Advice) -> dict[str, object]:
    return {
        "target": advice.target,
        "outcome": advice.verdict.outcome,
        "tier": advice.verdict.tier,
        "reasons": advice.verdict.reasons,
        "answers": [_answer(each) for each in advice.answers],
        "fixed": [reason.code for reason in advice.fixed],
        "left_out": dict(advice.left_out),
        "complete": advice.complete,
        "tried": advice.tried,
        "zh": advice.words.zh,
        "en": advice.words.en,
    }


def _answer(answer: Answer) -> dict[str, object]:
    return {
        "changes": [
            {
                "name": one.name,
                "kind": one.kind,
                "from": one.before,
                "to": one.after,
                "months": one.months,
                "with_it": {name: list(both) for name, both in one.with_it.items()},
                "zh": one.words.zh,
                "en": one.words.en,
            }
            for one in answer.changes
        ],
        "effort": answer.effort,
        "outcome": answer.verdict.outcome,
        "tier": answer.verdict.tier,
        "limit": answer.verdict.limit,
    }

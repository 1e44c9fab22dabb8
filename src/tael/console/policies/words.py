"""Refusals of the policy room as a person reads them: what is wrong, what to do, and where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tael.console.errors import status_of
from tael.console.policies.refusal_words import told
from tael.console.tongue import Tongue
from tael.console.words import N_
from tael.kernel import TaelError

_VERSION = re.compile(r"ver_\w+")
_BROKEN = N_("This was refused.")
# By code, or by the start of the rule that was broken: what is wrong, and what helps.
_REFUSALS: Mapping[str, tuple[str, str]] = {
    "tampered": (
        N_(
            "This version is not what was checked or approved: a text, record or signature differs."
        ),
        N_("It decides nothing. Draft its texts again, and look into who changed them."),
    ),
    "above 0 %, at most 100 %": (
        N_("A challenger's share lies above 0% and is at most 100%."),
        N_("Leave the field empty for no share."),
    ),
    "together below 100 %": (
        N_("The challengers together take 100% or more: the champion has to decide some."),
        N_("Lower a share; the champion gets what is left."),
    ),
    "together 100 %": (
        N_("Champion and challengers together are not 100%."),
        N_("Lower or raise a share."),
    ),
    "0 % to": (
        N_("The share accepted at random is more than is allowed."),
        N_("The parameter policy.random_accept_most says how much."),
    ),
    "a deployment with a challenger": (
        N_("A stopping rule needs a challenger."),
        N_("Give a version a share, or choose no rule."),
    ),
    "one arm for each version": (
        N_("This version has two arms."),
        N_("A version is champion, challenger or shadow: one of them."),
    ),
    "percent with at most two decimal places": (
        N_("This is not a share."),
        N_("Write percent with at most two decimal places, such as 12.5."),
    ),
    "draft, checked": (
        N_("A version in this state cannot do that."),
        N_("Somebody may have moved it meanwhile. Look at its state, then go on from there."),
    ),
    "an approved model": (
        N_("Its model is not approved."),
        N_("Another person approves the model first, under Approvals."),
    ),
    "a model in use": (
        N_("Its model was refused or retired."),
        N_("Draft the version again with another model."),
    ),
    "a draft": (
        N_("This model was decided on before."),
        N_("Only one that waits is approved or refused."),
    ),
    "no version in force": (
        N_("A version in force runs with this model."),
        N_("Deploy another version first."),
    ),
    "an earlier one": (
        N_("There is no such deployment to go back to."),
        N_("Choose one of the earlier deployments."),
    ),
    "the champion": (
        N_("This version is no champion; it has an arm beside one."),
        N_("Deploy without it."),
    ),
    "a second person approves": (
        N_("You drafted this yourself."),
        N_("Another person approves it."),
    ),
    "four eyes": (N_("You proposed this yourself."), N_("Another person approves it.")),
    "at least 3 words": (
        N_("This does not say why."),
        N_("Write at least three words, or six Chinese characters."),
    ),
    "a doubt": (
        N_("A fault is resolved, not accepted."),
        N_("Change the text in a new draft."),
    ),
    "decided once": (N_("Somebody decided this before."), N_("Nothing was changed.")),
    "approved by its effective day": (
        N_("The day from which it counts has passed."),
        N_("Propose it again from a day to come."),
    ),
    "a model of one's own": (
        N_("A first policy needs a model of your own."),
        N_("Choose the file of a model: a scorecard or a rated model."),
    ),
    "at least one file": (
        N_("No file was chosen."),
        N_("A draft changes at least one text."),
    ),
    "id of kind ver": (N_("No version was chosen."), N_("Choose one of the list.")),
    "UTF-8": (N_("A file is not UTF-8 text."), N_("Save it as UTF-8 and choose it again.")),
    "JSON object": (
        N_("This is not a JSON object."),
        N_("Look for a missing comma, quote or bracket."),
    ),
    "name = value": (
        N_("A line is no input."),
        N_("Write each on a line of its own, as name = value."),
    ),
    "unique names": (N_("Two cases have one name."), N_("Give each a name of its own.")),
    "policy_no_reason": (N_("There is no reason."), N_("A rejection needs one; it is kept.")),
    "policy_no_name": (N_("It has no name."), N_("Write what it changes.")),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal on a page. ``field`` says where it stands, ``said`` are the room's own words.

    ``limit`` is the rule as the room writes it, '' where ``said`` tells it; ``rule`` is empty where
    ``what`` tells it.
    """

    status: int
    field: str
    what: str
    advice: str
    said: str
    rule: str
    limit: str
    typed: Mapping[str, str]


def problem_of(
    tongue: Tongue,
    error: TaelError,
    typed: Mapping[str, str],
    names: Mapping[str, str] | None = None,
) -> Problem:
    """``error`` in the reader's language; ``typed`` is what was filled in, for the form again.

    ``names`` are those of versions by id, which stand for ids in the room's own words.
    """
    rule = error.rule or ""
    known = _REFUSALS.get(error.code)
    known = known or next((told for key, told in _REFUSALS.items() if rule.startswith(key)), None)
    what, advice = known or (_BROKEN, "")
    english = tongue.short == "en"
    words = error.message if english else told(tongue, error)
    # An English sentence stands on a page in Chinese only where it is all that there is.
    words = words or ("" if known else error.message)
    said = _VERSION.sub(lambda found: (names or {}).get(found[0], found[0]), words)
    rule = rule if english or error.told is None else ""
    return Problem(
        status=status_of(error),
        field=error.field or "",
        what=tongue.text(what),
        advice=tongue.text(advice),
        said=said,
        rule="" if known else rule,
        limit=rule,
        typed=typed,
    )

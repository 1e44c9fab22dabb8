"""What a refusal says with its figures, by the code that its room tells, for the catalogue.

English readers get the room's own sentence, as the API and the command line do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tael.console.policies.table_words import sheet_words
from tael.console.tongue import Tongue
from tael.console.words import N_
from tael.kernel import TaelError

SAID: Mapping[str, str] = {
    "case_expects_nothing": N_("the case expects nothing; it may expect: %(known)s"),
    "case_twice": N_("two cases are called “%(name)s”"),
    "cells_no_pairs": N_("the cells were not sent as pairs of a kind and a text"),
    "deployment_tampered": N_("deployment %(number)s is not the one that was signed"),
    "draft_no_name": N_("the draft has no name"),
    "entry_no_cells": N_("entry %(entry)s has not one text a column"),
    "entry_no_rule": N_("entry %(entry)s is no rule"),
    "entry_no_such_rule": N_("entry %(entry)s: the table has no rule %(rule)s"),
    "entry_twice": N_("entry %(entry)s: rule %(rule)s stands there twice"),
    "field_above": N_("%(field)s is %(value)s, above %(most)s"),
    "field_below": N_("%(field)s is %(value)s, below %(least)s"),
    "field_beside_variable": N_("%(field)s is said of an input that is no variable"),
    "field_empty": N_("%(field)s is empty"),
    "field_no_list": N_("%(field)s is no list"),
    "field_no_number": N_("%(field)s is %(value)s, which is no number"),
    "field_no_object": N_("%(field)s is missing or no JSON object"),
    "field_no_part": N_("%(field)s is %(value)s, not above 0 and at most 1"),
    "field_no_text": N_("%(field)s is no text, or empty"),
    "field_none_of": N_("%(field)s is “%(value)s”; it is one of %(known)s"),
    "field_not_above": N_("%(field)s is %(value)s, not above %(least)s"),
    "field_unknown": N_("nobody reads the field %(field)s; known are %(known)s"),
    "finding_is_fault": N_("%(finding)s: this has to be resolved"),
    "finding_unknown": N_("the last check found no %(finding)s"),
    "has_an_arm": N_("%(version)s has an arm of deployment %(number)s"),
    "input_not_computed": N_("the input %(name)s is no number that is computed"),
    "line_no_input": N_("line %(line)s: %(text)s"),
    "lottery_out_of_range": N_("the share is %(share)s; allowed is 0 % to %(most)s"),
    "model_in_force": N_("%(version)s is in force and runs with %(name)s"),
    "model_not_approved": N_("the model of %(version)s is not approved"),
    "model_out_of_use": N_("the model %(name)s: %(state)s"),
    "model_state": N_("%(name)s is: %(state)s"),
    "no_deployment": N_("there is no deployment %(number)s to go back to"),
    "no_file": N_("no file was chosen"),
    "no_model_yet": N_("there is no model yet"),
    "no_reason": N_("the reason is empty"),
    "no_such_model": N_("there is no model %(hash)s"),
    "no_table": N_("this version has no table “%(name)s”"),
    "no_version": N_("there is no policy version %(version)s"),
    "none_in_force": N_("no policy is in force"),
    "not_a_share": N_("“%(text)s” is no share"),
    "not_an_id": N_("“%(text)s” is no id of the kind"),
    "not_utf8": N_("%(file)s is not UTF-8 at byte %(byte)s"),
    "option_twice": N_("an option stands in the price menu twice"),
    "own_work": N_("whoever drafted it does not approve it"),
    "parameter_no_fraction": N_("the parameter %(name)s is %(value)s, no fraction"),
    "rows_no_list": N_("the rules were not sent as a list"),
    "rows_too_many": N_("there are more than %(most)s rules"),
    "says_not_why": N_("“%(text)s” does not say why"),
    "share_out_of_range": N_("the share is %(share)s"),
    "shares_not_whole": N_("champion and challengers get %(share)s together"),
    "shares_too_large": N_("the challengers take %(share)s"),
    "sheet_no_table": N_("no table is called “%(name)s”; there are: %(names)s"),
    "sheet_unreadable": N_("the file cannot be taken: %(why)s"),
    "stopping_alone": N_("a stopping rule needs a challenger"),
    "stopping_confidence": N_("the confidence is %(value)s; it is at least 50 % and below 100 %"),
    "stopping_margin": N_("the difference that matters is %(value)s; it is above 0"),
    "stopping_margin_of_share": N_(
        "the difference that matters is %(value)s; of a share it is below 100 points"
    ),
    "stopping_measure": N_("the measure is “%(value)s”; it is one of %(known)s"),
    "stopping_months": N_("the month on book is %(value)s; it is 1 to %(most)s"),
    "stopping_no_measure": N_("a stopping rule needs a measure"),
    "stopping_planned": N_("the number of applications is %(value)s; it is above 0"),
    "stopping_text": N_("“%(value)s” is no number that a stopping rule can have here"),
    "table_unchanged": N_("nothing was changed"),
    "tampered": N_("%(version)s, %(part)s: %(wrong)s"),
    "text_not_json": N_("%(field)s is not JSON, at %(place)s (line:character)"),
    "text_too_deep": N_("%(field)s nests too deeply"),
    "text_too_long": N_("%(field)s is longer than %(most)s characters"),
    "tiers_unknown": N_("%(field)s is %(value)s; tiers are 1 to 7"),
    "two_arms": N_("%(version)s has two arms"),
    "unreadable": N_("%(text)s cannot be read: %(why)s"),
    "variable_twice": N_("the variable %(name)s is given twice"),
    "version_state": N_("the version is “%(state)s” and cannot become “%(to)s”"),
}
# What a text, record or signature is instead of what was approved.
WRONGS: Mapping[str, str] = {
    "the text is not the one that was drafted": N_("the text is not the one that was drafted"),
    "nobody signed an approval of it": N_("nobody signed an approval of it"),
    "the approval is not signed": N_("the approval is not signed"),
    "it was signed with another installation's key": N_(
        "it was signed with another installation's key"
    ),
    "the signature is not that of the manifest": N_("the signature is not that of the manifest"),
    "it is no manifest": N_("it is no manifest"),
    "it is not what was signed": N_("it is not what was signed"),
    "its hash is not the one that was signed": N_("its hash is not the one that was signed"),
    "no check of these texts has passed": N_("no check of these texts has passed"),
    "no back-test was kept or waived": N_("no back-test was kept or waived"),
}
_PLACE = re.compile(r"%\((\w+)\)s")
PARTS: Mapping[str, str] = {
    "approval": N_("Approval"),
    "signature": N_("Signature"),
    "manifest": N_("Manifest"),
    "check": N_("Check"),
    "backtest": N_("Back-test"),
    "name": N_("Name"),
    "drafted_by": N_("Drafted by"),
    "drafted_at": N_("Drafted at"),
    "approved_by": N_("Approved by"),
    "approved_at": N_("Approved at"),
    "version": N_("Version"),
}
# The value of a refusal that is a code of a closed list, by its name.
_LISTS: Mapping[str, tuple[str, ...]] = {
    "state": ("policy", "model"),
    "to": ("policy",),
    "part": ("policy_text",),
    "text": ("policy_text",),
}


def told(tongue: Tongue, error: TaelError) -> str:
    """The figures of a refusal in the reader's language; '' where it has no words for them."""
    refusal = error.told
    template = SAID.get(refusal.code, "") if refusal else ""
    if refusal is None or not template:
        return ""
    values = {name: _value(tongue, name, value) for name, value in refusal.detail.items()}
    # Not by formatting: a per cent sign that stands for itself is no place of a value.
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), tongue.text(template))


def _value(tongue: Tongue, name: str, value: str) -> str:
    for kind in _LISTS.get(name, ()):
        label = tongue.label(value, kind)
        if label != value:
            return label
    if name == "part":
        return tongue.text(PARTS.get(value, "")) or value
    if name == "wrong":
        return tongue.text(WRONGS.get(value, "")) or value
    return sheet_words(tongue, value) if name == "why" else value

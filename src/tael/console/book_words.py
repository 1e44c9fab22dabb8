"""The words of uploaded books, by the codes of their room, for the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from tael.console.tongue import Tongue
from tael.console.words import N_
from tael.kernel import BadInput
from tael.policies.books import Note, rule_text

ROLES: Mapping[str, str] = {
    "id": N_("Application number"),
    "applied": N_("Application date"),
    "amount": N_("Amount of the loan"),
    "months": N_("Term"),
    "rate": N_("Interest rate"),
    "score": N_("Score"),
    "pd": N_("Probability of default"),
    "tier": N_("Risk tier"),
    "bad": N_("Outcome: good or bad"),
    "dpd": N_("Outcome: days past due"),
    "bad_on": N_("Date it went bad"),
    "decision": N_("Decision then"),
    "segment": N_("Segment to compare"),
}
CONFIDENCE: Mapping[str, str] = {
    "sure": N_("sure"),
    "likely": N_("likely"),
    "guess": N_("a guess"),
}
PERSONAL: Mapping[str, str] = {
    "id_card": N_("identity numbers"),
    "phone": N_("phone numbers"),
    "bank_card": N_("bank card numbers"),
    "name": N_("names"),
    "address": N_("addresses"),
    "email": N_("mail addresses"),
}
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "outcome": {"bad": N_("Bad"), "good": N_("Good"), "unknown": N_("Not known yet")},
    "decision": {
        "approved": N_("Approved"),
        "declined": N_("Declined"),
        "unknown": N_("Neither"),
    },
}
UNITS: Mapping[str, Mapping[str, str]] = {
    "amount_unit": {"1": N_("yuan"), "10000": N_("ten thousand yuan (万元)")},
    "rate_unit": {
        "fraction": N_("a fraction a year: 0.12"),
        "percent": N_("per cent a year: 12"),
        "monthly_percent": N_("per cent a month: 1"),
        "daily_myriad": N_("ten-thousandths a day (万分之): 5"),
    },
    "months_unit": {"months": N_("months"), "years": N_("years"), "days": N_("days")},
    "date_order": {"dmy": N_("day/month/year"), "mdy": N_("month/day/year")},
}
UNIT_TITLES: Mapping[str, str] = {
    "amount_unit": N_("Amounts are in"),
    "rate_unit": N_("Rates are"),
    "months_unit": N_("Terms are in"),
    "date_order": N_("Dates such as 3/4/2024 are"),
}
SIDES: Mapping[str, str] = {
    "both": N_("Stay accepted"),
    "in": N_("Swapped in"),
    "out": N_("Swapped out"),
    "neither": N_("Stay declined"),
}
METHODS: Mapping[str, str] = {
    "EQUAL_INSTALMENT": N_("Equal instalments"),
    "EQUAL_PRINCIPAL": N_("Equal principal"),
    "INTEREST_ONLY": N_("Interest first, principal last"),
}
ASSUMPTIONS: Mapping[str, str] = {
    "lgd": N_("Loss given default"),
    "funds": N_("Cost of funds a year"),
    "cost_minor": N_("Cost per accepted loan"),
    "cost": N_("Cost per accepted loan"),
    "paid": N_("Instalments paid before a bad loan stops"),
    "worse": N_("Declined are so many times as bad"),
    "bad_from": N_("Bad from days past due"),
    "mature": N_("Outcomes count after months"),
    "method": N_("Repayment"),
    "by": N_("Rank by"),
    "better": N_("Better end"),
}
PERCENTS = ("lgd", "funds", "rate")
# What was wrong, and what to do about it.
REFUSALS: Mapping[str, tuple[str, str]] = {
    "book_empty": (
        N_("There is no table in this file."),
        N_("A book has a row of headings and below it a row for each application."),
    ),
    "book_no_rows": (
        N_("There is no row below the headings."),
        N_("Check that the right sheet was saved, then upload the file again."),
    ),
    "book_no_separator": (
        N_("The file has one column only."),
        N_("Save it from Excel as .xlsx, or as “CSV UTF-8 (comma delimited)”."),
    ),
    "book_old_excel": (
        N_("This is an old Excel file (.xls)."),
        N_("Open it in Excel or WPS, choose “Save as” and the kind .xlsx, then upload that file."),
    ),
    "book_encrypted": (
        N_("The workbook is protected by a password."),
        N_(
            "Open it, remove the password under “File, Info, Protect”, save it and upload it again."
        ),
    ),
    "book_macros": (
        N_("The workbook holds macros."),
        N_("Save it as “Excel workbook (.xlsx)”, which leaves the macros out."),
    ),
    "book_binary": (
        N_("This is a binary workbook (.xlsb)."),
        N_("Open it, choose “Save as” and the kind .xlsx, then upload that file."),
    ),
    "book_other_kind": (
        N_("This is not a spreadsheet."),
        N_("Some systems save web pages as .xls: open it in Excel and save it as .xlsx."),
    ),
    "book_damaged": (
        N_("The workbook is damaged."),
        N_("Open it in Excel, let Excel repair it, save it and upload it again."),
    ),
    "book_bomb": (
        N_("The workbook unpacks to far more than it should."),
        N_("Copy the rows into a new workbook and upload that one."),
    ),
    "book_encoding": (
        N_("The characters of this file cannot be read."),
        N_("Save it from Excel as .xlsx, or as “CSV UTF-8 (comma delimited)”."),
    ),
    "book_bad_bytes": (
        N_("The file has characters in it that are not of its encoding."),
        N_("Save it from Excel as .xlsx, or as “CSV UTF-8 (comma delimited)”."),
    ),
    "book_bad_line": (
        N_("A quotation mark is opened and never closed."),
        N_("Look at the row named below, or save the file as .xlsx."),
    ),
    "book_too_many_rows": (
        N_("The file has more than 200,000 rows."),
        N_("Upload a period at a time, or a random part of the rows."),
    ),
    "book_too_many_columns": (
        N_("The file has more than 100 columns."),
        N_("Leave out the columns you do not need, then upload it again."),
    ),
    "too_large": (
        N_("The file is larger than 50 MiB."),
        N_("Leave out the columns you do not need, or upload a period at a time."),
    ),
    "book_no_file": (
        N_("No file was chosen."),
        N_("Choose an Excel or CSV file, then press “Upload”."),
    ),
    "book_needs_ranking": (
        N_("Nothing ranks the applications yet."),
        N_("Say which column is the score, the probability of default or the risk tier."),
    ),
    "book_needs_outcome": (
        N_("The outcome is not clear yet."),
        N_("Name exactly one column: one that says good or bad, or one with days past due."),
    ),
    "book_role_twice": (
        N_("Two columns are named the same."),
        N_("Choose another meaning for one of them, or leave it out."),
    ),
    "book_segment_kinds": (
        N_("A segment has too many different values."),
        N_("A segment may have up to 60 different values: leave this column out."),
    ),
    "book_no_good_rows": (
        N_("Not one row can be read like this."),
        N_("Look at the meaning of the column named below."),
    ),
    "book_no_signal": (
        N_("No policy can be drafted: the outcomes do not follow this column."),
        N_("There are too few outcomes, or the column does not tell good loans from bad ones."),
    ),
    "book_no_cut": (
        N_("There is no such cut-off."),
        N_("Drag the line, or choose a value of the column."),
    ),
    "book_no_name": (
        N_("The draft has no name."),
        N_("Write a name by which you will know it again, then save it."),
    ),
    "book_assumption": (
        N_("An assumption is outside what can be."),
        N_("The field and its range are named below."),
    ),
    "book_no_excel": (
        N_("This installation cannot write Excel files."),
        N_("Export CSV instead, or ask for the extra “tael[excel]” to be installed."),
    ),
}
SENDING = N_("Uploading: {percent}%")
READING = N_("Uploaded. Reading the rows…")
BROKEN = (
    N_("The connection broke off."),
    N_("Check the size of the file, up to 50 MiB, and try again."),
)
_NOTES: Mapping[str, str] = {
    "encoding": N_("Read as %(encoding)s: %(evidence)s."),
    "separator": N_("Cells are separated by %(separator)s."),
    "sheet": N_("The sheet “%(sheet)s” was read."),
    "other_sheets": N_("Other sheets were not read: %(sheets)s."),
    "title_rows": N_("Left out as title: row %(rows)s."),
    "heading_rows": N_("The headings stand in several rows: %(rows)s."),
    "no_heading": N_("There is no row of headings; columns are called by their letters."),
    "blank_rows": N_("Blank rows left out: %(count)s."),
    "total_rows": N_("Left out as totals: row %(rows)s."),
    "foot_rows": N_("Left out as a footer: row %(rows)s."),
    "personal_dropped": N_("Left out as personal data, never kept: %(columns)s."),
    "personal_hashed": N_("Kept as hashes only, for they look personal: %(columns)s."),
    "amount_unit": N_("Amounts were taken in %(value)s."),
    "rate_unit": N_("Rates were taken as %(value)s."),
    "date_order": N_("Dates were read in the order %(value)s."),
    "filled": N_("%(role)s: %(count)s blanks filled with the median, %(value)s."),
    "assumed": N_("%(role)s: the book does not say; %(value)s assumed."),
    "young": N_("Applied less than %(months)s months before the end: %(count)s not known yet."),
    "coarse": N_("Very many different rates: rounded to a tenth of a per cent for the money."),
}
_EVIDENCE: Mapping[str, str] = {
    "mark": N_("it begins with that encoding's mark"),
    "zeros": N_("every second byte is zero"),
    "valid": N_("every character is valid"),
    "everyday": N_("its characters are everyday Chinese"),
    "western": N_("it is neither UTF-8 nor Chinese"),
}
_SEPARATORS: Mapping[str, str] = {
    "comma": N_("commas"),
    "semicolon": N_("semicolons"),
    "tab": N_("tabs"),
    "bar": N_("bars"),
}


def note_text(tongue: Tongue, note: Note) -> str:
    """What a note says."""
    known: Mapping[str, Mapping[str, str]] = {
        "evidence": _EVIDENCE,
        "separator": _SEPARATORS,
        "encoding": {"gb18030": "GB 18030", "utf-8": "UTF-8"},
        "role": ROLES,
        "value": UNITS.get(note.code, {}),
    }
    values = {
        name: tongue.text(known.get(name, {}).get(value, "")) or value
        for name, value in note.values.items()
    }
    return tongue.text(_NOTES.get(note.code, note.code)) % values


def refusal(tongue: Tongue, error: BadInput) -> dict[str, str]:
    """A refusal as it is read aloud: what is wrong, what to do, and where."""
    what, advice = REFUSALS.get(error.code, (N_("This cannot be done."), ""))
    place = str(error.row) if error.row is not None else ""
    return {
        "what": tongue.text(what),
        "advice": tongue.text(advice),
        "row": place,
        "field": field_text(tongue, error.field or ""),
        "rule": _rule(tongue, error),
    }


def _rule(tongue: Tongue, error: BadInput) -> str:
    """The rule as far as the advice does not say it: of a cell, or the range of an assumption."""
    rule = error.rule or ""
    said = rule_text(rule, tongue.short)
    if said != rule:
        return said
    if error.code in REFUSALS and error.code != "book_assumption":
        return ""
    low, to, high = rule.partition(" to ")
    if not to:
        return rule
    if error.field in PERCENTS:
        return f"{Decimal(low) * 100:f}% – {Decimal(high) * 100:f}%"
    return f"{low} – {high}"


def field_text(tongue: Tongue, field: str) -> str:
    """A field of a refusal: a role by its name, a column by its heading."""
    known = ROLES.get(field) or ASSUMPTIONS.get(field, "")
    return tongue.text(known) or ("" if field in _UNNAMED else field)


def confidence(value: float) -> str:
    """The code of how sure a suggestion is."""
    return "sure" if value >= _SURE else "likely" if value >= _LIKELY else "guess"


def decimal_of(text: str, field: str) -> Decimal:
    """A number typed into a form.

    Raises:
        BadInput: none; names the field.
    """
    try:
        found = Decimal(text.strip().rstrip("%").replace(",", ""))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > _LARGEST:
        raise BadInput(
            f"{text[:40]!r} is not a number", code="book_assumption", field=field, rule="a number"
        )
    return found


_SURE, _LIKELY = 0.9, 0.6
_LARGEST = 10**12
_UNNAMED = frozenset({"file", "ranking", "outcome", "roles", "cut", "format", "name"})

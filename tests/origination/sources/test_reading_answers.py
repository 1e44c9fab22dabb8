"""What a source sends is believed only when everything about it is in order."""

from __future__ import annotations

import base64
import copy
import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tael.kernel import ConsentId, EventId
from tael.origination.sources import Signer, source_named
from tael.origination.sources.columns import InvalidAnswer
from tael.origination.sources.consistency import check_consistency
from tael.origination.sources.model import Mode, Request, Subject, Verdict
from tael.origination.sources.reading import Expected, read_answer, read_stored

NOW = datetime(2024, 6, 1, tzinfo=UTC)
THEM = Signer(b"x" * 32)
CASES = tomllib.loads(
    (Path(__file__).with_name("cases") / "answers_refused.toml").read_text("utf-8")
)["case"]
REQUEST = Request(
    id=EventId.derive(NOW, "q"), source="court", subject_id="party_1",
    consent_id=ConsentId.derive(NOW, "c"), entity="guarantor", mode=Mode.FULL, route="published",
    as_of=NOW, asked_at=NOW, caller_key="k",
)  # fmt: skip
EXPECTED = Expected(
    source_named("court"), Subject("party_1", "enterprise", "E1"), REQUEST, NOW, THEM.public_key
)
CASE = {
    "id": "c-0", "at": "2024-01-05T01:02:03Z", "known_at": "2024-02-02T00:00:00Z", "version": 0,
    "void": False, "role": "defendant", "matter": "loan", "stage": "filed", "amount_minor": 500,
}  # fmt: skip
GOOD: dict[str, Any] = {
    "source": "court",
    "schema_version": 1,
    "report_number": "COURT-1",
    "request_key": REQUEST.id,
    "subject": "E1",
    "subject_kind": "enterprise",
    "entity": "guarantor",
    "mode": "full",
    "found": True,
    "as_of": "2024-06-01T00:00:00Z",
    "charge": {"minor": 60, "currency": "CNY"},
    "missing": [],
    "sections": {
        "cases": [
            CASE,
            {**CASE, "id": "c-1", "known_at": "2024-05-20T00:00:00Z", "amount_minor": 7},
        ]
    },
    "counts": {"cases": 2},
}


def sealed(body: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    raw = json.dumps(body).encode()
    return raw, seal_of(raw)


def seal_of(raw: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    signature = base64.b64encode(THEM.sign(raw)).decode()
    return {
        "content-digest": f"sha-256=:{digest}:",
        "source-signature": f"{THEM.key_id}:{signature}",
    }


def changed(case: Mapping[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(GOOD)
    for change in (case, case.get("also")):
        if change:
            *way, last = change["at"]
            place: Any = body
            for step in way:
                place = place[step]
            value = "x" * change["long"] if "long" in change else change.get("value")
            if value is None:
                del place[last]
            else:
                place[last] = value
    return body


def test_a_good_answer_is_read_column_by_column() -> None:
    report = read_answer(*sealed(GOOD), EXPECTED)

    cases = report.sections["cases"]
    assert cases["id"] == ("c-0", "c-1")
    assert cases["amount_minor"] == (500, 7)
    assert cases["at"][0] == datetime(2024, 1, 5, 1, 2, 3, tzinfo=UTC)
    assert report.known_at == datetime(2024, 5, 20, tzinfo=UTC)
    assert (report.charge_minor, report.complete, report.dropped) == (60, True, 0)
    assert report.content_hash == hashlib.sha256(sealed(GOOD)[0]).hexdigest()


def test_what_a_newer_source_adds_is_let_be() -> None:
    body = copy.deepcopy(GOOD)
    body["portrait"] = "no"
    body["sections"]["weather"] = [{"rain": 1}]
    body["sections"]["cases"][0]["judge"] = "Bao"

    assert read_answer(*sealed(body), EXPECTED).sections.keys() == {"cases"}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_an_answer_with_one_thing_wrong_is_refused_and_names_it(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        read_answer(*sealed(changed(case)), EXPECTED)

    assert (refused.value.field, refused.value.row) == (case["field"], case.get("row"))
    assert refused.value.rule
    assert refused.value.code == "invalid_answer"


@pytest.mark.parametrize(
    ("raw", "headers", "field"),
    [
        (b"{}", {}, "content-digest"),
        (b"{}", {**seal_of(b"[]"), "source-signature": ""}, "content-digest"),
        (b"{}", {**seal_of(b"{}"), "source-signature": ""}, "source-signature"),
        (b"{}", {**seal_of(b"{}"), "source-signature": f"{THEM.key_id}:!"}, "source-signature"),
        (b"{}", {**seal_of(b"{}"), "source-signature": "other:AA=="}, "source-signature"),
        (b"[]", seal_of(b"[]"), "body"),
        (b'{"a":', seal_of(b'{"a":'), "body"),
        (b"[" * 100_000, seal_of(b"[" * 100_000), "body"),
        (b"\xff", seal_of(b"\xff"), "body"),
    ],
)
def test_bytes_that_were_not_sent_like_this_are_refused(
    raw: bytes, headers: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        read_answer(raw, headers, EXPECTED)
    assert refused.value.field == field


def test_a_verdict_comes_alone() -> None:
    request = dataclasses.replace(REQUEST, mode=Mode.VERDICT_ONLY)
    expected = dataclasses.replace(EXPECTED, request=request)
    body = {**GOOD, "mode": "verdict_only", "sections": {}, "counts": {}, "verdict": "fail"}

    report = read_answer(*sealed(body), expected)
    assert (report.verdict, report.sections) == (Verdict.FAIL, {})
    for wrong, field in ((body | {"verdict": "maybe"}, "verdict"),
                         (body | {"sections": GOOD["sections"]}, "sections"),
                         (GOOD, "mode")):  # fmt: skip
        with pytest.raises(InvalidAnswer) as refused:
            read_answer(*sealed(wrong), expected)
        assert refused.value.field == field


def test_no_refusal_repeats_what_may_be_personal() -> None:
    body = copy.deepcopy(GOOD)
    body["sections"]["cases"][0]["stage"] = "110101199003078888"
    with pytest.raises(InvalidAnswer) as refused:
        read_answer(*sealed(body), EXPECTED)
    assert "1101" not in str(refused.value)


def test_a_body_that_was_kept_is_read_again_as_it_was() -> None:
    raw, headers = sealed(GOOD)
    assert read_stored(raw, EXPECTED.source, EXPECTED.subject) == read_answer(
        raw, headers, EXPECTED
    )


@pytest.mark.parametrize(
    ("source", "sections", "field"),
    [
        (
            "bureau",
            {
                "summary": {"accounts": (2,), "overdue_accounts": (0,)},
                "accounts": {"account": ("T1",)},
                "overdue": {"account": ()},
            },
            "summary.accounts",
        ),
        (
            "bureau",
            {
                "summary": {"accounts": (1,), "overdue_accounts": (1,)},
                "accounts": {"account": ("T1",)},
                "overdue": {"account": ("T2",)},
            },
            "overdue.account",
        ),
        (
            "bank_statement",
            {
                "totals": {"lines": (1,), "credit_minor": (5,), "debit_minor": (0,)},
                "transactions": {"id": ("a",), "direction": ("credit",), "amount_minor": (4,)},
            },
            "totals.credit_minor",
        ),
    ],
)
def test_a_summary_that_tells_of_other_records_is_refused(
    source: str, sections: Any, field: str
) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        check_consistency(source, sections)
    assert refused.value.field == field
    partial = {
        name: columns for name, columns in sections.items() if name not in ("totals", "summary")
    }
    check_consistency(source, partial)

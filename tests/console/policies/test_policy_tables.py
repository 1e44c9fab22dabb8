"""A version's tables over HTTP: who may, what is judged, refused, found, saved and exchanged."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import openpyxl
import pytest

from tael.console.policies.table_edits import edited
from tael.dmn.authoring import InputColumn, OutputColumn, Rule, Table
from tael.kernel import BadInput
from tael.platform import SYSTEM

pytestmark = pytest.mark.xdist_group("policy_pages")
Browse = Callable[..., httpx.Client]
WHY = "tier one was too wide"


@pytest.fixture
def client(browse: Browse) -> httpx.Client:
    return browse("risk")


@pytest.fixture
def home(company: Any) -> str:
    """The pages of the oldest version, which the company decides by."""
    with company.house.database.begin(SYSTEM) as work:
        return f"/policies/versions/{company.house.policies.versions(work)[-1].id}"


def _data(client: httpx.Client, address: str, name: str = "table-data") -> dict[str, Any]:
    text = client.get(address).text
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1])  # type: ignore[no-any-return]


def test_the_diagram_gives_a_layout_and_leads_to_the_tables(
    client: httpx.Client, home: str
) -> None:
    page = client.get(f"{home}/diagram")
    assert page.status_code == 200
    assert "/static/vendor/dmn/viewer.min.js" in page.text
    data = _data(client, f"{home}/diagram", "diagram-data")
    assert data["xml"].count("<dmndi:DMNShape") == 23
    assert data["tables"]["tier"] == {"address": f"{home}/tables/tier", "rules": 7}


def test_a_version_in_force_is_read_until_one_asks_for_a_draft_of_it(
    client: httpx.Client, home: str
) -> None:
    read = client.get(f"{home}/tables/tier").text
    assert "Edit it as a new draft" in read
    assert 'id="save-form"' not in read
    assert not _data(client, f"{home}/tables/tier")["editable"]
    data = _data(client, f"{home}/tables/tier?edit=1")
    assert data["editable"]
    assert [column["kind"] for column in data["columns"]] == ["input", "output", "note"]
    assert data["rows"][0] == ["< 0.01", "1", ""]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", {
            "[0.01..0.02)": "",
            " ": "",
            "abc": "'abc' is not a name that this table knows",
            "[1..2": "a closing bracket of the range is missing: [1..2] (character 6)",
            '"x': "a closing quotation mark is missing (character 1)",
        }),
        ("zh-CN", {
            "< ": "单元格末尾 之前缺少一个值（第 3 个字符）",
            "1 2": "应在 '2' 之前结束（第 3 个字符）",
            "-": "",
        }),
    ],
)  # fmt: skip
def test_a_cell_is_judged_in_the_language_of_the_reader(
    browse: Browse, home: str, language: str, told: dict[str, str]
) -> None:
    client = browse("risk", language=language)
    csrf = _data(client, f"{home}/tables/tier")["csrf"]
    body = {"csrf": csrf, "cells": [[True, text] for text in told]}
    answer = client.post(f"{home}/tables/tier/cells", json=body)
    assert answer.json() == {"wrong": list(told.values())}


def test_a_table_is_saved_as_a_draft_that_says_why_and_keeps_the_other_texts(
    company: Any, client: httpx.Client, home: str
) -> None:
    address = f"{home}/tables/tier"
    rows = [{"from": 0, "cells": ["< 0.012", "1", "from 1.0%"]},
            {"from": 1, "cells": ["[0.012..0.02)", "2", ""]}, [2, 6]]  # fmt: skip
    body = {"csrf": _data(client, address)["csrf"], "rows": rows, "name": "wider", "why": WHY}
    answer = client.post(address, json=body)
    assert answer.status_code == 201, answer.text
    made = answer.headers["location"].rpartition("/")[2]
    with company.house.database.begin(SYSTEM) as work:
        policies = company.house.policies
        (event,) = policies.timeline(work, made)
        assert (event.why, json.loads(event.record)["from"]) == (WHY, home.rpartition("/")[2])
        before = policies.bundle(work, home.rpartition("/")[2])
        after = policies.bundle(work, made)
        (table,) = policies.compare_tables(work, home.rpartition("/")[2], made)
    assert table.name == "tier"
    assert before.hashes() | {"dmn": ""} == after.hashes() | {"dmn": ""}
    shown = _data(client, f"{answer.headers['location']}/tables/tier")
    assert shown["rows"][0] == ["< 0.012", "1", "from 1.0%"]
    assert shown["editable"]


@pytest.mark.parametrize(
    ("rows", "why", "answered"),
    [
        ([[0, 6]], WHY, "Nothing was changed."),
        ([[0, 5]], "", "Say why the rules change."),
        ([[0, 5]], "so", "Say why in at least three words, or six Chinese characters."),
        ([[0, 5], [5, 5]], WHY, "entry 2: rule 6 stands there twice"),
        ([[0, 5], {"from": None, "cells": ["> 1 and", "8", ""]}], WHY, [6, 0]),
    ],
)
def test_what_cannot_be_saved_is_told(
    client: httpx.Client, home: str, rows: list[object], why: str, answered: object
) -> None:
    address = f"{home}/tables/tier"
    body = {"csrf": _data(client, address)["csrf"], "rows": rows, "name": "x", "why": why}
    answer = client.post(address, json=body)
    assert answer.status_code == 422
    told = answer.json()
    assert (told["problem"]["what"] if "problem" in told else told["wrong"][0][:2]) == answered


def test_a_table_may_be_larger_than_a_form(client: httpx.Client, home: str) -> None:
    address = f"{home}/tables/tier"
    body = {"csrf": _data(client, address)["csrf"], "rows": [{"cells": ["-" * 2**20]}]}
    assert client.post(f"{address}/findings", json=body).status_code == 422
    assert client.post(address, json=body | {"rows": "-" * 18 * 2**20}).status_code == 413


def test_gaps_and_overlaps_stand_beside_their_rules(client: httpx.Client, home: str) -> None:
    address = f"{home}/tables/tier"
    body = {"csrf": _data(client, address)["csrf"],
            "rows": [[0, 5], {"from": 6, "cells": [">= 0.15", "7", ""]}]}  # fmt: skip
    found = client.post(f"{address}/findings", json=body).json()
    assert [(one["kind"], one["rules"]) for one in found["findings"]] == [("overlap", [6, 7])]
    assert "pd = 0.15" in found["findings"][0]["text"]
    assert found["proven"]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_table_goes_to_a_spreadsheet_and_comes_back_changed(
    client: httpx.Client, home: str, kind: str
) -> None:
    address = f"{home}/tables/tier"
    file = client.get(f"{address}/export", params={"format": kind})
    assert "tier-" in file.headers["content-disposition"]
    data = _changed(file.content, kind)
    form = {"csrf": _data(client, address)["csrf"], "name": "from Excel", "why": WHY}
    files = {"file": (f"tier.{kind}", data, "application/octet-stream")}
    answer = client.post(f"{address}/import", data=form, files=files)
    assert answer.status_code == 303, answer.text
    rows = _data(client, f"{answer.headers['location']}/tables/tier")["rows"]
    assert rows[6][:2] == [">= 0.16", "6"]
    refused = client.post(f"{address}/import", data=form, files={"file": ("t.csv", b"a,b\n", "")})
    assert refused.status_code == 422
    assert "The file was not saved" in refused.text
    assert f'value="{WHY}"' in refused.text


def _changed(data: bytes, kind: str) -> bytes:
    if kind == "csv":
        return data.replace(b">= 0.16,7", b">= 0.16,6")
    book = openpyxl.load_workbook(io.BytesIO(data))
    for row in book.active.iter_rows():
        for cell in row:
            if cell.value == "7" and row[2].value == ">= 0.16" and cell is row[3]:
                cell.value = 6
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_an_auditor_reads_tables_and_changes_none(company: Any, browse: Browse, home: str) -> None:
    with company.house.database.begin(SYSTEM) as work:
        company.house.identity.users.add(
            work, login="table-reader", password="nine silver sycees", roles=["auditor"]
        )
    reader = browse("table-reader")
    address = f"{home}/tables/tier"
    page = reader.get(f"{address}?edit=1").text
    assert "Edit it as a new draft" not in page
    assert 'id="save-form"' not in page
    body = {"csrf": _data(reader, address)["csrf"], "rows": [[0, 5]]}
    assert reader.post(address, json=body).status_code == 403
    assert reader.post(f"{address}/cells", json=body).status_code == 403
    form = {"csrf": body["csrf"], "name": "x", "why": WHY}
    sent = reader.post(f"{address}/import", data=form, files={"file": ("a.csv", b"1")})
    assert sent.status_code == 403
    assert reader.post(f"{address}/findings", json=body).status_code == 200
    assert reader.post(f"{address}/findings", json=body | {"csrf": "x"}).status_code == 403
    assert browse("finance").get(address).status_code == 403


@pytest.mark.parametrize("path", ["/tables/nothing", "/tables/nothing/export"])
def test_a_table_that_is_not_there_is_not_found(client: httpx.Client, home: str, path: str) -> None:
    assert client.get(home + path).status_code == 404
    assert client.get("/policies/versions/x" + path).status_code == 404


TABLE = Table(
    inputs=(InputColumn("score"),),
    outputs=(OutputColumn("tier"),),
    rules=(Rule(("> 1",), ("1",), ("why",), id="r1"), Rule(("-",), ("2",), id="r2")),
    annotations=("why",),
)


def test_rules_are_kept_moved_changed_and_added_with_their_ids() -> None:
    given = [[1, 1], {"from": 0, "cells": ["> 2", "1", "", ""]},
             {"from": None, "cells": ["-", "3", "new", "told"]}]  # fmt: skip
    made = edited(TABLE, given)
    assert [rule.id for rule in made.rules] == ["r2", "r1", ""]
    assert made.rules[0] is TABLE.rules[1]
    assert made.rules[1].annotations == ("",)
    assert made.rules[2] == Rule(("-",), ("3",), ("new",), description="told")


@pytest.mark.parametrize(
    "given",
    [
        None, "[[0, 1]]", [0], [[0, 2]], [[-1, 0]], [[True, 1]], [{"cells": ["-", "3"]}],
        [{"from": "0", "cells": ["-", "3", "", ""]}], [{"from": None, "cells": "-3  "}],
        [{"from": None, "cells": ["-", 3, "", ""]}],
    ],
)  # fmt: skip
def test_what_is_no_list_of_rules_is_refused(given: object) -> None:
    with pytest.raises(BadInput):
        edited(TABLE, given)

"""Uploaded books over HTTP: who may, what is refused and how, and what each step answers."""

from __future__ import annotations

import http.client
import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import openpyxl
import pytest

from tael.platform import SYSTEM

pytestmark = pytest.mark.xdist_group("console")
Browse = Callable[..., httpx.Client]
BOOK = "/books/book_01jd0000000000000000000000"
ROLES = {"role_0": "id", "role_1": "score", "role_2": "bad", "role_3": "amount"}


def _csv(count: int = 200) -> bytes:
    lines = ["编号,评分,是否违约,金额,备注"]
    for number in range(count):
        score = 500 + number * 37 % 250
        bad = "是" if number % 11 * 25 > score - 500 else "否"
        lines.append(f"C{number},{score},{bad},{50_000 + number},x")
    return "\n".join(lines).encode("gb18030")


@pytest.fixture
def client(browse: Browse) -> Iterator[httpx.Client]:
    """A risk manager who reads English; the books are gone afterwards."""
    found = browse("risk")
    yield found
    for address in set(re.findall(r'data-href="(/books/book_\w+)', found.get("/books").text)):
        found.post(f"{address}/delete", data={"csrf": _csrf(found)})


def _csrf(client: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/books").text)
    assert found is not None
    return found[1]


def _upload(client: httpx.Client, data: bytes, *, scripted: bool = False) -> httpx.Response:
    return client.post(
        "/books",
        data={"csrf": _csrf(client)},
        files={"file": ("台账.csv", data, "text/csv")},
        headers={"X-Upload": "1"} if scripted else {},
    )


def _ready(client: httpx.Client) -> str:
    columns = _upload(client, _csv()).headers["location"]
    answer = client.post(columns, data={"csrf": _csrf(client), **ROLES})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_book_is_uploaded_named_looked_at_and_deleted(client: httpx.Client) -> None:
    answer = _upload(client, _csv())
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "评分" in page
    assert "C0" in page
    address = client.post(
        answer.headers["location"], data={"csrf": _csrf(client), **ROLES}
    ).headers["location"]
    shown = client.get(address)
    assert shown.status_code == 200
    assert "Who changes sides" in shown.text
    assert "备注" not in shown.text
    assert client.get(f"{address}/columns").headers["location"] == address
    assert client.post(f"{address}/delete", data={"csrf": _csrf(client)}).status_code == 303
    assert client.get(address).status_code == 404


def test_every_act_on_a_book_leaves_a_trace(
    company,  # noqa: ANN001 - conftest's
    client: httpx.Client,
) -> None:
    address = _ready(client)
    client.get(f"{address}/export?format=csv")
    with company.house.database.begin(SYSTEM) as work:
        rows = company.house.audit.rows(work, subject=address.rpartition("/")[2])
        acts = sorted(row.action for row in rows)
    assert acts == ["book.exported", "book.named", "book.uploaded"]


def test_a_script_is_told_where_to_go_on_and_what_is_wrong(client: httpx.Client) -> None:
    answer = _upload(client, _csv(), scripted=True)
    assert (answer.status_code, answer.headers["location"][:7]) == (201, "/books/")
    refused = _upload(client, b"<html></html>", scripted=True)
    assert refused.status_code == 422
    assert "<html" not in refused.text
    assert 'role="alert"' in refused.text
    assert "This is not a spreadsheet." in refused.text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "There is no table in this file."),
        (b"a\n1\n", "The file has one column only."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "This is an old Excel file (.xls)."),
        (b"PK\x03\x04 nothing", "The workbook is damaged."),
    ],
)
def test_a_file_that_is_no_book_is_refused_in_words(
    client: httpx.Client, data: bytes, told: str
) -> None:
    answer = _upload(client, data)
    assert answer.status_code == 422
    assert told in answer.text


def test_a_form_without_a_file_is_refused_in_words(client: httpx.Client) -> None:
    answer = client.post("/books", data={"csrf": _csrf(client)}, files={"other": ("x", b"1")})
    assert answer.status_code == 422
    assert "No file was chosen." in answer.text


@pytest.mark.parametrize(
    ("login", "statuses"),
    [("", (303, 303)), ("finance", (403, 403)), ("consultant", (403, 403))],
)
def test_books_are_closed_to_others(browse: Browse, login: str, statuses: tuple[int, int]) -> None:
    client = browse(login)
    found = client.get("/books").status_code, client.post("/books").status_code
    assert found == statuses


def test_an_auditor_reads_and_changes_nothing(
    company,  # noqa: ANN001 - conftest's
    browse: Browse,
    client: httpx.Client,
) -> None:
    address = _ready(client)
    users = company.house.identity.users
    with company.house.database.begin(SYSTEM) as work:
        users.add(work, login="reader", password="nine silver sycees", roles=["auditor"])
    reader = browse("reader")
    page = reader.get("/books").text
    assert 'id="upload"' not in page
    shown = reader.get(address).text
    assert "Delete this book now" not in shown
    assert "Save as a policy draft" not in shown
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    for path in ("delete", "assumptions", "draft", "columns"):
        assert reader.post(f"{address}/{path}", data={"csrf": csrf[1]}).status_code == 403
    assert reader.get(f"{address}/export").status_code == 403


@pytest.mark.parametrize("path", ["", "/columns", "/columns/reading", "/draft", "/delete"])
def test_a_change_without_the_token_of_the_page_is_refused(client: httpx.Client, path: str) -> None:
    address = "/books" if not path else BOOK + path
    answer = client.post(address, data={"csrf": "x"}, files={} if path else {"file": ("x", b"1")})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", [BOOK, "/books/x", "/books/loan_01jd0000000000000000000000"])
def test_a_book_that_nobody_has_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.get(f"{path}/columns").status_code == 404
    assert client.get(f"{path}/export").status_code == 404


def test_files_may_be_larger_than_forms_and_no_larger_than_said(client: httpx.Client) -> None:
    large = _csv() + b"\nC9999,600,\xb7\xf1,1," + b"y" * 2**20
    assert _upload(client, large).status_code == 422  # read, and no cell is that long
    # Refused by what it says of itself, before a byte of it is read.
    url = client.base_url
    with closing(http.client.HTTPConnection(url.host, url.port or 80, timeout=10)) as wire:
        wire.putrequest("POST", "/books")
        wire.putheader("Content-Length", str(60 * 2**20))
        wire.endheaders()
        with wire.getresponse() as answer:
            assert (answer.status, b"at most 50 MiB" in answer.read()) == (413, True)
    body = {"csrf": "x" * (2**20 + 1)}
    assert "at most 1 MiB" in client.post(f"{BOOK}/columns", data=body).text


def test_columns_named_so_that_no_book_comes_of_it_are_told(client: httpx.Client) -> None:
    columns = _upload(client, _csv()).headers["location"]
    data = {"csrf": _csrf(client), "role_0": "id", "role_1": "colour", "role_x": "score"}
    part = client.post(f"{columns}/reading", data=data)
    assert part.status_code == 200
    assert "Nothing ranks the applications yet." in part.text
    assert "<html" not in part.text
    answer = client.post(columns, data=data)
    assert answer.status_code == 422
    assert "Nothing ranks the applications yet." in answer.text


def test_a_meaning_put_right_counts_at_once(client: httpx.Client) -> None:
    columns = _upload(client, _csv()).headers["location"]
    data = {"csrf": _csrf(client), **ROLES, "outcome:是": "unknown", "outcome:否": "nonsense"}
    part = client.post(f"{columns}/reading", data=data).text
    checked = re.findall(r'name="outcome:(.)" value="(\w+)" autocomplete="off" checked', part)
    assert sorted(checked) == [("否", "good"), ("是", "unknown")]


@pytest.mark.parametrize("cut", ["R1", "1e9999", "nan", "' or 1=1"])
def test_a_cutoff_that_is_none_is_told_on_the_page(client: httpx.Client, cut: str) -> None:
    address = _ready(client)
    answer = client.get(address, params={"cut": cut})
    assert answer.status_code == 422
    assert "There is no such cut-off." in answer.text
    assert "Who changes sides" in answer.text


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"lgd": "140"}, "0% – 100%"),
        ({"lgd": "140"}, "Field: Loss given default"),
        ({"cost": "much"}, "Field: Cost per accepted loan"),
        ({"months": "1e99"}, "a number"),
        ({"method": "FLAT"}, "EQUAL_INSTALMENT"),
        ({"present": "R1"}, "There is no such cut-off."),
    ],
)
def test_an_assumption_that_cannot_be_is_told_with_its_range(
    client: httpx.Client, changed: dict[str, str], told: str
) -> None:
    address = _ready(client)
    answer = client.post(f"{address}/assumptions", data={"csrf": _csrf(client), **changed})
    assert answer.status_code == 422
    assert told in answer.text
    for name, typed in changed.items():
        shown = rf'(name="{name}" value|<option value)="{re.escape(typed)}"'
        assert name == "method" or re.search(shown, answer.text), "what was typed is lost"


def test_a_draft_is_a_version_that_names_the_book(
    company,  # noqa: ANN001 - conftest's
    client: httpx.Client,
) -> None:
    address = _ready(client)
    data = {"csrf": _csrf(client), "name": " ", "cut": "600"}
    refused = client.post(f"{address}/draft", data=data)
    assert refused.status_code == 422
    assert "The draft has no name." in refused.text
    answer = client.post(f"{address}/draft", data={**data, "name": "from 600"})
    assert answer.status_code == 303
    assert "Saved as a policy draft" in client.get(answer.headers["location"]).text
    with company.house.database.begin(SYSTEM) as work:
        policies = company.house.policies
        version = next(one for one in policies.versions(work) if one.name == "from 600")
        assert address.rpartition("/")[2] in policies.bundle(work, version.id).dmn
        checked = policies.check(work, version.id)
    assert not [one for one in checked.findings if one.weight.value == "fault"], checked.findings


def test_an_export_is_a_workbook_or_a_csv_with_the_name_of_the_book(client: httpx.Client) -> None:
    address = _ready(client)
    answer = client.get(f"{address}/export", params={"format": "xlsx", "cut": "600"})
    assert "%E5%8F%B0%E8%B4%A6-600.xlsx" in answer.headers["content-disposition"]
    assert openpyxl.load_workbook(io.BytesIO(answer.content))["Swap set"]["A2"].value
    text = client.get(f"{address}/export", params={"format": "csv"}).content
    assert text.startswith(b"\xef\xbb\xbf")

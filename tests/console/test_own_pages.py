"""What pages show to readers of some rows: banks, owners; and personal data to those who may."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from tael.kernel import LoanId, PartnerId, SystemClock
from tael.platform import SYSTEM

pytestmark = pytest.mark.xdist_group("console")
Browse = Callable[..., httpx.Client]
PASSWORD = "nine silver sycees"


@dataclass(frozen=True)
class Own:
    """One application and its loan, made the owner's; and a loan of the story that is not."""

    application: str
    loan: str
    other: str


@pytest.fixture(scope="module")
def own(company) -> Own:  # noqa: ANN001 - conftest's
    """The bank of the story and another one, an owner of one application, a clerk."""
    users = company.house.identity.users
    with company.house.database.begin(SYSTEM) as work:
        bank = company.house.rooms(work).funding.partners()[0].id
        elsewhere = PartnerId.new(SystemClock().now())
        for login, role in (
            ("its_bank", f"partner:{bank}"),
            ("other_bank", f"partner:{elsewhere}"),
            ("clerk", "operations"),
        ):
            users.add(work, login=login, password=PASSWORD, roles=[role])
        owner = users.add(work, login="borrower", password=PASSWORD, roles=["owner"])
        run = work.connection.exec_driver_sql
        loans = run("select loan_id, application_id from servicing.loan order by 1 desc").all()
        loan, application = loans[0]
        sql = "update origination.application set owner_id = %s where id = %s returning owner_id"
        assert run(sql, (owner.id, application)).scalar() == owner.id
    return Own(application, loan, loans[1][0])


def _links(text: str, kind: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'href="(/{kind}/[a-z]+_[0-9a-z]{{26}})"', text)))


def test_a_bank_sees_its_own_loans_and_agreements(browse: Browse, own: Own) -> None:
    client = browse("its_bank")
    assert f"/loans/{own.loan}" in client.get("/loans").text
    assert client.get(f"/loans/{own.loan}").status_code == 200
    text = client.get("/partners").text
    assert "示例城市商业银行" in text
    assert "Capacity" in text
    assert "Net assets of the guarantor" not in text


def test_a_bank_sees_no_loan_and_no_agreement_of_another(browse: Browse, own: Own) -> None:
    client = browse("other_bank")
    assert "No loan yet" in client.get("/loans").text
    assert client.get(f"/loans/{own.loan}").status_code == 404
    text = client.get("/partners").text
    assert "示例城市商业银行" not in text
    assert "No funding partner yet" in text


def test_a_bank_opens_no_application_and_no_dashboard(browse: Browse, own: Own) -> None:
    client = browse("its_bank")
    assert client.get("/applications").status_code == 403
    assert client.get(f"/applications/{own.application}").status_code == 403
    assert client.get("/").headers["location"] == "/loans"


def test_an_owner_sees_nothing_but_the_own_application_and_loan(browse: Browse, own: Own) -> None:
    client = browse("borrower")
    applications = _links(client.get("/applications").text, "applications")
    assert applications == [f"/applications/{own.application}"]
    assert _links(client.get("/loans").text, "loans") == [f"/loans/{own.loan}"]
    assert client.get(f"/loans/{own.loan}").status_code == 200
    assert client.get(f"/loans/{own.other}").status_code == 404
    everything = _links(browse("everything").get("/applications").text, "applications")
    foreign = next(link for link in everything if own.application not in link)
    assert client.get(foreign).status_code == 404


def test_a_loan_that_nobody_has_is_not_found(browse: Browse) -> None:
    nobody = LoanId.new(datetime(2020, 1, 1, tzinfo=UTC))
    assert browse("everything").get(f"/loans/{nobody}").status_code == 404


def _reveal(client: httpx.Client, own: Own, **changed: str) -> httpx.Response:
    text = browse_text(client, own)
    party = re.search(r'name="party" value="([^"]+)"', text)
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/loans").text)
    assert csrf is not None
    form = {
        "party": party[1] if party else "party_01jd0000000000000000000000",
        "csrf": csrf[1],
        "reason": "contact",
    }
    return client.post(f"/applications/{own.application}/personal", data=form | changed)


def browse_text(client: httpx.Client, own: Own) -> str:
    """The page of the application."""
    return client.get(f"/applications/{own.application}").text


def test_personal_data_are_shown_on_request_and_leave_a_trace(
    company,  # noqa: ANN001 - conftest's
    browse: Browse,
    own: Own,
) -> None:
    client = browse("clerk")
    before = browse_text(client, own)
    answer = _reveal(client, own)
    assert answer.status_code == 200
    number = re.search(r"Identity number</dt><dd>([0-9A-Z]{15,18})</dd>", answer.text)
    assert number is not None
    assert number[1] not in before
    assert number[1] not in browse_text(client, own)
    assert answer.headers["cache-control"] == "no-store"
    with company.house.database.begin(SYSTEM) as work:
        rows = list(company.house.audit.rows(work, limit=5000))
    reasons = [row for row in rows if row.action == "personal.revealed"]
    assert reasons[0].detail["reason"] == "contact"
    assert reasons[0].detail["application"] == own.application
    assert any(row.action == "personal.read" for row in rows)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"csrf": "x"}, 403),
        ({"reason": ""}, 422),
        ({"reason": "curiosity"}, 422),
        ({"party": "party_01jd0000000000000000000000"}, 404),
        ({"party": "' or 1=1"}, 404),
    ],
)
def test_personal_data_stay_closed_to_an_improper_request(
    browse: Browse, own: Own, changed: dict[str, str], status: int
) -> None:
    assert _reveal(browse("clerk"), own, **changed).status_code == status


@pytest.mark.parametrize(("login", "status"), [("risk", 403), ("its_bank", 403), ("finance", 403)])
def test_who_may_not_see_personal_data_gets_no_button_and_no_answer(
    browse: Browse, own: Own, login: str, status: int
) -> None:
    client = browse(login)
    assert "Why do you need it?" not in browse_text(client, own)
    assert _reveal(client, own).status_code == status


def test_an_owner_reveals_nothing_of_another(browse: Browse, own: Own) -> None:
    client = browse("borrower")
    everything = _links(browse("everything").get("/applications").text, "applications")
    foreign = next(link for link in everything if own.application not in link)
    assert _reveal(client, Own(foreign.rpartition("/")[2], own.loan, own.other)).status_code == 404

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI

from tael.console import fault_of, status_of
from tael.console.errors import Refused
from tael.kernel import (
    BadInput,
    Conflict,
    Forbidden,
    InvariantBroken,
    NotFound,
    OutsideFailure,
    Refusal,
    TaelError,
    Unauthenticated,
)

pytestmark = pytest.mark.xdist_group("console")
Browse = Callable[..., httpx.Client]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("x"), 422),
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (Forbidden("x"), 403),
        (Unauthenticated("x"), 401),
        (OutsideFailure("x"), 503),
        (TaelError("x"), 500),
        (Refused(Refusal("leverage_exceeded")), 409),
    ],
)
def test_each_failure_has_one_status(error: TaelError, status: int) -> None:
    assert status_of(error) == status
    assert fault_of(error).status == status


def test_a_failure_names_field_row_and_rule_in_one_shape() -> None:
    error = BadInput("no amount", field="amount", row=3, rule="above zero")
    shape = fault_of(error).as_json()["error"]
    assert isinstance(shape, dict)
    assert len(str(shape.pop("reference"))) == 8
    assert shape == {
        "code": "bad_input",
        "message": "no amount",
        "field": "amount",
        "row": 3,
        "rule": "above zero",
        "retryable": False,
    }


def test_what_we_did_not_expect_tells_no_more_than_its_reference() -> None:
    fault = fault_of(InvariantBroken("the secret account"))
    assert fault.status == 500
    assert "secret" not in str(fault.as_json())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/loans/loan_00000000000000000000000000", 404),
        ("/loans/nonsense", 404),
        ("/applications/app_1", 404),
        ("/?as_of=yesterday", 422),
    ],
)
def test_a_page_that_fails_says_so_with_a_reference(browse: Browse, path: str, status: int) -> None:
    page = browse("everything").get(path)
    assert page.status_code == status
    assert page.headers["x-reference"] in page.text


def test_a_part_of_a_page_that_fails_answers_with_a_part(browse: Browse) -> None:
    page = browse("everything").get("/?as_of=yesterday", headers={"HX-Request": "true"})
    assert page.status_code == 422
    assert "<html" not in page.text
    assert "Field: as_of" in page.text


@pytest.fixture
def broken(company) -> Iterator[str]:  # noqa: ANN001 - conftest's
    """The address of the console with a page and a call that break."""
    app: FastAPI = company.app

    def break_down() -> None:
        raise InvariantBroken("the books")

    kept = list(app.router.routes)
    app.add_api_route("/broken", break_down)
    app.add_api_route("/api/v1/broken", break_down)
    yield company.url
    app.router.routes[:] = kept


def test_a_broken_invariant_becomes_a_page_or_the_json_shape(broken: str) -> None:
    # A server gives up the connection of a failed request, so each has one of its own.
    page = httpx.get(
        f"{broken}/broken", headers={"Accept-Language": "en", "Connection": "close"}, timeout=60
    )
    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text
    call = httpx.get(f"{broken}/api/v1/broken", headers={"Connection": "close"}, timeout=60)
    shape = call.json()["error"]
    assert shape["code"] == "internal_error"
    assert "books" not in shape["message"]

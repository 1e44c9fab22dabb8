# ruff: noqa: ANN001 - the class of the fixtures stands in conftest
"""The API is what its OpenAPI document says: invented requests, no crash, answers as promised."""

from __future__ import annotations

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
FEW, MANY = 3, 50
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def document(shared) -> dict[str, object]:
    return httpx.get(f"{shared.url}/api/v1/openapi.json").json()


def test_the_document_is_openapi_3_1_and_shows_no_page(shared) -> None:
    shown = document(shared)
    assert shown["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in shown["paths"])


def test_every_operation_documents_the_one_error_and_every_change_its_key(shared) -> None:
    for path, operations in document(shared)["paths"].items():
        for method, operation in operations.items():
            for status in ("401", "403", "404", "409", "413", "422", "429", "500", "503"):
                content = operation["responses"][status]["content"]["application/json"]
                assert content["schema"]["$ref"].endswith("/Error"), (path, method, status)
            if method == "post":
                headers = {one["name"]: one["required"] for one in operation.get("parameters", [])}
                assert headers["Idempotency-Key"], path
            assert operation["summary"]
            assert operation["description"], (path, method)


@pytest.mark.parametrize("who", ["desk", "owner"])
def test_invented_requests_get_what_the_document_promises(shared, who: str) -> None:
    _invent(shared, who, FEW)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("who", ["desk", "owner", "field"])
def test_many_invented_requests_get_what_the_document_promises(shared, who: str) -> None:
    _invent(shared, who, MANY)


def _invent(shared, who: str, examples: int) -> None:
    schema = schemathesis.openapi.from_dict(document(shared))
    schema.config.update(base_url=shared.url)
    client = shared.client(who)
    # Paths whose ids exist are reached too, so that not every answer is a 404.
    known = _known(shared)
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case) -> None:
            for name in case.path_parameters or {}:
                if name in known and len(str(case.path_parameters[name])) % 2:
                    case.path_parameters[name] = known[name]
            case.call_and_validate(checks=CHECKS, headers=dict(client.headers), base_url=shared.url)

        ask()


def _known(shared) -> dict[str, str]:
    desk = shared.client("desk")
    application = desk.get("/api/v1/applications?state=contracted").json()["items"][0]["id"]
    offers = desk.get(f"/api/v1/applications/{application}/offers").json()["items"]
    return {
        "application_id": application,
        "loan_id": desk.get("/api/v1/loans?status=active").json()["items"][0]["id"],
        "offer_id": offers[0]["id"],
        "name": "cap.all_in",
    }

"""The nine sources over real HTTP, fed by a tiny economy, and a house that may ask them."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tael.sandbox.sources import Authority, Latency, SourcesSetup, running_sources

_MADE = Path(__file__).with_name("tiny_economy.py")
_spec = importlib.util.spec_from_file_location("tael_tests_tiny_economy", _MADE)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

AS_OF = "2024-06-01T00:00:00Z"
KEY = Ed25519PrivateKey.from_private_bytes(b"h" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
KEY_ID = hashlib.sha256(PUBLIC).hexdigest()[:16]
SCOPE = ["bank_statement", "bureau", "court", "device", "invoice", "merchant_books", "registry",
         "tax"]  # fmt: skip


class Asker:
    """Whoever asks the sources, as the protocol wants it; no code of the house's own client."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.economy = Path()

    @staticmethod
    def paper(subject: str, kind: str, **changes: Any) -> dict[str, Any]:
        said = {
            "authorisation": f"consent-{subject}",
            "subject": subject,
            "subject_kind": kind,
            "scope": SCOPE,
            "recipient": "guarantor",
            "purpose": "credit_assessment",
            "issued_at": "2024-01-01T00:00:00Z",
            "expires_at": "2024-12-31T15:59:59Z",
            "document_hash": "0" * 64,
            **changes,
        }
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        signature = base64.b64encode(KEY.sign(text.encode())).decode()
        return {**said, "key_id": KEY_ID, "signature": signature}

    def question(self, source: str, subject: str, kind: str, **changes: Any) -> dict[str, Any]:
        asked = {
            "subject": subject,
            "subject_kind": kind,
            "entity": "guarantor",
            "route": "licensed_bureau" if source == "bureau" else "direct",
            "mode": "full",
            "as_of": AS_OF,
            "authorisation": None if source == "region" else self.paper(subject, kind),
        }
        return {**asked, **changes}

    def ask(
        self, source: str, subject: str = "E1", kind: str = "enterprise", *, key: str = "k1",
        **changes: Any,
    ) -> httpx.Response:  # fmt: skip
        body = self.question(source, subject, kind, **changes)
        headers = {"Idempotency-Key": key}
        response = self.client.post(f"/v1/{source}/reports", json=body, headers=headers)
        while response.status_code == 202:
            response = self.client.get(f"/v1/{source}/reports/{key}")
        return response

    def order(self, **fault: Any) -> None:
        assert self.client.post("/v1/faults", json=fault).status_code == 204

    def charges(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/v1/charges").json()["charges"]
        return found


@pytest.fixture(scope="session")
def tiny_economy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder; nobody writes into it."""
    folder: Path = _module.write_tiny_economy(tmp_path_factory.mktemp("tiny") / "economy")
    return folder


@pytest.fixture(scope="module")
def served(tiny_economy: Path) -> Iterator[Asker]:
    """One server for all tests of a module; faults are cleared and keys are their own."""
    setup = SourcesSetup(Authority({KEY_ID: PUBLIC}), latency=Latency(0, 0, 1))
    with (
        running_sources(tiny_economy, setup) as url,
        httpx.Client(base_url=url, timeout=2, trust_env=False) as client,
    ):
        asker = Asker(client)
        asker.economy = tiny_economy
        yield asker

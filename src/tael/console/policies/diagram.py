"""The decision requirements diagram of a version; a decision with a table leads to its grid."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response

from tael.console.policies import table_desk
from tael.console.visit import Visiting
from tael.dmn.authoring import Draft
from tael.dmn.authoring import diagram as drawn

router = APIRouter(include_in_schema=False)


@router.get("/policies/versions/{version_id}/diagram")
def diagram(visit: Visiting, version_id: str) -> Response:
    """What decides on what: inputs below, decisions above them."""
    visit.require("read", "policy")
    version, bundle = table_desk.read_version(visit, version_id)
    draft = table_desk.read_draft(bundle.dmn)
    made = drawn(draft)
    rules = table_desk.counted(bundle.dmn)
    return visit.page(
        "policy_diagram.html",
        version_shown=version,
        tables=rules,
        own_layout=made.own_layout,
        data={"xml": made.xml, "tables": _leads(draft, str(version.id), rules)},
    )


def _leads(draft: Draft, version_id: str, rules: dict[str, int]) -> dict[str, dict[str, object]]:
    """By id of an element: address of its first table, and how many rules its tables have."""
    ids = {each.get("name"): each.get("id") for each in draft.root.children if each.get("id")}
    found: dict[str, dict[str, object]] = {}
    for name, count in rules.items():
        element = ids.get(table_desk.owner_of(name), "")
        address = f"/policies/versions/{version_id}/tables/{quote(name, safe='')}"
        known = found.setdefault(element, {"address": address, "rules": 0})
        known["rules"] = int(str(known["rules"])) + count
    return found

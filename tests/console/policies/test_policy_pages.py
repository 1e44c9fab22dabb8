"""The life of a policy played on its pages: each act, each refusal beside what caused it."""

from __future__ import annotations

import copy
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import uvicorn

from tael.console import create_app
from tael.kernel import VersionId, day_of
from tael.platform import SYSTEM, Actor
from tael.policies import Bundle, Policies
from tael.policies.engines import ENGINES
from tael.policies.memory import MemoryPolicyStore
from tael.policies.model import EventKind, PolicyState

pytestmark = pytest.mark.xdist_group("policy_pages")
PASSWORD = "nine silver sycees"
WHY = "the committee wants it so"
LAST_TIER = '<inputEntry id="tier_7_i1"><text>&gt;= 0.16</text></inputEntry>'


class Drawer(MemoryPolicyStore):
    """A store whose texts somebody changes behind the room's back."""

    def forge_deployment(self, number: int, **fields: Any) -> None:
        self._deployments[number] = replace(self._deployments[number], **fields)

    def forge(self, version: VersionId, **texts: str) -> None:
        self._bundles[version] = replace(self._bundles[version], **texts)


@dataclass
class Desk:
    """Risk drafts, everything approves, reader only reads; policies in memory, one in force."""

    house: Any
    policies: Policies
    store: Drawer
    first: VersionId
    made: dict[str, VersionId]
    clients: Mapping[str, httpx.Client]
    actors: Mapping[str, Actor]
    csrf: Mapping[str, str]

    def get(self, login: str, address: str) -> httpx.Response:
        return self.clients[login].get(address)

    def post(self, login: str, address: str, **fields: Any) -> httpx.Response:
        files = fields.pop("files", None)
        return self.clients[login].post(
            address, data={"csrf": self.csrf[login], **fields}, files=files
        )

    def draft(self, name: str = "second", *, login: str = "risk", **texts: str) -> VersionId:
        with self.house.database.begin(self.actors[login]) as work:
            bundle = replace(self.policies.bundle(work, self.first), **texts)
            return self.policies.draft(work, name, bundle).id

    def ready(self, name: str = "second", *, approve: bool = True) -> VersionId:
        version = self.draft(name, parameters=self.other_words(name))
        with self.house.database.begin(self.actors["risk"]) as work:
            assert self.policies.check(work, version).passed
            self.policies.waive_backtest(work, version, WHY)
        if approve:
            with self.house.database.begin(self.actors["everything"]) as work:
                self.policies.approve(work, version)
        return version

    def other_words(self, name: str) -> str:
        """The parameters in force with another word in them: another text, the same checks."""
        return self.bundle(self.first).parameters.replace('"zh": "', f'"zh": "{name} ', 1)

    def bundle(self, version: VersionId) -> Bundle:
        with self.house.database.begin(SYSTEM) as work:
            return self.policies.bundle(work, version)

    def state(self, version: VersionId) -> PolicyState:
        with self.house.database.begin(SYSTEM) as work:
            return self.policies.version(work, version).state

    def latest(self) -> VersionId:
        """The version that was drafted by the last act."""
        drafted = [e for e in self.store.events() if e.kind is EventKind.DRAFTED]
        known = {VersionId(one) for one in self._known}
        return next(e.version for e in drafted if e.version not in known)

    def remember(self) -> None:
        self._known = {one.id for one in self.store.versions()}


def _signed_in(url: str, login: str) -> tuple[httpx.Client, str]:
    client = httpx.Client(base_url=url, headers={"Accept-Language": "en"}, timeout=30)
    token = client.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]
    data = {"login": login, "password": PASSWORD, "form_token": token}
    assert client.post("/sign-in", data=data).status_code == 303
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/policies").text)
    assert found is not None
    return client, found[1]


@pytest.fixture(scope="module")
def opened(company: Any) -> Iterator[Desk]:
    """The console of the company with policies of its own, in memory; the first is in force."""
    house = company.house
    holder: list[Drawer] = [Drawer()]
    policies = Policies(
        lambda _: holder[0],
        parameters=house.parameters,
        engines=ENGINES,
        signing_key=bytes(range(32)),
    )
    with house.database.begin(SYSTEM) as work:
        reader = house.identity.users.add(
            work, login="policy-reader", password=PASSWORD, roles=("auditor",)
        )
        users = {one.login: Actor("user", one.id) for one in house.identity.users.all(work)}
        shipped = house.policies.bundle(work, house.policies.in_force(work).id)
    assert reader
    own = replace(house, policies=policies)
    config = uvicorn.Config(create_app(own), port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    logins = {"risk": "risk", "everything": "everything", "reader": "policy-reader"}
    signed = {name: _signed_in(url, login) for name, login in logins.items()}
    desk = Desk(
        own, policies, holder[0], VersionId.derive(house.clock.now(), "nobody"), {},
        {name: client for name, (client, _) in signed.items()},
        {name: users[login] for name, login in logins.items()},
        {name: csrf for name, (_, csrf) in signed.items()},
    )  # fmt: skip
    with house.database.begin(desk.actors["everything"]) as work:
        desk.first = policies.draft(work, "the first", shipped).id
        assert policies.check(work, desk.first).passed
        policies.waive_backtest(work, desk.first, WHY)
    with house.database.begin(desk.actors["risk"]) as work:
        policies.approve(work, desk.first)
        policies.deploy(work, desk.first, why="we begin to lend")
    desk.made = {
        "other": desk.ready("second"),
        "third": desk.ready("third"),
        "asked": desk.ready("asked", approve=False),
    }
    desk.house_store = holder  # type: ignore[attr-defined]
    yield desk
    for client in desk.clients.values():
        client.close()
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def desk(opened: Desk) -> Iterator[Desk]:
    """As it was opened, whatever a test did before."""
    kept = opened.store
    holder = opened.house_store  # type: ignore[attr-defined]
    opened.store = holder[0] = copy.deepcopy(kept)
    opened.remember()
    yield opened
    opened.store = holder[0] = kept


Act = Callable[[Desk], httpx.Response]


def test_the_list_tells_who_decides_who_said_so_and_why(desk: Desk) -> None:
    page = desk.get("reader", "/policies").text
    assert "the first" in page
    assert "Champion 100%" in page
    assert "we begin to lend" in page
    assert "<svg viewBox" in page
    assert re.search(r'<td class="mono" data-label="Hash">[0-9a-f]{8}</td>', page)


@pytest.mark.parametrize(
    "address", ["/policies", "/policies/approvals", "/policies/models", "/policies/versions/{}"]
)
def test_every_page_reads_in_chinese(desk: Desk, address: str) -> None:
    client, place = desk.clients["everything"], address.format(desk.made["asked"])
    page = client.get(place, headers={"Accept-Language": "zh-CN"})
    assert page.status_code == 200
    assert "审批" in page.text


@pytest.mark.parametrize(
    "address", ["/policies", "/policies/approvals", "/policies/models", "/policies/versions/{}"]
)
def test_whoever_only_reads_sees_no_button(desk: Desk, address: str) -> None:
    page = desk.get("reader", address.format(desk.made["asked"]))
    assert page.status_code == 200
    assert 'method="post" action="/policies' not in page.text


def test_a_policy_goes_from_a_file_into_force_and_back_on_its_pages(desk: Desk) -> None:
    files = {"text_parameters": ("parameters.json", desk.other_words("new").encode(), "text/json")}
    answer = desk.post("risk", "/policies", name="new", base=desk.first, files=files)
    home = answer.headers["location"]
    version = VersionId(home.rpartition("/")[2])
    assert "Nobody looked it through yet" in desk.get("risk", home).text
    assert desk.post("risk", f"{home}/check").status_code == 303
    assert "21 of 21 as expected" in desk.get("risk", home).text
    assert desk.post("risk", f"{home}/waive", why=WHY).status_code == 303
    inbox = f"/policies/approvals/versions/{version}"
    assert inbox not in desk.get("risk", "/policies/approvals").text
    assert inbox in desk.get("everything", "/policies/approvals").text
    assert desk.post("everything", inbox, verdict="approve", why="well made").status_code == 303
    shares = {"champion": desk.first, f"share:{version}": "12.5", "why": "try the new one"}
    assert desk.post("risk", "/policies/deployments", **shares).status_code == 303
    page = desk.get("risk", "/policies").text
    assert "Champion 87.5%" in page
    assert "Challenger 12.5%" in page
    assert desk.post("risk", "/policies/rollback", why=WHY, to="").status_code == 303
    page = desk.get("risk", "/policies").text
    assert "Champion 100%" in page
    assert "brings back 1" in page
    assert desk.state(version) is PolicyState.RETIRED


SHARES = [
    ({"share:{other}": "120"}, "wrong-{other}", "is at most 100%"),
    ({"share:{other}": "-1"}, "wrong-{other}", "lies above 0%"),
    ({"share:{other}": "ten"}, "wrong-{other}", "This is not a share."),
    ({"share:{other}": "1e99999"}, "wrong-{other}", "This is not a share."),
    ({"share:{other}": "60", "share:{third}": "45"}, "wrong-shares", "take 100% or more"),
    ({"share:{other}": "5", "shadow:{other}": "1"}, "wrong-{other}", "has two arms"),
    ({"random_accept": "90"}, "random", "more than is allowed"),
    ({"champion": ""}, "wrong-shares", "No version was chosen."),
]


@pytest.mark.parametrize(("typed", "place", "told"), SHARES)
def test_shares_that_cannot_be_are_refused_beside_their_field(
    desk: Desk, typed: Mapping[str, str], place: str, told: str
) -> None:
    names = desk.made
    fields = {key.format(**names): value for key, value in typed.items()}
    form = {"champion": desk.first, "why": "a reason typed before", **fields}
    answer = desk.post("risk", "/policies/deployments", **form)
    assert answer.status_code == 422
    after = answer.text.partition(f'id="{place.format(**names)}"')[2][:900]
    assert told in after
    assert "a reason typed before" in answer.text
    for value in fields.values():
        assert f'value="{value}"' in answer.text
    assert len(desk.store.deployments()) == 1


def _gap(desk: Desk) -> VersionId:
    """A draft whose tiers leave out a stretch: a doubt of the check."""
    rules = desk.bundle(desk.first).dmn
    assert LAST_TIER in rules
    wider = rules.replace(LAST_TIER, LAST_TIER.replace("0.16", "0.20"))
    version = desk.draft("with a gap", dmn=wider)
    assert desk.post("risk", f"/policies/versions/{version}/check").status_code == 303
    return version


def test_a_draft_that_cannot_go_on_says_why_with_node_rule_and_reason(desk: Desk) -> None:
    version = _gap(desk)
    page = desk.get("risk", f"/policies/versions/{version}").text
    assert desk.state(version) is PolicyState.DRAFT
    assert "Doubts to resolve, or to accept in writing below: 1" in page
    assert "<strong>tier</strong>" in page
    assert "no rule covers" in page
    assert "for example" in page
    chinese = desk.clients["risk"].get(
        f"/policies/versions/{version}", headers={"Accept-Language": "zh-CN"}
    )
    assert "书面接受的疑点：1" in chinese.text


def test_a_doubt_is_accepted_in_writing_beside_itself(desk: Desk) -> None:
    version = _gap(desk)
    home = f"/policies/versions/{version}"
    page = desk.get("risk", home).text
    doubts = re.findall(r'name="finding" value="(\w+)"', page)
    assert doubts
    curt = desk.post("risk", f"{home}/accept", finding=doubts[0], why="fine")
    assert curt.status_code == 422
    beside = curt.text.partition(f'id="finding-{doubts[0]}"')[2].partition("</li>")[0]
    assert "This does not say why." in beside
    assert 'value="fine"' in beside
    for finding in doubts:
        answer = desk.post("risk", f"{home}/accept", finding=finding, why=WHY)
        assert answer.status_code == 303
    assert WHY in desk.get("risk", home).text
    assert 'name="finding"' not in desk.get("risk", home).text


def test_a_fault_is_no_doubt_and_offers_no_acceptance(desk: Desk) -> None:
    parameters = desk.bundle(desk.first).parameters.replace('"owner_age"', '"owner_years"', 1)
    version = desk.draft("no age", parameters=parameters)
    desk.post("risk", f"/policies/versions/{version}/check")
    page = desk.get("risk", f"/policies/versions/{version}").text
    assert "Faults to resolve, in a new draft" in page
    assert "<strong>owner_age</strong>" in page
    assert desk.state(version) is PolicyState.DRAFT


def test_nobody_approves_what_they_drafted(desk: Desk) -> None:
    version = desk.made["asked"]
    home = f"/policies/versions/{version}"
    page = desk.get("risk", home).text
    assert "You drafted this version: it waits for another person." in page
    assert f'action="{home}/approve"' not in page
    for address in (f"{home}/approve", f"/policies/approvals/versions/{version}"):
        answer = desk.post("risk", address, verdict="approve")
        assert answer.status_code == 403
        assert "You drafted this yourself." in answer.text
    assert desk.state(version) is PolicyState.BACKTESTED


def test_a_rejection_needs_a_reason_and_makes_it_a_draft_again(desk: Desk) -> None:
    version = desk.made["asked"]
    inbox = f"/policies/approvals/versions/{version}"
    curt = desk.post("everything", inbox, verdict="reject", why="no")
    assert curt.status_code == 422
    assert "This does not say why." in curt.text.partition(f'id="ask-{version}"')[2]
    assert 'value="no"' in curt.text
    assert desk.post("everything", inbox, verdict="reject", why=WHY).status_code == 303
    assert desk.state(version) is PolicyState.DRAFT
    assert "It was sent back." in desk.get("risk", f"/policies/versions/{version}").text


def test_what_nobody_approved_is_not_put_in_force(desk: Desk) -> None:
    version = desk.made["asked"]
    assert f'value="{version}" aria-label' not in desk.get("risk", "/policies").text
    answer = desk.post("risk", "/policies/deployments", champion=version, why=WHY)
    assert answer.status_code == 409
    assert "A version in this state cannot do that." in answer.text
    assert "from backtested to approved" in answer.text


def test_what_was_changed_since_its_approval_is_refused_and_told(desk: Desk) -> None:
    version = desk.made["other"]
    desk.store.forge(version, prices=desk.bundle(version).prices.replace("0.01", "0.02", 1))
    answer = desk.post("risk", "/policies/deployments", champion=version, why=WHY)
    assert answer.status_code == 409
    assert "This version is not what was checked or approved" in answer.text
    assert "second, prices: the text is not the one that was drafted" in answer.text
    page = desk.get("risk", f"/policies/versions/{version}")
    assert page.status_code == 200
    assert "This version is not what was approved. It decides nothing." in page.text
    assert "<code>prices</code>" in page.text
    against = desk.get("risk", f"/policies/versions/{desk.first}?against={version}")
    assert against.status_code == 200


def test_a_deployment_that_was_changed_since_it_was_signed_is_told_and_not_brought_back(
    desk: Desk,
) -> None:
    form = {"champion": desk.made["other"], "why": WHY}
    assert desk.post("risk", "/policies/deployments", **form).status_code == 303
    desk.store.forge_deployment(1, salt="another")
    answer = desk.post("risk", "/policies/rollback", why=WHY, to="1")
    assert answer.status_code == 409
    assert "deployment 1 is not the one that was signed" in answer.text
    assert WHY in answer.text.partition('id="rollback"')[2]
    desk.store.forge_deployment(2, salt="another")
    assert 'id="forged"' in desk.get("reader", "/policies").text


def test_a_model_of_some_megabytes_can_be_uploaded(desk: Desk) -> None:
    model = desk.bundle(desk.first).model + " " * (3 * 2**20)
    files = {"text_model": ("model.json", model.encode(), "application/json")}
    answer = desk.post("risk", "/policies", name="a large one", base=desk.first, files=files)
    assert answer.status_code == 303


def test_differences_stand_in_words_and_in_the_table(desk: Desk) -> None:
    version = _gap(desk)
    page = desk.get("reader", f"/policies/versions/{version}").text
    told = page.partition('id="differences"')[2]
    assert "table tier, rule 7" in told
    assert "<del>&gt;= 0.16</del>" in told
    assert 'class="policy-row-changed"' in told
    assert 'class="policy-cell-changed"' in told
    same = desk.draft("the same")
    page = desk.get("reader", f"/policies/versions/{same}?against={desk.first}").text
    assert "The two say the same." in page


def test_a_version_that_differs_in_layout_only_says_in_which_text(desk: Desk) -> None:
    version = desk.draft("a blank line", dmn=desk.bundle(desk.first).dmn + "\n")
    page = desk.get("reader", f"/policies/versions/{version}?against={desk.first}").text
    told = " ".join(page.partition('id="differences"')[2].split())
    assert "The two decide alike. Notes or layout differ in: Rules (DMN)" in told


def test_a_case_goes_into_a_new_draft_and_comes_out_as_expected_or_not(desk: Desk) -> None:
    form = {"act": "case", "case": "mine", "name": "with mine", "inputs": "pd = 0.02",
            "expect_outcome": "approve", "expect_tier": "2"}  # fmt: skip
    answer = desk.post("risk", f"/policies/versions/{desk.first}/cases", **form)
    assert answer.status_code == 303
    version = desk.latest()
    home = f"/policies/versions/{version}"
    assert '"name":"mine"' in desk.bundle(version).cases
    assert desk.post("risk", f"{home}/check").status_code == 303
    page = desk.get("risk", home).text
    assert "21 of 22 as expected" in page
    assert "Cases that come out otherwise: 1" in page
    failed = page.partition('class="policy-failed"')[2].partition("</tr>")[0]
    assert "mine" in failed
    assert '<div class="policy-off"><span class="text-secondary">tier</span> 3</div>' in failed


def test_cases_that_are_none_are_refused_with_what_was_typed(desk: Desk) -> None:
    address = f"/policies/versions/{desk.first}/cases"
    answer = desk.post("risk", address, act="text", name="mine", cases='{"cases": [}')
    assert answer.status_code == 422
    assert "This is not a JSON object." in answer.text
    assert "{&#34;cases&#34;: [}" in answer.text
    answer = desk.post("risk", address, act="case", name="mine", case="x", inputs="no equals")
    assert answer.status_code == 422
    assert "A line is no input." in answer.text
    assert "no equals</textarea>" in answer.text
    assert len(desk.store.versions()) == 4


def test_texts_come_as_files(desk: Desk) -> None:
    home = f"/policies/versions/{desk.first}/texts"
    answer = desk.get("reader", f"{home}/dmn")
    assert answer.text == desk.bundle(desk.first).dmn
    assert "policy.dmn" in answer.headers["content-disposition"]
    for name in ("variables", "nothing", "hashes"):
        assert desk.get("reader", f"{home}/{name}").status_code == 404


UPLOADS: list[tuple[dict[str, Any], str]] = [
    ({}, "No file was chosen."),
    ({"text_prices": b"\xff\xfe"}, "A file is not UTF-8 text."),
    ({"text_dmn": b"<definitions"}, "dmn"),
    ({"text_prices": b"[]"}, "This is not a JSON object."),
]


@pytest.mark.parametrize(("files", "told"), UPLOADS)
def test_a_draft_that_cannot_be_read_is_refused_in_words(
    desk: Desk, files: Mapping[str, bytes], told: str
) -> None:
    sent = {name: ("file", data, "text/plain") for name, data in files.items()}
    sent = sent or {"text_none": ("", b"", "text/plain")}
    answer = desk.post("risk", "/policies", name="my name", base=desk.first, files=sent)
    assert answer.status_code == 422
    assert told in answer.text.partition('id="draft"')[2]
    assert 'value="my name"' in answer.text
    assert len(desk.store.versions()) == 4


def test_a_script_gets_the_refusal_alone(desk: Desk) -> None:
    client = desk.clients["risk"]
    data = {"csrf": desk.csrf["risk"], "name": "x", "base": "first"}
    files = {"text_prices": ("prices.json", b"{}", "text/plain")}
    answer = client.post("/policies", data=data, files=files, headers={"X-Upload": "1"})
    assert answer.status_code == 422
    assert answer.text.lstrip().startswith("<div")
    assert "A first policy needs a model of your own." in answer.text


def test_a_model_waits_for_another_person_than_its_author(desk: Desk) -> None:
    model = desk.bundle(desk.first).model.rstrip() + "\n"
    desk.draft("with a model", model=model)
    with desk.house.database.begin(SYSTEM) as work:
        (drafted,) = [one for one in desk.policies.models(work) if one.state.value == "draft"]
    address = f"/policies/approvals/models/{drafted.hash}"
    assert address not in desk.get("risk", "/policies/approvals").text
    assert desk.post("risk", address, verdict="approve").status_code == 403
    assert address in desk.get("everything", "/policies/approvals").text
    assert desk.post("everything", address, verdict="approve").status_code == 303
    assert address not in desk.get("everything", "/policies/approvals").text


def test_a_parameter_is_decided_in_the_same_inbox(desk: Desk) -> None:
    house = desk.house
    with house.database.begin(desk.actors["risk"]) as work:
        day = day_of(house.clock.now()).plus_days(400)
        key = house.parameters.propose(work, "cap.all_in", "0.23", day, source="a new notice")
    address = f"/policies/approvals/parameters/{key}"
    own = desk.get("risk", "/policies/approvals").text
    assert "a new notice" in own
    assert address not in own
    assert desk.post("risk", address, verdict="approve").status_code == 403
    assert address in desk.get("everything", "/policies/approvals").text
    curt = desk.post("everything", address, verdict="reject", why=" ")
    assert (curt.status_code, "A rejection needs one" in curt.text) == (422, True)
    assert desk.post("everything", address, verdict="reject", why=WHY).status_code == 303
    with house.database.begin(SYSTEM) as work:
        (row,) = [one for one in house.audit.rows(work, subject=key)
                  if one.action == "parameter.rejected"]  # fmt: skip
    assert row.detail["why"] == WHY


POSTS = [
    "/policies/deployments", "/policies/rollback", "/policies/versions/{}/check",
    "/policies/versions/{}/accept", "/policies/versions/{}/waive",
    "/policies/versions/{}/approve", "/policies/versions/{}/retire",
    "/policies/versions/{}/cases", "/policies/approvals/versions/{}",
    "/policies/approvals/models/{}", "/policies/approvals/parameters/{}",
    "/policies/models/{}/refuse", "/policies/models/{}/retire",
]  # fmt: skip


@pytest.mark.parametrize("address", POSTS)
def test_no_act_goes_without_the_form_and_the_right(desk: Desk, address: str) -> None:
    place = address.format(desk.first)
    assert desk.clients["risk"].post(place, data={"csrf": "no"}).status_code == 403
    assert desk.post("reader", place).status_code == 403
    assert desk.store.deployments()[0].ended_at is None


def _registered(desk: Desk, version: VersionId) -> Any:
    with desk.house.database.begin(SYSTEM) as work:
        wanted = desk.policies.version(work, version).hashes["model"]
        return next(one for one in desk.policies.models(work) if one.hash == wanted)


def test_a_model_is_refused_in_writing_for_good(desk: Desk) -> None:
    version = desk.draft("doubtful", model=desk.bundle(desk.first).model.rstrip() + "\n\n")
    model = _registered(desk, version)
    inbox, page = (
        f"/policies/approvals/models/{model.hash}",
        f"/policies/models/{model.hash}/refuse",
    )
    assert page in desk.get("everything", "/policies/models").text
    curt = desk.post("everything", inbox, verdict="reject", why="no")
    assert (curt.status_code, "This does not say why." in curt.text) == (422, True)
    curt = desk.post("everything", page, why="no")
    assert (curt.status_code, "This does not say why." in curt.text) == (422, True)
    assert desk.post("everything", inbox, verdict="reject", why=WHY).status_code == 303
    refused = _registered(desk, version)
    assert (refused.state.value, refused.why) == ("refused", WHY)
    assert refused.ended_by == desk.actors["everything"].id
    shown = desk.get("reader", "/policies/models").text
    assert WHY in shown
    assert page not in desk.get("everything", "/policies/models").text
    for address in (inbox, page):
        again = desk.post("everything", address, verdict="reject", why=WHY)
        assert (again.status_code, "decided on before" in again.text) == (409, True)


def test_a_model_is_retired_but_not_under_a_version_in_force(desk: Desk) -> None:
    champion = _registered(desk, desk.first)
    address = f"/policies/models/{champion.hash}/retire"
    name = next(one.name for one in desk.store.versions() if one.id == desk.first)
    page = desk.get("everything", "/policies/models").text
    assert address not in page
    assert f"In force with it: {name}" in page
    answer = desk.post("everything", address, why=WHY)
    assert (answer.status_code, "A version in force runs with this model." in answer.text) == (
        409, True,
    )  # fmt: skip
    assert f"{name} is in force and runs with {champion.name}" in answer.text
    version = desk.draft("old", model=desk.bundle(desk.first).model.rstrip() + "\n\n\n")
    model = _registered(desk, version)
    desk.post("everything", f"/policies/approvals/models/{model.hash}", verdict="approve")
    address = f"/policies/models/{model.hash}/retire"
    assert desk.post("everything", address, why="old").status_code == 422
    assert desk.post("everything", address, why=WHY).status_code == 303
    retired = _registered(desk, version)
    assert (retired.state.value, retired.why, retired.ended_by) == (
        "retired", WHY, desk.actors["everything"].id,
    )  # fmt: skip

"""`tael policies`: a version from its files into force and out of it, by two people."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tael.cli import app
from tael.economy import history
from tael.risk import Scorecard

pytestmark = pytest.mark.xdist_group("cli")
DATA = Path(__file__).parents[2] / "src/tael/policies/data"
RULES = str(DATA / "first_policy.dmn")
SECRET = "three green hills"
PEOPLE = {"lin": "risk_manager", "wang": "risk_manager", "looker": "auditor"}


class Lender:
    """The command line on an installation without a policy, and three people who use it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        for login, role in PEOPLE.items():
            self("users", "add", login, "--role", role, "--password-stdin")

    def __call__(self, *words: str, login: str = "") -> Any:
        signed = ("--as", login, "--password-stdin") if login else ()
        return CliRunner().invoke(
            app, [*words, *signed], input=f"{SECRET}\n", env=self._environment
        )

    def version(self, *words: str, login: str = "") -> dict[str, Any]:
        """What a command of the group says of a version."""
        answer = self("policies", *words, "--json", login=login)
        assert answer.exit_code == 0, answer.stderr
        found: dict[str, Any] = json.loads(answer.stdout)["version"]
        return found

    def lived(self, version: str, *, by: str = "lin", approver: str = "wang") -> None:
        """Take a draft to its approval."""
        assert self.version("check", version, login=by)["state"] == "checked"
        why = "there is no history yet"
        self.version("backtest-waive", version, "--why", why, login=by)
        assert self.version("approve", version, login=approver)["state"] == "approved"


@pytest.fixture(scope="module")
def lender(place: Callable[[str], dict[str, str]]) -> Lender:
    environment = place("policies")
    CliRunner().invoke(app, ["db", "upgrade"], env=environment)
    return Lender(environment)


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with a scorecard that the shipped policy can read."""
    past = history(1, 2000)
    path = tmp_path_factory.mktemp("card") / "card.json"
    path.write_text(Scorecard().fit(past.columns, past.bad).to_json(), encoding="utf-8")
    return str(path)


def test_a_version_goes_from_draft_through_two_hands_into_force(
    lender: Lender, card: str, tmp_path: Path
) -> None:
    first = lender.version("draft", "first", "--dmn", RULES, "--model", card, login="lin")
    assert first["state"] == "draft"
    assert set(first["hashes"]) == {
        "dmn", "model", "prices", "parameters", "variables", "cases",
    }  # fmt: skip
    own = lender("policies", "approve", first["id"], "--json", login="lin")
    assert own.exit_code == 4
    assert json.loads(own.stdout)["error"]["rule"] == "a second person approves"
    early = lender("policies", "deploy", first["id"], login="wang")
    assert early.exit_code == 4
    assert "from draft to checked, not to deployed" in early.stderr

    lender.lived(first["id"])
    assert lender.version("deploy", first["id"], login="wang")["state"] == "deployed"
    assert lender.version("show")["id"] == first["id"]
    proven = lender("policies", "verify")
    assert (proven.exit_code, "as it was approved" in proven.stdout) == (0, True)

    saved = tmp_path / "texts"
    assert lender("policies", "show", "--save", str(saved)).exit_code == 0
    assert (saved / "policy.dmn").read_bytes() == Path(RULES).read_bytes()
    (event,) = [
        one
        for one in json.loads(lender("policies", "timeline", "--json").stdout)["events"]
        if one["kind"] == "approved"
    ]
    assert (event["version"], len(event["signature"])) == (first["id"], 128)


@pytest.mark.slow
def test_two_versions_share_the_applications_and_a_rollback_brings_the_first_back(
    lender: Lender, card: str, tmp_path: Path
) -> None:
    first = lender.version("draft", "one", "--dmn", RULES, "--model", card, login="lin")
    lender.lived(first["id"])
    lender.version("deploy", first["id"], login="wang")
    menu = tmp_path / "prices.json"
    shipped = (DATA / "first_prices.json").read_text("utf-8")
    menu.write_text(shipped + "\n", encoding="utf-8")
    second = lender.version("draft", "same prices", "--prices", str(menu), login="wang")
    changed = {name for name in second["hashes"] if second["hashes"][name] != first["hashes"][name]}
    assert changed == {"prices"}

    lender.lived(second["id"], by="wang", approver="lin")
    made = lender(
        "policies", "deploy", first["id"], "--challenger", f"{second['id']}=12.5", "--json",
        login="lin",
    )  # fmt: skip
    arms = json.loads(made.stdout)["deployment"]["arms"]
    assert [(arm["role"], arm["share"]) for arm in arms] == [
        ("champion", 8750), ("challenger", 1250),
    ]  # fmt: skip
    lender.version("deploy", second["id"], login="lin")
    assert lender.version("show", first["id"])["state"] == "retired"
    back = lender("policies", "rollback", "--why", "the prices were too low", login="wang")
    assert re.search(r"deployment \d+ brings back deployment \d+: champion", back.stdout)
    assert "in force" in lender("policies", "deployments").stdout
    assert lender.version("retire", first["id"], login="wang")["state"] == "retired"
    nothing = lender("policies", "show")
    assert nothing.exit_code == 4
    assert "no policy is in force; deploy one" in nothing.stderr

    events = json.loads(lender("policies", "timeline", first["id"], "--json").stdout)["events"]
    assert [event["kind"] for event in events] == [
        "drafted", "checked", "back-test waived", "approved", "deployed", "deployed", "retired",
        "deployed", "retired",
    ]  # fmt: skip
    assert "the prices were too low" in lender("policies", "timeline").stdout


def test_people_read_logins_and_the_next_step(lender: Lender, card: str) -> None:
    said = lender("policies", "draft", "for people", "--model", card, login="lin").stdout
    version = said.partition(":")[0]

    assert "look it through: tael policies check" in said
    assert "lin" in lender("policies", "show", version).stdout
    assert "lin" in lender("policies", "list").stdout
    assert "it may be back-tested" in lender("policies", "check", version, login="lin").stdout
    waived = lender(
        "policies", "backtest-waive", version, "--why", "there is no history yet", login="lin"
    )
    assert "another person approves it: tael policies approve" in waived.stdout
    assert "tael policies deploy" in lender("policies", "approve", version, login="wang").stdout
    assert "scorecard" in lender("policies", "models").stdout
    assert lender("policies", "key").stdout.startswith("-----BEGIN PUBLIC KEY-----")


def test_a_draft_with_a_gap_says_node_and_reason_until_it_is_accepted_in_writing(
    lender: Lender, card: str, tmp_path: Path
) -> None:
    gap = tmp_path / "gap.dmn"
    text = Path(RULES).read_text("utf-8")
    gap.write_text(text.replace("<text>&gt;= 0.16</text>", "<text>&gt;= 0.17</text>"), "utf-8")
    version = lender.version("draft", "gap", "--dmn", str(gap), "--model", card, login="lin")["id"]

    refused = lender("policies", "check", version, "--json", login="lin")
    told = json.loads(refused.stdout)["check"]
    assert refused.exit_code == 4
    assert "tael: dmn, tier: no rule covers pd in [0.16..0.17)" in refused.stderr
    assert "tael: case R7 is declined: was refused: the policy does not determine" in refused.stderr
    (finding,) = [one["id"] for one in told["findings"] if one["weight"] == "doubt"]
    curt = lender("policies", "accept-finding", version, finding, "--why", "fine", login="lin")
    assert (curt.exit_code, "at least 3 words" in curt.stderr) == (3, True)
    kept = lender(
        "policies", "accept-finding", version, finding, "--why", "no one scores there", login="lin"
    )
    assert "check again" in kept.stdout
    again = lender("policies", "check", version, login="lin")
    assert (again.exit_code, "accepted" in again.stdout) == (4, True)
    assert "finding" not in again.stderr.replace("findings", "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--challenger", "OTHER=120"), "the share is 120 % (rule: above 0 %, at most 100 %)"),
        (("--share", "95", "--challenger", "OTHER=1.234"), "challenger: '1.234' is no share"),
        (("--challenger", "OTHER=10"), "there is no policy version OTHER"),
        (("--challenger", "OTHER=10", "--stopping", "margin=0"), "(rule: a difference above 0)"),
        (("--challenger", "OTHER=10", "--stopping", "luck=1"), "'luck=1' declares nothing"),
        (("--stopping", "margin=1"), "a stopping rule without a challenger"),
    ],
    ids=lambda told: " ".join(told) if isinstance(told, tuple) else "",
)
def test_a_share_that_cannot_be_is_refused_by_name(
    lender: Lender, words: tuple[str, ...], says: str
) -> None:
    champion, other = "ver_01jd8c4q8kf3v7s2m5x9w0y1zb", "ver_01jd8c4q8kf3v7s2m5x9w0y1za"
    given = [word.replace("OTHER", other) for word in words]

    answer = lender("policies", "deploy", champion, *given, login="wang")

    assert answer.exit_code == 3
    assert says.replace("OTHER", champion) in answer.stderr


def test_two_versions_are_told_apart_in_words_and_in_the_table(
    lender: Lender, card: str, tmp_path: Path
) -> None:
    menu, rules = tmp_path / "prices.json", tmp_path / "rules.dmn"
    text = (DATA / "first_prices.json").read_text("utf-8")
    menu.write_text(text.replace('"fee_change": "0.01"', '"fee_change": "0.02"'), encoding="utf-8")
    text = Path(RULES).read_text("utf-8")
    rules.write_text(text.replace("<text>&gt; 1.2</text>", "<text>&gt; 1.1</text>"), "utf-8")
    words = ("--model", card, "--parameters", str(DATA / "first_parameters.json"))
    prices = ("--prices", str(DATA / "first_prices.json"))
    one = lender.version("draft", "one", "--dmn", RULES, *words, *prices, login="lin")
    two = lender.version(
        "draft", "two", "--dmn", str(rules), *words, "--prices", str(menu), login="lin"
    )
    told = json.loads(lender("policies", "diff", one["id"], two["id"], "--json").stdout)
    rule, price = told["differences"]

    assert rule["en"] == "dmn: table knock_outs, rule 4, debt_ratio changes from > 1.2 to > 1.1"
    assert price["en"] == "prices: options.interest_first.fee_change changes from 0.01 to 0.02"
    assert price["zh"] == "prices: options.interest_first.fee_change 由 0.01 改为 0.02"
    (table,) = told["tables"]
    assert [row["mark"] for row in table["rows"]].count("changed") == 1
    drawn = lender("policies", "diff", one["id"], two["id"], "--tables").stdout
    assert "options.interest_first.fee_change" in drawn
    assert "> 1.2 → > 1.1" in " ".join(drawn.split())
    assert "say the same" in lender("policies", "diff", one["id"], one["id"]).stdout
    nobody = lender("policies", "diff", one["id"], "ver_01jd8c4q8kf3v7s2m5x9w0y1za")
    assert (nobody.exit_code, "there is no policy version" in nobody.stderr) == (3, True)


@pytest.mark.parametrize("verb", ["approve", "deploy", "retire", "approve-model"])
def test_who_may_only_read_moves_no_version(lender: Lender, verb: str) -> None:
    answer = lender("policies", verb, "ver_01jd8c4q8kf3v7s2m5x9w0y1za", login="looker")

    assert answer.exit_code == 4
    act = verb.removesuffix("-model")
    assert f"you may not {act} this policy" in answer.stderr


def test_who_may_only_read_drafts_nothing(lender: Lender, card: str) -> None:
    answer = lender("policies", "draft", "mine", "--model", card, login="looker")

    assert answer.exit_code == 4
    assert "you may not propose this policy" in answer.stderr


BROKEN = {
    "rules.dmn": b"<definitions",
    "card.json": b"{",
    "other-card.json": b'{"format": "x"}',
    "prices.json": b'{"options": []}',
    "menu.json": b'{"options": [{"method": "SLOW"}]}',
    "no-limit.json": b'{"options": [{"code": "a", "method": "FLAT", "tiers": [9]}]}',
    "parameters.json": b'{"inputs": {"age": {"type": "years"}}, "reasons": {}}',
    "wordless.json": b'{"inputs": {}, "reasons": {"too_young": {"en": "too young"}}}',
    "range.json": b'{"inputs": {"age": {"type": "integer", "minimum": "x"}}, "reasons": {}}',
    "latin.json": b'"\xe9"',
}


@pytest.mark.parametrize(
    "case",
    [
        ((), "dmn: a draft changes a text; give --dmn, --model, --prices"),
        (("--dmn", "none.dmn"), "dmn: there is no file none.dmn"),
        (("--dmn", "."), "dmn: . cannot be read: Is a directory (rule: a readable file)"),
        (("--dmn", "rules.dmn"), "(in rules.dmn)"),
        (("--model", "card.json"), "model: not JSON: "),
        (("--model", "other-card.json"), "(in other-card.json)"),
        (("--model", "latin.json"), "model: latin.json is not UTF-8 at byte 1"),
        (("--prices", "prices.json", "--model", "good"), "prices.options: the price menu"),
        (("--prices", "menu.json", "--model", "good"), "(in menu.json) (rule: "),
        (("--prices", "no-limit.json", "--model", "good"), "prices.options.tiers: tiers"),
        (("--parameters", "parameters.json", "--model", "good"), "(in parameters.json)"),
        (
            ("--parameters", "wordless.json", "--model", "good"),
            "reasons.too_young.zh: zh is None, no text (in wordless",
        ),
        (("--parameters", "range.json", "--model", "good"), "(in range.json)"),
    ],
    ids=lambda case: " ".join(case[0]) or "nothing",
)
def test_a_text_at_fault_is_named_by_file_field_and_rule(
    lender: Lender,
    card: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[tuple[str, ...], str],
) -> None:
    words, says = case
    for name, content in BROKEN.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    given = [card if word == "good" else word for word in words]

    answer = lender("policies", "draft", "broken", *given, login="lin")

    assert says in answer.stderr
    assert answer.exit_code == 3
    assert answer.stderr.count("\n") == 1


def test_texts_are_not_written_over(lender: Lender, card: str, tmp_path: Path) -> None:
    version = lender.version("draft", "to save", "--model", card, login="lin")["id"]
    (tmp_path / "prices.json").write_text("mine", encoding="utf-8")

    answer = lender("policies", "show", version, "--save", str(tmp_path))

    assert answer.exit_code == 4
    assert "prices.json is there already and holds another text" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["prices.json"]

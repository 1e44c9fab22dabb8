"""Personal fields at rest: who can read them, what finds them, what erases them."""

from __future__ import annotations

import csv
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import BadInput, Conflict, InvariantBroken, NotFound
from tael.platform import masking
from tael.platform.database import SYSTEM, Actor, Database
from tael.platform.vault import Vault
from tael.platform.vault_keys import VaultKeys

CLERK = Actor("user", "user_clerk", frozenset({"operations"}))
CASES = Path(__file__).parent / "cases"
KEYS = VaultKeys.fresh()


@pytest.fixture
def vault() -> Vault:
    return Vault(KEYS)


def _masks() -> list[dict[str, str]]:
    with (CASES / "masks.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _audited(database: Database, action: str) -> list[dict[str, str]]:
    query = sa.text(
        "SELECT detail FROM platform.audit_rows WHERE action = :action ORDER BY position"
    )
    with database.begin(SYSTEM) as work:
        return list(work.connection.execute(query, {"action": action}).scalars())


def test_what_was_encrypted_comes_back_and_the_read_is_audited(
    database: Database, vault: Vault
) -> None:
    with database.begin(CLERK) as work:
        sealed = vault.encrypt(work, "party_1", "张小明", field="name")
        assert "张小明".encode() not in sealed
        assert vault.encrypt(work, "party_1", "张小明", field="name") != sealed
    with database.begin(CLERK) as work:
        text = vault.decrypt(work, "party_1", sealed, field="name", purpose="application.show")
        assert text == "张小明"
    assert _audited(database, "personal.read") == [
        {"fields": "name", "purpose": "application.show"}
    ]


def test_a_page_of_subjects_is_one_look_up_and_one_row_each(
    database: Database, vault: Vault
) -> None:
    fields = {"name": "王芳", "phone": "13800001111"}
    with database.begin(CLERK) as work:
        page = {f"party_{n}": vault.encrypt_all(work, f"party_{n}", fields) for n in range(20)}
        vault.erase(work, "party_7", reason="asked to")
        shown = vault.reveal(work, page, purpose="applications.list")
    assert shown == {f"party_{n}": fields for n in range(20) if n != 7}
    assert len(_audited(database, "personal.read")) == 19


def test_a_read_without_a_purpose_is_refused(database: Database, vault: Vault) -> None:
    with pytest.raises(BadInput, match="read for"), database.begin(CLERK) as work:
        vault.reveal(work, {}, purpose="")


@pytest.mark.parametrize(
    ("subject", "field", "change"),
    [
        ("party_2", "name", None),
        ("party_1", "phone", None),
        ("party_1", "name", 0),
        ("party_1", "name", 5),
        ("party_1", "name", -1),
    ],
    ids=["of another subject", "of another field", "its mark", "its nonce", "its tag"],
)
def test_a_ciphertext_moved_or_changed_is_never_read(
    database: Database, vault: Vault, subject: str, field: str, change: int | None
) -> None:
    with database.begin(CLERK) as work:
        sealed = bytearray(vault.encrypt(work, "party_1", "13812345678", field="name"))
        vault.encrypt(work, "party_2", "another", field="name")
        if change is not None:
            sealed[change] ^= 1
        with pytest.raises(InvariantBroken):
            vault.decrypt(work, subject, bytes(sealed), field=field, purpose="test")


def test_an_erased_subject_is_gone_for_good_and_others_stay(
    database: Database, vault: Vault
) -> None:
    with database.begin(CLERK) as work:
        one = vault.encrypt(work, "party_1", "李雷", field="name")
        two = vault.encrypt(work, "party_2", "韩梅梅", field="name")
        assert vault.erase(work, "party_1", reason="request of 2026-01-05")
        assert not vault.erase(work, "party_1", reason="again")
    with database.begin(CLERK) as work:
        with pytest.raises(NotFound) as erased:
            vault.decrypt(work, "party_1", one, field="name", purpose="test")
        with pytest.raises(Conflict):
            vault.encrypt(work, "party_1", "李雷", field="name")
        assert vault.decrypt(work, "party_2", two, field="name", purpose="test") == "韩梅梅"
        kept = work.connection.execute(
            sa.text("SELECT wrapped, erased_at FROM platform.data_keys WHERE subject = 'party_1'")
        ).one()
    assert erased.value.code == "erased"
    assert kept.wrapped is None
    assert kept.erased_at is not None
    assert _audited(database, "personal.erased") == [{"reason": "request of 2026-01-05"}]


def test_after_a_rotation_old_and_new_are_read_and_the_old_key_can_go(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    first = VaultKeys.open(path)
    with database.begin(CLERK) as work:
        old = Vault(first).encrypt(work, "party_1", "李雷", field="name")
    second = first.rotated(path)
    assert VaultKeys.open(path) == second
    vault = Vault(second)
    with database.begin(CLERK) as work:
        new = vault.encrypt(work, "party_2", "韩梅梅", field="name")
        assert vault.decrypt(work, "party_1", old, field="name", purpose="test") == "李雷"
        assert (vault.rewrap(work), vault.rewrap(work)) == (1, 0)
    alone = Vault(VaultKeys("k2", {"k2": second.masters["k2"]}, second.root))
    with database.begin(CLERK) as work:
        assert alone.decrypt(work, "party_1", old, field="name", purpose="test") == "李雷"
        assert alone.decrypt(work, "party_2", new, field="name", purpose="test") == "韩梅梅"
    with pytest.raises(Conflict, match="k2"), database.begin(CLERK) as work:
        Vault(first).decrypt(work, "party_2", new, field="name", purpose="test")
    assert alone.blind_index("a", field="phone") == Vault(first).blind_index("a", field="phone")


def test_a_secret_of_no_person_opens_under_its_name_only(vault: Vault) -> None:
    sealed = vault.seal_secret("s3cret", name="partner_1.password")
    assert vault.open_secret(sealed, name="partner_1.password") == "s3cret"
    for wrong in (sealed[:-1], b"\x01" + sealed[1:]):
        with pytest.raises(InvariantBroken):
            vault.open_secret(wrong, name="partner_1.password")
    with pytest.raises(InvariantBroken):
        vault.open_secret(sealed, name="partner_2.password")


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("13812345678", "138 1234-5678", True),
        ("13812345678", "１３８１２３４５６７８", True),
        ("11010119900307851x", "11010119900307851X", True),
        ("13812345678", "13812345679", False),
    ],
)
def test_a_blind_index_finds_what_people_write_differently(
    vault: Vault,
    one: str,
    other: str,
    equal: bool,  # noqa: FBT001 - a column of the table
) -> None:
    same = vault.blind_index(one, field="phone") == vault.blind_index(other, field="phone")
    assert same == equal
    assert vault.blind_index(one, field="phone") != vault.blind_index(one, field="id_number")
    assert vault.blind_index(one, field="phone") != Vault(VaultKeys.fresh()).blind_index(
        one, field="phone"
    )


def test_two_that_meet_a_new_subject_at_once_use_one_key(database: Database, vault: Vault) -> None:
    def encrypt(text: str) -> bytes:
        with database.begin(CLERK) as work:
            return vault.encrypt(work, "party_1", text, field="name")

    texts = [f"name {n}" for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(encrypt, texts))
    with database.begin(CLERK) as work:
        read = [vault.decrypt(work, "party_1", s, field="name", purpose="test") for s in sealed]
    assert read == texts


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys.json"
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(VaultKeys.open, [path] * 8))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(keys == opened[0] for keys in opened)
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]
    assert "root" not in repr(opened[0])


def test_a_key_file_open_to_others_or_broken_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    VaultKeys.open(path)
    path.chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        VaultKeys.open(path)
    path.chmod(0o600)
    good = json.loads(path.read_text())
    for broken in ("", "[]", "{}", json.dumps(good | {"root": "AAAA"})):
        path.write_text(broken)
        with pytest.raises(BadInput, match="backup"):
            VaultKeys.open(path)
    path.write_text(json.dumps(good | {"active": "k9"}))
    with pytest.raises(Conflict, match="k9"):
        VaultKeys.open(path)


@pytest.mark.parametrize("case", _masks(), ids=lambda case: f"{case['mask']} {case['text']}")
def test_masks_show_what_the_table_says(case: dict[str, str]) -> None:
    mask = masking.MASKS.get(case["mask"], masking.mask_text)
    assert mask(case["text"]) == case["shown"]


@given(
    st.from_regex(r"1[3-9]\d{9}", fullmatch=True), st.text(alphabet="电话 :,.()联系", max_size=8)
)
def test_no_mobile_number_survives_in_a_log_text(phone: str, around: str) -> None:
    event = {"event": f"{around}{phone}{around}", "row": [{"note": phone}], "count": 3}
    assert phone not in str(masking.mask_event(None, "info", event))
    assert event["count"] == 3

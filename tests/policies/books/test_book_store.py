"""Books in PostgreSQL: what comes back is what was kept."""

from __future__ import annotations

import io
from datetime import timedelta

from tael.kernel import FixedClock, VersionId
from tael.platform import SYSTEM, Database, Work
from tael.policies.books import Books, Outside, Role, SqlBookStore
from tael.policies.books.model import DraftOf
from tael.policies.model import Bundle, PolicyState, PolicyVersion
from tael.risk import auc

DATA = "编号,评分,等级,逾期,手机号\n1,600,R1,0,13800138000\n2,500,R2,95,13900139000\n1,x,R3,,"
ROLES = {0: Role.ID, 1: Role.SCORE, 3: Role.DPD}


def _nothing(work: Work, name: str, bundle: Bundle) -> PolicyVersion:
    now = work.clock.now()
    return PolicyVersion(VersionId.new(now), name, PolicyState.DRAFT, {}, work.actor.id, now)


def test_what_comes_back_is_what_was_kept(database: Database, clock: FixedClock) -> None:
    books = Books(Outside(SqlBookStore, hash_of, auc, _nothing))
    upload = books.read("台账.csv", io.BytesIO(DATA.encode()))
    with database.begin(SYSTEM) as work:
        kept = books.keep(work, upload)
    with database.begin(SYSTEM) as work:
        assert books.books(work) == [kept]
        assert books.book(work, kept.id).headings == kept.headings
        ready = books.confirm(work, kept.id, ROLES, {})
    with database.begin(SYSTEM) as work:
        again, found = books.look(work, ready.id)
        assert again == ready
        assert found.whole.count == 2
        store = SqlBookStore(work)
        now = clock.now()
        draft = DraftOf(VersionId.new(now), ready.id, ready.content_hash, "score", "600", "x", now)
        store.add_draft(draft)
        assert store.drafts(ready.id) == [draft]
        assert store.expired(now + timedelta(days=100), 5) == [ready.id]
        books.delete(work, ready.id)
        assert books.books(work) == []
        assert store.drafts(ready.id) == [draft]


def hash_of(text: str) -> str:
    """Stands for the installation's keyed hash."""
    return f"#{len(text)}"

"""From a folder of events to results: every way gives the bits that the oracle gives."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput
from tael.variables import (
    compute,
    compute_batch,
    compute_by_oracle,
    from_bytes,
    load_book,
    to_bytes,
)
from tael.variables.drivers.batch import Pace
from tael.variables.drivers.identity import Identity
from tael.variables.kernel.sheet import NO_SOURCE, VALUE, Sheet
from tael.variables.packing.book import Book, chosen, joined
from tael.variables.packing.events import TableRefused
from tael.variables.packing.folder import EventFolder, Loaded, group_of
from tael.variables.packing.packed import Events
from tael.variables.packing.rows import book_from_rows, book_to_rows
from tael.variables.plan.plan import Plan

LATE = int(datetime(2024, 7, 1, tzinfo=UTC).timestamp())
ASOF = int(datetime(2016, 7, 1, 12, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def loaded(economy: Path, plan: Plan) -> Loaded:
    return load_book(economy, plan)


@pytest.fixture(scope="module")
def book(loaded: Loaded) -> Book:
    return loaded.book


def asof(book: Book) -> np.ndarray:
    return np.array([ASOF + 86_400 * place for place in range(len(book.borrowers))], np.int64)


def identity(plan: Plan, book: Book, pace: Pace) -> str:
    made = Identity(plan.hash)
    instants = asof(book)

    def add(first: int, sheet: Sheet) -> None:
        last = first + len(sheet.values)
        made.add(book.borrowers[first:last], instants[first:last], sheet)

    compute_batch(plan, book, instants, add, pace)
    return made.hexdigest()


def same_events(one: Book, other: Book) -> bool:
    return one.slots.keys() == other.slots.keys() and all(
        np.array_equal(getattr(packed, name), getattr(other.slots[slot], name))
        for slot, packed in one.slots.items()
        for name in Events._fields
    )


def test_an_economy_gives_what_the_oracle_gives(plan: Plan, book: Book) -> None:
    one = book.take(1, 2)
    mine, plain = compute(plan, one, ASOF), compute_by_oracle(plan, one, ASOF)
    same = (mine.values == plain.values) | (np.isnan(mine.values) & np.isnan(plain.values))
    same &= mine.reasons == plain.reasons

    assert [plan.names[column] for column in np.flatnonzero(~same)] == []
    assert mine.row_hash == plain.row_hash
    assert np.bincount(mine.reasons, minlength=4)[0] > 2_000


@pytest.mark.slow
@pytest.mark.parametrize("year", [2009, 2013, 2024])
@pytest.mark.parametrize("place", range(5))
def test_every_firm_and_year_gives_what_the_oracle_gives(
    plan: Plan, book: Book, place: int, year: int
) -> None:
    instant = int(datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC).timestamp())
    one = book.take(place, place + 1)
    mine, plain = compute(plan, one, instant), compute_by_oracle(plan, one, instant)

    assert mine.row_hash == plain.row_hash


def test_threads_chunks_and_one_at_a_time_have_one_identity(plan: Plan, book: Book) -> None:
    whole = identity(plan, book, Pace())
    alone = Identity(plan.hash)
    for place, instant in enumerate(asof(book).tolist()):
        one = from_bytes(to_bytes(book, place))
        result = compute(plan, one, instant)
        sheet = Sheet(result.values[None], result.reasons[None])
        alone.add(one.borrowers, np.array([instant]), sheet)
        assert result.row_hash

    assert alone.hexdigest() == whole
    assert identity(plan, book, Pace(rows=1, threads=3)) == whole
    assert identity(plan, book, Pace(rows=2, threads=1)) == whole


def test_rows_bytes_and_parts_hold_the_same_events(plan: Plan, book: Book) -> None:
    again = book_from_rows(book_to_rows(book, plan.schemas), plan.schemas)
    assert again.borrowers == book.borrowers
    assert same_events(again, book)
    assert same_events(joined([book.take(0, 2), book.take(2, 5)]), book)
    assert same_events(from_bytes(to_bytes(book, 3)), book.take(3, 4))
    assert again.groups is not None
    assert again.groups.tolist() == np.array(book.groups).tolist()


def test_every_row_of_the_folder_is_accounted_for(economy: Path, loaded: Loaded) -> None:
    rows = {
        (report.slot, report.shard): sum(report.rows.values()) for report in loaded.account.reports
    }
    for (slot, shard), count in rows.items():
        source = slot.partition(".")[2]
        if source == "region_month":
            continue  # only the markets of the shard's firms are read, from every part
        part = economy / "events" / source / f"part-{shard:05d}.parquet"
        assert pq.ParquetFile(part).metadata.num_rows == count
    assert all(report.faulty == 0 and not report.refused for report in loaded.account.reports)


def test_a_firm_has_the_figures_of_its_market_whichever_part_holds_them(
    plan: Plan, book: Book
) -> None:
    held = np.diff(book.slots["ent.region_month"].offsets)
    result = compute(plan, book.take(3, 4), LATE)

    assert (held > 600).all()
    assert result.reasons[plan.column("ent.region_month.rent.365d.value.mean")] == VALUE


def test_chosen_borrowers_come_in_their_order(economy: Path, plan: Plan, book: Book) -> None:
    names = (book.borrowers[4], book.borrowers[0], book.borrowers[1])
    few = load_book(economy, plan, names).book

    assert few.borrowers == names
    assert same_events(few, chosen(book, names))


def test_what_became_known_later_may_stay_away(economy: Path, plan: Plan, book: Book) -> None:
    name = book.borrowers[2]
    early = load_book(economy, plan, [name], known_by=ASOF).book
    one, other = compute(plan, early, ASOF), compute(plan, chosen(book, [name]), ASOF)

    assert one.row_hash == other.row_hash
    assert early.slots["ent.bank_tx"].time.size < book.slots["ent.bank_tx"].time.size


def test_a_source_that_is_not_there_is_told(economy: Path, plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(economy, folder)
    shutil.rmtree(folder / "events" / "court_record")
    loaded = load_book(folder, plan)
    name = "ent.court_record.defendant.all.all.events.n"
    result = compute(plan, loaded.book.take(0, 1), ASOF)

    assert {"ent.court_record", "per.court_record"} <= set(loaded.account.missing)
    assert result.reasons[plan.column(name)] == NO_SOURCE


def test_folders_and_borrowers_that_are_not_there_are_refused(
    economy: Path, plan: Plan, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="has no folder events"):
        EventFolder(tmp_path)
    with pytest.raises(BadInput, match="borrower: there is no 'E9'"):
        load_book(economy, plan, ["E9"])
    (tmp_path / "events").mkdir()
    (tmp_path / "firms").mkdir()
    with pytest.raises(BadInput, match=r"holds no part-\*\.parquet"):
        EventFolder(tmp_path)


def test_faulty_tables_of_a_folder_are_refused_with_the_place(
    economy: Path, plan: Plan, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(economy, folder)
    part = folder / "firms" / "part-00001.parquet"
    firms = pq.read_table(part)
    pq.write_table(firms.drop_columns(["industry"]), part)
    with pytest.raises(BadInput, match="has no column industry"):
        load_book(folder, plan)
    names = [None, *firms["enterprise_id"].to_pylist()[1:]]
    pq.write_table(firms.set_column(0, "enterprise_id", [names]), part)
    with pytest.raises(BadInput, match="row 1, enterprise_id: a firm of part 1 has no id"):
        load_book(folder, plan)
    last, other = firms["enterprise_id"][1].as_py(), EventFolder(folder).borrowers(0)[0]
    for name, said in (
        ("", "row 1, enterprise_id: a firm of part 1 has no id"),
        (last, "row 2, enterprise_id: '.*' stands twice in part 1"),
        (other, "row 1, enterprise_id: '.*' of part 1 stands in part 0 too"),
    ):
        pq.write_table(firms.set_column(0, "enterprise_id", [[name, last]]), part)
        for names in ([last], None):
            with pytest.raises(BadInput, match=said):
                load_book(folder, plan, names)
    pq.write_table(firms.set_column(0, "enterprise_id", [[6, 7]]), part)
    with pytest.raises(BadInput, match="enterprise_id: part 1 has int64"):
        load_book(folder, plan)
    part.write_bytes(b"PAR1")
    with pytest.raises(BadInput, match=r"part-00001\.parquet"):
        load_book(folder, plan)


def test_tables_of_another_shape_are_refused(economy: Path, plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(economy, folder)
    part = folder / "events" / "court_record" / "part-00000.parquet"
    court = pq.read_table(part)
    pq.write_table(court.rename_columns([*court.column_names[:-1], "sum"]), part)
    with pytest.raises(TableRefused, match="sum: unknown_column"):
        load_book(folder, plan)
    part = folder / "events" / "region_month" / "part-00000.parquet"
    pq.write_table(pq.read_table(part).drop_columns(["value"]), part)
    with pytest.raises(BadInput, match="Schema at index 1 was different"):
        EventFolder(folder).table("events/region_month", 0, None)
    shutil.rmtree(folder / "role_link")
    shutil.rmtree(folder / "events" / "court_record")
    with pytest.raises(BadInput, match="role_link has no part 0"):
        load_book(folder, plan)


def test_damaged_bytes_are_refused(book: Book) -> None:
    data = to_bytes(book, 0)
    with pytest.raises(BadInput, match="no stored events of this version"):
        from_bytes(b"TAELBK\x02" + data[7:])
    for bad in (data[:-8], data[:100] + bytes([data[100] ^ 1]) + data[101:], data + b"\0"):
        with pytest.raises(BadInput, match="damaged or cut off"):
            from_bytes(bad)


@pytest.mark.parametrize(
    ("province", "industry", "group"),
    [("11", "A", 11_001), ("44", "F", 44_006), ("44", "F52", 44_152), ("44", "52", 44_152),
     ("44", "", -1), ("440300", "A", 44_001), ("00", "A", -1), ("4", "A", -1), ("", "F", -1),
     (None, None, -1), ("44", "shops", -1)],
)  # fmt: skip
def test_a_peer_group_is_a_province_and_an_industry(
    province: str | None, industry: str | None, group: int
) -> None:
    assert group_of(province, industry) == group


def test_a_failing_sink_ends_the_run(plan: Plan, book: Book) -> None:
    def fail(first: int, sheet: Sheet) -> None:
        raise BadInput(f"no room for {first} of {len(sheet.values)}", field="sink")

    with pytest.raises(BadInput, match="no room for 0"):
        compute_batch(plan, book, asof(book), fail, Pace(rows=1))
    with pytest.raises(BadInput, match="rows"):
        Pace(rows=0)

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tael.economy.build import Built, Request, Size, build, size_named
from tael.economy.shard import default_world, make, observed, write
from tael.economy.streams import markets
from tael.kernel import BadInput, TaelError

SIZE = Size("probe", 24, shard_firms=8, markets=False)
SEED = 7


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory) -> Request:
    return Request(SIZE, tmp_path_factory.mktemp("economy") / "out", seed=SEED, processes=1)


@pytest.fixture(scope="module")
def built(request_: Request) -> Built:
    return build(request_)


def _rows(folder: Path, name: str) -> list[dict[str, object]]:
    return pq.read_table(folder / name).to_pylist()


def test_a_folder_is_whole_when_it_has_its_name(built: Built, request_: Request) -> None:
    out, manifest = request_.out, built.manifest
    assert manifest is not None
    assert (built.made, built.found) == (3, 0)
    assert not request_.draft.exists()
    held = json.loads((out / "manifest.json").read_text("utf-8"))
    assert held == json.loads(json.dumps(manifest.to_json()))
    assert (held["seed"], held["firms"], held["months"]) == (SEED, 24, ["2008-01", "2024-12"])
    assert {path.name for path in out.iterdir()} == {
        *("applications", "events", "firms", "loan_months", "loans", "market_link", "role_link"),
        *("sealed", "manifest.json", "report.html", "report.zh.html"),
    }


def test_counts_are_rows(built: Built, request_: Request) -> None:
    assert built.manifest is not None
    for name, count in built.manifest.counts.items():
        path = request_.out / (f"{name}.parquet" if name.startswith("sealed/") else name)
        assert pq.read_table(path).num_rows == count


def test_every_source_has_the_same_shards(built: Built, request_: Request) -> None:
    parts = [f"part-{number:05d}.parquet" for number in range(3)]
    for folder in (request_.out / "events").iterdir():
        assert sorted(path.name for path in folder.iterdir()) == parts
    assert sorted(path.name for path in (request_.out / "loans").iterdir()) == parts


def test_one_borrower_alone_equals_its_rows(built: Built, request_: Request) -> None:
    alone = make(default_world(), SEED, [21], events=True).arrow()
    for name, table in alone.items():
        if name.startswith("sealed/"):
            held, key = pq.read_table(request_.out / f"{name}.parquet"), "enterprise_id"
        else:
            held = pq.read_table(request_.out / name / "part-00002.parquet")
            key = "subject_id" if name.startswith("events/") else "enterprise_id"
        mine = pc.is_in(held.column(key), pa.array(["E00000021", "P000000210"]))
        assert held.filter(mine).equals(table), name
    assert alone["events/bank_tx"].num_rows > 0


def test_a_build_that_was_interrupted_goes_on(built: Built, tmp_path: Path) -> None:
    request = Request(SIZE, tmp_path / "again", seed=SEED, processes=1)
    first = build(dataclasses.replace(request, part=(2, 3)))
    assert (first.manifest, first.made) == (None, 1)
    assert not request.out.exists()
    told: list[tuple[int, int]] = []

    second = build(request, lambda done, total: told.append((done, total)))

    assert (second.made, second.found) == (2, 1)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert second.manifest == built.manifest


def test_an_economy_that_is_there_is_not_made_again(built: Built, request_: Request) -> None:
    again = build(request_)
    assert (again.made, again.found) == (0, 3)
    assert again.manifest == built.manifest


def test_the_hash_follows_seed_and_values_not_files(built: Built, tmp_path: Path) -> None:
    small = Size("probe", 6, events=False, shard_firms=3)
    shards = [write(tmp_path, small, SEED, number) for number in (0, 1)]
    other = write(tmp_path, small, SEED + 1, 0)

    assert shards[0].digest == make(default_world(), SEED, range(3), events=False).digest()
    assert len({shards[0].digest, shards[1].digest, other.digest}) == 3


def test_without_events_applications_are_the_same(built: Built, request_: Request) -> None:
    bare = make(default_world(), SEED, SIZE.numbers(0), events=False)
    held = pq.read_table(request_.out / "applications/part-00000.parquet")

    assert bare.arrow()["applications"].to_pylist() == held.to_pylist()
    assert "loan_months" not in bare.tables
    assert not bare.events


def test_every_market_is_dealt_to_one_shard_and_linked_to_its_firms(
    built: Built, request_: Request
) -> None:
    world = default_world()
    places, shards = markets(world), Size("probe", 24, shard_firms=8).shards
    dealt = [market for shard in range(shards) for market in places[shard::shards]]
    known = {market.code(world) for market in places}
    links = {row["enterprise_id"]: row for row in _rows(request_.out, "market_link")}
    firms = _rows(request_.out, "firms")

    assert sorted(map(places.index, dealt)) == list(range(620))
    assert all(
        links[firm["enterprise_id"]]["person_id"] == f"{firm['province']}-{firm['industry']}"
        for firm in firms
    )
    assert {row["person_id"] for row in links.values()} <= known
    table = observed(world, SEED, places[5:7]).arrow()["events/region_month"]
    assert set(table.column("subject_id").to_pylist()) == {
        market.code(world) for market in places[5:7]
    }


def test_loans_are_those_of_granted_applications(built: Built, request_: Request) -> None:
    out = request_.out
    granted = [row["application_id"] for row in _rows(out, "applications") if row["approved"]]
    assert [row["application_id"] for row in _rows(out, "loans")] == granted
    months = {row["loan_id"] for row in _rows(out, "loan_months")}
    assert months <= {row["loan_id"] for row in _rows(out, "loans")}


def test_a_label_is_known_only_when_its_year_is_over_or_the_loan_defaults(
    built: Built, request_: Request
) -> None:
    for row in _rows(request_.out, "loans"):
        assert (row["default_12m"] is None) == (row["label_known_on"] is None)
        if row["default_12m"]:
            assert row["label_known_on"] == row["default_on"]
        elif row["label_known_on"]:
            assert row["label_known_on"].year <= 2024
            assert (row["label_known_on"] - row["disbursed_on"]).days > 300


def test_traps_are_named_in_the_sealed_folder_only(built: Built, request_: Request) -> None:
    out = request_.out
    traps = json.loads((out / "sealed/traps.json").read_text("utf-8"))["applications"]
    columns = pq.read_table(out / "applications").column_names

    assert set(traps) <= set(columns)
    assert {text.split(":")[0] for text in traps.values()} == {"future", "era", "outcome"}
    told = "".join((out / name).read_text("utf-8") for name in ("report.html", "manifest.json"))
    assert not any(name in told for name in traps)


def test_a_stamp_in_the_future_betrays_its_column(built: Built, request_: Request) -> None:
    rows = [row for row in _rows(request_.out, "applications") if row["turnover_checked_at"]]
    assert rows
    assert all(row["turnover_checked_at"] > row["applied_at"] for row in rows)


@pytest.mark.parametrize("name", ["", "huge", "Tiny"])
def test_an_unknown_size_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(BadInput, match="no economy is of size"):
        size_named(name)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"seed": -1}, "seed"),
        ({"processes": 0}, "processes"),
        ({"part": (0, 2)}, "shard"),
        ({"part": (3, 2)}, "shard"),
    ],
)
def test_figures_out_of_range_are_refused(wrong: dict[str, int], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        Request(SIZE, Path("nowhere"), **wrong)
    assert refused.value.field == field


def test_a_folder_of_another_seed_is_refused(built: Built, request_: Request) -> None:
    with pytest.raises(BadInput, match="another economy: seed 7, not 8"):
        build(dataclasses.replace(request_, seed=8))


def test_an_unfinished_economy_of_another_seed_is_refused(tmp_path: Path) -> None:
    request = Request(SIZE, tmp_path / "out", seed=1, processes=1)
    request.draft.mkdir()
    (request.draft / "economy.json").write_text('{"size": "probe", "seed": 2}', "utf-8")
    with pytest.raises(BadInput, match="unfinished economy of another kind: seed 2, not 1"):
        build(request)


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, "utf-8")
    with pytest.raises(BadInput, match="cannot be read"):
        build(Request(SIZE, tmp_path, processes=1))


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear", "utf-8")
    with pytest.raises(BadInput, match="something else"):
        build(Request(SIZE, tmp_path, processes=1))
    with pytest.raises(BadInput, match="something else"):
        build(Request(SIZE, tmp_path / "letter.txt", processes=1))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(TaelError, match=r"file/out\.building; name another folder"):
        build(Request(SIZE, tmp_path / "file" / "out", processes=1))


def test_an_economy_larger_than_the_disk_is_refused_before_it_begins(tmp_path: Path) -> None:
    vast = Size("vast", 10**9)
    with pytest.raises(TaelError, match="takes about 45000"):
        build(Request(vast, tmp_path / "out", processes=1))

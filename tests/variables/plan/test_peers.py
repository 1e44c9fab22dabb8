"""Plans of percentiles and tables of peers: what is refused, hashes, Arrow and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables.plan.peers import (
    CUTS,
    PeersPlan,
    PeerTable,
    from_arrow,
    join_tables,
    to_arrow,
)


def table(**change: object) -> PeerTable:
    """Two instants, two groups, three outputs, of which one has too few firms."""
    cuts = np.arange(2 * 2 * 3 * CUTS, dtype=np.float64).reshape(2, 2, 3, CUTS)
    cuts[1, 0, 2] = np.nan
    made = {"groups": np.array([0, 11_005]), "known": np.array([10, 20]), "cuts": cuts,
            "names": ("V1", "V2", "V3")}  # fmt: skip
    return PeerTable(**(made | change))  # type: ignore[arg-type]


def test_a_column_that_cannot_be_is_refused_when_the_plan_is_made() -> None:
    with pytest.raises(BadInput) as caught:
        PeersPlan((0, -1))
    assert caught.value.field == "outputs[1]"


def test_every_part_of_a_plan_is_in_its_hash() -> None:
    assert len({PeersPlan(each).hash for each in ((), (1,), (2,), (1, 2), (2, 1))}) == 5


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"groups": np.array([5, 0])}, "groups"),
        ({"groups": np.array([0.0, 5.0])}, "groups"),
        ({"known": np.array([10, 10])}, "known"),
        ({"known": np.array([10])}, "cuts"),
        ({"cuts": np.zeros((2, 2, 3))}, "cuts"),
        ({"cuts": np.zeros((2, 2, 3, 98))}, "cuts"),
        ({"cuts": np.zeros((2, 2, 3, CUTS)) - np.arange(CUTS)}, "cuts"),
        ({"cuts": np.where(np.arange(CUTS) == 5, np.nan, np.zeros((2, 2, 3, 1)))}, "cuts"),
        ({"names": ("V1",)}, "names"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(change: dict, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        table(**change)
    assert caught.value.field == field


def test_every_part_of_a_table_is_in_its_hash() -> None:
    made = table()
    tables = [
        made,
        replace(made, names=()),
        replace(made, known=made.known + 1),
        replace(made, groups=made.groups + 1),
        replace(made, cuts=made.cuts + 1),
    ]
    assert len({each.hash for each in tables}) == len(tables)


def test_a_table_comes_back_from_arrow_whatever_the_order_of_its_rows() -> None:
    rows = to_arrow(table())
    back = from_arrow(rows.take([3, 0, 2, 1]))
    assert back.hash == table().hash
    assert back.names == ("V1", "V2", "V3")


def test_a_table_comes_back_from_parquet_and_so_does_one_without_groups(
    tmp_path: Path,
) -> None:
    import pyarrow.parquet as pq

    none = PeerTable(np.empty(0, np.int64), np.array([10]), np.empty((1, 0, 3, CUTS)))
    for made in (table(), none):
        pq.write_table(to_arrow(made), tmp_path / "peers.parquet")
        back = from_arrow(pq.read_table(tmp_path / "peers.parquet"))
        assert (back.width, back.names) == (3, made.names)
        assert back.groups.tolist() == made.groups.tolist()
        assert np.array_equal(back.cuts, made.cuts[: back.known.size], equal_nan=True)


def test_rows_that_are_no_table_of_peers_are_refused() -> None:
    rows = to_arrow(table())
    with pytest.raises(BadInput, match="same groups"):
        from_arrow(rows.slice(1))
    with pytest.raises(BadInput, match="same groups"):
        from_arrow(rows.take([0, 1, 1, 3]))
    with pytest.raises(BadInput, match="known, group and cuts"):
        from_arrow(rows.drop_columns(["known"]))


def test_tables_of_other_outputs_or_of_the_same_instant_are_not_joined() -> None:
    for other in (replace(table(), names=()), table()):
        with pytest.raises(BadInput):
            join_tables([table(), other])
    with pytest.raises(BadInput):
        join_tables([])


def test_joined_tables_keep_the_groups_of_each() -> None:
    other = replace(table(), groups=np.array([5, 11_005]), known=np.array([5, 15]))
    both = join_tables([table(), other])
    assert both.known.tolist() == [5, 10, 15, 20]
    assert both.groups.tolist() == [0, 5, 11_005]
    assert np.isnan(both.cuts[0, 0]).all()
    assert np.array_equal(both.cuts[1, 2], table().cuts[0, 1])
    assert np.array_equal(both.cuts[2, 1], table().cuts[1, 0], equal_nan=True)


def test_a_table_may_be_cut_down_to_some_of_its_outputs() -> None:
    some = table().only(("V3", "V1"))
    assert some.names == ("V3", "V1")
    assert np.array_equal(some.cuts, table().cuts[:, :, [2, 0]], equal_nan=True)
    assert table().only(table().names).hash == table().hash
    assert table().only(()).width == 0
    with pytest.raises(BadInput, match="V9"):
        table().only(("V1", "V9"))

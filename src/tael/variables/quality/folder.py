"""Event tables of a folder as the economy writes them: files by source, regions by subject."""

from __future__ import annotations

from pathlib import Path

from tael.kernel import BadInput

_EVENTS, _FIRMS, _LINKS, _MARKET_SOURCE = "events", "firms", "role_link", "region_month"


def tables_in(folder: Path) -> dict[str, list[Path]]:
    """The Parquet files of each source below ``events``, in the order of their names.

    Raises:
        BadInput: the folder holds no events.
    """
    sources = sorted(each for each in (folder / _EVENTS).glob("*") if each.is_dir())
    found = {each.name: sorted(each.glob("*.parquet")) for each in sources}
    found = {name: files for name, files in found.items() if files}
    if not found:
        raise BadInput(f"{folder} holds no events", field="folder", rule="events/SOURCE/*.parquet")
    return found


def regions_in(folder: Path) -> dict[str, str]:
    """The province of each firm, of the persons behind it, and of each market.

    A person of several firms is counted where the last of them is. Markets are called
    ``PROVINCE-INDUSTRY``.

    Raises:
        BadInput: the folder names no firms.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, and slow to load

    files = sorted((folder / _FIRMS).glob("*.parquet"))
    if not files:
        raise BadInput(f"{folder} names no firms", field="folder", rule="firms/*.parquet")
    found: dict[str, str] = {}
    for file in files:
        firms = pq.read_table(file, columns=["enterprise_id", "province"])
        found.update(zip(*(column.to_pylist() for column in firms.columns), strict=True))
    people: dict[str, str] = {}
    for file in sorted((folder / _LINKS).glob("*.parquet")):
        links = pq.read_table(file, columns=["person_id", "enterprise_id"])
        for person, firm in zip(*(column.to_pylist() for column in links.columns), strict=True):
            people[person] = found.get(firm, "")
    markets: dict[str, str] = {}
    for file in sorted((folder / _EVENTS / _MARKET_SOURCE).glob("*.parquet")):
        for market in pq.read_table(file, columns=["subject_id"])["subject_id"].unique():
            markets[market.as_py()] = market.as_py().partition("-")[0]
    return found | people | markets

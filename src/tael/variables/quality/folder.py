"""Event tables of a folder as the economy writes them: files by source, regions by subject."""

from __future__ import annotations

from pathlib import Path

from tael.kernel import BadInput

_EVENTS, _FIRMS, _MARKET_SOURCE = "events", "firms", "region_month"


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
    """The province of each firm, of its owner, and of each market (``PROVINCE-INDUSTRY``).

    Raises:
        BadInput: the folder names no firms.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, and slow to load

    files = sorted((folder / _FIRMS).glob("*.parquet"))
    if not files:
        raise BadInput(f"{folder} names no firms", field="folder", rule="firms/*.parquet")
    found: dict[str, str] = {}
    for file in files:
        firms = pq.read_table(file, columns=["enterprise_id", "owner_id", "province"])
        provinces = firms["province"].to_pylist()
        for name in ("owner_id", "enterprise_id"):
            found.update(zip(firms[name].to_pylist(), provinces, strict=True))
    for file in sorted((folder / _EVENTS / _MARKET_SOURCE).glob("*.parquet")):
        for market in pq.read_table(file, columns=["subject_id"])["subject_id"].unique():
            found[market.as_py()] = market.as_py().partition("-")[0]
    return found

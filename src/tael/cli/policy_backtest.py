"""``tael policies backtest``: versions tried on what happened."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tael.cli.installation import opened, person
from tael.cli.output import AsJson, progress, say, show, table
from tael.cli.policy_acting import FromInput
from tael.cli.policy_files import read_folder
from tael.kernel import BadInput, Day, NotFound, Rate, VersionId, day_of, minor_digits

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.app.installation import Installation
    from tael.platform import Actor, Work
    from tael.policies.backtest import Backtest, Economics, Settings, Version

_CAP = "cap.all_in"
_COLUMNS = (
    "version", "approved", "share", "R1-R3", "known", "bad rate", "expected loss",
    "expected profit",
)  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """What is tried, and how.

    Attributes:
        version: id of a version of the installation, or None.
        files: a folder of texts, or None.
        against: ids or folders.
        cap: the all-in cap as text, or None for the one in force.
        login: who keeps the result with the version; '' for nobody.
    """

    version: str | None
    files: Path | None
    against: tuple[str, ...]
    cap: str | None
    login: str
    from_input: bool

    @property
    def needs_house(self) -> bool:
        """Whether anything stands in the installation alone."""
        return self.version is not None or any(not Path(each).is_dir() for each in self.against)


_Version = Annotated[
    str | None, typer.Argument(help="Id of a policy version: ver_...; or give --files.")
]
_History = Annotated[
    Path | None, typer.Option("--history", help="A Parquet file, or a folder of them.")
]
_Out = Annotated[Path | None, typer.Option("--out", help="The folder to write.")]
_Files = Annotated[
    Path | None,
    typer.Option("--files", help="Texts that `tael policies show --save` wrote, instead."),
]
_Against = Annotated[
    list[str] | None,
    typer.Option("--against", help="Another version, or a folder of texts; as often as liked."),
]
_Sensitivity = Annotated[
    bool, typer.Option("--sensitivity", help="Tell what each threshold is worth.")
]
_Sizes = Annotated[
    str, typer.Option("--steps", help="How far thresholds move, in percentiles: 1,2,5.")
]
_MostRows = Annotated[
    int, typer.Option("--most-rows", min=1, help="Applications decided again in all.")
]
_Segments = Annotated[
    list[str] | None, typer.Option("--segment", help="A column to tell results by.")
]
_File = Annotated[Path | None, typer.Option("--economics", help="A JSON file of what is assumed.")]
_AsOf = Annotated[
    str | None, typer.Option("--as-of", help="The last day whose news count: 2026-01-31.")
]
_Cap = Annotated[
    str | None, typer.Option("--cap", help="All-in cap, as 0.24; else the one in force.")
]
_Cluster = Annotated[
    str | None, typer.Option("--cluster", help="A server of Spark Connect: sc://host:15002.")
]
_Signed = Annotated[
    str, typer.Option("--as", help="Keep the result with the version, as this person.")
]


def backtest(
    ctx: typer.Context,
    version: _Version = None,
    history: _History = None,
    out: _Out = None,
    files: _Files = None,
    against: _Against = None,
    sensitivity: _Sensitivity = False,
    steps: _Sizes = "2",
    most_rows: _MostRows = 20_000_000,
    segment: _Segments = None,
    economics: _File = None,
    as_of: _AsOf = None,
    cap: _Cap = None,
    cluster: _Cluster = None,
    login: _Signed = "",
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Try a policy on past applications: approval, bad rate, loss, profit, swap set.

    Every application is decided as live, in columns. A report in English and Chinese is written
    beside Parquet files of every verdict and figure; the result's hash is the same on one machine
    and on a cluster. With --as it is kept with the version, which may then be approved.

    Examples:

        tael policies backtest ver_01jd8c4q8kf3v7s2m5x9w0y1za --history history --out tried --as lin
        tael policies backtest --files new --against old --history history --out tried --sensitivity
    """
    from tael.policies.backtest import Settings, Written, history_hash, open_history, write
    from tael.report import Words

    if history is None or out is None:
        missing = "history" if history is None else "out"
        raise BadInput(f"--{missing} is needed", field=missing, rule="a folder")
    if (version is None) == (files is None):
        raise BadInput(
            "give a version or --files, one of the two", field="version", rule="one policy"
        )
    asked = _Asked(version, files, tuple(against or ()), cap, login, from_input)
    moved = _steps(steps, most_rows) if sensitivity else None
    actor = _signed(ctx, asked)
    versions, in_force = _versions(ctx, asked)
    assumed = _economics(economics, history, as_of, in_force)
    wanted = Settings(assumed, tuple(segment or ()), moved)
    found = _found(history, versions, wanted, cluster, quiet=as_json)
    source = Words(f"{history} 的历史申请", f"past applications of {history}")
    made = write(found, out, Written(tuple(versions), source))
    if actor is not None:
        _keep(ctx, (actor, asked.version), (history_hash(open_history(history)), found))
    _told(found, made, kept=actor is not None, as_json=as_json)


def _versions(ctx: typer.Context, asked: _Asked) -> tuple[list[Version], Rate | None]:
    """What is tried, in order, and the cap: as given, else as in force in the installation."""
    given = None if asked.cap is None else _rate(asked.cap, "cap")
    if not asked.needs_house:
        folders = [str(asked.files), *asked.against]
        return _named([(Path(each).name, read_folder(Path(each))) for each in folders]), given
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        texts = [(Path(asked.files).name, read_folder(asked.files))] if asked.files else []
        if asked.version is not None:
            texts.append(_bundle(house, work, asked.version))
        texts += [_bundle(house, work, each) for each in asked.against]
        in_force = house.parameters.value(work, _CAP, day_of(work.clock.now()))
    return _named(texts), given or _rate(str(in_force), _CAP)


def _bundle(house: Installation, work: Work, text: str) -> tuple[str, Any]:
    """Name and texts of a version of the installation, or of a folder."""
    if Path(text).is_dir():
        return Path(text).name, read_folder(Path(text))
    wanted = VersionId.parse(text, field="against")
    return house.policies.version(work, wanted).name, house.policies.bundle(work, wanted)


def _named(texts: list[tuple[str, Any]]) -> list[Version]:
    """Versions under names of their own: a second one of a name is numbered."""
    from tael.policies.backtest import Version

    taken: dict[str, int] = {}
    versions = []
    for name, bundle in texts:
        taken[name] = taken.get(name, 0) + 1
        told = name if taken[name] == 1 else f"{name} ({taken[name]})"
        versions.append(Version(told, bundle))
    return versions


def _economics(file: Path | None, history: Path, as_of: str | None, cap: Rate | None) -> Economics:
    """What is assumed: the file over the defaults, the options over the file."""
    from dataclasses import replace

    from tael.policies.backtest import Economics, last_day, open_history, read_economics

    found = Economics(last_day(open_history(history)))
    if file is not None:
        found = read_economics(file, found)
    if as_of is not None:
        found = replace(found, as_of=Day.parse(as_of, field="as_of"))
    return found if cap is None else replace(found, cap=cap)


def _steps(text: str, most_rows: int) -> Any:
    from tael.policies.backtest import Steps

    sizes = tuple(_number(each.strip(), "steps") for each in text.split(","))
    if any(not 0 < size < 50 for size in sizes):  # noqa: PLR2004 - half of all
        raise BadInput(f"{text} are no steps", field="steps", rule="above 0, below 50")
    return Steps(sizes, tuple(5 * size for size in sizes), most_rows)


def _rate(text: str, field: str) -> Rate:
    return Rate(_number(text, field))


def _number(text: str, field: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise BadInput(f"{text!r} is not a number", field=field, rule="a number") from None
    if not found.is_finite():
        raise BadInput(f"{text!r} is not a number", field=field, rule="a number")
    return found


def _found(
    history: Path, versions: list[Version], settings: Settings, cluster: str | None, *, quiet: bool
) -> Backtest:
    from tael.policies.backtest import backtest as run
    from tael.policies.backtest import backtest_on_cluster

    if cluster is not None:
        return backtest_on_cluster(_session(cluster), history, versions, settings)
    with progress(quiet=quiet) as bars:
        tasks: dict[str, Any] = {}

        def watch(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
            bars.update(tasks[what], completed=done)

        return run(history, versions, settings, watch)


def _session(url: str) -> Any:
    try:
        sql = import_module("pyspark.sql")
    except ImportError:
        raise NotFound(
            "a cluster needs a client of Spark Connect: pip install 'tael[cluster]'",
            field="cluster",
        ) from None
    return sql.SparkSession.builder.remote(url).getOrCreate()


def _signed(ctx: typer.Context, asked: _Asked) -> Actor | None:
    """Who keeps the result with the version; asked before the work, not after."""
    if not asked.login:
        return None
    if asked.version is None:
        raise BadInput(
            "the result of files is kept with nothing; draft them first",
            field="as",
            rule="a version of the installation",
        )
    with opened(ctx) as house:
        actor = person(house, asked.login, from_input=asked.from_input)
        house.permissions.require(actor, "backtest", "policy")
    return actor


def _keep(ctx: typer.Context, whose: tuple[Actor, str | None], told: tuple[str, Backtest]) -> None:
    """Keep hashes and key figures with the version."""
    (actor, version), (history, found) = whose, told
    with opened(ctx) as house, house.database.begin(actor) as work:
        house.policies.record_backtest(
            work,
            VersionId.parse(version or "", field="version"),
            hashes=(history, found.result_hash),
            figures=found.key_figures(),
        )


def _told(found: Backtest, made: list[Path], *, kept: bool, as_json: bool) -> None:
    data = {
        "result_hash": found.result_hash,
        "applications": len(found.cases),
        "versions": {told.name: told.overall.as_json() for told in found.versions},
        "recorded": kept,
        "files": made,
    }

    def draw(screen: Console) -> None:
        unit = 10 ** minor_digits(found.economics.currency)
        rows = [
            (
                told.name,
                told.overall.approved,
                _percent(told.overall.approval),
                _percent(told.overall.prime_share),
                told.overall.known,
                _percent(told.overall.bad_rate, 2),
                told.overall.expected_loss // unit,
                told.overall.expected_profit // unit,
            )
            for told in found.versions
        ]
        title = f"{len(found.cases)} applications"
        screen.print(table(title, _COLUMNS, rows, caption=f"result {found.result_hash}"))

    show(data, draw, as_json=as_json)
    for name, decisions in found.slow.items():
        for decision, why in decisions.items():
            say(f"tael: {name}: {decision} was computed row by row: {why}")
    for path in made:
        say(f"Wrote {path}")
    if kept:
        say("Kept with the version; another person approves it: tael policies approve")


def _percent(share: float | None, digits: int = 1) -> str | None:
    return None if share is None else f"{share:.{digits}%}"

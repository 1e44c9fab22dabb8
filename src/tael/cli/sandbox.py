"""``tael sandbox``: the simulated outside world, to try an installation against."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.installation import existing
from tael.cli.output import put, say
from tael.kernel import BadInput

if TYPE_CHECKING:  # a command loads it when it runs; help must not
    from tael.sandbox.sources import Authority

group = typer.Typer(help="The simulated outside world.", no_args_is_help=True)
_KEY_DIGITS = 64


@group.callback()
def sandbox() -> None:
    """Start what an installation asks outside: data sources, fed by an invented economy."""


@group.command()
def sources(
    ctx: typer.Context,
    economy: Annotated[Path, typer.Option("--economy", help="Folder of `tael economy build`.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on loopback; 0 takes a free one.")
    ] = 0,
    state: Annotated[
        Path | None, typer.Option("--state", help="File of what was charged; else in memory.")
    ] = None,
    house_key: Annotated[
        list[str] | None,
        typer.Option("--house-key", help="Key of `tael sources key`; else this installation's."),
    ] = None,
    median_ms: Annotated[
        float, typer.Option(min=0, help="Half of the answers take longer, in milliseconds.")
    ] = 120.0,
    later_ms: Annotated[
        float, typer.Option(min=0, help="The same of answers that come later than their ticket.")
    ] = 900.0,
    seed: Annotated[int, typer.Option(help="Another seed, other latencies and another key.")] = 1,
) -> None:
    """Serve the nine data sources over HTTP until Ctrl-C.

    Prints the value of TAEL_SOURCES for the installation that is to ask them. Faults are ordered
    with POST /v1/faults: error, timeout, late, drop, half, twice, partial, short, malformed,
    stranger, forged, future, dearer.

    Examples:

        tael economy build --size tiny --out economy
        tael sandbox sources --economy economy --port 9100
    """
    from tael.sandbox import sources as room

    setup = room.SourcesSetup(
        _authority(ctx, house_key or []), seed=seed, latency=room.Latency(median_ms, 0.5, later_ms)
    )
    served = room.prepare(economy, setup, port=port, state=state)
    put(f"TAEL_SOURCES=*={served.url}#{room.public_key(seed).hex()}")
    sys.stdout.flush()  # whoever reads a pipe waits for it
    say(f"Sources: {served.url} (Ctrl-C ends)")
    served.serve()


def _authority(ctx: typer.Context, keys: list[str]) -> Authority:
    from tael.app.sources import signer_of
    from tael.sandbox.sources import Authority

    known = [_key(text) for text in keys] or [signer_of(existing(ctx)).public_key]
    return Authority({hashlib.sha256(key).hexdigest()[:16]: key for key in known})


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(text) != _KEY_DIGITS or not key:
        raise BadInput(
            "this is no key", field="house-key", rule=f"{_KEY_DIGITS} hexadecimal digits"
        )
    return key

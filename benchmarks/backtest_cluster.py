"""A back-test on a cluster: python backtest_cluster.py HISTORY POLICY sail|ADDRESS; prints JSON.

Runs in an environment of its own, see ``backtest.py --clusters``: a client of Spark Connect, and
this package on its path. For ``sail`` a server is started in this process; ``local[2]`` starts a
Spark of two threads.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from tael.cli.policy_files import read_folder
from tael.policies.backtest import Economics, Settings, Version, backtest_on_cluster, last_day
from tael.policies.backtest.history import open_history


@contextmanager
def served(url: str) -> Iterator[str]:
    """A server's address."""
    if url != "sail":
        yield url
        return
    from pysail.spark import SparkConnectServer  # noqa: PLC0415 - of one of the environments

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    yield f"sc://127.0.0.1:{server.listening_address[1]}"
    server.stop()


def main(history: str, policy: str, url: str) -> None:
    version = Version(Path(policy).name, read_folder(Path(policy)))
    settings = Settings(Economics(last_day(open_history(Path(history)))))
    with served(url) as address:
        spark = SparkSession.builder.remote(address).getOrCreate()
        started = time.perf_counter()
        found = backtest_on_cluster(spark, Path(history), [version], settings)
        seconds = round(time.perf_counter() - started, 2)
        spark.stop()
    print(json.dumps({"result_hash": found.result_hash, "seconds": seconds}))


main(*sys.argv[1:])

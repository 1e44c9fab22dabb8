"""A back-test on a cluster: python cluster_job.py HISTORY TEXTS sail|URL → the result's hash.

Runs in an environment of its own, which has a client of Spark Connect and this package on its path.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from tael.kernel import Day
from tael.policies import Bundle
from tael.policies.backtest import Economics, Settings, Version, backtest_on_cluster


@contextmanager
def served(url: str) -> Iterator[str]:
    """A server's address; for ``sail`` one is started in this process."""
    if url != "sail":
        yield url
        return
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    yield f"sc://127.0.0.1:{server.listening_address[1]}"
    server.stop()


def main(history: str, texts: str, url: str) -> None:
    bundle = Bundle(**{file.name: file.read_text("utf-8") for file in Path(texts).iterdir()})
    with served(url) as address:
        spark = SparkSession.builder.remote(address).getOrCreate()
        settings = Settings(Economics(Day(2024, 1, 1)))
        found = backtest_on_cluster(spark, Path(history), [Version("new", bundle)], settings)
        spark.stop()
    sys.stdout.write(f"{found.result_hash}\n")


main(*sys.argv[1:])

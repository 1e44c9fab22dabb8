"""A job on a cluster: python cluster_job.py PACKED.parquet sail|URL → plan hash and identity.

Runs in an environment of its own, which has a client of Spark Connect and this package on its path.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from tael.variables import compile_plan, load_definitions
from tael.variables.drivers.cluster import compute_on_cluster, identity_of


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


def main(packed: str, url: str) -> None:
    plan = compile_plan(load_definitions())
    borrowers = pq.read_table(packed, columns=["borrower"])["borrower"].to_pylist()
    with served(url) as address:
        spark = SparkSession.builder.remote(address).getOrCreate()
        frame = compute_on_cluster(spark.read.parquet(packed), plan, [plan.names[0]])
        results = frame.toArrow()
        spark.stop()
    sys.stdout.write(f"{plan.hash} {identity_of(results, borrowers, plan)}\n")


main(*sys.argv[1:])

"""The load: requests over kept connections, closed loop or at a rate; latencies, errors, answers.

    python -m decisioning_peers.load JOB      (JSON, see `Job`); prints one JSON object

A process of its own, on uvloop and bare sockets: 20 to 30 us of processor time a request. Half of
the connections go to each worker, where a stack tells at ``/worker`` which one answers. Latency in
a closed loop is from sending to the whole answer; at a rate it is from the instant at which the
request was due, so that a stall counts against all that had to wait (Tene, "coordinated omission").
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_ID = b'"decision_id":"'
_TRIES, _DRAIN_S = 200, 10


@dataclass(frozen=True)
class Job:
    """What is asked of a stack.

    Attributes:
        url: the stack's.
        wanted: a file with the requests and the answers that are right, see `Wanted`.
        run: makes the ids of applications unique.
        clients: connections, each with one request at a time.
        seconds: how long.
        warm_seconds: before that, not counted.
        rate: requests a second; 0 is a closed loop.
        repeat: a share of requests that are asked a second time, which must give the same answer.
        workers: of the stack, among which the connections are divided.
        path: what is asked; elsewhere than at ``/decisions`` answers are not compared.
        seed: of the order of borrowers.
    """

    url: str
    wanted: str
    run: str
    clients: int = 1
    seconds: float = 10
    warm_seconds: float = 1
    rate: float = 0
    repeat: float = 0.002
    workers: int = 1
    path: str = "/decisions"
    seed: int = 1


class Wanted:
    """Requests by borrower and what the right answer of each holds."""

    def __init__(self, path: Path) -> None:
        told = json.loads(path.read_text("utf-8"))
        self.bodies = [json.dumps(each)[:-1].encode() for each in told["requests"]]
        self.answers: list[dict[str, Any]] = told["answers"]
        self.first: list[bytes] = [b""] * len(self.bodies)


class Connection(asyncio.Protocol):
    """A kept connection with one request at a time."""

    def __init__(self) -> None:
        self.transport: Any = None
        self._received = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send it; the future gives status and body."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        end = received.find(_END)
        if end < 0:
            return
        place = received.find(_LENGTH, 0, end)
        if place < 0:
            place = received.lower().find(_LENGTH, 0, end)
        stop = received.find(b"\r\n", place)
        size = int(received[place + len(_LENGTH) : stop])
        if len(received) < end + len(_END) + size:
            return
        self._received = b""
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result((int(received[9:12]), received[end + len(_END) :]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the stack closed the connection"))


class Load:
    """One run of a job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.wanted = Wanted(Path(job.wanted))
        self.latencies: list[int] = []
        self.found: Counter[str] = Counter()
        self.examples: list[str] = []
        parts = urlsplit(job.url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._head = f"POST {job.path} HTTP/1.1\r\nhost: {self._host}\r\n".encode()
        self._head += b"content-type: application/json\r\ncontent-length: "
        self._numbers = iter(range(1 << 60))
        self._chance = random.Random(job.seed)  # noqa: S311 - no secret
        self._order = self._borrowers()
        self._counting = False

    def _borrowers(self) -> Iterator[int]:
        order = list(range(len(self.wanted.bodies)))
        while True:
            self._chance.shuffle(order)
            yield from order

    async def run(self) -> dict[str, object]:
        connections = await self._connected()
        ends = time.perf_counter() + self.job.warm_seconds
        await self._phase(connections, ends)
        self._counting, began, used = True, time.perf_counter(), time.process_time()
        await self._phase(connections, began + self.job.seconds)
        seconds = time.perf_counter() - began
        return self._told(seconds, time.process_time() - used)

    async def _phase(self, connections: list[Connection], ends: float) -> None:
        if self.job.rate:
            await self._at_rate(connections, ends)
        else:
            await asyncio.gather(*(self._closed(each, ends) for each in connections))

    async def _closed(self, connection: Connection, ends: float) -> None:
        while time.perf_counter() < ends:
            await self._one(connection, time.perf_counter_ns())

    async def _at_rate(self, connections: list[Connection], ends: float) -> None:
        due: asyncio.Queue[int] = asyncio.Queue()
        tasks = [asyncio.create_task(self._serve(each, due, ends)) for each in connections]
        step, next_due = 1e9 / self.job.rate, time.perf_counter_ns()
        while next_due < ends * 1e9:
            now = time.perf_counter_ns()
            while next_due <= now:
                due.put_nowait(int(next_due))
                next_due += step
            await asyncio.sleep((next_due - now) / 1e9)
        for _ in tasks:
            due.put_nowait(-1)
        await asyncio.gather(*tasks)

    async def _serve(self, connection: Connection, due: asyncio.Queue[int], ends: float) -> None:
        """What is due, one after the other; what is still waiting long after the end is a fault."""
        while (instant := await due.get()) >= 0:
            if time.perf_counter() > ends + _DRAIN_S:
                self._fault("errors", b"not asked: the stack does not keep up with the rate")
            else:
                await self._one(connection, instant)

    async def _one(self, connection: Connection, began: int) -> None:
        """One request, now and then asked again, its answer compared."""
        borrower = next(self._order)
        request = self._request(borrower, f"{self.job.run}-{next(self._numbers)}")
        answer = await self._asked(connection, request)
        if self._counting:
            self.latencies.append(time.perf_counter_ns() - began)
        self.found["asked"] += 1
        self._compare(borrower, *answer)
        if self._chance.random() < self.job.repeat:
            again = await self._asked(connection, request)
            self.found["repeated"] += 1
            if again[1] != answer[1]:
                self._fault("repeat_differs", again[1])

    def _request(self, borrower: int, application: str) -> bytes:
        body = self.wanted.bodies[borrower] + b', "application_id": "%b"}' % application.encode()
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)

    async def _asked(self, connection: Connection, request: bytes) -> tuple[int, bytes]:
        try:
            return await connection.ask(request)
        except OSError as error:
            return 0, str(error).encode()

    def _compare(self, borrower: int, status: int, body: bytes) -> None:
        """The first answer of each borrower in full, later ones against it, byte by byte."""
        if status != 200:  # noqa: PLR2004 - HTTP
            self._fault("errors", body)
            return
        if self.job.path != "/decisions":
            return
        begin = body.find(_ID)
        end = body.find(b'"', begin + len(_ID))
        rest = body[:begin] + body[end:]
        first = self.wanted.first[borrower]
        if not first:
            self.wanted.first[borrower] = rest
            told = json.loads(body)
            wanted = self.wanted.answers[borrower]
            if wanted is not None and not _alike({n: told.get(n) for n in wanted}, wanted):
                self._fault("wrong", body)
        elif first != rest:
            self._fault("mixed", body)

    def _fault(self, kind: str, body: bytes) -> None:
        self.found[kind] += 1
        if len(self.examples) < 3:  # noqa: PLR2004 - a few tell enough
            self.examples.append(f"{kind}: {body[:300].decode(errors='replace')}")

    async def _connected(self) -> list[Connection]:
        """Connections in equal number to each worker, as far as the stack tells which is which."""
        loop = asyncio.get_running_loop()
        most = -(-self.job.clients // self.job.workers)
        kept: dict[str, list[Connection]] = {}
        for _ in range(_TRIES * self.job.clients):
            _, connection = await loop.create_connection(Connection, self._host, self._port)
            request = f"GET /worker HTTP/1.1\r\nhost: {self._host}\r\n\r\n".encode()
            status, body = await connection.ask(request)
            name = body.decode() if status == 200 else ""  # noqa: PLR2004 - HTTP
            if name and len(kept.get(name, [])) >= most:
                connection.transport.close()
                continue
            kept.setdefault(name, []).append(connection)
            if sum(map(len, kept.values())) == self.job.clients:
                return [each for some in kept.values() for each in some]
        raise SystemExit(f"of {self.job.workers} workers only {len(kept)} take connections")

    def _told(self, seconds: float, used: float) -> dict[str, object]:
        ordered = sorted(self.latencies)
        many = len(ordered)

        def at(share: float) -> float | None:
            return round(ordered[min(many - 1, int(many * share))] / 1e6, 3) if many else None

        faults = ("errors", "wrong", "mixed", "repeat_differs")
        return {
            "requests": many,
            "seconds": round(seconds, 2),
            "requests_per_second": round(many / seconds, 1),
            "p50_ms": at(0.50), "p95_ms": at(0.95), "p99_ms": at(0.99), "most_ms": at(1),
            **{kind: self.found[kind] for kind in faults},
            "repeated": self.found["repeated"],
            "asked_in_all": self.found["asked"],
            "borrowers": sum(1 for each in self.wanted.first if each),
            "load_cpu_us": round(1e6 * used / max(1, many), 1),
            "examples": self.examples,
        }  # fmt: skip


def _alike(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-12  # noqa: PLR2004 - rates may differ in a last bit
    return one == other


def main() -> None:
    job = Job(**json.loads(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(Load(job).run())))


if __name__ == "__main__":
    main()

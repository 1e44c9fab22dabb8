"""Many callers, one transaction: every caller gets the own answer, whatever the others asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from tael.console.batching import Batcher


class Doubling:
    """Doubles numbers; a negative one spoils its whole batch, seven is refused alone."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, questions: Sequence[int]) -> Sequence[int | Exception]:
        self.go_on.wait(10)
        self.batches.append(list(questions))
        if any(question < 0 for question in questions):
            raise ValueError("negative")
        return [KeyError("seven") if each == 7 else 2 * each for each in questions]


@pytest.fixture
def doubling() -> Doubling:
    return Doubling()


@pytest.fixture
def batcher(doubling: Doubling) -> Iterator[Batcher[int, int]]:
    made: Batcher[int, int] = Batcher(doubling, most=8, threads=1)
    yield made
    made.close()


def asked(batcher: Batcher[int, int], questions: Sequence[int]) -> list[int | BaseException]:
    async def ask() -> list[int | BaseException]:
        every = (batcher.ask(question) for question in questions)
        return list(await asyncio.gather(*every, return_exceptions=True))

    return asyncio.run(ask())


def test_every_caller_gets_the_answer_to_the_own_question(batcher: Batcher[int, int]) -> None:
    assert asked(batcher, range(-0, 7)) == [0, 2, 4, 6, 8, 10, 12]


def test_what_came_meanwhile_goes_together_and_never_more_than_the_most(
    batcher: Batcher[int, int], doubling: Doubling
) -> None:
    doubling.go_on.clear()
    threading.Timer(0.1, doubling.go_on.set).start()
    assert asked(batcher, range(10, 30)) == [2 * each for each in range(10, 30)]
    sizes = [len(batch) for batch in doubling.batches]
    assert sum(sizes) == 20
    assert max(sizes) == 8
    assert len(sizes) <= 4


def test_one_that_spoils_a_batch_fails_alone(
    batcher: Batcher[int, int], doubling: Doubling
) -> None:
    doubling.go_on.clear()
    threading.Timer(0.1, doubling.go_on.set).start()
    first, spoilt, last = asked(batcher, [1, -1, 2])
    assert (first, last) == (2, 4)
    assert isinstance(spoilt, ValueError)


def test_an_answer_may_be_a_refusal(batcher: Batcher[int, int]) -> None:
    kept, refused = asked(batcher, [6, 7])
    assert kept == 12
    assert isinstance(refused, KeyError)


def test_a_caller_that_went_away_disturbs_nobody(
    batcher: Batcher[int, int], doubling: Doubling
) -> None:
    async def leave_and_stay() -> int:
        doubling.go_on.clear()
        leaving = asyncio.ensure_future(batcher.ask(1))
        await asyncio.sleep(0.01)
        staying = asyncio.ensure_future(batcher.ask(2))
        leaving.cancel()
        doubling.go_on.set()
        return await staying

    assert asyncio.run(leave_and_stay()) == 4


def test_closing_answers_what_waits_and_takes_no_more(doubling: Doubling) -> None:
    batcher: Batcher[int, int] = Batcher(doubling, threads=2)

    async def close() -> int:
        waiting = asyncio.ensure_future(batcher.ask(5))
        await asyncio.sleep(0)
        await asyncio.to_thread(batcher.close)
        with pytest.raises(RuntimeError, match="closed"):
            await batcher.ask(6)
        return await waiting

    assert asyncio.run(close()) == 10

"""Live decisions on raw events: evidence in, one durable decision an application out, many at once.

    lane = Lane(policies)
    lane.keep(work, Evidence(borrower, known_at, sources, to_bytes(book, 0)))
    answers = lane.decide(work, [(caller, Request(application_id, amount, months, borrower))])

All decisions of one transaction are made by the deployment that it sees; an application is decided
once in each round, whoever asks again and whichever policy is in force by then. ``replay`` makes
them again.
"""

from tael.policies.live.lane import Lane
from tael.policies.live.model import Answer, Evidence, Request
from tael.policies.live.orders import SourceOrder, learn_order, order_of
from tael.policies.live.replay import Deviation, Replay, replay, replay_sample
from tael.policies.live.shadows import ShadowVerdict, run_shadows, shadows_of
from tael.policies.live.spending import Spending, spending

__all__ = [
    "Answer", "Deviation", "Evidence", "Lane", "Replay", "Request", "ShadowVerdict", "SourceOrder",
    "Spending", "learn_order", "order_of", "replay", "replay_sample", "run_shadows", "shadows_of",
    "spending",
]  # fmt: skip

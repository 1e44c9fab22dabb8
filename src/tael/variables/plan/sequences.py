"""The plan of sequence variables: runs of hits, such as late records, in the order of events.

The rules, for every way of computing them:

- The visible events of a filter, newest first in the order of `Packed`, make one sequence for each
  key; in a source without keys every event has the key 0 and there is one sequence. An event of the
  filter is a hit or breaks the run of its key, whatever its other codes say; time between two
  events breaks nothing.
- longest: the longest run of hits within one key, the largest over the keys. current: the run that
  holds the newest event of its key, 0 where that is no hit, the largest over the keys.
  transitions: how often it began, in all keys: hits whose next older event of the same key (in the
  filter) is no hit, and hits with no older event. Values, 0 without an event.
- since_last: days of 86,400 s from the newest hit of any key to the as-of instant; `NO_EVENT`
  without a hit. since_worst: the same from the newest event of the worst severity that occurred at
  all, however long ago, so later and milder hits do not move it.
- The severities of a hit are sets of leaves, the worst last. They share no leaf, and together they
  are the hit: each hit has one severity. They may be left out of a hit of which no output asks for
  since_worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from tael.kernel import BadInput
from tael.variables.plan.checks import (
    Filters,
    Whole,
    check_leaves,
    check_outputs,
    place_problem,
    plan_hash,
    sorted_sets,
    starts,
    table,
)
from tael.variables.plan.windows import KERNEL_VERSION

# A name's place is its code in the compiled loops: append only.
AGGREGATES: Final = ("longest", "current", "transitions", "since_last", "since_worst")
Severities = tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True)
class SequencesOutput:
    """One variable: an aggregate of the runs of a hit over the events of a filter.

    Attributes:
        aggregate: one of `AGGREGATES`.
        filter: place of the filter in the plan.
        hit: place of the hit in the plan.
    """

    aggregate: str
    filter: int
    hit: int


class SequencesArrays(NamedTuple):
    """A plan as compiled loops read it; L leaves; a track is a hit over the events of a filter.

    Attributes:
        leaf_starts: int64[L + 1], where the tracks of each leaf begin.
        leaf_tracks: int64[..., 3], leaf after leaf, the tracks whose filter holds it: the track,
            1 for a hit or 0, and the severity, counted from 1, 0 for none.
        program: int64[outputs, 2]: code of the aggregate, track.
        sizes: int64[1], tracks.
    """

    leaf_starts: Whole
    leaf_tracks: Whole
    program: Whole
    sizes: Whole


@dataclass(frozen=True)
class SequencesPlan:
    """Sequence variables of one source.

    Attributes:
        leaves: how many leaves the source has.
        filters: sets of leaves.
        hits: sets of leaves; an event in one of them is a hit.
        worst: for each hit, its severities, rising; empty where nobody asks for them.
        outputs: the variables, in the order of their columns.

    Raises:
        BadInput: with field and rule, for each of these that cannot be computed.
    """

    leaves: int
    filters: Filters
    hits: tuple[frozenset[int], ...]
    worst: tuple[Severities, ...]
    outputs: tuple[SequencesOutput, ...]

    def __post_init__(self) -> None:
        check_leaves(self.leaves, self.filters)
        check_leaves(self.leaves, self.hits, "hits")
        if len(self.worst) != len(self.hits):
            rule = "each hit has its severities, or an empty tuple"
            raise BadInput(f"{len(self.worst)} for {len(self.hits)} hits: {rule}", field="worst",
                           rule=rule)  # fmt: skip
        for place, (hit, severities) in enumerate(zip(self.hits, self.worst, strict=True)):
            _check_severities(place, hit, severities)
        check_outputs(self._problem(each) for each in self.outputs)

    @property
    def measures(self) -> None:
        """No measure is read: events may have any number of them."""

    @property
    def width(self) -> int:
        """How many columns the plan fills."""
        return len(self.outputs)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the plan in canonical JSON, with the version of the kernel."""
        parts = {
            "leaves": self.leaves,
            "filters": sorted_sets(self.filters),
            "hits": sorted_sets(self.hits),
            "worst": [sorted_sets(each) for each in self.worst],
            "outputs": [[each.aggregate, each.filter, each.hit] for each in self.outputs],
        }
        return plan_hash("sequences", KERNEL_VERSION, parts)

    def arrays(self) -> SequencesArrays:
        """The plan as compiled loops read it; made once."""
        return self._arrays

    @cached_property
    def _arrays(self) -> SequencesArrays:
        asked = dict.fromkeys((each.filter, each.hit) for each in self.outputs)
        places = {pair: place for place, pair in enumerate(asked)}
        held = [
            [
                (track, int(leaf in self.hits[hit]), self._severity(hit, leaf))
                for (number, hit), track in places.items()
                if leaf in self.filters[number]
            ]
            for leaf in range(self.leaves)
        ]
        rows = [
            (AGGREGATES.index(each.aggregate), places[each.filter, each.hit])
            for each in self.outputs
        ]
        return SequencesArrays(
            leaf_starts=starts(held),
            leaf_tracks=table([row for each in held for row in each], 3),
            program=table(rows, 2),
            sizes=table([[len(places)]], 1)[0],
        )

    def _severity(self, hit: int, leaf: int) -> int:
        return next((at for at, each in enumerate(self.worst[hit], 1) if leaf in each), 0)

    def _problem(self, output: SequencesOutput) -> str:
        if output.aggregate not in AGGREGATES:
            return f"{output.aggregate!r} is no aggregate; these are: {', '.join(AGGREGATES)}"
        problem = place_problem("filter", output.filter, len(self.filters))
        problem = problem or place_problem("hit", output.hit, len(self.hits))
        if not problem and output.aggregate == "since_worst" and not self.worst[output.hit]:
            return f"hit {output.hit} has no severities, so none of its events is the worst"
        return problem


def _check_severities(place: int, hit: frozenset[int], severities: Severities) -> None:
    leaves = [leaf for each in severities for leaf in each]
    if severities and (sorted(leaves) != sorted(hit) or not all(severities)):
        rule = "severities share no leaf, and together they are the hit"
        raise BadInput(f"{sorted_sets(severities)} for {sorted(hit)}: {rule}",
                       field=f"worst[{place}]", rule=rule)  # fmt: skip

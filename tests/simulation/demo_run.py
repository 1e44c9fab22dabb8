"""Plays a small demo in a process of its own that may be killed: ``HOME APPLICATIONS MONTHS``."""

from __future__ import annotations

import json
import sys

from tael.app.demo import Story, play
from tael.app.installation import open_installation
from tael.kernel import Day, FixedClock
from tael.platform import Settings


class Silent:
    """Watches without a word."""

    def day(self, day: Day, *, done: int, total: int) -> None:
        pass


def main(home: str, applications: int, months: int) -> None:
    """Print the journal's hash once the story is played to its end."""
    story = Story(applications=applications, months=months)
    clock = FixedClock.on(story.start)
    with open_installation(Settings.from_env({"TAEL_HOME": home}), clock) as house:
        played = play(house, clock, story, Silent())
        sys.stdout.write(json.dumps({"hash": played.journal_hash, "loans": played.loans}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

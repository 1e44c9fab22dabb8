"""The demo: an invented company, some hundred applications and two years of its life."""

from tael.app.demo.play import Played, Story, Watcher, play

__all__ = ["Played", "Story", "Watcher", "play"]

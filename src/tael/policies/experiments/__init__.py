"""Outcomes by arm: champion, challengers, shadow and random accept."""

__all__: list[str] = []

"""Copies the pinned front-end files into the package at build time (npm from a wheel, no Node needed)."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontendHook(BuildHookInterface[Any]):
    """Hatch runs this before it builds the wheel, the editable one included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Nothing to copy yet."""

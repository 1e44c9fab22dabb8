"""The command ``tael``: one command per job, grouped by room.

Importing it, and asking for help, loads no database driver, web framework or numeric library: each
command imports what it needs when it runs.
"""

from tael.cli.commands import app, main

__all__ = ["app", "main"]

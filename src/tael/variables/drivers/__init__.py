"""Ways to run a plan: one borrower at once, or many in turn."""

"""Rivals of ``tael.variables`` on workload W1, each in an environment of its own."""

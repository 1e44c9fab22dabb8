"""What the parts of ``benchmarks/dmn.py`` share: the policy, its equivalents, the clock."""

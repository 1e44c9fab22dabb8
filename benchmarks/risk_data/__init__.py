"""Real data sets, our models and their rivals for ``benchmarks/risk.py``."""

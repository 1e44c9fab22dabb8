"""The same variables in plain Python integers, written independently: the same bits."""

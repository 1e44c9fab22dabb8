"""The loops that bin, count and score, compiled by numba; loaded only by what runs them."""

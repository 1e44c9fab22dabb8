"""The loops that compute variables, compiled by numba; one module an op."""

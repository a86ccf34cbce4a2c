"""Scoring in machine code (numba): `batch` has the functions that are called, the others their parts."""

"""Benchmarks: run times with goals, ablations, the ladder's table, and checks of the judge that take too long for tests."""

"""Benchmarks: times that the issues set goals for. Not tests: nothing fails here."""

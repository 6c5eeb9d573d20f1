"""Benchmarks: times with goals, ablations, samples judged again. Not tests: nothing fails here."""

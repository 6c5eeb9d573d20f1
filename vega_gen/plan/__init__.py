"""Stage 9: candidates and archetypes -> one plan of a backend.

The plan says which files and classes there are, which candidate each function takes, and how functions are repaired or given up while
the backend is built.
"""

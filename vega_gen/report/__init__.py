"""Render manifests' records (plans, judgements, ladders) as terminal tables, JSON, JSON Lines, SARIF, HTML and CSV.

Nothing here prints; ``cli`` does.
"""

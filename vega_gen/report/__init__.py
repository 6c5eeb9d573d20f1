"""Reports about plans and judgements.

Enters: manifests' records. Leaves: terminal tables, plain data for JSON, JSON lines, SARIF, HTML.
It does not decide, judge or print.
"""

"""``python -m vega_gen``: the command line."""

from __future__ import annotations

from vega_gen.cli.main import main

if __name__ == "__main__":
    main()

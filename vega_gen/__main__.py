"""Entry point of ``vega-gen`` and ``python -m vega_gen``.

Enters: the command line. Leaves: an exit status. It does nothing but call ``cli``.
"""

from __future__ import annotations

from vega_gen.cli.main import main

if __name__ == "__main__":
    main()

"""Map a file of a backend to one of VEGA's seven modules (SEL, REG, OPT, SCH, EMI, ASS, DIS)."""

from __future__ import annotations

import re
from functools import lru_cache

from vega_gen import resources
from vega_gen.cxx.masker import Masker
from vega_gen.errors import NotFoundError
from vega_gen.records import Module


@lru_cache(maxsize=1)
def _module_patterns() -> tuple[tuple[Module, tuple[re.Pattern[str], ...]], ...]:
    table = resources.settings("modules")
    return tuple((Module(m["name"]), tuple(map(re.compile, m["patterns"]))) for m in table["module"])


def module_of(file: str, masker: Masker) -> Module:
    """Return the module of a target's file, by the first pattern of ``targets/settings/modules.toml`` that matches its masked name.

    Raises NotFoundError if no pattern matches."""
    masked = masker.mask(file.rsplit("/", 1)[-1]).replace("<T>", "T")
    path = f"{file.rsplit('/', 1)[0]}/{masked}" if "/" in file else masked
    for module, patterns in _module_patterns():
        if any(p.search(path) for p in patterns):
            return module
    raise NotFoundError(f"no module for {file}", "targets/settings/modules.toml", "add a pattern for it")

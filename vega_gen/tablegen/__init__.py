"""Stage 3: .td files to typed views of records, contracts, the symbol table, and matching between targets.

Enters: a .td and LLVM's include folder. Leaves: ``Description``, ``SymbolTable``, ranked matches. It reads no C++ of a target.
"""

from vega_gen.tablegen.described import signature
from vega_gen.tablegen.load import Facts, Source, describe, describe_all, facts_all, reachable
from vega_gen.tablegen.match import match
from vega_gen.tablegen.symbols import SymbolTable, record_numbers, symbols

__all__ = [
    "Facts",
    "Source",
    "SymbolTable",
    "describe",
    "describe_all",
    "facts_all",
    "match",
    "reachable",
    "record_numbers",
    "signature",
    "symbols",
]

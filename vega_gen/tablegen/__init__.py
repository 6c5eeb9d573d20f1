"""Read .td files into typed views of their records, the contracts they impose on the C++, and the names TableGen defines."""

from vega_gen.tablegen.load import TableGenInput, TargetContracts, contracts_all, describe, describe_all, reachable
from vega_gen.tablegen.symbols import SymbolTable, record_numbers, symbols

__all__ = [
    "SymbolTable",
    "TableGenInput",
    "TargetContracts",
    "contracts_all",
    "describe",
    "describe_all",
    "reachable",
    "record_numbers",
    "symbols",
]

"""lit's configuration for the tests of the command line.

Substitutions: %vega_gen is the command under test. %python is the Python that runs lit. %json checks that its input is JSON and prints it
with one value on each line. %llvm is LLVM's source tree.
Features: "llvm" if LLVM 19's tools are installed, "llvm-source" if its source is in .llvm/19.
"""

from __future__ import annotations

import sys
from pathlib import Path

import lit.formats

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))

from llvm_integration.discover import find_installation
from llvm_integration.failure import ToolFailure

config.name = "vega-gen"
config.suffixes = [".test"]
config.test_format = lit.formats.ShTest(execute_external=False)
config.test_source_root = str(root / "lit_tests")
config.test_exec_root = str(root / ".vega" / "lit")
config.excludes = ["Inputs"]
config.environment["PYTHONPATH"] = str(root)
config.environment["COLUMNS"] = "200"
config.environment["NO_COLOR"] = "1"

config.substitutions.append(("%vega_gen", f"'{sys.executable}' -m vega_gen"))
config.substitutions.append(("%python", f"'{sys.executable}'"))
config.substitutions.append(("%json", f"'{sys.executable}' -m json.tool"))
config.substitutions.append(("%llvm", str(root / ".llvm" / "19")))

try:
    config.substitutions.append((r"\bFileCheck\b", str(find_installation("19.1").filecheck)))
    config.available_features.add("llvm")
except ToolFailure as failure:
    lit_config.note(str(failure))
if (root / ".llvm" / "19" / "llvm").is_dir():
    config.available_features.add("llvm-source")

"""``python -m benchmarks.filling --target T --llvm DIR [--filler edit]``: time and memory to generate all functions of a backend.

It prints the seconds for reading the corpus, for planning and filling, and for choosing candidates by compiling them, and the peak memory
of this process and of the largest child. The plan is always made again; the mined corpus comes from the cache.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from vega_gen import pipeline, store
from vega_gen.pipeline.compiling import CandidateCompiler
from vega_gen.records import FillerName, Mode, Plan


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--llvm", type=Path, required=True)
    parser.add_argument("--mode", type=Mode, default=Mode.DESC)
    parser.add_argument("--filler", type=FillerName, default=FillerName.EDIT)
    asked = parser.parse_args()
    start = time.monotonic()
    inputs, installation, held = pipeline.target_inputs(asked.llvm, asked.target, asked.mode, asked.filler)
    mined = pipeline.mine((inputs.source.root,), held, asked.mode, inputs.tblgen)
    read = time.monotonic()
    key = f"measured-{os.getpid()}"

    def then_compiled(plan: Plan, *words: Any) -> Any:
        print(f"{len(plan.functions)} functions: read in {read - start:.0f} s, filled in {time.monotonic() - read:.0f} s", flush=True)
        return CandidateCompiler(plan, *words)

    compiler = "vega_gen.pipeline.generation.CandidateCompiler"
    kept = patch("vega_gen.pipeline.generation.plan_key", return_value=key)
    with tempfile.TemporaryDirectory() as work, kept, patch(compiler, then_compiled):
        pipeline.generate(inputs, work=Path(work), installation=installation, held_out=held, jobs=os.cpu_count() or 1, mined=mined)
    end = time.monotonic()
    for file in (store.cache_dir() / "plan").glob(f"{key}*"):
        file.unlink()
    own, started = (resource.getrusage(who).ru_maxrss / 2**20 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"with the compiler's choice {end - read:.0f} s; {own:.1f} and {started:.1f} GiB")


if __name__ == "__main__":
    main()

"""A plan is the same to the last bit in every run: no sum depends on the order in which a set is walked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tiny_llvm

from vega_gen import review

TARGETS = ("Aaa", "Bbb", "Ccc", "Ddd", "Eee", "Fff", "Ggg")
HELPER = "static unsigned adjusted(unsigned Reg) {{ return Reg + {T}::SR; }}\n"


def checkout(root: Path, llvm_source: Path) -> Path:
    """Seven donors of seven weights, most of which call a free function of one name."""
    made = tiny_llvm.make(root, llvm_source, TARGETS)
    for number, name in enumerate(TARGETS):
        folder = made / "llvm/lib/Target" / name
        features = (f'def FeatureOwn{i} : SubtargetFeature<"own{i}", "HasOwn{i}", "true", "Own">;' for i in range(3**number))
        tiny_llvm.put(folder / f"{name}.td", "\n".join([tiny_llvm.toy_td(name), *features]))
        if name != "Ddd":
            source = folder / f"{name}InstrInfo.cpp"
            text = source.read_text().replace("using namespace llvm;\n", f"using namespace llvm;\n{HELPER.format(T=name)}", 1)
            source.write_text(text.replace("return 0;", "return adjusted(FrameIndex);"))
    return made


def test_filling_does_not_depend_on_the_hash_of_strings(tmp_path: Path, llvm_source: Path) -> None:
    root = checkout(tmp_path / "llvm-project", llvm_source)
    td = tiny_llvm.put(tmp_path / "isa/Neu.td", tiny_llvm.toy_td("Neu"))
    plans: list[bytes] = []
    path = tiny_llvm.tools(tmp_path / "bin")
    for seed in ("1", "4"):  # under which Python walks the set of these donors in two orders
        out = tmp_path / f"out-{seed}"
        argv = ["new-target", "--td", str(td), "--llvm", str(root), "--out", str(out), "--filler", "consensus", "--no-archetypes"]
        env = {**os.environ, "PATH": path, "PYTHONHASHSEED": seed, "VEGA_GEN_CACHE": str(tmp_path / f"c{seed}")}
        subprocess.run([sys.executable, "-m", "vega_gen", *argv], env=env, check=True, capture_output=True)
        plans.append((out / "llvm/lib/Target/Neu" / review.PLAN_FILE).read_bytes())
    assert b"adjusted" in plans[0]
    assert plans[0] == plans[1]

"""``python -m benchmarks.series --llvm DIR --work DIR PATCH...``: check that each patch of ``vega-gen export`` builds on the ones before.

The patches are applied in a git worktree below ``--work``, so the checkout stays unchanged. After each patch llc is built with the
prebuilt libraries, and the targets that it lists are printed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import time
from pathlib import Path

from llvm_integration import discover
from llvm_integration.build import TargetBuild
from llvm_integration.overlay import overlay


def git(root: Path, *words: str) -> str:
    """Run git in ``root`` and return its output."""
    identity = ["-c", "user.name=vega-gen", "-c", "user.email=vega-gen@localhost"]
    return subprocess.run(["git", "-C", str(root), *identity, *words], check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Apply each patch, build llc, print what it lists."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--llvm", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("patches", type=Path, nargs="+")
    asked = parser.parse_args()
    tree, base = (asked.work / "tree").resolve(), git(asked.llvm, "merge-base", "HEAD", "HEAD").strip()
    git(asked.llvm, "worktree", "add", "--quiet", "--detach", str(tree), base)
    try:
        for patch in asked.patches:
            git(tree, "am", "--quiet", "--keep-non-patch", str(patch.resolve()))
            start = time.monotonic()
            source = discover.open_source(tree)
            changed = git(tree, "diff", "--name-only", base, "HEAD").split()
            made = overlay(source, {path: (tree / path).read_bytes() for path in changed}, asked.work / "overlay")
            own = sorted({path.split("/")[3] for path in changed if path.startswith("llvm/lib/Target/")})
            for target in own or ["BPF"]:  # the first patches add no target yet: build any other
                installation = discover.find_installation(source.version)
                build = TargetBuild(source, installation, target, asked.work / f"build-{target}", overlay=made, tools=("llc",))
                said = subprocess.run([str(build.prepare() / "llc"), "--version"], check=True, capture_output=True, text=True).stdout
                listed = ", ".join(re.findall(r"^ {4}(\S+) +- ", said, re.MULTILINE))
                print(f"{patch.name}: builds, llc lists {listed or 'nothing'}, {time.monotonic() - start:.0f} s", flush=True)
    finally:
        git(asked.llvm, "worktree", "remove", "--force", str(tree))


if __name__ == "__main__":
    main()
